"""Landing: gates, approvals, conflicts, dirty checkouts, kills, and taking it back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.flow.conftest import Spawns, Worked
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo
from tests.support.settling import unattended

STEPS = (
    *("land-committed", "land-turned", "land-intended", "land-swapped", "land-bringing", "land-recorded"),
    *("land-advancing", "land-advanced", "land-checked-out"),
)
BEFORE = ("land-committed", "land-turned", "land-intended")


@pytest.fixture
def done(spawn: Spawns) -> Callable[..., Worked]:
    """A session that has committed files and reported done."""

    def make(role: str, task: str, **files: str) -> Worked:
        session = spawn(role, task)
        session.tree.commit(f"{task}\n\nCcc-Status: done", **(files or {"file": task}))
        return session

    return make


Done = Callable[..., Worked]


def refusal(ccc: RunsCcc, *arguments: str, exit: int = 1, env: dict[str, str] | None = None) -> list[str]:
    lines = [
        line for line in ccc(*arguments, exit=exit, env=env).stderr.splitlines() if not line.endswith("...")
    ]
    assert [line.split(":")[0] for line in lines] == ["error", "hint"], lines
    return [line.partition(": ")[2] for line in lines]


def configure_gate(repo: Repo, command: str) -> None:
    repo.commit("Gate", {".ccc/config.toml": f"[gate]\ncommands = ['{command}']\n"})


@pytest.mark.parametrize(
    "step",
    [step if step == "land-swapped" else pytest.param(step, marks=pytest.mark.slow) for step in STEPS],
)
def test_a_landing_killed_at_any_step_is_finished_or_never_was(
    ready: Repo, ccc: RunsCcc, done: Done, step: str
) -> None:
    with unattended(ready):
        session = done("backend", "Killed", landed_file="1")
    before = ready.oid("main")
    killed = ccc("merge", session.name, "--yes", env={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    ccc("drain", exit=0)
    landed = step not in BEFORE
    assert (ready.oid("main") != before) == landed
    assert ready.git("status", "--porcelain") == ""
    assert (ready.path / "landed_file").exists() == landed
    status = ccc("status", "--json", exit=0).json["sessions"][0]["status"]
    assert status == ("completed" if landed else "unchecked")
    texts = [event["text"] for event in ccc("log", "--json", exit=0).json["events"]]
    assert len([text for text in texts if text.startswith("landed")]) == int(landed)
    if not landed:
        ccc("merge", session.name, "--yes", exit=0)
    session.tree.commit("More\n\nCcc-Status: done", more="2")
    ccc("merge", session.name, "--yes", exit=0)
    ccc("fsck", exit=0)
    assert not any("moved" in text or "forced" in text for text in texts)


@pytest.mark.parametrize("step", ["land-files-moved", pytest.param("land-advancing", marks=pytest.mark.slow)])
def test_a_landing_killed_while_the_worktree_follows_its_target_is_finished(
    ready: Repo, ccc: RunsCcc, done: Done, step: str
) -> None:
    with unattended(ready):
        session = done("backend", "Behind", mine="1")
    session.tree.write("unsaved", "3")
    ready.commit("Meanwhile", theirs="2")
    killed = ccc("merge", session.name, "--yes", env={"CCC_TEST_STOP_AT": step})
    assert killed.exit == -signal.SIGKILL
    ccc("drain", exit=0)
    assert session.tree.git("status", "--porcelain") == "?? unsaved"
    assert (session.tree.path / "theirs").read_text() == "2"
    session.tree.git("merge-base", "--is-ancestor", "main", "HEAD")
    assert ready.git("status", "--porcelain") == ""
    ccc("fsck", exit=0)


def test_the_gate_runs_on_the_combined_tree_and_refuses(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    configure_gate(ready, "test ! -e left || test ! -e right")
    left, right = spawn("backend", "Left"), spawn("frontend", "Right")
    left.tree.commit("Left\n\nCcc-Status: done", left="1")
    right.tree.commit("Right\n\nCcc-Status: done", right="1")
    ccc("merge", left.name, "--yes", exit=0)
    assert "Ccc-Gate: passed: test ! -e left" in ready.git("log", "-1", "--format=%B", "main")
    words = refusal(ccc, "merge", right.name, "--yes")
    assert words[0] == (
        "frontend-right cannot land: the gate failed on the combined tree "
        "(test ! -e left || test ! -e right exit 1)"
    )
    assert "right" not in ready.git("ls-tree", "--name-only", "main").split()


@pytest.mark.slow
def test_a_red_base_blames_no_session(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    configure_gate(ready, "false")
    session = done("backend", "Innocent")
    words = refusal(ccc, "merge", session.name, "--yes")
    assert "the gate fails on main alone, too: no session is to blame" in words[0]
    assert ccc("review", session.name, "--json", exit=0).json["gate"]["base_red"] is True


@pytest.mark.slow
def test_a_gate_that_takes_too_long_fails(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    ready.commit("Gate", {".ccc/config.toml": '[gate]\ncommands = [{run = "sleep 60", timeout = "1s"}]\n'})
    session = done("backend", "Slow")
    assert "cannot land" in refusal(ccc, "merge", session.name, "--yes")[0]
    command = ccc("review", session.name, "--json", exit=0).json["gate"]["commands"][0]
    assert (command["command"], command["exit"]) == ("sleep 60", None)


def test_failing_checks_send_the_session_back_with_the_failure(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    ready.commit("Role", {".ccc/roles/backend.md": ROLE.replace("COMMAND", "test -e wanted")})
    session = spawn("backend", "Checked")
    session.tree.commit("One\n\nCcc-Status: done", one="1")
    waited = ccc("wait", session.name, "--json", "--timeout", "60", exit=3).json
    assert [item["kind"] for item in waited["needs_you"]] == ["failure"]
    shown = ccc("show", session.name, "--json", exit=0).json
    assert (shown["status"], shown["verification"]["state"]) == ("running", "failed")
    refusal(ccc, "merge", session.name, "--yes")
    session.tree.commit("Two\n\nCcc-Status: done", wanted="1")
    assert ccc("wait", session.name, "--json", "--timeout", "60", exit=0).json["done"] == [session.id]
    assert ccc("show", session.name, "--json").json["status"] == "verified"


def test_checks_come_from_the_target_and_never_from_the_session(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    ready.commit("Role", {".ccc/roles/backend.md": ROLE.replace("COMMAND", "false")})
    session = spawn("backend", "Cheats")
    session.tree.commit(
        "Cheat\n\nCcc-Status: done", {".ccc/roles/backend.md": ROLE.replace("COMMAND", "true")}
    )
    assert ccc("wait", session.name, "--timeout", "60").exit == 3
    assert ccc("show", session.name, "--json").json["verification"]["state"] == "failed"
    warned = ccc("review", session.name).stdout
    assert ".ccc/roles/backend.md" in warned


@pytest.mark.slow
def test_deleting_the_tests_does_not_make_their_check_go_away(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    role = ROLE.replace('run: "COMMAND"', "run: test -e tests/a\n    when: tests/a")
    ready.commit("Role", {".ccc/roles/backend.md": role, "tests/a": "1"})
    session = spawn("backend", "Deletes")
    session.tree.git("rm", "-q", "tests/a")
    session.tree.commit("Gone\n\nCcc-Status: done")
    assert ccc("wait", session.name, "--timeout", "60").exit == 3


@pytest.mark.slow
def test_checks_that_the_target_could_not_name_are_looked_for_again(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    session = spawn("backend", "Tokens")
    ready.commit("Broken", {".ccc/config.toml": "[gate\n"})
    session.tree.commit("Work\n\nCcc-Status: done", {"token": "1\n"})
    assert ccc("wait", session.name, "--timeout", "60").exit == 3
    ready.commit("Mended", {".ccc/config.toml": ""})
    landed = ccc("merge", session.name, "--yes", exit=0)
    assert f"looking for the checks of {session.name} again ..." in landed.stderr
    assert ready.git("show", "main:token") == "1"


@pytest.mark.slow
def test_a_target_that_is_gone_or_broken_stands_in_nobodys_way(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    for target in ("gone", "broken"):
        ready.git("branch", target)
    names = []
    for number, target in enumerate(("gone", "broken", "main")):
        session = spawn("backend", f"Work {number}", "--into", target)
        session.tree.commit("Work\n\nCcc-Status: done", {f"file{number}": "1\n"})
        names.append(session.name)
    ccc("wait", *names, "--timeout", "60", exit=0)
    ccc("queue", *names, exit=0)
    ready.git("branch", "-q", "-D", "gone")
    ready.git("checkout", "-q", "broken")
    ready.commit("Break", {".ccc/config.toml": "[gate\n"})
    ready.git("checkout", "-q", "main")
    assert ccc("queue", exit=0).stdout == (
        "1. backend-work-2 -> main: passed (tested)\n"
        "-  backend-work-1 -> broken: failed"
        " (broken:.ccc/config.toml:1: expected ']' at the end of a table declaration)\n"
        "-  backend-work-0 -> gone: failed (the target branch gone is gone)\n"
    )
    left_out = ccc("queue", "--json", exit=0).json["left_out"]
    assert [each["target"] for each in left_out] == ["broken", "gone"]
    assert "1. backend-work-2 -> main" in ccc("merge", "--plan", exit=0).stdout
    landed = ccc("merge", "--yes", exit=1)
    assert "landed backend-work-2 on main" in landed.stdout
    assert "not landed: the target branch gone is gone" in landed.stderr


CONFLICT = """\
frontend-login-page -> main: failed
  task       Login page
  head       HEAD on ccc/frontend/login-page
  base       BASE on main
  queue      1.
  checks     unchecked: the role has no checks here
  gate       no gate configured
  conflict   routes (content)
    both changed the same lines
    theirs: frontend-login-page: Login page (git ccc show frontend-login-page --brief)
    ours:   backend-serve-tokens: Serve tokens (git ccc show backend-serve-tokens --brief)
    @@ main line 2, frontend-login-page line 2
    || base: 1 line
    | two
    << ours, main: 1 line
    < tokens
    >> theirs, frontend-login-page: 1 line
    > login
  not yet    1 file is in conflict with main
  next       git ccc resolve frontend-login-page --hand-back
  or         git ccc resolve frontend-login-page --here
