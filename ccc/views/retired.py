"""What leaves by its age, as lines and as a document."""

from __future__ import annotations

from typing import Any

from ccc.domain.durations import spoken
from ccc.ops.oldlogs import OldLogs
from ccc.ops.retire import Done, Leaving, Plan, Staying, age
from ccc.text import printable
from ccc.views.upkeep import document, with_remarks

NOT_SET = "retention.sessions is not set: closed sessions stay. git ccc retire --older-than 90d"


def plan_document(plan: Plan) -> dict[str, Any]:
    """`retire` before anything is done."""
    return document(
        plan.tip,
        {
            "done": False,
            "older_than": plan.seconds,
            "logs_older_than": plan.logs_seconds,
            "sessions": [_leaving(each) for each in plan.leaving],
            "staying": [{**_session(each), "why": each.why} for each in plan.staying],
            "logs": [_logs(each) for each in plan.logs],
        },
    )


def done_document(plan: Plan, done: Done) -> dict[str, Any]:
    """`retire` that was done."""
    return {
        **plan_document(plan),
        "tip": done.tip,
        "done": True,
        "sessions": [_leaving(each) for each in done.leaving],
        "logs": [_logs(each) for each in done.logs],
        "remarks": list(done.remarks),
    }


def plan_text(plan: Plan) -> str:
    """What would leave, what stays although it is old enough, and logs; a line each."""
    lines = [NOT_SET] if plan.seconds is None else []
    if plan.seconds is not None and not plan.leaving:
        lines.append(f"no session that could leave has been closed for {spoken(plan.seconds)}")
    lines += [f"would leave   {_words(each)}" for each in plan.leaving]
    lines += [f"stays         {_words(each)}: {printable(each.why)}" for each in plan.staying]
    lines += [f"logs          {printable(each.name)}, {_size(each)}" for each in plan.logs]
    return "\n".join(lines)


def done_text(done: Done) -> str:
    """What left."""
    lines = [f"retired {_words(each)}" for each in done.leaving]
    lines += [f"deleted the logs of {printable(each.name)}, {_size(each)}" for each in done.logs]
    return with_remarks("\n".join(lines) or "nothing left to retire", done.remarks)


def _words(each: Leaving | Staying) -> str:
    return f"{printable(each.session.name)}, closed {age(each.seconds)} ago"


def _size(logs: OldLogs) -> str:
    return f"{len(logs.files)} files, {logs.bytes} bytes"


def _session(each: Leaving | Staying) -> dict[str, Any]:
    session = each.session
    return {
        "session": session.id,
        "name": session.name,
        "closed_at": session.closed.at if session.closed else None,
        "age_seconds": int(each.seconds),
    }


def _leaving(each: Leaving) -> dict[str, Any]:
    return {**_session(each), "streams": list(each.streams)}


def _logs(logs: OldLogs) -> dict[str, Any]:
    return {
        "session": logs.id,
        "name": logs.name,
        "age_seconds": int(logs.seconds),
        "files": len(logs.files),
        "bytes": logs.bytes,
    }
