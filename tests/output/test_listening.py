"""Hearing what is said from now on: each turn once, in whatever pieces and files it comes."""

from __future__ import annotations

import random
from pathlib import Path

from ccc.ops.listening import Ear
from tests.output.conftest import CONVERSATION, Place
from tests.output.test_pages import LATE, SECOND, append, said


def heard(ear: Ear) -> list[str]:
    return [turn.text for turn in ear.news()]


def beside(transcript: Path) -> Path:
    """Where a sub-agent's transcript comes to stand."""
    folder = transcript.with_suffix("") / "subagents"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "agent-a67d16da198bd9003.jsonl"


def test_what_was_said_before_is_left_out_and_pieces_of_lines_are_waited_for(place: Place) -> None:
    chance = random.Random(7)
    transcript = place.transcript(sub_agents=False)
    place.run(1, "claude")
    append(transcript, said("the beginning of a line", at=LATE)[:20])
    ear = Ear(place.workspace, place.session, from_now=True)
    append(transcript, said("the beginning of a line", at=LATE)[20:])
    words, found = [f"word {number}" for number in range(40)], []
    data = b"".join(said(word, at=LATE) for word in words)
    while data:
        size = chance.randrange(1, 400)
        append(transcript, data[:size])
        data = data[size:]
        found += heard(ear)
    assert found == ["the beginning of a line", *words]
    append(beside(transcript), said("aside", at=LATE))
    assert heard(ear) == ["aside"]
    assert heard(ear) == []


def test_runs_and_conversations_that_begin_later_are_heard_from_their_beginning(place: Place) -> None:
    ear = Ear(place.workspace, place.session, from_now=False)
    assert heard(ear) == []
    first = place.run(1, "claude")
    first.log.write_bytes(said("from the log, before there is a transcript"))
    assert heard(ear) == ["from the log, before there is a transcript"]
    place.transcript(conversation=CONVERSATION, sub_agents=False)
    append(first.log, said("still from the log"))
    assert heard(ear) == ["still from the log"]
    second = place.run(2, "claude", conversation=SECOND)
    second.log.write_bytes(b"")
    place.transcript(conversation=SECOND, sub_agents=False).write_bytes(said("anew", at=LATE))
    assert heard(ear) == ["anew"]
    second.log.rename(second.log.with_name("engine.log.1"))
    second.log.write_bytes(said("only printed"))
    place.run(3, "rehearsal:/x.yml", conversation=SECOND).log.write_bytes(
        b'{"type":"says","text":"played"}\n'
    )
    assert heard(ear) == ["played"]


def test_the_last_turns_of_before_are_told_first(place: Place) -> None:
    place.transcript()
    place.run(1, "claude")
    ear = Ear(place.workspace, place.session, from_now=True)
    assert [turn.text for turn in ear.before(1)] == ["API Error: 400 bad thing"]
    assert heard(ear) == []
