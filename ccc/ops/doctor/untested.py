"""Which parts of the platform no test of ccc has run on: system, processor, C library, shell, file system."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

from ccc.git import version
from ccc.git.hookway import OLDEST as HOOKS_IN_CONFIGURATION
from ccc.ops.workspace import Workspace

SYSTEMS = {
    "macos": "process identity without /proc, case-insensitive paths and HFS+ names",
    "wsl": "worktrees below /mnt (Windows drives) and file times there",
    "other": "everything: no test has run on this system",
}
PROCESSORS = frozenset({"x86_64", "amd64"})
SHELLS = frozenset({"dash", "bash", "busybox"})
"""What hooks have run in as `/bin/sh`."""

REMOTE = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "vboxsf", "prl_fs", "drvfs", "ceph", "glusterfs"}
)
"""File systems of other machines, on which locks and exclusive creation are promised by somebody else."""

NEWEST_GIT = (2, 55)
MOUNTS = Path("/proc/self/mountinfo")
OCTAL = re.compile(r"\\([0-7]{3})")
"""How spaces stand in the names of mount points."""


def parts(workspace: Workspace) -> Iterator[str]:
    """Each untested part in words; nothing where all is as in the tests. Raises GitFailed."""
    system = kind_of_system(platform.system(), platform.release())
    if system in SYSTEMS:
        yield SYSTEMS[system]
    if platform.machine().lower() not in PROCESSORS:
        yield f"the processor {platform.machine()}"
    if system == "linux" and platform.libc_ver()[0] != "glibc":
        yield "a C library other than glibc"
    shell = Path("/bin/sh").resolve().name
    if shell not in SHELLS:
        yield f"hooks in {shell} as /bin/sh"
    kind = file_system(workspace.repository.common, MOUNTS)
    if kind in REMOTE or kind.startswith("fuse"):
        yield f"locks on the file system {kind}, where the repository is"
    found = version.version(workspace.git)
    if found[:2] > NEWEST_GIT:
        yield f"git {'.'.join(map(str, found))}: {'.'.join(map(str, NEWEST_GIT))} is the newest tested"
    if found[:2] == HOOKS_IN_CONFIGURATION and _has_configured_hooks(workspace):
        yield "ccc's own runs of git 2.54, for which your hooks in configuration cannot be switched off"


def kind_of_system(name: str, release: str) -> str:
    """`linux`, `wsl`, `macos` or `other`, from what `uname` says."""
    if name == "Linux":
        return "wsl" if "microsoft" in release.lower() else "linux"
    return "macos" if name == "Darwin" else "other"


def file_system(path: Path, mounts: Path) -> str:
    """The type of file system a path is on (proc_pid_mountinfo(5)); "" where that is not told."""
    try:
        lines = os.fsdecode(mounts.read_bytes()).splitlines()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        words = before.split(" ")
        if len(words) < 5 or not after:
            continue
        point = Path(OCTAL.sub(lambda found: chr(int(found[1], 8)), words[4]))
        depth = len(point.parts)
        if path.is_relative_to(point) and depth >= best:
            best, kind = depth, after.split(" ", 1)[0]
    return kind


def _has_configured_hooks(workspace: Workspace) -> bool:
    found = workspace.git.run("config", "--name-only", "--get-regexp", r"^hook\..*\.event$", ok=(0, 1))
    return bool(found.text)
