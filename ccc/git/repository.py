"""Finding a repository, and what it says of itself: references, branches, identity, configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ccc.errors import GitFailed, NotARepository
from ccc.git.command import Git

NONE = "0" * 40
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
    *("--is-inside-work-tree", "--show-object-format", "--show-toplevel"),
)


@dataclass(frozen=True)
class Repository:
    """One repository as seen from one directory; all paths absolute.

    `common` is the common git directory, `git_dir` this work tree's own, `top` the work tree's top (None in
    a bare repository or inside a git directory), `main_top` that of the main checkout, `worktree_id` the
    admin directory's name of a linked work tree. `git` runs on `common`.
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
    """A move of a reference: `new` None deletes it, `old` None means it must not exist yet."""

    name: str
    new: str | None
    old: str | None


def discover(directory: Path, environment: Mapping[str, str]) -> Repository:
    """The repository around a directory, by one git process.

    Raises NotARepository with words for: none here, another owner, a format git does not know.
    """
    if not directory.is_dir():
        raise NotARepository(f"{directory} is not a directory")
    where = {key: environment[key] for key in WHERE if key in environment}
    # --show-toplevel fails in a bare repository, so it comes last and its failure is told from the others.
    found = Git(directory, where).run("rev-parse", *ASKED, ok=(0, 128))
    lines = found.text.split("\n")
    if len(lines) < 5:
        raise _not_a_repository(directory, found.err)
    common, git_dir, bare = Path(lines[0]), Path(lines[1]), lines[2] == "true"
    top = Path(lines[5]) if len(lines) > 5 and lines[3] == "true" else None
    linked = git_dir.parent.name == "worktrees" and git_dir.parent.parent == common
    git = Git(common, {"GIT_DIR": str(common)})
    main_top = _main_top(git, common, top, linked)
    return Repository(
        common=common,
        git_dir=git_dir,
        top=top,
        bare=bare or (linked and main_top is None),
        main_top=main_top,
        worktree_id=git_dir.name if linked else None,
        object_format=lines[4],
        git=git,
    )


def _not_a_repository(directory: Path, words: str) -> NotARepository:
    if "dubious ownership" in words:
        return NotARepository(
            f"the repository around {directory} belongs to another user",
            f"git config --global --add safe.directory {directory}",
        )
    if "extension" in words or "repository version" in words:
        telling = next((line for line in words.splitlines() if line.startswith("fatal: ")), words)
        return NotARepository(
            f"git cannot read this repository: {telling.removeprefix('fatal: ')}", "use a newer git"
        )
    if "not a git repository" in words or not words:
        return NotARepository(f"{directory} is not in a git repository", "cd into one, or: git init")
    return NotARepository(words.splitlines()[0].removeprefix("fatal: "))


def _main_top(git: Git, common: Path, top: Path | None, linked: bool) -> Path | None:
    """Top of the main checkout: the caller's own, or the one git lists first."""
    if top is not None and not linked:
        return top
    if common.name == ".git":
        return common.parent
    if not linked:
        return None
    first = (
        git.run("worktree", "list", "--porcelain", "-z")
        .out.decode("utf-8", "surrogateescape")
        .split("\0\0")[0]
    )
    fields = first.split("\0")
    if "bare" in fields:
        return None
    configured = git.run("config", "--type=path", "core.worktree", ok=(0, 1)).text
    if configured:
        return (common / configured).resolve()
    return Path(fields[0].removeprefix("worktree "))


def resolve(git: Git, revision: str) -> str | None:
    """The commit a revision names, None where there is none."""
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    found = git.run(*asked, ok=(0, 1, 128))
    return found.text if found.code == 0 else None


def branch_at(repository: Repository) -> str | None:
    """The full name of the branch checked out where the caller stands (born or not), None when detached."""
    git = Git(repository.common, {"GIT_DIR": str(repository.git_dir)})
    found = git.run("symbolic-ref", "--quiet", "HEAD", ok=(0, 1))
    return found.text if found.code == 0 else None


def is_unborn(repository: Repository) -> bool:
    """Whether the branch checked out has no commit yet."""
    git = Git(repository.common, {"GIT_DIR": str(repository.git_dir)})
    return branch_at(repository) is not None and resolve(git, "HEAD") is None


def identity(repository: Repository) -> tuple[str, str] | None:
    """(name, mail) configured for the main checkout; None where one is missing. Nothing is guessed."""
    name, mail = config(repository, "user.name"), config(repository, "user.email")
    return (name, mail) if name and mail else None


def config(repository: Repository, key: str) -> str | None:
    """The last value of a key as the main checkout sees it, None where there is none."""
    found = repository.git.run("config", "--get", key, ok=(0, 1))
    return found.text if found.code == 0 else None


def refs(git: Git, *patterns: str) -> dict[str, str]:
    """Full name to object id of every reference below the patterns."""
    found = git.run("for-each-ref", "--format=%(objectname) %(refname)", *patterns)
    pairs = (line.split(" ", 1) for line in found.text.splitlines())
    return {name: oid for oid, name in pairs}


def update_refs(git: Git, updates: Sequence[RefUpdate], message: str) -> None:
    """Moves all of the references, or none. Raises RefMoved where one was not at its old value."""
    lines = ["start"]
    for update in updates:
        if update.new is None:
            lines.append(f"delete {update.name}\0{update.old or ''}")
        elif update.old is None:
            lines.append(f"create {update.name}\0{update.new}")
        else:
            lines.append(f"update {update.name}\0{update.new}\0{update.old}")
    lines += ["prepare", "commit"]
    given = "".join(f"{line}\0" for line in lines).encode("utf-8", "surrogateescape")
    done = git.run("update-ref", "--create-reflog", "-m", message, "--stdin", "-z", input=given, ok=(0, 128))
    if done.code != 0:
        words = done.err.removeprefix("fatal: ")
        if "but expected" in words or "already exists" in words or "unable to resolve" in words:
            raise RefMoved(words)
        raise GitFailed(f"git update-ref: {words}")
