"""Configuration and roles, each read from the place that may decide (CONTRACT §6).

What the person at the keyboard starts: the main checkout's `.ccc/`, uncommitted edits included; a bare
repository has none, so there it is the person's own worktree's, or the commit at HEAD.
Gates, checks, approvers: the target branch's commit. Nothing is ever read from a session's branch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ccc.errors import BadConfig, NotFound
from ccc.git import repository as repositories
from ccc.git.blobs import blobs
from ccc.git.command import Git
from ccc.ops.actor import actor_of
from ccc.ops.desk import desk_of
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

if TYPE_CHECKING:
    from ccc.config.roles import RoleSet
    from ccc.config.settings import Settings
    from ccc.config.twins import Problem

FOLDER = ".ccc"
CONFIG_FILE = f"{FOLDER}/config.toml"
ROLES_FOLDER = f"{FOLDER}/roles"


@dataclass(frozen=True)
class Policy:
    """What decides: settings and roles, and `where` they were read from (a path or `main 1a2b3c4`)."""

    settings: Settings
    roles: RoleSet
    where: str

    def slips(self) -> list[Problem]:
        """What the settings say about roles that there are not."""
        from ccc.config.strangers import strangers  # with the templates of roles

        return list(strangers(self.settings, self.roles, self.where))


def local_policy(workspace: Workspace, *, trusting: bool = True) -> Policy:
    """The main checkout's own files; in a bare repository those of the worktree at hand, else HEAD's commit.

    Not `trusting`, what the environment says instead (`CCC_LIMITS_PARALLEL`) does not count.
    Raises BadConfig with file, line and key.
    """
    files, where = local_files(workspace)
    return validated(files, where, workspace.environment if trusting else {})


def local_files(workspace: Workspace) -> tuple[dict[str, bytes], str]:
    """What `local_policy` reads, as it stands: paths below `.ccc/` and bytes, and where that is, in words.

    Raises BadConfig for what is no file.
    """
    top = desk_of(workspace)
    if top is not None:
        return _files_below(top / FOLDER), ".ccc"
    commit = repositories.resolve(workspace.git, "HEAD")
    return {} if commit is None else _files_at(workspace.git, commit), "HEAD:.ccc"


def target_policy(workspace: Workspace, commit: str, branch: str) -> Policy:
    """What the target branch's commit says; environment overrides do not apply to what decides trust."""
    known = workspace.policies.get((commit, branch))
    if known is None:
        known = validated(_files_at(workspace.git, commit), f"{branch}:.ccc", {})
        workspace.policies[commit, branch] = known
    return known


def target_policy_of(workspace: Workspace, branch: str) -> Policy:
    """What the tip of a target branch says. Raises NotFound where there is no such branch."""
    commit = repositories.resolve(workspace.git, f"refs/heads/{branch}")
    if commit is None:
        raise NotFound(f"no branch {branch}", "git branch lists the branches")
    return target_policy(workspace, commit, branch)


def starting_policy(workspace: Workspace, target: str) -> Policy:
    """What decides about a start: a person's own checkout, for an agent the target's commit."""
    return target_policy_of(workspace, target) if actor_of(workspace).agent else local_policy(workspace)


def validated(files: Mapping[str, bytes], where: str, environment: Mapping[str, str]) -> Policy:
    """What some files below `.ccc/` say. Raises BadConfig with file, line and key."""
    from ccc.config.roles import RoleSet
    from ccc.config.settings import load_settings

    settings = load_settings(files.get("config.toml"), where=f"{where}/config.toml", environment=environment)
    roles = {
        name.removeprefix("roles/"): content for name, content in files.items() if name.startswith("roles/")
    }
    return Policy(settings, RoleSet.load(roles, where=f"{where}/roles"), where)


def _files_below(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in [folder / "config.toml", *sorted((folder / "roles").glob("*.md"))]:
        if path.exists() and not path.is_file():
            raise BadConfig(f"{path} is not a regular file", "put a file there, or take it away")
        try:
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BadConfig(f"{path} cannot be read: {error.strerror}", f"ls -ld {path}") from error
    return found


def _files_at(git: Git, commit: str) -> dict[str, bytes]:
    rows = (
        row.split("\t", 1)
        for row in git.lines("ls-tree", "-r", "-z", commit, "--", CONFIG_FILE, f"{ROLES_FOLDER}/")
    )
    wanted = {
        path: head.split(" ")[2]
        for head, path in rows
        if path == CONFIG_FILE or (path.endswith(".md") and path.count("/") == ROLES_FOLDER.count("/") + 1)
    }
    contents = blobs(git, wanted.values())
    return {path.removeprefix(f"{FOLDER}/"): contents[oid] for path, oid in wanted.items()}


def paths_at(git: Git, *revisions: str) -> Callable[[], frozenset[str]]:
    """All paths in any of the revisions' trees, listed when asked for."""

    def listed() -> frozenset[str]:
        return frozenset(
            path for each in revisions for path in git.lines("ls-tree", "-r", "-z", "--name-only", each)
        )

    return listed
