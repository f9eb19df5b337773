"""`sync` as text and JSON."""

from __future__ import annotations

from ccc.domain.leases import Lease
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
        leases=[lease_document(lease) for lease in found.leases],
    )


def lease_document(lease: Lease) -> Document:
    """Who holds something, or held it last."""
    return {
        "name": lease.name,
        "held": not lease.released,
        "holder": lease.holder,
        "who": lease.who,
        "epoch": lease.epoch,
        "at": lease.at,
        "seconds": lease.seconds,
        "landed": lease.landed,
    }


def leased_document(tip: str | None, lease: Lease) -> Document:
    """A lease just taken or released."""
    return document(tip, lease=lease_document(lease))


def lease_text(lease: Lease) -> str:
    """The same in words."""
    return f"{lease.name} held by {lease.who} since {lease.at} (epoch {lease.epoch}, {lease.holder})"


def overview_text(found: Overview) -> str:
    """A few lines."""
    if found.enabled is None:
        held = [lease_text(lease) for lease in found.leases if not lease.released]
        return "\n".join(printable(line) for line in (f"sharing is off; this copy is {found.replica}", *held))
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
    rows += [("other copy", f"{each.replica}, last event {each.at or 'unknown'}") for each in found.others]
    rows += [("left out", words) for words in found.left_out]
    rows += [("lease", lease_text(lease)) for lease in found.leases if not lease.released]
    return "\n".join(f"{label:<11} {printable(text)}" for label, text in rows)
