"""`git ccc mcp` (I1): a cold first answer, a warm call, the tokens of the tools."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.harness import Result, Scale
from bench.places import ccc, repository

FIRST_MS, WARM_MS, TOKENS = 900.0, 5.0, 4000.0
TOKEN_BYTES = 3.5
OPENING = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}


@dataclass
class Server:
    """A server process and the number of its last question."""

    process: subprocess.Popen[bytes]
    asked: int = 0

    @classmethod
    def at(cls, top: Path) -> Server:
        """A fresh process."""
        command = [sys.executable, "-m", "ccc", "mcp"]
        return cls(subprocess.Popen(command, cwd=top, stdin=subprocess.PIPE, stdout=subprocess.PIPE))

    def ask(self, method: str, params: dict[str, Any]) -> bytes:
        """The line that answers."""
        self.asked += 1
        self.tell({"id": self.asked, "method": method, "params": params})
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def tell(self, message: dict[str, Any]) -> None:
        """Sends a line."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """Closes its input and waits for it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()


def measure(scale: Scale) -> list[Result]:
    """Medians; the list is that of three workers in a small repository."""
    first, library, warm = [], [], []
    with repository() as top:
        for number in range(3):
            ccc("spawn", "backend", f"Task {number}", "--no-start", cwd=top)
        for _ in range(max(2, scale.rounds // 3)):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", "import mcp.server.mcpserver"], check=True)
            library.append(time.perf_counter() - started)
            started = time.perf_counter()
            server = Server.at(top)
            server.ask("initialize", OPENING)
            first.append(time.perf_counter() - started)
            server.tell({"method": "notifications/initialized"})
            tools = json.loads(server.ask("tools/list", {}))["result"]
            listing = {"name": "list_workers", "arguments": {}}
            server.ask("tools/call", listing)
            for _ in range(scale.rounds):
                started = time.perf_counter()
                server.ask("tools/call", listing)
                warm.append(time.perf_counter() - started)
            server.end()
    tokens = len(json.dumps(tools, separators=(",", ":")).encode()) / TOKEN_BYTES
    return [
        Result("mcp, first answer of a fresh server", statistics.median(first) * 1000, FIRST_MS, "ms"),
        Result("  of which Python and the library", statistics.median(library) * 1000, None, "ms"),
        Result("mcp, warm list_workers", statistics.median(warm) * 1000, WARM_MS, "ms"),
        Result("mcp, all tools listed", tokens, TOKENS, "tokens"),
    ]
