"""Whether ccc's verdicts on merges are those of `git merge`, on any repository (Q2).

Replays its merge commits and pairs of branches that lived at the same time, in a scratch clone: clean or in
conflict, the paths, git's own lines about them, the tree; one by one, many at once, and as a landing makes
it, where session files are taken out. Ends with 1 when a single one differs.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

if __name__ == "__main__":  # also as `python bench/merge_verdicts.py`
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.merge_history import make
from bench.merge_pairs import Task, contemporaries, git, merges_of, replayed
from bench.merge_sides import (
    ABSENT,
    CLEAN,
    CONFLICT,
    FAILED,
    FOLDER,
    NAME,
    CccMerge,
    GitMerge,
    Outcome,
    opened,
)
from bench.places import leave_the_surroundings, temporary

MEMORY = Path("/dev/shm")
TAKEN = r"^(merge|diff|core\.(attributesfile|autocrlf|eol|symlinks|filemode|ignorecase|safecrlf)|filter)\b"
"""Of the repository's own configuration, what can change a merge; the user's is left out."""

BESIDE = ("info/attributes", "shallow")
SHARED = ("modules",)


@dataclass(frozen=True)
class Differs:
    """A merge on which the two do not agree: `what` was asked of ccc, and both answers."""

    what: str
    ours: str
    theirs: str
    git: Outcome
    ccc: Outcome


@dataclass
class Tally:
    """What was found in one repository."""

    project: str
    seed: int
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[Differs] = field(default_factory=list)
    seconds: float = 0.0

    def document(self) -> dict[str, object]:
        """All figures, for `--json`."""
        different = Counter(each.what for each in self.differences)
        return {
            "project": self.project,
            "seed": self.seed,
            **dict(sorted(self.counts.items())),
            "different": dict(different),
            "seconds": round(self.seconds, 1),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares in one repository, prints the figures, and every difference whole."""
    asked = _parser().parse_args(arguments)
    leave_the_surroundings()
    seed = asked.seed if asked.seed is not None else random.randrange(1 << 32)
    with _repository(asked, seed) as repository:
        tally = compare(repository, limit=asked.limit, pairs=asked.pairs, seed=seed)
    for each in tally.differences:
        print(_difference(each), flush=True)
    print(_summary(tally))
    if asked.json:
        asked.json.write_text(json.dumps(tally.document(), indent=1) + "\n")
    return 1 if tally.differences else 0


@contextmanager
def _repository(asked: argparse.Namespace, seed: int) -> Iterator[Path]:
    if asked.repo is not None:
        yield asked.repo.resolve()
        return
    with temporary() as folder:
        make(folder / "generated", seed=seed, commits=asked.generate)
        yield folder / "generated"


def compare(repository: Path, *, limit: int, pairs: int | None, seed: int) -> Tally:
    """Up to `limit` merge commits and `pairs` pairs (None: as many); the repository is only read."""
    tally, chance = Tally(repository.name, seed), random.Random(seed)
    if repository.name in ("repo", ".git"):
        tally.project = repository.parent.name
    with _clone(repository) as top:
        started = time.perf_counter()
        known = merges_of(top)
        tasks = replayed(known, limit, chance)
        wanted = len(tasks) if pairs is None else pairs
        _Comparison(top, chance, tally).over(tasks, contemporaries(top, known, wanted, chance))
        tally.seconds = time.perf_counter() - started
    return tally


