"""Commits that several branches have got since they were looked at, by two git processes for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from ccc.errors import GitFailed
from ccc.git import history
from ccc.git.command import Git
from ccc.git.history import CommitInfo
from ccc.records import dataclass


@dataclass(frozen=True)
class Fresh:
    """What is behind new tips and not behind what was known before.

    `commits` by id; `touched`: of those that changed a file below the folder asked for, the files' paths.
    """

    commits: Mapping[str, CommitInfo] = field(default_factory=dict)
    touched: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def between(self, old: str, new: str) -> list[CommitInfo] | None:
        """The commits from `old` to `new`, oldest first, where each stands on the one before it alone.

        None where it is not as simple as that: a merge, a rewritten branch, or commits known before.
        """
        found: list[CommitInfo] = []
        while new != old:
            commit = self.commits.get(new)
            if commit is None or len(commit.parents) != 1:
                return None
            found.append(commit)
            new = commit.parents[0]
        return found[::-1]

    def last_to_touch(self, commits: Iterable[CommitInfo], path: str) -> str | None:
        """The last of these commits (oldest first) that changed a file."""
        touching = [commit.oid for commit in commits if path in self.touched.get(commit.oid, ())]
        return touching[-1] if touching else None


def fresh(git: Git, tips: Iterable[str], known: Iterable[str], folder: str) -> Fresh:
    """What is behind `tips` and not behind `known`; ids of objects that are not there are passed over.

    Nothing where git cannot say: whoever asks looks at each branch by itself then.
    """
    asked = "".join([*(f"{oid}\n" for oid in tips), *(f"^{oid}\n" for oid in known)]).encode()
    walk = (
        "log",
        "--ignore-missing",
        "--stdin",
        "--encoding=UTF-8",
        "--no-show-signature",
        "--no-color",
        "-z",
    )
    try:
        commits = history.parsed(git.run(*walk, f"--format={history.FORMAT}", input=asked).out)
        if not commits:
            return Fresh()
        touching = git.run(*walk, "--name-only", "--format=%x01%H", "--", folder, input=asked).out
    except GitFailed:
        return Fresh()
    return Fresh({commit.oid: commit for commit in commits}, dict(_touched(touching)))


def _touched(output: bytes) -> Iterator[tuple[str, frozenset[str]]]:
    """After each commit's id come its paths; all end in NUL, and the first path begins on a new line."""
    for part in output.decode("utf-8", "surrogateescape").split("\1")[1:]:
        oid, *paths = part.split("\0")
        yield oid, frozenset(path.removeprefix("\n") for path in paths if path)
