"""What sessions that agents work in want of a person; views of what is recorded and seen, nothing more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ccc.domain.alive import day_and_clock
from ccc.domain.life import IDLE, Life, Request
from ccc.domain.questions import how_to_answer
from ccc.domain.runs import TO_BE_RESTARTED
from ccc.domain.sessions import Question, Session
from ccc.domain.status import open_questions, seconds_between
from ccc.engines.registry import CLAUDE
from ccc.ids import short, short_oid
from ccc.ops.budget_items import of_limits
from ccc.ops.items import Item, is_missing, item
from ccc.ops.look import Sighting

SETTLE_SECONDS = 2.0
"""A turn that has just ended may still be followed by the report that its last command made."""

ALLOW, DENY = DECISIONS = ("allow", "deny")
"""What a permission can be answered with; after the second a reason may follow."""

TOO_LONG = "prompt is too long"
"""What the Messages API answers to a conversation that has outgrown the model's context."""


def of_agent(sighting: Sighting, *, delegates: bool = False) -> Iterator[Item]:
    """Questions, permissions, denied tools, limits, budgets, failures, and turns that ended in silence.

    `delegates`: sessions that it spawned are at work, or wait for somebody; it is told what comes of them.
    """
    if sighting.session.closed is not None:
        return
    yield from _questions(sighting)
    yield from claims(sighting)
    yield from _failures(sighting)
    yield from of_limits(sighting)
    life = sighting.life
    if life is not None:
        yield from requests(sighting.session, life)
        yield from _denied(sighting.session, life)
        yield from _limits(sighting, life)
        if not delegates:
            yield from _silence(sighting, life)
        yield from _restart(sighting.session, life, sighting.as_of)


def _questions(sighting: Sighting) -> Iterator[Item]:
    """What was asked with `git ccc ask`; the item has the question's own id."""
    session = sighting.session
    if sighting.view.status == "lost":
        return
    for question in open_questions(session, sighting.life):
        yield of_question(session, question)


def of_question(session: Session, question: Question) -> Item:
    """A question as an item, which has its id."""
    title = f"{session.name} asks"
    found = Item(question.id, "question", session.id, title, question.text, question.at, "")
    return answerable(found, question.choices)


def claims(sighting: Sighting) -> Iterator[Item]:
    """What a trailer, a report or `git ccc report --blocked` says at the head that needs an answer."""
    session, claim = sighting.session, sighting.session.claim
    if sighting.view.status != "waiting" or claim is None or claim.commit != session.head:
        return
    if claim.state == "done":
        return
    title = f"{session.name} is blocked" if claim.state == "blocked" else f"{session.name} has a question"
    text = claim.why or f"said at {short_oid(claim.commit)}"
    # What a commit says is known by the commit: until it is recorded its time is a guess of each look.
    key = claim.at if claim.how == "command" else f"{claim.state}\n{claim.commit}"
    yield answerable(item("question", session, key, title=title, text=text, since=claim.at, command=""))


def requests(session: Session, life: Life) -> Iterator[Item]:
    """What the engine itself waits for."""
    for request in () if life.host is None else life.requests:
        permission = request.kind == "permission"
        title = f"{session.name} needs a permission" if permission else f"{session.name} asks"
        choices = request.choices or (DECISIONS if permission else ())
        yield answerable(request_item(session, life, request, title), choices)


def request_item(session: Session, life: Life, request: Request, title: str = "") -> Item:
    """What the engine waits for as an item, still without command."""
    key = f"{life.run}\n{request.id}"
    return item(request.kind, session, key, title=title, text=request.text, since=life.at, command="")


def answerable(found: Item, choices: tuple[str, ...] = ()) -> Item:
    """The item with the command that answers it."""
    command = f"git ccc answer {short(found.id)} {how_to_answer(choices)}"
    return replace(found, choices=choices, command=command)


def _denied(session: Session, life: Life) -> Iterator[Item]:
    """Tools that the agent was not given in its run; it went on without them."""
    for denied in life.denied:
        key = f"{life.run}\n{denied.tool}\n{denied.what}"
        title = f"{session.name} was denied {denied.tool}"
        text = denied.what or "a tool that its role does not have"
        command = f"git ccc output {session.name}"
        yield item("message", session, key, title=title, text=text, since=life.at, command=command)


def _limits(sighting: Sighting, life: Life) -> Iterator[Item]:
    if life.host is None:
        return
    limited = limit(sighting)
    if limited is not None:
        yield limited


def limit(sighting: Sighting) -> Item | None:
    """That the agent stands at a rate limit; None where it does not."""
    session, life = sighting.session, sighting.life
    if life is None or life.host is None or sighting.view.status != "limited":
        return None
    key = f"{life.run}\n{life.at}"
    text = f"{life.why}, until {day_and_clock(life.until)}" if life.until else life.why
    title = f"{session.name} is limited, and goes on by itself"
    verb = "resume" if life.agent is None else "show"  # whoever is parked can be told to go on at once
    command = f"git ccc {verb} {session.name}"
    return item("message", session, key, title=title, text=text, since=life.at, command=command)


RESTART_SECONDS = 10.0
"""How long a restart may take to start what it has stopped."""


def _restart(session: Session, life: Life, now: str) -> Iterator[Item]:
    """A restart that was killed between its stop and its start."""
    ending = life.ending
    if ending is None or ending.why != TO_BE_RESTARTED or session.run.status != "stopped":
        return
    if life.host is None and seconds_between(ending.at, now) >= RESTART_SECONDS:
        title, text = f"the restart of {session.name} was cut off", "it was stopped, and not started again"
        key, command = f"{life.run}\nrestart", f"git ccc start {session.name}"
        yield item("failure", session, key, title=title, text=text, since=ending.at, command=command)


def _failures(sighting: Sighting) -> Iterator[Item]:
    """A run that failed or was lost, or could not begin. A stop is a person's own doing."""
    session, view, life = sighting.session, sighting.view, sighting.life
    if view.status not in ("failed", "lost") or (life is not None and life.host is not None):
        return
    if any(is_missing(evidence) for evidence in view.evidence):
        return  # the branch or the worktree is gone: an item of its own says so
    words = {"failed": "failed", "lost": "is lost"}[view.status]
    title = f"the agent of {session.name} {words}"
    text = view.evidence[0].what if view.evidence else ""
    verb = "start" if life is None and session.conversation is None else "resume"
    if life is not None and TOO_LONG in text.lower():
        verb = "start --fresh"  # the same conversation would be too long again
    key = f"{session.run.number if life is None else life.run}\n{view.status}"
    command = f"git ccc {verb} {session.name}"
    yield item("failure", session, key, title=title, text=text, since=view.since, command=command)


def _silence(sighting: Sighting, life: Life) -> Iterator[Item]:
    """A turn that ended without a report; an agent that can be reminded was, before people are asked."""
    session, view = sighting.session, sighting.view
    settled = seconds_between(life.at, sighting.as_of) >= SETTLE_SECONDS
    if view.status != IDLE or life.background or not settled or not _was_reminded(session, life):
        return
    title = f"{session.name} ended its turn without a report"
    text = "say how it should go on, or take what it has committed"
    key, command = f"{life.run}\n{life.turn}", f"git ccc send {session.name} TEXT"
    yield item("question", session, key, title=title, text=text, since=life.at, command=command)


def _was_reminded(session: Session, life: Life) -> bool:
    return session.engine != CLAUDE or session.reminded == life.run
