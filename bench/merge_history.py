"""A made-up history that is hard to merge: renames, drivers, attributes, submodules, links, odd names."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bench.merge_pairs import git

FILE, PROGRAM, LINK, SUBMODULE = b"100644", b"100755", b"120000", b"160000"
Entry = tuple[bytes, bytes]
"""Mode and content; of a submodule the id of its commit."""

Tree = dict[bytes, Entry]

FOLDERS = (b"src", b"src/core", b"src/core/deep", b"docs", b"lib", b"new place", b"caf\xe9")
NAMES = (b"a.txt", b"b.txt", b"c.crlf", b"d.bin", b"e.list", b"f~HEAD", b'"g"\t.txt', b"h\xff.txt", b"i.sh")
LINES = 40
LONG = 20_000
ATTRIBUTES = (
    b"*.txt merge=union",
    b"*.txt merge=theirs-driver",
    b"*.txt merge=join",
    b"*.txt merge=script",
    b"*.txt merge=refuses",
    b"*.txt merge=unknown",
    b"*.txt -merge",
    b"*.txt text eol=crlf",
    b"*.crlf text eol=crlf",
    b"*.crlf -text",
    b"*.list merge=union",
    b"*.bin binary",
    b"*.bin merge=theirs-driver",
    b"[attr]lists merge=union\n*.txt lists",
    b"core/** merge=union",
    b"* text=auto",
    b"* !merge",
    b"*.txt conflict-marker-size=12",
)
DRIVERS = {
    "merge.theirs-driver.driver": "cp %B %A",
    "merge.join.driver": "cat %O %B >> %A",
    "merge.join.recursive": "binary",
    "merge.script.driver": "./tools/merge.sh %O %A %B %P",
    "merge.refuses.driver": "exit 1",
}
SCRIPT = b'#!/bin/sh\ncat "$3" >> "$2"\necho "$4" >> "$2"\n'
TOOLS: Tree = {b"tools/merge.sh": (PROGRAM, SCRIPT)}
"""Never changed: the radar starts the programs of the target only."""

SETTINGS: dict[str, tuple[str | None, ...]] = {
    "merge.renames": (None, None, "true", "false", "copies"),
    "merge.directoryRenames": (None, "true", "false", "conflict"),
    "merge.renameLimit": (None, None, "1", "3"),
    "diff.renames": (None, None, "false"),
    "diff.renameLimit": (None, "2"),
    "merge.conflictStyle": (None, "diff3", "zdiff3"),
    "merge.renormalize": (None, None, "true"),
    "merge.default": (None, None, None, "union"),
    "core.autocrlf": (None, None, "input"),
    "diff.algorithm": (None, "patience"),
    "diff.ignoreSubmodules": (None, "all"),
    "merge.ff": (None, "false"),
}


def make(top: Path, *, seed: int, commits: int) -> None:
    """A repository at `top` whose branches reach so many commits, the same for the same seed."""
    chance = random.Random(seed)
    git(top.parent, "init", "-q", "-b", "main", str(top))
    for key, value in {**DRIVERS, **_settings(chance)}.items():
        git(top, "config", key, value)
    history = _History(chance, _library(top / ".git/modules/lib"))
    stream = b"".join(history.stream(commits))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=top, input=stream, check=True)
    git(top, "reset", "-q", "--hard")


def _settings(chance: random.Random) -> dict[str, str]:
    chosen = {key: chance.choice(values) for key, values in SETTINGS.items()}
    return {key: value for key, value in chosen.items() if value is not None}


def _library(place: Path) -> list[bytes]:
    """The submodule's own repository, its line of four commits and two that leave it."""
    place.parent.mkdir(parents=True)
    git(place.parent, "init", "-q", "--bare", str(place))
    identity = {"GIT_AUTHOR_NAME": "Developer", "GIT_AUTHOR_EMAIL": "developer@example.com"}
    identity |= {f"GIT_COMMITTER_{key[11:]}": value for key, value in identity.items()}
    identity |= {"GIT_AUTHOR_DATE": "1790000000 +0000", "GIT_COMMITTER_DATE": "1790000000 +0000"}
    tree = git(place, "mktree", stdin="")
    made: list[str] = []
    for number, parent in enumerate((None, 0, 1, 2, 0, 1)):
        words = () if parent is None else ("-p", made[parent])
        made.append(git(place, "commit-tree", tree, *words, "-m", f"Library {number}", env=identity))
        git(place, "update-ref", f"refs/heads/line{number}", made[-1])
    return [each.encode() for each in made]


