"""Merging two commits without a work tree: git's own verdict, tree and conflicts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git import attributes, surgery
from ccc.git.command import Git, failure
from ccc.git.history import merge_base, quoted
from ccc.git.hunks import Hunk as Hunk
from ccc.git.hunks import hunks_of
from ccc.records import dataclass

BASE, OURS, THEIRS = 1, 2, 3
CONFLICT = "CONFLICT"
KIND = re.compile(r"^CONFLICT ?\(([^)]*)\)")
"""With and without the blank: git writes both."""

IN_THE_WAY = "CONFLICT (file/directory)"
REGULAR = ("100644", "100755")


class UnrelatedHistories(GitFailed):
    """The two commits have no common ancestor."""


@dataclass(frozen=True)
class ConflictFile:
    """A path in conflict.

    `kind` as git says it (`content`, `add/add`, `modify/delete`, `rename/rename`, `binary`, `submodule`);
    `stages` maps BASE, OURS, THEIRS, as far as they are there, to (mode, object id); `raw` is the very name
    that git gives it, with surrogate escapes where it is not UTF-8; `path` is for people (`quoted`). A file
    that is in the way of a folder is moved aside by git, to `NAME~COMMIT`: its `path` and `side`, the name
    that it has where it comes from, are without that.
    """

    path: str
    kind: str
    message: str
    stages: Mapping[int, tuple[str, str]]
    raw: str
    side: str = ""

    @property
    def turned(self) -> ConflictFile:
        """The same where ours was theirs."""
        sides = {BASE: BASE, OURS: THEIRS, THEIRS: OURS}
        return replace(self, stages={sides[stage]: entry for stage, entry in self.stages.items()})


@dataclass(frozen=True)
class MergeVerdict:
    """The merged tree (with markers in it where there are conflicts), the paths in conflict, git's words."""

    tree: str
    conflicts: tuple[ConflictFile, ...]
    messages: tuple[str, ...] = ()

    def without(self, git: Git, prefix: str) -> MergeVerdict:
        """The verdict on everything but one folder: conflicts there do not count, the tree has it no more."""
        tree = surgery.without(git, self.tree, prefix)
        return replace(self, tree=tree, conflicts=self.conflicts_outside(prefix))

    def conflicts_outside(self, prefix: str) -> tuple[ConflictFile, ...]:
        """The conflicts that are not in one folder."""
        return tuple(file for file in self.conflicts if not file.raw.startswith(f"{prefix}/"))


def merge(git: Git, ours: str, theirs: str, *, quarantine: Path | None = None) -> MergeVerdict:
    """Merges `theirs` into `ours`, as `git merge` in a clean checkout of `ours` would.

    The objects made land in `quarantine`, if one is given; whoever reads them there needs
    `quarantined(git, quarantine)`. Raises UnrelatedHistories, GitFailed.
    """
    git = git if quarantine is None else quarantined(git, quarantine)
    with attributes.work_tree(git, ours, theirs) as inside:
        found = inside.run("merge-tree", "--write-tree", "-z", ours, theirs, ok=range(256))
    if found.code not in (0, 1):
        if merge_base(git, ours, theirs) is None:
            raise _unrelated(git, ours, theirs)
        raise failure(("merge-tree",), found)
    tree, rest = found.out.split(b"\0", 1)
    if found.code == 0:
        return MergeVerdict(tree.decode(), ())
    return _in_conflict(tree, iter(rest.split(b"\0")))


def merges(
    git: Git, ours: str, many: Sequence[str], *, programs: str | None = None
) -> dict[str, MergeVerdict]:
    """Merges each of several commits into `ours`, like `merge`, by few processes however many they are.

    All by full id. Those that git would not merge are left out: `merge` says why. A program that merges
    files and is one itself is taken from the commit `programs`, by default `ours`. Raises GitFailed.
    """
    with attributes.work_tree(git, ours, *many, programs=programs) as inside:
        found = merges_of_pairs(inside, [(ours, each) for each in many])
    return {theirs: verdict for (_, theirs), verdict in found.items()}


Pair = tuple[str, str]


def merges_of_pairs(git: Git, pairs: Sequence[Pair]) -> dict[Pair, MergeVerdict]:
    """Merges the second of each pair into the first, with the attributes of the work tree that git is given.

    All by full id. Those that git would not merge are left out. Raises GitFailed.
    """
    found: dict[Pair, MergeVerdict] = {}
    rest = list(dict.fromkeys(pairs))
    while rest:
        done = _merged_at_once(git, rest)
        if done is None:
            middle = len(rest) // 2
            halves = (rest[:middle], rest[middle:]) if middle else ()
            tried = [merges_of_pairs(git, half) for half in halves]
            return {key: one for each in (found, *tried) for key, one in each.items()}
        found.update(zip(rest, done, strict=False))
        rest = rest[len(done) + 1 :]  # git ends at the first that it does not merge
    return found


UNPACKED = ("-c", "core.looseCompression=0")
"""Half of the time of a merge is spent on packing trees that nobody looks at again."""


