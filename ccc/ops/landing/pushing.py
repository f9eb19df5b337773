"""The target of a remote, moved by a plain push of exactly what was tested; the local branch follows."""

from __future__ import annotations

from ccc.errors import GitFailed, Refused, StoreBusy, TimedOut
from ccc.git import history
from ccc.git import repository as repositories
from ccc.git.transport import Remote, reason
from ccc.ids import short_oid
from ccc.ops.landing.overtaken import Overtaken
from ccc.ops.observe import HEADS
from ccc.ops.policy import target_policy_of
from ccc.ops.workspace import Workspace

TRACKING = "refs/remotes/"


def remote_of(workspace: Workspace, name: str, target: str) -> Remote:
    """A remote as this call reaches it, without asking anybody for a password. Raises Refused."""
    known = workspace.git.text("remote").splitlines()
    if name not in known:
        raise Refused(
            f"{target} lands by the remote {name}, and there is none of that name",
            f"git remote add {name} URL; or land.remote in .ccc/config.toml",
        )
    seconds = target_policy_of(workspace, target).settings.sync.seconds
    return Remote(workspace.git, name, workspace.environment, asks=False, seconds=seconds)


def require_at(remote: Remote, target: str, old: str) -> None:
    """Raises Overtaken or Refused where the remote's target is elsewhere, StoreBusy where none answers."""
    ref = HEADS + target
    try:
        at = remote.listed(ref).get(ref)
    except (GitFailed, TimedOut) as error:
        raise StoreBusy(f"nothing was landed: {error.message}", error.hint) from error
    if at != old:
        raise _elsewhere(remote, target, old, at)


def push(remote: Remote, target: str, old: str, new: str) -> None:
    """Moves the remote's target from `old` to `new`, which descends from it; nothing is forced.

    Raises Refused where the remote says no (nothing has moved then), StoreBusy where it is not known.
    """
    ref = HEADS + target
    try:
        done = remote.push(f"{new}:{ref}", options=(f"--force-with-lease={ref}:{old}",))
    except (GitFailed, TimedOut) as error:
        words = f"whether {remote.name} took {short_oid(new)} is not known: {error.message}"
        raise StoreBusy(words, "the next command looks: git ccc merge --abort") from error
    if done.code != 0:
        words = f"{remote.name} does not take {short_oid(new)} on {target}, so nothing was landed"
        hint = 'if that branch is protected, land by request: land.landing = "pull-request"'
        raise Refused(f"{words}: {reason(done)}", hint)


def _elsewhere(remote: Remote, target: str, old: str, at: str | None) -> Refused | Overtaken:
    if at is None:
        return Refused(
            f"{remote.name} has no branch {target}, so nothing was landed", f"git push {remote.name} {target}"
        )
    here = repositories.resolve(remote.git, at) is not None
    if here and history.is_ancestor(remote.git, at, old):
        return Refused(
            f"{target} here has commits that {remote.name} has not, so nothing was landed",
            f"git push {remote.name} {target}, then again",
        )
    return Overtaken(
        f"{target} of {remote.name} is at {short_oid(at)}, so nothing was landed",
        f"bring {target} up to date: git pull --ff-only {remote.name} {target}",
    )


def has(workspace: Workspace, name: str, target: str, commit: str) -> bool:
    """Whether the remote's target contains a commit, after fetching it. Raises StoreBusy."""
    remote, ref = remote_of(workspace, name, target), HEADS + target
    try:
        at = remote.listed(ref).get(ref)
        if at is None or at == commit:
            return at == commit
        fetch(remote, target)
    except (GitFailed, TimedOut) as error:
        words = f"a landing on {target} of {name} was interrupted, and how it went is not known"
        raise StoreBusy(f"{words}: {error.message}", "try again when the remote answers") from error
    return history.is_ancestor(workspace.git, commit, at)


def fetch(remote: Remote, target: str) -> None:
    """Fetches a branch to where git keeps it. Raises GitFailed, TimedOut."""
    remote.fetch(f"+{HEADS}{target}:{TRACKING}{remote.name}/{target}")
