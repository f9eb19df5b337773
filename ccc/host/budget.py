"""What a run may use: watched in mid-turn, a word at 80 %, one hand-back turn at 100 %, then a person.

The hand-back is recorded before it begins: whoever finds that record after a kill never gives a second one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ccc import ids
from ccc.domain import exhaustion, limits
from ccc.domain.life import IDLE, LIMITED, PAUSED, RUNNING, STARTING, WAITING, Ending
from ccc.domain.limits import BEGUN, DUE, OVER, Reached
from ccc.domain.messages import Whom
from ccc.domain.sessions import LIMITS, Limits, Spending
from ccc.engines import registry
from ccc.engines.protocol import Engine
from ccc.host import control, ending
from ccc.host.gauges import Gauges
from ccc.host.state import now
from ccc.runs import mail
from ccc.runs.mail import Letter

if TYPE_CHECKING:
    from ccc.host.host import Host

NEVER = 1e12
INTERRUPT_SECONDS = 10.0
"""How long an engine may take to end its turn when asked; then its process is ended."""

HANDBACK_ANSWERS = 12
"""Answers of the model that the hand-back may take: add, commit, report, and some that go wrong."""

LEAST_ANSWERS = 4
"""Answers that it has however many tokens each takes: in a long conversation one may be above any bound."""

LAST_CALL_SECONDS = 10.0
"""How long the tool may take that was called last, before the hand-back is cut off: a commit, a report."""

WORKING = (STARTING, RUNNING)
AT_WORK = (*WORKING, IDLE, WAITING, LIMITED)

NEAR_TEXT = (
    "You have used {percent} % of {words}: {used}. Commit what is whole now, and plan the rest so that it"
    " fits. At 100 % you get one last short turn to hand back, then a person decides."
)
LOOP_TEXT = (
    "You go round in circles: the same again and again, with the same result ({what}). Stop doing that. Look"
    " at what you know, try something else, or say what stops you: `git ccc report --blocked WHY`. If it goes"
    " on, you are paused and a person is asked."
)
HANDBACK_TEXT = (
    "Your work is paused now: {why}. This is your last turn. Commit what you have, even if it is unfinished;"
    " run `git ccc report --done --summary TEXT` if it is whole, else `git ccc note --kind next TEXT` with"
    " what is left to do; then end your turn. Do nothing else: a person decides how it goes on."
)


class Budget:
    """The limits of one run and how far they are used; `stage` is that of the hand-back, empty before it."""

    def __init__(self, host: Host) -> None:
        order = host.order
        self._host = host
        self.limits = Limits(**order.limits)
        self._told = dict(order.warned)
        self.stage, self.what, self.why = "", order.hand_back.get("what", ""), order.hand_back.get("why", "")
        self._letter = ""
        self._until = NEVER
        self._answers = 0
        self._tokens = self._before = 0
        self._enough = False
        self._gauges = Gauges(host)
        if self.what:
            self.stage = DUE

    @property
    def engaged(self) -> bool:
        """Whether a limit is used up: nothing else is said to the agent any more."""
        return bool(self.stage)

    def used(self) -> Limits:
        """What all runs of the session have used."""
        before, amount = self._host.order.spent, self._host.state.book.usage.total
        return limits.used_of(
            Spending(
                input=before.get("input", 0) + amount.input,
                output=before.get("output", 0) + amount.output,
                micro_usd=before.get("micro_usd", 0) + (amount.micro_usd or 0),
                seconds=before.get("seconds", 0) + int(self._host.state.clock.seconds),
            ),
            memory_bytes=self._gauges.memory,
            processes=self._gauges.processes,
        )

    def set(self, given: object) -> None:
        """A person gave other limits; what is no table of whole numbers is left alone."""
        if isinstance(given, Mapping) and all(isinstance(given.get(kind, 0), int) for kind in LIMITS):
            self.limits = Limits(**{kind: given.get(kind) for kind in LIMITS})

    def greeting(self, engine: Engine, *, resumes: bool) -> bytes:
        """What is asked of a process first: from where on it counts the money of a conversation taken up."""
        counts = self.limits.micro_usd is not None or self._host.order.shared
        return engine.usage() if resumes and counts else b""

    def next(self) -> float:
        """The moment of the next decision, seconds of the monotonic clock."""
        moments = [self._until, self._gauges.next(self.limits)]
        if self.limits.seconds is not None and not self.engaged and self._host.state.phase in WORKING:
            left = self.limits.seconds - (self.used().seconds or 0)
            warns = left - self.limits.seconds * (100 - limits.NEAR) / 100
            moments.append(time.monotonic() + max(0.2, warns if warns > 0 else left))
        return min(moments)

    def look(self) -> None:
        """Decides what is due. Called before anything is delivered."""
        host = self._host
        self._show()
        if host.over is not None or host.state.phase == PAUSED:
            return
        self._gauges.read(self.limits)
        if self.stage == DUE:
            self._end_the_turn()
        elif self.stage == BEGUN:
            self._mind_the_hand_back()
        else:
            self._compare()

    def _show(self) -> None:
        """Others see what is used of what when the state is written next."""
        state = self._host.state
        state.limits = {kind: limit for kind, limit in vars(self.limits).items() if limit is not None}
        state.used = {kind: used for kind, used in vars(self.used()).items() if used}

    def _compare(self) -> None:
        if self._host.state.phase not in AT_WORK:
            return
        used = self.used()
        for each in limits.measured(self.limits, used):
            if each.is_full:
                act = self._halt if each.kind in limits.AT_ONCE else self.exhaust
                act(each.kind, each.why)
                return
        if self._host.turns.loops.found is not None:
            self._break_the_circle(self._host.turns.loops.found)
        for each in limits.measured(self.limits, used):
            if each.percent >= limits.NEAR and self._told.get(each.kind) != each.limit:
                self._warn(each)

    def _halt(self, what: str, why: str) -> None:
        """Its processes stand still where they are; a person decides."""
        self._host.facts.tell(exhaustion.exhausted(self._about, what, why, OVER))
        control.pause(self._host, why)

    def carry_on(self) -> None:
        """A person lets it go on: what it weighs, and whether it still goes round, is looked at anew."""
        self._gauges.forget()
        self._host.turns.loops.spoken_to()

    def _break_the_circle(self, what: str) -> None:
        if self._host.turns.loops.goes_on():
            self._halt(limits.LOOP, f"it goes round in circles, and went on after it was told: {what}")
        else:
            self.say(LOOP_TEXT.format(what=what), topic="loop", mark={f"{exhaustion.WARNED}loop": 1})

    def _warn(self, near: Reached) -> None:
        """Once a limit; a program that is told everything by its command line is not given a turn for it."""
        self._told[near.kind] = near.limit
        text = NEAR_TEXT.format(
            percent=near.percent,
            words=near.words.replace("its", "your", 1),
            used=limits.amount(near.kind, near.used),
        )
        self.say(text, topic="budget", mark={f"{exhaustion.WARNED}{near.kind}": near.limit})

    def say(self, text: str, *, topic: str, mark: Mapping[str, int]) -> None:
        """A message from ccc, recorded and delivered like any other."""
        host = self._host
        if host.agent is None or not host.agent.talks:
            return
        letter = self._record(text, topic=topic, mark=mark)
        mail.post(host.session, letter)

    def _record(self, text: str, *, topic: str, mark: Mapping[str, int] | None = None) -> Letter:
        letter = Letter(ids.new_id(), exhaustion.SENDER, text, now())
        self._host.facts.tell(
            exhaustion.word(letter.id, text, about=self._about, topic=topic, mark=mark or {})
        )
        return letter

    @property
    def _about(self) -> Whom:
        return Whom(self._host.whose.session, self._host.whose.name)

    def _fact(self, stage: str) -> None:
        self.stage = stage
        self._host.facts.tell(exhaustion.exhausted(self._about, self.what, self.why, stage))

    # --- 100 %

    def exhaust(self, what: str, why: str) -> None:
        """A limit is used up: the turn that goes on is ended, and the agent hands back."""
        host = self._host
        if self.engaged or host.over is not None:
            return
        self.what, self.why = what, why
        self._fact(DUE)
        self._until = time.monotonic() + INTERRUPT_SECONDS
        agent, engine = host.agent, host.engine
        if host.parking.parked:
            self.over("it was parked and could not hand back")
            return
        if agent is None or engine is None or self._is_between_turns():
            return
        stop = engine.interrupt()
        if not stop or not agent.talks or host.post.any_handed():
            self._until = 0.0  # what it has in its hands would be its next turn
        else:
            agent.write(stop)

    def _is_between_turns(self) -> bool:
        return self._host.turns.ended is not None

    def _end_the_turn(self) -> None:
        """Until the turn is over, or was given time enough for that."""
        host = self._host
        if host.agent is None:
            return
        if self._is_between_turns() and host.agent.talks and not host.post.any_handed():
            self.begin()
        elif time.monotonic() >= self._until:
            self._until = NEVER
            ending.end_tree(host)

    def begin(self) -> None:
        """The hand-back begins: recorded first, then said."""
        host = self._host
        assert host.agent is not None
        assert host.engine is not None
        letter = self._record(HANDBACK_TEXT.format(why=self.why), topic="hand-back")
        self._letter = letter.id
        self._fact(BEGUN)
        self._measure()
        host.turns.ended = None
        mail.post(host.session, letter)
        host.post.hand(letter, host.agent, host.engine)

    def owes(self, *, resumes: bool | None = None) -> bool:
        """Whether the next process is for the hand-back alone; then it is started. Raises EngineFailed.

        `resumes` None: as the order says. A program that is told by its command line gets it as its prompt.
        """
        if not self.engaged:
            return False
        host, order = self._host, self._host.order
        engine = registry.make(order.engine, order.options, os.environ)
        prompt = HANDBACK_TEXT.format(why=self.why) if engine.one_turn else ""
        if prompt:
            self._fact(BEGUN)
            self._measure()
        host.start(resumes=order.resumes if resumes is None else resumes, prompt=prompt)
        if host.agent is not None and not prompt:
            self.begin()
        return True

    def _measure(self) -> None:
        """The hand-back begins: what it takes counts from here."""
        self._until = time.monotonic() + self._host.order.handback
        self._answers, self._tokens = 0, self._spent_tokens()
        self._before = self._tokens

    def _spent_tokens(self) -> int:
        return self.used().tokens or 0

    def _mind_the_hand_back(self) -> None:
        """Over with its turn, or when it takes more than it is given: then only its last call may end."""
        host = self._host
        last = self._spent_tokens() - self._tokens
        if last:
            self._tokens, self._answers = self._tokens + last, self._answers + 1
        received = all(letter.id != self._letter for letter in mail.waiting(host.session))
        if host.turns.ended is not None and received:
            failure = host.turns.ended.failure
            self.over(f"its hand-back failed: {failure}" if failure else "")
        elif self._enough and (last or time.monotonic() >= self._until):
            used = self._tokens - self._before
            self.over(f"its hand-back was cut off after {self._answers} answers and {used} tokens")
        elif time.monotonic() >= self._until:
            self.over("its hand-back took too long and was cut off")
        elif last and self._took_enough(last):
            self._enough, self._until = True, min(self._until, time.monotonic() + LAST_CALL_SECONDS)

    def _took_enough(self, last: int) -> bool:
        """Whether it gets no other answer; `last` are the tokens of the last one, the next takes as many."""
        beyond = self._tokens - self._before + last > self._host.order.handback_tokens
        return self._answers >= (LEAST_ANSWERS if beyond else HANDBACK_ANSWERS)

    def over(self, remark: str = "") -> None:
        """Nothing more is spent; a person decides."""
        host = self._host
        if host.over is None:
            host.over = self.ending(remark)

    def settle(self, over: Ending) -> Ending:
        """The same, unless it ends for another reason while a limit is used up: that it waits counts more."""
        if not self.engaged or over.status in (PAUSED, "stopped"):
            return over
        return self.ending(f"its hand-back broke off: {over.why}")

    def ending(self, remark: str = "") -> Ending:
        """How the run ends, as recorded; `remark` is what else is worth saying."""
        self._fact(OVER)
        if self._letter:
            mail.taken(self._host.session, self._letter)
        self._until = NEVER
        return Ending(PAUSED, "; ".join(filter(None, (self.why, self._by_now(), remark))), now())

    def _by_now(self) -> str:
        """What was used in the end, where the hand-back used more of what adds up by the model's answers."""
        if self.what not in ("tokens", "micro_usd"):
            return ""
        used = limits.amount(self.what, getattr(self.used(), self.what) or 0)
        return "" if self.why.endswith(f": {used}") else f"{used} with its hand-back"
