"""How busy this machine is: load for each processor, and memory that is free; None where nobody says."""

from __future__ import annotations

import os
from pathlib import Path

from ccc.platform.processes import PROC

CGROUP = Path("/sys/fs/cgroup")


def load_per_processor() -> float | None:
    """Processes that want a processor, averaged over a minute, for each processor this process may use."""
    try:
        return os.getloadavg()[0] / processors()
    except OSError:
        return None


def processors() -> int:
    """How many processors this process may use, at least 1."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:
        return max(1, os.cpu_count() or 1)


def free_memory() -> int | None:
    """Bytes that programs can still get without others being pushed out; at most what a container may use."""
    machine = _machine_memory()
    container = _container_memory()
    known = [each for each in (machine, container) if each is not None]
    return min(known) if known else None


def _machine_memory() -> int | None:
    try:
        for line in (PROC / "meminfo").read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name == "MemAvailable":
                return int(rest.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return _by_psutil()


def _by_psutil() -> int:
    import psutil  # 20 ms, and only where /proc does not say

    return int(psutil.virtual_memory().available)


def _container_memory() -> int | None:
    """What is left below the limit of the control group that the machine's root shows (cgroup v2)."""
    try:
        limit = (CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = int((CGROUP / "memory.current").read_text(encoding="ascii"))
        stat = (CGROUP / "memory.stat").read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    if not limit.isdecimal():
        return None
    cached = sum(int(line.split()[1]) for line in stat.splitlines() if line.startswith("inactive_file "))
    return max(0, int(limit) - used + cached)
