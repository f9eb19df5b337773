"""What ccc's `claude` engine relies on, pinned with the real program alone (docs/claude-engine.md)."""

from __future__ import annotations

import json
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from ccc.demo.stub import Stub
from ccc.platform import trees
from tests.claude.speaking import ASKS, MARK, Speaking, calls, kind
from tests.support import claude
from tests.support.agents import until
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FOR_EVER = "python3 -c 'import time; time.sleep(600)'"
"""A long tool; `sleep 600` the program refuses to run."""

FORBIDDEN = "curl http://127.0.0.1:1/"
WORKS = ("--allowedTools", "Write,Edit,Agent,Bash(git *),Bash(echo *),Bash(sleep *),Bash(python3 *)")


def bash(command: str, **more: Any) -> dict[str, Any]:
    given = {"command": command, "description": "a step", **more}
    return {"text": "on it", "tools": [{"name": "Bash", "input": given}]}


def write(path: str, content: str) -> dict[str, Any]:
    return {"tools": [{"name": "Write", "input": {"file_path": path, "content": content}}]}


class Speaks(Protocol):
    def __call__(self, *options: str, takes_up: str | None = None, mode: str = "dontAsk") -> Speaking: ...


@pytest.fixture
def worktree(repo: Repo, claude_env: dict[str, str]) -> Repo:
    """A linked work tree, on a branch of its own."""
    repo.git("worktree", "add", "--quiet", "-b", "work", "../tree")
    return Repo(repo.path.parent / "tree")


@pytest.fixture
def speak(worktree: Repo) -> Iterator[Speaks]:
    """Starts the program in the work tree; whatever is left is ended after the test."""
    started: list[Speaking] = []

    def start(*options: str, takes_up: str | None = None, mode: str = "dontAsk") -> Speaking:
        started.append(Speaking(worktree.path, *(options or WORKS), takes_up=takes_up, mode=mode))
        return started[-1]

    yield start
    for each in started:
        each.end()


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
    assert sorted(path.name for path in Path(os.environ["TMPDIR"]).iterdir()) == ["cc-socks", private]


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


def test_a_line_sent_in_mid_run_is_in_the_next_request(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"slow": [bash("sleep 1; echo one"), bash("echo two"), {"text": "done"}]}
    talk = speak()
    first = talk.say("go on [[script:slow]]")
    talk.tool()
    second = talk.say("Mind the umlauts")
    talk.result()
    assert talk.received(second)["message"]["content"] == [{"type": "text", "text": "Mind the umlauts"}]
    assert ["Mind the umlauts" in request.said for request in stub.requests()] == [False, True, True]
    told = next(m for m in stub.requests()[1].body["messages"] if "umlauts" in json.dumps(m))
    assert told["role"] == "system"
    kinds = [line.get("uuid") for line in talk.lines("user") if line.get("isReplay")]
    assert kinds == [first, second]
    assert talk.life(second) == talk.life(first) == ["queued", "started", "completed"]


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


# Questions and permissions

QUESTION = {
    "question": "Which store?",
    "header": "Store",
    "multiSelect": False,
    "options": [{"label": "sqlite", "description": "one file"}, {"label": "files", "description": "many"}],
}
ASK = {"tools": [{"name": "AskUserQuestion", "input": {"questions": [QUESTION]}}]}


@pytest.mark.parametrize("mode", ["default", "acceptEdits", "plan"])
def test_a_question_is_asked_where_somebody_can_be_asked(speak: Speaks, stub: Stub, mode: str) -> None:
    stub.scripts = {"*": [ASK, {"text": "thank you"}]}
    talk = speak(*ASKS, mode=mode)
    talk.say("go on")
    request = talk.first("control_request")
    assert set(request["request"]) == {
        *("subtype", "tool_name", "display_name", "input", "tool_use_id", "requires_user_interaction"),
    }
    assert request["request"]["subtype"] == "can_use_tool"
    given = request["request"]["input"]
    assert given == {"questions": [QUESTION]}
    talk.answer(request, behavior="allow", updatedInput={**given, "answers": {"Which store?": "neither"}})
    assert talk.result()["permission_denials"] == []
    assert '"Which store?"="neither"' in talk.tool_results()[0]
    assert '\\"neither\\"' in stub.requests()[1].said


def test_a_question_has_no_tool_where_nobody_can_be_asked(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"*": [ASK, {"text": "never mind"}]}
    talk = speak(mode="default")
    talk.say("go on")
    assert kind(talk.result()) == "result:success"
    assert "No such tool available: AskUserQuestion" in talk.tool_results()[0]
    assert "AskUserQuestion" not in talk.lines("system:init")[0]["tools"]


