"""What a session is called: name, branch, alias, folder, ports; each free among all others."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from ccc import ids
from ccc.config.settings import Settings
from ccc.errors import BadConfig, Refused, Usage
from ccc.git.command import Git
from ccc.git.repository import git_in
from ccc.ops.observe import HEADS
from ccc.ops.workspace import Workspace
from ccc.records import dataclass


@dataclass(frozen=True)
class Names:
    """Session name and branch, and what is worth saying about them."""

    name: str
    branch: str
    remarks: tuple[str, ...]


def explicit(role: str, given: str) -> str:
    """The session name of a `--name`. Raises Usage for what is no name."""
    slug = ids.slug(given, "")
    if slug != given:
        words = "lower-case letters, digits and single dashes, at most 40"
        hint = "--name jwt-auth" if slug == "task-" else f"--name {slug}"
        raise Usage(f"'{given}' is not a name: {words}", hint)
    return slug if slug.startswith(f"{role}-") else f"{role}-{slug}"


def taken(name: str) -> Refused:
    """The refusal of an explicit name that is taken."""
    return Refused(f"the name {name} is taken", f"choose another --name, or: git ccc show {name}")


def choose(
    settings: Settings,
    role: str,
    wanted: str,
    names: Collection[str],
    refs: Collection[str],
    *,
    counts_on: bool,
) -> Names:
    """A free name `<role>-<wanted>` and its branch, which no other differs from by case only.

    `counts_on`: a name that is taken gets `-2` and so on; else Refused.
    """
    taken_refs = {ref.casefold() for ref in refs}
    prefix, remarks = _prefix(settings.branch_prefix, role, taken_refs)
    number = 1
    while True:
        slug = wanted if number == 1 else f"{wanted}-{number}"
        name, branch = f"{role}-{slug}", f"{prefix}{slug}"
        if name not in names and (HEADS + branch).casefold() not in taken_refs:
            return Names(name, branch, remarks)
        if not counts_on:
            raise taken(name)
        number += 1


def _prefix(configured: str, role: str, refs: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """`ccc/<role>/`, or `ccc-<role>/` where a branch `ccc` or `ccc/<role>` stands in the way."""
    for blocking in (configured, f"{configured}/{role}"):
        if (HEADS + blocking).casefold() in refs:
            words = f"branch {blocking} is in the way, so this one is called {configured}-{role}/..."
            return f"{configured}-{role}/", (words,)
    return f"{configured}/{role}/", ()


def folder(workspace: Workspace, settings: Settings) -> Path:
    """Where worktrees go: beside the repository, or as configured (relative to the main checkout).

    Those of a submodule beside the outermost superproject, under a name that no other submodule has.
    """
    top = workspace.checkout or workspace.repository.common
    if settings.worktree_dir:
        return (top / settings.worktree_dir.replace("<repo>", top.name)).resolve()
    outermost = _outermost(git_in(workspace.repository, top)) if workspace.checkout else top
    if top == outermost or not top.is_relative_to(outermost):
        return outermost.parent / f"{top.name}.ccc"
    return outermost.parent / f"{'-'.join((outermost.name, *top.relative_to(outermost).parts))}.ccc"


def _outermost(git: Git) -> Path:
    """The work tree that is around all others of which this one is a submodule; itself where it is none."""
    while found := git.text("rev-parse", "--show-superproject-working-tree"):
        git = Git(Path(found))
    return git.directory


def require_outside(workspace: Workspace, place: Path) -> None:
    """Refuses a folder inside the git directory, or in the checkout where git does not ignore it.

    Raises BadConfig: worktrees there would dirty the checkout, or be deleted with the repository.
    """
    hint = "choose a folder beside the repository"
    if place.is_relative_to(workspace.repository.common):
        raise BadConfig(f"session.worktree_dir: {place} is inside the git directory", hint)
    top = workspace.checkout
    if top is None or not place.is_relative_to(top):
        return
    asked = ("check-ignore", "--quiet", "--no-index", str(place / "x"))
    if place == top or git_in(workspace.repository, top).run(*asked, ok=(0, 1, 128)).code != 0:
        raise BadConfig(f"session.worktree_dir: {place} is inside the checkout and not ignored", hint)


def free_ports(settings: Settings, used: Collection[int | None]) -> int:
    """The first port of a block that no other session has."""
    port = settings.ports_base
    while port in used:
        port += settings.ports_size
    return port
