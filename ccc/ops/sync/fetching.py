"""Letting a plain `git fetch` bring what others share: one more line in the remote's configuration."""

from __future__ import annotations

import re

from ccc.errors import Refused
from ccc.git import repository as repositories
from ccc.git.configuring import configure
from ccc.ops.sync.enabled import ITSELF, THERE, folder_of
from ccc.ops.workspace import Workspace

KEYS = r"^remote\..*\.fetch$"


def add(workspace: Workspace, remote: str) -> None:
    """Adds the line, once. Raises Refused in a partial clone, where git would leave out our files."""
    if remote == ITSELF:
        raise Refused("there is nothing to fetch from the repository itself", "leave --with-fetch out")
    if repositories.config(workspace.repository, f"remote.{remote}.partialclonefilter"):
        raise Refused("this is a partial clone: git fetch would bring half of it", "leave --with-fetch out")
    remove(workspace, remote)
    configure(workspace.git, "--local", "--add", f"remote.{remote}.fetch", _line(remote))


def remove(workspace: Workspace, remote: str) -> None:
    """Takes the line away, also from a remote renamed since; a configuration without it is left alone."""
    line = _line(remote)
    pattern = f"^{re.escape(line)}$"
    found = workspace.git.run(
        "config", "--local", "--name-only", "-z", "--get-regexp", KEYS, pattern, ok=(0, 1)
    )
    for key in sorted(set(found.text.split("\0")) - {""}):
        configure(workspace.git, "--local", "--unset-all", key, pattern)


def _line(remote: str) -> str:
    return f"+{THERE}*:{folder_of(remote)}*"
