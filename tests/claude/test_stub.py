"""The stub of the Messages API, asked over HTTP as a program would ask it."""

from __future__ import annotations

import http.client
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ccc.demo.stub import Request, Stub
from tests.support.program import PROJECT

TOOL = {"name": "Bash", "description": "runs", "input_schema": {"type": "object"}}
CLOSED, CUT = "closed before an answer", "cut off in an answer"
MARKED = "go [[script:two]]"


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Stub]:
    with Stub({}, tmp_path / "log") as running:
        yield running


def user(*words: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in words]}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"type": "text", "text": text}]}


def result(text: str) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [{"type": "text", "text": text}]}
    return {"role": "user", "content": [block]}


def request_body(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"model": "some-model", "max_tokens": 100, "messages": list(messages), "tools": [TOOL], **more}


@dataclass(frozen=True)
class Heard:
    """An answer of the stub as it came over the wire."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The data of the server-sent events; each names its own type."""
        found = []
        for block in self.text.split("\n\n")[:-1]:
            name, data = block.split("\n")
            found.append(json.loads(data.removeprefix("data: ")))
            assert name == f"event: {found[-1]['type']}"
        return found


def ask(port: int, body: object, path: str = "/v1/messages?beta=true", session: str = "s1") -> Heard:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST", path, data, {"X-Claude-Code-Session-Id": session, "x-api-key": "dummy"})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Heard(answer.status, headers, answer.read().decode())


def said(heard: Heard) -> str:
    return str(heard.json["content"][0]["text"])


def test_an_answer_in_one_piece(stub: Stub) -> None:
    call = {"name": "Bash", "input": {"command": "true"}}
    usage = {"input_tokens": 7, "output_tokens": 11}
    stub.scripts = {"two": [{"thinking": "hm", "text": "on it", "tools": [call], "usage": usage}]}
    heard = ask(stub.port, request_body(user(MARKED)))
    assert (heard.status, heard.headers["content-type"]) == (200, "application/json")
    assert heard.json == {
        "id": "msg_stub00001",
        "type": "message",
        "role": "assistant",
        "model": "some-model",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "c3R1Yg=="},
            {"type": "text", "text": "on it"},
            {"type": "tool_use", "id": "toolu_stub0000100", **call},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 7,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": 11,
            "service_tier": "standard",
        },
    }


def test_a_streamed_answer_is_the_same_in_pieces(stub: Stub) -> None:
    call = {"name": "Bash", "input": {"command": "true"}}
    step = {"thinking": "hm", "text": "word " * 10, "tools": [call], "chunk_delay": 0.001}
    stub.scripts = {"two": [step]}
    heard = ask(stub.port, request_body(user(MARKED), stream=True))
    assert heard.headers["content-type"] == "text/event-stream"
    kinds = [event["type"] for event in heard.events]
    assert kinds[:2] == ["message_start", "ping"]
    assert kinds[-2:] == ["message_delta", "message_stop"]
    assert kinds.count("content_block_start") == kinds.count("content_block_stop") == 3
    deltas = [event["delta"] for event in heard.events if event["type"] == "content_block_delta"]
    texts = [delta["text"] for delta in deltas if delta["type"] == "text_delta"]
    assert len(texts) == 3
    assert "".join(texts) == step["text"]
    assert [delta["type"] for delta in deltas if "text" not in delta] == [
        "thinking_delta",
        "signature_delta",
        "input_json_delta",
    ]
    assert json.loads(deltas[-1]["partial_json"]) == call["input"]
    assert heard.events[-2]["delta"]["stop_reason"] == "tool_use"


TWO = {"two": [{"text": "first"}, {"text": "second"}], "other": [{"text": "else"}]}


@pytest.mark.parametrize(
    ("messages", "answer"),
    [
        pytest.param([user(MARKED)], "first", id="a marker"),
        pytest.param([user(MARKED), assistant("first"), result("ok")], "second", id="a step an answer"),
        pytest.param([user(MARKED), assistant("a"), user("b"), assistant("c")], "done", id="past the end"),
        pytest.param([user(MARKED), assistant("a"), user("now [[script:other]]")], "else", id="a new marker"),
        pytest.param([user("[[script:other]]", MARKED)], "first", id="the last of a message"),
        pytest.param([{"role": "user", "content": MARKED}], "first", id="content that is a string"),
        pytest.param(
            [user(MARKED), assistant("a"), result("[[script:other]]")], "second", id="not what a tool prints"
        ),
        pytest.param(
            [user(MARKED), {"role": "assistant", "content": "[[script:other]]"}], "second", id="not the model"
        ),
        pytest.param(
            [user(MARKED), assistant("a"), assistant("No response requested."), user("go on")],
            "second",
            id="not what the program fills in",
        ),
        pytest.param([user("no marker")], "done", id="no marker, no default"),
        pytest.param([user("[[script:none]]")], "done", id="an unknown script"),
    ],
)
def test_the_newest_marker_and_the_answers_since_pick_the_step(
    stub: Stub, messages: Sequence[dict[str, Any]], answer: str
) -> None:
    stub.scripts = TWO
    assert said(ask(stub.port, request_body(*messages))) == answer


