"""What could stand in a place of a command line: sessions, roles, branches, remotes, inbox items.

For a key press: nothing is written, roles are read by their file names, and no library is imported for it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from ccc.domain.status import STATUSES
from ccc.errors import CccError
from ccc.ids import short
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.resources import resource_dir

DESCRIPTION = re.compile(r"^description:\s*['\"]?(.*?)['\"]?\s*$", re.MULTILINE)
DESCRIBED_BY = 2048
"""Characters of a role's file in which its description is looked for."""


@dataclass(frozen=True)
class Candidate:
    """A word, and what it is; `likely` ones are offered before anything of the word was typed."""

    word: str
    what: str = ""
    likely: bool = True


def candidates(kind: str, directory: Path, environment: Mapping[str, str], begun: str) -> list[Candidate]:
    """Those of a kind (a key of `KINDS`) that begin with what was typed; none outside a repository."""
    try:
        found = list(KINDS[kind](Workspace.open(directory, environment)))
    except (CccError, OSError):
        return []
    fitting = [each for each in found if each.word.startswith(begun) and (begun or each.likely)]
    return list({each.word: each for each in reversed(fitting)}.values())[::-1]


def _sessions(workspace: Workspace) -> Iterator[Candidate]:
    """Names of open sessions; once something is typed also closed ones, aliases and ids."""
    from ccc.ops.observe import all_sessions

    sessions = all_sessions(workspace.require().reader.state())
    for session in sessions:
        yield Candidate(session.name, session.task, likely=session.closed is None)
    for session in sessions:
        if session.alias:
            yield Candidate(session.alias, session.name, likely=False)
        yield Candidate(short(session.id), session.name, likely=False)
        yield Candidate(session.id, session.name, likely=False)


def _receivers(workspace: Workspace) -> Iterator[Candidate]:
    yield from _sessions(workspace)
    yield Candidate("all", "every session that is not over")
    yield Candidate("orchestrator", "who coordinates")


def _roles(workspace: Workspace) -> Iterator[Candidate]:
    places = [resource_dir("templates") / "roles"]
    if workspace.checkout is not None:
        places.append(workspace.checkout / ".ccc" / "roles")
    found = {file.stem: file for place in places for file in place.glob("*.md") if file.stem != "README"}
    for name in sorted(found):
        yield Candidate(name, _description(found[name]))


def _description(file: Path) -> str:
    with file.open(encoding="utf-8", errors="replace") as text:
        described = DESCRIPTION.search(text.read(DESCRIBED_BY))
    return described[1] if described else ""


def _branches(workspace: Workspace) -> Iterator[Candidate]:
    for line in workspace.git.run("for-each-ref", "--format=%(refname)", "refs/heads/").out.splitlines():
        yield Candidate(os.fsdecode(line).removeprefix("refs/heads/"))


def _remotes(workspace: Workspace) -> Iterator[Candidate]:
    yield from map(Candidate, workspace.git.text("remote").split("\n"))


def _items(workspace: Workspace) -> Iterator[Candidate]:
    from ccc.ops.inbox import items
    from ccc.ops.look import look

    for item in items(workspace, look(workspace.require())):
        yield Candidate(item.id, f"{item.kind}: {item.title}")


def _statuses(_: Workspace) -> Iterable[Candidate]:
    return map(Candidate, STATUSES)


KINDS: Mapping[str, Callable[[Workspace], Iterable[Candidate]]] = {
    "session": _sessions,
    "receiver": _receivers,
    "role": _roles,
    "branch": _branches,
    "remote": _remotes,
    "item": _items,
    "status": _statuses,
}
"""Kind of value to who knows them."""
