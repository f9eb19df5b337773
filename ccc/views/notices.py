"""Notices as text and JSON."""

from __future__ import annotations

from ccc.ops.notices.report import Notice, Report
from ccc.text import printable
from ccc.views.documents import Document, document

SHOWN = 20
"""Notices that the text shows, the newest; JSON has all."""


def notices_document(tip: str | None, report: Report) -> Document:
    """`{"channels": [...], "notices": [...]}`."""
    channels = [
        {"name": way.name, "kind": way.kind, "what": way.what, "on": list(way.on), "missing": way.missing}
        for way in report.ways
    ]
    return document(tip, channels=channels, notices=[_notice(each) for each in report.notices])


def _notice(notice: Notice) -> Document:
    return {
        "id": notice.id,
        "channel": notice.channel,
        "status": notice.status,
        "session": notice.session,
        "name": notice.name,
        "title": notice.title,
        "since": notice.since,
        "at": notice.at,
        "attempts": notice.attempts,
        "trouble": notice.trouble,
    }


def notices_text(report: Report) -> str:
    """The channels, then the newest notices."""
    lines = [
        f"{way.name}: {printable(way.what)}{' ' if way.what else ''}on {', '.join(way.on)}"
        for way in report.ways
    ]
    lines += [f"{way.name} waits for the variable {way.missing}" for way in report.ways if way.missing]
    if not report.ways:
        lines.append("nobody is told: [notify] in .ccc/config.toml, or git config ccc.notify.desktop true")
    return "\n".join([*lines, *(_line(each) for each in report.notices[-SHOWN:])])


def _line(notice: Notice) -> str:
    if notice.at is None:
        how = f"waits ({printable(notice.trouble)})" if notice.trouble else "waits"
    else:
        how = f"not told: {printable(notice.trouble)}" if notice.trouble else "told"
    return f"{notice.at or notice.since}  {notice.channel}  {printable(notice.title)}: {how}"
