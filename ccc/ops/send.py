"""`send`: a text to sessions, to all, to whoever orchestrates."""

from __future__ import annotations

from collections.abc import Sequence

from ccc import ids
from ccc.domain.events import Draft
from ccc.domain.messages import EVERYBODY, Whom
from ccc.ops.acknowledging import by_answering
from ccc.ops.actor import actor_of
from ccc.ops.delivery import Sent as Sent
from ccc.ops.delivery import deliver
from ccc.ops.look import look
from ccc.ops.mail import messages_of
from ccc.ops.parcels import Parcel, Plan, checked, checked_topic, planned
from ccc.ops.receivers import receivers, sender_of
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State


def send(
    workspace: Workspace,
    references: Sequence[str],
    text: str,
    *,
    topic: str | None = None,
    now: bool = False,
) -> list[Sent]:
    """Sends a text to each one meant: ids, names, `all`, `orchestrator`. Recorded before it is delivered.

    An agent at rest is taken up again for it when there is room; `now`: despite the limits.

    Raises Usage, NotFound, Ambiguous, Refused, InsideAgent before anything is recorded; EngineFailed where an
    agent at rest could not be started for it: the message waits then.
    """
    workspace.require()
    if now:
        _refuse_agents(workspace)
    words, about = checked(text), checked_topic(topic)
    picture = look(workspace)
    sender = sender_of(workspace, picture.sessions)
    meant = receivers(workspace, picture, references, sender)
    addressed = () if EVERYBODY in references else meant
    caller = Whom(sender.session.id if sender.session else None, sender.words)
    parcels = [Parcel(ids.new_id(), receiver, words, about) for receiver in meant]
    plans: list[Plan] = []

    def decide(state: State) -> Sequence[Draft]:
        known = messages_of(state)
        plans[:] = [planned(known, sender, parcel, workspace.now()) for parcel in parcels]
        answers = [by_answering(known, sender.by, each.to, caller) for each in addressed]
        return [draft for drafts in (*(plan.drafts for plan in plans), *answers) for draft in drafts]

    workspace.store.transact(decide)
    return deliver(workspace, plans, now=now)


def _refuse_agents(workspace: Workspace) -> None:
    """Only people go beyond the limits."""
    actor = actor_of(workspace)
    if actor.agent is not None:
        raise actor.refusal(
            workspace,
            f"send --now needs a person, and this call comes from inside an agent ({actor.agent})",
            "send it without --now: it is taken up for it when there is room",
        )