def test_a_conversation_without_a_marker_plays_the_default(stub: Stub) -> None:
    stub.scripts = {**TWO, "*": [{"text": "by default"}]}
    assert said(ask(stub.port, request_body(user("no marker")))) == "by default"
    assert said(ask(stub.port, request_body(user(MARKED)))) == "first"


def test_a_marker_in_the_system_prompt_counts_where_no_user_said_one(stub: Stub) -> None:
    stub.scripts = TWO
    system = [{"type": "text", "text": "your brief: [[script:other]]"}]
    assert said(ask(stub.port, request_body(user("go"), system=system))) == "else"
    assert said(ask(stub.port, request_body(user(MARKED), system=system))) == "first"


def test_a_request_without_tools_is_answered_aside(stub: Stub) -> None:
    stub.scripts = {"two": [{"fail": [{"status": 500}], "text": "first"}]}
    heard = ask(stub.port, request_body(user(MARKED), tools=[]))
    assert json.loads(said(heard)) == {"title": "an aside"}
    assert stub.requests() == []
    assert ask(stub.port, request_body(user(MARKED))).status == 500


def test_a_step_knows_the_working_directory(stub: Stub) -> None:
    stub.scripts = {"two": [{"text": "in @CWD@/x"}]}
    told = {"role": "system", "content": [{"type": "text", "text": '# Environment\n - cwd: /a "b"/ü\n - x'}]}
    heard = ask(stub.port, request_body(user("task", "cwd: /wrong", MARKED), told))
    assert said(heard) == 'in /a "b"/ü/x'


@dataclass
class Failing:
    """A way a step goes wrong, and what a client then sees."""

    step: dict[str, Any]
    sees: list[int | str]
    stream: bool = False


def seen(port: int, body: dict[str, Any]) -> int | str:
    """The status of an answer, or how it broke off."""
    try:
        return ask(port, body).status
    except (http.client.RemoteDisconnected, ConnectionResetError):
        return CLOSED
    except http.client.IncompleteRead:
        return CUT


@pytest.mark.parametrize(
    "failing",
    [
        pytest.param(Failing({"fail": [{"status": 429}, {"status": 529}]}, [429, 529, 200]), id="a list"),
        pytest.param(Failing({"fail_always": {"status": 401}}, [401, 401, 401]), id="for ever"),
        pytest.param(Failing({"fail": [{"drop": "before"}]}, [CLOSED, 200]), id="drop before"),
        pytest.param(Failing({"fail": [{"hang": 0.1}]}, [CLOSED, 200]), id="hang"),
        pytest.param(Failing({"fail": [{"drop": "mid"}]}, [CUT, 200], stream=True), id="drop in mid"),
        pytest.param(
            Failing({"fail": [{"midhang": 0.1}]}, [CUT, 200], stream=True),
            id="hang in mid",
        ),
        pytest.param(Failing({"fail": [{"drop": "mid"}]}, [CLOSED, 200]), id="drop of one piece"),
    ],
)
def test_a_step_fails_as_often_as_its_script_says(stub: Stub, failing: Failing) -> None:
    stub.scripts = {"two": [{"text": "well", **failing.step}]}
    body = request_body(user(MARKED), stream=failing.stream)
    assert [seen(stub.port, body) for _ in failing.sees] == failing.sees


def test_attempts_are_counted_for_each_conversation(stub: Stub) -> None:
    stub.scripts = {"two": [{"fail": [{"status": 500}], "text": "well"}]}
    body = request_body(user(MARKED))
    assert [ask(stub.port, body, session=name).status for name in ("a", "b", "a", "b")] == [
        500,
        500,
        200,
        200,
    ]


def test_a_failure_has_the_words_and_headers_of_its_script(stub: Stub) -> None:
    worded = {"status": 429, "message": "used up", "headers": {"Retry-After": 3}}
    stub.scripts = {"two": [{"fail": [worded, {"status": 500, "body": {"own": 1}}]}]}
    first = ask(stub.port, request_body(user(MARKED)))
    assert first.headers["retry-after"] == "3"
    assert first.json == {"type": "error", "error": {"type": "rate_limit_error", "message": "used up"}}
    assert ask(stub.port, request_body(user(MARKED))).json == {"own": 1}


