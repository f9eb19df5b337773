"""The tools of an orchestrating agent say what the command line says, and decide nothing for a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
from mcp.client import Client

from ccc.servers.mcp.server import build
from tests.flow.conftest import Spawns
from tests.servers.conftest import Door, door_at
from tests.support.program import RunsCcc
from tests.support.repository import Repo

TOKEN_BYTES = 3.5
MOST_TOKENS = 4_000


def settled(document: Any) -> Any:
    """The same without the moments at which it was looked at."""
    if isinstance(document, list):
        return [settled(each) for each in document]
    if isinstance(document, dict):
        return {key: settled(value) for key, value in document.items() if key != "as_of"}
    return document


def test_the_tools_are_described_within_four_thousand_tokens(repo: Repo) -> None:
    async def listed() -> str:
        async with Client(build(repo.path, {})) as client:
            return (await client.list_tools()).model_dump_json(by_alias=True, exclude_none=True)

    assert len(anyio.run(listed).encode()) / TOKEN_BYTES <= MOST_TOKENS


def test_workers_are_spawned_like_sessions_of_the_command_line(door: Door, ccc: RunsCcc) -> None:
    workers = [
        {"role": "backend", "task": "JWT auth", "start": False},
        {
            "role": "testing",
            "task": "Cover login",
            "name": "cover",
            "after": ["backend-jwt-auth"],
            "start": False,
        },
    ]
    made = door("spawn_workers", workers=workers).json
    shown = ccc("status", "--json", exit=0).json
    assert [each["name"] for each in made["sessions"]] == ["backend-jwt-auth", "testing-cover"]
    assert made["sessions"][1]["after"] == [made["sessions"][0]["id"]]
    assert made["failed"] == []
    assert [each.keys() for each in made["sessions"]] == [each.keys() for each in shown["sessions"]]


def test_one_worker_that_fails_leaves_the_others(door: Door) -> None:
    workers = [
        {"role": "nobody", "task": "Nothing", "start": False},
        {"role": "backend", "task": "JWT auth", "start": False},
    ]
    made = door("spawn_workers", workers=workers).json
    assert [each["name"] for each in made["sessions"]] == ["backend-jwt-auth"]
    (failed,) = made["failed"]
    assert (failed["role"], failed["task"], failed["kind"]) == ("nobody", "Nothing", "not_found")
    assert failed["error"].startswith("no role nobody\nhint: roles: ")


def test_the_full_list_is_the_status_document(door: Door, spawn: Spawns, ccc: RunsCcc) -> None:
    spawn("backend", "JWT auth").tree.commit("Add login", login="one\n")
    spawn("testing", "Cover login")
    ccc("drain", exit=0)
    assert settled(door("list_workers", full=True).json) == settled(ccc("status", "--json", exit=0).json)


def test_examining_is_the_show_document(door: Door, spawn: Spawns, ccc: RunsCcc) -> None:
    session = spawn("backend", "JWT auth")
    session.tree.commit("Add login", login="one\n")
    ccc("drain", exit=0)
    shown = settled(ccc("show", session.name, "--json", exit=0).json)
    for reference in (session.id, session.id[:6], session.name, shown["alias"]):
        assert settled(door("examine_worker", worker=reference).json) == shown


def test_an_unknown_worker_is_refused_in_the_words_of_the_command_line(
    door: Door, spawn: Spawns, ccc: RunsCcc
) -> None:
    spawn("backend", "JWT auth")
    refused = door("examine_worker", worker="backend-jwt-aut")
    assert refused.is_error
    assert "no session backend-jwt-aut\nhint: did you mean backend-jwt-auth?" in refused.text


def test_a_session_cannot_close_another_through_the_server_it_started(ready: Repo, spawn: Spawns) -> None:
    one, other = spawn("backend", "JWT auth"), spawn("testing", "Cover login")
    refused = door_at(ready, {"CCC_SESSION": one.id})("close_workers", workers=[other.name])
    assert refused.is_error
    assert f"ask the human to run, in the main checkout: git ccc close {other.name}" in refused.text
    assert Path(other.path).is_dir()
