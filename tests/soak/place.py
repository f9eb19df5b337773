"""Where the soak happens: a repository with its role, and the stub, all in a folder of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.cast import CAST, ROLE, Part
from tests.soak.stub import entries
from tests.support.program import PROJECT, Outcome
from tests.support.repository import Repo

COMMAND_SECONDS = 120.0
"""How long a command may take on a machine that does a dozen other things; one that hangs is a fault."""

CONFIG = """\
[session]
silence = "10s"
rest = "6s"
restarts = 10

[limits]
parallel = 20
rate_wait = "6s"
stagger = "3s"
"""

SOAKER = """\
---
description: Commits parts
engine: claude
tools: [Read, Write, Bash]
checks:
  - run: sh check.sh
---
You commit one part after the other.
"""

PART = """\
# part.sh SLUG WORD [NUMBER]: commits what there is to commit, and says how many parts there are.
# A program that was killed while it wrote a file leaves what it wrote so far beside it.
rm -f "work/$1"/*.tmp.*
git add "work/$1" || exit 1
git diff --cached --quiet || git commit -q -m "$2 part $3 of $1" || exit 1
echo "soak: $(git ls-tree --name-only HEAD "work/$1/" | wc -l) parts"
"""

WAIT = """\
# Time passes, in a child that outlives a shell that is killed.
sleep 1.5 &
wait $!
echo "soak: time passed"
"""

CHECK = """\
# Every part says what it is.
for file in work/*/*.txt; do
    number=${file##*/} slug=${file#work/}
    test "$(cat "$file")" = "part ${number%.txt} of ${slug%%/*}" || { echo "$file is wrong"; exit 1; }
done
"""


def prepare(repo: Repo) -> None:
    """Commits role, checks and configuration."""
    files = {".ccc/config.toml": CONFIG, f".ccc/roles/{ROLE}.md": SOAKER}
    repo.commit("Prepare the soak", {**files, "part.sh": PART, "wait.sh": WAIT, "check.sh": CHECK})


@dataclass
class Place:
    """The repository, the stub's folder, and who may be called there."""

    repo: Repo
    folder: Path
    seed: str
    seconds: float
    environment: Mapping[str, str]
    cast: tuple[Part, ...] = CAST
    share: float = 0.0
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def common(self) -> Path:
        """The common git directory."""
        return self.repo.path / ".git"

    def ccc(self, *arguments: str, exit: int | None = None) -> Outcome:
        """Runs ccc as a person would, here."""
        done = subprocess.run(
            [sys.executable, "-m", "ccc", *arguments],
            cwd=self.repo.path,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        outcome = Outcome(arguments, done.returncode, done.stdout, done.stderr)
        return outcome if exit is None else outcome.expect(exit)

    def spawn(self, part: Part) -> None:
        """Starts one of the cast."""
        task = f"Commit {part.parts} parts of {part.slug}"
        made = self.ccc("spawn", ROLE, task, "--name", part.slug, "--json", *part.options, exit=0)
        self.sessions[part.name] = made.json["sessions"][0]
        assert self.sessions[part.name]["name"] == part.name

    def spawn_all(self) -> None:
        """Starts them all."""
        for part in self.cast:
            self.spawn(part)

    def status(self) -> dict[str, dict[str, Any]]:
        """What `git ccc status` says of each, by name."""
        found = self.ccc("status", "--all", "--json", exit=0).json["sessions"]
        return {session["name"]: session for session in found}

    def progress(self, value: float) -> None:
        """Tells the model, and the person, how much of the storm is over."""
        self.share = value
        fresh = self.folder / ".progress"
        fresh.write_text(f"{value:.4f}", encoding="ascii")
        fresh.replace(self.folder / "progress")

    def requests(self) -> list[dict[str, Any]]:
        """What the stub was asked so far."""
        return list(entries(self.folder))

    def runs(self, name: str) -> list[Path]:
        """The folders of a session's runs, oldest first."""
        root = self.common / "ccc" / "runs" / self.sessions[name]["id"]
        found = [path for path in root.iterdir() if path.name.isdecimal()]
        return sorted(found, key=lambda path: int(path.name))

    def orders(self, name: str) -> list[dict[str, Any]]:
        """What each run of a session was told to do."""
        return [json.loads((run / "order.json").read_bytes()) for run in self.runs(name)]


class StubProcess:
    """The stub as a process, always on the same port."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self.port = 0

    def start(self) -> int:
        """Starts it, or starts it again; its port."""
        place = self._place
        command = [sys.executable, "-m", "tests.soak.stub"]
        command += [str(self.port), str(place.folder), place.seed, str(place.seconds)]
        errors = (place.folder / "errors").open("a")
        with errors:
            self._process = subprocess.Popen(
                command,
                cwd=PROJECT,
                env={**os.environ, "PYTHONPATH": str(PROJECT)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self.port

    def kill(self) -> None:
        """Kills it and starts it again."""
        with self._lock:
            assert self._process is not None
            self._process.send_signal(signal.SIGKILL)
            self._reap()
            self.start()

    def end(self) -> None:
        """Ends it for good."""
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._reap()

    def _reap(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.wait(20)
        self._process.stdout.close()
        self._process = None
