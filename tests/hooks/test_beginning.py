"""A drain that just begins is not started a second time, by whomever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccc.git import hookfiles
from ccc.layout import Layout
from tests.support.agents import until
from tests.support.repository import Repo

LEADERS = pytest.mark.parametrize("leads", [True, False], ids=["group leader", "in a hook's group"])


class Drains:
    """The drain script with a Python that says it was started and stays until it is killed."""

    def __init__(self, repo: Repo, folder: Path) -> None:
        self.layout = Layout(repo.common)
        self.layout.root.mkdir()
        self._starts = folder / "starts"
        python = folder / "python"
        python.write_text(
            f"#!{sys.executable} -S\n"
            f"import os, time\n"
            f"with open({str(self._starts)!r}, 'a') as file: file.write(f'{{os.getpid()}}\\n')\n"
            "time.sleep(60)\n"
        )
        python.chmod(0o755)
        script = hookfiles.drain_script(repo.common, str(python))
        self.layout.drain_script.write_text(script)
        self.layout.drain_script.chmod(0o755)

    def start(self, *, leads: bool) -> subprocess.Popen[bytes]:
        return subprocess.Popen([self.layout.drain_script], start_new_session=leads)

    def pids(self, count: int) -> list[int]:
        """The processes that were started, once there are so many."""

        def found() -> list[int] | None:
            pids = [int(line) for line in self._starts.read_text().split()] if self._starts.exists() else []
            return pids if len(pids) >= count else None

        pids: list[int] = until(found, f"{count} drains")
        return pids


@pytest.fixture
def drains(repo: Repo, tmp_path: Path) -> Iterator[Drains]:
    made = Drains(repo, tmp_path)
    yield made
    for pid in made.pids(1):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


@LEADERS
def test_one_begins_and_the_others_leave_it_to_that(drains: Drains, leads: bool) -> None:
    first = drains.start(leads=leads)
    drains.pids(1)
    for _ in range(3):
        assert drains.start(leads=leads).wait(60) == 0
    assert drains.pids(1) == [first.pid]
    first.kill()
    first.wait()


@LEADERS
def test_after_one_that_was_killed_the_next_begins(drains: Drains, leads: bool) -> None:
    first = drains.start(leads=leads)
    drains.pids(1)
    first.kill()
    first.wait()
    second = drains.start(leads=leads)
    assert drains.pids(2) == [first.pid, second.pid]
    second.kill()
    second.wait()


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "999999999"])
def test_a_mark_that_means_nobody_keeps_none_from_beginning(drains: Drains, text: str) -> None:
    drains.layout.drain_begins.write_text(f"{text}\n")
    with drains.start(leads=False) as process:
        drains.pids(1)
        process.kill()


def test_the_number_of_another_program_keeps_none_from_beginning(drains: Drains) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        drains.layout.drain_begins.write_text(f"{other.pid}\n")
        with drains.start(leads=False) as process:
            drains.pids(1)
            process.kill()
        other.kill()
