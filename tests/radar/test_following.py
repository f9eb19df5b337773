"""`conflicts -f` shows them again whenever they change, until it is interrupted."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.flow.conftest import Spawns
from tests.radar.test_check import edit, pair
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

SECONDS = 30.0


class Followed:
    """What a process prints, line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def end(self) -> None:
        """Interrupts it, as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=SECONDS)
        self._reader.join(SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def next(self) -> str:
        """The next line; fails after SECONDS."""
        return self._lines.get(timeout=SECONDS)

    def until(self, part: str) -> list[str]:
        """The next lines, up to the first with this in it."""
        found = [self.next()]
        while part not in found[-1]:
            found.append(self.next())
        return found

    @property
    def is_silent(self) -> bool:
        return self._lines.empty()


@contextmanager
def following(place: Path, *options: str) -> Iterator[Followed]:
    process = subprocess.Popen(
        [sys.executable, "-m", "ccc", "conflicts", "-f", *options],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    followed = Followed(process)
    try:
        yield followed
    finally:
        followed.end()


def test_each_change_is_a_line_of_json(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    one, two = pair(ready, spawn)
    ccc("conflicts", "--now", exit=0)
    with following(ready.path, "--json") as followed:
        assert json.loads(followed.next())["pairs"] == []
        edit(one, 3, "mine")
        edit(two, 3, "theirs")
        ccc("conflicts", "--now", exit=3)
        (shown,) = json.loads(followed.next())["pairs"]
        assert (shown["a"], shown["b"], shown["uncommitted"]) == (one.name, two.name, True)
        ccc("conflicts", "--now", exit=3)
        one.tree.git("checkout", "-q", "--detach")
        ccc("conflicts", "--now", exit=3)
        unseen = json.loads(followed.next())
        assert [each["name"] for each in unseen["unseen"]] == [one.name], "nothing was shown twice"
        one.tree.git("checkout", "-q", "ccc/backend/one")
        edit(one, 3, "line 3")
        ccc("conflicts", "--now", exit=0)
        last = json.loads(followed.until('"pairs": []')[-1])
        if last["unseen"]:  # the fact that the conflict is gone comes a moment before it
            last = json.loads(followed.next())
        assert (last["pairs"], last["unseen"]) == ([], [])
        assert followed.is_silent
    assert followed.process.returncode == 130


def test_people_see_it_with_an_empty_line_between(ready: Repo, spawn: Spawns, ccc: RunsCcc) -> None:
    one, two = pair(ready, spawn)
    ccc("conflicts", "--now", exit=0)
    with following(ready.path) as followed:
        assert followed.next().startswith("no conflicts; looked at ")
        edit(one, 3, "mine")
        edit(two, 3, "theirs")
        ccc("conflicts", "--now", exit=3)
        heading, *_, last = followed.until("app.py")
        assert (heading, last) == ("", "  app.py: 3 | 3")
    assert followed.process.returncode == 130
