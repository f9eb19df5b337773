"""What the engine's signs mean for the run: its phase, its facts, its receipts."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ccc.domain import messages, runs
from ccc.domain.life import (
    IDLE,
    LIMITED,
    PAUSED,
    RUNNING,
    STARTING,
    WAITING,
    Denied,
    Trouble,
)
from ccc.domain.runs import Whose
from ccc.engines import protocol
from ccc.host import hooks
from ccc.host.facts import Facts
from ccc.host.loops import Loops
from ccc.host.state import Pulse, RunState, now
from ccc.runs import mail
from ccc.runs.files import RunFiles, SessionFiles
from ccc.runs.mail import Letter

QUIET = 12
"""Denied tools kept of one run; more are only counted by the diary."""


class Turns:
    """Follows one process after the other through its turns."""

    def __init__(
        self,
        whose: Whose,
        conversation: str,
        session: SessionFiles,
        files: RunFiles,
        facts: Facts,
        state: RunState,
        pulse: Pulse,
        repeats: int,
    ) -> None:
        self.whose, self.conversation = whose, conversation
        self.session, self.files = session, files
        self.facts, self.state, self.pulse = facts, state, pulse
        self.spoken = False
        self.received = False
        self.resumed = False
        self.lost: dict[str, Letter] = {}
        self.ended: protocol.TurnEnded | None = None
        self.garbled = 0
        self.loops = Loops(repeats)

    def take(self, sign: protocol.Sign) -> None:
        """One sign."""
        handlers: dict[type, Callable[[protocol.Sign], None]] = {
            protocol.Spoke: self._spoke,
            protocol.Busy: self._busy,
            protocol.Received: self._received,
            protocol.TurnEnded: self._turn_ended,
            protocol.Used: self._used,
            protocol.Asked: self._asked,
            protocol.Settled: self._settled,
            protocol.Refused: self._refused,
            protocol.Limited: self._limited,
            protocol.Troubled: self._troubled,
            protocol.Compacted: self._compacted,
            protocol.Background: self._background,
            protocol.Did: self._did,
            protocol.Garbled: self._garbled,
        }
        handlers[type(sign)](sign)

    def another_process(self, *, resumed: bool) -> None:
        """The next process begins."""
        self.spoken, self.received, self.resumed, self.ended = False, False, resumed, None
        self.state.another_process()
        self.state.background, self.state.requests, self.state.trouble = 0, (), None

    def _spoke(self, _: protocol.Sign) -> None:
        if not self.spoken:
            self.spoken = True
            if self.state.phase == STARTING:
                self.state.turn = max(self.state.turn, 1)
                self._turn_to(RUNNING, f"turn {self.state.turn}")
            self.facts.tell(runs.started(self.whose, self.conversation, resumed=self.resumed))
        elif self._is_between_turns():
            self._begin_turn(new=True)
        elif self.ended is not None and self.state.phase == WAITING:
            self.state.turn += 1
            self.ended = None

    def _is_between_turns(self) -> bool:
        """Whether the last turn has ended, if only tasks in the background go on."""
        return self.state.phase == IDLE or (self.ended is not None and self.state.phase == RUNNING)

    def _busy(self, sign: protocol.Sign) -> None:
        assert isinstance(sign, protocol.Busy)
        self.state.trouble = None
        if self.state.phase in (IDLE, LIMITED):
            self._begin_turn(new=self.state.phase == IDLE)
        if self.state.phase == RUNNING and self.ended is None:
            self.state.turn_to(RUNNING, sign.what or self.state.why)

    def _begin_turn(self, *, new: bool) -> None:
        self.state.turn += int(new)
        self.state.until = None
        self.ended = None
        self._turn_to(RUNNING, f"turn {self.state.turn}")
        self.facts.tell(runs.phase(self.whose, RUNNING, f"turn {self.state.turn}"))

    def _received(self, sign: protocol.Sign) -> None:
        """A message entered the conversation: this, and nothing else, is its receipt."""
        assert isinstance(sign, protocol.Received)
        self.received = True
        self.loops.spoken_to()
        if not self.state.begun:
            self.state.begun = True
            self.pulse.write(self.state)
        if self._is_between_turns():
            self._begin_turn(new=True)
        waited = any(letter.id == sign.message for letter in mail.waiting(self.session))
        if waited or self.lost.pop(sign.message, None) is not None:
            whose = self.whose
            self.facts.tell(
                messages.delivered(
                    sign.message,
                    session=whose.session,
                    name=whose.name,
                    run=whose.run,
                    turn=self.state.turn,
                    at=now(),
                )
            )
            mail.told(self.session, sign.message)

    def _turn_ended(self, sign: protocol.Sign) -> None:
        assert isinstance(sign, protocol.TurnEnded)
        self.ended = sign
        self.state.until, self.state.trouble = None, None
        if not self.state.background:
            self.state.requests = ()
        self._remember(sign.denied)
        if sign.failure is None:
            self.state.strikes = 0
        if sign.failure is None and self.state.background:
            self._go_on_in_background()
        elif sign.failure is None:
            why = "its turn was interrupted" if sign.interrupted else f"turn {self.state.turn} ended"
            proof = hooks.proof(self.files, "Stop")
            self._turn_to(IDLE, f"{why}: {proof}" if proof else why)
            self.facts.tell(runs.phase(self.whose, IDLE, why, self.state.spending(self.whose.run)))

    def _go_on_in_background(self) -> None:
        if self.state.requests:
            self.pulse.write(self.state)
            return
        why = self._goes_on()
        self._turn_to(RUNNING, why)
        self.facts.tell(runs.phase(self.whose, RUNNING, why, self.state.spending(self.whose.run)))

    def _goes_on(self) -> str:
        """In words that the turn is over and tasks of it are not."""
        count = self.state.background
        return (
            f"turn {self.state.turn} ended, {count} background {'task goes' if count == 1 else 'tasks go'} on"
        )

    def _used(self, sign: protocol.Sign) -> None:
        assert isinstance(sign, protocol.Used)
        self.state.use(sign.spent)

    def _asked(self, sign: protocol.Sign) -> None:
        assert isinstance(sign, protocol.Asked)
        self.state.requests = (*self.state.requests, sign.request)
        self.state.trouble = None
        self._turn_to(WAITING, self.state.requests[0].text)
        self.facts.tell(runs.phase(self.whose, WAITING, sign.request.text))

    def _settled(self, sign: protocol.Sign) -> None:
        assert isinstance(sign, protocol.Settled)
        self.settle(sign.request, "it was answered")

    def settle(self, request: str, why: str) -> None:
        """What the engine waited for is settled: it goes on, unless it waits for something else, too."""
        left = tuple(each for each in self.state.requests if each.id != request)
        if left == self.state.requests:
            return
        self.state.requests = left
        if self.state.phase == PAUSED:
            self.pulse.write(self.state)
            return
        phase = WAITING if left else RUNNING
        why = left[0].text if left else self._goes_on() if self.ended and self.state.background else why
        self._turn_to(phase, why)
        self.facts.tell(runs.phase(self.whose, phase, why))

    def _refused(self, sign: protocol.Sign) -> None:
        assert isinstance(sign, protocol.Refused)
        if sign.denied not in self.state.denied:
            self._remember((sign.denied,))
            self.pulse.write(self.state)
            self.facts.tell(runs.denied(self.whose, sign.denied))

    def _remember(self, denied: Iterable[Denied]) -> None:
        """Keeps each denied tool once, to the end of the run: nobody may have looked in between."""
        self.state.denied = tuple(dict.fromkeys((*self.state.denied, *denied)))[-QUIET:]

    def _limited(self, sign: protocol.Sign) -> None:
        assert isinstance(sign, protocol.Limited)
        known = self.state.phase == LIMITED
        self.state.until, self.state.trouble = sign.until, None
        self._turn_to(LIMITED, sign.why)
        if not known:
            self.facts.tell(runs.phase(self.whose, LIMITED, sign.why))

    def _troubled(self, sign: protocol.Sign) -> None:
        """The engine tries again by itself: it runs, and everybody sees what holds it up, and since when."""
        assert isinstance(sign, protocol.Troubled)
        if self.state.phase in (IDLE, LIMITED):
            self._begin_turn(new=self.state.phase == IDLE)
        known = self.state.trouble
        self.state.trouble = Trouble(sign.why, now() if known is None else known.since)
        self.pulse.write(self.state)
        if known is None:
            self.facts.tell(runs.troubled(self.whose, sign.why))

    def _compacted(self, sign: protocol.Sign) -> None:
        assert isinstance(sign, protocol.Compacted)
        self.facts.tell(runs.compacted(self.whose, sign.before, sign.after))

    def _background(self, sign: protocol.Sign) -> None:
        """The turn may be over while tasks of the agent's go on: only with the last of them it is idle."""
        assert isinstance(sign, protocol.Background)
        self.state.background = sign.count
        if self.ended is None or self.state.phase == PAUSED:
            return
        if sign.count:
            self._go_on_in_background()
        elif self.state.phase in (RUNNING, WAITING):
            self.state.requests = ()
            self._turn_to(IDLE, f"turn {self.state.turn} and its background tasks ended")
            self.facts.tell(runs.phase(self.whose, IDLE, self.state.why, self.state.spending(self.whose.run)))

    def _did(self, sign: protocol.Sign) -> None:
        assert isinstance(sign, protocol.Did)
        self.loops.did(sign)

    def _garbled(self, sign: protocol.Sign) -> None:
        assert isinstance(sign, protocol.Garbled)
        self.garbled += 1
        if self.garbled == 1:
            self.facts.tell(runs.garbled(self.whose, sign.why))

    def _turn_to(self, phase: str, why: str) -> None:
        if self.state.phase == PAUSED:
            return
        self.state.turn_to(phase, why)
        self.pulse.write(self.state)
