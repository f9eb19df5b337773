"""What ccc's `claude` engine relies on, pinned with the real program alone (docs/claude-engine.md): turns."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from ccc.demo.stub import Stub
from tests.claude.speaking import Speaks, bash, kind, until_there, used_up, write
from tests.support import claude
from tests.support.agents import until
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


# What surrounds it


def test_it_sees_nothing_but_loopback(stub: Stub) -> None:
    if not claude.network_free():
        pytest.skip("the network cannot be taken away here")
    assert claude.interfaces() == ["lo"]


def test_it_writes_nothing_outside_its_own_folders(speak: Speaks, stub: Stub, worktree: Repo) -> None:
    stub.scripts = {"*": [{"text": "hello"}]}
    talk = speak()
    talk.say("hello")
    talk.result()
    assert talk.close() == 0
    private = f"claude-{os.getuid()}"
    assert worktree.git("status", "--porcelain", "--ignored") == ""
    assert [path.name for path in Path(os.environ["HOME"]).iterdir()] == [".gitconfig"]
    assert {path.name for path in Path(os.environ["TMPDIR"]).iterdir()} <= {"cc-socks", private}


# A turn


def test_a_commit_in_a_worktree(speak: Speaks, stub: Stub, worktree: Repo) -> None:
    commit = bash("git add -A && git commit -q -m 'Add it'")
    stub.scripts = {"commit": [write("@CWD@/new.txt", "new\n"), commit, {"text": "It is committed."}]}
    talk = speak()
    talk.say("do it [[script:commit]]")
    result = talk.result()
    assert kind(result) == "result:success"
    assert (result["is_error"], result["terminal_reason"]) == (False, "completed")
    assert (result["result"], result["num_turns"], result["permission_denials"]) == (
        "It is committed.",
        3,
        [],
    )
    assert talk.close() == 0
    assert worktree.git("log", "-1", "--format=%an %s", "work") == "Developer Add it"
    assert worktree.git("show", "work:new.txt") == "new"
    first = talk.lines("system:init")[0]
    assert first["session_id"] == talk.conversation
    assert (first["permissionMode"], first["apiKeySource"]) == ("dontAsk", "ANTHROPIC_API_KEY")
    assert {request.session for request in stub.requests()} == {talk.conversation}


def test_money_adds_up_over_turns_and_tokens_are_those_of_a_turn(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"*": [{"text": "one", "usage": {"input_tokens": 1000, "output_tokens": 100}}] * 2}
    talk = speak()
    for number in (1, 2):
        talk.say("hello")
        talk.result(number)
    one, two = talk.lines("result")
    assert [each["usage"]["input_tokens"] for each in (one, two)] == [1000, 1000]
    assert two["total_cost_usd"] == pytest.approx(2 * one["total_cost_usd"])
    assert len(talk.lines("system:init")) == 2


def test_a_line_sent_in_mid_run_is_in_the_next_request(speak: Speaks, stub: Stub, tmp_path: Path) -> None:
    stub.scripts = {"slow": [bash(until_there(tmp_path / "go")), bash("echo two"), {"text": "done"}]}
    talk = speak()
    first = talk.say("go on [[script:slow]]")
    talk.tool()
    second = talk.say("Mind the umlauts")
    until(lambda: talk.life(second), "the line in its queue")
    (tmp_path / "go").touch()
    talk.result()
    assert talk.received(second)["message"]["content"] == [{"type": "text", "text": "Mind the umlauts"}]
    assert ["Mind the umlauts" in request.said for request in stub.requests()] == [False, True, True]
    told = next(m for m in stub.requests()[1].body["messages"] if "umlauts" in json.dumps(m))
    assert told["role"] == "system"
    kinds = [line.get("uuid") for line in talk.lines("user") if line.get("isReplay")]
    assert kinds == [first, second]
    whole = ["queued", "started", "completed"]
    until(lambda: talk.life(second) == talk.life(first) == whole, "the end of both lines")


def test_lines_sent_during_the_last_answer_are_the_next_turn_together(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"slow": [{"text": "slow " * 30, "chunk_delay": 0.2}, {"text": "both"}]}
    talk = speak()
    first = talk.say("go on [[script:slow]]")
    until(stub.requests, "the first request")
    later = [talk.say("LATER one"), talk.say("LATER two")]
    until(lambda: all(talk.life(each) for each in later), "the lines in its queue")
    result = talk.result(2)
    assert (result["result"], result["user_message_uuids"]) == ("both", later)
    assert [line["uuid"] for line in talk.lines("user") if line.get("isReplay")] == [first, *later]
    assert [request.said.count("LATER") for request in stub.requests()] == [0, 2]


def test_a_line_that_is_no_json_ends_it(speak: Speaks) -> None:
    talk = speak()
    talk.write(b"no json\n")
    assert talk.wait() == 1
    assert talk.errors().startswith("Error parsing streaming input line")


# Failures


def test_an_api_failure_calls_itself_success(speak: Speaks, stub: Stub) -> None:
    refused = {"status": 400, "message": "the stub refuses"}
    stub.scripts = {"bad": [{"fail_always": refused}], "good": [{"text": "fine"}]}
    talk = speak()
    said = talk.say("FIRST [[script:bad]]")
    result = talk.result()
    assert (kind(result), result["is_error"]) == ("result:success", True)
    assert (result["terminal_reason"], result["api_error_status"]) == ("api_error", 400)
    assert result["result"] == "API Error: 400 the stub refuses"
    assert talk.received(said)
    until(lambda: talk.life(said) == ["queued", "started", "cancelled"], "the line was cancelled")
    talk.say("SECOND [[script:good]]")
    assert talk.result(2)["result"] == "fine"
    assert "FIRST" in stub.requests("good")[0].said
    assert talk.close() == 0


def test_an_api_failure_in_the_last_turn_is_the_exit_code(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"*": [{"fail_always": {"status": 400}}]}
    talk = speak()
    talk.say("go on")
    talk.result()
    assert talk.close() == 1


def test_each_retry_is_told(speak: Speaks, stub: Stub) -> None:
    limited = {"status": 429, "headers": {"retry-after": "1"}}
    stub.scripts = {"*": [{"fail": [limited, {"drop": "mid"}], "text": "at last"}]}
    talk = speak()
    talk.say("go on")
    assert talk.result()["result"] == "at last"
    told = [
        {key: line[key] for key in ("attempt", "max_retries", "error_status", "error")}
        for line in talk.lines("system:api_retry")
    ]
    assert told == [
        {"attempt": 1, "max_retries": 2, "error_status": 429, "error": "rate_limit"},
        {"attempt": 2, "max_retries": 2, "error_status": None, "error": "unknown"},
    ]
    assert talk.lines("system:api_retry")[0]["retry_delay_ms"] >= 1000


def test_a_subscription_tells_its_limit_and_reset(
    speak: Speaks, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the subscription, too, where that may be used: then it goes on though it was rejected."""
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "dummy")
    reset = int(time.time()) + 3600
    over = used_up(reset, **{"overage-status": "allowed", "overage-reset": str(reset)})
    none = used_up(reset, **{"overage-status": "rejected"})
    refused = {"fail_always": {"status": 429, "headers": none}}
    stub.scripts = {"*": [{**bash("echo hi"), "headers": over}, refused]}
    talk = speak()
    talk.say("go on")
    result = talk.result()
    assert (result["is_error"], result["api_error_status"]) == (True, 429)
    assert result["result"].startswith("You've hit your limit · resets ")
    told = [line["rate_limit_info"] for line in talk.lines("rate_limit_event")]
    assert {(each["status"], each["resetsAt"]) for each in told} == {("rejected", reset)}
    assert [each["isUsingOverage"] for each in told] == [True, False]
    assert talk.tool_results() == ["hi"]
    assert len(stub.requests()) == 2, "it does not try again"


def test_without_a_key_it_says_so_and_asks_nobody(
    speak: Speaks, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    talk = speak()
    talk.say("go on")
    result = talk.result()
    assert (result["is_error"], result["result"]) == (True, "Not logged in · Please run /login")
    assert talk.lines("system:init")[0]["apiKeySource"] == "none"
    assert talk.close() == 1
    assert stub.requests() == []
