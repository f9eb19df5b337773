"""An agent's run from its start to its end, with a rehearsed agent in real processes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ccc.platform import trees
from ccc.runs import drain
from tests.agents.conftest import Starts
from tests.support.agents import DONE, Agent, until
from tests.support.program import RunsCcc
from tests.support.repository import Repo

STAYS = [{"wait": {"seconds": 300}}]

pytestmark = pytest.mark.cold


def test_an_agent_works_reports_and_is_checked(
    start: Starts, ccc: RunsCcc, diary: Callable[[], list[str]], ready: Repo
) -> None:
    agent = start(DONE)
    assert ccc("wait", agent.name, "--timeout", "40").exit == 0
    now = agent.becomes("unchecked")
    assert (now["engine"].partition(":")[0], now["runner"], now["where"] is not None) == (
        "rehearsal",
        "local",
        True,
    )
    head = ready.git("rev-parse", f"{agent.name and now['branch']}")[:7]
    told = [line for line in diary() if line.startswith(agent.name)]
    assert told[0].startswith(f"{agent.name}: spawned on ccc/backend/a-part from main ")
    assert told[1:5] == [
        f"{agent.name}: started rehearsal",
        f"{agent.name}: committed {head} Do the part",
        f"{agent.name}: reported done at {head}",
        f"{agent.name}: idle: turn 1 ended",
    ] or set(told[1:5]) < set(told)
    assert ccc("merge", agent.name, "--yes").exit == 0
    assert agent.status()["status"] == "completed"


def test_a_running_agent_is_seen_alive_and_stopped_whole(start: Starts, ccc: RunsCcc) -> None:
    agent = start([{"daemon": {}}, *STAYS])
    agent.becomes("running")
    until(lambda: len(agent.processes()) >= 3, "the agent, its child and its daemon")
    evidence = agent.status()["evidence"]
    assert any(f"pid {agent.pid('agent')} alive" in each["what"] for each in evidence)
    ccc("stop", agent.name, exit=0)
    assert agent.processes() == []
    assert not Path(f"/proc/{agent.pid('host')}").exists() or trees.descendants(agent.pid("host")) == []
    assert agent.status()["status"] == "stopped"
    assert ccc("stop", agent.name).stderr.splitlines()[0].endswith(f"nothing runs in {agent.name}")


@pytest.mark.slow
def test_a_killed_agent_goes_on_in_the_same_conversation(
    start: Starts, diary: Callable[[], list[str]]
) -> None:
    agent = start([{"edit": {"path": "one", "content": "1"}}, {"wait": {"file": "go"}}, *DONE])
    agent.becomes("running")
    until((agent.path / "one").exists, "the first step")
    before = agent.life()
    os.kill(agent.pid("agent"), signal.SIGKILL)
    until(
        lambda: agent.life()["restarts"] == 1 and agent.life()["agent"] not in (None, before["agent"]),
        "a restart",
    )
    (agent.path / "go").write_text("", encoding="utf-8")
    assert agent.becomes("unchecked")["restarts"] == 1
    assert f"{agent.name}: restarted after signal SIGKILL" in diary()
    assert f"{agent.name}: resumed rehearsal" in diary()


@pytest.mark.slow
def test_one_crash_more_than_restarts_are_allowed_ends_the_run(
    ready: Repo, start: Starts, ccc: RunsCcc
) -> None:
    ready.write(".ccc/config.toml", "[session]\nrestarts = 1\n")
    agent = start([{"crash": {"exit": 3, "always": True}}])
    now = agent.becomes("failed")
    assert now["evidence"][0] == {
        "source": "exit",
        "what": "exit 3, restarted 1 times before, exit 3",
        "at": now["evidence"][0]["at"],
    }
    item = ccc("inbox", "--json", exit=0).json["items"][0]
    assert (item["kind"], item["session"]) == ("failure", agent.id)


@pytest.mark.slow
def test_a_second_start_is_refused(start: Starts, ccc: RunsCcc) -> None:
    agent = start(STAYS)
    agent.becomes("running")
    refused = ccc("start", agent.name, exit=1)
    assert refused.stderr.splitlines()[0] == f"error: {agent.name} is running already"
    assert len([pid for pid in agent.processes() if pid == agent.pid("agent")]) == 1


@pytest.mark.slow
def test_an_agent_stopped_before_its_first_word_goes_on_with_the_engine_it_was_started_with(
    ready: Repo, ccc: RunsCcc, tmp_path: Path
) -> None:
    script = tmp_path / "script.yml"
    script.write_text(yaml.safe_dump({"turns": [{"steps": DONE}]}), encoding="utf-8")
    session = ccc("spawn", "backend", "A part", "--no-start", "--json", exit=0).json["sessions"][0]
    ccc("start", session["name"], "--engine", f"rehearsal:{script}", exit=0)
    ccc("stop", session["name"], exit=0)
    assert f"rehearsal:{script}" in ccc("resume", session["name"], exit=0).stdout
    agent = Agent(
        session["name"], session["id"], Path(session["worktree"]), ccc, ready.path / ".git" / "ccc" / "runs"
    )
    agent.becomes("unchecked")


def test_a_paused_agent_stands_still_until_resumed(start: Starts, ccc: RunsCcc) -> None:
    agent = start([{"wait": {"seconds": 0.2}}, {"wait": {"file": "go"}}, *DONE])
    agent.becomes("running")
    ccc("pause", agent.name, exit=0)
    assert agent.status()["status"] == "paused"
    state = Path(f"/proc/{agent.pid('agent')}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    assert state == "T"
    ccc("resume", agent.name, exit=0)
    (agent.path / "go").write_text("", encoding="utf-8")
    agent.becomes("unchecked")


HOLDS = """
import fcntl, pathlib, sys, time
lock, holds, lets_go = (pathlib.Path(word) for word in sys.argv[1:])
with lock.open("a") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    holds.touch()
    while not lets_go.exists():
        time.sleep(0.05)