def test_a_delay_holds_the_answer_back(stub: Stub) -> None:
    stub.scripts = {"two": [{"delay": 0.2, "text": "late"}]}
    before = time.monotonic()
    ask(stub.port, request_body(user(MARKED)))
    assert time.monotonic() - before >= 0.2


def test_stopping_cuts_off_an_answer_that_hangs(stub: Stub) -> None:
    stub.scripts = {"two": [{"fail_always": {"hang": 3600}}]}
    found: list[int | str] = []
    port = stub.port
    waiting = threading.Thread(target=lambda: found.append(seen(port, request_body(user(MARKED)))))
    waiting.start()
    wait_for(lambda: stub.requests("two"))
    stub.stop()
    waiting.join(10)
    assert found == [CLOSED]


def wait_for(happened: Callable[[], object]) -> None:
    limit = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_each_request_is_kept_with_its_place(stub: Stub, tmp_path: Path) -> None:
    stub.scripts = TWO
    bodies = [request_body(user(MARKED)), request_body(user(MARKED), assistant("first"), user("Grüße"))]
    ask(stub.port, bodies[0], session="a")
    ask(stub.port, request_body(user("a title"), tools=[]), session="a")
    ask(stub.port, request_body(user("[[script:other]]")), session="b")
    ask(stub.port, bodies[1], session="a")

    def told(request: Request) -> tuple[object, ...]:
        return request.number, request.place.script, request.place.step, request.session

    assert [told(request) for request in stub.requests()] == [
        (1, "two", 0, "a"),
        (3, "other", 0, "b"),
        (4, "two", 1, "a"),
    ]
    assert [request.body for request in stub.requests("two")] == bodies
    assert "Grüße" in stub.requests("two")[1].said
    files = sorted((tmp_path / "log").iterdir())
    assert [file.name for file in files] == [f"request-0000{n}.json" for n in (1, 2, 3, 4)]
    kept = json.loads(files[3].read_text(encoding="utf-8"))
    assert kept == {
        "number": 4,
        "script": "two",
        "step": 1,
        "aside": False,
        "session": "a",
        "body": bodies[1],
    }
    assert "dummy" not in files[3].read_text(encoding="utf-8")


def test_what_else_the_program_asks_for(stub: Stub) -> None:
    assert (
        ask(stub.port, request_body(user("x" * 400)), "/v1/messages/count_tokens").json["input_tokens"] > 100
    )
    assert ask(stub.port, {}, "/v1/files").status == 404
    bad = ask(stub.port, b"[no json")
    assert (bad.status, bad.json["error"]["type"]) == (400, "invalid_request_error")
    with closing(http.client.HTTPConnection("127.0.0.1", stub.port, timeout=20)) as connection:
        statuses = []
        for method, path in (("HEAD", "/"), ("GET", "/v1/models?limit=1"), ("GET", "/other")):
            connection.request(method, path)
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
    assert statuses == [200, 200, 404]


def test_many_ask_at_once(stub: Stub) -> None:
    stub.scripts = {"two": [{"delay": 0.05, "text": "first"}]}
    heard: list[str] = []
    threads = [
        threading.Thread(target=lambda: heard.append(said(ask(stub.port, request_body(user(MARKED))))))
        for _ in range(40)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert heard == ["first"] * 40
    assert sorted(request.number for request in stub.requests()) == list(range(1, 41))


def test_as_a_program_it_prints_the_port_it_got(tmp_path: Path) -> None:
    scripts = tmp_path / "scripts.json"
    scripts.write_text(json.dumps(TWO), encoding="utf-8")
    command = [sys.executable, "-m", "ccc.demo.stub", "0", str(scripts), str(tmp_path / "log")]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as running:
        try:
            assert running.stdout is not None
            assert select.select([running.stdout], [], [], 20)[0]
            port = int(running.stdout.readline())
            assert said(ask(port, request_body(user(MARKED)))) == "first"
            assert [file.name for file in (tmp_path / "log").iterdir()] == ["request-00001.json"]
        finally:
            running.send_signal(signal.SIGTERM)


def test_as_a_program_it_says_how_it_is_used() -> None:
    command = [sys.executable, "-m", "ccc.demo.stub", "8080"]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stderr) == (
        2,
        "usage: python -m ccc.demo.stub PORT SCRIPTS.json LOGDIR\n",
    )
