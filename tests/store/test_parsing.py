"""Streams parsed once: the cache between calls agrees with the cells, whatever happens to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis.strategies import lists, none

from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.messagerows import ROWS as MESSAGES
from ccc.domain.sessionrows import ROWS
from ccc.domain.sessions import Session
from ccc.layout import Layout
from ccc.store.celltree import CellTree
from ccc.store.parsing import WORTH_KEEPING
from tests.handoff.strategies import session_records
from tests.store.tools import git_store, reader_of

MANY = WORTH_KEEPING + 4


def spawned(number: int, task: str = "Work") -> Draft:
    name = f"backend-{number}"
    fields: dict[str, Value] = {
        "name": name,
        "branch": f"ccc/backend/{number}",
        "task": task,
        "run.1": {"status": "idle"},
    }
    return Draft("session.spawned", name, "spawned", {f"sessions/{number:032x}": dict(fields)})


def tasks(common: Path) -> dict[str, str]:
    found = reader_of(common).state().things(ROWS).values()
    return {session.name: session.task for session in found if session is not None}


@pytest.fixture
def filled(common: Path) -> Path:
    git_store(common).transact(lambda _: [spawned(number) for number in range(MANY)])
    return common


def cache_of(common: Path) -> Path:
    return Layout(common).cache / "sessions.json"


def test_a_second_call_parses_nothing_again(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = reader_of(filled).state().things(ROWS)
    assert cache_of(filled).exists()
    monkeypatch.setattr(ROWS, "parse", None)
    assert reader_of(filled).state().things(ROWS) == first
    assert len(first) == MANY


def test_only_what_changed_is_parsed_again(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks(filled)
    git_store(filled).transact(lambda _: [spawned(3, "Changed")])
    parsed: list[str] = []
    parse = ROWS.parse

    def noting(identifier: str, cells: object) -> Session | None:
        parsed.append(identifier)
        return parse(identifier, cells)  # type: ignore[arg-type]

    monkeypatch.setattr(ROWS, "parse", noting)
    assert tasks(filled)["backend-3"] == "Changed"
    assert parsed == [f"{3:032x}"]


def test_of_what_did_not_change_nothing_is_read(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks(filled)
    git_store(filled).transact(lambda _: [spawned(3, "Changed")])
    read: list[str] = []
    entries = CellTree.entries

    def noting(self: CellTree, tree: str) -> object:
        read.append(tree)
        return entries(self, tree)

    monkeypatch.setattr(CellTree, "entries", noting)
    assert tasks(filled)["backend-3"] == "Changed"
    assert len(set(read)) <= len(("root", "kinds", "sessions", "shard", "session"))


def test_a_cache_whose_parts_disagree_is_not_believed(filled: Path) -> None:
    first = tasks(filled)
    path = cache_of(filled)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["shards"][0][1] -= 1
    path.write_text(json.dumps(document), encoding="utf-8")
    git_store(filled).transact(lambda _: [spawned(3, "Changed")])
    assert tasks(filled) == {**first, "backend-3": "Changed"}


def test_what_is_acknowledged_and_not_recorded_shows_through_the_cache(filled: Path) -> None:
    tasks(filled)
    git_store(filled).journal(spawned(5, "Pending"))
    assert tasks(filled)["backend-5"] == "Pending"


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"signature":"other"}',
        b"\xff\xfe",
        b'{"signature":"S","tree":"x","things":[1]}',
        b'{"signature":"S","tree":"x","names":[],"directories":[],"things":{"count":1}}',
    ],
)
def test_a_damaged_cache_is_made_again(filled: Path, damage: bytes) -> None:
    before = tasks(filled)
    signature = json.loads(cache_of(filled).read_bytes())["signature"]
    cache_of(filled).write_bytes(damage.replace(b'"S"', json.dumps(signature).encode()))
    assert tasks(filled) == before
    assert json.loads(cache_of(filled).read_bytes())["things"]


def test_without_a_place_to_write_it_answers_all_the_same(filled: Path) -> None:
    Layout(filled).cache.write_text("in the way")
    assert len(tasks(filled)) == MANY


STAMP = "20261003T120401.002+000.q7f3k"
EVERYTHING: dict[str, Value] = {
    "name": "backend-jwt",
    "branch": "ccc/backend/jwt",
    "after": ["one"],
    "run.2": {"status": "running", "why": "turn 1"},
    "claim": {"state": "done", "commit": "c" * 40, "how": "trailer"},
    "verification": {
        "commit": "c" * 40,
        "state": "passed",
        "commands": [{"command": "make", "exit": 0, "ms": 1250, "at": "then"}],
    },
    "rejection": {"head": "c" * 40, "why": "no", "by": "lead"},
    "landed": {"commit": "c" * 40, "head": "c" * 40},
    "closed": {"before": "completed", "backup": None},
    "undone": {
        "commit": "c" * 40,
        "base": "b" * 40,
        "target": "main",
        "by": None,
        "again": None,
        "head": "c",
    },
    "request": {"url": "https://forge.example/1", "number": 1, "state": "open", "head": "c" * 40},
    "exhausted": {"what": "tokens", "why": "used up"},
    "start": {"prompt": "Begin"},
    "question.ab": {"text": "Which?", "choices": ["a", "b"]},
    "spent.1": {"input": 5, "micro_usd": 7},
    "limits": {"seconds": 60},
    "reminded.2": 1,
}


def through_json(session: Session | None) -> Session | None:
    (found,) = through_json_all([session])
    return found


def through_json_all(found: Sequence[Session | None]) -> list[Session | None]:
    return ROWS.decode(json.loads(json.dumps(ROWS.encode(found))))


@given(session_records())
def test_a_row_is_the_session_again(session: Session) -> None:
    assert through_json(session) == session


@given(lists(none() | session_records(), max_size=5))
def test_columns_are_the_sessions_again(found: list[Session | None]) -> None:
    assert through_json_all(found) == found


def test_what_all_have_in_common_is_kept_once() -> None:
    cells = {field: (STAMP, value) for field, value in EVERYTHING.items()}
    several = [ROWS.parse(f"{number:032x}", cells) for number in range(3)]
    columns = ROWS.encode(several)["columns"]
    assert [len(column) for column in columns] == [3] + [1] * (len(columns) - 1)


def test_a_row_holds_every_part_of_a_session() -> None:
    session = ROWS.parse("7f" * 16, {field: (STAMP, value) for field, value in EVERYTHING.items()})
    assert session is not None
    kinds = {name: kind.split(" | ")[0] for name, kind in Session.__annotations__.items() if "None" in kind}
    parts = [name for name, kind in kinds.items() if kind not in ("str", "int")]
    assert [name for name in parts if getattr(session, name) is None] == []
    assert session.questions
    assert through_json(session) == session


def test_a_stub_has_no_session_and_a_row_of_nothing() -> None:
    assert through_json(ROWS.parse("7f" * 16, {"reaped": (STAMP, 1)})) is None


@pytest.mark.parametrize("delivered", [None, {"run": 1, "turn": 2, "at": "then"}])
def test_a_row_is_the_message_again(delivered: Value) -> None:
    fields: dict[str, Value] = {"text": "Hello", "to": "7f" * 16, "from": "s:1", "delivered": delivered}
    message = MESSAGES.parse("ab", {field: (STAMP, value) for field, value in fields.items()})
    assert message is not None
    assert (message.delivered is None) == (delivered is None)
    assert MESSAGES.decode(json.loads(json.dumps(MESSAGES.encode([message])))) == [message]
    assert MESSAGES.decode(MESSAGES.encode([None, message, None])) == [None, message, None]
