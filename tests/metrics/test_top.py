"""`git ccc metrics top`: what a session's processes really use."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from ccc.platform import loads, readers, trees
from tests.metrics.conftest import Starts
from tests.support.agents import until
from tests.support.program import Outcome, RunsCcc
from tests.support.repository import Repo

MARK = "TEST_LOADS"
EATER = "import time; kept = bytearray(64 << 20); print(1, flush=True)\nwhile True: time.sleep(0.0)"


def test_processes_in_sessions_of_their_own_are_found_by_how_they_were_started() -> None:
    environment = {**os.environ, MARK: f"run.{os.getpid()}"}
    with subprocess.Popen(
        [sys.executable, "-c", EATER], env=environment, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            process.stdout.read(1)
            before = time.time()
            found = loads.of_runs({f"run.{os.getpid()}": None, "nobody": None}, MARK)
            until(
                lambda: (
                    loads.of_runs({f"run.{os.getpid()}": None}, MARK)[f"run.{os.getpid()}"].tree.seconds > 0
                ),
                "its processor time",
            )
            apart = loads.of_runs({f"run.{os.getpid()}": None}, MARK, (EATER.encode() + b"\0",))
        finally:
            process.kill()
    tree = found[f"run.{os.getpid()}"].tree
    assert tree.count == 1
    assert 64 << 20 < tree.memory < 200 << 20
    assert tree.since is not None
    assert before - 60 < tree.since < before + 1
    assert found["nobody"] == loads.Loads(loads.Load(), loads.Load())
    assert apart[f"run.{os.getpid()}"].tree == loads.Load()


def test_a_host_that_an_agent_of_another_run_started_is_none_of_its_tools() -> None:
    with subprocess.Popen(
        ["sh", "-c", "sh -c 'sleep 60 & echo $$; wait' & wait"], stdout=subprocess.PIPE, text=True
    ) as outer:
        try:
            assert outer.stdout is not None
            inner = int(outer.stdout.readline())
            until(lambda: len(trees.descendants(inner)) == 1, "what the inner one started")
            found = loads.of_runs({"outer": outer.pid, "inner": inner}, MARK)
        finally:
            for pid in trees.descendants(outer.pid):
                os.kill(pid, signal.SIGKILL)
    assert {run: each.tree.count for run, each in found.items()} == {"outer": 0, "inner": 1}
    assert found["inner"].host.memory > 0


def test_a_rest_ends_with_the_reader() -> None:
    read, write = os.pipe()
    with os.fdopen(write, "w") as stream:
        readers.rest(stream, 0.0)
        os.close(read)
        with pytest.raises(BrokenPipeError):
            readers.rest(stream, 30.0)
    readers.rest(io.StringIO(), 0.0)


@pytest.mark.slow
def test_a_busy_session_is_above_a_sleeping_one_and_both_with_all_they_started(
    start: Starts, ready: Repo, ccc: RunsCcc
) -> None:
    asleep = start([{"daemon": {}}, {"wait": {"file": "never"}}])
    busy = start([{"run": ["sh", "-c", "while :; do :; done"]}])
    until(lambda: len(asleep.processes()) >= 3, "its daemons")
    until(lambda: len(busy.processes()) >= 2, "its loop")

    def busy_above() -> dict[str, Any] | None:
        now: dict[str, Any] = ccc("metrics", "top", "--json", exit=0).json
        first, second = now["sessions"]
        return now if (first["name"], second["agent"]["cpu"]) == (busy.name, 0) else None

    found = until(busy_above, "the busy one above the one at rest")
    first, second = found["sessions"]
    assert first["agent"]["cpu"] > second["agent"]["cpu"]
    assert second["agent"]["processes"] == len(asleep.processes())
    assert second["agent"]["memory"] > second["host"]["memory"] > 5 << 20
    assert found["total"]["processes"] == sum(
        row[who]["processes"] for row in found["sessions"] for who in ("agent", "host")
    )
    assert len(ccc("metrics", "top", "-n", "1", exit=0).stdout.splitlines()) == 3
    command = [sys.executable, "-m", "ccc", "metrics", "top", "-w", "--json"]
    with subprocess.Popen(command, cwd=ready.path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
    two = Outcome((), 0, "".join(lines), "").json_lines
    assert [each["sessions"][0]["name"] for each in two] == [busy.name] * 2
    ccc("stop", "--all", exit=0)
    assert ccc("metrics", "top", exit=0).stdout == "no session runs on this machine\n"
