"""A gate that somebody ended is over: not run again, not recorded, and nothing of it meets the next one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ccc.layout import Layout
from ccc.ops.landing.running import all_running
from ccc.platform import processes, table
from ccc.platform.trees import marked
from ccc.runs.drain import held
from tests.queue.conftest import Finish, Gated
from tests.queue.waiting import until
from tests.support.program import RunsCcc
from tests.support.settling import unattended

pytestmark = pytest.mark.slow

ROUNDS = 6
"""A gate that was dropped was begun again about every second time."""


def alive(gated: Gated) -> list[int]:
    """The processes of all gates that said their marker."""
    return [pid for each in gated.ran() for pid in marked("CCC_COMMAND", each)]


def resting(gated: Gated) -> bool:
    layout = Layout(gated.repo.common)
    return all_running(layout) == [] and not held(layout.gate_lock)


@pytest.mark.parametrize("rest", ["", ', "echo $CCC_COMMAND >> $RUNS; sleep 300"'], ids=["one", "more"])
def test_a_dropped_gate_is_not_begun_again(gated: Gated, ccc: RunsCcc, finish: Finish, rest: str) -> None:
    gated.configure(f'[gate]\ncommands = ["echo $CCC_COMMAND >> $RUNS; sleep 300"{rest}]\n')
    slow = finish("backend", "Slow", {"slow": "1"})
    ccc("wait", slow.name, "--timeout", "60", exit=0)
    for count in range(1, ROUNDS + 1):
        ccc("queue", slow.name, exit=0)
        until(lambda count=count: len(gated.ran()) >= count)  # type: ignore[misc]
        ccc("queue", "--drop", slow.name, exit=0)
        until(lambda: resting(gated))
        assert (alive(gated), len(gated.ran())) == ([], count)
    assert ccc("log", "--type", "merge.gate-failed", "--json", exit=0).json["events"] == []


def test_nothing_is_left_by_an_abort_of_what_a_killed_worker_ran(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure('[gate]\ncommands = ["echo $CCC_COMMAND >> $RUNS; sleep 300"]\n')
    with unattended(gated.repo):  # else a drain starts another worker, which runs it again
        slow = finish("backend", "Slow", {"slow": "1"})
    ccc("wait", slow.name, "--timeout", "60", exit=0)
    ccc("queue", slow.name, exit=0)
    until(lambda: len(gated.ran()) == 1)
    (run,) = all_running(Layout(gated.repo.common))
    os.kill(int(run.worker.split()[0]), signal.SIGKILL)
    ccc("merge", "--abort", slow.name, exit=0)
    assert (alive(gated), len(gated.ran())) == ([], 1)


def test_what_an_ended_gate_did_lands_nobody_else(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    """The worst of it: a gate that went on mended the next one's work tree."""
    gated.configure("""[gate]
    commands = [
      "echo $CCC_COMMAND >> $RUNS; if test -e slow; then sleep 3; rm -f bad; else sleep 5; test ! -e bad; fi",
    ]
    """)
    slow, bad = finish("backend", "Slow", {"slow": "1"}), finish("backend", "Bad", {"bad": "1"})
    ccc("wait", "--timeout", "60", exit=0)
    for count in range(1, ROUNDS + 1):
        ccc("queue", slow.name, exit=0)
        until(lambda count=count: len(gated.ran()) >= count)  # type: ignore[misc]
        ccc("merge", "--abort", slow.name, exit=0)
    assert "the gate failed" in ccc("merge", bad.name, "--yes", exit=1).stderr
    assert gated.repo.git("ls-tree", "--name-only", "main", "bad") == ""


@pytest.mark.parametrize("deed", ["rm bad", "touch mended"], ids=["tracked", "new"])
def test_a_command_that_is_run_again_finds_the_tested_tree(
    gated: Gated, ccc: RunsCcc, finish: Finish, deed: str
) -> None:
    """It fails and mends what it was asked about: what lands would still be as it was."""
    gated.configure(f"""[gate]
    commands = [
      "mkdir build; touch build/made; echo build/ > $(git rev-parse --git-common-dir)/info/exclude",
      "echo run >> $RUNS; test ! -e bad || test -e mended || {{ {deed}; exit 1; }}; test -e build/made",
    ]
    """)
    bad = finish("backend", "Bad", {"bad": "1"})
    ccc("merge", bad.name, "--yes", exit=1)
    assert gated.ran() == ["run", "run", "run"], "twice as it would land, once on the target alone"


def test_what_escaped_from_a_gate_works_in_nobody_elses_work_tree(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    """Who gave up every mark that it was started with is not ended, so its work tree is left to it."""
    gated.configure("""[gate]
    commands = [
      "pwd >> $RUNS; test ! -e odd || env -i setsid sh -c 'echo $$ > $RUNS.pid; exec sleep 100' & sleep 1",
    ]
    """)
    odd, plain = finish("backend", "Odd", {"odd": "1"}), finish("backend", "Plain", {"plain": "1"})
    try:
        for each in (odd, plain):
            ccc("merge", each.name, "--yes", exit=0)
        assert [Path(each).name for each in gated.ran()] == ["cccscratch-1", "cccscratch-2"]
    finally:
        os.kill(int(Path(f"{gated.runs}.pid").read_text()), signal.SIGKILL)


def test_a_check_that_outlived_its_drain_works_in_nobody_elses_work_tree(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    check = f"test -e go || {{ echo $$ >> {gated.runs}; sleep 300; }}"
    role = f"---\ndescription: Checked\nchecks:\n  - run: {check!r}\n---\n\nWork.\n"
    gated.repo.commit("Checks", {".ccc/roles/backend.md": role})
    slow = finish("backend", "Slow", {"slow": "1"})
    until(lambda: len(gated.ran()) == 1)  # run by the drain that the hook of that commit started
    left = int(gated.ran()[0])
    drain = processes.parent_of(left)
    assert drain is not None
    os.kill(drain, signal.SIGKILL)
    until(lambda: not processes.start_of(drain))
    assert table.directory(left) is not None
    slow.tree.commit("Go\n\nCcc-Status: done", {"go": "1"})
    ccc("wait", slow.name, "--for", "verified", "--timeout", "60", exit=0)
    assert table.directory(left) is None
