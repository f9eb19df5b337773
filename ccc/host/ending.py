"""The agent's process is gone: whether that ends the run, or another process takes over."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ccc.domain import runs
from ccc.domain.life import IDLE, Ending, Request
from ccc.domain.limits import DUE
from ccc.engines.protocol import Engine
from ccc.host.agent import Agent
from ccc.host.restarts import Again, delay
from ccc.host.state import gone, now
from ccc.layout import Layout
from ccc.platform.trees import Tree, descendants
from ccc.runs import drain, life
from ccc.runs.files import take_reserve

if TYPE_CHECKING:
    from ccc.host.host import Host

DRAIN_LOCK = "drain.lock"
RECORDING_SECONDS = 900.0
"""How long a host whose run is over waits for room on a full disk, to record that; then who finds it does."""

AFTER_A_CRASH = (
    "Your process ended unexpectedly ({why}) and was started again, in the same conversation and the same"
    " worktree. Whatever was running then may or may not have happened: look at `git status` and"
    " `git log --oneline -5` first, then go on with your task."
)


def judge(host: Host, agent: Agent, engine: Engine) -> Ending | Again | None:
    """What the end of the agent's process means for its run; nothing for one that is parked."""
    code = agent.code
    turns, state = host.turns, host.state
    if host.budget.engaged:
        return _with_used_up_limit(host, engine, code)
    if forgets(host, _words(agent)):
        host.begun_anew, state.begun = True, False
        return Again("", False, _anew(host))
    if turns.ended is not None and turns.ended.limited is not None:
        host.parking.park(turns.ended.limited)
    if host.parking.parked:
        return None
    if turns.ended is not None and turns.ended.failure is not None:
        return Ending("failed", host.parking.failure(turns.ended), now(), code)
    if engine.one_turn and code == 0:
        return _turn_of_its_own(host, code)
    silent = host.watch.silenced
    why = f"silence for {host.order.silence:g} s" if silent else _how(code)
    host.watch.silenced = False
    rested = _rested(host, engine, code, why)
    if rested is not None:
        return rested
    killed = code is not None and code < 0 and not silent  # which says nothing about whether it can start
    if not turns.spoken and not host.order.resumes and state.strikes == 0 and not killed:
        return Ending("failed", f"{host.order.engine} did not start: {_words(agent) or why}", now(), code)
    if engine.resumes and state.strikes < host.order.retries:
        resumes, words = may_have_begun(host), after_a_crash(why, state.requests)
        prompt = reminded(host, words) if resumes else host.order.prompt
        return Again(why, resumes, prompt, delay(state.strikes))
    words = _words(agent)
    tail = f": {words}" if words else ""
    again = f", restarted {state.strikes} times before" if state.strikes else ""
    return Ending("failed", f"{why}{again}{tail}", now(), code)


def _with_used_up_limit(host: Host, engine: Engine, code: int | None) -> Ending | Again:
    """The process is gone after a limit was reached: its last turn is still to come, or was this one."""
    if host.budget.stage == DUE and engine.resumes:
        return Again("", may_have_begun(host), "")
    if host.budget.stage == DUE:
        return host.budget.ending(f"{host.order.engine} cannot be taken up for a last turn")
    whole = engine.one_turn and code == 0
    return host.budget.ending("" if whole else f"its hand-back broke off: {_how(code)}")


def may_have_begun(host: Host) -> bool:
    """Whether the program may have written down the conversation, and would refuse to begin it again.

    It shows what it was told no sooner than with its first answer. If it has none after all it says so, and
    `forgets` has it begun anew.
    """
    return host.state.begun or host.turns.spoken or host.turns.resumed


def reminded(host: Host, words: str) -> str:
    """Words for an agent that is taken up; where its brief is, too, if it may never have been told."""
    return words if host.state.begun else f"{words} {brief_of(host.order.name)}"


def brief_of(name: str) -> str:
    """Where an agent reads what it is to do."""
    return f"Your brief is in `.ccc/sessions/{name}/brief.md`."


