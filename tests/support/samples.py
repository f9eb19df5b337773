"""Runs the sample commands through ccc's own entry point: `python -m tests.support.samples ARGS`."""

from __future__ import annotations

from functools import partial

from ccc.__main__ import run
from ccc.cli import main as entry
from ccc.cli.commands import Entry

SAMPLES = "tests.support.sample_commands"

TABLE = {
    "greet": Entry(SAMPLES, "Print a greeting", "Everyday"),
    "lines": Entry(SAMPLES, "Print many lines", "Everyday"),
    "page": Entry(SAMPLES, "Print text through the pager", "Everyday"),
    "fail": Entry(SAMPLES, "Fail in a chosen way", "Inside"),
    "secret-plumbing": Entry(SAMPLES, "Do something below the floor", "Plumbing"),
    "broken": Entry("tests.support.no_such_module", "Cannot be imported", "Upkeep"),
}

ORIENT = Entry(SAMPLES, "Say what is here", "Plumbing")

if __name__ == "__main__":
    entry.main = partial(entry.main, table=TABLE, orient=ORIENT)
    run()
