"""The worker of gates: killed anywhere, interrupted, asked by many at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from ccc.layout import Layout
from ccc.ops.landing import running
from ccc.ops.landing.running import all_running
from ccc.platform.trees import marked
from ccc.runs.drain import held
from ccc.store.lock import locked
from tests.queue.conftest import Done, Finish, Gated
from tests.queue.waiting import until
from tests.support.program import PROJECT, RunsCcc
from tests.support.settling import stand_in_line, unattended

pytestmark = pytest.mark.slow

STEPS = ("gate-noted", "gate-ended", "gate-recorded", "wal-written", "swapped")


def started(
    repo: Path, *arguments: str, errors: IO[str] | int = subprocess.PIPE, **variables: str
) -> subprocess.Popen[str]:
    """ccc as a process that is not waited for, apart from this one's signals."""
    return subprocess.Popen(
        [sys.executable, "-m", "ccc", *arguments],
        cwd=repo,
        env={**os.environ, "PYTHONPATH": str(PROJECT), **variables},
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        start_new_session=True,
    )


def landed(gated: Gated) -> list[str]:
    """The trees that landings made, oldest first."""
    return gated.repo.git("log", "--reverse", "--first-parent", "--merges", "--format=%T", "main").split()


def done(ccc: RunsCcc, finish: Finish, count: int) -> list[Done]:
    made = [finish("backend", f"Part {n}", {f"f{n}": "1"}) for n in range(count)]
    ccc("wait", "--timeout", "60", exit=0)
    return made


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_is_taken_up_by_the_next_command(
    gated: Gated, ccc: RunsCcc, finish: Finish, step: str
) -> None:
    gated.configure('[gate]\ncommands = ["git rev-parse HEAD^{tree} >> $RUNS"]\n')
    lock = Layout(gated.repo.common).gate_lock
    with unattended(gated.repo):  # else another worker does it meanwhile: of a command, or of a drain
        one, two = done(ccc, finish, 2)
        for each in (one, two):
            ccc("approve", each.name, exit=0)
    with locked(lock):
        gated.repo.commit("The target moves", moved="1")
        before = len(gated.ran())
        killed = started(gated.repo.path, "drain", "--gates", CCC_TEST_STOP_AT=step)
        stand_in_line(killed, lock)
    killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL
    ccc("merge", one.name, two.name, "--yes", exit=0)
    assert set(landed(gated)) <= set(gated.ran())
    assert len(landed(gated)) == 2
    ran = gated.ran()[before:]
    assert len(ran) - len(set(ran)) <= 1, f"at most what the killed one ran is run again: {ran}"
    assert len(set(ran)) <= 3, f"one, two, and both: {ran}"
    assert all_running(Layout(gated.repo.common)) == []
    ccc("fsck", exit=0)


