"""Documents and lines of checkpoints and of the proof that begins an audit."""

from __future__ import annotations

from typing import Any

from ccc.ops.checkpoint import Checkpoint, Proof

FORMAT = 1
Document = dict[str, Any]


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
