"""Looking at merges without leaving anything behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ccc.ops.workspace import Workspace


@contextmanager
def peek(workspace: Workspace) -> Iterator[Workspace]:
    """The same workspace for reading commands: objects that a merge makes go into a folder that goes with it.

    `git merge-tree` stores the trees it makes; a reading command must work where nothing can be written.
    """
    import tempfile  # 10 ms with what it imports, only where something is merged

    from ccc.git.mergetree import quarantined

    workspace.reader.tip()  # where it must be mended, that is done now, and not among what goes away
    with tempfile.TemporaryDirectory(prefix="ccc-peek-") as folder:
        git = quarantined(workspace.git, Path(folder), workspace.repository.common)
        aside = Workspace(replace(workspace.repository, git=git), workspace.directory, workspace.environment)
        aside.policies = workspace.policies
        try:
            yield aside
        finally:
            if "reader" in vars(aside):  # else asking for it would start a git to end it
                aside.reader.close()
