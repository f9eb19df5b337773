"""What each living session uses of this machine now: processor, memory, processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from ccc.domain.status import StatusView
from ccc.ops.actor import RUN_MARKER
from ccc.ops.look import Sighting, look
from ccc.ops.starting import lives
from ccc.ops.workspace import Workspace
from ccc.platform import loads
from ccc.platform.loads import Load, Loads
from ccc.records import dataclass
from ccc.runs import drain

SAMPLE_SECONDS = 0.5
"""Between two looks that say how much of a processor was used."""


@dataclass(frozen=True)
class Use:
    """Percent of one processor since the look before, resident bytes, processes; `since` RFC 3339."""

    cpu: float
    memory: int
    processes: int
    since: str | None


@dataclass(frozen=True)
class Busy:
    """A living session: what its agent with all it started uses, and what its host does."""

    sighting: Sighting
    agent: Use
    host: Use

    @property
    def view(self) -> StatusView:
        """Its status."""
        return self.sighting.view


@dataclass(frozen=True)
class Top:
    """The living sessions of this machine, the busiest first; `at` RFC 3339 UTC, `seconds` looked at."""

    tip: str | None
    at: str
    seconds: float
    rows: tuple[Busy, ...]

    @property
    def total(self) -> Use:
        """Of all agents and hosts."""
        uses = [use for row in self.rows for use in (row.agent, row.host)]
        return Use(
            sum(use.cpu for use in uses),
            sum(use.memory for use in uses),
            sum(use.processes for use in uses),
            None,
        )


class Tops:
    """Looks again and again, each time saying what was used since the look before."""

    def __init__(self, workspace: Workspace, pause: Callable[[float], None] = time.sleep) -> None:
        """`pause` is called with seconds between the first two looks."""
        self._workspace = workspace.require()
        self._pause = pause
        self._before: dict[str, Loads] = {}
        self._moment: float | None = None

    def look(self) -> Top:
        """The living sessions now; the first look takes half a second. Raises StateBroken."""
        if self._moment is None:
            self._sample()
            self._pause(SAMPLE_SECONDS)
        before, since = self._before, self._moment or 0.0
        picture, living = self._sample()
        assert self._moment is not None
        seconds = max(self._moment - since, 0.001)
        rows = [
            Busy(
                sighting,
                _use(self._before[run].tree, before[run].tree if run in before else None, seconds),
                _use(self._before[run].host, before[run].host if run in before else None, seconds),
            )
            for run, sighting in living.items()
        ]
        rows.sort(key=lambda row: (-row.agent.cpu, -row.agent.memory, row.sighting.session.name))
        return Top(picture, self._workspace.now(), seconds, tuple(rows))

    def _sample(self) -> tuple[str | None, dict[str, Sighting]]:
        picture = look(self._workspace)
        living = {
            f"{each.session.id}.{each.life.run}": each
            for each in picture.sightings
            if each.life is not None and lives(each.life)
        }
        hosts = {run: each.life.host if each.life else None for run, each in living.items()}
        self._before = loads.of_runs(hosts, RUN_MARKER, drain.COMMAND_LINES) if hosts else {}
        self._moment = time.monotonic()
        return picture.state.tip, living


def _use(now: Load, before: Load | None, seconds: float) -> Use:
    """A run that was not there before has used since then whatever it has used."""
    used = now.used_since(before or Load())
    since = None if now.since is None else datetime.fromtimestamp(now.since, UTC)
    words = None if since is None else since.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Use(round(100 * used / seconds, 1), now.memory, now.count, words)
