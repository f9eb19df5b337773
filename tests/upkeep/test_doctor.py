"""`doctor` finds what is wrong, and mends what is safe to mend."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.domain.events import Draft
from ccc.layout import Layout
from ccc.ops.doctor.untested import kind_of_system
from ccc.ops.init import init
from ccc.ops.landing.approve import approve
from ccc.ops.landing.review import review
from ccc.ops.workspace import Workspace
from ccc.store import journal
from tests.support.program import Outcome, RunsCcc
from tests.support.repository import Repo
from tests.upkeep.conftest import Place
from tests.upkeep.test_init import fake_git


def wrong(outcome: Outcome) -> list[tuple[str, str, str | None]]:
    """Name, words and next step of the checks that are not ok."""
    return [(c["name"], c["what"], c["next"]) for c in outcome.json["checks"] if not c["ok"]]


def what_is_wrong(ccc: RunsCcc, exit: int = 1) -> list[tuple[str, str, str | None]]:
    return wrong(ccc("doctor", "--json", exit=exit))


FIX = "git ccc doctor --fix"


def test_a_healthy_repository_is_healthy(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn()
    document = ccc_inline("doctor", "--json", exit=0).json
    assert document["ok"] is True
    assert {frozenset(check) for check in document["checks"]} == {frozenset({"name", "ok", "what", "next"})}
    names = [check["name"] for check in document["checks"]]
    assert names == [
        *("git version", "repository", "backend", "identity", "initialised", "agents", "manual", "platform"),
        *(
            "configuration",
            "hooks",
            "service",
            "lock",
            "ref lock",
            "journal",
            "write-ahead log",
            "tip",
            "landing",
            "sync",
        ),
        *("sessions", "spawns", "scratch"),
    ]
    assert ccc_inline("doctor", exit=0).stdout.startswith("ok  git version      ")


def test_looking_changes_nothing(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn()
    tip = place.repo.oid("refs/ccc")
    ccc_inline("doctor", exit=0)
    assert place.repo.oid("refs/ccc") == tip
    assert ccc_inline("doctor", "--fix", exit=0).stderr == ""
    assert place.repo.oid("refs/ccc") == tip


def test_before_init_the_next_step_is_init(repo: Repo, ccc_inline: RunsCcc) -> None:
    assert what_is_wrong(ccc_inline) == [
        ("initialised", "ccc is not initialised in this repository", "git ccc init")
    ]


def test_an_old_git_is_found(place: Place, tmp_path: Path, ccc: RunsCcc) -> None:
    outcome = ccc("doctor", "--json", env=fake_git(tmp_path / "bin", "git version 2.30.0"), exit=1)
    assert wrong(outcome) == [("git version", "git 2.30.0 is too old", "install git 2.39 or newer")]


def test_kinds_of_repository_are_named(tmp_path: Path, repo: Repo, ccc_inline: RunsCcc) -> None:
    Repo(tmp_path).git("init", "-q", "--bare", "bare")
    Repo(tmp_path).git("init", "-q", "--object-format=sha256", "sha256")
    Repo(tmp_path).git("clone", "-q", "--depth=1", repo.path.as_uri(), "shallow")
    found = {}
    for name in ("bare", "sha256", "shallow"):
        document = ccc_inline("doctor", "--json", cwd=tmp_path / name, exit=1).json
        (check,) = [check for check in document["checks"] if check["name"] == "repository"]
        found[name] = (check["ok"], check["what"])
    assert found == {
        "bare": (True, "bare: settings and roles are read from HEAD, or from the worktree you stand in"),
        "sha256": (True, str(tmp_path / "sha256" / ".git")),
        "shallow": (True, "shallow: merges may miss the common ancestor (git fetch --unshallow)"),
    }


def test_a_missing_identity_is_found(place: Place, ccc_inline: RunsCcc, sealed: Path) -> None:
    (sealed / ".gitconfig").write_text("")
    assert [name for name, _, _ in what_is_wrong(ccc_inline)] == ["identity"]


def test_agents_on_the_path_are_information(place: Place, tmp_path: Path, ccc_inline: RunsCcc) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "codex").write_text("#!/bin/sh\n")
    (folder / "codex").chmod(0o755)
    path = f"{folder}{os.pathsep}{Path(shutil.which('git') or '').parent}"
    document = ccc_inline("doctor", "--json", env={"PATH": path}, exit=0).json
    (agents,) = [check["what"] for check in document["checks"] if check["name"] == "agents"]
    assert agents.startswith("codex")


@pytest.mark.parametrize(
    ("name", "release", "kind"),
    [
        ("Linux", "6.1.0-18-amd64", "linux"),
        ("Linux", "5.15.153.1-microsoft-standard-WSL2", "wsl"),
        ("Darwin", "23.4.0", "macos"),
        ("FreeBSD", "14.0", "other"),
    ],
)
def test_systems_are_told_apart(name: str, release: str, kind: str) -> None:
    assert kind_of_system(name, release) == kind


# Problems that --fix mends


def delete_a_hook(place: Place) -> None:
    (place.workspace.layout.root / "hooks" / "post-commit").unlink()


def lose_the_interpreter(place: Place) -> None:
    script = place.workspace.layout.drain_script
    script.write_text(script.read_text().replace(sys.executable, "/nonexistent/python3"))


def set_hooks_path_after_the_include(place: Place) -> None:
    with (place.repo.path / ".git/config").open("a") as config:
        config.write("[core]\n\thooksPath = elsewhere\n")


def remove_the_include(place: Place) -> None:
    place.repo.git("config", "--remove-section", "includeIf.gitdir:./worktrees/ccc-*")


def leave_a_ref_lock(place: Place) -> None:
    path = place.repo.path / ".git/refs/ccc.lock"
    path.touch()
    os.utime(path, (time.time() - 300, time.time() - 300))


def leave_a_journal_entry(place: Place) -> None:
    layout = place.workspace.layout
    name = journal.write(layout, Draft("note", "ccc", "written by somebody who died"))
    os.utime(layout.journal_new / name, (time.time() - 300, time.time() - 300))


def die_before_the_swap(place: Place) -> None:
    session = place.spawn()
    place.killed_at("wal-written", "report", "--progress", "50", "--session", session.name)


def move_a_worktree(place: Place) -> None:
    session = place.spawn()
    place.repo.git("worktree", "move", session.worktree or "", str(place.repo.path.parent / "moved"))


def die_while_spawning(place: Place) -> None:
    place.killed_at("spawn-made", "spawn", "backend", "JWT auth", "--no-start")


def die_while_closing(place: Place) -> None:
    place.killed_at("close-recorded", "close", place.spawn().name)


def die_while_landing(place: Place) -> None:
    script = place.workspace.layout.drain_script
    text = script.read_text()
    assert "\nexec $detach" in text
    script.write_text(text.replace("\nexec $detach", "\nexit 0; exec $detach"))  # no drain finishes it
    session = place.spawn()
    place.tree(session).commit("Add login", {"login": "one\n"})
    workspace = place.workspace
    workspace.store.drain()
    approve(workspace, review(workspace, session.id), override="the test says so")
    place.killed_at("land-swapped", "merge", session.name, "--yes")


@pytest.mark.parametrize(
    ("plant", "name", "words"),
    [
        (delete_a_hook, "hooks", "outdated: post-commit"),
        (lose_the_interpreter, "hooks", "the drain script names a Python that is gone"),
        (set_hooks_path_after_the_include, "hooks", "core.hooksPath is set after ccc's include"),
        (remove_the_include, "hooks", "the common configuration does not include ccc/gitconfig"),
        (leave_a_ref_lock, "ref lock", "refs/ccc.lock was left behind"),
        (leave_a_journal_entry, "journal", "1 entries wait to be recorded"),
        (die_before_the_swap, "write-ahead log", "1 batches are not on refs/ccc yet"),
        (move_a_worktree, "worktree", "worktree of backend-jwt-auth was moved to "),
        (die_while_spawning, "spawns", "half-made sessions: backend-jwt-auth"),
        (die_while_closing, "worktree", "closing backend-jwt-auth was interrupted"),
        (die_while_landing, "landing", "a landing on main was interrupted"),
    ],
)
def test_a_planted_problem_is_found_and_mended(
    place: Place, ccc_inline: RunsCcc, plant: Callable[[Place], None], name: str, words: str
) -> None:
    plant(place)
    found = what_is_wrong(ccc_inline)
    assert [(each, step) for each, _, step in found] == [(name, FIX)]
    assert words in found[0][1]
    mended = ccc_inline("doctor", "--fix", exit=0)
    assert "no  " not in mended.stdout
    assert mended.stderr != ""
    assert what_is_wrong(ccc_inline, exit=0) == []
    ccc_inline("fsck", exit=0)


def test_a_repository_that_was_moved_is_mended(place: Place, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    session = place.spawn()
    place.repo.path.rename(tmp_path / "renamed")
    there = Place(Repo(tmp_path / "renamed"))
    found = wrong(ccc_inline("doctor", "--json", cwd=there.repo.path, exit=1))
    assert [(name, step) for name, _, step in found] == [("hooks", FIX), ("worktree", FIX)]
    ccc_inline("doctor", "--fix", cwd=there.repo.path, exit=0)
    tree = there.tree(session)
    tree.commit("Add login", {"login": "one\n"})
    assert there.session(session.name).head == tree.oid()


def test_a_finished_landing_is_whole_after_the_fix(place: Place, ccc_inline: RunsCcc) -> None:
    die_while_landing(place)
    ccc_inline("doctor", "--fix", exit=0)
    session = place.session("backend-jwt-auth")
    assert session.landed is not None
    assert place.repo.oid("main") == session.landed.commit
    assert place.repo.git("status", "--porcelain") == ""
    assert place.tree(session).oid() == session.landed.advanced


# Problems that a person must look at


def test_a_held_lock_names_its_holder(place: Place, ccc_inline: RunsCcc) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom ccc.store.lock import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    )
    lock = str(place.workspace.layout.lock)
    arguments = [sys.executable, "-c", script, lock]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        found = what_is_wrong(ccc_inline)
        holder.communicate("", timeout=10)
    assert found == [
        ("lock", f"held by process {holder.pid} for more than 1 s", f"look at it: ps -p {holder.pid}")
    ]


def test_unreadable_journal_entries_are_shown(place: Place, ccc_inline: RunsCcc) -> None:
    bad = place.workspace.layout.journal_bad
    bad.mkdir(parents=True)
    (bad / "torn").write_bytes(b"\xff\n")
    ((name, words, _),) = what_is_wrong(ccc_inline)
    assert (name, words) == ("journal", f"1 unreadable entries were set aside in {bad}")


def test_a_lost_ref_is_shown_with_the_way_back(place: Place, ccc_inline: RunsCcc) -> None:
    tip = place.repo.oid("refs/ccc")
    place.repo.git("update-ref", "-d", "refs/ccc")
    assert ("tip", f"refs/ccc is gone; it was at {tip}", f"git update-ref refs/ccc {tip}") in what_is_wrong(
        ccc_inline
    )


def test_a_ref_moved_back_is_shown(place: Place, ccc_inline: RunsCcc) -> None:
    tip = place.repo.oid("refs/ccc")
    place.spawn()
    place.repo.git("update-ref", "refs/ccc", tip)
    assert "tip" in [name for name, _, _ in what_is_wrong(ccc_inline)]


def test_a_missing_worktree_is_shown(place: Place, ccc_inline: RunsCcc) -> None:
    session = place.spawn()
    shutil.rmtree(session.worktree or "")
    ((name, words, step),) = what_is_wrong(ccc_inline)
    assert (name, words) == ("worktree", f"nothing at {session.worktree}, where {session.name} works")
    assert step is not None
    assert step.endswith(f"git ccc close {session.name}")


def test_an_entry_without_a_session_is_shown(place: Place, ccc_inline: RunsCcc) -> None:
    entry = Layout(place.repo.path / ".git").worktrees / "nobody"
    entry.write_text('0123456789abcdef0123456789abcdef\n{"role": "backend"}\n')
    assert what_is_wrong(ccc_inline) == [("entry", f"{entry} belongs to no session", f"rm {entry}")]


def test_a_killed_reopening_is_shown(place: Place, ccc: RunsCcc) -> None:
    session = place.spawn()
    ccc("close", session.name, exit=0)
    place.killed_at("reopen-made", "undo", session.name)
    ((name, words, step),) = what_is_wrong(ccc)
    assert (name, words) == ("worktree", f"bringing {session.name} back was interrupted")
    assert step == f"git ccc undo {session.name}"


def test_init_mends_what_it_made(place: Place, ccc_inline: RunsCcc) -> None:
    delete_a_hook(place)
    init(Workspace.open(place.repo.path, os.environ), files=False)
    assert what_is_wrong(ccc_inline, exit=0) == []
