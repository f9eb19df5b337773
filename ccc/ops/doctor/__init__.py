"""Looking after an installation: what may be wrong, what to do about it, what is safe to mend at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ccc.errors import CccError
from ccc.ops.doctor import machine, place, records, signing, trees
from ccc.ops.doctor.finding import Finding
from ccc.ops.doctor.mending import mend
from ccc.ops.workspace import Workspace

__all__ = ["Finding", "examine", "mend"]

Check = Callable[[Workspace], Iterator[Finding]]

ANYWHERE: tuple[Check, ...] = (
    machine.git_version,
    place.kind,
    place.backend,
    place.identity,
    place.prepared,
    machine.agents,
    machine.man_page,
    machine.system,
)
INITIALISED: tuple[Check, ...] = (
    place.configuration,
    place.hooks,
    signing.approvals,
    machine.service,
    records.lock,
    records.reference_lock,
    records.journal,
    records.write_ahead_log,
    records.tip,
    records.interrupted,
    records.copy,
    records.shared,
    trees.sessions,
    trees.unregistered,
    trees.half_made,
    trees.scratch,
)


def examine(workspace: Workspace) -> list[Finding]:
    """Every check that makes sense here, in a fixed order; one that cannot be made is itself a finding."""
    checks = ANYWHERE + (INITIALISED if workspace.initialised else ())
    return [finding for check in checks for finding in _findings(check, workspace)]


def _findings(check: Check, workspace: Workspace) -> list[Finding]:
    try:
        return list(check(workspace))
    except CccError as error:
        return [Finding(check.__name__.replace("_", " "), False, error.message, error.hint or None)]
    except OSError as error:
        words = f"{error.strerror}: {error.filename}" if error.filename else str(error)
        return [
            Finding(check.__name__.replace("_", " "), False, words, "check who owns it and its permissions")
        ]
