"""What git objects say of recorded commits: the same answer in every clone that has them.

Only object ids are asked about, never references, the index, a work tree or a person's configuration.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ccc.domain.handoff import Changed
from ccc.git.command import Git
from ccc.records import dataclass

SESSION_FILES = ".ccc/sessions/"
SHA1, SHA256 = 40, 64
NEUTRAL = {"GIT_ATTR_NOSYSTEM": "1", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_INDEX_FILE": "/nonexistent/index"}
"""Attributes (binary or not) come neither from the system nor from whatever is checked out."""

DIFF = ("-r", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=none")
ALGORITHM = ("--diff-algorithm=myers", "--indent-heuristic", "--inter-hunk-context=0")
_PAIR = re.compile(r"([0-9a-f]{40,64}) ([0-9a-f]{40,64})(?:\n|\Z)")
HUNK_LINES = 12
HUNK_BYTES = 200_000


def is_oid(text: object) -> bool:
    """Whether this is an object id in full: anything else would be read as a revision or an option."""
    return isinstance(text, str) and len(text) in (SHA1, SHA256) and set(text) <= set("0123456789abcdef")


@dataclass(frozen=True)
class Objects:
    """The commits asked for that this clone has, with their trees."""

    git: Git
    trees: dict[str, str]
    shallow: bool

    @classmethod
    def of(cls, git: Git, commits: Iterable[str | None]) -> Objects:
        """Looks the commits up in one git process."""
        asked = sorted({commit for commit in commits if is_oid(commit) and commit is not None})
        lines = "".join(f"{commit}^{{tree}}\n" for commit in asked)
        answer = git.run("cat-file", "--batch-check", input=lines.encode(), env=NEUTRAL).text.splitlines()
        found = (line.split(" ") for line in answer)
        trees = {
            commit: words[0]
            for commit, words in zip(asked, found, strict=True)
            if len(words) == 3 and words[1] == "tree"
        }
        shallow = git.text("rev-parse", "--is-shallow-repository") == "true"
        return cls(git, trees, shallow)

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor; None where there is none, or it cannot be told in this clone."""
        if self.shallow or one not in self.trees or other not in self.trees:
            return None
        found = self.git.run("merge-base", one, other, ok=(0, 1), env=NEUTRAL)
        return found.text if found.code == 0 else None

    def ahead_behind(self, head: str, target: str) -> tuple[int, int] | None:
        """Commits that only `head` has, and only `target` has."""
        if self.shallow or head not in self.trees or target not in self.trees:
            return None
        words = ("rev-list", "--count", "--left-right", f"{head}...{target}")
        ahead, behind = self.git.text(*words, env=NEUTRAL).split()
        return int(ahead), int(behind)

    def changes(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[Changed, ...]]:
        """Files changed between each two commits, by path, without sessions' own files; one process."""
        known = [pair for pair in dict.fromkeys(pairs) if pair[0] in self.trees and pair[1] in self.trees]
        if not known:
            return {}
        asked = {(self.trees[old], self.trees[new]) for old, new in known}
        lines = "".join(f"{old} {new}\n" for old, new in sorted(asked))
        words = ("diff-tree", "--stdin", "-z", "--numstat", *DIFF, *ALGORITHM)
        answer = self.git.run("-c", "core.attributesFile=", *words, input=lines.encode(), env=NEUTRAL).out
        by_trees = _numstat(answer)
        return {(old, new): by_trees.get((self.trees[old], self.trees[new]), ()) for old, new in known}

    def hunk(self, old: str, new: str, path: str) -> tuple[tuple[str, ...], bool] | None:
        """The first hunk of a file between two commits: its first lines, and whether more follow."""
        if old not in self.trees or new not in self.trees:
            return None
        words = ("-c", "core.attributesFile=", "diff-tree", "-p", "-U3", *DIFF, *ALGORITHM)
        trees = (self.trees[old], self.trees[new])
        text = self.git.run(*words, *trees, "--", f":(literal){path}", env=NEUTRAL).out[:HUNK_BYTES]
        lines = text.decode("utf-8", "surrogateescape").split("\n")
        starts = [number for number, line in enumerate(lines) if line.startswith("@@ ")]
        if not starts:
            return None
        end = starts[1] if len(starts) > 1 else len(lines) - 1
        place = " ".join(lines[starts[0]].split(" ")[:3]) + " @@"  # without the function: a driver's choice
        body = lines[starts[0] + 1 : end]
        return (place, *body[:HUNK_LINES]), len(body) > HUNK_LINES or len(starts) > 1


def _numstat(answer: bytes) -> dict[tuple[str, str], tuple[Changed, ...]]:
    """What `diff-tree --stdin -z --numstat` wrote: a line with the two trees, then a record for each file."""
    found: dict[tuple[str, str], list[Changed]] = {}
    files: list[Changed] = []
    for record in answer.decode("utf-8", "surrogateescape").split("\0"):
        while header := _PAIR.match(record):
            files = found.setdefault((header[1], header[2]), [])
            record = record[header.end() :]
        parts = record.split("\t", 2)
        if len(parts) == 3 and not parts[2].startswith(SESSION_FILES):
            files.append(Changed(parts[2], _count(parts[0]), _count(parts[1])))
    return {pair: tuple(sorted(files, key=lambda file: file.path)) for pair, files in found.items()}


def _count(text: str) -> int | None:
    return int(text) if text.isdigit() else None
