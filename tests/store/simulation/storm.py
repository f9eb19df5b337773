"""A storm of real processes on one repository, run as a program: writers are forked, killed and replaced.

`python -m tests.store.simulation.storm COMMON SETTINGS`: SETTINGS is the JSON of `Settings`. What a writer
was promised is in `acknowledged/<writer>`, one key a line, written after the call returned; what went wrong
is in `errors/<writer>`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from ccc.domain.events import Draft
from ccc.git import libgit as libgit  # so that no child has to import it
from ccc.store import gitstore
from ccc.store.crashpoints import STORE_POINTS, VARIABLE
from ccc.store.gitstore import GitStore
from ccc.store.protocol import REF
from tests.store.simulation.facts import Author, fact
from tests.store.simulation.replica import mended, store_of

SWEEPS = (("gc", "--prune=now", "--quiet"), ("pack-refs", "--all"), ("repack", "-a", "-d", "-q"))
CALM = "calm"
"""A file that ends the cleaning up."""

KILL_EVERY = (0.02, 0.3)
PATIENCE = 60.0


@dataclass(frozen=True)
class Settings:
    """`writers` at once until `promises` are made, or `seconds` are over.

    `kill`: at random instants (anywhere), at crash points (at-points), or never. `sweep`: git cleans up
    all the time. `locked`: the lock of the store works. `pause`: seconds between two calls of a
    writer, at most.
    """

    seed: int
    writers: int
    promises: int
    kill: str = "never"
    sweep: bool = False
    locked: bool = True
    pause: float = 0.0
    seconds: float = 9.0


@contextmanager
def no_lock(path: Path, timeout: float = 0.0) -> Iterator[None]:
    """What stands for the lock where it does not work."""
    del path, timeout
    yield


class Writer:
    """What one forked process does."""

    def __init__(self, common: Path, folder: Path, number: int, settings: Settings) -> None:
        self._chance = random.Random(f"{settings.seed} {number}")
        self._name, self._settings = f"w{number}", settings
        self._store: GitStore = store_of(common)
        self._until = self._chance.randrange(12) if settings.kill == "at-points" else None
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._promises = os.open(folder / "acknowledged" / self._name, flags, 0o666)

    def write(self, calls: int) -> None:
        """So many calls of every kind, with pauses."""
        for number in range(calls):
            if number == self._until:
                os.environ[VARIABLE] = self._chance.choice(STORE_POINTS)
            key = f"{self._name}-{number}"
            what = self._chance.random()
            draft = self._fact(key, decided=what >= 0.75)
            if what < 0.75:
                self._store.journal(draft)
            else:
                self._decide(draft)
            os.write(self._promises, f"{key}\n".encode())
            if what < 0.1:
                self._store.drain(timeout=PATIENCE)
            time.sleep(self._chance.uniform(0, self._settings.pause))

    def _decide(self, draft: Draft) -> None:
        self._store.transact(lambda state: [draft], durable=False, timeout=PATIENCE)

    def _fact(self, key: str, *, decided: bool) -> Draft:
        author = Author(self._name, self._store.state, 1_790_000_000_000, "sha1")
        return mended(self._store, lambda: fact(self._chance, author, key, decided=decided))


class Storm:
    """Forks, kills, replaces; ends when enough was promised."""

    def __init__(self, common: Path, settings: Settings) -> None:
        self._common, self._settings = common, settings
        self._folder = common.parent / "storm"
        for name in ("acknowledged", "errors"):
            (self._folder / name).mkdir(parents=True)
        self._chance = random.Random(settings.seed)
        self._running: dict[int, int] = {}
        self._started = 0

    def run(self) -> None:
        """The whole storm. Raises TimeoutError where nothing goes on."""
        sweeper = self._sweeper() if self._settings.sweep else 0
        try:
            self._blow()
        finally:
            for pid in self._running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            if sweeper:  # killed, it would leave a git behind that goes on taking away what is proved next
                (self._folder / CALM).touch()
                os.waitpid(sweeper, 0)

    def _blow(self) -> None:
        if self._settings.kill == "never":
            self._calm(time.monotonic() + PATIENCE)
            return
        until = time.monotonic() + self._settings.seconds
        while self._promised() < self._settings.promises and time.monotonic() < until:
            while len(self._running) < self._settings.writers:
                self._fork(calls=10_000)
            time.sleep(self._chance.uniform(*KILL_EVERY))
            if self._settings.kill == "anywhere":
                os.kill(self._chance.choice(list(self._running)), signal.SIGKILL)
            self._reap()
            with contextlib.suppress(FileNotFoundError):  # as if a minute had gone by
                lock = self._common / f"{REF}.lock"
                if time.time() - lock.stat().st_mtime > 1:
                    os.utime(lock, (0, 0))

    def _calm(self, until: float) -> None:
        """Nobody is killed: every writer comes to its end."""
        for _ in range(self._settings.writers):
            self._fork(calls=self._settings.promises // self._settings.writers)
        while self._running:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(self._running)} writers do not come to an end")
            self._reap()
            time.sleep(0.02)

    def _reap(self) -> None:
        for pid in list(self._running):
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._running[pid]

    def _promised(self) -> int:
        return sum(path.read_bytes().count(b"\n") for path in (self._folder / "acknowledged").iterdir())

    def _fork(self, calls: int) -> None:
        self._started += 1
        number = self._started
        pid = os.fork()
        if pid:
            self._running[pid] = number
            return
        self._child(number, calls)

    def _child(self, number: int, calls: int) -> None:
        try:
            Writer(self._common, self._folder, number, self._settings).write(calls)
        except BaseException:
            (self._folder / "errors" / f"w{number}").write_text(traceback.format_exc(), encoding="utf-8")
            os._exit(1)
        os._exit(0)

    def _sweeper(self) -> int:
        """Another program that cleans up again and again, as impatient as git can be told to be."""
        pid = os.fork()
        if pid:
            return pid
        for words in itertools.cycle(SWEEPS):
            if (self._folder / CALM).exists() or os.getppid() == 1:
                break
            subprocess.run(
                ["git", f"--git-dir={self._common}", *words], capture_output=True, check=False, timeout=60
            )
        os._exit(0)


def main() -> int:
    """Runs the storm that the command line describes."""
    settings = Settings(**json.loads(sys.argv[2]))
    if not settings.locked:
        pytest.MonkeyPatch().setattr(gitstore, "locked", no_lock)
    Storm(Path(sys.argv[1]), settings).run()
    return 0


def command(common: Path, settings: Settings) -> list[str]:
    """How the storm is started."""
    return [sys.executable, "-m", __name__, str(common), json.dumps(asdict(settings))]


if __name__ == "__main__":
    sys.exit(main())