def _merged_at_once(git: Git, pairs: Sequence[Pair]) -> list[MergeVerdict] | None:
    """The verdicts on the first of them, as far as git came: a failure says nothing of those before it.

    None where git crashed: there are histories at which merge-ort.c of git 2.39 fails its own assertions.
    """
    given = "".join(f"{ours} {theirs}\n" for ours, theirs in pairs).encode()
    said = git.run(*UNPACKED, "merge-tree", "--write-tree", "--stdin", input=given, ok=range(-64, 256))
    if said.code < 0:
        return None
    parts = iter(said.out.split(b"\0"))
    found = []
    for clean in parts:
        if clean not in (b"0", b"1"):
            break
        tree = next(parts)
        if clean == b"1":
            found.append(MergeVerdict(tree.decode(), ()))
            next(parts)
        else:
            found.append(_in_conflict(tree, parts))
    return found


def _in_conflict(tree: bytes, parts: Iterator[bytes]) -> MergeVerdict:
    stages, messages = _sections(parts)
    words = tuple(message.words for message in messages)
    # Never clean against git's word, should it one day name no path.
    unnamed = ConflictFile("", "other", "; ".join(words), {}, "")
    return MergeVerdict(tree.decode(), tuple(_files(stages, messages)) or (unnamed,), words)


def _unrelated(git: Git, ours: str, theirs: str) -> UnrelatedHistories:
    if git.text("rev-parse", "--is-shallow-repository") == "true":
        words = f"{ours[:7]} and {theirs[:7]} have no common history in this shallow clone"
        return UnrelatedHistories(words, "git fetch --unshallow brings the rest of it")
    return UnrelatedHistories(
        f"{ours[:7]} and {theirs[:7]} have no common history",
        "git merge --allow-unrelated-histories joins them, by a person",
    )


def quarantined(git: Git, folder: Path, common: Path | None = None, also: Sequence[Path] = ()) -> Git:
    """A git that writes new objects to a folder of its own and reads those of the repository as well.

    `common`: its common directory, where that is known; git is not asked then. `also`: folders of objects
    that it reads, too.
    """
    asked = ("rev-parse", "--path-format=absolute", "--git-path", "objects")
    objects = git.text(*asked) if common is None else str(common / "objects")
    folder.mkdir(parents=True, exist_ok=True)
    # git takes a C-quoted path here, and needs one where the name holds a colon or begins with a quote.
    listed = ":".join(quoted(each, always=True) for each in (objects, *map(str, also)))
    extra = {"GIT_OBJECT_DIRECTORY": str(folder), "GIT_ALTERNATE_OBJECT_DIRECTORIES": listed}
    return replace(git, extra={**git.extra, **extra})


@dataclass(frozen=True)
class _Message:
    paths: tuple[bytes, ...]
    kind: str
    words: str


Stages = dict[bytes, dict[int, tuple[str, str]]]


def _sections(parts: Iterator[bytes]) -> tuple[Stages, list[_Message]]:
    """The two lists behind the tree in the output of `merge-tree -z` (git-merge-tree(1), OUTPUT)."""
    stages: Stages = {}
    for part in parts:
        if not part:
            break
        what, path = part.split(b"\t", 1)
        mode, oid, stage = what.decode().split(" ")
        stages.setdefault(path, {})[int(stage)] = (mode, oid)
    return stages, list(_messages(parts))


def _messages(parts: Iterator[bytes]) -> Iterator[_Message]:
    for count in parts:
        if not count.isdigit():
            break
        paths = tuple(next(parts) for _ in range(int(count)))
        kind, words = next(parts).decode(), next(parts).decode("utf-8", "replace")
        yield _Message(paths, kind, words.strip())


def _files(stages: Stages, messages: list[_Message]) -> Iterator[ConflictFile]:
    telling = [message for message in messages if message.kind.startswith(CONFLICT)]
    for path, sides in stages.items():
        about = [message for message in telling if path in message.paths]
        yield _file(path, about, sides)
    # A conflict of names only (a directory split by renames) has no path with stages.
    for message in telling:
        if not any(path in stages for path in message.paths) and message.paths:
            yield _file(message.paths[0], [message], {})


def _file(path: bytes, about: list[_Message], sides: Mapping[int, tuple[str, str]]) -> ConflictFile:
    kinds = [_kind(message) for message in about]
    kind = "binary" if "binary" in kinds else next(iter(kinds), "other")
    words = "; ".join(message.words for message in about)
    origin = next((message.paths[1] for message in about if _moves(message, path)), path)
    raw, side = (each.decode("utf-8", "surrogateescape") for each in (path, origin))
    return ConflictFile(quoted(origin), kind, words, dict(sides), raw, side)


def _moves(message: _Message, path: bytes) -> bool:
    """Whether it tells that a file goes to this path because a folder has its own."""
    return message.kind == IN_THE_WAY and len(message.paths) == 2 and message.paths[0] == path


def _kind(message: _Message) -> str:
    """git's words are finer than its list of kinds, where both `content` and `add/add` are `contents`."""
    listed, said = KIND.match(message.kind), KIND.match(message.words)
    plain = listed[1] if listed else "other"
    return said[1] if said and plain != "binary" else plain


def conflict_hunks(git: Git, file: ConflictFile) -> list[Hunk]:
    """The hunks of a text conflict; empty for a binary file and where one side has no regular file."""
    sides = [file.stages.get(stage) for stage in (OURS, BASE, THEIRS)]
    ours, base, theirs = sides
    if ours is None or theirs is None or any(side and side[0] not in REGULAR for side in sides):
        return []
    contents = [git.run("cat-file", "blob", side[1]).out if side else b"" for side in (ours, base, theirs)]
    return hunks_of(git, *contents)
