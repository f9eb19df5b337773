"""The rehearsal engine: what goes wrong on purpose, and what a kill leaves undone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ccc.engines.protocol import Busy, Garbled, Received, Spoke, TurnEnded
from ccc.engines.rehearsal.memory import Memory
from tests.engines.conftest import Rehearsed
from tests.engines.harness import Runs, garbled
from tests.engines.rehearsing import FIRST, memory_of, played, says
from tests.support.repository import Repo

# --- what goes wrong on purpose


@pytest.mark.slow
@pytest.mark.parametrize(
    ("crash", "code"),
    [({"exit": 3}, 3), ({"signal": "SEGV"}, -11)],
    ids=["exit", "signal"],
)
def test_a_crash_happens_once_unless_it_always_does(
    crash: dict[str, Any], code: int, rehearsed: Rehearsed, rehearsal: Runs
) -> None:
    rehearsed.script([{"crash": crash}, {"say": "past it"}, {"crash": {**crash, "always": True}}])
    with rehearsal.start(1) as process:
        assert process.finish() == code
        assert Busy("past it") not in process.signs
    for number in (2, 3):
        with rehearsal.start(number, resumes=True) as process:
            assert process.finish() == code
            assert (Busy("past it") in process.signs) is (number == 2)


def test_noise_is_garbled_line_by_line_and_nothing_after_it_is_lost(
    rehearsed: Rehearsed, rehearsal: Runs
) -> None:
    process = played(
        rehearsal,
        rehearsed,
        {"garble": {}},
        {"flood": {"megabytes": 0.5, "line": 1000}},
        {"flood": {"megabytes": 1, "one": True}},
        {"say": "all said"},
    )
    assert garbled(process.signs) == 4 + 500 + 1
    assert process.signs[-2:] == [Busy("all said"), TurnEnded("done")]
    last = [sign for sign in process.signs if isinstance(sign, Garbled)][-1]
    assert last.why == f"999999 bytes that mean nothing: '{'#' * 60}'"


@pytest.mark.slow
def test_a_child_and_a_daemon_stay_behind(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    rehearsed.script([{"daemon": None}])
    with rehearsal.start() as process:
        process.until(TurnEnded)
        mine = {
            pid: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            for pid in process.tree.members()
            if pid != process.pid
        }
        parents = sorted(int(row[1]) == process.pid for row in mine.values())
        assert parents == [False, True]
        assert process.pid not in {int(row[3]) for row in mine.values()}
        assert process.finish() == 0
        assert process.tree.members() == sorted(mine)
    assert process.tree.members() == []


# --- what a kill leaves undone


def steps_with_crashes() -> Iterator[dict[str, Any]]:
    for number in range(3):
        yield {"edit": {"path": "lines.txt", "append": f"{number}\n"}}
        yield {"crash": {"signal": "KILL"}}
        yield {"commit": {"message": f"Line {number}", "progress": 10 * number}}
        yield {"crash": {"signal": "KILL"}}


@pytest.mark.slow
def test_killed_between_every_two_steps_it_does_each_once(
    rehearsed: Rehearsed, rehearsal: Runs, repo: Repo
) -> None:
    rehearsed.script(list(steps_with_crashes()))
    before = repo.oid()
    for number in range(1, 7):
        with rehearsal.start(number, resumes=number > 1) as process:
            assert process.finish() == -9
    with rehearsal.start(7, resumes=True) as process:
        assert process.until(TurnEnded).failure is None
    assert (rehearsal.task.worktree / "lines.txt").read_text(encoding="utf-8") == "0\n1\n2\n"
    assert repo.git("log", "--reverse", "--format=%s", f"{before}..").split("\n") == [
        f"Line {number}" for number in range(3)
    ]


@pytest.mark.parametrize("written", ["old\nn", pytest.param("old\nnew\n", marks=pytest.mark.slow)])
def test_an_edit_cut_short_by_a_kill_is_done_once(
    written: str, rehearsed: Rehearsed, rehearsal: Runs
) -> None:
    rehearsal.task.folder.mkdir()
    memory = Memory(memory_of(rehearsal.task))
    memory.open_turn()
    memory.plan("old\nnew\n")
    file = rehearsal.task.worktree / "lines.txt"
    file.write_text(written, encoding="utf-8")
    played(rehearsal, rehearsed, {"edit": {"path": "lines.txt", "append": "new\n"}})
    assert file.read_text(encoding="utf-8") == "old\nnew\n"


@pytest.mark.slow
def test_resumed_between_two_turns_it_waits_for_a_real_message(rehearsed: Rehearsed, rehearsal: Runs) -> None:
    rehearsed.script([{"say": "one"}], [{"say": "two"}])
    with rehearsal.start(1) as process:
        process.until(TurnEnded)
        process.kill()
    with rehearsal.start(2, prompt="Go on.", resumes=True) as process:
        assert process.until(TurnEnded) == TurnEnded("done")
        assert Busy("two") not in process.signs
        process.write(process.engine.message(FIRST, "The second task."))
        says(process, "two")


@pytest.mark.slow
def test_deserted_while_it_waits_it_ends_and_the_resumed_one_waits_on(
    rehearsed: Rehearsed, rehearsal: Runs
) -> None:
    rehearsed.script([{"say": "begun"}, {"wait": {"message": True}}, {"say": "got it"}])
    with rehearsal.start(1) as process:
        says(process, "begun")
        assert process.finish() == 0
        assert not any(isinstance(sign, TurnEnded) for sign in process.signs)
    with rehearsal.start(2, prompt="Go on.", resumes=True) as process:
        process.until(Received, lambda sign: sign.message == "")
        process.write(process.engine.message(FIRST, "Here."))
        says(process, "got it")
        assert Busy("begun") not in process.signs


@pytest.mark.slow
def test_a_message_that_takes_up_a_killed_turn_is_what_it_waited_for(
    rehearsed: Rehearsed, rehearsal: Runs
) -> None:
    rehearsed.script([{"say": "begun"}, {"wait": {"message": True}}, {"say": "got it"}])
    with rehearsal.start(1) as process:
        says(process, "begun")
        process.kill()
    with rehearsal.start(2, prompt="", resumes=True) as process:
        process.until(Spoke)
        process.write(process.engine.message(FIRST, "Here."))
        says(process, "got it")


@pytest.mark.slow
def test_when_nobody_reads_any_more_the_turn_is_kept_for_the_resumed_one(
    rehearsed: Rehearsed, rehearsal: Runs
) -> None:
    rehearsed.script([{"wait": {"file": "go"}}, {"say": "too late"}, {"say": "again"}])
    with rehearsal.start(1) as process:
        process.until(Busy)
        process.hang_up()
        (rehearsal.task.worktree / "go").touch()
        assert process.exit() == 1
    found = json.loads(memory_of(rehearsal.task).read_bytes())
    assert (found["turn"], found["step"], found["open"]) == (0, 1, True)
