"""The session host: starts the engine, hears it, delivers to it, watches it, ends with it.

One small process per running session, independent of whoever started it. Everything it learns goes into the
journal; what is only of the moment goes into `life.json`.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from contextlib import suppress
from pathlib import Path

from ccc.domain import runs
from ccc.domain.life import BY_SIGNAL, IDLE, LIMITED, RUNNING, STARTING, WAITING, Ending
from ccc.domain.runs import Whose
from ccc.engines import registry
from ccc.engines.protocol import Engine, Task
from ccc.errors import CccError
from ccc.git.stale import clear_locks
from ccc.host import control, ending, keeping, letters, restarts
from ccc.host.agent import Agent
from ccc.host.budget import Budget
from ccc.host.facts import Facts
from ccc.host.fence import Fence
from ccc.host.log import Log
from ccc.host.neighbours import Neighbours
from ccc.host.parking import Parking
from ccc.host.pipes import empty, readable
from ccc.host.state import Pulse, RunState, gone, now
from ccc.host.turns import Turns
from ccc.host.watch import Watch
from ccc.host.whereabouts import Whereabouts
from ccc.layout import Layout, make_folder
from ccc.platform import trees
from ccc.runs import mail, withheld
from ccc.runs.files import SessionFiles
from ccc.runs.order import COMMAND_LINE, Order


class Host:
    """One run, from its order to its exit record."""

    def __init__(self, layout: Layout, order: Order, lock: int) -> None:
        self.layout, self.order, self.lock = layout, order, lock
        self.session = SessionFiles.of(layout, order.session)
        self.files = self.session.run(order.run)
        self.whose = Whose(order.session, order.name, order.run, order.engine)
        self.facts = Facts(layout)
        self.state = RunState(order.engine, order.silence)
        self.state.restarts, self.state.strikes = order.restarts, order.strikes
        self.state.begun = order.resumes
        self.pulse = Pulse(self.files)
        self.log, self.errors = Log(self.files.log), Log(self.files.errors)
        self.turns = Turns(
            self.whose,
            order.conversation,
            self.session,
            self.files,
            self.facts,
            self.state,
            self.pulse,
            order.repeats,
        )
        self.watch = Watch(order, self.state)
        self.post = letters.Post(self.session)
        self.fence = Fence(self.session, order.run, lock)
        self.neighbours = Neighbours(layout, order.session, order.run)
        self.whereabouts = Whereabouts(order.worktree)
        self.due: tuple[float, restarts.Again] | None = None
        self.fenced, self.called = False, b""
        self.selector = selectors.DefaultSelector()
        self.tree = self._tree_of(None)
        self.agent: Agent | None = None
        self.engine: Engine | None = None
        self.over: Ending | None = None
        self.resting = False
        self.log_lost = self.begun_anew = False
        self.paused_from = RUNNING
        self.budget = Budget(self)
        self.parking = Parking(self)
        self.started = 0.0

    def _tree_of(self, root: str | None) -> trees.Tree:
        """The agent and all it starts, but for the hosts of other sessions: these become our children where
        the agent, or ccc in its name, has started them."""
        marker = ("CCC_RUN", self._marker())
        return trees.Tree(root, marker, reaper=os.getpid(), stranger=COMMAND_LINE)

    def _marker(self) -> str:
        return f"{self.order.session}.{self.order.run}"

    def run(self) -> Ending:
        """Works until the run is over; writes the exit record whatever happens."""
        trees.become_subreaper()
        self._listen()
        ending.take_room(self)
        self.pulse.write(self.state)
        try:
            self.neighbours.enter()
            restarts.begin(self)
            while self.over is None:
                self._step()
        except CccError as error:
            self.over = Ending("failed", _with_hint(error.message, error.hint), now())
        except Exception:
            self.over = Ending("failed", f"a fault of ccc, written to {self.files.host_errors}", now())
            self._finish(self.over)
            raise
        return self._finish(self.over)

    def end(self, status: str, why: str, code: int | None = None) -> None:
        """Decides how the run ends; the loop does not go on."""
        if self.over is None:
            self.over = Ending(status, why, now(), code)

    # --- the loop

    def _listen(self) -> None:
        make_folder(self.session.root)
        with suppress(FileExistsError):  # by a program that a person runs there, too (ops/hookpoints.py)
            os.mkfifo(self.session.bell, 0o600)
        bell = os.open(self.session.bell, os.O_RDWR | os.O_NONBLOCK)
        self.selector.register(bell, selectors.EVENT_READ, "bell")
        wake, awake = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(awake, False)
        signal.set_wakeup_fd(awake, warn_on_full_buffer=False)
        self.selector.register(wake, selectors.EVENT_READ, "signal")
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.end("stopped", BY_SIGNAL))
        for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(ignored, signal.SIG_IGN)

    def _step(self) -> None:
        ready = self.selector.select(self._patience())
        if self.fence.shuts_out(self):
            return
        for key, _ in ready:
            if key.data == "output":
                self._hear()
            elif key.data == "errors":
                self._hear_errors()
            elif key.data == "input":
                self._write()
            else:
                said = empty(key.fd)
                self.called += said if key.data == "bell" else b""
        self._reap()
        control.obey(self)
        restarts.begin_if_due(self)
        self.budget.look()
        self.parking.look()
        self._deliver()
        self._look_around()

    def _patience(self) -> float:
        """Seconds until something is due by itself."""
        moments = [self.pulse.next(), self.neighbours.next(), self.budget.next()]
        moments += [self.parking.next(), restarts.moment(self)]
        if self.facts.stuck:
            moments.append(time.monotonic() + 1.0)
        return max(0.0, min(moments) - time.monotonic())

    # --- the process

    def start(self, *, resumes: bool, prompt: str) -> None:
        """Another process of the engine. Raises EngineFailed."""
        order = self.order
        engine = registry.make(order.engine, order.options, os.environ)
        task = Task(
            session=order.session,
            name=order.name,
            role=order.role,
            worktree=Path(order.worktree),
            folder=self.files.root,
            prompt=prompt,
            system=order.system,
            conversation=order.conversation,
            resumes=resumes,
            model=order.model,
            tools=order.tools,
            permission_mode=order.permission_mode,
            options=order.options,
        )
        clear_locks(task.worktree)
        launch = engine.launch(task)
        environment = {**withheld.without(os.environ), **launch.environment, "CCC_RUN": self._marker()}
        self.turns.another_process(resumed=resumes)
        if resumes:
            self.turns.lost = {letter.id: letter for letter in keeping.lost(order, self.session)}
        elif not self.begun_anew:
            mail.forget_told(self.session)  # nothing of an earlier conversation is missed in a new one
        try:
            self.agent = Agent(
                launch.argv,
                environment,
                task.worktree,
                talks=launch.talks,
                lock=self.lock,
                log=self.log,
                errors=self.errors,
            )
        except OSError as error:
            self.end("failed", f"{launch.argv[0]} cannot be started: {error.strerror}")
            return
        self.engine = engine
        self.started = time.monotonic()
        self.tree = self._tree_of(self.agent.identity)
        self.state.agent = self.agent.identity
        self.state.hear()
        self.state.spoke = None
        self.selector.register(self.agent.output, selectors.EVENT_READ, "output")
        self.selector.register(self.agent.stderr, selectors.EVENT_READ, "errors")
        self.agent.write(self.budget.greeting(engine, resumes=resumes) + engine.greeting(task))
        self.pulse.write(self.state)

    def _hear(self) -> None:
        agent, engine = self.agent, self.engine
        if agent is None or engine is None:
            return
        lines, goes_on = agent.read()
        for line in lines:
            if line.strip():
                self.state.hear()
                for sign in engine.read(line):
                    self.turns.take(sign)
        if engine.one_turn and engine.resumes and self.turns.spoken:
            self.state.begun = True
        if lines:
            self.watch.heard()
            self.pulse.changed()
        if not goes_on:
            self.selector.unregister(agent.output)

    def _hear_errors(self) -> None:
        if self.agent is not None and not self.agent.read_errors():
            self.selector.unregister(self.agent.stderr)

    def _write(self) -> None:
        if self.agent is not None:
            self.agent.flush()

    def _reap(self) -> None:
        """Collects whoever ended: the agent, and orphans of its tree."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self.agent is not None and pid == self.agent.pid:
                self.agent.reaped(status)
                self._hear_the_rest()
                self._ended()

    def _hear_the_rest(self) -> None:
        """What it printed before it ended; a grandchild may hold the pipe open for ever."""
        agent = self.agent
        assert agent is not None
        for _ in range(4096):
            if not self._watches(agent.output):
                break
            before = self.log.lost, self.state.heard
            self._hear()
            if (self.log.lost, self.state.heard) == before:
                break
        while self._watches(agent.stderr) and readable(agent.stderr):
            self._hear_errors()

    def _ended(self) -> None:
        """The agent's process is gone: was it meant to be?"""
        agent, engine = self.agent, self.engine
        assert agent is not None
        assert engine is not None
        self._let_go(agent)
        if self.over is not None:
            return
        verdict = ending.judge(self, agent, engine)
        if isinstance(verdict, Ending):
            self.over = verdict
        elif verdict is None:
            self.pulse.write(self.state)
        else:
            ending.end_tree(self)
            restarts.restart(self, verdict)

    def _let_go(self, agent: Agent) -> None:
        for descriptor in (agent.output, agent.stderr, agent.input):
            if self._watches(descriptor):
                self.selector.unregister(descriptor)
        agent.close()
        self.agent = None
        self.state.agent = None

    # --- mail

    def _deliver(self) -> None:
        agent, engine = self.agent, self.engine
        if agent is None or engine is None:
            return
        if (
            agent.talks
            and self.turns.spoken
            and not self.resting
            and not self.budget.engaged
            and self.state.phase in (RUNNING, IDLE, LIMITED, WAITING)
        ):
            self.post.deliver(agent, engine, self.turns.lost.values())
        self._watch_input(agent)

    def _watches(self, descriptor: int) -> bool:
        return descriptor >= 0 and descriptor in self.selector.get_map()

    def _watch_input(self, agent: Agent) -> None:
        watched = self._watches(agent.input)
        if agent.wants_to_write and not watched:
            self.selector.register(agent.input, selectors.EVENT_WRITE, "input")
        elif watched and not agent.wants_to_write:
            self.selector.unregister(agent.input)

    # --- time

    def _look_around(self) -> None:
        self.facts.flush()
        if self.log.lost and not self.log_lost:
            self.log_lost = True
            self.facts.tell(runs.log_lost(self.whose, str(self.files.log)))
        self.pulse.tick(self.state)
        self.neighbours.tick()
        if gone(self.files):
            self.fenced = True
            self.end("lost", "the repository's folder is gone")
        elif self.whereabouts.is_gone(self.agent.pid if self.agent else None):
            self.end("lost", f"its worktree was gone: {self.order.worktree}")
        self._mind_the_time()

    def _mind_the_time(self) -> None:
        """Silence, a failed turn, rest."""
        if self.over is not None or self.agent is None or self.budget.engaged or self.parking.parked:
            return
        restarts.mind_the_count(self)
        ended = self.turns.ended
        if ended is not None and ended.limited is not None and self.parking.park(ended.limited):
            return
        if ended is not None and ended.failure is not None:
            if ending.forgets(self):
                self.agent.finish_input()
                return
            self.end("failed", self.parking.failure(ended))
        elif self.state.phase in (STARTING, RUNNING) and self.watch.is_silent(self.tree):
            self.watch.silenced = True
            ending.end_tree(self)
        elif not self.resting and self.watch.is_time_to_rest():
            self.rest()
        elif self.resting and self.watch.rests_too_long():
            ending.end_tree(self)

    def rest(self) -> None:
        """Lets the agent's process go, if its turn is over and nothing waits for it."""
        agent = self.agent
        if agent is None or not agent.talks or self.resting or self.over is not None:
            return
        if self.state.phase != IDLE or self.state.background or self.post.any_waiting():
            return
        self.resting = True
        self._watch_input(agent)
        agent.finish_input()
        self.watch.rests()

    # --- the end

    def _finish(self, over: Ending) -> Ending:
        """Nothing of the tree is left when the exit record says that the run is over."""
        over = self.over = self.budget.settle(over)
        ending.end_tree(self)
        self._reap()
        if self.agent is not None:
            self._let_go(self.agent)
        self.log.close()
        self.errors.close()
        if self.fenced:
            return over
        self.state.agent, self.state.outcome = None, over
        if not over.by_signal:  # whoever takes it up after a reboot wants to know what it was doing
            self.state.turn_to("ended", over.why)
        self.pulse.write(self.state)
        ending.record(self, over)
        return over


def _with_hint(message: str, hint: str) -> str:
    return f"{message} ({hint})" if hint else message
