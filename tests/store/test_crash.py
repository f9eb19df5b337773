"""A writer killed between any two steps loses nothing and records nothing twice."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from ccc.store.crashpoints import STORE_POINTS
from tests.store.tools import faults_of, git_store, in_other_process, progress, reader_of, texts

BEGIN = "store.transact(lambda state: [progress('a1', 0)])\n"
JOURNAL = "store.journal(progress('a1', 1))\n"


def killed(common: Path, code: str, point: str) -> None:
    process = in_other_process(common, code, stop_at=point)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL, errors.decode()


def succeeded(common: Path, code: str) -> str:
    process = in_other_process(common, code)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors.decode()
    return out.decode()


@pytest.mark.parametrize("point", STORE_POINTS)
def test_a_drain_killed_anywhere_leaves_each_acknowledged_event_once(common: Path, point: str) -> None:
    store = git_store(common)
    store.transact(lambda state: [progress("a1", 0)])
    if point != "journal-written":
        store.journal(progress("a1", 1))
        store.journal(progress("b2", 1))
    killed(common, JOURNAL if point == "journal-written" else "store.drain()", point)
    expected = sorted(texts(reader_of(common)))
    printed = succeeded(common, "store.drain()\nprint(*texts(store), sep='\\n')")
    assert sorted(printed.splitlines()) == expected
    assert expected == sorted(set(expected))
    assert len(expected) == 2 if point == "journal-written" else 3
    assert texts(reader_of(common)) == printed.splitlines()
    assert faults_of(common) == []


@pytest.mark.parametrize(
    "point", [point for point in STORE_POINTS if point not in ("journal-written", "claimed", "unlinked")]
)
def test_a_decision_killed_anywhere_is_recorded_once_or_not_at_all(common: Path, point: str) -> None:
    git_store(common).transact(lambda state: [progress("a1", 0)])
    killed(common, "store.transact(lambda state: [progress('a1', 1)])", point)
    seen = texts(reader_of(common))
    assert len(seen) == (1 if point == "stamped" else 2)
    store = git_store(common)
    store.drain()
    assert texts(store) == seen
    assert faults_of(common) == []


@pytest.mark.parametrize("point", ["wal-written", "objects-written", "swapped"])
def test_the_very_first_event_survives_too(common: Path, point: str) -> None:
    killed(common, BEGIN, point)
    store = git_store(common)
    store.drain()
    assert texts(store) == ["a1: progress 0 %"]
    assert faults_of(common) == []


def test_killed_twice_in_a_row_still_once(common: Path) -> None:
    store = git_store(common)
    store.transact(lambda state: [progress("a1", 0)])
    store.journal(progress("a1", 1))
    for point in ("swapped", "marked-done", "claimed", "claimed", "wal-written", "swapped", "marked-done"):
        store.journal(progress("b2", 2))
        killed(common, "store.drain()", point)
    succeeded(common, "store.drain()")
    assert len(texts(store)) == 9
    assert sorted(texts(store)) == ["a1: progress 0 %", "a1: progress 1 %"] + 7 * ["b2: progress 2 %"]
    assert faults_of(common) == []


def test_eight_processes_appending_at_once_lose_nothing(common: Path) -> None:
    code = (
        "name = 'p' + sys.argv[1][-1] + str(__import__('os').getpid())\n"
        "for number in range(12):\n"
        "    store.journal(progress(name, number)) if number % 3 else "
        "store.transact(lambda state: [progress(name, number)], durable=False, timeout=60)\n"
        "    store.drain(timeout=60) if number % 4 == 3 else None\n"
    )
    processes = [in_other_process(common, code) for _ in range(8)]
    failures = [process.communicate(timeout=100)[1].decode() for process in processes]
    assert [failure for failure in failures if failure] == []
    store = git_store(common)
    store.drain()
    written = texts(store)
    assert len(written) == len(set(written)) == 8 * 12
    assert faults_of(common) == []
