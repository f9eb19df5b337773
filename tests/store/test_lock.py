"""The lock of a repository: who waits gets it in turn, whoever gives up leaves nothing behind."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from ccc.errors import StoreBusy
from ccc.platform import locks
from ccc.runs.drain import held
from ccc.store.lock import in_turn, locked
from tests.support.agents import until
from tests.support.program import PROJECT

HOLDS = """
import sys, time
from pathlib import Path
from ccc.runs.drain import held
from ccc.store.lock import in_turn, locked
with locked(Path(sys.argv[1])):
    print("has it", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ccc" / "lock"


@pytest.fixture
def other(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until it hears something."""
    command = [sys.executable, "-c", HOLDS, str(path)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "has it\n"
        yield process
        process.kill()


def lets_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def is_free(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def wait(path: Path, count: int) -> bool:
    """Whether so many wait for it, as the system says."""
    inode = path.stat().st_ino
    rows = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return sum("-> FLOCK" in row and f":{inode} " in row for row in rows) >= count


def test_the_folder_is_made_and_the_lock_is_free_afterwards(path: Path) -> None:
    with locked(path):
        assert not is_free(path)
    assert is_free(path)


def test_who_waits_gets_it_as_soon_as_it_is_free(path: Path, other: subprocess.Popen[str]) -> None:
    threading.Timer(0.2, lets_go, [other]).start()
    began = time.monotonic()
    with locked(path):
        assert time.monotonic() - began > 0.1
        assert locks.holders(path) in ([os.getpid()], None)


def test_who_may_not_wait_is_told_at_once_by_whom_it_is_held(
    path: Path, other: subprocess.Popen[str]
) -> None:
    with pytest.raises(StoreBusy, match=f"by process {other.pid} for more than 0 s"), locked(path, timeout=0):
        pass


def test_who_gave_up_does_not_hold_it_later(path: Path, other: subprocess.Popen[str]) -> None:
    for _ in range(3):
        with pytest.raises(StoreBusy), locked(path, timeout=0.05):
            pass
    lets_go(other)
    assert other.wait(20) == 0
    until(lambda: is_free(path), "the free lock", patience=10.0)
    with locked(path, timeout=5.0):
        pass


def test_a_killed_holder_leaves_it_free(path: Path, other: subprocess.Popen[str]) -> None:
    other.kill()
    with locked(path, timeout=10.0):
        pass


def test_they_get_it_in_the_order_in_which_they_came(path: Path, other: subprocess.Popen[str]) -> None:
    got: list[int] = []

    def takes(number: int) -> None:
        with locked(path, timeout=20.0):
            got.append(number)
            time.sleep(0.01)

    waiting = [threading.Thread(target=takes, args=(number,)) for number in range(6)]
    for number, thread in enumerate(waiting, 1):
        thread.start()
        until(partial(wait, path, number), "another one that waits")
    lets_go(other)
    for thread in waiting:
        thread.join(20)
    assert got == sorted(got)
    assert len(got) == len(waiting)


def test_a_lock_file_that_was_removed_meanwhile_is_made_again(
    path: Path, other: subprocess.Popen[str]
) -> None:

    def removes() -> None:
        path.unlink()
        lets_go(other)

    threading.Timer(0.2, removes).start()
    with locked(path, timeout=10.0):
        assert path.exists()
        assert not is_free(path)


def test_work_done_for_all_is_done_by_one_while_one_more_waits(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    order: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def work(name: str) -> None:
        with in_turn(path, timeout=30) as mine:
            order.append(f"{name} {'works' if mine else 'leaves it'}")
            if name == "first":
                begun.set()
                go_on.wait(30)

    first, second = (threading.Thread(target=work, args=[name]) for name in ("first", "second"))
    first.start()
    assert begun.wait(30)
    second.start()
    until(lambda: held(path.with_name("lock.next")), "somebody who waits")
    work("third")
    go_on.set()
    for thread in (first, second):
        thread.join(30)
    work("fourth")
    assert order == ["first works", "third leaves it", "second works", "fourth works"]


def test_who_waits_in_turn_gives_up_in_time_and_lets_the_next_wait(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with locked(path):
        for _ in range(2):
            with pytest.raises(StoreBusy), in_turn(path, timeout=0.01):
                pass
    with in_turn(path, timeout=0.01) as mine:
        assert mine
