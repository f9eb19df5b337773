"""Many agents in one repository, at rest until they are told to work, and a person beside them."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bench.harness import Work, seconds
from bench.places import ccc, plain, repository, run

_Seen = TypeVar("_Seen")

SPAWNERS = 4
"""Processes that make the sessions; one makes at most 64."""

PATIENCE = 300.0
PAUSE, COMMITS, TURNS = 10, 10, 30
"""Seconds between two commits of an agent (ten a second of a hundred agents); how many in one command, which
may take 120 s; how many such commands, so that nobody is done before everything is measured."""

BY_HAND = "backend-by-hand"
RESTS = {"steps": [{"say": "ready"}]}
COMMIT = (
    f"n=0; while [ $((n += 1)) -le {COMMITS} ]; do git commit -q --allow-empty -m c$n; sleep {PAUSE}; done"
)
WORKS = {"steps": [{"run": ["sh", "-c", COMMIT]}] * TURNS}
CLAIMS = {
    "steps": [
        {"edit": {"path": "part.txt", "content": "done\n"}},
        {"commit": {"message": "Do the part", "status": "done"}},
    ]
}
PLAYS = {"work": [RESTS, WORKS], "claim": [RESTS, CLAIMS, RESTS], "follow": [CLAIMS]}
"""What an agent does, turn by turn; the second turn is that of the message that sets all to work."""

ROLE = """\
---
description: Writes the parts
checks:
  - sleep 0.3
---
Write the parts.
"""
EVERYTHING_FITS = "[limits]\nparallel = 1000\n"


@dataclass(frozen=True)
class Crowd:
    """A repository in which so many agents live; `plain` is one that knows nothing of ccc."""

    top: Path
    plain: Path
    count: int

    def hosts(self) -> list[int]:
        """The process ids of their hosts, once all of them are at rest."""
        return _when(self._resting, self.count, "agents at rest")

    def _resting(self) -> list[int]:
        lives = [_life(path) for path in (self.top / ".git/ccc/runs").glob("*/*/life.json")]
        return [int(life["host"].split(" ")[0]) for life in lives if life.get("phase") == "idle"]

    def set_to_work(self, queued: int) -> None:
        """Every agent begins to commit, a tenth claims to be done and is checked, and others begin."""
        for number in range(queued):
            after = ("--after", "backend-claim" if number == 0 else f"backend-claim-{number + 1}")
            self._spawn("backend", f"Then {number}", *after, play="follow")
        run("git", "checkout", "-q", "-b", "unrelated", cwd=self.plain)
        ccc("send", "all", "go", cwd=self.top)
        _when(self._committed, 2 * self.count, "commits")

    def _committed(self) -> list[str]:
        return run("git", "log", "--branches=ccc/*", "--not", "main", "--format=%h", cwd=self.top).split()

    def _spawn(self, *arguments: str, play: str) -> None:
        script = self.top.parent / f"{play}.yml"
        ccc("spawn", *arguments, "--engine", f"rehearsal:{script}", cwd=self.top)

    def _spawn_parts(self, count: int) -> None:
        self._spawn("backend", "Part", "--count", str(count), play="work")

    def works(self, commands: Mapping[str, tuple[str, ...]]) -> dict[str, Work]:
        """What a person does here, by name: these commands, commits, and what they are held against."""
        program = str(Path(sys.executable).with_name("git-ccc"))
        commit = ("git", "commit", "-q", "--allow-empty", "-m", "by a person")
        tree = self.top.with_name("repo.ccc") / BY_HAND
        return {
            **{name: _timed(program, *words, cwd=self.top) for name, words in commands.items()},
            "commit, own checkout": _timed(*commit, cwd=self.top),
            "commit, session's worktree": _timed(*commit, cwd=tree),
            "python": _timed(sys.executable, "-c", "pass", cwd=self.top),
            "commit": _timed(*commit, cwd=self.plain),
        }


@contextmanager
def crowd(count: int) -> Iterator[Crowd]:
    """So many agents, at rest after their first turn; a tenth of them claim to be done in their second."""
    with repository() as top:
        place = Crowd(top, plain(top.with_name("plain")), count)
        _configure(top)
        ccc("spawn", "backend", "By hand", "--no-start", cwd=top)
        claiming = max(1, count // 10)
        try:
            place._spawn("backend", "Claim", "--count", str(claiming), play="claim")
            with ThreadPoolExecutor(SPAWNERS) as pool:
                shares = [len(range(one, count - claiming, SPAWNERS)) for one in range(SPAWNERS)]
                list(pool.map(place._spawn_parts, [share for share in shares if share]))
            yield place
        finally:
            ccc("stop", "--all", "--grace", "1", cwd=top)


def _configure(top: Path) -> None:
    for play, turns in PLAYS.items():
        (top.parent / f"{play}.yml").write_text(json.dumps({"turns": turns}), encoding="utf-8")
    for name, text in (("roles/backend.md", ROLE), ("config.toml", EVERYTHING_FITS)):
        path = top / ".ccc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    run("git", "add", "--all", cwd=top)
    run("git", "commit", "-qm", "Configure", cwd=top)


def _timed(*command: str, cwd: Path) -> Work:
    return lambda _: seconds(lambda: run(*command, cwd=cwd))


def _life(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def _when(look: Callable[[], list[_Seen]], count: int, what: str) -> list[_Seen]:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = look()
        if len(found) >= count:
            return found
        time.sleep(0.2)
    raise TimeoutError(f"never {count} {what}: {len(look())}")
