"""What ccc's `claude` engine relies on, pinned with the real program alone: background, ends, resumptions."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path

import pytest

from ccc.demo.stub import Stub
from tests.claude.speaking import Speaks, bash, calls, kind, until_there
from tests.support.agents import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FOR_EVER = "python3 -c 'import time; time.sleep(600)'"
"""A long tool; `sleep 600` the program refuses to run."""


# Background


def test_a_sub_agent_in_the_background_outlives_the_turn(speak: Speaks, stub: Stub, tmp_path: Path) -> None:
    job = {"description": "sub job", "prompt": "Do it [[script:sub]]", "subagent_type": "general-purpose"}
    begin = {"tools": [{"name": "Agent", "input": {**job, "run_in_background": True}}]}
    stub.scripts = {
        "main": [begin, {"text": "My turn is over."}, {"text": "I heard of it."}],
        "sub": [bash(until_there(tmp_path / "go")), {"text": "sub done"}],
    }
    talk = speak()
    talk.say("go on [[script:main]]")
    assert talk.result()["result"] == "My turn is over."
    (task,) = talk.lines("system:background_tasks_changed")[-1]["tasks"]
    assert (task["task_type"], task["description"]) == ("local_agent", "sub job")
    (tmp_path / "go").touch()
    assert talk.close() == 0
    assert [line["result"] for line in talk.lines("result")] == ["My turn is over.", "I heard of it."]
    assert talk.lines("system:background_tasks_changed")[-1]["tasks"] == []
    assert [line["status"] for line in talk.lines("system:task_notification")] == ["completed"]
    inner = [line for line in talk.lines("assistant") if line["parent_tool_use_id"]]
    assert inner
    assert {line["parent_tool_use_id"] for line in inner} == {calls(talk.tool())[0]["id"]}
    assert {request.session for request in stub.requests("sub")} == {talk.conversation}


def test_a_command_in_the_background_outlives_the_turn(speak: Speaks, stub: Stub, tmp_path: Path) -> None:
    stub.scripts = {
        "main": [
            bash(until_there(tmp_path / "go"), run_in_background=True),
            {"text": "over"},
            {"text": "I heard of it."},
        ]
    }
    talk = speak()
    talk.say("go on [[script:main]]")
    assert talk.result()["result"] == "over"
    (task,) = talk.lines("system:background_tasks_changed")[-1]["tasks"]
    assert task["task_type"] == "local_bash"
    (tmp_path / "go").touch()
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
    until(lambda: talk.runs("python3"), "its tool")
    talk.process.kill()
    assert talk.wait() == -signal.SIGKILL
    assert talk.runs("python3")
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
    until(lambda: talk.runs("python3"), "its tool")
    talk.process.send_signal(number)
    assert talk.wait() == code
    until(lambda: not talk.runs("python3"), "the end of its tool")
    assert len(talk.lines("result")) == (number == signal.SIGINT)
