"""A stub of the Messages API on loopback, scripted: no account, no network, no model."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ccc.demo import answers
from ccc.demo.answers import Place, Scripts, Step

ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass(frozen=True)
class Request:
    """One request for an answer, and where in its script it was."""

    number: int
    place: Place
    session: str | None
    body: Mapping[str, Any]

    @property
    def said(self) -> str:
        """Everything the request says to the model, for a test to look into."""
        return json.dumps(self.body.get("messages"), ensure_ascii=False)


class Stub:
    """Serves on 127.0.0.1 from `start` to `stop`; also a context manager.

    A step may have `text`, `thinking`, `tools` ({name, input}), `delay` and `chunk_delay` (seconds), `usage`,
    `model`, `stop_reason`, and go wrong: `fail` is a list, one for each attempt, `fail_always` one for all:
    {status, headers, body, message} | {drop: before|mid} | {hang: seconds} | {midhang: seconds}.
    """

    def __init__(self, scripts: Scripts, log: Path | None = None) -> None:
        self.scripts = scripts
        self._log = log
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._tries: dict[tuple[str | None, int, str | None], int] = {}
        self._server: ThreadingHTTPServer | None = None

    def start(self, port: int = 0) -> int:
        """Begins to serve; the port, which the system chooses unless told."""
        handler = type("Handler", (_Handler,), {"stub": self})
        self._server = _Server(("127.0.0.1", port), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self.port

    @property
    def port(self) -> int:
        """Where it serves."""
        assert self._server is not None
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """What ANTHROPIC_BASE_URL must be."""
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Ends serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Stub:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def requests(self, script: str | None = None) -> list[Request]:
        """What was asked so far, titles and the like aside; of one script or of all."""
        with self._lock:
            found = [each for each in self._requests if not each.place.aside]
        return [each for each in found if script in (None, each.place.script)]

    def note(self, body: Mapping[str, Any], session: str | None) -> tuple[Request, int]:
        """Keeps a request; with it, the how-manieth attempt at its place this is."""
        place = answers.place_of(body)
        with self._lock:
            request = Request(len(self._requests) + 1, place, session, body)
            self._requests.append(request)
            key = (place.script, place.step, session)
            attempt = self._tries[key] = self._tries.get(key, 0) + 1
        if self._log is not None:
            self._log.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"session": session, "body": body}, indent=1)
            (self._log / f"request-{request.number:05d}.json").write_text(text, encoding="utf-8")
        return request, attempt


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    stub: Stub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Requests are kept, not printed."""

    def do_HEAD(self) -> None:
        self._send(200, {})

    def do_GET(self) -> None:
        if self.path.startswith("/v1/models"):
            self._send(200, {"data": [], "has_more": False, "first_id": None, "last_id": None})
        else:
            self._send(404, _error(404, f"nothing at {self.path}"))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            self._send(200, {"input_tokens": max(1, len(raw) // 4)})
        elif path == "/v1/messages":
            self._answer(json.loads(raw), len(raw))
        else:
            self._send(404, _error(404, f"nothing at {path}"))

    def _answer(self, body: Mapping[str, Any], size: int) -> None:
        request, attempt = self.stub.note(body, self.headers.get("x-claude-code-session-id"))
        step = answers.step_of(self.stub.scripts, request.place, answers.folder_of(body))
        trouble = _trouble(step, attempt)
        if self._fails_at_once(trouble):
            return
        time.sleep(float(step.get("delay") or 0))
        message = answers.message_of(step, body, request.number, size)
        blocks = answers.blocks_of(step, request.number)
        if body.get("stream"):
            self._stream(step, message, blocks, trouble)
            return
        self._send(200, {**message, "content": blocks, "stop_reason": answers.stop_reason(step)})

    def _fails_at_once(self, trouble: Mapping[str, Any]) -> bool:
        if "status" in trouble:
            status = int(trouble["status"])
            body = trouble.get("body") or _error(status, str(trouble.get("message") or "the stub says no"))
            self._send(status, body, trouble.get("headers"))
        elif trouble.get("drop") == "before":
            self._hang_up()
        elif "hang" in trouble:
            time.sleep(float(trouble["hang"]))
            self._hang_up()
        else:
            return False
        return True

    def _stream(
        self, step: Step, message: Mapping[str, Any], blocks: list[dict[str, Any]], trouble: Mapping[str, Any]
    ) -> None:
        self.send_response(200)
        for name, value in {
            "content-type": "text/event-stream",
            "transfer-encoding": "chunked",
            **(step.get("headers") or {}),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        for event, data in answers.events_of(step, message, blocks):
            text = f"event: {event}\ndata: {json.dumps({'type': event, **data})}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            self.wfile.flush()
            if event == "content_block_delta":
                time.sleep(float(step.get("chunk_delay") or 0))
                if trouble:
                    time.sleep(float(trouble.get("midhang") or 0))
                    self._hang_up()
                    return
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _hang_up(self) -> None:
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return

    def _send(self, status: int, body: Any, headers: Mapping[str, Any] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        known = {"content-type": "application/json", "content-length": str(len(data))}
        for name, value in {**known, **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _trouble(step: Step, attempt: int) -> Mapping[str, Any]:
    """What goes wrong with this attempt; empty where nothing does."""
    if step.get("fail_always"):
        return dict(step["fail_always"])
    listed = step.get("fail") or ()
    return dict(listed[attempt - 1]) if attempt <= len(listed) else {}


def _error(status: int, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": ERRORS.get(status, "api_error"), "message": message}}


def main(argv: list[str]) -> int:
    """`python -m ccc.demo.stub PORT SCRIPTS.json LOGDIR`: serves until it is ended; prints its port."""
    scripts = json.loads(Path(argv[1]).read_text(encoding="utf-8"))
    stub = Stub(scripts, Path(argv[2]))
    sys.stdout.write(f"{stub.start(int(argv[0]))}\n")
    sys.stdout.flush()
    threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
