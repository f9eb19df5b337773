"""What a merge without a checkout would not see: attributes, submodules, programs that merge."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ccc.git import drivers
from ccc.git.command import Git

ATTRIBUTES, MODULES = ".gitattributes", ".gitmodules"
REGULAR = "100"
"""How the mode of a regular file begins."""


@contextmanager
def work_tree(git: Git, ours: str, *theirs: str, programs: str | None = None) -> Iterator[Git]:
    """A git whose work tree holds what a checkout of `ours` says of merging: attributes and submodules.

    git reads `.gitattributes` from the work tree only (before 2.43 there is no other way), so the few that
    can matter are laid out: those above every path in which `ours` and one of `theirs` differ. The same for
    `.gitmodules`, by which a submodule's own repository is found. Of several of `theirs` full ids are needed.
    Programs that merge files and are themselves files are those of `programs`, by default of `ours`.
    """
    paths = _differing(git, ours, theirs)
    with laid_out(git, _files(git, ours, _wanted(paths)), paths, programs or ours) as inside:
        yield inside


@contextmanager
def laid_out(
    git: Git, found: Mapping[str, bytes], paths: Collection[str], programs: str | None
) -> Iterator[Git]:
    """A git in a work tree of its own that holds these files and nothing else, for a merge of these paths.

    But submodules that have their repository inside the main checkout are found, and where programs of the
    configuration merge some of the paths, they find the files of the commit `programs`, and may be of them.
    None: no program merges.
    """
    with tempfile.TemporaryDirectory(prefix="ccc-merge-") as folder:
        top, index = Path(folder) / "tree", Path(folder) / "index"
        top.mkdir()
        for path, content in found.items():
            file = top / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        _lead_to_submodules(git, top, paths)
        inside = replace(git, directory=top, extra={**git.extra, "GIT_WORK_TREE": str(top)})
        if programs is not None and drivers.apply(inside, paths, index):
            drivers.check_out(inside, programs, index)
            for path in set(all_in(git, programs)) - found.keys():
                (top / path).unlink(missing_ok=True)
        yield inside


def _lead_to_submodules(git: Git, top: Path, paths: Iterable[str]) -> None:
    """Where a submodule's repository lies inside the main checkout, git finds it from here, too."""
    common = Path(git.extra.get("GIT_DIR", git.directory))
    if common.name != ".git":
        return
    for path in paths:
        there = f"{common.parent}/{path}/.git"
        if os.path.isdir(there):  # noqa: PTH112 - asked of every path that sessions touch
            (top / path).mkdir(parents=True, exist_ok=True)
            (top / path / ".git").write_bytes(b"gitdir: %s\n" % os.fsencode(there))


def decides(path: str) -> bool:
    """Whether a merge may depend on the file as a checkout has it."""
    return path.rpartition("/")[2] in (ATTRIBUTES, MODULES)


def all_in(git: Git, commit: str) -> list[str]:
    """Every path in a commit that decides about merges (`decides`)."""
    return [path for path in git.lines("ls-tree", "-r", "-z", "--name-only", commit) if decides(path)]


def contents(git: Git, commit: str, paths: Sequence[str]) -> dict[str, bytes]:
    """The content of those of the paths that are files in the commit."""
    return _files(git, commit, paths) if paths else {}


def _wanted(paths: Iterable[str]) -> list[str]:
    folders = {""}
    for path in paths:
        folder = path.rpartition("/")[0]
        while folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return [MODULES, *(f"{folder}/{ATTRIBUTES}".lstrip("/") for folder in sorted(folders))]


def _differing(git: Git, ours: str, theirs: Sequence[str]) -> list[str]:
    asked = ("diff-tree", "-r", "--name-only", "--no-renames", "--ignore-submodules=none", "-z")
    if len(theirs) == 1:
        return git.lines(*asked, ours, *theirs)
    # A line of several commits is the first against the others (git-diff-tree(1), --stdin).
    pairs = "".join(f"{each} {ours}\n" for each in theirs).encode()
    found = git.run(*asked, "--no-commit-id", "--stdin", input=pairs).out
    return found.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _regular(git: Git, commit: str, found: dict[str, bytes]) -> dict[str, bytes]:
    """Without those that are links: git reads no attributes through a link (gitattributes(5), NOTES)."""
    if not found:
        return found
    rows = git.lines("ls-tree", "--full-tree", "-z", commit, "--", *found)
    regular = {path for mode, path in (row.split("\t", 1) for row in rows) if mode.startswith(REGULAR)}
    return {path: content for path, content in found.items() if path in regular}


def _files(git: Git, commit: str, paths: Sequence[str]) -> dict[str, bytes]:
    """The content of those of the paths that are files in the commit."""
    asked = "".join(f"{commit}:{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    answer = git.run("cat-file", "--batch", "-z", input=asked).out
    found: dict[str, bytes] = {}
    at = 0
    for path in paths:
        name = f"{commit}:{path} missing\n".encode("utf-8", "surrogateescape")
        if answer.startswith(name, at):
            at += len(name)
            continue
        end = answer.index(b"\n", at)
        _, kind, size = answer[at:end].split(b" ")
        at = end + 1 + int(size) + 1
        if kind == b"blob":
            found[path] = answer[end + 1 : at - 1]
    return _regular(git, commit, found)
