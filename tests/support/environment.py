"""The environment tests run in: private, and free of whatever surrounds the test run."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

REMOVED_PREFIXES = ("GIT_", "CCC_", "CLAUDE_", "XDG_", "LC_")
REMOVED = frozenset(
    {
        *("PYTHONDONTWRITEBYTECODE", "CLAUDECODE", "NO_COLOR", "PAGER", "LESS", "EDITOR", "VISUAL"),
        *("COLUMNS", "LINES", "LANG"),
    }
)

GITCONFIG = """\
[user]
\tname = Developer
\temail = developer@example.com
[init]
\tdefaultBranch = main
[commit]
\tgpgSign = false
[gc]
\tauto = 0
[advice]
\tdetachedHead = false
[protocol "file"]
\tallow = always
"""


def sealed_environment(root: Path, source: Mapping[str, str] | None = None) -> dict[str, str]:
    """A complete environment whose HOME, temp and configuration folders lie below `root`, and makes them.

    The developer is configured by role; system configuration, editors, locale and agent variables are gone.
    """
    inherited = os.environ if source is None else source
    kept = {
        name: value
        for name, value in inherited.items()
        if name not in REMOVED and not name.startswith(REMOVED_PREFIXES)
    }
    home, temporary = root / "home", root / "tmp"
    home.mkdir(parents=True, exist_ok=True)
    temporary.mkdir(exist_ok=True)
    gitconfig = home / ".gitconfig"
    gitconfig.write_text(GITCONFIG, encoding="utf-8")
    return kept | {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_STATE_HOME": str(home / ".local" / "state"),
        "TMPDIR": str(temporary),
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "GIT_CONFIG_GLOBAL": str(gitconfig),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_EDITOR": "false",
        "GIT_TERMINAL_PROMPT": "0",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]),
    }
