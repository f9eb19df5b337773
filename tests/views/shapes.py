"""The documents of the contract as shapes to check: every key always there, nothing else, unknown is null."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ccc.domain.status import STATUSES

Shape = Any
"""A predicate, a mapping of keys to shapes, or a list of one shape."""


def matching(pattern: str) -> Callable[[object], bool]:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


def one_of(*words: str) -> Callable[[object], bool]:
    return lambda value: value in words


def text(value: object) -> bool:
    return isinstance(value, str)


def number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def truth(value: object) -> bool:
    return isinstance(value, bool)


def anything(value: object) -> bool:
    return True


def or_null(shape: Shape) -> Callable[[object], bool]:
    return lambda value: value is None or not list(faults(value, shape))


TIME = matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
OID = matching(r"[0-9a-f]{40}|[0-9a-f]{64}")
ID = matching(r"[0-9a-f]{32}")

DOCUMENT = {"format": lambda value: value == 1, "tip": or_null(OID)}
SESSION = {
    "id": ID,
    "name": text,
    "alias": or_null(text),
    "role": text,
    "task": text,
    "status": one_of(*STATUSES),
    "status_before": or_null(one_of(*STATUSES)),
    "since": TIME,
    "evidence": [{"source": text, "what": text, "at": or_null(TIME)}],
    "as_of": TIME,
    "where": or_null(text),
    "progress": or_null(whole),
    "branch": text,
    "target": text,
    "base": OID,
    "head": OID,
    "ahead": or_null(whole),
    "behind": or_null(whole),
    "dirty": or_null(truth),
    "worktree": or_null(text),
    "engine": or_null(text),
    "runner": or_null(text),
    "terminal": or_null(text),
    "model": or_null(text),
    "after": [ID],
    "blocks": [ID],
    "parent": or_null(ID),
    "plan": or_null(text),
    "priority": whole,
    "position": or_null(whole),
    "tokens": {name: or_null(whole) for name in ("input", "output", "context", "context_limit")},
    "cost": {"usd": or_null(number)},
    "limits": {name: or_null(number) for name in ("seconds", "tokens", "usd", "memory_bytes", "processes")},
    "used": {name: or_null(number) for name in ("seconds", "tokens", "usd", "memory_bytes", "processes")},
    "restarts": whole,
    "unread": whole,
    "provisional": or_null(truth),
    "created_at": TIME,
    "updated_at": TIME,
}
KINDS = ("approval", "question", "permission", "plan", "conflict", "failure", "budget", "message")
ITEM = {
    "id": ID,
    "kind": one_of(*KINDS),
    "session": or_null(ID),
    "title": text,
    "text": text,
    "choices": [text],
    "since": TIME,
    "command": text,
}
COMMAND = {"command": text, "exit": or_null(whole), "seconds": number, "at": TIME, "log": or_null(text)}
VERIFICATION = {"state": one_of("none", "passed", "failed"), "commit": OID, "commands": [COMMAND], "at": TIME}
REPORT = {"commit": or_null(OID), "summary": text, "next_steps": [text], "text": text}
APPROVAL = {
    "by": text,
    "at": TIME,
    "base": OID,
    "head": OID,
    "tree": OID,
    "signed": truth,
    "stale": or_null(truth),
    "override": or_null(text),
}
YES = {**APPROVAL, "key": or_null(text), "counts": truth, "carried": truth, "why": or_null(text)}
RULE = {"paths": [text], "files": [text], "required": whole, "approvers": [text], "have": [text]}
HUNK = {"ours": [text], "base": [text], "theirs": [text], "ours_start": whole, "theirs_start": whole}
CONFLICT = {
    "path": text,
    "kind": text,
    "message": text,
    "hunks": [HUNK],
    "words": or_null(text),
    "others": [{"label": text, "task": or_null(text), "session": or_null(text)}],
}
ENTRY_STATES = ("waiting", "testing", "passed", "failed", "approved", "stale", "landed", "rejected")
ENTRY_SHAPE = {
    "session": ID,
    "name": text,
    "target": text,
    "base": OID,
    "head": OID,
    "tree": or_null(OID),
    "position": or_null(whole),
    "state": one_of(*ENTRY_STATES),
    "fails_with": or_null(ID),
}
REQUEST = {
    "url": text,
    "number": whole,
    "state": text,
    "head": OID,
    "commit": OID,
    "opinions": [{"by": text, "state": text, "commit": OID, "stale": truth}],
    "checks": [{"name": text, "state": text, "commit": OID}],
}
ENTRY = {
    "entry": ENTRY_SHAPE,
    "task": text,
    "report": or_null(REPORT),
    "verification": or_null(VERIFICATION),
    "gate": {
        "state": one_of("none", "running", "passed", "failed"),
        "configured": truth,
        "base_red": truth,
        "commands": [{**COMMAND, "flaky": truth}],
        "skipped": [text],
    },
    "diff": {"files": whole, "added": whole, "deleted": whole, "paths": [text]},
    "request": or_null(REQUEST),
    "landed": or_null({"commit": OID, "at": TIME, "method": text, "how": or_null(text)}),
    "conflicts": [CONFLICT],
    "approvals": [YES],
    "needed": whole,
    "rules": [RULE],
    "deciding": [text],
    "can_merge": truth,
    "why_not": [text],
    "warnings": [text],
}
EVENT = {
    "id": text,
    "at": TIME,
    "type": text,
    "subject": text,
    "session": or_null(ID),
    "by": or_null(text),
    "where": or_null(text),
    "text": text,
    "data": anything,
    "commit": or_null(OID),
    "redacted": or_null({"by": text, "at": text, "why": text}),
}
STATUS = {**DOCUMENT, "sessions": [SESSION], "waiting_for_you": [ITEM], "counts": anything}
SHOW = {
    **DOCUMENT,
    **SESSION,
    "brief": or_null(text),
    "report": or_null(REPORT),
    "verification": or_null(VERIFICATION),
    "commits": [{"sha": OID, "subject": text, "at": TIME}],
    "files": [{"path": text, "added": or_null(whole), "deleted": or_null(whole)}],
    "notes": [{"id": text, "kind": text, "text": text, "by": or_null(text), "at": TIME}],
    "questions": [{"id": ID, "text": text, "choices": [text], "at": TIME}],
    "messages": {"sent": whole, "unread": whole},
    "conflicts": or_null([CONFLICT]),
    "conflicts_with": [{"with": text, "kind": text, "paths": [text], "uncommitted": truth, "since": TIME}],
    "approvals": [APPROVAL],
    "children": [ID],
}
DECISION = {
    "what": one_of("approved", "landed"),
    "session": ID,
    "name": text,
    "at": TIME,
    "by": or_null(text),
    "signed": or_null(truth),
}
INBOX = {**DOCUMENT, "items": [ITEM], "decided": [DECISION]}
LOG = {**DOCUMENT, "events": [EVENT], "cursor": or_null(OID)}
REVIEW = {**DOCUMENT, **ENTRY}
QUEUED = {
    "ahead": [ID],
    "waits_for": [ID],
    "why": text,
    "window": whole,
    "eta": or_null(number),
}
QUEUE = {
    **DOCUMENT,
    "entries": [{**ENTRY, "entry": {**ENTRY_SHAPE, **QUEUED}}],
    "left_out": [{"session": text, "target": text, "why": text, "hint": text}],
    "unqueued": [{"session": text, "target": text, "state": text, "why": text}],
}
ORIENT = {
    **DOCUMENT,
    "repository": text,
    "branch": or_null(text),
    "here": or_null({"path": text, "branch": or_null(text)}),
    "initialised": truth,
    "targets": [text],
    "agents": [text],
    "counts": anything,
    "waiting_for_you": [ITEM],
    "next": [text],
}


def faults(value: object, shape: Shape, path: str = "") -> list[str]:
    """Where a value is not of a shape; empty when it is."""
    if isinstance(shape, Mapping):
        if not isinstance(value, Mapping):
            return [f"{path}: no object"]
        missing = [f"{path}.{key}: missing" for key in shape if key not in value]
        unknown = [f"{path}.{key}: unknown" for key in value if key not in shape]
        inside = [
            fault
            for key in shape
            if key in value
            for fault in faults(value[key], shape[key], f"{path}.{key}")
        ]
        return missing + unknown + inside
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{path}: no list"]
        return [fault for n, each in enumerate(value) for fault in faults(each, shape[0], f"{path}[{n}]")]
    return [] if shape(value) else [f"{path}: {value!r}"]
