"""What an event would cost without ccc: the same objects by git's own commands, or by bare pygit2."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pygit2
from pygit2.enums import FileMode, ObjectType

from bench.harness import seconds
from bench.places import run

PLUMBING_REF, LIBRARY_REF = "refs/plumbing", "refs/library"
DEPTH = 4
"""Trees above a state: of the session, its two digits, the kind, the root."""

MESSAGE = (
    "backend-task-1: progress {0} %\n\nCcc-Session: {1:032x}\nCcc-Type: session.progressed\n"
    'Ccc-Event: {{"id":"20261003T120401.002+000.q7f3k","set":{{"sessions/{1:032x}":{{"progress":{0}}}}},'
    '"sub":"backend-task-1","type":"session.progressed"}}\nCcc-Clock: 20261003T120401.002+000.q7f3k\n'
)


class Plumbing:
    """One event by `git hash-object`, `mktree`, `commit-tree` and `update-ref`: seven processes."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._tip: str | None = None

    def __call__(self, number: int) -> float:
        return seconds(lambda: self._event(number))

    def _event(self, number: int) -> None:
        oid = self._git("hash-object", "-w", "--stdin", stdin=f'{{"progress":{number}}}\n')
        kind, name = "100644 blob", "state.json"
        for _ in range(DEPTH):
            oid = self._git("mktree", stdin=f"{kind} {oid}\t{name}\n")
            kind, name = "040000 tree", "sessions"
        parent = ["-p", self._tip] if self._tip else []
        commit = self._git("commit-tree", oid, *parent, stdin=MESSAGE.format(number % 101, number))
        self._git("update-ref", PLUMBING_REF, commit, *([self._tip] if self._tip else []))
        self._tip = commit

    def _git(self, *arguments: str, stdin: str = "") -> str:
        return run("git", *arguments, cwd=self._top, stdin=stdin)


class Library:
    """One event by pygit2 alone: a blob, four trees, a commit, a swap; no lock, no log, no join."""

    def __init__(self, common: Path, sessions: int) -> None:
        self._repository = pygit2.Repository(str(common))
        self._sessions = sessions
        self._who = pygit2.Signature("Developer", "developer@example.com", 1_767_225_600)

    def __call__(self, number: int) -> float:
        return seconds(lambda: self.event(number))

    def event(self, number: int) -> None:
        """Records it."""
        repository = self._repository
        tip = repository.references.get(LIBRARY_REF)
        root = None if tip is None else repository[tip.target].tree
        which = number % self._sessions
        path = ["sessions", f"{which * 37 % 256:02x}", f"{which:032x}", "state.json"]
        state = repository.odb.write(ObjectType.BLOB, b'{\n"progress":%d\n}\n' % number)
        tree = self._with(root, path, state)
        text = MESSAGE.format(number % 101, which)
        parents = [] if tip is None else [tip.target]
        commit = repository.create_commit(None, self._who, self._who, text, tree, parents)
        if tip is None:
            repository.references.create(LIBRARY_REF, commit)
        else:
            tip.set_target(commit)

    def _with(self, tree: pygit2.Tree | None, path: list[str], blob: pygit2.Oid) -> pygit2.Oid:
        name, *below = path
        builder = self._repository.TreeBuilder() if tree is None else self._repository.TreeBuilder(tree)
        if below:
            inner = tree[name] if tree is not None and name in tree else None
            assert inner is None or isinstance(inner, pygit2.Tree)
            builder.insert(name, self._with(inner, below, blob), FileMode.TREE)
        else:
            builder.insert(name, blob, FileMode.BLOB)
        return builder.write()


def plain_commit(top: Path) -> float:
    """`git commit --allow-empty`, a process."""
    command = ["git", "-c", "gc.auto=0", "commit", "-q", "--allow-empty", "-m", "x"]
    return seconds(lambda: subprocess.run(command, cwd=top, check=True))
