"""The life of a run's process as it was seen just now: what its host wrote, and who is alive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from ccc.records import dataclass

STARTING, RUNNING, IDLE, WAITING = "starting", "running", "idle", "waiting"
LIMITED, PAUSED, ENDED = "limited", "paused", "ended"
BY_SIGNAL = "its host was asked to end"
"""Why a run ended whose host got TERM: from a person, or from a machine that shuts down."""

PHASES = (STARTING, RUNNING, IDLE, WAITING, LIMITED, PAUSED, ENDED)


@dataclass(frozen=True)
class Request:
    """What the engine itself waits for: a permission or a question; `id` is the engine's own name for it."""

    id: str
    kind: str
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trouble:
    """What the engine cannot get done and tries again, in its words, and since when (RFC 3339 UTC)."""

    what: str
    since: str


@dataclass(frozen=True)
class Denied:
    """A tool the agent wanted and was not given."""

    tool: str
    what: str


@dataclass(frozen=True)
class Ending:
    """The exit record of a run.

    `status`: `stopped` (by a person), `failed` (gave up), `lost` (process and host gone), `idle` (the
    agent's process ended after its turn, nothing wrong), `paused` (it was, and its process is gone since).
    `code` is the exit code, negative for a signal.
    """

    status: str
    why: str
    at: str
    code: int | None = None

    @property
    def by_signal(self) -> bool:
        """Whether not a person's stop ended it but a signal to its host, as a shutdown sends."""
        return self.why == BY_SIGNAL


@dataclass(frozen=True)
class Life:
    """A run here: what its host said last, and what was seen of its processes just now.

    `phase` is one of PHASES, since `at` (RFC 3339 UTC), because of `why`. `host` and `agent` are process ids
    while alive, else None. `spoke` is when the engine was last heard, `beat` when the host was; `silent` is
    the silence limit in seconds (0: none). `background` counts tasks that run apart from the turn. `requests`
    are all that the engine waits for, oldest first, `request` is the first of them. `quiet` are the seconds
    since the host's last beat by a clock that nobody sets (None: not known). `halted` names which of `host`
    and `agent` stand still by a signal. `outcome` is the ending that the host has announced but not recorded.
    `limits` and `used` by the names of the fields of Limits: what holds, and what all runs used of it.
    `restarts` counts those after a crash, over the runs that went on from each other; `strikes` those of them
    since a turn ended. `begun`: the conversation has its first prompt, so it can be taken up again.
    `rebooted`: the machine was started anew since its host was there.
    `vanished` is the process id of an agent that is gone without that its host, though alive, has said so;
    `full`: then, whether its disk is. `born`: whether its host has said anything; until then `host` is the
    process that starts it.
    """

    run: int
    phase: str
    why: str
    at: str
    engine: str
    host: int | None
    agent: int | None
    spoke: str | None
    beat: str
    silent: float = 0.0
    turn: int = 0
    restarts: int = 0
    strikes: int = 0
    begun: bool = False
    rebooted: bool = False
    background: int = 0
    until: str | None = None
    request: Request | None = None
    denied: tuple[Denied, ...] = ()
    ending: Ending | None = None
    requests: tuple[Request, ...] = ()
    trouble: Trouble | None = None
    quiet: float | None = None
    halted: tuple[str, ...] = ()
    outcome: Ending | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    used: Mapping[str, int] = field(default_factory=dict)
    vanished: int | None = None
    full: bool = False
    born: bool = True

    @property
    def unattended(self) -> bool:
        """Whether its host is gone without having said how it ended, so that somebody has to see to it."""
        if self.host is not None:
            return False
        return self.ending is None or (self.ending.by_signal and self.rebooted)

    @property
    def over(self) -> bool:
        """Whether nothing of the run lives any more."""
        return self.ending is not None or (self.host is None and self.agent is None)
