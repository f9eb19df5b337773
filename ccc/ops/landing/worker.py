"""The worker of a repository's gates: one detached process, started when there is something to test."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Collection, Iterable, Iterator

from ccc import ids
from ccc.domain.sessions import Command
from ccc.domain.speculation import Job
from ccc.errors import CccError, StoreBusy
from ccc.git import heads
from ccc.ops import intents
from ccc.ops.commands import Ended, Watch
from ccc.ops.landing import calling, results, running
from ccc.ops.landing import gate as gates
from ccc.ops.landing.line import Cook, Line
from ccc.ops.landing.running import Running
from ccc.ops.landing.trials import Bench
from ccc.ops.look import look
from ccc.ops.workspace import Workspace
from ccc.platform import processes
from ccc.records import dataclass
from ccc.runs.drain import held
from ccc.store.crashpoints import reached
from ccc.store.lock import locked

POLL_SECONDS = 0.25
LANDING_SECONDS = 0.02
END_SECONDS = 5.0


def work(workspace: Workspace, *, timeout: float) -> int:
    """Runs what is to be run until nothing is; how many gates. Raises StoreBusy while another worker does.

    `timeout` in seconds for that.
    """
    done = 0
    with locked(workspace.layout.gate_lock, timeout):
        running.clear(workspace.layout)
        with contextlib.suppress(FileNotFoundError):
            (workspace.layout.gates / running.TROUBLE).unlink()
        shift = _Shift(workspace)
        try:
            while shift.turn():
                pass
        except CccError as error:
            workspace.layout.gates.mkdir(exist_ok=True)
            (workspace.layout.gates / running.TROUBLE).write_text(error.message, encoding="utf-8")
            raise
        finally:
            shift.close()
            done = shift.done
    return done


LONGEST_SECONDS = 7 * 86400.0
"""How long somebody waits for another worker."""


def background(workspace: Workspace, *, waits: bool) -> None:
    """Works, and looks once more after it: who came when it had just ended counted on it.

    Where another worker is at it, `waits` for that, else leaves it all to it.
    """
    for _ in range(2):
        with contextlib.suppress(StoreBusy):
            work(workspace, timeout=LONGEST_SECONDS if waits else 0)
        if not calling.is_due(workspace, look(workspace)):
            return


def _lands_now(workspace: Workspace) -> bool:
    """Whether a target may have moved by a landing that is not recorded yet: what has just landed needs no
    test on top of itself. One that was killed is waited for by nobody.
    """
    return held(workspace.layout.root / intents.LAND_LOCK) and intents.read(workspace.layout) is not None


def would_run(workspace: Workspace, identifier: str) -> bool:
    """Whether a worker would run a gate for who waits for this one alone."""
    lines = Cook(workspace).lines(look(workspace), [(identifier,)])
    return bool(lines) and bool(lines[0].jobs)


@dataclass(frozen=True)
class _Order:
    """A gate that is to be run: what its results will belong to tells it apart, so that it goes on where the
    target moves by what none of its commands depends on.
    """

    line: Line
    job: Job
    bench: Bench

    @property
    def key(self) -> tuple[object, ...]:
        wanted, head = self.bench.wanted, self.bench.combined.head
        return (self.job.trial.entry, self.job.on_base, wanted.keys, wanted.base_keys, head)


@dataclass(frozen=True)
class _Outcome:
    """What became of a gate that ended by itself."""

    marker: str
    commands: tuple[Command, ...] | None
    error: CccError | None


class _Shift:
    """One worker's time: what runs, and what has been done."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._cook = workspace, Cook(workspace)
        self._identity = processes.own_identity()
        self._orders: dict[str, _Order] = {}
        self._watches: dict[str, Watch] = {}
        self._ended: queue.Queue[_Outcome] = queue.Queue()
        self._seen: object = None
        self.done = 0

    def turn(self) -> bool:
        """Records what ended, ends what is moot, begins what is next; False where nothing is left to do."""
        if self._changed():
            if _lands_now(self._workspace):
                self._seen = None
                time.sleep(LANDING_SECONDS)
                return True
            results.line_up_again(self._workspace, look(self._workspace))
            wishes = running.wishes(self._workspace.layout)
            lines = self._cook.lines(look(self._workspace), wishes.values())
            if results.settle(self._workspace, lines):
                self._seen = None
                return True
            self._end_moot({order.key for order in _orders(lines, everything=True)})
            self._begin({order.key: order for order in _orders(lines)})
            if not self._orders:
                self._rest(wishes)
                return False
        self._wait()
        return True

    def _changed(self) -> bool:
        """Whether anything moved that could make another gate due, or one that runs moot."""
        tips = heads.branches(self._workspace.git, self._workspace.repository.common)
        wishes = running.wishes(self._workspace.layout)
        seen = (self._workspace.reader.tip(), tips, wishes, len(self._orders))
        changed = seen != self._seen
        self._seen = seen
        return changed

    def _end_moot(self, useful: Collection[tuple[object, ...]]) -> None:
        """What was dropped, moved or landed meanwhile needs no gate any more."""
        for marker, order in list(self._orders.items()):
            if order.key not in useful:
                del self._orders[marker]
                self._end(marker)

    def _end(self, marker: str) -> None:
        """Ends a gate for good; one that cannot be ended stays noted, and keeps its work tree."""
        if not self._watches.pop(marker).end(END_SECONDS):
            running.end(self._workspace.layout, marker)

    def _begin(self, todo: dict[tuple[object, ...], _Order]) -> None:
        busy = {order.key for order in self._orders.values()}
        for key, order in todo.items():
            parallel = order.line.kitchen.policy.settings.queue.parallel
            if key not in busy and len(self._orders) < parallel:
                self._start(order)

    def _start(self, order: _Order) -> None:
        marker = ids.new_id()
        self._orders[marker], watch = order, Watch(marker)
        self._watches[marker] = watch
        trial = order.job.trial
        note = Running(
            marker,
            self._identity,
            trial.entry,
            order.line.target,
            () if order.job.on_base else trial.ahead,
            order.job.on_base,
            self._workspace.now(),
        )
        running.begin(self._workspace.layout, note)
        reached("gate-noted")
        threading.Thread(target=self._run, args=(watch, order), daemon=True).start()

    def _run(self, watch: Watch, order: _Order) -> None:
        marker = watch.marker
        combined, wanted = order.bench.combined, order.bench.wanted
        try:
            if order.job.on_base:
                count = order.line.trials.failing(order.job.trial, order.bench) + 1
                commands = gates.run_alone(self._workspace, combined, wanted, count, watch)
            else:
                commands = gates.run(self._workspace, combined, wanted, watch)
        except Ended:
            return
        except CccError as error:
            self._ended.put(_Outcome(marker, None, error))
        except OSError as error:
            self._ended.put(_Outcome(marker, None, CccError(f"the gate cannot be run: {error}")))
        else:
            self._ended.put(_Outcome(marker, commands, None))

    def _wait(self) -> None:
        """For the next gate to end, or a moment; what was ended as moot is not recorded."""
        with contextlib.suppress(queue.Empty):
            ended = self._ended.get(timeout=POLL_SECONDS)
            order = self._orders.get(ended.marker)
            if order is None or not self._is_useful(order):
                return
            del self._orders[ended.marker], self._watches[ended.marker]
            try:
                if ended.error is not None:
                    raise ended.error
                assert ended.commands is not None
                reached("gate-ended")
                results.record(self._workspace, order.line, order.job, order.bench, ended.commands)
                reached("gate-recorded")
                self.done += 1
            finally:
                running.end(self._workspace.layout, ended.marker)

    def _is_useful(self, order: _Order) -> bool:
        """Whether anybody still wants to know: what was dropped is ended, and has failed only by that."""
        wishes = running.wishes(self._workspace.layout)
        lines = self._cook.lines(look(self._workspace), wishes.values())
        if order.key in {each.key for each in _orders(lines, everything=True)}:
            return True
        self._seen = None
        return False

    def _rest(self, wishes: Iterable[str]) -> None:
        """Nothing is to be done: nobody waits any more, and who looks next is told."""
        for name in wishes:
            running.granted(self._workspace.layout, name)
        calling.nothing_to_do(self._workspace, look(self._workspace))

    def close(self) -> None:
        """Ends what runs."""
        for marker in list(self._watches):
            self._end(marker)


def _orders(lines: list[Line], *, everything: bool = False) -> Iterator[_Order]:
    for line in lines:
        for job in line.useful if everything else line.jobs:
            bench = line.trials.bench(job.trial)
            if bench is not None:
                yield _Order(line, job, bench)
