"""Claiming paths for a session, and giving them back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ccc.domain import reserving
from ccc.domain.events import Draft
from ccc.domain.reserving import LONGEST, MOST, Claim
from ccc.domain.sessions import Session
from ccc.errors import NotFound, Refused, Usage
from ccc.git.history import quoted
from ccc.ops import work
from ccc.ops.actor import actor_of
from ccc.ops.observe import all_sessions
from ccc.ops.policy import target_policy_of
from ccc.ops.reservations.circles import told
from ccc.ops.reservations.held import Held, holdings, open_claims
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State


def reserve(workspace: Workspace, session: Session, paths: Sequence[str]) -> list[Held]:
    """Claims paths for a session; gives how it stands with each. A claim that it has stays as old as it is.

    Raises Usage for a path that is none, Refused for too many, and where it would wait in a circle.
    """
    wanted = list(dict.fromkeys(paths))

    def decide(state: State) -> Sequence[Draft]:
        known = open_claims(state)
        own = {claim.path for claim in known if claim.session == session.id}
        new = [path for path in wanted if path not in own]
        if len(own) + len(new) > MOST:
            raise Refused(f"{session.name} would have more than {MOST} reservations", "reserve the folder")
        others = [claim.path for claim in known if claim.session != session.id]
        waiting = [path for path in new if any(reserving.meet(path, each) for each in others)]
        if waiting:
            _require_no_circle(state, session, known, waiting)
        return (reserving.made(session, new, waiting, actor_of(workspace).by),) if new else ()

    if workspace.store.transact(decide):
        work.start(workspace)  # who writes down for the hooks what is reserved
    return [
        each for each in holdings(workspace) if each.session.id == session.id and each.claim.path in wanted
    ]


def release(workspace: Workspace, session: Session, paths: Sequence[str]) -> list[Claim]:
    """Gives claims back, without paths all of them. Raises NotFound where there is none of that path."""
    given: list[Claim] = []

    def decide(state: State) -> Sequence[Draft]:
        own = [claim for claim in open_claims(state) if claim.session == session.id]
        missing = [path for path in paths if path not in {claim.path for claim in own}]
        if missing or not own:
            what = missing[0] if missing else "anything"
            raise NotFound(f"{session.name} has not reserved {what}", "git ccc reserve lists who has what")
        given[:] = [claim for claim in own if not paths or claim.path in paths]
        return (reserving.released(session, given, "", actor_of(workspace).by),)

    workspace.store.transact(decide)
    work.start(workspace)
    return given


def owned(workspace: Workspace, session: Session) -> list[str]:
    """The paths that the session's role owns, as the target's commit says. Raises Refused for none."""
    role = target_policy_of(workspace, session.target).roles.get(session.role)
    if not role.front.paths:
        raise Refused(f"the role {role.name} owns no paths", "name them: git ccc reserve PATH..")
    return [f"{path}**" if path.endswith("/") else path for path in role.front.paths]


def paths_from(workspace: Workspace, given: Sequence[str]) -> list[str]:
    """Paths as typed, from the top of the repository; relative ones count from where the caller stands.

    A folder, one that is there or is written with a slash at its end, becomes `FOLDER/**`. Raises Usage for
    one that leads out of it, or is no path.
    """
    top = workspace.repository.top
    folder = workspace.directory if top is not None else Path("/")
    root = top if top is not None else Path("/")
    found = []
    for text in given:
        relative = os.path.relpath(os.path.normpath(folder / text), root)
        whole = relative.replace(os.sep, "/")
        if (
            not text.strip()
            or whole == ".."
            or whole.startswith("../")
            or "\n" in text
            or len(text) > LONGEST
        ):
            raise Usage(f"{text!r} is no path of this repository", "git ccc reserve PATH..")
        if not _is_utf8(whole):
            raise Usage(f"{quoted(os.fsencode(whole))} is not UTF-8", "reserve the folder that it is in")
        is_folder = text.endswith("/") or (top is not None and (top / whole).is_dir())
        found.append("**" if whole == "." else f"{whole}/**" if is_folder else whole)
    return found


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _require_no_circle(
    state: State, session: Session, known: Sequence[Claim], waiting: Sequence[str]
) -> None:
    """Raises Refused where a session would wait for one that waits for it, itself or through others."""
    names = {each.id: each.name for each in all_sessions(state)}
    for path in waiting:
        circle = reserving.closing(reserving.standings(known), session.id, path)
        if circle:
            give = f"git ccc reserve --release {circle[-1].path}"
            raise Refused(
                f"{session.name} would wait in a circle: {told(circle, names)}", f"give back first: {give}"
            )
