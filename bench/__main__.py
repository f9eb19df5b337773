"""`make bench`: runs every benchmark, prints a table, ends with 1 when one is above 1.5 times its budget."""

from __future__ import annotations

import importlib
import sys

MODULES = ("commit_overhead", "visibility", "append", "status", "landing", "worktrees", "mcp", "host")
TOLERANCE = 1.5


def main(arguments: list[str]) -> int:
    """Runs the benchmarks named, or all of them."""
    exceeded = 0
    for name in arguments or MODULES:
        for result in importlib.import_module(f"bench.{name}").measure():
            over = result.value > TOLERANCE * result.budget
            exceeded += over
            verdict = "OVER" if over else "ok"
            figures = f"{result.value:10.2f}  budget {result.budget:10.2f} {result.unit}"
            print(f"{verdict:4}  {result.name:58} {figures}", flush=True)
    return 1 if exceeded else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
