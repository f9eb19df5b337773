"""One session through every interface: what they say of its status must be the same."""

from __future__ import annotations

import json
import os
from typing import Any

from ccc.ops.look import look
from ccc.ops.workspace import Workspace
from tests.servers.conftest import door_at
from tests.support.agents import until
from tests.support.program import Inline, RunsCcc
from tests.support.repository import Repo

Status = dict[str, Any]
SAID = ("status", "since", "evidence")


def same_everywhere(repo: Repo, ccc: RunsCcc, name: str) -> Status:
    """The status of a session, equal in text, `--json`, `--short`, `--fields`, `show`, MCP and Python.

    What waits for a person because of it is the same for `status`, the inbox and MCP.

    An agent that speaks between two looks is looked at again.
    """
    found: list[Status] = []

    def equal() -> bool:
        found[:] = [_listed(ccc, name), _shown(ccc, name)]
        found[2:] = [_of_tools(repo, name), _of_python(repo, name), _in_words(repo, name)]
        return all(each == found[0] for each in found)

    until(equal, f"one status of {name} everywhere, instead of {found}")
    assert found[0]["evidence"], "a status without evidence"
    line = next(line for line in ccc("status", "--all", exit=0).stdout.splitlines() if line.startswith(name))
    assert found[0]["status"] in line.split()
    until(lambda: len(set(_waiting(repo, name))) == 1, "what waits for a person, alike everywhere")
    return found[0]


def _in_words(repo: Repo, name: str) -> Status:
    """The status where it is printed in short, with `since` and evidence by `--fields`."""
    here = Inline(repo.path)
    fields = here("status", name, "--fields", ",".join(SAID), exit=0).stdout.rstrip("\n").split("\t")
    said = {"status": fields[0], "since": fields[1], "evidence": json.loads(fields[2])}
    assert here("status", name, "--short", exit=0).stdout == f"{name} {said['status']}\n"
    return said


def _waiting(repo: Repo, name: str) -> list[tuple[str, ...]]:
    """The titles of what waits because of a session, in three places; one looks closely at landings."""
    here = Inline(repo.path)
    places = [
        here("status", name, "--json", exit=0).json["waiting_for_you"],
        here("inbox", "--json", exit=0).json["items"],
        door_at(repo)("inbox").json["items"],
    ]
    close = ("approval", "conflict")
    return [
        tuple(each["title"] for each in place if name in each["title"] and each["kind"] not in close)
        for place in places
    ]


def _listed(ccc: RunsCcc, name: str) -> Status:
    listed = ccc("status", "--all", "--json", exit=0).json["sessions"]
    return _said(next(each for each in listed if each["name"] == name))


def _shown(ccc: RunsCcc, name: str) -> Status:
    return _said(ccc("show", name, "--json", exit=0).json)


def _of_tools(repo: Repo, name: str) -> Status:
    listed = door_at(repo)("list_workers", all=True, full=True).json["sessions"]
    return _said(next(each for each in listed if each["name"] == name))


def _of_python(repo: Repo, name: str) -> Status:
    picture = look(Workspace.open(repo.path, dict(os.environ)))
    view = next(each.view for each in picture.sightings if each.session.name == name)
    evidence = [{"source": each.source, "what": each.what, "at": each.at} for each in view.evidence]
    return {"status": view.status, "since": view.since, "evidence": evidence}


def _said(document: Status) -> Status:
    return {key: document[key] for key in SAID}
