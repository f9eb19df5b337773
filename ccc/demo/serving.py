"""HTTP for the stub of the Messages API: what comes in, what goes out, and what breaks on the way."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from ccc.demo.answers import Answer, Body

SESSION_HEADER = "x-claude-code-session-id"
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class Replies(Protocol):
    """Whatever knows the answer to a request."""

    def reply(self, body: Body, session: str | None) -> Answer:
        """The answer to the body of a request; `session` is the program's own id of the conversation."""
        ...


class Server(ThreadingHTTPServer):
    """Serves on loopback in threads that end with the process; `ended` wakes those that sleep."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, replies: Replies) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.replies = replies
        self.ended = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away in the middle is no news; anything else is told on standard error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        """Requests are kept, not printed."""

    def do_HEAD(self) -> None:
        """The program asks whether anybody is there."""
        self._send(200, {})

    def do_GET(self) -> None:
        """No models but the one that is asked for."""
        if self.path.startswith("/v1/models"):
            self._send(200, {"data": [], "has_more": False, "first_id": None, "last_id": None})
        else:
            self._send(404, error(404, f"nothing at {self.path}"))

    def do_POST(self) -> None:
        """Answers, and counts of tokens."""
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        if path == "/v1/messages/count_tokens":
            self._send(200, {"input_tokens": max(1, len(raw) // 4)})
        elif path != "/v1/messages":
            self._send(404, error(404, f"nothing at {path}"))
        elif (body := _object(raw)) is None:
            self._send(400, error(400, "the body is no JSON object"))
        else:
            self._answer(body, self.server.replies.reply(body, self.headers.get(SESSION_HEADER)))

    def _answer(self, body: Body, answer: Answer) -> None:
        if self._fails_at_once(answer.trouble):
            return
        self._pause(answer.step.get("delay"))
        if body.get("stream"):
            self._stream(answer)
        elif answer.trouble:
            self._pause(answer.trouble.get("midhang"))
            self._hang_up()
        else:
            self._send(200, answer.whole(), answer.step.get("headers"))

    def _fails_at_once(self, trouble: Mapping[str, Any]) -> bool:
        if "status" in trouble:
            status = int(trouble["status"])
            body = trouble.get("body") or error(status, str(trouble.get("message") or "the stub says no"))
            self._send(status, body, trouble.get("headers"))
        elif trouble.get("drop") == "before" or "hang" in trouble:
            self._pause(trouble.get("hang"))
            self._hang_up()
        else:
            return False
        return True

    def _stream(self, answer: Answer) -> None:
        self.send_response(200)
        kind = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
        self._headers({**kind, **(answer.step.get("headers") or {})})
        for event, data in answer.events():
            text = f"event: {event}\ndata: {json.dumps({'type': event, **data})}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            if event == "content_block_delta":
                self._pause(answer.step.get("chunk_delay"))
                if answer.trouble:
                    self._pause(answer.trouble.get("midhang"))
                    self._hang_up()
                    return
        self.wfile.write(b"0\r\n\r\n")

    def _pause(self, seconds: float | None) -> None:
        if seconds:
            self.server.ended.wait(float(seconds))

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, body: Any, headers: Mapping[str, Any] | None = None) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        known = {"content-type": "application/json", "content-length": str(len(data))}
        self._headers({**known, **(headers or {})})
        if self.command != "HEAD":
            self.wfile.write(data)

    def _headers(self, headers: Mapping[str, Any]) -> None:
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()


def error(status: int, message: str) -> dict[str, Any]:
    """The body of a failure, as the Messages API words it."""
    return {"type": "error", "error": {"type": ERRORS.get(status, "api_error"), "message": message}}


def _object(raw: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(raw)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
