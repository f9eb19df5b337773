"""Which commands of a gate are for a landing, and for which other landings their results hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ccc.domain.globs import is_glob, matches
from ccc.ids import digest

KEY_DIGITS = 16


def covers(patterns: Iterable[str], path: str) -> bool:
    """Whether a path is among those that patterns name; one without signs names a file or a whole folder."""
    return any(
        matches(each, path)
        if is_glob(each)
        else path == each.rstrip("/") or path.startswith(each.rstrip("/") + "/")
        for each in patterns
    )


def concerns(
    patterns: Sequence[str], roles: Collection[str], changed: Iterable[str], role: str | None
) -> bool:
    """Whether a command is for a session of this role that changes these paths; without patterns for all."""
    if roles and role not in roles:
        return False
    return not patterns or any(covers(patterns, path) for path in changed)


def scope(patterns: Sequence[str], files: Mapping[str, str]) -> str:
    """What a command with these patterns can depend on, of a tree's files (path to mode and object id)."""
    lines = (f"{what} {path}\n" for path, what in sorted(files.items()) if covers(patterns, path))
    return digest("sha256", "".join(lines).encode("utf-8", "surrogateescape"))


def key_of(command: str, timeout: float, patterns: Sequence[str], base: str, tree: str) -> str:
    """What the result of a command belongs to: itself, and what it saw of the target and of the landed tree.

    `base` and `tree` are tree ids, or their `scope` where the command has patterns. Who lands the same
    tree on the same tree lands what was tested, whichever commits these trees are in.
    """
    words = "\0".join((command, f"{timeout:g}", *patterns, "", base, tree))
    return digest("sha256", words.encode("utf-8", "surrogateescape"))[:KEY_DIGITS]
