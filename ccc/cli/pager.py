"""Shows long text in the user's pager, as git does."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping

DEFAULTS = {"LESS": "FRX", "LV": "-c"}
"""git's defaults: quit when it fits one screen, show colours, leave the text on the screen."""

NOT_FOUND = 127


def show(text: str, command: str, environment: Mapping[str, str]) -> bool:
    """Feeds the text to the pager and waits until the user leaves it; False when there is no such program.

    The command line is the user's own and runs in a shell, as git runs it. A pager that is closed
    early is no error.
    """
    variables = {**DEFAULTS, **environment, "GIT_PAGER_IN_USE": "true"}
    process = subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, env=variables)
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        process.communicate(text.encode("utf-8", "backslashreplace"))
    return _wait(process) != NOT_FOUND


def _wait(process: subprocess.Popen[bytes]) -> int:
    """An interrupt belongs to the pager while it runs."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def is_none(command: str) -> bool:
    """Whether the pager's command line means to use none."""
    return command.strip() in ("", "cat")
