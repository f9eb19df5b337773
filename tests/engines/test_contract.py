"""What the session host relies on, whichever engine it is: one suite for all that can be spoken to."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccc.engines.claude.engine import READERS as CLAUDE_LINES
from ccc.engines.claude.engine import Claude
from ccc.engines.command import Command
from ccc.engines.protocol import Busy, Engine, Garbled, Received, Spoke, TurnEnded
from ccc.engines.rehearsal.engine import READERS as REHEARSAL_LINES
from ccc.engines.rehearsal.engine import Rehearsal
from tests.engines.harness import Adds, Process, Runs, Says, WaitsFor, garbled, without

FIRST, SECOND = "1" * 32, "2" * 32


def held(runs: Runs, tmp_path: Path) -> Path:
    """An agent that adds a line, uses a tool until a file is there, and adds another; that file."""
    go = tmp_path / "go"
    runs.subject.plays(
        [Adds("lines.txt", "before"), WaitsFor(go), Adds("lines.txt", "after")], [Says("Well?")]
    )
    return go


def until_held(process: Process) -> None:
    """The tool has been called: what went before it is done."""
    process.until(Busy, lambda busy: "go" in busy.what and "-e" in busy.what)


def turns_ended(process: Process) -> int:
    return sum(isinstance(sign, TurnEnded) for sign in process.signs)


def lines(runs: Runs) -> list[str]:
    return (runs.task.worktree / "lines.txt").read_text(encoding="utf-8").splitlines()


def test_a_prompt_enters_the_conversation_and_its_turn_ends(runs: Runs) -> None:
    runs.subject.plays([Says("Hello")])
    with runs.start() as process:
        ended = process.until(TurnEnded)
        assert (ended.failure, ended.interrupted) == (None, False)
        kinds = [type(sign) for sign in process.signs]
        assert kinds.index(Spoke) < kinds.index(TurnEnded)
        assert kinds.count(Received) == 1
        assert process.finish() == 0
        assert without(process.signs[len(kinds) :], Busy) == []


def test_a_message_in_the_middle_of_a_turn_enters_it(runs: Runs, tmp_path: Path) -> None:
    go = held(runs, tmp_path)
    with runs.start() as process:
        until_held(process)
        process.write(process.engine.message(FIRST, "One thing more."))
        go.touch()
        process.until(Received, lambda sign: sign.message == FIRST)
        assert turns_ended(process) == 0
        assert process.until(TurnEnded).failure is None
        assert process.finish() == 0
        assert turns_ended(process) == 1
    assert lines(runs) == ["before", "after"]


def test_a_message_between_two_turns_begins_the_next(runs: Runs) -> None:
    runs.subject.plays([Says("One")], [Adds("lines.txt", "two")])
    with runs.start() as process:
        process.until(TurnEnded)
        process.write(process.engine.message(FIRST, "Go on."))
        process.until(Received, lambda sign: sign.message == FIRST)
        process.until(TurnEnded)
        assert process.finish() == 0
        assert turns_ended(process) == 2
    assert lines(runs) == ["two"]


def test_an_interruption_ends_the_turn_and_the_next_message_begins_another(
    runs: Runs, tmp_path: Path
) -> None:
    held(runs, tmp_path)
    with runs.start() as process:
        until_held(process)
        process.write(process.engine.interrupt())
        ended = process.until(TurnEnded)
        assert (ended.failure, ended.interrupted) == (None, True)
        assert lines(runs) == ["before"]
        process.write(process.engine.message(FIRST, "Something else."))
        process.until(Received, lambda sign: sign.message == FIRST)
        ended = process.until(TurnEnded)
        assert (ended.failure, ended.interrupted) == (None, False)
        assert process.finish() == 0


def test_a_conversation_goes_on_after_kill_9(runs: Runs, tmp_path: Path) -> None:
    go = held(runs, tmp_path)
    with runs.start(1) as process:
        until_held(process)
        runs.subject.until_kept()
        process.kill()
    go.touch()
    with runs.start(2, prompt="Go on.", resumes=True) as process:
        process.until(Spoke)
        assert process.until(TurnEnded).failure is None
        process.write(process.engine.message(SECOND, "And?"))
        process.until(Received, lambda sign: sign.message == SECOND)
        process.until(TurnEnded)
        assert process.finish() == 0
    assert lines(runs) == ["before", "after"]


UNREADABLE = (b"\xff\xfe\x00", b'{"type": "result", ', b"[1, 2]", b"12", b"null", b'"text"', b"[" * 200_000)


def test_nothing_is_lost_after_an_unreadable_line(runs: Runs, tmp_path: Path) -> None:
    go = held(runs, tmp_path)
    with runs.start() as process:
        until_held(process)
        for line in UNREADABLE:
            assert [type(sign) for sign in process.inject(line)] == [Garbled], line[:20]
        process.write(process.engine.message(FIRST, "One thing more."))
        go.touch()
        process.until(Received, lambda sign: sign.message == FIRST)
        assert process.until(TurnEnded).failure is None
        assert process.finish() == 0
        assert garbled(process.signs) == len(UNREADABLE)


# --- without a process: every engine's reader, on whatever a stream may hold

CLAUDE, REHEARSAL, COMMAND = "claude", "rehearsal", "command"
ENGINES: Mapping[str, Callable[[], Engine]] = {
    REHEARSAL: lambda: Rehearsal("script.yml"),
    CLAUDE: lambda: Claude("claude"),
    COMMAND: lambda: Command("mine", {"command": ["sh"]}, {"PATH": "/usr/bin:/bin"}),
}
KINDS = {REHEARSAL: list(REHEARSAL_LINES), CLAUDE: list(CLAUDE_LINES)}
OUTER = ("message", "request", "usage", "rate_limit_info", "input")
KEYS = (
    *("id", "uuid", "n", "text", "name", "tool", "kind", "choices", "count", "until", "failure", "model"),
    *("content", "questions", "output", "context", "micro_usd", "result", "request_id", "tool_use_id"),
    *("resetsAt", "tasks", "modelUsage", "total_cost_usd", "input_tokens", "errors", "permission_denials"),
    *("terminal_reason", "error_status", "attempt", "description", *OUTER),
)
WRONG: tuple[Any, ...] = (None, True, -1, 1.5, 1e300, "x", [3], ["x"], [[]], [{}], {}, {"x": 3})
BODY = {"subtype": "can_use_tool", "isReplay": True, "is_error": True, "status": "rejected"}
BODY |= {"tool_name": "AskUserQuestion"}


def strange(kind: str) -> Iterator[dict[str, Any]]:
    """Lines of a kind in which one part, or one part of a part, is not what it should be."""
    first, _, second = kind.partition(":")
    body = {**BODY, "type": first, **({"subtype": second} if second else {})}
    yield {"type": first}
    yield body
    for key, value in itertools.product(KEYS, WRONG):
        yield {**body, key: value}
    for outer, inner, value in itertools.product(OUTER, KEYS, WRONG[::2]):
        yield {**body, outer: {**body, inner: value}}


@pytest.mark.parametrize("name", KINDS)
def test_no_object_in_the_stream_makes_an_engine_fail(name: str) -> None:
    engine = ENGINES[name]()
    signs = [
        sign
        for kind in KINDS[name]
        for found in [*strange(kind), {"type": [kind]}, {"type": None}, {}]
        for sign in engine.read(json.dumps(found).encode())
    ]
    assert garbled(signs)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("line", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_line_that_is_no_object_is_garbled(name: str, line: bytes) -> None:
    assert [type(sign) for sign in ENGINES[name]().read(line)] == [Garbled]


@pytest.mark.parametrize("name", ENGINES)
@given(line=st.binary(max_size=40))
def test_no_bytes_in_the_stream_make_an_engine_fail(name: str, line: bytes) -> None:
    assert all(isinstance(sign, Garbled | Spoke | Busy) for sign in ENGINES[name]().read(line))
