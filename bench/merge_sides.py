"""The two that are compared: `git merge` in an honest checkout, and ccc, which needs none."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.merge_pairs import git
from bench.places import ccc
from ccc.errors import GitFailed
from ccc.git import meeting, mergetree
from ccc.git.mergetree import ConflictFile, MergeVerdict, UnrelatedHistories
from ccc.ops.find import find
from ccc.ops.landing.combine import combine
from ccc.ops.look import look
from ccc.ops.peek import peek
from ccc.ops.workspace import Workspace

CLEAN, CONFLICT, REFUSED, FAILED = "clean", "conflict", "refused", "failed"
"""`refused`: no common history; `failed`: git itself went wrong, so nothing may be called clean."""

UNRELATED = "refusing to merge unrelated histories"
ABSENT = "unable to read"
"""git's words for an object that is not stored: some copies leave out large files."""

AHEAD = 60.0
"""Seconds: git looks into files as young as its index, and finds such as changed whose line ends it would
change itself; a moment after a checkout it does not."""
FOLDER = ".ccc/sessions"
NAME = "backend-replay"
TARGET, BRANCH, CHECKOUT = "replay-target", "replay-branch", "replay-checkout"


@dataclass(frozen=True)
class Outcome:
    """What a merge comes to: the tree where it is clean, else paths with stages and git's CONFLICT lines."""

    verdict: str
    tree: str | None = None
    paths: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()
    words: str = ""

    def shown(self) -> str:
        """All of it, for people."""
        rows = [f"{self.verdict} {self.tree or ''}".rstrip(), *sorted(map(ascii, self.paths))]
        return "\n".join([*rows, *self.lines, *self.words.splitlines()])


def as_git_says(text: str, ours: str) -> str:
    """`git merge` calls our side HEAD, in messages and in names of files that make way; ccc by its commit."""
    return text.replace(ours, "HEAD")


def printable(text: str) -> str:
    """Text of which a message cannot hold every byte, as ccc keeps it."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def told(words: Iterable[str]) -> tuple[str, ...]:
    """The CONFLICT lines among git's words, sorted."""
    return tuple(sorted(line for text in words for line in text.splitlines() if line.startswith("CONFLICT")))


class GitMerge:
    """`git merge --no-commit --no-ff` in a checkout that is brought to the one side by a hard reset."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._left = False

    def __call__(self, ours: str, theirs: str) -> Outcome:
        self._go_to(ours)
        done = self._run("merge", "--no-commit", "--no-ff", theirs)
        out = done.stdout.decode("utf-8", "surrogateescape")
        words = out + done.stderr.decode("utf-8", "replace")
        unmerged = self._run("ls-files", "-u", "-z").stdout.decode("utf-8", "surrogateescape")
        if done.returncode == 0:
            return Outcome(CLEAN, git(self.top, "write-tree"))
        self._left = True
        if done.returncode != 1 or "CONFLICT" not in out:
            (self.top / ".git/index.lock").unlink(missing_ok=True)  # of one that ended by a signal
            return Outcome(REFUSED if UNRELATED in words else FAILED, words=words)
        paths = frozenset(row.split("\t", 1)[1] for row in unmerged.split("\0") if row)
        return Outcome(CONFLICT, None, paths, told([printable(out)]))

    def tree_without(self, folder: str) -> str:
        """The tree of the merge just made, without what lies in a folder; conflicts there are gone, too."""
        git(self.top, "rm", "-r", "-q", "-f", "--cached", "--ignore-unmatch", "--", folder)
        return git(self.top, "write-tree")

    def _go_to(self, commit: str) -> None:
        was_left, self._left = self._left, True
        self._date_index()
        git(self.top, "reset", "-q", "--hard", commit)
        if was_left:
            git(self.top, "clean", "-ffdxq")
        self._date_index()
        self._left = False

    def _date_index(self) -> None:
        then = time.time() + AHEAD
        os.utime(self.top / ".git/index", (then, then))

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["git", *arguments], cwd=self.top, capture_output=True, check=False)


class CccMerge:
    """ccc's verdict on two commits, on many at once, and what a landing would make of them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        session = find(NAME, look(workspace).sessions)
        self._memory = meeting.Memory()
        self.unmerged: frozenset[tuple[str, str]] = frozenset()
        self._session = replace(session, target=TARGET, branch=BRANCH)

    def one(self, ours: str, theirs: str) -> Outcome:
        try:
            verdict = mergetree.merge(self._workspace.git, ours, theirs)
        except UnrelatedHistories as error:
            return Outcome(REFUSED, words=str(error))
        except GitFailed as error:
            return Outcome(FAILED, words=str(error))
        return _outcome(verdict, ours)

    def many(self, ours: str, theirs: Sequence[str]) -> dict[str, Outcome]:
        found = mergetree.merges(self._workspace.git, ours, theirs)
        return {each: _outcome(found[each], ours) for each in theirs if each in found}

    def radar(self, ours: str, theirs: Sequence[str]) -> dict[tuple[str, str], frozenset[str]]:
        """The pairs among all of them that the radar finds in conflict, and the paths; the rest is clean."""
        with peek(self._workspace) as aside:
            found = meeting.find(aside.git, ours, theirs, self._memory, drivers=True)
        self.unmerged = found.unmerged
        return {pair: _paths(files, pair[0]) for pair, files in found.conflicts.items()}

    def landed(self, ours: str, theirs: str) -> Outcome:
        """What landing a branch at `theirs` on a target at `ours` gives (`ccc.ops.landing.combine`)."""
        given = f"update refs/heads/{TARGET} {ours}\nupdate refs/heads/{BRANCH} {theirs}\n"
        git(self._workspace.directory, "update-ref", "--stdin", stdin=given)
        try:
            combined = combine(self._workspace, self._session)
        except UnrelatedHistories as error:
            return Outcome(REFUSED, words=str(error))
        except GitFailed as error:
            return Outcome(FAILED, words=str(error))
        if combined.tree is not None:
            return Outcome(CLEAN, combined.tree)
        return Outcome(CONFLICT, None, _paths(combined.conflicts, ours))


def opened(top: Path) -> Workspace:
    """ccc in a repository, with a session whose branch and target are moved at will."""
    git(top, "checkout", "-q", "-B", CHECKOUT)
    ccc("init", cwd=top)
    ccc("spawn", "backend", "Replay", "--no-start", cwd=top)
    return Workspace.open(top, os.environ)


def _outcome(verdict: MergeVerdict, ours: str) -> Outcome:
    if not verdict.conflicts:
        return Outcome(CLEAN, verdict.tree)
    lines = told(as_git_says(printable(words), ours) for words in verdict.messages)
    return Outcome(CONFLICT, None, _paths(verdict.conflicts, ours), lines)


def _paths(files: Sequence[ConflictFile], ours: str) -> frozenset[str]:
    return frozenset(as_git_says(file.raw, ours) for file in files if file.stages)
