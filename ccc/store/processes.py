"""Which process holds something: recognised by id and start time, so that a reused id fools nobody."""

from __future__ import annotations

import os

from ccc.platform.processes import start_of


def own_name(lane: str) -> str:
    """`<lane>.<pid>.<start>` of this process."""
    return f"{lane}.{os.getpid()}.{start_of(os.getpid())}"


def lives(name: str) -> bool:
    """Whether the process with this `own_name` still runs."""
    _, _, rest = name.partition(".")
    pid, _, start = rest.partition(".")
    return pid.isdecimal() and start_of(int(pid)) == start
