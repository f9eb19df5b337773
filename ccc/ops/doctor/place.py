"""Checks of the repository: its kind, the identity in it, what `init` put into it."""

from __future__ import annotations

from collections.abc import Iterator

from ccc.git import hookfiles
from ccc.git.command import Git
from ccc.ops.doctor.finding import FIX, Finding
from ccc.ops.workspace import Workspace


def kind(workspace: Workspace) -> Iterator[Finding]:
    """Kinds of repository that ccc cannot use yet, and those in which something is different."""
    git = workspace.git
    hindrances = []
    if workspace.repository.bare:
        hindrances.append("it is bare: use a clone with a work tree")
    if _setting(git, "extensions.objectformat") not in ("", "sha1"):
        hindrances.append("its objects are named by SHA-256: make one with git init --object-format=sha1")
    if _setting(git, "extensions.refstorage") not in ("", "files"):
        hindrances.append("its refs are a reftable: git refs migrate --ref-format=files")
    remarks = []
    if git.text("rev-parse", "--is-shallow-repository") == "true":
        remarks.append("shallow: merges may miss the common ancestor, git fetch --unshallow")
    if (
        _setting(git, "extensions.partialclone")
        or git.run("config", "--get-regexp", r"^remote\..*\.promisor$", ok=(0, 1)).text
    ):
        remarks.append("partial clone: landing may fetch missing objects")
    if hindrances:
        what, _, step = hindrances[0].partition(": ")
        yield Finding("repository", False, "; ".join([*hindrances, *remarks]) if remarks else what, step)
        return
    yield Finding("repository", True, "; ".join(remarks) or str(workspace.repository.common))


def _setting(git: Git, key: str) -> str:
    return git.run("config", "--get", key, ok=(0, 1)).text.lower()


def identity(workspace: Workspace) -> Iterator[Finding]:
    """Whether decisions can be recorded in somebody's name."""
    person = workspace.person
    step = "git config --global user.name NAME; git config --global user.email MAIL"
    yield Finding(
        "identity", person is not None, person or "no user identity is configured", None if person else step
    )


def prepared(workspace: Workspace) -> Iterator[Finding]:
    """Whether `init` has been run."""
    if workspace.initialised:
        yield Finding("initialised", True, f"replica {workspace.replica}")
    else:
        yield Finding("initialised", False, "ccc is not initialised in this repository", "git ccc init")


def hooks(workspace: Workspace) -> Iterator[Finding]:
    """Whether hooks, drain script with its interpreter, and include are whole, and the include wins."""
    problems = hookfiles.problems(workspace.repository.common)
    for problem in problems:
        yield Finding("hooks", False, problem, FIX)
    if not problems:
        yield Finding("hooks", True, "in session worktrees only; the include is the last to decide")
