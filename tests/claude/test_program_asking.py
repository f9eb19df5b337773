"""What ccc's `claude` engine relies on, pinned with the real program alone: questions and permissions."""

from __future__ import annotations

import pytest

from ccc.demo.stub import Stub
from tests.claude.speaking import ASKS, Speaks, bash, calls, kind, write
from tests.support.agents import until
from tests.support.repository import Repo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

FORBIDDEN = "curl http://127.0.0.1:1/"

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
