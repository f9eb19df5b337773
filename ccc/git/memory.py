"""What git's rerere remembers of resolved conflicts, kept by ccc so that nobody's own git changes by it.

A folder `rr-cache` in the common directory would switch rerere on for everybody (git-config(1),
rerere.enabled). So ccc keeps preimages and resolutions of its own, and lends them to git in a repository that
is made for the moment; what the user's own rerere remembers is asked, too.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ccc.git.command import Git
from ccc.git.folders import give_name
from ccc.git.history import quoted
from ccc.git.mergetree import OURS, REGULAR, THEIRS, ConflictFile
from ccc.records import dataclass

PREIMAGE, POSTIMAGE = "preimage", "postimage"
FROM = "from.json"
RERERE = ("-c", "rerere.enabled=true", "-c", "rerere.autoUpdate=false", "-c", "core.autocrlf=false")
SHA1_LENGTH = 40


@dataclass(frozen=True)
class Proposal:
    """A resolution that was made before for the same conflict: whole content, and whom it is from.

    `source` is what `learn` was told: the session, by whom, when; empty where the user's own rerere knew it.
    """

    path: str
    raw: str
    content: bytes
    source: Mapping[str, str]


def proposals(common: Path, git: Git, files: Sequence[ConflictFile], memory: Path) -> list[Proposal]:
    """What is remembered for conflicts; each only where nothing of the file stays in conflict."""
    own = common / "rr-cache"
    if not (memory.is_dir() or own.is_dir()):
        return []
    with _desk(common, git, files) as desk:
        before = {file.raw: desk.content(file) for file in desk.files}
        ids = desk.rerere()
        desk.forget()  # what git resolves by itself it does not name any more
        for folder in (own, memory):
            desk.lend(folder)
        desk.rerere()
        found = []
        for file in desk.files:
            content = desk.content(file)
            if content is not None and content != before[file.raw] and file.raw in ids:
                found.append(Proposal(file.path, file.raw, content, _source(memory / ids[file.raw])))
        return found


def learn(
    common: Path,
    git: Git,
    files: Sequence[ConflictFile],
    resolved: Mapping[str, bytes],
    memory: Path,
    source: Mapping[str, str],
) -> list[str]:
    """Remembers how conflicts were resolved: `resolved` is the content of each file by its raw name.

    The newest counts. Gives the paths that were learned; not those that git has no preimage for (binary).
    """
    with _desk(common, git, files) as desk:
        ids = desk.rerere()
        learned = []
        for file in desk.files:
            if file.raw in resolved and file.raw in ids:
                desk.place(file).write_bytes(resolved[file.raw])
                learned.append(file)
        desk.rerere()
        return [file.path for file in learned if desk.keep(ids[file.raw], memory, source)]


@dataclass(frozen=True)
class _Desk:
    """A repository of the moment that has only the files in conflict, as a merge would leave them."""

    git: Git
    directory: Path
    top: Path
    files: tuple[ConflictFile, ...]

    def place(self, file: ConflictFile) -> Path:
        return self.top / file.raw

    def content(self, file: ConflictFile) -> bytes | None:
        place = self.place(file)
        return place.read_bytes() if place.is_file() and not place.is_symlink() else None

    def lend(self, memory: Path) -> None:
        for known in sorted(memory.iterdir()) if memory.is_dir() else ():
            if (known / POSTIMAGE).is_file() and (known / PREIMAGE).is_file():
                goal = self.directory / "rr-cache" / known.name
                shutil.rmtree(goal, ignore_errors=True)
                try:
                    shutil.copytree(known, goal, ignore=shutil.ignore_patterns(FROM))
                except OSError:  # somebody is just learning it anew
                    shutil.rmtree(goal, ignore_errors=True)

    def forget(self) -> None:
        (self.directory / "MERGE_RR").unlink(missing_ok=True)
        shutil.rmtree(self.directory / "rr-cache")
        (self.directory / "rr-cache").mkdir()

    def rerere(self) -> dict[str, str]:
        """Lets git look; the id of each conflict by the raw name of its file."""
        before = self._named()
        self.git.run(*RERERE, "rerere", ok=range(256))
        return {**before, **self._named()}

    def _named(self) -> dict[str, str]:
        """What git notes of conflicts that are going on: `<id>[.variant] TAB <path> NUL`."""
        try:
            rows = (self.directory / "MERGE_RR").read_bytes().split(b"\0")
        except FileNotFoundError:
            return {}
        pairs = (row.partition(b"\t") for row in rows if row)
        return {os.fsdecode(path): identifier.decode().partition(".")[0] for identifier, _, path in pairs}

    def keep(self, identifier: str, memory: Path, source: Mapping[str, str]) -> bool:
        made = self.directory / "rr-cache" / identifier
        if not (made / POSTIMAGE).is_file():
            return False
        (made / FROM).write_text(json.dumps(dict(source)), encoding="utf-8")
        memory.mkdir(parents=True, exist_ok=True)
        goal = memory / identifier
        aside = memory / f".{identifier}.{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(made, aside)
        shutil.rmtree(goal, ignore_errors=True)
        give_name(aside, goal)  # or somebody else's, who has just learnt the same
        return True


@contextmanager
def _desk(common: Path, git: Git, files: Sequence[ConflictFile]) -> Iterator[_Desk]:
    """The files of a text conflict on both sides, with their markers."""
    texts = tuple(file for file in files if _is_text(file))
    with tempfile.TemporaryDirectory(prefix="ccc-memory-") as folder:
        directory, top = Path(folder) / "git", Path(folder) / "top"
        for each in (directory / "objects", directory / "refs", directory / "rr-cache", top):
            each.mkdir(parents=True)
        (directory / "HEAD").write_text("ref: refs/heads/none\n", encoding="ascii")
        (directory / "config").write_text(_configuration(texts), encoding="ascii")
        desk = _Desk(Git(top, _environment(common, git, directory, top)), directory, top, texts)
        if texts:
            rows = b"".join(_row(file) for file in texts)
            desk.git.run("update-index", "-z", "--index-info", input=rows)
            names = b"".join(os.fsencode(file.raw) + b"\0" for file in texts)
            asked = ("--pathspec-from-file=-", "--pathspec-file-nul")
            literal = {"GIT_LITERAL_PATHSPECS": "1"}
            desk.git.run(*RERERE, "checkout", "--merge", *asked, input=names, env=literal)
        yield desk


def _is_text(file: ConflictFile) -> bool:
    """Whether both sides have a file in which lines can be in conflict."""
    sides = [file.stages.get(stage) for stage in (OURS, THEIRS)]
    return all(side is not None and side[0] in REGULAR for side in sides)


def _configuration(files: Sequence[ConflictFile]) -> str:
    """SHA-256 must be said; everything else is git's default."""
    lengths = {len(oid) for file in files for _, oid in file.stages.values()}
    if lengths - {SHA1_LENGTH}:
        return "[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n"
    return "[core]\n\trepositoryformatversion = 0\n"


def _environment(common: Path, git: Git, directory: Path, top: Path) -> dict[str, str]:
    """Reads what `git` reads, and writes nothing there."""
    found = [quoted(str(common / "objects"), always=True)]
    if "GIT_OBJECT_DIRECTORY" in git.extra:
        found.append(quoted(git.extra["GIT_OBJECT_DIRECTORY"], always=True))
    return {
        "GIT_DIR": str(directory),
        "GIT_WORK_TREE": str(top),
        "GIT_INDEX_FILE": str(directory / "index"),
        "GIT_OBJECT_DIRECTORY": str(directory / "objects"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": ":".join(found),
    }


def _row(file: ConflictFile) -> bytes:
    rows = (f"{mode} {oid} {stage}\t".encode() for stage, (mode, oid) in sorted(file.stages.items()))
    return b"".join(row + os.fsencode(file.raw) + b"\0" for row in rows)


def _source(folder: Path) -> Mapping[str, str]:
    try:
        found = json.loads((folder / FROM).read_bytes())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
