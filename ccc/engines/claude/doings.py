"""What an agent of `claude` does, made comparable: calls with their results, and words."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from ccc.engines.protocol import Did

KEPT = 256
"""Calls without a result that are remembered; a call has its result before the next answer of the model."""


class Doings:
    """Of one process: calls wait for their results."""

    def __init__(self) -> None:
        self._calls: dict[str, tuple[str, str]] = {}

    def called(self, block: Mapping[str, Any], what: str) -> None:
        """A tool is called; its result tells whether that was new."""
        while len(self._calls) >= KEPT:
            self._calls.pop(next(iter(self._calls)))
        self._calls[str(block.get("id"))] = (what, _mark((block.get("name"), block.get("input"))))

    def said(self, line: Mapping[str, Any], text: str) -> Did:
        """Words of the agent."""
        return Did(_lane(line), "says the same", _mark(text))

    def answered(self, line: Mapping[str, Any]) -> Iterator[Did]:
        """The results in a line."""
        content = (line.get("message") or {}).get("content")
        for block in content if isinstance(content, list) else ():
            if isinstance(block, Mapping) and block.get("type") == "tool_result":
                call = self._calls.pop(str(block.get("tool_use_id")), None)
                if call is not None:
                    what, mark = call
                    yield Did(_lane(line), what, f"{mark} {_mark(block.get('content'))}")


def _lane(line: Mapping[str, Any]) -> str:
    return str(line.get("parent_tool_use_id") or "")


def _mark(value: object) -> str:
    data = json.dumps(value, sort_keys=True).encode()
    return f"{len(data)}.{zlib.crc32(data):x}"