def test_what_a_killed_worker_ran_is_ended_before_it_is_run_again(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure("""[gate]
    commands = ["echo $CCC_COMMAND >> $RUNS; test -e $RUNS.go || { (setsid sleep 99 &); sleep 99; }"]
    """)
    with unattended(gated.repo):  # else a drain starts another worker, which ends what is left of this one's
        (session,) = done(ccc, finish, 1)
    ccc("queue", session.name, exit=0)
    until(lambda: len(gated.ran()) == 1)
    (running,) = all_running(Layout(gated.repo.common))
    os.kill(int(running.worker.split()[0]), signal.SIGKILL)
    Path(f"{gated.runs}.go").touch()
    assert len(marked("CCC_COMMAND", gated.ran()[0])) >= 2
    ccc("merge", session.name, "--yes", exit=0)
    assert marked("CCC_COMMAND", gated.ran()[0]) == []
    assert len(gated.ran()) == 2


def test_a_killed_gate_has_failed_and_its_session_does_not_land(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure('[gate]\ncommands = ["echo $$ >> $RUNS; test -e go || kill -9 $$"]\n')
    (session,) = done(ccc, finish, 1)
    assert "fails on main alone, too" in ccc("merge", session.name, "--yes", exit=1).stderr
    assert landed(gated) == []


def test_interrupting_a_merge_leaves_the_gate_going(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure('[gate]\ncommands = ["echo run >> $RUNS; until test -e $RUNS.go; do sleep 0.05; done"]\n')
    (session,) = done(ccc, finish, 1)
    merging = started(gated.repo.path, "merge", session.name, "--yes")
    until(lambda: len(gated.ran()) == 1)
    merging.send_signal(signal.SIGINT)
    _, words = merging.communicate(timeout=30)
    assert merging.returncode == 130
    assert "the gate goes on: git ccc queue shows it" in words
    assert held(Layout(gated.repo.common).gate_lock)
    Path(f"{gated.runs}.go").touch()
    ccc("merge", session.name, "--yes", exit=0)
    assert gated.ran() == ["run"]


def test_dropping_what_a_merge_waits_for_says_what_ends_that(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure('[gate]\ncommands = ["echo run >> $RUNS; until test -e $RUNS.go; do sleep 0.05; done"]\n')
    (session,) = done(ccc, finish, 1)
    ccc("queue", session.name, exit=0)
    merging = started(gated.repo.path, "merge", session.name, "--yes")
    until(lambda: len(running.wishes(Layout(gated.repo.common))) == 1)
    dropped = ccc("queue", "--drop", session.name, exit=0).stderr
    assert f"a git ccc merge waits for {session.name} and goes on; " in dropped
    assert f"git ccc merge --abort {session.name} ends" in dropped
    until(lambda: len(gated.ran()) >= 1)
    ccc("merge", "--abort", session.name, exit=0)
    before = gated.ran()
    _, words = merging.communicate(timeout=30)
    assert merging.returncode == 1
    assert f"git ccc merge --abort has ended the gate of {session.name}" in words
    assert (landed(gated), all_running(Layout(gated.repo.common))) == ([], [])
    assert gated.ran() == before, "it is not begun again"
    assert list(Layout(gated.repo.common).gates.glob("*.denied")) == []


def test_interrupting_an_approval_says_that_the_gate_goes_on(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure('[gate]\ncommands = ["echo $CCC_COMMAND >> $RUNS; sleep 300"]\n')
    (session,) = done(ccc, finish, 1)
    approving = started(gated.repo.path, "approve", session.name)
    until(lambda: len(gated.ran()) == 1)
    approving.send_signal(signal.SIGINT)
    _, words = approving.communicate(timeout=30)
    assert approving.returncode == 130
    ends = f"git ccc merge --abort {session.name}"
    assert f"the gate goes on: git ccc queue shows it, {ends} ends it" in words
    listed = f"-  {session.name} -> main: testing (its gate runs, not queued; {ends} ends that)\n"
    assert ccc("queue", exit=0).stdout == listed
    (shown,) = ccc("queue", "--json", exit=0).json["unqueued"]
    assert (shown["session"], shown["state"]) == (session.id, "testing")
    ccc("merge", "--abort", session.name, exit=0)
    assert marked("CCC_COMMAND", gated.ran()[0]) == []
    assert ccc("queue", exit=0).stdout == "nothing waits to land\n"


def test_who_waits_behind_the_gate_of_another_is_told_so(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure("""[gate]
    commands = [
      "echo run >> $RUNS; test ! -e f0 || sleep 300",
      "until test -e $RUNS.go; do sleep 0.05; done",
    ]
    """)
    slow, fine = done(ccc, finish, 2)
    ccc("queue", slow.name, exit=0)
    until(lambda: len(gated.ran()) == 1)
    said = gated.runs.with_name("said")
    with said.open("w") as errors:
        merging = started(gated.repo.path, "merge", fine.name, "--yes", errors=errors)
    waits = (
        f"{fine.name} waits for its gate: the gate of {slow.name} runs first ...\n"
        f"hint: git ccc merge --abort {slow.name} ends that; queue.parallel lets more run at once\n"
    )
    until(lambda: said.read_text() == waits)
    ccc("merge", "--abort", slow.name, exit=0)
    until(lambda: said.read_text() == f"{waits}running the gate of main on the combined tree ...\n")
    Path(f"{gated.runs}.go").touch()
    words, _ = merging.communicate(timeout=60)
    assert words == f"landed {fine.name} on main as {gated.repo.oid()[:7]}\n"


def test_eight_at_once_take_about_one_gate_each(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure('[gate]\ncommands = ["git rev-parse HEAD^{tree} >> $RUNS"]\n')
    made = done(ccc, finish, 8)
    waiting = made
    for _ in range(8):
        running = [(each, started(gated.repo.path, "merge", each.name, "--yes")) for each in waiting]
        outcomes = [(each, process.communicate(timeout=200), process.returncode) for each, process in running]
        assert all(code in (0, 3) for *_, code in outcomes), outcomes
        waiting = [each for each, _, code in outcomes if code != 0]
        if not waiting:
            break
    assert waiting == []
    assert len(landed(gated)) == 8
    assert set(landed(gated)) <= set(gated.ran())
    assert len(gated.ran()) <= 24, "far from one for each pair"
    ccc("fsck", exit=0)


def test_who_queues_at_once_starts_one_worker(gated: Gated, ccc: RunsCcc, finish: Finish) -> None:
    gated.configure(
        '[gate]\ncommands = ["mkdir $RUNS.busy && sleep 0.2 && rmdir $RUNS.busy && echo x >> $RUNS"]\n'
    )
    made = done(ccc, finish, 4)
    running = [started(gated.repo.path, "queue", each.name) for each in made]
    outcomes = [(process.communicate(timeout=60), process.returncode) for process in running]
    assert [code for _, code in outcomes] == [0] * 4, outcomes
    ccc("merge", "--yes", exit=0)
    assert gated.ran() == ["x"] * 4, "never two at a time, and none twice"