class _Comparison:
    def __init__(self, top: Path, chance: random.Random, tally: Tally) -> None:
        self._workspace = opened(top)
        self._top, self._chance, self._tally = top, chance, tally
        self._answers: dict[tuple[str, str], Outcome] = {}
        self._ccc, self._git = CccMerge(self._workspace), GitMerge(top)

    def over(self, *many: Iterable[Task]) -> None:
        for tasks in many:
            for task in tasks:
                self._task(task)

    def _task(self, task: Task) -> None:
        at_once = self._ccc.many(task.ours, task.theirs)
        self._answers.clear()
        for theirs in task.theirs:
            wanted = self._asked(task.ours, theirs)
            if wanted is None:
                self._tally.counts["not stored here"] += 1
                continue
            self._tally.counts[task.kind] += 1
            self._tally.counts[wanted.verdict] += 1
            alone = self._ccc.one(task.ours, theirs)
            self._note("alone", (task.ours, theirs), wanted, alone)
            if alone.verdict in (CLEAN, CONFLICT):
                self._note("at once", (task.ours, theirs), alone, at_once.get(theirs, Outcome("left out")))
            self._landing(task.ours, theirs, wanted)
        self._radar(task)

    def _asked(self, ours: str, theirs: str) -> Outcome | None:
        """What `git merge` says; None where it cannot say it for lack of objects."""
        if (ours, theirs) not in self._answers:
            try:
                self._answers[ours, theirs] = self._git(ours, theirs)
            except RuntimeError as error:
                if ABSENT not in str(error):
                    raise
                return None
        return self._answers[ours, theirs]

    def _radar(self, task: Task) -> None:
        """All of a task's commits against one another, as the radar sees them."""
        every = tuple(dict.fromkeys((task.ours, *task.theirs)))
        conflicts = self._ccc.radar(task.ours, every[1:])
        for pair in itertools.combinations(every, 2):
            wanted = self._asked(*pair)
            if wanted is None or pair in self._ccc.unmerged:
                continue
            paths = conflicts.get(pair)
            found = Outcome(CLEAN, wanted.tree) if paths is None else Outcome(CONFLICT, None, paths)
            self._note("radar", pair, replace(wanted, lines=(), words=""), found)

    def _landing(self, ours: str, theirs: str, plain: Outcome) -> None:
        """A landing of the same with session files on it; on one in three those themselves conflict."""
        head = self._dressed(theirs, "theirs")
        if self._chance.random() < 0.34:
            ours = self._dressed(ours, "ours")
        found = self._ccc.landed(ours, head)
        if (found.verdict, found.tree, found.paths) == (plain.verdict, plain.tree, plain.paths):
            return
        self._tally.counts["landings merged anew"] += 1
        self._note("landing", (ours, head), _outside(self._git, self._git(ours, head)), found)

    def _dressed(self, commit: str, words: str) -> str:
        """The commit with a brief and a report on it, as a session's branch has them."""
        index = {"GIT_INDEX_FILE": str(self._top / ".git" / "dressing")}
        rows = []
        for name in ("brief.md", "report.md"):
            text = f"# {name}\n\nThe work of {words} at {commit}.\n"
            blob = git(self._top, "hash-object", "-w", "--stdin", stdin=text)
            rows.append(f"100644 {blob}\t{FOLDER}/{NAME}/{name}\n")
        git(self._top, "read-tree", commit, env=index)
        git(self._top, "update-index", "--add", "--index-info", stdin="".join(rows), env=index)
        tree = git(self._top, "write-tree", env=index)
        return git(self._top, "commit-tree", tree, "-p", commit, "-m", "Session files")

    def _note(self, what: str, sides: tuple[str, str], wanted: Outcome, found: Outcome) -> None:
        self._tally.counts[what] += 1
        if wanted.verdict == FAILED:
            same = found.verdict in (CONFLICT, FAILED)
        elif what == "landing":
            same = (wanted.verdict, wanted.tree, wanted.paths) == (found.verdict, found.tree, found.paths)
        else:
            same = _without_words(wanted) == _without_words(found)
        if not same:
            self._tally.differences.append(Differs(what, *sides, wanted, found))


def _without_words(outcome: Outcome) -> tuple[object, ...]:
    return outcome.verdict, outcome.tree, outcome.paths, outcome.lines


def _outside(checkout: GitMerge, merged: Outcome) -> Outcome:
    """What git made, without the session files: conflicts among them do not count."""
    paths = frozenset(path for path in merged.paths if not path.startswith(f"{FOLDER}/"))
    other = [line for line in merged.lines if FOLDER not in line]
    if merged.verdict == CLEAN or (merged.verdict == CONFLICT and not paths and not other):
        return Outcome(CLEAN, checkout.tree_without(FOLDER))
    return Outcome(merged.verdict, None, paths, words=merged.words)