"""

ROLE = """---
description: Checked backend
checks:
  - run: "COMMAND"
---
Work well.
"""


def test_a_dirty_target_is_left_alone_and_nothing_lands(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("backend", "Clean", file="1")
    first = ready.git("ls-files").splitlines()[0]
    ready.write(first, "dirty")
    before = ready.oid("main")
    words = refusal(ccc, "merge", session.name, "--yes")
    assert words[0] == f"{ready.path} has uncommitted changes: {first}"
    assert ready.oid("main") == before
    assert (ready.path / first).read_text() == "dirty"
    ready.git("checkout", "--quiet", "--", first)
    ccc("merge", session.name, "--yes", exit=0)


@pytest.mark.slow
def test_untracked_files_in_the_way_stop_a_landing_before_anything_moves(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    session = done("backend", "Adds", new_file="1")
    ready.write("new_file", "mine")
    before = ready.oid("main")
    refusal(ccc, "merge", session.name, "--yes")
    assert ready.oid("main") == before
    assert (ready.path / "new_file").read_text() == "mine"


@pytest.mark.slow
def test_a_target_that_is_not_checked_out_moves_alone(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    ready.git("branch", "stable")
    session = spawn("backend", "Elsewhere", "--into", "stable")
    session.tree.commit("One\n\nCcc-Status: done", one="1")
    before = ready.oid("main")
    ccc("merge", session.name, "--yes", exit=0)
    assert ready.oid("main") == before
    assert "one" in ready.git("ls-tree", "--name-only", "stable").split()


def test_a_conflict_shows_files_hunks_and_both_tasks(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    ready.commit("Routes", routes="one\ntwo\nthree\n")
    first = done("backend", "Serve tokens", routes="one\ntokens\nthree\n")
    second = done("frontend", "Login page", routes="one\nlogin\nthree\n")
    ccc("merge", first.name, "--yes", exit=0)
    words = refusal(ccc, "merge", second.name, "--yes", exit=3)
    assert words == [
        "frontend-login-page: 1 file is in conflict with main",
        "git ccc review frontend-login-page shows them",
    ]
    shown = ccc("review", second.name).stdout
    masks = {second.tree.oid()[:7]: "HEAD", ready.oid("main")[:7]: "BASE", str(second.path): "WORKTREE"}
    for found, word in masks.items():
        shown = shown.replace(found, word)
    assert shown == CONFLICT
    second.tree.git("merge", "--quiet", "--no-commit", "--strategy=ours", "main")
    second.tree.commit("Keep both\n\nCcc-Status: done", routes="one\ntokens\nlogin\nthree\n")
    ccc("merge", second.name, "--yes", exit=0)
    assert ready.git("show", "main:routes") == "one\ntokens\nlogin\nthree"


@pytest.mark.slow
def test_nothing_to_land_twice_approved_and_landed_already_are_said(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    session = spawn("backend", "Empty")
    assert "nothing to land: main has all of it" in refusal(ccc, "merge", session.name, "--yes")[0]
    session.tree.commit("One\n\nCcc-Status: done", one="1")
    ccc("wait", session.name, "--timeout", "60", exit=0)
    ccc("approve", session.name, exit=0)
    assert "is already approved by Developer" in refusal(ccc, "approve", session.name)[0]
    ccc("merge", session.name, exit=0)
    assert "already landed as" in refusal(ccc, "approve", session.name)[0]
    assert "already landed as" in refusal(ccc, "merge", session.name, "--yes")[0]


def test_without_a_terminal_a_person_must_say_yes(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("backend", "Asks")
    words = refusal(ccc, "merge", session.name, exit=3)
    assert words[1] == "git ccc merge backend-asks --yes"


@pytest.mark.parametrize("where", ["worktree", "CLAUDECODE", "CCC_SESSION"])
def test_an_agent_cannot_approve(ready: Repo, ccc: RunsCcc, done: Done, where: str) -> None:
    session = done("backend", "Agent")
    ccc("wait", session.name, "--timeout", "60", exit=0)
    env = {} if where == "worktree" else {where: session.id if where == "CCC_SESSION" else "1"}
    cwd = session.path if where == "worktree" else None
    before = ready.oid("main")
    for command in (("approve",), ("reject", "--why", "x"), ("merge", "--yes")):
        told = ccc(*command, session.name, cwd=cwd, env=env, exit=3)
        assert "hint: ask the human to run, in the main checkout: git ccc" in told.stderr
    assert ready.oid("main") == before
    assert ccc("review", session.name, "--json").json["approvals"] == []


@pytest.mark.slow
def test_inside_an_agent_what_a_person_approved_lands(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("backend", "Allowed")
    ccc("wait", session.name, "--timeout", "60", exit=0)
    ccc("approve", session.name, exit=0)
    ccc("merge", session.name, env={"CLAUDECODE": "1"}, exit=0)
    assert "file" in ready.git("ls-tree", "--name-only", "main").split()


@pytest.mark.slow
def test_an_approval_is_stale_after_a_new_commit_or_a_moved_target(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    session = done("backend", "Moves")
    ccc("wait", session.name, "--timeout", "60", exit=0)
    ccc("approve", session.name, exit=0)
    session.tree.commit("After\n\nCcc-Status: done", after="1")
    refusal(ccc, "merge", session.name, exit=3)
    assert ccc("review", session.name, "--json").json["approvals"][0]["stale"] is True
    ccc("approve", session.name, exit=0)
    ready.commit("The target moves", moved="1")
    refusal(ccc, "merge", session.name, exit=3)


@pytest.mark.slow
def test_an_override_is_recorded_and_named_in_the_merge(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    configure_gate(ready, "false")
    session = done("backend", "Urgent")
    ccc("wait", session.name, "--timeout", "60", exit=0)
    assert "cannot be approved" in refusal(ccc, "approve", session.name)[0]
    ccc("approve", session.name, "--override", "The site is down", exit=0)
    ccc("merge", session.name, exit=0)
    assert "Ccc-Override: The site is down" in ready.git("log", "-1", "--format=%B", "main")


@pytest.mark.slow
def test_a_rejected_session_runs_again_until_it_reports_anew(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("backend", "Refused")
    ccc("wait", session.name, "--timeout", "60", exit=0)
    ccc("reject", session.name, "--why", "Too long", exit=0)
    shown = ccc("show", session.name, "--json").json
    assert shown["status"] == "running"
    assert shown["evidence"][0]["what"] == "rejected: Too long"
    ccc("report", "--done", "--session", session.name, exit=0)
    ccc("wait", session.name, "--timeout", "60", exit=0)


@pytest.mark.slow
def test_eight_landings_at_once_leave_a_correct_history(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    sessions = [done("backend", f"Part {number}", **{f"part{number}": "1"}) for number in range(8)]
    ccc("wait", "--timeout", "100", exit=0)
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}

    def start(session: Worked) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "ccc", "merge", session.name, "--yes"]
        return subprocess.Popen(
            command, cwd=ready.path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    waiting = list(sessions)
    for _ in range(8):
        running = [(session, start(session)) for session in waiting]
        outcomes = [
            (session, process.communicate(timeout=100), process.returncode) for session, process in running
        ]
        assert all(code in (0, 3) for *_, code in outcomes), outcomes
        waiting = [session for session, _, code in outcomes if code != 0]
        if not waiting:
            break
    assert not waiting
    assert {f"part{number}" for number in range(8)} <= set(
        ready.git("ls-tree", "--name-only", "main").split()
    )
    assert ready.git("status", "--porcelain") == ""
    assert len(ready.git("log", "--first-parent", "--merges", "--format=%s", "main").splitlines()) == 8
    ccc("fsck", exit=0)


@pytest.mark.slow
def test_a_moved_target_is_noticed_and_waits_in_the_inbox(ready: Repo, ccc: RunsCcc, spawn: Spawns) -> None:
    spawn("backend", "Watches")
    old = ready.oid("main")[:7]
    new = ready.commit("By hand", by_hand="1")[:7]
    texts = [event["text"] for event in ccc("log", "--json").json["events"]]
    assert f"moved to {new} from {old} outside ccc" in texts
    items = ccc("inbox", "--json", exit=0).json["items"]
    assert [item["kind"] for item in items] == ["message"]
    ccc("inbox", "--ack", items[0]["id"][:8], exit=0)
    assert ccc("inbox", "--json").json["items"] == []


@pytest.mark.slow
def test_standing_in_a_session_counts_whatever_directory_is_named(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    session = done("backend", "Sneaks")
    ccc("wait", session.name, "--timeout", "60", exit=0)
    git_dir = {"GIT_DIR": str(ready.common), "GIT_WORK_TREE": str(ready.path)}
    for options, env in ((("-C", str(ready.path)), {}), ((), git_dir)):
        for command in (("approve", session.name), ("merge", session.name, "--yes")):
            told = ccc(*options, *command, cwd=session.path, env=env, exit=3)
            assert "this is a session's worktree" in told.stderr
    assert ccc("review", session.name, "--json").json["approvals"] == []


@pytest.mark.slow
def test_a_broken_target_fails_its_own_sessions_and_stops_no_other(
    ready: Repo, ccc: RunsCcc, spawn: Spawns
) -> None:
    ready.git("branch", "other")
    bad, fine = spawn("backend", "Bad"), spawn("frontend", "Fine", "--into", "other")
    ready.commit("Broken", {".ccc/config.toml": "gat = 1\n"})
    bad.tree.commit("One\n\nCcc-Status: done", one="1")
    fine.tree.commit("Two\n\nCcc-Status: done", two="2")
    assert ccc("wait", fine.name, "--json", "--timeout", "60", exit=0).json["done"] == [fine.id]
    told = ccc("wait", bad.name, "--json", "--timeout", "60", exit=3).json["needs_you"]
    assert [item["kind"] for item in told] == ["failure"]
    assert "main:.ccc/config.toml:1: gat: unknown key" in told[0]["text"]


@pytest.mark.slow
def test_a_file_told_to_look_unchanged_stops_a_landing_before_anything_moves(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    session = done("backend", "Hidden", **{"README.md": "theirs"})
    ready.git("update-index", "--assume-unchanged", "README.md")
    ready.write("README.md", "mine")
    before = ready.oid("main")
    assert "are in the way" in refusal(ccc, "merge", session.name, "--yes")[0]
    assert ready.oid("main") == before
    assert (ready.path / "README.md").read_text() == "mine"


@pytest.mark.slow
def test_a_file_where_a_folder_would_be_stops_a_landing_before_anything_moves(
    ready: Repo, ccc: RunsCcc, done: Done
) -> None:
    session = done("backend", "Deep", **{"new/deep/file": "1"})
    ready.write("new", "mine")
    before = ready.oid("main")
    assert "are in the way" in refusal(ccc, "merge", session.name, "--yes")[0]
    assert ready.oid("main") == before


@pytest.mark.slow
def test_a_worktree_whose_index_is_locked_is_said_to_be(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("backend", "Locked")
    ccc("wait", session.name, "--timeout", "60", exit=0)
    ready.commit("Elsewhere", other="1")
    lock = Path(session.tree.git("rev-parse", "--absolute-git-dir"), "index.lock")
    lock.touch()
    told = ccc("merge", session.name, "--yes", exit=0)
    words = f"{lock} is there: another git is at work; where no git runs: rm {lock}"
    assert f"{session.name} is not brought along yet: {words}" in told.stdout + told.stderr


def test_what_is_closed_is_not_rejected(ready: Repo, ccc: RunsCcc, done: Done) -> None:
    session = done("backend", "Closed")
    ccc("wait", session.name, "--timeout", "60", exit=0)
    ccc("close", session.name, exit=0)
    words = refusal(ccc, "reject", session.name, "--why", "x")
    assert words == [f"{session.name} is closed", f"git ccc undo {session.name} brings it back"]
    ccc("undo", session.name, exit=0)
    ccc("merge", session.name, "--yes", exit=0)
