"""Reservations as hooks read them: a line for each that is held, and a pre-commit with the first."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain import reserving
from ccc.errors import CccError
from ccc.git import hookconfig, hookfiles
from ccc.ops.policy import target_policy_of
from ccc.ops.reservations.held import Held
from ccc.ops.workspace import Workspace
from ccc.platform.files import replace_file


def write_down(workspace: Workspace, now: Sequence[Held]) -> None:
    """Keeps the file that hooks read as it should be; with the first line there is a pre-commit, too."""
    common = workspace.repository.common
    file = hookconfig.reserved_file(common)
    modes = {each.session.target: "" for each in now}
    lines = []
    for held in now:
        if held.standing.holds:
            target = held.session.target
            modes[target] = modes[target] or _mode(workspace, target)
            lines.append(f"{modes[target]} {held.session.name} {pathspec(held.claim.path)}\n")
    before = file.exists()
    if lines:
        replace_file(file, "".join(lines))
    elif before:
        file.unlink(missing_ok=True)
    if before != bool(lines):
        hookfiles.refresh(common)


def _mode(workspace: Workspace, target: str) -> str:
    """As the target says; where that cannot be read nobody is kept from working."""
    try:
        return target_policy_of(workspace, target).settings.reserve_mode
    except CccError:
        return "warn"


def pathspec(path: str) -> str:
    """The same for git, from the top of the work tree."""
    whole = path.removesuffix("/**")
    return f":(glob,top){path}" if reserving.is_pattern(whole) else f":(literal,top){whole}"
