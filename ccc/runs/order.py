"""What a session host is to start: written once by whoever starts it, read by the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, field
from typing import Any

from ccc.records import dataclass
from ccc.runs.files import RunFiles, read_json, write_json

FORMAT = 1
MODULE = "ccc.host"
COMMAND_LINE = b"\0-m\0ccc.host\0"
"""What the command line of every host holds, a NUL after each argument."""


@dataclass(frozen=True)
class Order:
    """One run. No secrets: the agent's environment travels as the host's own.

    `engine` is the reference as recorded (`claude`, `rehearsal:PATH`, a configured name), `starter` the
    identity of the process that starts the host. Times in seconds, 0 is none:
    `silence` without any sign of life, `rest` idle until the process is put to rest, `grace` between TERM
    and KILL. `retries`: restarts after crashes with no turn ended between them. `restarts` are those of the
    runs before that this one goes on from, `strikes` those of them since a turn ended, `delay` is waited
    before its first process is started; `parked` ({why, until}): the rate limit that is waited for instead.
    `seconds` and `micro_usd` are left from orders of before.
    `limits` are the session's (fields of Limits), `spent` what its earlier runs used of them, `warned`
    for which of them the agent got its word. `handback`, `handback_tokens`: seconds and tokens of the last
    turn when one is used up; `hand_back` ({what, why}) says that this run is for that turn alone.
    `rate_wait`, `stagger` and `repeats` as in config/model.py (Limits). `shared`: it has limits together
    with others (ops/shared_budgets.py), `shared_limits`: the least of them, of each kind; `beyond`: the day
    (UTC) on which a person let it go past them.
    """

    session: str
    name: str
    role: str
    run: int
    engine: str
    worktree: str
    prompt: str
    system: str
    conversation: str
    starter: str
    resumes: bool = False
    model: str | None = None
    tools: tuple[str, ...] = ()
    permission_mode: str = "dontAsk"
    options: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    silence: float = 900.0
    rest: float = 600.0
    grace: float = 5.0
    retries: int = 3
    restarts: int = 0
    strikes: int = 0
    delay: float = 0.0
    parked: Mapping[str, str] = field(default_factory=dict)
    micro_usd: int = 0
    limits: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, int] = field(default_factory=dict)
    warned: Mapping[str, int] = field(default_factory=dict)
    handback: float = 180.0
    handback_tokens: int = 50_000
    hand_back: Mapping[str, str] = field(default_factory=dict)
    rate_wait: float = 300.0
    stagger: float = 60.0
    repeats: int = 12
    shared: bool = False
    shared_limits: Mapping[str, int] = field(default_factory=dict)
    beyond: str = ""

    def write(self, files: RunFiles) -> None:
        """Makes the run known. Raises OSError."""
        write_json(files.order, {"format": FORMAT, **asdict(self)})

    @classmethod
    def read(cls, files: RunFiles) -> Order | None:
        """The order of a run; None where there is none that this ccc understands. Fields of a later one are
        left out."""
        found = read_json(files.order)
        if found is None or found.pop("format", None) != FORMAT:
            return None
        known = {name: value for name, value in found.items() if name in cls.__annotations__}
        return cls(**{**known, "tools": tuple(found["tools"])})
