"""Finding a repository, and what it says of itself: references, branches, identity, configuration."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from ccc.errors import FolderGone, GitFailed, NotARepository
from ccc.git.command import Begun, Git, Result, failure
from ccc.git.folders import pointed_at
from ccc.records import dataclass

WHERE = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_COMMON_DIR",
)
"""What a user may set to say which repository is meant; honoured once, at discovery."""

ASKED = (
    *("--path-format=absolute", "--git-common-dir", "--absolute-git-dir", "--is-bare-repository"),
    *("--show-object-format", "--show-toplevel"),
)

UNUSUAL = re.compile(rb"^\s*(?:bare(?!\s*=\s*false\b)|worktree)\b", re.IGNORECASE | re.MULTILINE)
"""Lines of a configuration that put the main checkout elsewhere, or say that there is none."""

CHECKOUT = "ccc/checkout"
"""Below the common directory: the top of a main checkout that git's own files do not name."""

CRUD = re.compile(r"[<>\n\r\0]")
"""What git takes out of names and mails, because it would break a commit (ident.c)."""


@dataclass(frozen=True)
class Repository:
    """One repository as seen from one directory; all paths absolute.

    `common` is the common git directory, `git_dir` this work tree's own, `top` the work tree's top (None in
    a bare repository or inside a git directory), `bare` is the main repository's, `main_top` the top of the
    main checkout (None in a bare repository, and where a separate git directory does not say where it is),
    `worktree_id` the admin directory's name of a linked work tree. `git` runs on `common`.
    """

    common: Path
    git_dir: Path
    top: Path | None
    bare: bool
    main_top: Path | None
    worktree_id: str | None
    object_format: str
    git: Git


class RefMoved(GitFailed):
    """A reference was not at the old value given."""


@dataclass(frozen=True)
class RefUpdate:
    """A move of a reference: `new` None deletes it, `old` None: it must not exist yet."""

    name: str
    new: str | None
    old: str | None


def discover(directory: Path, environment: Mapping[str, str]) -> Repository:
    """The repository around a directory, by one git process (a second one in unusual layouts).

    Raises NotARepository with words for: none here, another owner, a format git does not know, an old git.
    """
    return begin_discovery(directory, environment)()


def begin_discovery(directory: Path, environment: Mapping[str, str]) -> Callable[[], Repository]:
    """Like `discover`, in two steps: git looks while the caller imports what it will need."""
    if not directory.is_dir():
        raise NotARepository(f"{directory} is not a directory")
    where = {key: environment[key] for key in WHERE if key in environment}
    # --show-toplevel fails in a bare repository, so it comes last and its failure is told from the others.
    begun = Git(directory, where).begin("rev-parse", *ASKED)
    return cache(lambda: _discovered(directory, begun.result(ok=(0, 128, 129))))


def _discovered(directory: Path, found: Result) -> Repository:
    lines = found.text.split("\n")
    if lines[0].startswith("--"):
        raise NotARepository("git is too old for ccc", "install git 2.39 or newer")
    if len(lines) < 4:
        raise _not_a_repository(directory, found.err)
    common, git_dir, bare = Path(lines[0]), Path(lines[1]), lines[2] == "true"
    if not git_dir.is_absolute() or len(lines) > len(ASKED) - 1:
        raise NotARepository("the path of this repository holds a newline", "rename that folder")
    top = Path(lines[4]) if len(lines) > 4 else None
    linked = git_dir.parent == common / "worktrees"
    git = Git(common, {"GIT_DIR": str(common)})
    if linked or top is None:
        bare, main_top = _main(git, common, bare=bare)
    else:
        main_top = top
    return Repository(
        common=common,
        git_dir=git_dir,
        top=top,
        bare=bare,
        main_top=main_top,
        worktree_id=git_dir.name if linked else None,
        object_format=lines[3],
        git=git,
    )


def _not_a_repository(directory: Path, words: str) -> NotARepository:
    lines = words.splitlines() or [""]
    telling = next((line for line in lines if line.startswith("fatal: ")), lines[0]).removeprefix("fatal: ")
    if "dubious ownership" in words:
        advice = (line.strip() for line in lines if "safe.directory" in line)
        return NotARepository(
            f"the repository around {directory} belongs to another user",
            next(advice, f"git config --global --add safe.directory {directory}"),
        )
    if "safe.bareRepository" in words:
        return NotARepository(telling, "name it: git --git-dir=PATH ccc ...")
    if "extension" in words or "repo version" in words:
        return NotARepository(f"git cannot read this repository: {telling}", "use a newer git")
    if "not a git repository" in words or not words:
        return NotARepository(f"{directory} is not in a git repository", "cd into one, or: git init")
    return NotARepository(telling)


def _main(git: Git, common: Path, *, bare: bool) -> tuple[bool, Path | None]:
    """Whether the repository is bare, and the top of its main checkout, seen from elsewhere."""
    configured = b"".join(_content(common / name) for name in ("config", "config.worktree"))
    remembered = _content(common / CHECKOUT)
    if remembered:
        return False, Path(os.fsdecode(remembered))
    beside = common.parent if common.name == ".git" else None
    if not UNUSUAL.search(configured):
        return bare, beside
    if git.run("config", "--type=bool", "core.bare", ok=(0, 1)).text == "true":
        return True, None
    elsewhere = git.run("config", "--type=path", "core.worktree", ok=(0, 1)).text
    return (False, Path(os.path.normpath(common / elsewhere))) if elsewhere else (bare, beside)


