"""Starting processes of ccc's own that go on by themselves, whatever becomes of who started them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

MARKERS = ("CCC_SESSION", "CCC_NAME", "CCC_ROLE", "CCC_PORT_BASE", "CCC_RUN", "CCC_WITHHELD", "CLAUDECODE")
"""Variables that say that something runs inside an agent: what is started here does not."""


def start(
    command: Sequence[str], environment: Mapping[str, str] | None = None, *, folder: str | Path = "/"
) -> None:
    """Starts a process with every descriptor redirected, in a session of its own; does not wait for it.

    `environment`: without, that of this process but for MARKERS; `folder` is where it runs. Raises OSError.
    """
    if environment is None:
        environment = {name: value for name, value in os.environ.items() if name not in MARKERS}
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=folder,
        env=environment,
    )
    process.returncode = 0  # nobody waits for it: the system does when this process has ended