"""


@pytest.mark.slow
@pytest.mark.parametrize("lock", ["lock", "drain.lock", "worker.lock"])
def test_a_command_of_a_paused_agent_that_holds_a_lock_goes_on_until_it_lets_go(
    start: Starts, ccc: RunsCcc, ready: Repo, lock: str
) -> None:
    path, (holds, lets_go) = ready.common / "ccc" / lock, (ready.path / name for name in ("holds", "lets-go"))
    command = [sys.executable, "-c", HOLDS, *map(str, (path, holds, lets_go))]
    agent = start([{"run": {"command": command}}, *DONE])
    until(holds.exists, "the command")
    ccc("pause", agent.name, exit=0)
    assert agent.status()["status"] == "paused"
    lets_go.touch()
    until(lambda: not drain.held(path), "the end of the command", patience=20.0)
    assert agent.status()["status"] == "paused"
    ccc("note", "It still works", exit=0)
    ccc("resume", agent.name, exit=0)
    agent.becomes("unchecked")


@pytest.mark.slow
def test_failed_checks_go_back_to_the_agent_once(ready: Repo, ccc: RunsCcc, start: Starts) -> None:
    makefile = "ccc-backend:\n\t@test -f good || { echo the part is missing; exit 1; }\n"
    ready.commit("Check", Makefile=makefile)
    agent = start(
        DONE,
        [{"edit": {"path": "good", "content": ""}}, {"commit": {"message": "Mend it", "status": "done"}}],
    )
    assert agent.becomes("verified")["status"] == "verified"
    said = ccc("log", agent.name, "--type", "message.sent", "--json", exit=0).json["events"]
    assert len(said) == 1
    assert "the part is missing" in ready.git(
        "grep", "-h", "checks of your work", "refs/ccc", "--", "messages"
    )


@pytest.mark.slow
def test_what_an_agent_floods_and_garbles_is_survived(start: Starts, diary: Callable[[], list[str]]) -> None:
    agent = start(
        [{"garble": {}}, {"flood": {"megabytes": 10, "one": True}}, {"flood": {"megabytes": 2}}, *DONE]
    )
    agent.becomes("unchecked")
    assert any("printed something unreadable" in line for line in diary())


@pytest.mark.slow
def test_an_agent_above_the_caller_is_seen_though_variables_are_unset(start: Starts, ready: Repo) -> None:
    """The attack: unset the markers, leave the worktree, approve."""
    escape = "unset CCC_SESSION CLAUDECODE CCC_NAME CCC_ROLE CCC_RUN; cd /"
    approve = f"{sys.executable} -E -P -m ccc -C {ready.path} approve backend-a-part"
    command = f"{escape}; {approve} 2>{ready.path}/said; echo $? >{ready.path}/code"
    agent = start([*DONE, {"run": ["sh", "-c", command]}])
    agent.becomes("unchecked")
    until((ready.path / "code").exists, "the approval's exit code")
    until(lambda: (ready.path / "code").read_text(encoding="ascii").strip(), "the code")
    assert (ready.path / "code").read_text(encoding="ascii").strip() == "3"
    assert "above this one is an agent" in (ready.path / "said").read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_an_agent_left_running_on_its_own_decides_nothing_either(start: Starts, ready: Repo) -> None:
    """The attack: fork twice into a session of one's own, and approve when the parents are gone."""
    approve = f"{sys.executable} -E -P -m ccc -C {ready.path} approve backend-a-part"
    later = f"while [ $(ps -o ppid= -p $$) = $OLD ]; do sleep 0.05; done; cd /; {approve} 2>{ready.path}/said"
    (ready.path / "later").write_text(f"{later}; echo $? >{ready.path}/code\n", encoding="utf-8")
    clean = "env -i PATH=$PATH HOME=$HOME"
    command = f"{clean} setsid sh -c 'OLD=$$ setsid sh {ready.path}/later >/dev/null 2>&1 &'"
    agent = start([*DONE, {"run": ["sh", "-c", command]}])
    agent.becomes("unchecked")
    until(lambda: (ready.path / "code").exists() and (ready.path / "code").read_text("ascii"), "the code")
    said = (ready.path / "said").read_text(encoding="utf-8")
    assert (ready.path / "code").read_text(encoding="ascii").strip() == "3", said
    assert "above this one hosts an agent" in said