def remember_checkout(repository: Repository) -> None:
    """Keeps where the main checkout is, if git's own files do not say it.

    So it is with `--separate-git-dir` and GIT_WORK_TREE; only from that checkout itself it is known.
    """
    if repository.worktree_id is not None or repository.top is None:
        return
    file = repository.common / CHECKOUT
    file.unlink(missing_ok=True)
    if _main(repository.git, repository.common, bare=False)[1] != repository.top:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(os.fsencode(repository.top))


def git_in(repository: Repository, top: Path) -> Git:
    """Git in a checkout of this repository, also in a main one without a `.git` of its own."""
    if top != repository.main_top or os.path.lexists(top / ".git"):
        return Git(top)
    return Git(top, {"GIT_DIR": str(repository.common), "GIT_WORK_TREE": str(top)})


def index_of(repository: Repository, top: Path) -> Path:
    """The index of a checkout of this repository."""
    return (pointed_at(top / ".git") or repository.common) / "index"


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""


def resolve(git: Git, revision: str) -> str | None:
    """The commit a revision names, None where there is none; a name that looks like an option is none."""
    if "\0" in revision:
        return None
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    found = git.run(*asked, ok=(0, 1, 128))
    return found.text if found.code == 0 else None


def branch_at(repository: Repository) -> str | None:
    """The full name of the branch checked out where the caller stands (born or not), None when detached."""
    found = _here(repository).run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1))
    return found.text if found.code == 0 else None


def main_branch(repository: Repository) -> str | None:
    """The full name of the branch checked out in the main checkout (born or not), None when detached."""
    found = repository.git.run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1))
    return found.text if found.code == 0 else None


def is_unborn(repository: Repository) -> bool:
    """Whether the branch checked out has no commit yet."""
    return branch_at(repository) is not None and resolve(_here(repository), "HEAD") is None


def _here(repository: Repository) -> Git:
    return Git(repository.common, {"GIT_DIR": str(repository.git_dir)})


def identity(repository: Repository) -> tuple[str, str] | None:
    """(name, mail) configured for the main checkout; None where one is missing. Nothing is guessed."""
    found: dict[str, str] = {}
    for part in repository.git.run("config", "-z", "--get-regexp", USER, ok=(0, 1)).out.split(b"\0"):
        key, _, value = part.decode("utf-8", "replace").partition("\n")
        found[key] = CRUD.sub("", value).strip(" .,:;\"\\'\t")
    name, mail = found.get("user.name"), found.get("user.email")
    return (name, mail) if name and mail else None


ATTEMPTS = 4
USER = r"^user\.(name|email)$"


def config(repository: Repository, key: str) -> str | None:
    """The last value of a key as the main checkout sees it, None where there is none."""
    found = repository.git.run("config", "--get", key, ok=(0, 1))
    return found.text if found.code == 0 else None


def refs(git: Git, *patterns: str) -> dict[str, str]:
    """Full name to object id of every reference below the patterns."""
    found = git.run("for-each-ref", "--format=%(objectname) %(refname)", *patterns)
    pairs = (line.split(" ", 1) for line in found.text.split("\n") if line)
    return {name: oid for oid, name in pairs}


@contextmanager
def ready_to_move(git: Git, message: str) -> Iterator[Begun | None]:
    """A git that is up (2 ms) by the time it is known which references `update_refs` is to move.

    None where its folder is gone. Raises GitFailed.
    """
    try:
        begun = _begin_moving(git, message)
    except FolderGone:
        yield None
        return
    try:
        yield begun
    finally:
        begun.drop()


def _begin_moving(git: Git, message: str) -> Begun:
    return git.begin("update-ref", "--create-reflog", "-m", message, "--stdin", "-z", input=b"")


def update_refs(git: Git, updates: Sequence[RefUpdate], message: str, *, ready: Begun | None = None) -> None:
    """Moves all of the references, or none; `ready`: by a git that has been begun for it, with its message.

    Raises RefMoved where one was not at its old value, GitFailed for anything else (a lock, a bad name).
    """
    given = "".join(f"{line}\0" for line in ["start", *map(_instruction, updates), "prepare", "commit"])
    for attempt in range(ATTEMPTS):
        begun = ready if ready is not None and attempt == 0 else _begin_moving(git, message)
        done = replace(begun, input=given.encode("utf-8", "surrogateescape")).result(ok=(0, 128))
        if done.code == 0:
            return
        if ".lock'" not in done.err and begun is not ready:
            break
        # git itself waits 0.1 s for another's lock on a reference.
        time.sleep(0.02 * attempt)
    # git's words differ between versions and kinds of store, so the references themselves are asked.
    now = refs(git, *(update.name for update in updates))
    for update in updates:
        if now.get(update.name) != update.old:
            raise RefMoved(f"{update.name} is at {now.get(update.name)}, not {update.old}")
    raise failure(("update-ref",), done)


def _instruction(update: RefUpdate) -> str:
    if update.new is None:
        return f"delete {update.name}\0{update.old}" if update.old else f"verify {update.name}\0"
    if update.old is None:
        return f"create {update.name}\0{update.new}"
    return f"update {update.name}\0{update.new}\0{update.old}"