class _History:
    """Commits that change, rename and merge at random, as a stream for `git fast-import`."""

    def __init__(self, chance: random.Random, library: list[bytes]) -> None:
        self._chance, self._library = chance, library
        self._trees: list[Tree] = []
        self._parents: list[tuple[int, ...]] = []

    def stream(self, commits: int) -> Iterator[bytes]:
        tips: list[int] = []
        yield self._commit((), self._first())
        tips.append(0)
        while len(self._trees) < commits:
            for parents, tree in self._next(tips):
                yield self._commit(parents, tree)
                tips = [each for each in tips if each not in parents or self._chance.random() < 0.4]
                tips.append(len(self._trees) - 1)
        for number, tip in enumerate(tips):
            yield b"reset refs/heads/line%d\nfrom :%d\n\n" % (number, tip + 1)
        yield b"reset refs/heads/main\nfrom :%d\n\n" % (tips[-1] + 1)

    def _next(self, tips: list[int]) -> Iterator[tuple[tuple[int, ...], Tree]]:
        roll = self._chance.random()
        if len(tips) > 1 and roll < 0.3:
            one, two = self._chance.sample(tips, 2)
            yield (one, two), self._mixed(one, two)
            if self._chance.random() < 0.5:  # and crosswise: two merge bases from here on
                yield (two, one), self._mixed(two, one)
        elif roll > 0.98:
            yield (), self._changed({**TOOLS, b"other.txt": (FILE, b"elsewhere\n")})
        else:
            recent = range(max(0, len(self._trees) - 12), len(self._trees))
            parent = self._chance.choice(tips[-6:] if self._chance.random() < 0.6 else recent)
            yield (parent,), self._changed(self._trees[parent])

    def _commit(self, parents: tuple[int, ...], tree: Tree) -> bytes:
        number = len(self._trees)
        self._trees.append(tree)
        self._parents.append(parents)
        when = b"Developer <developer@example.com> %d +0000" % (1_790_000_000 + 60 * number)
        rows = [b"commit refs/heads/x%d\nmark :%d\n" % (number, number + 1)]
        rows += [b"author %s\ncommitter %s\n" % (when, when), _data(b"Commit %d\n" % number)]
        for word, parent in zip((b"from", b"merge"), parents, strict=False):
            rows.append(b"%s :%d\n" % (word, parent + 1))
        rows.append(b"deleteall\n")
        for path, (mode, content) in tree.items():
            if mode == SUBMODULE:
                rows.append(b"M %s %s %s\n" % (mode, content, _quoted(path)))
            else:
                rows.append(b"M %s inline %s\n%s" % (mode, _quoted(path), _data(content)))
        return b"".join([*rows, b"\n"])

    def _first(self) -> Tree:
        tree: Tree = dict(TOOLS)
        for folder in FOLDERS[:4]:
            for name in self._chance.sample(NAMES, 5):
                tree[folder + b"/" + name] = (FILE, self._text(folder + name))
        tree[b"long.txt"] = (FILE, self._text(b"long", LONG))
        tree[b"link"] = (LINK, b"src")
        tree[b"pic.bin"] = (FILE, b"\0picture" * 20)
        _put_library(tree, b"lib", self._library[0])
        return self._attributed(tree)

    def _text(self, words: bytes, lines: int = LINES) -> bytes:
        return b"".join(b"%s line %d\n" % (words, number) for number in range(lines))

    def _mixed(self, one: int, two: int) -> Tree:
        """A merge by somebody careless: of each path either side's."""
        sides = self._trees[one], self._trees[two]
        tree: Tree = {}
        for path in sorted({*sides[0], *sides[1]}):
            entry = self._chance.choice(sides).get(path)
            if entry is not None:
                _put(tree, path, entry)
        return self._changed(tree) if self._chance.random() < 0.3 else tree

    def _changed(self, before: Tree) -> Tree:
        tree = dict(before)
        changes = (
            *(self._edited,) * 6,
            *(self._added, self._renamed, self._moved) * 2,
            *(self._deleted, self._mode, self._attributed, self._line_ends, self._linked, self._split),
            *(self._library_moved, self._swapped, self._copied),
        )
        for _ in range(self._chance.choice((1, 1, 1, 2, 3))):
            tree = self._chance.choice(changes)(tree)
        return tree

    def _some(self, tree: Tree, modes: tuple[bytes, ...] = (FILE, PROGRAM)) -> bytes:
        found = [
            path for path in tree if tree[path][0] in modes and not path.startswith((b".git", b"tools/"))
        ]
        return self._chance.choice(found) if found else b"anew.txt"

    def _folder(self, tree: Tree) -> bytes:
        found = sorted({path.rpartition(b"/")[0] for path in tree} - {b"", b"tools"})
        return self._chance.choice(found) if found else b"src"

    def _edited(self, tree: Tree) -> Tree:
        path = self._some(tree)
        mode, content = tree.get(path, (FILE, b""))
        rows = content.splitlines(keepends=True) or [b"\n"]
        at = self._chance.choice((0, len(rows) // 2, len(rows) - 1, *[self._chance.randrange(len(rows))] * 3))
        end = b"\r\n" if rows[at].endswith(b"\r\n") else b"\n"
        words = b"changed %d%s" % (self._chance.randrange(5), end)
        rows[at : at + self._chance.choice((0, 1, 1, 3))] = [words] * self._chance.choice((0, 1, 1, 2))
        tree[path] = (mode, b"".join(rows))
        return tree

    def _added(self, tree: Tree) -> Tree:
        path = self._chance.choice((self._folder(tree), *FOLDERS)) + b"/" + self._chance.choice(NAMES)
        return _put(tree, path, (FILE, self._text(b"added", self._chance.randint(0, LINES))))

    def _renamed(self, tree: Tree) -> Tree:
        path = self._some(tree, (FILE, PROGRAM, LINK, SUBMODULE))
        entry = tree.pop(path, (FILE, b"anew\n"))
        goal = self._chance.choice((self._folder(tree), *FOLDERS)) + b"/" + self._chance.choice(NAMES)
        return _put(tree, goal, entry)

    def _moved(self, tree: Tree) -> Tree:
        """A whole folder, perhaps into itself or onto another."""
        folder = self._folder(tree)
        goal = self._chance.choice((*FOLDERS, folder + b"/inner", b"moved/" + folder, folder + b"2"))
        for path in [path for path in tree if path.startswith(folder + b"/")]:
            entry = tree.pop(path, None)
            if entry is not None:
                _put(tree, goal + path[len(folder) :], entry)
        return tree

    def _split(self, tree: Tree) -> Tree:
        folder = self._folder(tree)
        for path in [path for path in tree if path.startswith(folder + b"/")]:
            entry = tree.pop(path, None)
            if entry is not None:  # not made way for another meanwhile
                _put(tree, self._chance.choice(FOLDERS) + path[len(folder) :], entry)
        return tree

    def _copied(self, tree: Tree) -> Tree:
        mode, content = tree.get(self._some(tree), (FILE, b""))
        return _put(tree, self._folder(tree) + b"/" + self._chance.choice(NAMES), (mode, content + b"copy\n"))

    def _deleted(self, tree: Tree) -> Tree:
        folder = self._folder(tree) + b"/" if self._chance.random() < 0.2 else None
        gone = [path for path in tree if folder and path.startswith(folder)] or [self._some(tree)]
        for path in gone:
            tree.pop(path, None)
        return tree

    def _mode(self, tree: Tree) -> Tree:
        path = self._some(tree)
        mode, content = tree.get(path, (FILE, b""))
        return _put(tree, path, (FILE if mode == PROGRAM else PROGRAM, content))

    def _line_ends(self, tree: Tree) -> Tree:
        path = self._some(tree)
        mode, content = tree.get(path, (FILE, b""))
        plain = content.replace(b"\r\n", b"\n")
        return _put(tree, path, (mode, plain if plain != content else plain.replace(b"\n", b"\r\n")))

    def _linked(self, tree: Tree) -> Tree:
        """A file, a folder or nothing becomes a link; or a link a file."""
        path = self._chance.choice((self._some(tree), self._folder(tree), b"link"))
        if tree.get(path, (b"",))[0] == LINK and self._chance.random() < 0.5:
            return _put(tree, path, (FILE, b"was a link\n"))
        return _put(tree, path, (LINK, self._chance.choice((b"src", b"docs/a.txt", b"nowhere"))))

    def _swapped(self, tree: Tree) -> Tree:
        """A file where a folder was, or a folder where a file was."""
        if self._chance.random() < 0.5:
            return _put(tree, self._folder(tree), (FILE, b"a file now\n"))
        return _put(tree, self._some(tree) + b"/inside.txt", (FILE, b"a folder now\n"))

    def _library_moved(self, tree: Tree) -> Tree:
        there = [path for path, (mode, _) in tree.items() if mode == SUBMODULE]
        if not there or self._chance.random() < 0.1:
            return _put_library(tree, self._chance.choice((b"lib", b"src")), self._library[0])
        path = self._chance.choice(there)
        if self._chance.random() < 0.15:
            del tree[path]
            return _put(tree, path + b"/inside.txt", (FILE, b"a folder, no submodule\n"))
        return _put(tree, path, (SUBMODULE, self._chance.choice(self._library)))

    def _attributed(self, tree: Tree) -> Tree:
        folder = self._chance.choice((b"", b"", self._folder(tree) + b"/"))
        rows = self._chance.sample(ATTRIBUTES, self._chance.randint(1, 3))
        if self._chance.random() < 0.1:
            return _put(tree, folder + b".gitattributes", (LINK, b"*.txt merge=union"))
        end = self._chance.choice((b"\n", b"\n", b"\r\n"))
        return _put(tree, folder + b".gitattributes", (FILE, end.join(rows) + end))


def _put(tree: Tree, path: bytes, entry: Entry) -> Tree:
    """Puts it there; what was a file above it, or lay below it, makes way."""
    inside = path + b"/"
    for other in [each for each in tree if each.startswith(inside) or path.startswith(each + b"/")]:
        del tree[other]
    tree[path] = entry
    return tree


def _put_library(tree: Tree, path: bytes, commit: bytes) -> Tree:
    words = b'[submodule "lib"]\n\tpath = %s\n\turl = ../library\n' % path
    _put(tree, b".gitmodules", (FILE, words))
    return _put(tree, path, (SUBMODULE, commit))


def _data(content: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(content), content)


def _quoted(path: bytes) -> bytes:
    return b'"' + b"".join(b"\\%03o" % byte for byte in path) + b'"'
