"""Workers: sessions as an orchestrating agent sees them, each in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccc.domain.status import STATUSES
from ccc.engines.transcripts import CUT
from ccc.ids import short
from ccc.ops.items import Item
from ccc.ops.look import Picture, Sighting
from ccc.ops.output import Output
from ccc.views.documents import Document, document, inbox_document
from ccc.views.output import output_document

STATES: Mapping[str, tuple[str, ...]] = {
    "SPAWNING": ("created", "queued", "starting"),
    "READY": ("idle", "reported", "verified", "unchecked"),
    "BUSY": ("running", "waiting", "limited", "paused"),
    "CLOSED": ("completed", "blocked", "failed", "stopped", "lost", "closed"),
}
"""The states of a worker and the statuses behind each (CONTRACT §2)."""

WORDS = (*STATUSES, *STATES)
"""What workers can be chosen by."""

FOR_PEOPLE = frozenset({"approval", "question", "permission", "plan", "budget"})
"""Items that an agent may not settle (CONTRACT §1)."""

TASK_LENGTH = 100
EVIDENCE = 3
TURN_LENGTH = 2000


def worker_state(sighting: Sighting) -> str | None:
    """SPAWNING, READY, BUSY or CLOSED, of an unknown status that of what the run did last; else None."""
    status = sighting.view.status
    if status == "unknown":
        status = sighting.life.phase if sighting.life else sighting.session.run.status
    return next((state for state, statuses in STATES.items() if status in statuses), None)


def is_called(sighting: Sighting, word: str) -> bool:
    """Whether a status, or a state of workers, holds for a session."""
    return word in (sighting.view.status, worker_state(sighting))


def worker_document(sighting: Sighting, waiting: Sequence[Item]) -> Document:
    """One worker; `needs_you` is what of it waits for a person."""
    session, view = sighting.session, sighting.view
    return {
        "id": short(session.id),
        "name": session.name,
        "alias": session.alias,
        "role": session.role,
        "status": view.status,
        "worker_state": worker_state(sighting),
        "task": shortened(session.task),
        "progress": session.progress,
        "evidence": [evidence.what for evidence in view.evidence[:EVIDENCE]],
        "needs_you": [f"{item.kind}: {item.title}" for item in waiting if item.session == session.id],
    }


def workers_document(picture: Picture, shown: Sequence[Sighting], waiting: Sequence[Item]) -> Document:
    """The workers shown, and what waits for a person beside them."""
    return document(
        picture.state.tip,
        workers=[worker_document(sighting, waiting) for sighting in shown],
        waiting_for_you=len(waiting),
    )


def shortened(task: str) -> str:
    """The first line of a task, cut at TASK_LENGTH characters."""
    first = task.strip().partition("\n")[0]
    return first if len(first) <= TASK_LENGTH else f"{first[: TASK_LENGTH - 1]}…"


def shown_inbox_document(tip: str | None, waiting: Sequence[Item], *, inside: bool = False) -> Document:
    """The inbox with, in each item that only a person may settle, the `words` to give to the human.

    `inside`: it is a session's own, and the questions in it are for that session to answer.
    """
    shown = inbox_document(tip, waiting)
    for item in shown["items"]:
        if item["kind"] in FOR_PEOPLE and not (inside and item["kind"] == "question"):
            item["words"] = f"ask the human to run, in the main checkout: {item['command']}"
    return shown


def conversation_document(page: Output) -> Document:
    """The conversation, each turn's text cut at TURN_LENGTH characters: an agent's context is small."""
    shown = output_document(page)
    for turn in shown["turns"]:
        if turn["text"] and len(turn["text"]) > TURN_LENGTH:
            turn["text"] = turn["text"][:TURN_LENGTH] + CUT
    return shown
