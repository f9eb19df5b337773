"""`make bench`: runs every benchmark, prints a table, ends with 1 when one is above 1.5 times its budget."""

from __future__ import annotations

import argparse
import importlib
import sys
import time

from bench.harness import QUICK, TOLERANCE, Result, Scale
from bench.places import leave_the_surroundings

MODULES = (
    "commit_overhead",
    "visibility",
    "append",
    "writers",
    "status",
    "spawn",
    "join",
    "growth",
    "gate_tree",
    "landing",
    "radar",
    "mcp",
    "host",
    "hundred",
    "messages",
    "recovery",
)


def main(arguments: list[str]) -> int:
    """Runs the benchmarks named, or all of them."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.name if name not in MODULES]
    if unknown:
        parser.error(f"no benchmark {unknown[0]}: there are {', '.join(MODULES)}")
    scale = _scale(asked)
    leave_the_surroundings()
    failed = 0
    for name in asked.name or MODULES:
        started = time.perf_counter()
        for result in importlib.import_module(f"bench.{name}").measure(scale):
            failed += result.fails(scale)
            print(line(result, scale), flush=True)
        print(f"      [{name}: {time.perf_counter() - started:.0f} s]", file=sys.stderr)
    return 1 if failed else 0


def line(result: Result, scale: Scale) -> str:
    """One row of the table."""
    figure = f"{verdict(result, scale):5} {result.name:58} {result.value:12.2f}"
    if result.budget is None:
        return f"{figure} {'':21} {result.unit}"
    return f"{figure}  budget {result.budget:12.2f} {result.unit}"


def verdict(result: Result, scale: Scale) -> str:
    """`ok`, `above` its budget and tolerated on a shared machine, or `FAILS`; nothing for a yardstick."""
    if result.budget is None:
        return ""
    if result.fails(scale):
        return "FAILS"
    return "ok" if result.within else "above"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures ccc against its budgets, each beside yardsticks of the same run.",
        epilog=f"Ends with 1 when a figure is above {TOLERANCE} times its budget.",
    )
    parser.add_argument("name", nargs="*", help=f"default: all of {', '.join(MODULES)}", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=30, help="measurements of each thing (default: 30)")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="tiny sizes: shows only that everything runs")
    size.add_argument("--full", action="store_true", help="a million events, 50,000 files: takes hours")
    return parser


def _scale(asked: argparse.Namespace) -> Scale:
    if asked.quick:
        return QUICK
    return Scale("full" if asked.full else "usual", asked.rounds)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
