"""`git ccc output` as people and scripts call it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from ccc.engines.transcripts import UNREADABLE, TurnLine
from ccc.views.styling import Plain
from ccc.views.text.output import turns_text
from tests.output.conftest import Place
from tests.output.test_pages import alive, append, said
from tests.support.program import PROJECT, Inline

pytestmark = pytest.mark.slow
"""Real processes, a second each."""


@pytest.fixture
def call(place: Place) -> Inline:
    """Runs ccc in the repository of `place`, in this process."""
    return Inline(place.repo.path)


def test_the_document_is_the_one_of_the_contract(place: Place, call: Inline) -> None:
    place.transcript()
    place.run(1, "claude").log.write_bytes(b"")
    found = call("output", place.name, "-n", "1", "--json", exit=0).json
    assert (found.pop("format"), len(found.pop("tip"))) == (1, 40)
    cursor, commits = found.pop("cursor"), found["output"].pop("artifacts")
    assert found == {
        "id": place.session.id,
        "status": "unknown",
        "output": {
            "logs": [str(place.workspace.layout.runs / place.session.id / "1" / "engine.log")],
            "summary": None,
            "nextSteps": [],
        },
        "turns": [
            {
                "n": 32,
                "at": "2026-11-21T09:24:04.027Z",
                "role": "system",
                "text": "API Error: 400 bad thing",
                "tool": None,
                "ok": False,
            }
        ],
        "remarks": [],
    }
    assert [artifact["type"] for artifact in commits] == ["commit"]
    assert call("logs", place.name, "--since", cursor, exit=0).stdout == ""


def test_wrong_words_are_refused(place: Place, call: Inline) -> None:
    place.run(1, "claude").log.write_bytes(b"\xffas it came\r\n")
    assert call("output", "nobody").exit == 1
    assert call("output", place.name, "--since", "nonsense").exit == 2
    for other in ("--json", "-f", "-n1", "--since=0"):
        assert call("output", place.name, "--raw", other).exit == 2
    assert call("output", place.name, "-n", "-1").exit == 2


def test_a_turn_is_shown_with_who_when_and_how_it_ended() -> None:
    turns = [
        TurnLine("person", "Go\nand test", "2026-10-03T12:04:01.002Z"),
        TurnLine("agent", "make test", None, tool="Bash"),
        TurnLine("tool", "no rule", None, ok=False),
        TurnLine("agent", "x" * 501),
        *(UNREADABLE for _ in range(1000)),
        TurnLine("tool", "", None, ok=True),
        UNREADABLE,
    ]
    assert turns_text(turns, Plain()).splitlines() == [
        "12:04:01 person: Go",
        "  and test",
        "agent uses Bash: make test",
        "tool failed: no rule",
        f"agent: {'x' * 500}",
        "  ...",
        "system failed: 1000 unreadable lines",
        "tool",
        "system failed: an unreadable line",
    ]


def test_garbage_of_an_agent_is_one_line_with_its_count(place: Place, call: Inline) -> None:
    says = [json.dumps({"type": "says", "text": text}) for text in ("Before", "Between")]
    noise = ["#" * 79] * 1200
    place.run(1, "rehearsal:/x.yml").log.write_text(
        "\n".join([says[0], *noise, says[1], noise[0], ""]), encoding="utf-8"
    )
    assert call("output", place.name, exit=0).stdout.splitlines() == [
        "agent: Before",
        "system failed: 1200 unreadable lines",
        "agent: Between",
        "system failed: an unreadable line",
    ]
    turns = call("output", place.name, "--json", exit=0).json["turns"]
    assert [turn["n"] for turn in turns] == list(range(1, 1204))


def test_colours_are_ccc_s_own_and_no_agent_can_steer_the_terminal(place: Place, call: Inline) -> None:
    nasty = "\x1b]0;pwned\x07\x1b[2J\u202eevil\r\n\x9b31mx"
    run = place.run(1, "rehearsal:/x.yml")
    lines = [{"type": "says", "text": nasty}, {"type": "tool", "name": nasty, "input": nasty}]
    run.log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    plain = call("output", place.name, exit=0).stdout
    assert [sign for sign in plain if not sign.isprintable() and sign != "\n"] == []
    assert "\\x1b]0;pwned\\x07" in plain
    colored = call("--color=always", "output", place.name, exit=0).stdout
    assert colored.count("\x1b[36m") == 2
    assert colored.replace("\x1b[36m", "").replace("\x1b[m", "") == plain


@contextmanager
def following(place: Place) -> Iterator[subprocess.Popen[str]]:
    """`git ccc output -f --json` as a process, of a run that goes on as long as this process."""
    alive(place.run(1, "claude"))
    process = subprocess.Popen(
        [sys.executable, "-m", "ccc", "output", place.name, "-f", "--json"],
        cwd=place.repo.path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_an_interrupted_follower_ends_with_130_and_gives_every_line_at_once(place: Place) -> None:
    transcript = place.transcript()
    with following(place) as process:
        assert process.stdout is not None
        assert len(json.loads(process.stdout.readline())["turns"]) == 32
        append(transcript, said("more"))
        assert [turn["text"] for turn in json.loads(process.stdout.readline())["turns"]] == ["more"]
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert (process.stdout.read(), process.stderr.read() if process.stderr else "") == ("", "")


def test_an_interrupt_that_git_passes_on_is_not_heard_twice(place: Place) -> None:
    """As from a terminal, which interrupts both; git does it once more while ccc ends."""
    place.transcript()
    with following(place) as process:
        assert process.stdout is not None
        process.stdout.readline()
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
            time.sleep(0.0005)
        assert process.wait(20) == 130
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_follower_whose_reader_has_gone_ends_quietly(place: Place) -> None:
    transcript = place.transcript()
    with following(place) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        append(transcript, said("nobody reads this"))
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
