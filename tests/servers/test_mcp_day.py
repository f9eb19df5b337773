"""A day of an orchestrating agent through the tools alone, with rehearsed workers in real processes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
import yaml
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters

from tests.servers.conftest import answer_of
from tests.servers.test_mcp_process import environment
from tests.support.program import RunsCcc
from tests.upkeep.conftest import Place

PATIENCE = 60


def script(path: Path, *turns: list[dict[str, Any]]) -> str:
    """An engine that plays these turns of steps."""
    path.write_text(yaml.safe_dump({"turns": [{"steps": steps} for steps in turns]}), encoding="utf-8")
    return f"rehearsal:{path}"


@pytest.fixture
def ended(place: Place, ccc: RunsCcc) -> Any:
    """Ends whatever still runs after the test."""
    yield
    ccc("stop", "--all")


@pytest.mark.slow
@pytest.mark.cold
@pytest.mark.usefixtures("ended")
def test_two_workers_are_spawned_waited_for_examined_annotated_and_closed(
    place: Place, tmp_path: Path, ccc: RunsCcc
) -> None:
    done = [
        {"edit": {"path": "login.py", "content": "one\n"}},
        {"commit": {"message": "Add login", "status": "done"}},
    ]
    blocked = [{"report": {"blocked": "which key?"}}]
    workers = [
        {"role": "backend", "task": "JWT auth", "engine": script(tmp_path / "done.yml", done)},
        {"role": "testing", "task": "Cover login", "engine": script(tmp_path / "blocked.yml", blocked)},
    ]

    async def day() -> None:
        server = StdioServerParameters(
            command=sys.executable, args=["-m", "ccc", "mcp"], cwd=place.repo.path, env=environment()
        )
        async with Client(server) as client:

            async def call(tool: str, **arguments: Any) -> Any:
                return answer_of(await client.call_tool(tool, arguments)).json

            one, other = (await call("spawn_workers", workers=workers))["sessions"]
            assert [one["name"], other["name"]] == ["backend-jwt-auth", "testing-cover-login"]
            waited = await call("wait_idle_workers", timeout=PATIENCE)
            assert (waited["done"], waited["timed_out"]) == ([one["id"]], False)
            assert [item["session"] for item in waited["needs_you"]] == [other["id"]]
            assert "which key?" in waited["needs_you"][0]["text"]
            shown = await call("examine_worker", worker=one["alias"])
            assert (shown["status"], [file["path"] for file in shown["files"]]) == ("unchecked", ["login.py"])
            await call("annotate_worker", worker=one["id"], text="Tokens are RS256", kind="decision")
            closed = await call("close_workers", workers=[one["name"], other["name"]])
            assert all(each["backup"] for each in closed["sessions"])
            listed = await call("list_workers", all=True)
            assert [each["worker_state"] for each in listed["workers"]] == ["CLOSED", "CLOSED"]

    anyio.run(day)
    assert not Path(place.repo.path.parent / f"{place.repo.path.name}.ccc" / "backend-jwt-auth").exists()
    ccc("fsck", exit=0)
