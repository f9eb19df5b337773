"""The `claude` engine: Claude Code without a terminal, spoken to in JSON lines.

What each line means was measured with the real program (docs/claude-engine.md).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ccc.domain.life import Denied, Request
from ccc.engines.claude import limited, requests, settings
from ccc.engines.claude.doings import Doings
from ccc.engines.claude.usage import Meter
from ccc.engines.protocol import (
    Asked,
    Background,
    Busy,
    Compacted,
    Garbled,
    Launch,
    Limited,
    Received,
    Refused,
    Settled,
    Sign,
    Spoke,
    Task,
    Troubled,
    TurnEnded,
    Used,
)

ALWAYS = ("Bash(git ccc *)", "Bash(git status *)", "Bash(git add *)", "Bash(git commit *)")
"""Tools every specialist has: without them it could neither commit nor report."""

ASKING_MODES = ("default", "acceptEdits", "plan", "bypassPermissions")
"""Permission modes in which the program asks; in the others it decides by itself."""

WRITING = frozenset({"Write", "Edit", "MultiEdit"})
INSIDE = "Edit(./**)"
"""Leave to write in the worktree and nowhere else: bare `Write` would be leave to write anywhere."""

LOGIN = "run claude once by hand and log in, or set ANTHROPIC_API_KEY"
WHAT_LENGTH = 200
USAGE = "get_usage"
"""The control request that is answered at once, in mid-turn too, with the money spent so far."""


class Claude:
    """One process of the program."""

    name = "claude"
    resumes = True
    one_turn = False

    def __init__(self, program: str) -> None:
        self._program = program
        self._meter = Meter()
        self._tools: dict[str, tuple[str, str]] = {}
        self._denied: list[Denied] = []
        self._doings = Doings()
        self._limited: Limited | None = None
        self._asked: dict[str, Mapping[str, Any]] = {}

    def launch(self, task: Task) -> Launch:
        conversation = "--resume" if task.resumes else "--session-id"
        self._meter.takes_up = task.resumes or bool(task.options.get("fork"))
        argv = [self._program, "-p", "--input-format", "stream-json", "--output-format", "stream-json"]
        argv += ["--verbose", "--replay-user-messages", conversation, task.conversation]
        argv += ["--permission-mode", task.permission_mode]
        argv += ["--allowedTools", ",".join(allowed(task.tools))]
        argv += ["--append-system-prompt", task.system]
        argv += ["--settings", str(settings.write(task.folder))]
        if task.options.get("fork") and not task.resumes:
            argv += ["--resume", str(task.options["fork"]), "--fork-session"]
        if task.model:
            argv += ["--model", task.model]
        if task.permission_mode in ASKING_MODES:
            argv += ["--permission-prompt-tool", "stdio"]
        return Launch(tuple(argv), {}, talks=True)

    def greeting(self, task: Task) -> bytes:
        return self.message(task.options.get("greeting", ""), task.prompt) if task.prompt else b""

    def message(self, identifier: object, text: str) -> bytes:
        content = [{"type": "text", "text": text}]
        line: dict[str, Any] = {"type": "user", "message": {"role": "user", "content": content}}
        line |= {"parent_tool_use_id": None, "session_id": ""}
        if identifier:
            line["uuid"] = uuid_of(str(identifier))
        return _line(line)

    def answer(self, request: Request, text: str) -> bytes:
        asked = self._asked.pop(request.id, {})
        return _line(requests.response(request.id, asked, text))

    def forgot(self, words: str) -> bool:
        return "No conversation found" in words

    def interrupt(self) -> bytes:
        return _control("interrupt")

    def usage(self) -> bytes:
        return _control(USAGE)

    def read(self, line: bytes) -> Sequence[Sign]:
        try:
            found = json.loads(line)
            kind = str(found["type"])
            if kind == "system":
                kind = f"system:{found.get('subtype')}"
            reader = READERS.get(kind)
            return () if reader is None else list(reader(self, found))
        except UNREADABLE:
            return (Garbled(_garbled(line)),)

    def _response(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        """What was asked for in mid-turn: money as it is now, which no line of the stream tells."""
        response = found.get("response") or {}
        if response.get("request_id") != f"ccc-{USAGE}":
            return ()
        told = ((response.get("response") or {}).get("session") or {}).get("total_cost_usd")
        spent = None if told is None else self._meter.price(float(told))
        return () if spent is None else (Used(spent),)

    def _init(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        return (Spoke(found.get("model")),)

    def _user(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        """Our own messages come back when they enter the conversation; else it is a tool's result."""
        if found.get("isReplay") and isinstance(found.get("uuid"), str):
            self._denied.clear()
            return (Received(found["uuid"].replace("-", "")),)
        return (Busy("a tool has answered"), *self._doings.answered(found))

    def _assistant(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        signs: list[Sign] = []
        message = found.get("message") or {}
        aside = found.get("parent_tool_use_id") is not None
        spent = self._meter.message(message, aside=aside)
        for block in message.get("content") or ():
            if block.get("type") == "tool_use":
                name, what = str(block.get("name")), describe(block.get("input"))
                self._tools[str(block.get("id"))] = (name, what)
                self._doings.called(block, f"{name} {what}".strip())
                signs.append(Busy(f"{name} {what}".strip()))
            elif block.get("type") == "text":
                signs += [Busy("it speaks"), self._doings.said(found, str(block.get("text")))]
        signs = signs or [Busy("it thinks")]
        return signs if spent is None else [*signs, Used(spent)]

    def _permission_denied(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        name, what = self._tools.get(str(found.get("tool_use_id")), (str(found.get("tool_name")), ""))
        denied = Denied(name, what)
        self._denied.append(denied)
        return (Refused(denied),)

    def _retry(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        status, attempts = found.get("error_status"), f"{found.get('attempt')} of {found.get('max_retries')}"
        said = "does not answer" if status is None else f"answered {status} {found.get('error')}"
        words = f"the API {said}, attempt {attempts}"
        return (self._limit(Limited(words)),) if status == 429 else (Troubled(words),)

    def _limit(self, limit: Limited) -> Limited:
        """Remembered for when it gives up; that the reset was told counts more than the next attempt."""
        if self._limited is None or limit.until is not None:
            self._limited = limit
        return limit

    def _status(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        return (Busy("its context is being compacted"),) if found.get("status") == "compacting" else ()

    def _compacted(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        numbers = found.get("compact_metadata") or {}
        before, after = (numbers.get(name) for name in ("pre_tokens", "post_tokens"))
        return (Compacted(*(each if isinstance(each, int) else None for each in (before, after))),)

    def _rate_limit(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        info = found.get("rate_limit_info") or {}
        if info.get("status") != "rejected" or info.get("isUsingOverage"):
            self._limited = None  # it is over, or paid for beyond: the program goes on
            return ()
        return (self._limit(Limited("its rate limit is used up", requests.moment(info.get("resetsAt")))),)

    def _background(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        return (Background(len(found.get("tasks") or ())),)

    def _task(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        return (Busy(str(found.get("description") or "a task goes on")[:WHAT_LENGTH]),)

    def _request(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        body = found.get("request") or {}
        if body.get("subtype") != "can_use_tool":
            return ()
        identifier = str(found.get("request_id"))
        self._asked[identifier] = body
        return (Asked(requests.request_of(identifier, body, describe(body.get("input")))),)

    def _cancel(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        self._asked.pop(str(found.get("request_id")), None)
        return (Settled(str(found.get("request_id"))),)

    def _result(self, found: Mapping[str, Any]) -> Sequence[Sign]:
        spent = self._meter.result(found)
        said = str(found.get("result") or "")
        failure, hint = _failure(found, said)
        interrupted = found.get("subtype") == "error_during_execution" and failure is None
        denied = tuple(self._denied) or tuple(_denials(found))
        self._denied.clear()
        limit = None if failure is None else limited.given_up(found, said, self._limited)
        self._limited = None
        return (Used(spent), TurnEnded(said, failure, interrupted, denied, hint, limit))


READERS = {
    "system:init": Claude._init,
    "system:permission_denied": Claude._permission_denied,
    "system:api_retry": Claude._retry,
    "system:status": Claude._status,
    "system:compact_boundary": Claude._compacted,
    "system:background_tasks_changed": Claude._background,
    "system:task_started": Claude._task,
    "system:task_progress": Claude._task,
    "user": Claude._user,
    "assistant": Claude._assistant,
    "result": Claude._result,
    "rate_limit_event": Claude._rate_limit,
    "control_request": Claude._request,
    "control_response": Claude._response,
    "control_cancel_request": Claude._cancel,
}
"""Line kinds that mean something; every other is only a sign of life."""


UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, OverflowError, OSError, RecursionError)
"""What a line that is no JSON object, or has a part of another shape, raises in whoever reads it."""


def allowed(tools: Sequence[str]) -> list[str]:
    """A role's tools as the program is told them: writing is confined to the worktree."""
    told = (INSIDE if tool in WRITING else tool for tool in tools)
    return list(dict.fromkeys((*told, *ALWAYS)))


def describe(arguments: object) -> str:
    """A tool's arguments in a few words: its command, path or pattern."""
    if not isinstance(arguments, Mapping):
        return ""
    for key in ("command", "file_path", "path", "pattern", "url", "query", "description", "prompt"):
        if isinstance(arguments.get(key), str):
            return " ".join(arguments[key].split())[:WHAT_LENGTH]
    return ""


def _failure(found: Mapping[str, Any], said: str) -> tuple[str | None, str]:
    """Why a turn did not end well, and what to do; an API failure calls itself `success`."""
    if not found.get("is_error"):
        return None, ""
    if "not logged in" in said.lower() or "invalid api key" in said.lower():
        return said, LOGIN
    subtype = str(found.get("subtype"))
    if subtype == "error_during_execution":
        errors = "; ".join(str(error) for error in found.get("errors") or ())
        return (
            (errors, "")
            if errors and not found.get("terminal_reason", "").startswith("aborted")
            else (None, "")
        )
    return said or subtype.replace("_", " "), ""


def _denials(found: Mapping[str, Any]) -> list[Denied]:
    listed = found.get("permission_denials") or ()
    return [Denied(str(each.get("tool_name")), describe(each.get("tool_input"))) for each in listed]


def _garbled(line: bytes) -> str:
    return f"{len(line)} bytes that are no JSON object: {line[:60].decode('utf-8', 'replace')!r}"


def _control(subtype: str) -> bytes:
    return _line({"type": "control_request", "request_id": f"ccc-{subtype}", "request": {"subtype": subtype}})


def uuid_of(identifier: str) -> str:
    """32 hex digits in the form that the program wants."""
    cuts = (0, 8, 12, 16, 20, 32)
    return "-".join(identifier[a:b] for a, b in itertools.pairwise(cuts))


def _line(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=True).encode("ascii") + b"\n"
