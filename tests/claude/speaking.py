"""The program in a pipe, spoken to in JSON lines as ccc's engine does, but without ccc."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

import psutil

from ccc.platform import trees
from tests.support import claude
from tests.support.agents import until

Line = dict[str, Any]
STREAMS = ("--input-format", "stream-json", "--output-format", "stream-json", "--verbose")
MARK = "TEST_CONVERSATION"
"""A variable by which the tools that it started are found."""

WORKS = ("--allowedTools", "Write,Edit,Agent,Bash(git *),Bash(echo *),Bash(sleep *),Bash(python3 *)")
ASKS = ("--permission-prompt-tool", "stdio")


def until_there(path: Path) -> str:
    """A command that ends as soon as a file is there."""
    look = f'iter(pathlib.Path("{path}").exists, True)'
    return f"python3 -c 'import pathlib, time; [time.sleep(0.05) for _ in {look}]'"


def used_up(reset: int, **more: str) -> dict[str, str]:
    """Headers of an answer to whoever has used up a subscription until `reset`, seconds since 1970."""
    told = {"status": "rejected", "reset": str(reset), "representative-claim": "five_hour", **more}
    return {f"anthropic-ratelimit-unified-{name}": value for name, value in told.items()}


def kind(line: Line) -> str:
    """`system:init`, `result:success`, `assistant`."""
    return ":".join(str(line[key]) for key in ("type", "subtype") if line.get(key))


class Speaking:
    """One process of the program in `folder`; its lines are kept in order."""

    def __init__(
        self, folder: Path, *options: str, takes_up: str | None = None, mode: str = "dontAsk"
    ) -> None:
        self.conversation = takes_up or str(uuid.uuid4())
        self._lines: list[Line] = []
        command = [str(claude.program()), "-p", *STREAMS, "--replay-user-messages"]
        command += ["--resume" if takes_up else "--session-id", self.conversation, "--permission-mode", mode]
        self._errors = (folder.parent / f"stderr-{uuid.uuid4()}").open("wb+")
        self.process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, MARK: self.conversation},
            cwd=folder,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.append(json.loads(line))

    def write(self, document: Line | bytes) -> None:
        """A line to the program, as it is or as JSON. Raises BrokenPipeError."""
        assert self.process.stdin is not None
        data = document if isinstance(document, bytes) else json.dumps(document).encode() + b"\n"
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def say(self, text: str, identifier: str | None = None) -> str:
        """A user line; its uuid."""
        name = identifier or str(uuid.uuid4())
        message = {"role": "user", "content": [{"type": "text", "text": text}]}
        self.write({"type": "user", "message": message, "uuid": name, "parent_tool_use_id": None})
        return name

    def answer(self, request: Line, **decision: Any) -> None:
        """The response to a `control_request` of the program."""
        response = {"subtype": "success", "request_id": request["request_id"], "response": decision}
        self.write({"type": "control_response", "response": response})

    def lines(self, wanted: str | None = None) -> list[Line]:
        """What it said so far; of one kind or all."""
        return [line for line in tuple(self._lines) if wanted in (None, kind(line), line.get("type"))]

    def first(self, wanted: str, fits: Callable[[Line], bool] = lambda _: True) -> Line:
        """Waits for a line of a kind."""

        def look() -> list[Line]:
            return [line for line in self.lines(wanted) if fits(line)]

        found: list[Line] = until(look, f"a line {wanted} among {[kind(line) for line in self._lines]}")
        return found[0]

    def result(self, number: int = 1) -> Line:
        """Waits for the end of a turn, counted from 1."""
        until(lambda: len(self.lines("result")) >= number, f"the end of turn {number}")
        return self.lines("result")[number - 1]

    def tool(self) -> Line:
        """Waits until it calls a tool."""
        return self.first("assistant", lambda line: bool(calls(line)))

    def received(self, identifier: str) -> Line:
        """Waits until a user line comes back."""
        return self.first("user", lambda line: line.get("isReplay") is True and line["uuid"] == identifier)

    def life(self, identifier: str) -> list[str]:
        """The states that a user line went through."""
        return [
            line["state"] for line in self.lines("command_lifecycle") if line["command_uuid"] == identifier
        ]

    def tool_results(self) -> list[str]:
        """What tools answered, as the model reads it."""
        blocks = [block for line in self.lines("user") for block in _blocks(line)]
        return [str(block["content"]) for block in blocks if block.get("type") == "tool_result"]

    def runs(self, program: str) -> bool:
        """Whether a program that it started is there now, by its name."""
        for pid in trees.marked(MARK, self.conversation):
            with contextlib.suppress(psutil.NoSuchProcess):
                if psutil.Process(pid).name().startswith(program):
                    return True
        return False

    def close(self) -> int:
        """Closes its standard input and waits for its end; the exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.wait()

    def wait(self) -> int:
        """Waits for its end; the exit code."""
        code = self.process.wait(60)
        self._reader.join(20)
        return code

    def errors(self) -> str:
        """Its standard error."""
        self._errors.seek(0)
        return self._errors.read().decode()

    def end(self) -> None:
        """Ends what a test left: the program, and tools that outlived it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)
        trees.Tree(None, (MARK, self.conversation)).end(0.2)
        self._reader.join(20)
        for stream in (self.process.stdin, self.process.stdout, self._errors):
            assert stream is not None
            _close(stream)


class Speaks(Protocol):
    """The shape of the fixture `speak`."""

    def __call__(self, *options: str, takes_up: str | None = None, mode: str = "dontAsk") -> Speaking:
        """Starts the program in the work tree; without options it may do what `WORKS` says."""
        ...


def bash(command: str, **more: Any) -> dict[str, Any]:
    """A step in which the model runs a command."""
    given = {"command": command, "description": "a step", **more}
    return {"text": "on it", "tools": [{"name": "Bash", "input": given}]}


def write(path: str, content: str) -> dict[str, Any]:
    """A step in which the model writes a file."""
    return {"tools": [{"name": "Write", "input": {"file_path": path, "content": content}}]}


def calls(line: Line) -> list[Line]:
    """The tool calls in an assistant's line."""
    return [block for block in _blocks(line) if block.get("type") == "tool_use"]


def _blocks(line: Line) -> Iterable[Line]:
    content = line["message"]["content"]
    return content if isinstance(content, list) else ()


def _close(stream: Any) -> None:
    try:
        stream.close()
    except BrokenPipeError:
        return
