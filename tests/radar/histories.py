"""Random histories rich in what makes merges hard, written by `git fast-import`."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from tests.support.repository import Repo

FILE, PROGRAM, LINK, SUBMODULE = "100644", "100755", "120000", "160000"
NAMES = ("a", "b", "c", "d", "x y", "new\nline", "ü")
Tree = dict[str, tuple[str, str]]
"""Path to (mode, content); of a submodule the content is its commit."""

LINES = [f"line {number}\n" for number in range(12)]


@dataclass
class History:
    """Commits by mark; branches by name."""

    random: random.Random
    trees: list[Tree] = field(default_factory=list)
    script: list[bytes] = field(default_factory=list)
    tips: dict[str, int] = field(default_factory=dict)

    def commit(self, branch: str, tree: Tree, parents: list[int]) -> int:
        self.trees.append(tree)
        mark = len(self.trees)
        lines = [f"commit refs/heads/{branch}", f"mark :{mark}"]
        lines += [f"committer T <t@x> {1790000000 + 60 * mark} +0000", "data 1", "m"]
        lines += [f"{'merge' if place else 'from'} :{parent}" for place, parent in enumerate(parents)]
        lines.append("deleteall")
        self.script.append("\n".join(lines).encode() + b"\n")
        for path, (mode, content) in tree.items():
            where = _quoted(path)
            if mode == SUBMODULE:
                self.script.append(f"M {mode} {content} {where}\n".encode())
            else:
                data = content.encode()
                self.script.append(f"M {mode} inline {where}\ndata {len(data)}\n".encode() + data + b"\n")
        self.tips[branch] = mark
        return mark

    def tree_of(self, mark: int) -> Tree:
        return dict(self.trees[mark - 1])

    def write(self, repo: Repo) -> dict[str, str]:
        """Makes it; branch to id of its tip."""
        repo.git("fast-import", "--quiet", "--force", stdin=b"".join(self.script).decode())
        rows = repo.git("for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/t").split("\n")
        return dict(row.split(" ") for row in rows)


def _quoted(path: str) -> str:
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def random_history(seed: int, branches: int = 7, steps: int = 4) -> History:
    """A trunk `t/main` that moves, and branches from it and from one another, some with merges."""
    history = History(random.Random(seed))
    chance = history.random
    first: Tree = {}
    for _ in range(chance.randint(4, 12)):
        _put(first, _path(chance), (FILE, "".join(LINES) + f"{chance.random()}\n"))
    history.commit("t/main", first, [])
    for number in range(branches):
        if chance.random() < 0.5:
            go_on(history, "t/main")
        source = chance.choice(sorted(history.tips)) if chance.random() < 0.3 else "t/main"
        start = history.tips[source]
        branch = f"t/{number}"
        history.commit(branch, _changed(history.tree_of(start), chance), [start])
        for _ in range(chance.randint(0, steps)):
            go_on(history, branch)
    return history


def go_on(history: History, branch: str) -> None:
    chance, tip = history.random, history.tips[branch]
    tree = _changed(history.tree_of(tip), chance)
    parents = [tip]
    if chance.random() < 0.2:
        other = history.tips[chance.choice(sorted(history.tips))]
        if other != tip:
            parents.append(other)
            for path, entry in history.tree_of(other).items():
                if chance.random() < 0.7:
                    _put(tree, path, entry)
    history.commit(branch, tree, parents)


def _path(chance: random.Random) -> str:
    return "/".join(chance.choice(NAMES) for _ in range(chance.choice((1, 1, 2, 2, 3))))


def _put(tree: Tree, path: str, entry: tuple[str, str]) -> None:
    """Where a file is in the place of a folder, or a folder in that of the file, it goes."""
    for other in list(tree):
        if other.startswith(f"{path}/") or path.startswith(f"{other}/"):
            del tree[other]
    tree[path] = entry


def _changed(tree: Tree, chance: random.Random) -> Tree:
    for _ in range(chance.randint(1, 3)):
        _change(tree, chance)
    return tree


def _change(tree: Tree, chance: random.Random) -> None:
    what = chance.choice(
        ("edit", "edit", "add", "delete", "rename", "folder", "folder", "mode", "link", "sub")
    )
    path = chance.choice(sorted(tree)) if tree else _path(chance)
    mode, content = tree.get(path, (FILE, "".join(LINES)))
    if what == "edit" and mode not in (SUBMODULE, LINK):
        lines = content.splitlines(keepends=True)
        lines[chance.randrange(len(lines))] = f"{chance.random()}\n"
        tree[path] = (mode, "".join(lines))
    elif what == "delete":
        tree.pop(path, None)
    elif what == "rename":
        tree.pop(path, None)
        _put(tree, _path(chance), (mode, content))
    elif what == "folder" and "/" in path:
        folder, place = path.rsplit("/", 1)[0], _path(chance)
        inside = {name: entry for name, entry in tree.items() if name.startswith(f"{folder}/")}
        for name in inside:
            del tree[name]
        for name, entry in inside.items():
            _put(tree, place + name[len(folder) :], entry)
    elif what == "mode" and mode in (FILE, PROGRAM):
        tree[path] = (PROGRAM if mode == FILE else FILE, content)
    elif what == "link":
        _put(tree, path, (LINK, _path(chance)))
    elif what == "sub":
        _put(tree, path, (SUBMODULE, f"{chance.randrange(1 << 32):040x}"))
    else:
        _put(tree, _path(chance), (FILE, "".join(LINES) + f"{chance.random()}\n"))
