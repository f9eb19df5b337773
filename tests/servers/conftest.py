"""The MCP server in this process, asked by the SDK's own client."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import pytest
from mcp.client import Client
from mcp.server.mcpserver import MCPServer
from mcp.types import CallToolResult, TextContent

from ccc.servers.mcp.server import build
from tests.support.repository import Repo
from tests.upkeep.conftest import Place, place

__all__ = ["place"]


@dataclass(frozen=True)
class Answer:
    """What a tool said, and whether that is an error."""

    text: str
    is_error: bool

    @property
    def json(self) -> Any:
        """The document of a call that went well."""
        assert not self.is_error, self.text
        return json.loads(self.text)


def answer_of(result: CallToolResult) -> Answer:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return Answer(content.text, bool(result.is_error))


@dataclass(frozen=True)
class Door:
    """One server, kept from call to call."""

    server: MCPServer[Any]

    def __call__(self, tool: str, **arguments: Any) -> Answer:
        async def asked() -> CallToolResult:
            async with Client(self.server) as client:
                return await client.call_tool(tool, arguments)

        return answer_of(anyio.run(asked))


def door_at(repo: Repo, environment: Mapping[str, str] | None = None) -> Door:
    """A server for a repository, started in a given environment."""
    return Door(build(repo.path, {**os.environ, **(environment or {})}, repo.path))


@pytest.fixture
def door(place: Place) -> Door:
    """A server for the initialised repository."""
    return door_at(place.repo)
