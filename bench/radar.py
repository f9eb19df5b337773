"""What the conflict radar costs (Q1): all pairs, one commit later, the snapshot of a changed worktree."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pygit2

from bench.harness import Result, Scale, in_turns, median_ms
from bench.places import plain, run, temporary
from ccc.git import meeting
from ccc.git.command import Git
from ccc.git.meeting import Memory
from ccc.git.mergetree import quarantined
from ccc.git.unsaved import Place, unsaved

FULL_MS, LATER_MS, SNAPSHOT_MS = 700.0, 50.0, 250.0
FORKS, TOUCHED, SHARED = 8, 8, 1
"""Commits of the trunk that branches begin at; files that each touches, and how many of these others may."""

POOL = 40
"""Of so many files the shared ones are taken: with 100 branches one pair in nine meets."""


def measure(scale: Scale) -> list[Result]:
    """Milliseconds at two sizes; objects in the repository before and after."""
    sizes = scale.of((60,), (5_000, 50_000))
    return [row for files in sizes for row in _at(scale, files)]


def _at(scale: Scale, files: int) -> Iterator[Result]:
    branches, rounds = scale.of(6, 100), max(2, scale.rounds // 3)
    with temporary() as folder:
        bench = Bench(plain(folder / "repo", 1), branches, files)
        before = bench.loose()
        pairs = len(list(combinations(bench.tips, 2)))
        times = in_turns(
            rounds,
            {
                "full": lambda _: bench.full(),
                "later": bench.later,
                "snapshot": bench.snapshot,
                "git": bench.one_git_a_pair,
                "pygit2": bench.library,
            },
        )
        after = bench.loose()
    size = f"{branches} branches, {files} files"
    rows = (
        (f"radar, {size}: all of it", "full", 1, FULL_MS),
        ("  beside: one git merge-tree a pair, from samples", "git", pairs, None),
        ("  beside: pygit2 merge_commits, from samples", "pygit2", pairs, None),
        (f"radar, {size}: one commit later", "later", 1, LATER_MS),
        (f"snapshot of a changed worktree, {files} files", "snapshot", 1, SNAPSHOT_MS),
    )
    for name, key, count, budget in rows:
        yield Result(name, median_ms(times[key]) * count, budget, "ms")
        yield Result("    processor", median_ms(times[key].processor) * count, None, "ms")
    yield Result(f"  pairs in conflict; merged; of {pairs}", bench.conflicts, None, f"; {bench.merged}")
    yield Result("objects that the radar left in the repository", after - before, 0.0, "", exact=True)


def _path(number: int) -> str:
    """Twenty files a folder, twenty-five folders in one."""
    return f"part{number // 500}/d{number // 20 % 25}/f{number}.txt"


class Bench:
    """A trunk that moved on, branches from several of its commits, and a worktree with changes."""

    def __init__(self, top: Path, branches: int, files: int) -> None:
        self._top, self._files, self._chance = top, files, random.Random(1)
        first = run("git", "rev-parse", "main", cwd=top)
        forks = [self._commit("main", first, range(files))]
        for _ in range(FORKS):
            forks.append(self._commit("main", forks[-1], self._numbers()))
        self.trunk = forks[-1]
        begun = [self._chance.choice(forks) for _ in range(branches)]
        self.tips = [self._commit(f"b{place}", fork, self._numbers()) for place, fork in enumerate(begun)]
        self._next = [self._commit("next", self.tips[0], self._numbers()) for _ in range(2)]
        run("git", "worktree", "add", "-q", "--detach", str(top.with_name("tree")), self.trunk, cwd=top)
        self._place = Place(top.with_name("tree"), top / ".git" / "worktrees" / "tree")
        self._memory = Memory()
        self._library = pygit2.Repository(str(top))
        self.conflicts = self.merged = 0

    def _numbers(self) -> list[int]:
        """Files of its own, and some of those that others change."""
        numbers = [self._chance.randrange(self._files) for _ in range(TOUCHED - SHARED)]
        return numbers + [self._chance.randrange(min(POOL, self._files)) for _ in range(SHARED)]

    def _commit(self, branch: str, parent: str, numbers: Iterable[int]) -> str:
        lines = [f"commit refs/heads/{branch}", f"committer B <b@example.com> {int(time.time())} +0000"]
        lines += ["data 1", "m", f"from {parent}"]
        for number in dict.fromkeys(numbers):
            content = "".join(f"{self._chance.random() if line == 9 else number}\n" for line in range(20))
            lines += [f"M 100644 inline {_path(number)}", f"data {len(content)}", content]
        run("git", "fast-import", "--quiet", "--force", cwd=self._top, stdin="\n".join(lines) + "\n")
        return run("git", "rev-parse", branch, cwd=self._top)

    @contextmanager
    def _git(self) -> Iterator[Git]:
        with tempfile.TemporaryDirectory(prefix="ccc-bench-objects-") as place:
            common = self._top / ".git"
            yield quarantined(Git(common, {"GIT_DIR": str(common)}), Path(place), common)

    def full(self) -> float:
        """Nothing is remembered."""
        self._memory = Memory()
        with self._git() as git:
            started = time.perf_counter()
            found = meeting.find(git, self.trunk, self.tips, self._memory)
            took = time.perf_counter() - started
        self.conflicts, self.merged = len(found.conflicts), found.merged
        return took

    def later(self, number: int) -> float:
        """One branch has a commit more than before; everything else is remembered."""
        with self._git() as git:
            meeting.find(git, self.trunk, self.tips, self._memory)
            tips = [self._next[number % 2], *self.tips[1:]]
            started = time.perf_counter()
            meeting.find(git, self.trunk, tips, self._memory)
            return time.perf_counter() - started

    def snapshot(self, number: int) -> float:
        """Two files changed, one new."""
        for path in (_path(0), _path(30), f"{_path(0)} new"):
            (self._place.top / path).write_text(f"{number}\n" * 20)
        folder = self._top.with_name("radar")
        folder.mkdir(exist_ok=True)
        with self._git() as git:
            here = replace(git, directory=self._place.top, extra={**git.extra})
            inside = {key: value for key, value in here.extra.items() if key != "GIT_DIR"}
            started = time.perf_counter()
            unsaved(self._place, replace(here, extra=inside), folder)
            return time.perf_counter() - started

    def one_git_a_pair(self, _: int) -> float:
        """One pair, by a git process of its own."""
        with self._git() as git:
            started = time.perf_counter()
            git.run("merge-tree", "--write-tree", *self._chance.sample(self.tips, 2), ok=(0, 1))
            return time.perf_counter() - started

    def library(self, _: int) -> float:
        """One pair, by libgit2, which writes nothing here."""
        one, other = self._chance.sample(self.tips, 2)
        started = time.perf_counter()
        self._library.merge_commits(pygit2.Oid(hex=one), pygit2.Oid(hex=other))
        return time.perf_counter() - started

    def loose(self) -> int:
        """Objects in the repository, packed and loose."""
        rows = dict(row.split(": ") for row in run("git", "count-objects", "-v", cwd=self._top).split("\n"))
        return int(rows["count"]) + int(rows["in-pack"])
