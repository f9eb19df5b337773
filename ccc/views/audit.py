"""Documents and lines of audits, checkpoints and the proof that begins an audit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccc.domain.stamps import rfc3339
from ccc.ids import short_oid
from ccc.ops.audit import Audit, Audited
from ccc.ops.checkpoint import Checkpoint, Proof
from ccc.text import printable, printable_lines
from ccc.views.documents import event_document
from ccc.views.styling import Styling

FORMAT = 1
Document = dict[str, Any]


OIDS = frozenset({"base", "head", "tree", "commit", "old", "new", "tip", "tag"})
"""Evidence that is shown to people by its first digits."""


def audit_document(audit: Audit) -> Document:
    """`log --audit`: the document of `log` with the proof, and with who, key and evidence in each event."""
    tip = audit.proof.tip
    events = [audited_document(one) for one in audit.events]
    return {"format": FORMAT, "tip": tip, "proof": proof_value(audit.proof), "events": events, "cursor": tip}


def audited_document(one: Audited) -> Document:
    """One event of an audit."""
    return {
        **event_document(one.logged),
        "who": one.who,
        "agent": one.agent,
        "recorded_by": one.recorded_by,
        "key": one.key,
        "evidence": dict(one.evidence),
    }


def audit_text(audit: Audit, look: Styling) -> str:
    """The proof first, then each event with who and when, its evidence below."""
    style = {"proven": "good", "tampered": "bad"}.get(audit.proof.state, "attention")
    proof = look.style(printable_lines(audit.proof.words), style)
    return "\n".join([proof, "", *(audited_text(one, look) for one in audit.events)])


def audited_text(one: Audited, look: Styling) -> str:
    """One event as lines."""
    event = one.logged.event
    commit = one.logged.commit[:7] if one.logged.commit else "pending"
    moment = rfc3339(event.id)[:19].replace("T", " ")
    who = f"{one.who} (agent)" if one.agent else one.who
    line = f"{event.subject}: {event.text}  [{who}]"
    lines = [f"{look.style(commit, 'id')} {look.style(moment, 'faint')} {printable(line)}"]
    facts = [f"{name} {_shown(name, value)}" for name, value in one.evidence.items() if name != "commands"]
    facts += [f"key {one.key}"] if one.key else []
    if facts:
        lines.append("        " + look.style(printable(", ".join(facts)), "faint"))
    lines += [f"        {printable(_result(command))}" for command in one.evidence.get("commands", ())]
    return "\n".join(lines)


def _shown(name: str, value: object) -> str:
    return short_oid(value) if name in OIDS and isinstance(value, str) else str(value)


def _result(command: Mapping[str, Any]) -> str:
    code = command.get("exit")
    return f"{command.get('command')}: {'time limit' if code is None else f'exit {code}'}"


def proof_value(proof: Proof) -> Document:
    """The proof as a part of a document."""
    return {
        "state": proof.state,
        "words": proof.words,
        "checkpoint": None if proof.checkpoint is None else _value(proof.checkpoint),
        "since": proof.since,
        "signers": proof.signers,
        "checkpoints": [_value(one) for one in proof.checkpoints],
    }


def proof_document(proof: Proof) -> Document:
    """`checkpoint --verify`."""
    return {"format": FORMAT, "tip": proof.tip, "proof": proof_value(proof)}


def checkpoint_document(tip: str | None, made: Checkpoint) -> Document:
    """`checkpoint`."""
    return {"format": FORMAT, "tip": tip, "checkpoint": _value(made)}


def checkpoint_text(made: Checkpoint) -> str:
    """What was made, and what it is worth."""
    worth = {
        "verified": f"signed by {made.signer} ({made.key})",
        "unsigned": "not signed: whoever can write here can make another (git ccc checkpoint --sign)",
        "untrusted": "signed, but not by a key in .ccc/allowed_signers of the target's commit",
    }
    return f"checkpoint {made.name} of {made.tip}\n{worth.get(made.state, made.state)}"


def _value(one: Checkpoint) -> Document:
    return {
        "name": one.name,
        "tag": one.tag,
        "tip": one.tip,
        "at": one.at,
        "state": one.state,
        "signer": one.signer,
        "key": one.key,
        "behind": one.behind,
        "recorded": one.recorded,
    }