@pytest.mark.slow
def test_a_silent_agent_is_started_again_and_then_given_up(ready: Repo, start: Starts) -> None:
    ready.write(".ccc/config.toml", '[session]\nsilence = "1s"\nrestarts = 1\n')
    agent = start([{"hang": {}}])
    now = agent.becomes("failed", patience=60)
    assert "silence for 1 s" in now["evidence"][0]["what"]
    assert now["restarts"] == 1


@pytest.mark.slow
def test_a_lock_that_a_killed_git_left_is_no_obstacle(start: Starts, ready: Repo) -> None:
    lock = ready.path / ".git" / "worktrees" / "ccc-backend-a-part" / "index.lock"
    agent = start([{"run": ["sh", "-c", f": >{lock}"]}, {"crash": {"signal": "KILL"}}, *DONE])
    assert agent.becomes("unchecked")["restarts"] == 1


@pytest.mark.slow
def test_who_waits_for_another_starts_after_it_or_is_blocked_with_it(start: Starts, ccc: RunsCcc) -> None:
    first = start([{"wait": {"file": "go"}}, *DONE], task="First")
    second = start(more("second.txt"), task="Second", options=("--after", first.name))
    assert second.status()["evidence"][0]["what"] == f"waits for {first.name}"
    assert second.status()["status"] == "queued"
    first.becomes("running")
    (first.path / "go").write_text("", encoding="utf-8")
    second.becomes("unchecked")
    third = start([{"fail": "it is broken"}], task="Third")
    fourth = start(DONE, task="Fourth", options=("--after", third.name))
    now = fourth.becomes("blocked")
    assert now["evidence"][0]["what"] == f"{third.name} failed"


def more(path: str) -> list[dict[str, object]]:
    """Steps of an agent that adds a file to what it builds on."""
    edit: dict[str, object] = {"edit": {"path": path, "content": "done\n"}}
    return [edit, {"commit": {"message": f"Add {path}", "status": "done"}}]