def test_a_question_is_denied_in_the_mode_that_never_asks(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"*": [ASK, {"text": "never mind"}]}
    talk = speak(*ASKS, "--allowedTools", "AskUserQuestion")
    talk.say("go on")
    assert [each["tool_name"] for each in talk.result()["permission_denials"]] == ["AskUserQuestion"]
    assert talk.lines("control_request") == []


@pytest.mark.parametrize("mode", ["default", "acceptEdits", "dontAsk"])
def test_a_denied_tool_is_no_failure_but_is_named(speak: Speaks, stub: Stub, mode: str) -> None:
    stub.scripts = {"*": [bash(FORBIDDEN), {"text": "I was not allowed."}]}
    talk = speak(mode=mode)
    talk.say("go on")
    result = talk.result()
    assert (kind(result), result["is_error"]) == ("result:success", False)
    (denied,) = result["permission_denials"]
    assert (denied["tool_name"], denied["tool_input"]["command"]) == ("Bash", FORBIDDEN)
    (line,) = talk.lines("system:permission_denied")
    assert line["tool_use_id"] == denied["tool_use_id"] == calls(talk.tool())[0]["id"]
    assert talk.close() == 0


def test_a_permission_is_given_or_refused_over_the_pipe(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"*": [bash("python3 -c 'print(40+2)'"), bash(FORBIDDEN), {"text": "I see."}]}
    talk = speak(*ASKS, mode="default")
    talk.say("go on")
    first = talk.first("control_request")
    talk.answer(first, behavior="allow", updatedInput=first["request"]["input"])
    second = talk.first("control_request", lambda line: line["request_id"] != first["request_id"])
    talk.answer(second, behavior="deny", message="not over the network")
    result = talk.result()
    assert talk.tool_results() == ["42", "not over the network"]
    assert [each["tool_input"]["command"] for each in result["permission_denials"]] == [FORBIDDEN]
    assert talk.lines("system:permission_denied") == []


@pytest.mark.parametrize("path", ["repo/.git/hooks/post-commit", "tree/.claude/settings.json"])
def test_what_would_run_code_later_may_not_be_written(
    speak: Speaks, stub: Stub, worktree: Repo, path: str
) -> None:
    stub.scripts = {"*": [write(str(worktree.path.parent / path), "x"), {"text": "I see."}]}
    talk = speak()
    talk.say("go on")
    assert [each["tool_name"] for each in talk.result()["permission_denials"]] == ["Write"]


def test_leave_to_write_is_leave_to_write_anywhere(speak: Speaks, stub: Stub, repo: Repo) -> None:
    stub.scripts = {"*": [write(str(repo.path / "other.txt"), "x"), {"text": "I see."}]}
    talk = speak()
    talk.say("go on")
    assert talk.result()["permission_denials"] == []
    assert (repo.path / "other.txt").read_text() == "x"


def test_an_edit_rule_confines_all_writing(speak: Speaks, stub: Stub, worktree: Repo, repo: Repo) -> None:
    outside = repo.path / "other.txt"
    stub.scripts = {"*": [write("@CWD@/sub/new.txt", "x"), write(str(outside), "x"), {"text": "I see."}]}
    talk = speak("--allowedTools", "Edit(./**)")
    talk.say("go on")
    denied = [each["tool_input"]["file_path"] for each in talk.result()["permission_denials"]]
    assert denied == [str(outside)]
    assert (worktree.path / "sub" / "new.txt").read_text() == "x"


def test_an_interrupt_takes_an_open_request_back(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"*": [bash(FORBIDDEN), {"text": "never said"}]}
    talk = speak(*ASKS, mode="default")
    said = talk.say("go on")
    request = talk.first("control_request")
    talk.write({"type": "control_request", "request_id": "i1", "request": {"subtype": "interrupt"}})
    result = talk.result()
    assert (kind(result), result["terminal_reason"]) == ("result:error_during_execution", "aborted_tools")
    assert [line["request_id"] for line in talk.lines("control_cancel_request")] == [request["request_id"]]
    assert talk.first("control_response")["response"]["request_id"] == "i1"
    until(lambda: talk.life(said)[-1] == "cancelled", "the end of the line")
    talk.say("something else")
    assert kind(talk.result(2)) == "result:success"
    assert talk.close() == 0


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


# Background


