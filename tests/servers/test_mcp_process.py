"""`git ccc mcp` as a process: the protocol alone on standard output, and an end with its client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from tests.servers.conftest import answer_of
from tests.support.program import PROJECT, TIME_LIMIT
from tests.upkeep.conftest import Place

OPENING = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@dataclass
class Wire:
    """A server process and its two pipes."""

    process: subprocess.Popen[str]

    def send(self, method: str, params: dict[str, Any], number: int | None = None) -> None:
        assert self.process.stdin is not None
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        self.process.stdin.write(json.dumps(message if number is None else {**message, "id": number}) + "\n")
        self.process.stdin.flush()

    def call(self, tool: str, number: int, **arguments: Any) -> None:
        self.send("tools/call", {"name": tool, "arguments": arguments}, number)

    def receive(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def end(self) -> tuple[str, int]:
        """Closes its standard input; the rest of its output, and its exit code."""
        rest, _ = self.process.communicate(timeout=TIME_LIMIT)
        return rest, self.process.returncode


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT)}


@pytest.fixture
def wire(place: Place) -> Iterator[Wire]:
    """A server that has been greeted."""
    with subprocess.Popen(
        [sys.executable, "-m", "ccc", "mcp"],
        cwd=place.repo.path,
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wire = Wire(process)
        wire.send("initialize", OPENING, 1)
        assert wire.receive()["result"]["serverInfo"]["name"] == "ccc"
        wire.send("notifications/initialized", {})
        yield wire
        process.kill()


def test_a_client_starts_it_lists_the_tools_and_calls_them(place: Place) -> None:
    session = place.spawn()

    async def talk() -> None:
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "ccc", "mcp"], cwd=place.repo.path, env=environment()
        )
        async with Client(server) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            assert tools[:2] == ["spawn_workers", "list_workers"]
            listed = answer_of(await client.call_tool("list_workers", {})).json
            assert [worker["name"] for worker in listed["workers"]] == [session.name]
            refused = answer_of(await client.call_tool("close_workers", {"workers": ["nobody"]}))
            assert (refused.is_error, "no session nobody" in refused.text) == (True, True)

    anyio.run(talk)


def test_a_long_wait_holds_up_no_other_call_and_ends_with_its_client(wire: Wire, place: Place) -> None:
    session = place.spawn()
    wire.call("wait_idle_workers", 2, workers=[session.name], timeout=600)
    wire.call("annotate_worker", 3, worker=session.name, text="uses RS256", kind="decision")
    answer = wire.receive()
    assert (answer["id"], answer["result"]["isError"]) == (3, False)
    rest, code = wire.end()
    assert [json.loads(line)["id"] for line in rest.splitlines()] == [2]
    assert code == 0


@pytest.mark.slow
def test_a_wait_that_its_client_cancels_ends(wire: Wire, place: Place) -> None:
    session = place.spawn()
    wire.call("wait_idle_workers", 2, workers=[session.name], timeout=600)
    wire.send("notifications/cancelled", {"requestId": 2})
    wire.call("list_workers", 3)
    assert wire.receive()["id"] == 3
    assert wire.end() == ("", 0)


@pytest.mark.slow
def test_what_commands_print_does_not_get_into_the_protocol(wire: Wire, place: Place) -> None:
    config = '[[session.setup]]\nrun = "echo out; echo err >&2"\n'
    place.repo.commit("Configure", {".ccc/config.toml": config})
    wire.call("spawn_workers", 2, workers=[{"role": "backend", "task": "JWT auth", "start": False}])
    answer = wire.receive()
    assert (answer["id"], answer["result"]["isError"]) == (2, False), answer
    assert wire.end() == ("", 0)
