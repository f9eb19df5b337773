"""Conflicts with the target: shown, handed back, resolved in a scratch worktree, remembered, approved."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.flow.checked import until_checked
from tests.flow.conftest import Spawns, Worked
from tests.support.agents import Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.support.settling import alone, unattended

pytestmark = pytest.mark.slow

TEXT = "1\n2\n3\n4\n5\n"
BEGINNING = ("here-claimed", "worktree-linked", "worktree-filled", "here-made", "here-merged")
RECORDING = ("resolution-remembered", "resolution-told", "resolution-recorded")
ENDING = ("here-committed", "here-moved", *RECORDING, "here-cleared")
TAKING = ("resolver-committed", "resolver-moved", *RECORDING)

InConflict = Callable[..., Worked]


@pytest.fixture
def conflicting(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> InConflict:
    """A session that is done, and in conflict with what another one landed."""
    ready.commit("Numbers", {"numbers": TEXT})

    def change(task: str, line: str) -> Worked:
        session = spawn("backend", task)
        files = {"numbers": TEXT.replace("3", line)}
        session.tree.commit(f"{task}\n\nCcc-Status: done", files)
        return session

    def make(*tasks: str) -> Worked:
        landed = change("Say theirs", "theirs")
        made = [change(task, "ours") for task in tasks or ("Say ours",)]
        ccc("merge", landed.name, "--yes", exit=0)
        return made[0]

    return make


def resolve(place: Path, line: str = "both") -> None:
    (place / "numbers").write_text(TEXT.replace("3", line))
    Repo(place).git("add", "numbers")


def test_a_conflict_is_shown_with_base_both_sides_and_their_tasks(
    ccc: RunsCcc, conflicting: InConflict
) -> None:
    session = conflicting()
    listed = ccc("resolve", exit=0).stdout
    assert listed == f"{session.name} -> main: 1 file: numbers; nobody is at it\n"
    assert ccc("resolve", session.name, exit=3).stdout.splitlines() == [
        "backend-say-ours -> main: 1 file in conflict",
        "  conflict   numbers (content)",
        "    both changed the same lines",
        "    theirs: backend-say-ours: Say ours (git ccc show backend-say-ours --brief)",
        "    ours:   backend-say-theirs: Say theirs (git ccc show backend-say-theirs --brief)",
        "    @@ main line 3, backend-say-ours line 3",
        "    || base: 1 line",
        "    | 3",
        "    << ours, main: 1 line",
        "    < theirs",
        "    >> theirs, backend-say-ours: 1 line",
        "    > ours",
        "  by itself  git ccc resolve backend-say-ours --hand-back",
        "  by another git ccc resolve backend-say-ours --session backend",
        "  by you     git ccc resolve backend-say-ours --here",
    ]


def test_what_a_person_resolves_lands_only_when_it_is_approved_anew(
    ready: Repo, ccc: RunsCcc, conflicting: InConflict
) -> None:
    session = conflicting()
    place = Path(ccc("resolve", session.name, "--here", exit=0).stdout.strip())
    assert place.name == "backend-say-ours.resolve"
    assert Repo(place).git("status", "--porcelain") == "UU numbers"
    assert ccc("resolve", session.name, "--here", exit=0).stdout.strip() == str(place)
    assert "still in conflict: numbers" in ccc("resolve", session.name, "--here", "--done", exit=3).stderr
    (place / "numbers").write_text("<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n")
    Repo(place).git("add", "numbers")
    refused = ccc("resolve", session.name, "--here", "--done", exit=3).stderr
    assert "conflict markers are left in numbers" in refused
    resolve(place)
    (place / "stray").write_text("x")
    assert "not part of the merge: stray" in ccc("resolve", session.name, "--here", "--done", exit=1).stderr
    (place / "stray").unlink()
    ccc("resolve", session.name, "--here", "--done", exit=0)
    assert not place.exists()
    commit = session.tree.oid()
    assert session.tree.git("log", "-1", "--format=%P").split()[1] == ready.oid("main")
    assert (session.path / "numbers").read_text() == TEXT.replace("3", "both")
    assert session.tree.git("status", "--porcelain") == ""
    until_checked(ccc, session.name)
    shown = ccc("review", session.name, "--json", exit=0).json
    assert (shown["entry"]["head"], shown["conflicts"], shown["approvals"]) == (commit, [], [])
    assert shown["why_not"] == ["approval by a person is missing (0 of 1)"]
    assert ccc("merge", session.name, exit=3).exit == 3
    ccc("merge", session.name, "--yes", exit=0)
    assert ready.git("show", "main:numbers") == TEXT.replace("3", "both").strip()
    found = ccc("metrics", "merging", "--json", exit=0).json
    assert found["handoffs"] == {"reported": 3, "in_conflict": 1, "conflict_rate": 0.3333, "resolved": 1}
    assert (found["landings"]["count"], found["approvals"]["given"]) == (2, 2)
    ccc("fsck", exit=0)


def test_a_branch_that_is_being_rebased_is_neither_resolved_nor_moved(
    ready: Repo, ccc: RunsCcc, conflicting: InConflict
) -> None:
    session = conflicting()
    branch, head = "ccc/backend/say-ours", session.tree.oid()
    words = f"error: {branch} is being rebased in {session.path}"
    stop = {"GIT_SEQUENCE_EDITOR": "sed -i -e 1s/pick/edit/", "GIT_EDITOR": "true"}
    session.tree.git("rebase", "--quiet", "--interactive", "HEAD~1", **stop)
    for how in (("--here",), ("--session", "backend")):
        assert words in ccc("resolve", session.name, *how, exit=1).stderr.splitlines()
    session.tree.git("rebase", "--abort")
    resolve(Path(ccc("resolve", session.name, "--here", exit=0).stdout.strip()))
    session.tree.git("rebase", "--quiet", "--interactive", "HEAD~1", **stop)
    assert words in ccc("resolve", session.name, "--here", "--done", exit=1).stderr.splitlines()
    assert ready.oid(branch) == head
    session.tree.git("rebase", "--abort")
    ccc("resolve", session.name, "--here", "--done", exit=0)
    assert session.tree.git("rev-parse", "HEAD^1") == head


@pytest.mark.parametrize("step", BEGINNING)
def test_a_beginning_that_is_killed_is_made_again(
    ready: Repo, ccc: RunsCcc, conflicting: InConflict, step: str
) -> None:
    with unattended(ready):
        session = conflicting()
    killed = ccc("resolve", session.name, "--here", env={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    place = Path(ccc("resolve", session.name, "--here", exit=0).stdout.strip())
    assert Repo(place).git("status", "--porcelain") == "UU numbers"
    resolve(place)
    ccc("resolve", session.name, "--here", "--done", exit=0)
    assert ready.git("worktree", "list", "--porcelain").count("worktree ") == 3
    assert len(list(session.path.parent.iterdir())) == 2


@pytest.mark.parametrize("step", ENDING)
def test_an_end_that_is_killed_is_finished_by_the_next_call_and_counts_once(
    ready: Repo, ccc: RunsCcc, conflicting: InConflict, diary: Callable[[], list[str]], step: str
) -> None:
    with unattended(ready):
        session = conflicting()
    head = session.tree.oid()
    place = Path(ccc("resolve", session.name, "--here", exit=0).stdout.strip())
    resolve(place)
    killed = ccc("resolve", session.name, "--here", "--done", env={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    cleared = step == "here-cleared"
    again = ccc("resolve", session.name, "--here", "--done")
    assert again.exit == int(cleared)
    assert not place.exists()
    parents = session.tree.git("log", "-1", "--format=%P").split()
    assert parents == [head, ready.oid("main")]
    assert len([line for line in diary() if "resolved as" in line]) == 1
    until_checked(ccc, session.name)
    ccc("merge", session.name, "--yes", exit=0)
    ccc("fsck", exit=0)


@pytest.mark.parametrize("step", TAKING)
def test_a_resolvers_result_whose_taking_over_is_killed_is_taken_over_once_and_whole(
    ready: Repo,
    ccc: RunsCcc,
    conflicting: InConflict,
    diary: Callable[[], list[str]],
    tmp_path: Path,
    step: str,
) -> None:
    session = conflicting()
    head = session.tree.oid()
    script = tmp_path / "resolver.yml"
    steps = [
        {"edit": {"path": "numbers", "content": TEXT.replace("3", "both")}},
        {"commit": {"message": "Keep both", "status": "done"}},
    ]
    script.write_text(yaml.safe_dump({"turns": [{"steps": steps}]}), encoding="utf-8")
    session.tree.write("numbers", "in the way\n")
    made = ccc("resolve", session.name, "--session", "backend", "--engine", f"rehearsal:{script}", exit=0)
    name = made.stdout.split()[0]
    found = ccc("status", name, "--json", exit=0).json["sessions"][0]
    resolver = Agent(name, found["id"], Path(found["worktree"]), ccc, ready.common / "ccc" / "runs")
    try:
        resolver.becomes("unchecked")
    finally:
        resolver.end()
    alone(ready)
    session.tree.write("numbers", TEXT.replace("3", "ours"))
    killed = ccc("drain", "--background", env={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    ccc("drain", "--background", exit=0)
    until(lambda: status(ccc, name) == "completed", "the end of the resolver")
    assert session.tree.git("log", "-1", "--format=%P").split() == [head, ready.oid("main")]
    assert len([line for line in diary() if "resolved as" in line]) == 1
    shown = ccc("resolve", session.name, "--json", exit=0).json["resolution"]
    assert (shown["state"], shown["commit"]) == ("resolved", session.tree.oid())
    assert len(list((ready.common / "ccc" / "rerere").iterdir())) == 1
    until_checked(ccc, session.name)
    ccc("merge", session.name, "--yes", exit=0)
    ccc("fsck", exit=0)


def status(ccc: RunsCcc, name: str) -> str:
    return str(ccc("status", name, "--json", exit=0).json["sessions"][0]["status"])


def test_a_closing_takes_the_scratch_worktree_away_and_keeps_what_stands_there(
    ready: Repo, ccc: RunsCcc, conflicting: InConflict
) -> None:
    session = conflicting()
    place = Path(ccc("resolve", session.name, "--here", exit=0).stdout.strip())
    resolve(place)
    closed = ccc("close", session.name, exit=0)
    assert not place.exists()
    assert not place.parent.exists() or place.name not in {each.name for each in place.parent.iterdir()}
    assert ready.git("worktree", "list", "--porcelain").count(".resolve") == 0
    said = closed.stdout + closed.stderr
    assert f"{place}, where its conflict was being resolved, is gone, kept under refs/ccc-backup/" in said
    (ref,) = ready.git("for-each-ref", "--format=%(refname)", f"refs/ccc-backup/{session.name}/").split()[-1:]
    assert ref.rpartition("/")[2].startswith("resolve-")
    assert ready.git("show", f"{ref}:numbers") == TEXT.replace("3", "both").strip()
    assert "nobody resolves" in ccc("resolve", session.name, "--here", "--done", exit=1).stderr
    ccc("undo", session.name, exit=0)
    again = Path(ccc("resolve", session.name, "--here", exit=0).stdout.strip())
    assert Repo(again).git("status", "--porcelain") == "UU numbers"


@pytest.mark.parametrize("step", ["close-removed", "close-resolution-kept"])
def test_a_closing_killed_before_that_is_finished_by_the_next_call(
    ready: Repo, ccc: RunsCcc, conflicting: InConflict, step: str
) -> None:
    with unattended(ready):
        session = conflicting()
    place = Path(ccc("resolve", session.name, "--here", exit=0).stdout.strip())
    killed = ccc("close", session.name, env={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    ccc("close", session.name, exit=0)
    assert not place.exists()


def test_names_that_are_not_utf8_are_printed_as_git_prints_them(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    name = os.fsdecode(b"caf\xe9.txt")
    ready.commit("Odd", {name: TEXT})
    landed, session = spawn("backend", "Theirs"), spawn("backend", "Ours")
    for each, line in ((landed, "theirs"), (session, "ours")):
        each.tree.commit(f"{line}\n\nCcc-Status: done", {name: TEXT.replace("3", line)})
    ccc("merge", landed.name, "--yes", exit=0)
    begun = ccc("resolve", session.name, "--here", exit=0)
    assert '  to add     "caf\\351.txt"' in begun.stderr.splitlines()
    place = Path(begun.stdout.strip())
    refused = ccc("resolve", session.name, "--here", "--done", exit=3).stderr
    assert 'still in conflict: "caf\\351.txt"' in refused
    Repo(place).git("add", name)
    refused = ccc("resolve", session.name, "--here", "--done", exit=3).stderr
    assert 'conflict markers are left in "caf\\351.txt"' in refused
    (place / name).write_text(TEXT.replace("3", "both"))
    Repo(place).git("add", name)
    session.tree.write(name, "dirty\n")
    refused = ccc("resolve", session.name, "--here", "--done", exit=1).stderr
    assert 'has uncommitted changes: "caf\\351.txt"' in refused
    session.tree.git("checkout", "-q", name)
    ccc("resolve", session.name, "--here", "--done", exit=0)


def test_a_branch_that_moved_or_a_dirty_worktree_refuses_the_resolution_and_loses_nothing(
    ready: Repo, ccc: RunsCcc, conflicting: InConflict
) -> None:
    session = conflicting()
    place = Path(ccc("resolve", session.name, "--here", exit=0).stdout.strip())
    resolve(place)
    session.tree.write("numbers", "dirty\n")
    refused = ccc("resolve", session.name, "--here", "--done", exit=1).stderr
    assert "backend-say-ours has uncommitted changes: numbers" in refused
    session.tree.git("checkout", "-q", "numbers")
    moved = session.tree.commit("Go on", {"more": "1"})
    refused = ccc("resolve", session.name, "--here", "--done", exit=1).stderr
    assert "backend-say-ours has moved on" in refused
    assert session.tree.oid() == moved
    ended = ccc("resolve", session.name, "--here", "--abort", exit=0).stdout
    assert "kept under refs/ccc-backup/backend-say-ours/resolve-" in ended
    ref = ended.split()[-1]
    assert ready.git("show", f"{ref}:numbers") == TEXT.replace("3", "both").strip()
    again = ccc("resolve", session.name, "--here", exit=0)
    assert "proposal   numbers: remembered from backend-say-ours" in again.stderr
    place = Path(again.stdout.strip())
    assert (place / "numbers").read_text() == TEXT.replace("3", "both")
    assert Repo(place).git("status", "--porcelain") == "UU numbers"


def test_the_same_conflict_of_another_session_is_proposed_and_still_needs_a_person(
    ready: Repo, ccc: RunsCcc, conflicting: InConflict
) -> None:
    first = conflicting("Say ours", "Say ours too")
    place = Path(ccc("resolve", first.name, "--here", exit=0).stdout.strip())
    resolve(place)
    ccc("resolve", first.name, "--here", "--done", exit=0)
    second = "backend-say-ours-too"
    shown = ccc("resolve", second, "--json", exit=3).json
    (proposal,) = shown["remembered"]
    assert proposal["source"]["session"] == first.name
    assert proposal["content"] == TEXT.replace("3", "both")
    assert shown["conflicts"][0]["path"] == "numbers"
    place = Path(ccc("resolve", second, "--here", exit=0).stdout.strip())
    assert "still in conflict: numbers" in ccc("resolve", second, "--here", "--done", exit=3).stderr
    Repo(place).git("add", "numbers")
    ccc("resolve", second, "--here", "--done", exit=0)
    until_checked(ccc, second)
    assert ccc("merge", second, exit=3).exit == 3
    ccc("merge", second, "--yes", exit=0)
    assert not (ready.common / "rr-cache").exists()


def test_a_session_hands_its_own_conflict_back_and_nobody_elses(
    ccc: RunsCcc, conflicting: InConflict
) -> None:
    first = conflicting("Say ours", "Say ours too")
    inside = {"CCC_SESSION": first.id}
    for arguments in (("--here",), ("--here", "--done")):
        assert "needs a person" in ccc("resolve", first.name, *arguments, env=inside, exit=3).stderr
    refused = ccc("resolve", "backend-say-ours-too", "--hand-back", env=inside, exit=3).stderr
    assert "a session has its own conflicts resolved" in refused
    told = ccc("resolve", first.name, "--hand-back", env=inside, exit=0).stdout
    assert told.startswith("handed back 1 file to backend-say-ours")
    again = ccc("resolve", first.name, "--hand-back", env=inside, exit=0).stdout
    assert again.startswith("already handed back to")


def test_what_merges_cleanly_is_not_resolved(ccc: RunsCcc, spawn: Spawns) -> None:
    session = spawn("backend", "Clean")
    session.tree.commit("Clean\n\nCcc-Status: done", clean="1")
    for arguments in (("--hand-back",), ("--here",), ("--session", "backend")):
        refused = ccc("resolve", session.name, *arguments, exit=1).stderr
        assert "backend-clean merges cleanly into main" in refused
    assert ccc("resolve", exit=0).stdout == "no conflicts\n"
    assert (
        ccc("resolve", session.name, exit=0).stdout == "backend-clean -> main: it merges cleanly into main\n"
    )


def test_a_conflict_that_was_just_handed_back_wants_no_person(
    ready: Repo, ccc: RunsCcc, conflicting: InConflict
) -> None:
    def wanted() -> list[str]:
        found = ccc("status", "--json", exit=0).json["waiting_for_you"]
        return [each["title"] for each in found if each["kind"] == "conflict"]

    with unattended(ready):
        session = conflicting()
    ccc("conflicts", "--now")
    assert wanted() == ["backend-say-ours conflicts with main"]
    ccc("resolve", session.name, "--hand-back", exit=0)
    assert wanted() == []