def test_a_sub_agent_in_the_background_outlives_the_turn(speak: Speaks, stub: Stub) -> None:
    job = {"description": "sub job", "prompt": "Do it [[script:sub]]", "subagent_type": "general-purpose"}
    begin = {"tools": [{"name": "Agent", "input": {**job, "run_in_background": True}}]}
    stub.scripts = {
        "main": [begin, {"text": "My turn is over."}, {"text": "I heard of it."}],
        "sub": [bash("sleep 1; echo sub"), {"text": "sub done"}],
    }
    talk = speak()
    talk.say("go on [[script:main]]")
    assert talk.result()["result"] == "My turn is over."
    (task,) = talk.lines("system:background_tasks_changed")[-1]["tasks"]
    assert (task["task_type"], task["description"]) == ("local_agent", "sub job")
    assert talk.close() == 0
    assert [line["result"] for line in talk.lines("result")] == ["My turn is over.", "I heard of it."]
    assert talk.lines("system:background_tasks_changed")[-1]["tasks"] == []
    assert [line["status"] for line in talk.lines("system:task_notification")] == ["completed"]
    inner = [line for line in talk.lines("assistant") if line["parent_tool_use_id"]]
    assert inner
    assert {line["parent_tool_use_id"] for line in inner} == {calls(talk.tool())[0]["id"]}
    assert {request.session for request in stub.requests("sub")} == {talk.conversation}


def test_a_command_in_the_background_outlives_the_turn(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {
        "main": [
            bash("sleep 1; echo late", run_in_background=True),
            {"text": "over"},
            {"text": "I heard of it."},
        ]
    }
    talk = speak()
    talk.say("go on [[script:main]]")
    assert talk.result()["result"] == "over"
    (task,) = talk.lines("system:background_tasks_changed")[-1]["tasks"]
    assert task["task_type"] == "local_bash"
    assert talk.result(2)["result"] == "I heard of it."
    assert talk.lines("system:background_tasks_changed")[-1]["tasks"] == []


def test_a_long_sleep_is_refused(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"*": [bash("sleep 600"), {"text": "I see."}]}
    talk = speak()
    talk.say("go on")
    talk.result()
    assert "Blocked: standalone sleep 600" in talk.tool_results()[0]


# Ends and resumptions


def test_a_conversation_goes_on_after_a_kill_in_a_tool(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"long": [bash(FOR_EVER), {"text": "I went on."}]}
    talk = speak()
    talk.say("go on [[script:long]]")
    talk.tool()
    transcript = until(lambda: transcripts(talk.conversation), "the transcript")
    until(lambda: FOR_EVER in transcript[0].read_text(), "the tool call in the transcript")
    talk.process.kill()
    assert talk.wait() == -signal.SIGKILL
    assert trees.marked(MARK, talk.conversation), "its tool outlives it"
    again = speak(takes_up=talk.conversation)
    again.say("go on")
    assert again.result()["result"] == "I went on."
    last = stub.requests()[-1]
    assert last.session == talk.conversation
    for words in ("go on [[script:long]]", FOR_EVER, "its outcome is unknown", "No response requested."):
        assert words in last.said
    assert again.close() == 0


def transcripts(conversation: str) -> list[Path]:
    return list(Path(os.environ["CLAUDE_CONFIG_DIR"]).glob(f"projects/*/{conversation}.jsonl"))


def test_a_conversation_in_which_nothing_was_said_does_not_exist(speak: Speaks, stub: Stub) -> None:
    talk = speak()
    talk.write({"type": "control_request", "request_id": "c1", "request": {"subtype": "mcp_status"}})
    talk.first("control_response")
    talk.process.kill()
    talk.wait()
    again = speak(takes_up=talk.conversation)
    assert again.wait() == 1
    (result,) = again.lines("result")
    assert kind(result) == "result:error_during_execution"
    assert result["errors"] == [f"No conversation found with session ID: {talk.conversation}"]
    assert again.errors().strip() == result["errors"][0]


def test_an_id_is_begun_once(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"*": [{"text": "hello"}]}
    talk = speak()
    talk.say("hello")
    talk.result()
    talk.close()
    again = speak("--session-id", talk.conversation)
    assert again.wait() == 1
    assert again.errors() == f"Error: Session ID {talk.conversation} is already in use.\n"


def test_a_line_of_the_same_uuid_is_not_said_twice(speak: Speaks, stub: Stub) -> None:
    stub.scripts = {"*": [{"text": "hello"}]}
    talk = speak()
    said = talk.say("only once")
    talk.result()
    talk.close()
    again = speak(takes_up=talk.conversation)
    again.say("only once", said)
    again.received(said)
    again.say("and then", str(uuid.uuid4()))
    again.result()
    assert len(stub.requests()) == 2
    assert stub.requests()[-1].said.count("only once") == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 0)])
def test_a_signal_ends_it_and_its_tools(speak: Speaks, stub: Stub, number: int, code: int) -> None:
    stub.scripts = {"*": [bash(FOR_EVER)]}
    talk = speak()
    talk.say("go on")
    talk.tool()
    until(lambda: len(trees.marked(MARK, talk.conversation)) > 1, "its tool")
    talk.process.send_signal(number)
    assert talk.wait() == code
    until(lambda: not trees.marked(MARK, talk.conversation), "the end of its tool")
    assert len(talk.lines("result")) == (number == signal.SIGINT)
