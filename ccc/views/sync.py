"""`sync` as text and JSON."""

from __future__ import annotations

from ccc.ids import short_oid
from ccc.ops.sync.exchange import Synced
from ccc.ops.sync.overview import Overview
from ccc.text import printable
from ccc.views.documents import Document, document


def synced_document(done: Synced) -> Document:
    """What an exchange did."""
    return document(
        done.tip,
        remote=done.remote,
        sent=done.sent,
        received=done.received,
        others=done.others,
        remarks=list(done.remarks),
    )


def synced_text(done: Synced) -> str:
    """One line, and what is worth saying."""
    line = f"{done.remote}: sent {done.sent}, received {done.received}; refs/ccc is at {short_oid(done.tip)}"
    return "\n".join(printable(words) for words in (line, *(f"  {remark}" for remark in done.remarks)))


def overview_document(tip: str | None, found: Overview) -> Document:
    """How sharing stands."""
    last = found.last
    return document(
        tip,
        enabled=found.enabled is not None,
        remote=found.enabled.remote if found.enabled else None,
        enabled_by=found.enabled.by if found.enabled else None,
        enabled_at=found.enabled.at if found.enabled else None,
        replica=found.replica,
        last={"at": last.at, "ok": last.ok, "what": last.words, "succeeded_at": last.succeeded_at}
        if last
        else None,
        waiting={"commits": found.waiting, "pending": found.pending},
        others=[{"replica": each.replica, "tip": each.tip, "at": each.at} for each in found.others],
        left_out=list(found.left_out),
    )


def overview_text(found: Overview) -> str:
    """A few lines."""
    if found.enabled is None:
        return f"sharing is off; this copy is {found.replica}"
    last = found.last
    rows = [
        ("shared", f"with {found.enabled.remote} since {found.enabled.at}, by {found.enabled.by}"),
        ("this copy", found.replica),
        ("last", "never" if last is None else f"{last.at}: {last.words}" + ("" if last.ok else " (failed)")),
        (
            "waiting",
            f"{found.waiting + found.pending} to be shared" if found.waiting + found.pending else "nothing",
        ),
    ]
    if last is not None and not last.ok:
        rows.append(("succeeded", last.succeeded_at or "never"))
    rows += [("other copy", f"{each.replica}, last event {each.at}") for each in found.others]
    rows += [("left out", words) for words in found.left_out]
    return "\n".join(f"{label:<11} {printable(text)}" for label, text in rows)
