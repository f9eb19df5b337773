"""Whoever asked to be told is told once what sessions come to: by a command, a webhook, the desktop."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ccc.platform import desktop, processes
from tests.agents.conftest import Starts
from tests.support.agents import DONE, until
from tests.support.program import RunsCcc
from tests.support.receiver import Receiver, receiving
from tests.support.repository import Repo

ASKS: list[dict[str, Any]] = [
    {"request": {"kind": "permission", "text": "May I?", "choices": ["allow", "deny"]}},
    *DONE,
]
SECRET = "correct horse battery staple"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def told(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """What the script at `tmp_path/tell` was given on its standard input, in order."""
    script, kept = tmp_path / "tell", tmp_path / "told.jsonl"
    script.write_text(f'#!/bin/sh\n{{ cat; echo; }} >>"{kept}"\n', encoding="utf-8")
    script.chmod(0o755)

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []

    return read


def configure(repo: Repo, *lines: str) -> None:
    """`[notify]` in the main checkout, not committed."""
    folder = repo.path / ".ccc"
    folder.mkdir(exist_ok=True)
    (folder / "config.toml").write_text("\n".join(["[notify]", *lines, ""]), encoding="utf-8")


def tend(ccc: RunsCcc) -> None:
    """A background drain, as a hook starts it, to its end."""
    ccc("drain", "--background", exit=0)


def answer(ccc: RunsCcc, choice: int = 1) -> None:
    (item,) = ccc("inbox", "--json", exit=0).json["items"]
    ccc("answer", item["id"][:8], "--choice", str(choice), exit=0)


@pytest.mark.slow
def test_everybody_is_told_each_thing_once_and_it_is_signed(
    ready: Repo,
    ccc: RunsCcc,
    start: Starts,
    receiver: Receiver,
    told: Callable[[], list[dict[str, Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = _notify_send(tmp_path, monkeypatch)
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    url, script = f'webhook = "{receiver.url}"', f'command = ["{tmp_path / "tell"}"]'
    configure(ready, script, url, 'webhook_secret_env = "HOOK_SECRET"', "desktop = true")
    agent = start(ASKS)
    agent.becomes("waiting")
    until(lambda: told() and receiver.got and shown(), "the question, told by all three")
    assert "HOOK_SECRET" in _environment_of(agent.pid("host"))
    assert "HOOK_SECRET" not in _environment_of(agent.pid("agent"))
    answer(ccc)
    agent.becomes("unchecked")
    until(lambda: min(len(told()), len(receiver.got), len(shown())) == 2, "that it is done")
    for _ in range(2):
        tend(ccc)
    assert [each["status"] for each in told()] == ["waiting", "unchecked"]
    assert [each["id"] for each in told()] == [each["id"] for each in receiver.got]
    assert [each["title"] for each in told()] == shown()
    first = told()[0]
    assert (first["name"], first["text"], first["format"]) == (agent.name, "May I?", 1)
    assert first["command"].startswith("git ccc answer ")
    for headers, body in zip(receiver.headers, receiver.bodies, strict=True):
        right = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert headers["X-Ccc-Signature"] == f"sha256={right}"
        assert headers["X-Ccc-Notice"] == json.loads(body)["id"]
    listed = ccc("notify", "--json", exit=0).json
    assert [each["trouble"] for each in listed["notices"]] == [None] * 6
    assert "of-the-team" not in json.dumps(listed)


def _notify_send(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A program of that name on PATH that keeps the titles it is given."""
    folder, kept = tmp_path / "desktop", tmp_path / "shown"
    folder.mkdir()
    script = folder / "notify-send"
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$3" >>"{kept}"\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    (folder / "bus").touch()
    return lambda: kept.read_text().splitlines() if kept.exists() else []


def _environment_of(pid: int) -> str:
    return (processes.PROC / str(pid) / "environ").read_text(errors="replace")


@pytest.mark.slow
def test_a_receiver_that_fails_is_tried_again_and_a_refusal_is_not(
    ready: Repo, ccc: RunsCcc, start: Starts, receiver: Receiver, diary: Callable[[], list[str]]
) -> None:
    receiver.answers = [500, 429]
    configure(ready, f'webhook = "{receiver.url}"')
    agent = start(ASKS)
    agent.becomes("waiting")
    until(lambda: len(receiver.got) == 3, "the third attempt")
    assert len({each["id"] for each in receiver.got}) == 1
    until(lambda: _notices(ccc)[0]["at"], "that it was told")
    assert [(each["attempts"], each["trouble"]) for each in _notices(ccc)] == [(3, None)]
    receiver.answers = [302]
    answer(ccc)
    agent.becomes("unchecked")
    until(lambda: len(_notices(ccc)) == 2 and _notices(ccc)[1]["at"], "that it was given up")
    assert len(receiver.got) == 4
    assert (_notices(ccc)[1]["attempts"], _notices(ccc)[1]["trouble"]) == (1, "127.0.0.1 answered 302")
    tend(ccc)
    words = f"{agent.name}: could not be told by webhook that it is unchecked: 127.0.0.1 answered 302"
    assert diary().count(words) == 1
    assert "of-the-team" not in "\n".join(diary())


def _notices(ccc: RunsCcc) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ccc("notify", "--json", exit=0).json["notices"]
    return found


