"""A stub of the Messages API on loopback, scripted: no account, no network, no model."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from ccc.demo import answers
from ccc.demo.answers import Answer, Body, Place, Scripts
from ccc.demo.serving import Server
from ccc.records import dataclass

USAGE = "usage: python -m ccc.demo.stub PORT SCRIPTS.json LOGDIR\n"


@dataclass(frozen=True)
class Request:
    """One request for an answer, numbered from 1, and where in its script it was."""

    number: int
    place: Place
    session: str | None
    body: Body

    @property
    def said(self) -> str:
        """Everything the request says to the model, for a test to look into."""
        return json.dumps(self.body.get("messages"), ensure_ascii=False)

    def document(self) -> dict[str, object]:
        """What is written to the log; headers, and so keys, are not in it."""
        place = self.place
        where = {"script": place.script, "step": place.step, "aside": place.aside}
        return {"number": self.number, **where, "session": self.session, "body": self.body}


class Stub:
    """Serves on 127.0.0.1 from `start` to `stop`; also a context manager.

    A conversation plays the script named by the newest `[[script:NAME]]` that its user said, else the script
    `*`, one step an answer. A step may have `text`, `thinking`, `tools` ({name, input}), `delay` and
    `chunk_delay` (seconds), `usage`, `model`, `headers`, `stop_reason`, and go wrong: `fail` is a list, one
    for each attempt, `fail_always` one for all: {status, headers, body, message} | {drop: before|mid} |
    {hang: seconds} | {midhang: seconds}. `@CWD@` in a step is the working directory that the program tells.

    `scripts` may be replaced while it serves. With `log`, each request is a file in that folder.
    """

    def __init__(self, scripts: Scripts, log: Path | None = None) -> None:
        self.scripts = scripts
        self._log = log
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._attempts: dict[tuple[Place, str | None], int] = {}
        self._server: Server | None = None

    def start(self, port: int = 0) -> int:
        """Begins to serve; the port, which the system chooses unless told. Raises OSError if it is taken."""
        if self._log is not None:
            self._log.mkdir(parents=True, exist_ok=True)
        self._server = Server(port, self)
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
        """Ends serving; answers that hang are cut off."""
        if self._server is not None:
            self._server.ended.set()
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

    def reply(self, body: Body, session: str | None) -> Answer:
        """Keeps a request and answers it. Raises KeyError for a tool of a script without name or input."""
        place = answers.place_of(body)
        with self._lock:
            request = Request(len(self._requests) + 1, place, session, body)
            self._requests.append(request)
            attempt = self._attempts[place, session] = self._attempts.get((place, session), 0) + 1
        if self._log is not None:
            text = json.dumps(request.document(), indent=1)
            (self._log / f"request-{request.number:05d}.json").write_text(text, encoding="utf-8")
        step = answers.step_of(self.scripts, place, answers.folder_of(body))
        return answers.answer_of(step, body, request.number, attempt)


def main(argv: list[str]) -> int:
    """`python -m ccc.demo.stub PORT SCRIPTS.json LOGDIR`: serves until it is ended; prints its port.

    Port 0 lets the system choose.
    """
    if len(argv) != 3 or not argv[0].isdecimal():
        sys.stderr.write(USAGE)
        return 2
    scripts = json.loads(Path(argv[1]).read_text(encoding="utf-8"))
    stub = Stub(scripts, Path(argv[2]))
    sys.stdout.write(f"{stub.start(int(argv[0]))}\n")
    sys.stdout.flush()
    threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
