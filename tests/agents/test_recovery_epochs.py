"""Never two agents in one worktree, never two hosts on one conversation, whatever is halted or deleted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ccc.host.fence import Fence
from ccc.platform import locks
from ccc.runs.files import SessionFiles
from ccc.runs.order import Order
from tests.agents.conftest import Starts
from tests.agents.killing import at_work, kill, runs_of, taken_up
from tests.support.agents import DONE, Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

WORKS = [{"edit": {"path": "one", "content": "1"}}, {"wait": {"file": "go"}}, *DONE]


def test_a_run_counts_until_its_folder_or_a_later_run_says_otherwise(tmp_path: Path) -> None:
    session = SessionFiles(tmp_path / "session")
    session.run(1).root.mkdir(parents=True)
    lock = os.open(session.lock, os.O_RDWR | os.O_CREAT)
    fence = Fence(session, 1, lock, seconds=0.0)
    assert fence.breach() is None
    session.run(2).root.mkdir()
    assert fence.breach() is None, "an order that no host took replaces nobody"
    session.lock.unlink()
    assert fence.breach() is None
    assert session.lock.exists(), "a lock whose file was deleted is taken again"
    session.lock.unlink()
    other = os.open(session.lock, os.O_RDWR | os.O_CREAT)
    locks_it(other)
    assert fence.breach() == "another process holds the session's lock"
    os.close(other)
    assert fence.breach() is None
    session.run(2).life.write_text("{}", encoding="ascii")
    assert fence.breach() == "a later run has begun"
    shutil.rmtree(session.run(2).root)
    session.run(1).exit.write_text("{}", encoding="ascii")
    assert fence.breach() == "somebody has ended this run"
    shutil.rmtree(session.run(1).root)
    assert fence.breach() == "its folder is gone"
    os.close(lock)


def test_an_order_of_a_later_ccc_is_read_without_what_only_that_one_knows(tmp_path: Path) -> None:
    files = SessionFiles(tmp_path / "session").run(1)
    order = Order("7f", "backend-a", "backend", 1, "claude", "/nowhere", "Go", "", "c", "1 2 3")
    order.write(files)
    assert Order.read(files) == order
    written = json.loads(files.order.read_text(encoding="ascii"))
    files.order.write_text(json.dumps({**written, "of_tomorrow": [1]}), encoding="ascii")
    assert Order.read(files) == order
    files.order.write_text(json.dumps({**written, "format": 99}), encoding="ascii")
    assert Order.read(files) is None


def locks_it(descriptor: int) -> None:
    """Locks through another process: a lock of this one would not be in its own way."""
    code = f"import fcntl; fcntl.flock({descriptor}, fcntl.LOCK_EX)"
    subprocess.run([sys.executable, "-c", code], pass_fds=(descriptor,), check=True)


@pytest.mark.slow
def test_a_halted_host_whose_run_was_replaced_writes_nothing_and_ends_its_agent(
    start: Starts, ccc: RunsCcc
) -> None:
    """The folder of its runs is deleted while it stands still, and somebody starts the session anew."""
    agent = start([{"daemon": {}}, *WORKS])
    at_work(agent)
    until(lambda: len(agent.processes()) >= 3, "the agent, its child and its daemon")
    host, first = agent.pid("host"), agent.processes()
    os.kill(host, signal.SIGSTOP)
    shutil.rmtree(agent.runs / agent.id)
    (agent.runs.parent / "hosts" / agent.id).unlink()
    (agent.path / "one").unlink()
    for pid in first:
        os.kill(pid, signal.SIGSTOP)  # as on a machine that froze: nobody of it can end by itself
    ccc("start", agent.name, exit=0)
    number = runs_of(agent)[-1]
    taken_up(agent, number)
    os.kill(host, signal.SIGCONT)
    until(lambda: not Path(f"/proc/{host}").exists() or _is_dead(host), "the end of the replaced host")
    assert not any(Path(f"/proc/{pid}").exists() and not _is_dead(pid) for pid in first)
    assert runs_of(agent) == [number]
    assert agent.status()["status"] == "running"
    assert agent.pid("agent") in agent.processes()


def _is_dead(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state in "ZX"


@pytest.mark.slow
def test_a_host_that_stood_still_and_was_not_replaced_goes_on(start: Starts, ccc: RunsCcc) -> None:
    agent = start(WORKS)
    at_work(agent)
    host = agent.pid("host")
    os.kill(host, signal.SIGSTOP)
    ccc("drain", "--recover", exit=0)
    assert runs_of(agent) == [1], "halted is not dead"
    os.kill(host, signal.SIGCONT)
    (agent.path / "go").write_text("", encoding="utf-8")
    agent.becomes("unchecked")
    assert (runs_of(agent), agent.pid("host")) == ([1], host)


@pytest.mark.slow
def test_a_deleted_lock_file_lets_nobody_in(start: Starts, ccc: RunsCcc) -> None:
    agent = start(WORKS)
    at_work(agent)
    lock = agent.runs / agent.id / "lock"
    lock.unlink()
    assert ccc("start", agent.name, exit=1).stderr.startswith(f"error: {agent.name} is ")
    until(lock.exists, "its lock, taken again")
    kill(agent)
    ccc("drain", "--recover", exit=0)
    taken_up(agent, 2)
    assert agent.processes() == [agent.pid("agent")]


HIDES = """
setsid env -i sleep 300 &
echo $! >hidden.new && mv hidden.new "hidden-$1"
echo at it
exec sleep 300
"""


@pytest.mark.slow
def test_who_keeps_the_lock_of_a_dead_run_is_ended_before_the_next_begins(ready: Repo, ccc: RunsCcc) -> None:
    """A tool that hides: no marker in its environment, no living parent; but it inherited the lock."""
    script = ready.path.parent / "hides.sh"
    script.write_text(HIDES, encoding="utf-8")
    command = f'command = ["sh", "{script}", "1"]\nresume = ["sh", "{script}", "2"]\n'
    ready.write(".ccc/config.toml", f"[engines.own]\n{command}")
    made = ccc("spawn", "backend", "Own", "--engine", "own", "--json", exit=0).json["sessions"][0]
    agent = Agent(made["name"], made["id"], Path(made["worktree"]), ccc, ready.common / "ccc" / "runs")
    try:
        until((agent.path / "hidden-1").exists, "its tool")
        until(lambda: agent.life()["begun"], "its first word")
        hidden = int((agent.path / "hidden-1").read_text(encoding="ascii"))
        kill(agent)
        assert not _is_dead(hidden)
        ccc("drain", "--recover", exit=0)
        until((agent.path / "hidden-2").exists, "the next run")
        assert _is_dead(hidden)
    finally:
        agent.end()
        for pid in locks.keepers(agent.runs / agent.id / "lock"):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_conversation_that_is_being_worked_is_not_taken_up_a_second_time(
    start: Starts, ccc: RunsCcc, ready: Repo
) -> None:
    agent = start(WORKS)
    at_work(agent)
    for command in (("start",), ("resume",)):
        refused = ccc(*command, agent.name, exit=1)
        assert refused.stderr.startswith(f"error: {agent.name} is ")
    several = [
        subprocess.Popen(
            [sys.executable, "-m", "ccc", "resume", agent.name],
            cwd=ready.path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    kill(agent)
    several += [subprocess.Popen([sys.executable, "-m", "ccc", "drain", "--recover"], cwd=ready.path)]
    for each in several:
        each.wait(timeout=60)
    number = runs_of(agent)[-1]
    taken_up(agent, number)
    assert [pid for pid in agent.processes() if pid == agent.pid("agent")] == agent.processes()
    memories = list((agent.runs / agent.id).glob("rehearsal-*.json"))
    assert len(memories) == 1