@contextmanager
def _clone(repository: Path) -> Iterator[Path]:
    """A clone that borrows the objects, with the configuration of the repository that merges obey.

    In memory where there is such a place; the repository itself is not written to.
    """
    place = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="ccc-verdicts-", dir=place)).resolve()
    try:
        top = folder / "clone"
        common = Path(git(repository, "rev-parse", "--path-format=absolute", "--git-common-dir"))
        form = git(repository, "rev-parse", "--show-object-format")
        git(folder, "init", "-q", f"--object-format={form}", str(top))
        (top / ".git/objects/info/alternates").write_text(f"{common / 'objects'}\n")
        _copy_settings(repository, common, top)
        _copy_references(repository, top)
        yield top
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy_settings(repository: Path, common: Path, top: Path) -> None:
    found = subprocess.run(
        ["git", "config", "--local", "-z", "--get-regexp", TAKEN], cwd=repository, capture_output=True
    ).stdout.decode()
    pairs = [row.partition("\n") for row in found.split("\0") if row]
    pairs += [("user.name", "", "Developer"), ("user.email", "", "developer@example.com")]
    for key, _, value in [*pairs, ("gc.auto", "", "0"), ("maintenance.auto", "", "false")]:
        git(top, "config", "--add", key, value)
    for name in BESIDE:
        if (common / name).exists():
            (top / ".git" / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(common / name, top / ".git" / name)
    for name in SHARED:
        if (common / name).is_dir():
            (top / ".git" / name).symlink_to(common / name)


def _copy_references(repository: Path, top: Path) -> None:
    rows = git(repository, "for-each-ref", "--format=%(objectname) %(objecttype) %(refname)").splitlines()
    found = [row.split(" ") for row in rows]
    given = [f"create refs/replayed/{name} {oid}" for oid, kind, name in found if kind == "commit"]
    head = git(repository, "rev-parse", "--verify", "HEAD^{commit}")
    git(top, "update-ref", "--stdin", stdin="\n".join([*given, f"update HEAD {head}"]) + "\n")
    git(top, "reset", "-q", "--hard")


def _difference(each: Differs) -> str:
    return (
        f"DIFFERS ({each.what}): {each.theirs} into {each.ours}\n"
        f"-- git merge:\n{each.git.shown()}\n-- ccc:\n{each.ccc.shown()}\n"
    )


def _summary(tally: Tally) -> str:
    counts, different = tally.counts, Counter(each.what for each in tally.differences)
    total = counts["merge"] + counts["pair"]
    compared = {"alone": total, "at once": counts["at once"], "landing": total, "radar": counts["radar"]}
    agreed = ", ".join(f"{what} {number - different[what]} of {number}" for what, number in compared.items())
    return (
        f"{tally.project}: {counts['merge']} merges, {counts['pair']} pairs: {counts['clean']} clean, "
        f"{counts['conflict']} in conflict, {counts['refused']} without common history, {counts['failed']} "
        f"at which git itself failed, {counts['not stored here']} not stored here\n"
        f"  agreed on verdict, paths, lines and tree: {agreed}\n"
        f"  seed {tally.seed}, {tally.seconds:.0f} s, {total / max(tally.seconds, 0.001):.1f} merges/s"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.merge_verdicts",
        description="Compares ccc's verdicts on merges with git merge itself, on any repository.",
        epilog="Ends with 1 when one of them differs.",
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--repo", type=Path, help="the repository; it is only read")
    which.add_argument("--generate", type=int, metavar="N", help="a made-up history of so many commits")
    parser.add_argument("--limit", type=int, default=300, help="merge commits to replay (default: 300)")
    parser.add_argument("--pairs", type=int, help="pairs of branches of one time (default: as many)")
    parser.add_argument("--seed", type=int, help="which of them are chosen (default: another each time)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to a file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
