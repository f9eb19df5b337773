"""`git ccc` and `python -m ccc`."""

from __future__ import annotations

import gc
from typing import NoReturn

COLLECT_AFTER = 50_000
"""New objects between two searches for circles; Python's 700 cost a short command a tenth of its time."""


def run() -> NoReturn:
    """The console script: this process's arguments, its streams, its exit code."""
    gc.set_threshold(COLLECT_AFTER)
    from ccc.cli.main import run as run_command_line  # not before: its imports are half of a short command

    run_command_line()


if __name__ == "__main__":
    run()
