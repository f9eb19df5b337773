"""`git ccc export`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from ccc.cli.invocation import Invocation, pass_invocation
from ccc.cli.opening import open_workspace


@click.command("export")
@click.option(
    "--format",
    "format_",
    type=click.Choice(("jsonl", "csv")),
    default="jsonl",
    help="One JSON document a line, for import (default), or a table for spreadsheets",
)
@click.option(
    "--since", metavar="CURSOR", help="Only what is younger than this cursor, event, commit or time"
)
@click.option(
    "--type", "type_", metavar="TYPE", help="Only this type (session.committed) or family (session)"
)
@click.option("-o", "--output", metavar="FILE", default="-", help="Write FILE (default: standard output)")
@pass_invocation
def command_export(
    invocation: Invocation, format_: str, since: str | None, type_: str | None, output: str
) -> None:
    """Write every event out, oldest first

    Each line holds an event exactly as it is recorded, its commit, and the files that it names; redacted
    events come without their words. `git ccc import` reads it.
    """
    from ccc.ops.export import csv_lines, exported, jsonl

    workspace = open_workspace(invocation)
    events = exported(workspace, since=since, type=type_)
    tip = workspace.reader.tip()
    lines = csv_lines(events) if format_ == "csv" else (jsonl(one, tip) for one in events)
    if output == "-":
        for line in lines:
            invocation.terminal.out(line)
        return
    count = _write(invocation.path(output), lines) - (format_ == "csv")
    invocation.terminal.err(f"{count} event{'' if count == 1 else 's'} in {output}")


def _write(path: Path, lines: Iterator[str]) -> int:
    """Writes the file whole or not at all, readable by its owner alone; how many lines."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    count = 0
    try:
        fresh.touch(mode=0o600, exist_ok=False)
        with fresh.open("w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                file.write(f"{line}\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return count