def after_a_crash(why: str, requests: Sequence[Request] = ()) -> str:
    """What an agent is told first after a crash; `requests` are what it waited for, and nobody can answer."""
    words = AFTER_A_CRASH.format(why=why)
    for request in requests:
        words += (
            f" What you waited for ({request.kind}: {request.text}) was not answered: ask again if need be."
        )
    return words


def forgets(host: Host, words: str = "") -> bool:
    """Whether the program says that it has no such conversation to take up: then it is begun anew."""
    failure = host.turns.ended.failure if host.turns.ended is not None else None
    said = failure or words
    return host.engine is not None and host.turns.resumed and host.engine.forgot(said)


def _anew(host: Host) -> str:
    """What an agent is told whose program lost the conversation: killed too early, or files taken away."""
    order = host.order
    if not order.resumes:
        return order.prompt
    brief = f".ccc/sessions/{order.name}/brief.md"
    return (
        f"You are {order.name}, a {order.role} specialist. An earlier conversation about your task is lost."
        f" Read your brief in `{brief}`, look at `git status` and `git log --oneline -5`, then go on."
    )


def _rested(host: Host, engine: Engine, code: int | None, why: str) -> Ending | None:
    """That the agent had ended its turn: then its conversation is taken up when there is something to say."""
    idle = host.state.phase == IDLE
    if host.resting or (code == 0 and idle):
        return Ending("idle", "its process was put to rest after the turn", now(), code)
    if idle and engine.resumes and not host.post.any_waiting():
        return Ending("idle", f"its process ended after its turn ({why}); a message takes it up again", now())
    return None


def _turn_of_its_own(host: Host, code: int) -> Ending | Again:
    """A program that ends with each turn: the next message, if one waits, begins the next."""
    if host.post.any_waiting():
        return Again("", True, "")
    return Ending("idle", f"{host.order.engine} ended with exit 0", now(), code)


def _how(code: int | None) -> str:
    if code is None:
        return "an unknown end"
    if code >= 0:
        return f"exit {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"


def _words(agent: Agent) -> str:
    """The last line of its stderr."""
    lines = agent.last_words.decode("utf-8", "replace").strip().splitlines()
    return lines[-1].strip()[:200] if lines else ""


def sparing(layout: Layout, tree: Tree) -> Tree:
    """The tree without ccc's own background work: a drain that a git hook of the agent started is nobody's
    tool, and the checks that it runs are ours."""
    keep: set[int] = set()
    for pid in holders(layout):
        keep |= {pid, *descendants(pid)}
    return replace(tree, keep=frozenset(keep), apart=drain.COMMAND_LINES)


def holders(layout: Layout) -> list[int]:
    """Who else holds a lock that the others wait for."""
    found = (drain.holder(lock) for lock in (layout.root / DRAIN_LOCK, layout.worker_lock, layout.lock))
    return [pid for pid in found if pid is not None and pid != os.getpid()]


def end_tree(host: Host) -> None:
    """Ends whatever of the agent's tree still runs; ccc's own background work is spared."""
    spare = () if host.agent is None else (host.agent.pid,)
    sparing(host.layout, host.tree).end(host.order.grace, spare=spare)


def take_room(host: Host) -> None:
    """Takes the room of the exit record, so that how the run ended is known on a full disk, too."""
    with contextlib.suppress(OSError):
        take_reserve(host.files.reserve)


def record(host: Host, over: Ending) -> None:
    """Writes the exit record and the fact; on a full disk again and again, for RECORDING_SECONDS."""
    _repeat(host, lambda: _written(host, over))
    host.facts.tell(runs.ended(host.whose, over, host.state.spending(host.whose.run)))
    _repeat(host, lambda: _flushed(host))
    host.facts.last_word()


def _written(host: Host, over: Ending) -> bool:
    try:
        life.end(host.files, over)
    except OSError:
        return False
    return True


def _flushed(host: Host) -> bool:
    host.facts.flush()
    return not host.facts.stuck


def _repeat(host: Host, done: Callable[[], bool]) -> None:
    """Tries until it is done, the time is over, or the repository is gone."""
    until = time.monotonic() + RECORDING_SECONDS
    while not gone(host.files) and not done() and time.monotonic() < until:
        time.sleep(0.5)