@pytest.mark.slow
def test_a_slow_receiver_holds_up_nothing_and_a_killed_sender_is_followed_by_another(
    ready: Repo,
    ccc: RunsCcc,
    start: Starts,
    receiver: Receiver,
    told: Callable[[], list[dict[str, Any]]],
    tmp_path: Path,
) -> None:
    receiver.hold.set()
    configure(ready, f'webhook = "{receiver.url}"', f'command = ["{tmp_path / "tell"}"]', 'timeout = "60s"')
    agent = start(ASKS)
    agent.becomes("waiting")
    until(receiver.held.is_set, "the webhook that hangs")
    until(told, "the command beside it")
    tend(ccc)
    sender = int((ready.common / "ccc" / "notices" / "lock.holder").read_text())
    os.kill(sender, signal.SIGKILL)
    receiver.hold.clear()
    until(lambda: not processes.start_of(sender), "the end of the sender")
    tend(ccc)
    until(lambda: len(receiver.got) == 2, "the second sender")
    assert receiver.got[0] == receiver.got[1]
    until(lambda: all(each["at"] for each in _notices(ccc)), "that all is told")
    tend(ccc)
    assert (len(receiver.got), len(told())) == (2, 1)


@pytest.mark.slow
def test_what_is_to_be_signed_waits_for_its_secret(
    ready: Repo, ccc: RunsCcc, start: Starts, receiver: Receiver
) -> None:
    configure(ready, f'webhook = "{receiver.url}"', 'webhook_secret_env = "HOOK_SECRET"')
    agent = start(ASKS)
    agent.becomes("waiting")
    until(lambda: _notices(ccc), "a notice")
    tend(ccc)
    assert not receiver.got
    assert "waits for the variable HOOK_SECRET" in ccc("notify", exit=0).stdout
    ccc("notify", "--send", env={"HOOK_SECRET": SECRET}, exit=0)
    assert [each["status"] for each in receiver.got] == ["waiting"]


@pytest.mark.slow
def test_only_what_was_asked_for_is_told_and_nothing_that_was_before(
    ready: Repo, ccc: RunsCcc, start: Starts, told: Callable[[], list[dict[str, Any]]], tmp_path: Path
) -> None:
    wanted = ('on = ["failed"]', "[session]", "restarts = 0")
    configure(ready, f'command = ["{tmp_path / "tell"}"]', *wanted)
    start(ASKS).becomes("waiting")
    start([{"crash": {"exit": 3, "always": True}}]).becomes("failed")
    until(told, "the failure")
    tend(ccc)
    assert [each["status"] for each in told()] == ["failed"]


@pytest.mark.slow
def test_a_branch_of_a_session_and_a_variable_name_no_command(
    ready: Repo, ccc: RunsCcc, start: Starts, told: Callable[[], list[dict[str, Any]]], tmp_path: Path
) -> None:
    agent = start(ASKS, options=("--name", "own"))
    agent.becomes("waiting")
    configure(Repo(agent.path), f'command = ["{tmp_path / "tell"}"]')
    assert ccc("notify", "--json", exit=0).json["channels"] == []
    assert ccc("notify", "--json", cwd=agent.path, exit=0).json["channels"] == []
    before = ready.git("branch", "--show-current")
    answer(ccc, 2)
    agent.becomes("unchecked")
    ccc("stop", agent.name)
    ready.git("worktree", "remove", "--force", str(agent.path))
    ready.git("checkout", "--quiet", "ccc/backend/own")
    assert (ready.path / ".ccc" / "config.toml").exists()
    assert ccc("notify", "--json", exit=0).json["channels"] == []
    ready.git("checkout", "--quiet", before)
    env = {"CCC_NOTIFY_DESKTOP": "true", "CCC_NOTIFY_WEBHOOK": "http://127.0.0.1:1/"}
    assert ccc("notify", "--json", env=env, exit=0).json["channels"] == []


def test_a_person_is_told_by_their_own_git_configuration(
    ready: Repo, ccc_inline: RunsCcc, told: Callable[[], list[dict[str, Any]]], tmp_path: Path
) -> None:
    refused = ccc_inline("notify", "--test", exit=1).stderr
    assert "nobody wants to be told anything here" in refused
    ready.git("config", "--global", "ccc.notify.command", f"'{tmp_path / 'tell'}' --loud")
    ready.git("config", "--global", "ccc.notify.on", "failed, lost")
    channel = ccc_inline("notify", "--json", exit=0).json["channels"][0]
    assert (channel["name"], channel["on"]) == ("own-command", ["failed", "lost"])
    ccc_inline("notify", "--test", exit=0)
    assert [each["status"] for each in told()] == ["test"]
    ready.git("config", "--global", "ccc.notify.on", "sometimes")
    assert "git config ccc.notify.on: " in ccc_inline("notify", exit=1).stderr
    ready.git("config", "--global", "--unset", "ccc.notify.on")
    ready.git("config", "--global", "ccc.notify.command", "false")
    assert "false exit 1" in ccc_inline("notify", "--test", exit=1).stdout


def test_a_terminal_rings_where_there_is_no_desktop() -> None:
    ours, terminal = os.openpty()
    path = Path(os.ttyname(terminal))
    path.chmod(0o600)
    assert not desktop.ring([path])
    path.chmod(0o620)
    assert desktop.ring([path])
    assert os.read(ours, 10) == b"\a"
    os.close(ours)
    os.close(terminal)
