"""What a branch would change of that which decides trust: shown before everything else (CONTRACT §6)."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.domain.approving import DECIDING, OWN_FILES
from ccc.domain.globs import matches
from ccc.git.command import Git
from ccc.git.history import FileChange
from ccc.ops.landing.combine import Combined

FOLDER = ".ccc"


def paths_of(changes: Sequence[FileChange]) -> list[str]:
    """Every path that a change touches: of a renamed file both."""
    return list(
        dict.fromkeys(path for each in changes for path in (each.old_path, each.path) if path is not None)
    )


def deciding(changes: Sequence[FileChange]) -> list[str]:
    """Those of the changed paths that decide: roles, configuration, signers; not sessions' own files."""
    return [path for path in paths_of(changes) if matches(DECIDING, path) and not matches(OWN_FILES, path)]


def warnings(changes: Sequence[FileChange]) -> list[str]:
    """One line for each changed path that decides."""
    return [f"changes what decides trust: {path}" for path in deciding(changes)]


def patch(git: Git, combined: Combined, changes: Sequence[FileChange]) -> tuple[str, ...]:
    """The change of those paths, whole, in lines; empty where there is none."""
    if combined.tree is None or not deciding(changes):
        return ()
    asked = ("diff-tree", "-p", "--text", "--no-ext-diff", "--no-textconv", "--no-renames", "--no-color")
    own = f":(exclude,glob){OWN_FILES}"
    found = git.run(*asked, combined.base, combined.tree, "--", f":(glob){DECIDING}", own)
    return tuple(found.out.decode("utf-8", "replace").removesuffix("\n").split("\n"))
