"""Checks of the machine: git, agents, the manual, the system."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from ccc.git import version
from ccc.ops.doctor import untested
from ccc.ops.doctor.finding import Finding
from ccc.ops.service import service as of_boot
from ccc.ops.workspace import Workspace

AGENTS = ("claude", "codex", "gemini", "opencode")


def git_version(workspace: Workspace) -> Iterator[Finding]:
    """Whether git is new enough. `version.require` names the one needed."""
    found = workspace.git.text("version").removeprefix("git version ")
    version.require(workspace.git)
    yield Finding("git version", True, found)


def agents(workspace: Workspace) -> Iterator[Finding]:
    """Which agents' programs are on PATH; none of them is needed to work by hand."""
    path = workspace.environment.get("PATH")
    found = [name for name in AGENTS if shutil.which(name, path=path)]
    absent = [name for name in AGENTS if name not in found]
    words = [", ".join(found) or "none found"] + ([f"not on PATH: {', '.join(absent)}"] if absent else [])
    yield Finding("agents", True, "; ".join(words))


def man_page(workspace: Workspace) -> Iterator[Finding]:
    """Whether `git ccc --help` will find its page; `git ccc -h` works without."""
    for folder in _manual_folders(workspace):
        if (folder / "man1" / "git-ccc.1").exists() or (folder / "man1" / "git-ccc.1.gz").exists():
            yield Finding("manual", True, str(folder / "man1"))
            return
    own = Path(sys.prefix) / "share" / "man"
    yield Finding(
        "manual", True, "git-ccc(1) is not where man looks; git ccc -h works", f"add {own} to MANPATH"
    )


def _manual_folders(workspace: Workspace) -> Iterator[Path]:
    """As man-db looks: MANPATH, then `share/man` beside every folder of PATH."""
    environment = workspace.environment
    for folder in environment.get("MANPATH", "").split(os.pathsep):
        if folder:
            yield Path(folder)
    for folder in environment.get("PATH", "").split(os.pathsep):
        if folder:
            yield Path(folder).parent / "share" / "man"
            yield Path(folder).parent / "man"
    yield Path("/usr/local/share/man")
    yield Path("/usr/share/man")


def service(workspace: Workspace) -> Iterator[Finding]:
    """Whether sessions come back by themselves after a boot; optional."""
    found = of_boot(workspace)
    if found.stale:
        words = f"{found.stale[-1]} is for a place that this repository has left"
        yield Finding(
            "service", False, words, "git ccc service install --yes, or: git ccc service remove --yes"
        )
    elif found.written is None:
        words = "none: after a boot the next ccc command brings sessions back"
        yield Finding("service", True, words, None)
    elif found.written and found.enabled:
        yield Finding("service", True, f"brings sessions back after a boot: {found.unit}")
    else:
        what = "is not enabled" if found.written else "was written for another place or another Python"
        yield Finding("service", False, f"{found.unit} {what}", "git ccc service install --yes")


def system(workspace: Workspace) -> Iterator[Finding]:
    """What this machine is, and which parts of it are untested."""
    words = f"{platform.system()} {platform.machine()}"
    found = list(untested.parts(workspace))
    if found:
        yield Finding("platform", True, f"{words}; untested here: {'; '.join(found)}")
    else:
        yield Finding("platform", True, f"{words}: complete")
