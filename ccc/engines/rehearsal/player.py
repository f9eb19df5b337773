"""Plays a script in a worktree: does what an agent would do, and goes wrong where the script says so."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from typing import Any

from ccc.engines.rehearsal import faults, work
from ccc.engines.rehearsal.memory import Memory
from ccc.engines.rehearsal.script import Script, Step
from ccc.engines.rehearsal.stage import GaveUp, Stage
from ccc.engines.rehearsal.stream import Deserted, Interrupted, Line, Stream
from ccc.errors import CccError

DEEDS: Mapping[str, Callable[[Stage, Any], None]] = {
    **{
        deed.__name__: deed
        for deed in (
            *(work.edit, work.run, work.commit, work.report, work.ask, work.note, work.say, work.request),
            *(work.deny, work.wait, work.tasks, work.use, work.limit, work.again, work.fail),
            *(faults.crash, faults.hang, faults.flood, faults.garble, faults.daemon),
        )
    }
}
"""The key of a step → what it does."""


class Player:
    """One process: hears messages, plays a turn for each, works in the current folder."""

    def __init__(self, script: Script, memory: Memory, stream: Stream) -> None:
        self._script = script
        self._memory = memory
        self._stage = Stage(stream, memory)

    def play(self) -> None:
        """Turn after turn until nobody speaks any more. Raises OSError when nobody listens any more."""
        stream = self._stage.stream
        stream.say("ready", conversation=self._memory.conversation)
        try:
            while (message := stream.next_message()) is not None:
                self._turn(message)
        except Deserted:
            return

    def _turn(self, message: Line) -> None:
        """What a message begins, or takes up again."""
        stage, memory = self._stage, self._memory
        steps = self._steps_after(message)
        stage.enter(message)
        if memory.known.open:
            stage.stream.say("turn", n=memory.known.turn + 1)
        failure, interrupted, limited = None, False, None
        try:
            for step in steps:
                stage.safe_point()
                self._do(step)
        except Interrupted:
            interrupted = True
        except BrokenPipeError:
            raise
        except GaveUp as error:
            failure, limited = error.message, {"until": error.until}
            memory.finish()  # whoever takes the conversation up again goes on after it, in the same turn
        except (CccError, OSError, subprocess.SubprocessError) as error:
            failure = _words(error)
        if memory.known.open and limited is None:
            memory.end_turn()
        stage.tell_spent()
        text = failure or ("interrupted" if interrupted else "done")
        ended = {"text": text, "failure": failure, "interrupted": interrupted}
        stage.stream.say("turn-ended", **ended, **({"limited": limited} if limited else {}))

    def _steps_after(self, message: Line) -> tuple[Step, ...]:
        """The steps to do now; remembers that their turn has begun.

        A turn that a kill cut short is taken up at its first unfinished step; a real message (it has an id)
        that does so counts as heard in it. Between two turns only a real message begins the next one: the
        prompt of a resumed process merely says to go on, and there is nothing to go on with.
        """
        known = self._memory.known
        if known.open:
            if message.get("id"):
                self._memory.hear()
        elif known.turn == 0 or message.get("id"):
            self._memory.open_turn()
        else:
            return ()
        turns = self._script.turns
        return turns[known.turn].steps[known.step :] if known.turn < len(turns) else ()

    def _do(self, step: Step) -> None:
        DEEDS[step.kind](self._stage, step.deed)
        self._memory.finish()


def _words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)
