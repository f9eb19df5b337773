"""Changing the shared git configuration, which git itself and other programs change as well."""

from __future__ import annotations

import re
import time
from collections.abc import Container

from ccc.errors import GitFailed, GitLocked
from ccc.git.command import Git

PATIENCE_SECONDS = 5.0
AGAIN_SECONDS = 0.02
UNREASONED = r"could not lock config file .*config\Z"


def configure(git: Git, *words: str, ok: Container[int] = (0,), patience: float = PATIENCE_SECONDS) -> None:
    """Runs a `git config` that writes; waits at most `patience` seconds while another one writes the file.

    Raises GitLocked (a lock that nobody takes away), GitFailed.
    """
    end = time.monotonic() + patience
    while True:
        try:
            git.run("config", *words, ok=ok)
        except GitFailed as error:
            if not _is_taken(error) or time.monotonic() > end:
                raise
            time.sleep(AGAIN_SECONDS)
        else:
            return


def _is_taken(error: GitFailed) -> bool:
    """Whether another one writes the file now; of a section git says that without the reason (config.c)."""
    return isinstance(error, GitLocked) or re.search(UNREASONED, error.message) is not None
