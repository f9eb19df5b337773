"""Checks of the repository: its kind, the identity in it, what `init` put into it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ccc.git import hookfiles
from ccc.git.backend import GIT, LIBGIT
from ccc.ops.doctor.finding import FIX, Finding
from ccc.ops.init import hindrances
from ccc.ops.policy import local_policy
from ccc.ops.workspace import Workspace


def kind(workspace: Workspace) -> Iterator[Finding]:
    """Kinds of repository that ccc cannot use yet, and those in which something is different."""
    git, remarks = workspace.git, []
    if workspace.repository.bare:
        remarks.append("bare: settings and roles are read from HEAD, or from the worktree you stand in")
    if git.text("rev-parse", "--is-shallow-repository") == "true":
        remarks.append("shallow: merges may miss the common ancestor (git fetch --unshallow)")
    promisors = git.run(
        "config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$", ok=(0, 1)
    )
    if promisors.text:
        remarks.append("partial clone: landing may fetch missing objects")
    found = hindrances(workspace)
    for what, step in found:
        yield Finding("repository", False, f"ccc cannot use it yet: {what}", step)
    if not found:
        yield Finding("repository", True, "; ".join(remarks) or str(workspace.repository.common))


def backend(workspace: Workspace) -> Iterator[Finding]:
    """Through what `refs/ccc` is written here, and why that."""
    found = workspace.backend
    words = {LIBGIT: "pygit2", GIT: "the git program"}
    yield Finding("backend", True, f"{words[found.name]}: {found.why}")


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
        return
    for path in workspace.missing:
        yield Finding("initialised", False, f"{path} is missing", "git ccc init")
    if not workspace.missing:
        yield Finding("initialised", False, "ccc is not initialised in this repository", "git ccc init")


def configuration(workspace: Workspace) -> Iterator[Finding]:
    """Whether `.ccc` can be read, and limits only roles that there are. Raises BadConfig."""
    from ccc.ops.inforce import pending  # with both places' settings

    policy, idle = local_policy(workspace), pending(workspace)
    for slip in policy.slips():
        yield Finding("configuration", False, f"{slip.where}: {slip.what}", slip.hint)
    if not policy.slips():
        yield Finding("configuration", True, f"{policy.where} can be read")
    if idle.keys:
        step = f"commit .ccc/config.toml to {idle.target}"
        yield Finding("configuration", True, idle.words, step)


def hooks(workspace: Workspace) -> Iterator[Finding]:
    """Whether hooks, drain script with its interpreter, and include are whole, and the include wins."""
    problems = list(hookfiles.problems(workspace.repository.common))
    if not problems and not written_for_here(workspace):
        problems.append("hooks were written for another place or another Python")
    for problem in problems:
        yield Finding("hooks", False, problem, FIX)
    if not problems:
        words = hookfiles.describe(workspace.repository.common)
        yield Finding("hooks", True, f"in session worktrees only, {words}")


def written_for_here(workspace: Workspace) -> bool:
    """Whether the drain script names this repository, which may have been moved."""
    try:
        script = workspace.layout.drain_script.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    return f"-C {shlex.quote(str(workspace.repository.common))} " in script
