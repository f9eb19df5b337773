"""Closing a session and bringing it back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ccc.errors import InsideAgent, Refused
from ccc.ops.close import close
from ccc.ops.reopen import reopen
from ccc.ops.workspace import Workspace
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo
from tests.upkeep.conftest import Place, content_of, status_of

CLOSING = (
    "close-backed-up",
    "close-recorded",
    "close-moved-aside",
    "close-removed",
    "close-branch-settled",
    "close-mail-returned",
    "close-unregistered",
)
REOPENING = (
    "reopen-branched",
    "reopen-made",
    "reopen-restored",
    "reopen-registered",
)


def mess(tree: Repo) -> None:
    """Every kind of uncommitted work at once."""
    top = tree.path
    tree.commit("Add login", {"src/login.py": "one\n", "src/gone.py": "x\n", "kept/inner.txt": "deep\n"})
    (top / "src/login.py").write_text("staged\n")
    tree.git("add", "src/login.py")
    (top / "src/login.py").write_text("staged, then changed\n")
    tree.write("src/new.py", "staged and new\n")
    tree.git("add", "src/new.py")
    (top / "src/gone.py").unlink()
    tree.git("rm", "-q", "--cached", "docs/guide.md")
    tree.write("notes/idea.txt", "untracked\r\nwith CRLF\r\n")
    (top / "run.sh").write_text("#!/bin/sh\n")
    (top / "run.sh").chmod(0o755)
    (top / "link").symlink_to("nowhere at all")
    (top / "src/app.py").unlink()
    (top / "src/app.py").symlink_to("util.py")
    (top / "kept/inner.txt").unlink()
    (top / "kept").rmdir()
    (top / "kept").write_text("a file where a folder was\n")
    Path(os.fsdecode(os.fsencode(top) + b"/caf\xe9 \xff.bin")).write_bytes(bytes(range(256)))
    (top / "emoji \N{SNOWMAN} 'quoted' \"twice\"\n.txt").write_text("odd name\n")
    (top / "debug.log").write_text("ignored\n")


def test_a_closed_session_comes_back_byte_for_byte(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    tree = place.tree(session)
    mess(tree)
    before, status = content_of(tree.path), status_of(tree)
    index = tree.git("ls-files", "--stage", "-z")
    closed = ccc_inline("close", session.name, exit=0)
    assert not tree.path.exists()
    assert closed.stdout.startswith(f"closed {session.name}, kept under refs/ccc-backup/{session.name}/")
    assert f"branch {session.branch} stays" in closed.stdout
    undone = ccc_inline("undo", session.name, exit=0)
    assert undone.stdout == f"{session.name} is back in {tree.path}\n"
    del before[b"debug.log"]
    assert content_of(tree.path) == before
    assert status_of(tree) == status
    assert tree.git("ls-files", "--stage", "-z") == index


def test_ignored_files_are_kept_when_asked_for(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    tree = place.tree(session)
    tree.write("debug.log", "ignored\n")
    ccc_inline("close", "--ignored", session.name, exit=0)
    ccc_inline("undo", session.name, exit=0)
    assert (tree.path / "debug.log").read_text() == "ignored\n"


def test_closing_is_recorded_with_the_status_before_and_the_backup(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    document = ccc_inline("close", session.name, "--json", exit=0).json
    assert document["session"] == session.id
    now = place.session(session.name)
    assert now.closed is not None
    assert (now.closed.before, now.closed.backup) == ("created", document["backup"])
    assert place.subjects()[-1] == f"{session.name}: closed, kept under {document['backup']}"
    assert place.repo.git("rev-parse", document["backup"]) == session.head
    ccc_inline("undo", session.name, exit=0)
    assert place.session(session.name).closed is None
    assert place.subjects()[-1] == f"{session.name}: reopened from {document['backup']}"


def test_nothing_of_a_closed_session_is_left_but_its_work(place: Place) -> None:
    session = place.spawn()
    place.tree(session).commit("Add login", login="one\n")
    close(place.workspace, session)
    layout = place.workspace.layout
    assert list(layout.worktrees.iterdir()) == []
    assert session.name not in (layout.root / "gitconfig").read_text()
    assert not Path(session.worktree or "").parent.exists()
    assert place.repo.git("worktree", "list", "--porcelain").count("worktree ") == 1
    assert place.repo.git("rev-parse", session.branch)
    assert place.repo.git("status", "--porcelain") == ""


def test_a_branch_without_work_of_its_own_goes_and_comes_back(place: Place) -> None:
    session = place.spawn()
    close(place.workspace, session)
    assert place.repo.git("branch", "--list", session.branch) == ""
    reopen(place.workspace, place.session(session.name))
    assert place.repo.git("rev-parse", session.branch) == session.head


def test_a_branch_that_has_landed_goes_also_after_its_advance(place: Place) -> None:
    session = place.spawn()
    place.tree(session).commit("Add login", login="one\n")
    place.land(session)
    landed = place.session(session.name)
    assert landed.landed is not None
    assert landed.landed.advanced is not None
    close(place.workspace, landed)
    assert place.repo.git("branch", "--list", session.branch) == ""
    reopen(place.workspace, place.session(session.name))
    assert place.repo.git("rev-parse", session.branch) == landed.landed.advanced
    assert place.session(session.name).landed == landed.landed


def test_a_session_on_another_branch_comes_back_on_that_branch(place: Place) -> None:
    session = place.spawn()
    tree = place.tree(session)
    tree.git("switch", "-q", "-c", "elsewhere")
    tree.commit("Work elsewhere", other="two\n")
    tree.write("other", "three\n")
    close(place.workspace, session)
    reopen(place.workspace, place.session(session.name))
    assert tree.git("symbolic-ref", "HEAD") == "refs/heads/elsewhere"
    assert tree.git("status", "--porcelain") == " M other"


def test_a_detached_session_comes_back_detached(place: Place) -> None:
    session = place.spawn()
    tree = place.tree(session)
    tree.git("switch", "-q", "--detach")
    loose = tree.commit("On no branch", other="two\n")
    close(place.workspace, session)
    reopen(place.workspace, place.session(session.name))
    assert tree.oid() == loose
    assert tree.git("rev-parse", "--abbrev-ref", "HEAD") == "HEAD"


def test_a_worktree_deleted_by_hand_can_be_closed_and_its_branch_comes_back(
    place: Place, ccc_inline: RunsCcc
) -> None:
    import shutil

    session = place.spawn()
    tree = place.tree(session)
    head = tree.commit("Add login", login="one\n")
    shutil.rmtree(tree.path)
    closed = ccc_inline("close", session.name, exit=0)
    assert f"nothing at {tree.path}: what was not committed there could not be backed up" in closed.stdout
    assert place.repo.git("worktree", "list", "--porcelain").count("worktree ") == 1
    ccc_inline("undo", session.name, exit=0)
    assert tree.oid() == head
    assert status_of(tree) == f"## {session.branch}\0"


def test_a_worktree_moved_with_git_is_backed_up_where_it_is(place: Place, tmp_path: Path) -> None:
    session = place.spawn()
    tree = place.tree(session)
    tree.write("idea", "untracked\n")
    place.repo.git("worktree", "move", str(tree.path), str(tmp_path / "moved"))
    closing = close(place.workspace, session)
    assert not (tmp_path / "moved").exists()
    assert place.repo.git("cat-file", "blob", f"{closing.backup}:idea") == "untracked"


def test_a_foreign_folder_at_the_place_of_a_worktree_is_left_alone(place: Place, tmp_path: Path) -> None:
    session = place.spawn()
    tree = place.tree(session)
    tree.path.rename(tmp_path / "taken away")
    (tree.path).mkdir()
    (tree.path / "mine").write_text("not ccc's\n")
    close(place.workspace, session)
    assert (tree.path / "mine").read_text() == "not ccc's\n"


def test_an_occupied_place_is_refused(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    tree = place.tree(session)
    ccc_inline("close", session.name, exit=0)
    tree.path.mkdir(parents=True)
    refused = ccc_inline("undo", session.name, exit=1)
    assert refused.stderr == (
        f"error: {tree.path} is occupied\nhint: move it away, then again: git ccc undo {session.name}\n"
    )
    assert place.session(session.name).closed is not None
    assert list(tree.path.iterdir()) == []


def test_a_branch_checked_out_elsewhere_is_refused(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    place.tree(session).commit("Add login", login="one\n")
    ccc_inline("close", session.name, exit=0)
    place.repo.git("switch", "-q", session.branch)
    refused = ccc_inline("undo", session.name, exit=1)
    assert refused.stderr == (
        f"error: branch {session.branch} is checked out in {place.repo.path}\n"
        f"hint: switch to another branch there, then again: git ccc undo {session.name}\n"
    )
    assert not Path(session.worktree or "").exists()


def test_uncommitted_work_does_not_come_back_on_a_branch_that_moved(
    place: Place, ccc_inline: RunsCcc
) -> None:
    session = place.spawn()
    tree = place.tree(session)
    head = tree.commit("Add login", login="one\n")
    tree.write("login", "two\n")
    ccc_inline("close", session.name, exit=0)
    place.repo.git("branch", "-f", session.branch, "main")
    refused = ccc_inline("undo", session.name, exit=1)
    assert f"branch {session.branch} has moved since {session.name} was closed on it" in refused.stderr
    assert f"git branch -f {session.branch} {head} puts it back" in refused.stderr
    assert not tree.path.exists()


def test_a_repository_inside_the_worktree_is_never_lost(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    tree = place.tree(session)
    place.repo.git("init", "-q", str(tree.path / "vendored"))
    Repo(tree.path / "vendored").commit("Own history", file="precious\n")
    refused = ccc_inline("close", session.name, exit=1)
    assert refused.stderr == (
        f"error: {session.name} holds git repositories of their own, which cannot be backed up: vendored/\n"
        f"hint: move them out of {tree.path}, then close again\n"
    )
    assert (tree.path / "vendored/file").exists()
    assert place.session(session.name).closed is None


def test_an_alias_that_another_one_was_given_meanwhile_is_not_shared(
    place: Place, ccc_inline: RunsCcc
) -> None:
    def aliases() -> list[str]:
        return [each["alias"] for each in ccc_inline("status", "--json", exit=0).json["sessions"]]

    names = [place.spawn().name]
    (alias,) = aliases()
    ccc_inline("close", names[0], exit=0)
    ccc_inline("spawn", "backend", "Other", "--no-start", exit=0)
    assert aliases() == [alias]
    told = ccc_inline("undo", names[0], exit=0)
    first, second = aliases()
    assert sorted((first, second)).count(alias) == 1
    assert f"another session was given {alias}" in told.stdout + told.stderr


def test_closing_twice_is_refused(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    ccc_inline("close", session.name, exit=0)
    refused = ccc_inline("close", session.name, exit=1)
    assert refused.stderr == (
        f"error: {session.name} is closed already\nhint: git ccc undo {session.name} brings it back\n"
    )


def test_nothing_is_closed_when_one_of_several_is_unknown(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    refused = ccc_inline("close", session.name, "backend-jwt-aut", exit=1)
    assert refused.stderr == f"error: no session backend-jwt-aut\nhint: did you mean {session.name}?\n"
    assert place.session(session.name).closed is None


def test_several_sessions_are_closed_in_one_call(place: Place, ccc_inline: RunsCcc) -> None:
    one, other = place.spawn("One"), place.spawn("Other")
    document = ccc_inline("close", one.name, other.id[:8], "--json", exit=0).json
    assert [each["name"] for each in document["sessions"]] == [one.name, other.name]


def test_an_orchestrating_agent_closes_and_reopens(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    tree = place.tree(session)
    tree.write("login", "one\n")
    ccc_inline("close", session.name, env={"CLAUDECODE": "1"}, exit=0)
    assert not tree.path.exists()
    ccc_inline("undo", session.name, env={"CLAUDECODE": "1"}, exit=0)
    assert (tree.path / "login").read_text() == "one\n"


@pytest.mark.parametrize("command", ["close", "undo"])
def test_a_session_closes_and_reopens_no_session_that_it_did_not_spawn(
    place: Place, ccc_inline: RunsCcc, command: str
) -> None:
    session, other = place.spawn(), place.spawn("Other")
    if command == "undo":
        ccc_inline("close", session.name, exit=0)
    refused = ccc_inline(command, session.name, env={"CCC_SESSION": other.id, "CLAUDECODE": "1"}, exit=3)
    assert refused.stderr == (
        f"error: git ccc {command} inside a session is for those that it spawned, and {session.name} is "
        "none of them (CCC_SESSION is set)\n"
        f"hint: ask the human to run, in the main checkout: git ccc {command} {session.name}\n"
    )


def test_a_session_that_hides_who_it_is_closes_nothing(place: Place) -> None:
    session = place.spawn()
    hidden = subprocess.run(
        ["sh", "-c", f"env -u CCC_RUN {sys.executable} -m ccc close {session.name}; exit $?"],
        cwd=place.repo.path,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "CCC_RUN": f"{session.id}.1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (hidden.returncode, "inside a session" in hidden.stderr) == (3, True), hidden.stderr
    assert Path(session.worktree or "").is_dir()


def test_a_session_closes_and_reopens_what_it_spawned(place: Place, ccc_inline: RunsCcc) -> None:
    inside = {"CCC_SESSION": place.spawn().id, "CLAUDECODE": "1"}
    spawned = ccc_inline("spawn", "testing", "Login", "--no-start", "--json", env=inside, exit=0).json
    child = spawned["sessions"][0]
    ccc_inline("close", child["name"], env=inside, exit=0)
    assert place.session(child["name"]).closed is not None
    ccc_inline("undo", child["name"], env=inside, exit=0)
    assert Path(child["worktree"]).is_dir()


def test_an_agent_that_closed_a_landed_session_still_undoes_no_landing(
    place: Place, ccc_inline: RunsCcc
) -> None:
    session = place.spawn()
    place.tree(session).commit("Add login", login="one\n")
    place.land(session)
    refused = ccc_inline("undo", session.name, env={"CLAUDECODE": "1"}, exit=3)
    assert "undoing a landing needs a person" in refused.stderr


def test_a_session_is_not_closed_from_inside_its_worktree(place: Place) -> None:
    session = place.spawn()
    inside = Workspace.open(place.tree(session).path, os.environ)
    with pytest.raises(InsideAgent):
        close(inside, session)
    assert place.session(session.name).closed is None


def test_undo_of_nothing_is_refused(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    refused = ccc_inline("undo", session.name, exit=1)
    assert refused.stderr == (
        f"error: nothing to undo: {session.name} is neither closed nor landed\n"
        f"hint: git ccc log {session.name}\n"
    )


def test_a_lost_backup_is_said(place: Place) -> None:
    session = place.spawn()
    closing = close(place.workspace, session)
    place.repo.git("update-ref", "-d", closing.backup or "")
    with pytest.raises(Exception, match="has no backup any more"):
        reopen(place.workspace, place.session(session.name))


def test_an_unwritable_parent_is_refused_and_nothing_is_left(place: Place) -> None:
    session = place.spawn()
    close(place.workspace, session)
    path = Path(session.worktree or "")
    path.parent.write_text("a file where the folder belongs\n")
    with pytest.raises(Refused, match="cannot be written"):
        reopen(place.workspace, place.session(session.name))
    assert place.repo.git("worktree", "list", "--porcelain").count("worktree ") == 1


@pytest.mark.parametrize("point", CLOSING)
def test_a_closing_killed_anywhere_is_finished_by_the_next_one(
    place: Place, point: str, ccc_inline: RunsCcc
) -> None:
    session = place.spawn()
    tree = place.tree(session)
    mess(tree)
    before = content_of(tree.path)
    del before[b"debug.log"]
    place.killed_at(point, "close", session.name)
    ccc_inline("close", session.name, exit=1 if point == "close-unregistered" else 0)
    assert not tree.path.exists()
    assert list(place.workspace.layout.worktrees.iterdir()) == []
    backups = place.repo.git("for-each-ref", "--format=%(refname)", "refs/ccc-backup/").split("\n")
    assert len(backups) == 1
    ccc_inline("undo", session.name, exit=0)
    assert content_of(tree.path) == before
    ccc_inline("fsck", exit=0)


@pytest.mark.parametrize("point", REOPENING)
def test_a_reopening_killed_anywhere_is_finished_by_the_next_one(
    place: Place, point: str, ccc_inline: RunsCcc
) -> None:
    session = place.spawn()
    tree = place.tree(session)
    mess(tree)
    before, status = content_of(tree.path), status_of(tree)
    del before[b"debug.log"]
    close(place.workspace, session)
    place.killed_at(point, "undo", session.name)
    ccc_inline("undo", session.name, exit=0)
    assert content_of(tree.path) == before
    assert status_of(tree) == status
    assert place.session(session.name).closed is None


def test_work_done_after_a_killed_closing_is_backed_up_before_it_goes(
    place: Place, ccc_inline: RunsCcc
) -> None:
    session = place.spawn()
    tree = place.tree(session)
    place.killed_at("close-recorded", "close", session.name)
    tree.write("late", "written after the first backup\n")
    ccc_inline("close", session.name, exit=0)
    closed = place.session(session.name).closed
    assert closed is not None
    assert place.repo.git("cat-file", "blob", f"{closed.backup}:late") == "written after the first backup"


@pytest.mark.slow
@pytest.mark.parametrize("point", [point for point in CLOSING if point != "close-backed-up"])
def test_a_killed_closing_can_be_undone_at_once(place: Place, point: str) -> None:
    session = place.spawn()
    tree = place.tree(session)
    mess(tree)
    before, status = content_of(tree.path), status_of(tree)
    del before[b"debug.log"]
    place.killed_at(point, "close", session.name)
    reopen(place.workspace, place.session(session.name))
    assert content_of(tree.path) == before
    assert status_of(tree) == status
    assert [path.name for path in tree.path.parent.iterdir()] == [session.name]
