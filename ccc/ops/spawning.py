"""What `spawn` can be asked for, and what is refused before anything is made."""

from __future__ import annotations

from ccc import ids
from ccc.domain.sessions import Limits
from ccc.errors import Refused, Usage
from ccc.git import version
from ccc.ops.actor import actor_of
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

TASK_BYTES = 16_000
"""A task travels in a commit message; a stream stays under 64 KB."""

MOST = 64
"""Sessions that one call makes at most: each is a whole checkout."""


@dataclass(frozen=True)
class Request:
    """What `spawn` was asked for; None where the default of CONTRACT §1 holds."""

    role: str
    task: str
    name: str | None = None
    base: str | None = None
    into: str | None = None
    priority: int = 0
    key: str | None = None
    count: int = 1
    after: tuple[str, ...] = ()
    start: bool = False
    now: bool = False
    engine: str | None = None
    model: str | None = None
    limits: Limits = Limits()
    origin: str | None = None
    runner: str = "local"


def check(workspace: Workspace, request: Request) -> None:
    """Raises Refused, Usage, GitFailed for what can be seen without looking at roles and engines."""
    workspace.require()
    version.require(workspace.git)
    workspace.require_person()
    _check_now(workspace, request)
    _check_place(workspace)
    _check_task(request.task)
    if not 1 <= request.count <= MOST:
        raise Usage(f"--count is a number from 1 to {MOST}, not {request.count}", "git ccc spawn -h")
    if request.role in ids.RESERVED_ROLES:
        raise Usage(f"{request.role} is a reserved word, not a role", "git ccc roles")


def _check_now(workspace: Workspace, request: Request) -> None:
    """Raises Usage where nothing is to be started, InsideAgent for an agent: before anything is made."""
    if not request.now:
        return
    if not request.start:
        raise Usage("--now and --no-start exclude each other", "git ccc spawn -h")
    actor = actor_of(workspace)
    if actor.agent is not None:
        raise actor.refusal(
            workspace,
            f"a start beyond the limits needs a person, and this call comes from an agent ({actor.agent})",
            "spawn it without --now: it starts by itself when there is room; or ask the human to start it",
        )


def _check_place(workspace: Workspace) -> None:
    """Paths are recorded as text."""
    top = workspace.checkout or workspace.repository.common
    try:
        str(top).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Refused(
            "the path of this repository is not UTF-8 text", "move it to a folder with a plain name"
        ) from error


def _check_task(task: str) -> None:
    if not task.strip():
        raise Usage("the task is empty", 'git ccc spawn ROLE "TASK"')
    try:
        size = len(task.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise Usage("the task is not UTF-8 text", "write it as UTF-8") from error
    if "\0" in task:
        raise Usage("the task contains a NUL byte", "give plain text")
    if size > TASK_BYTES:
        raise Usage(
            f"the task has {size} bytes, at most {TASK_BYTES} are recorded",
            "put the rest into a file of the repository and name it in the task",
        )
