"""What the team calls a secret beside known shapes: `privacy.patterns`, read without the settings' library.

Every process that records asks for them, so this costs 0.1 ms where there are none.
"""

from __future__ import annotations

from ccc.domain.secrets import Filter
from ccc.git import repository as repositories
from ccc.ops.workspace import Workspace

CONFIG_FILE = ".ccc/config.toml"


def filter_of(workspace: Workspace) -> Filter:
    """The filter that everything recorded passes: known shapes, and the main checkout's own patterns.

    In a bare repository those of the commit at HEAD; those too while the checkout's file is being edited and
    is not valid.
    """
    patterns = _patterns(_checked_out(workspace))
    if patterns is None:
        patterns = _patterns(_committed(workspace)) or ()
    return Filter(patterns)


def _checked_out(workspace: Workspace) -> bytes | None:
    if workspace.checkout is None:
        return None
    try:
        return (workspace.checkout / CONFIG_FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return b""
    except OSError:
        return None


def _committed(workspace: Workspace) -> bytes:
    if repositories.resolve(workspace.git, "HEAD") is None:
        return b""
    return workspace.git.run("cat-file", "blob", f"HEAD:{CONFIG_FILE}", ok=(0, 128)).out


def _patterns(content: bytes | None) -> tuple[str, ...] | None:
    """The patterns in a file; None for one that is not valid, `git ccc config` says why."""
    if content is None:
        return None
    if b"privacy" not in content:
        return ()
    import tomllib  # 10 ms, where a team has patterns

    try:
        section = tomllib.loads(content.decode("utf-8-sig")).get("privacy", {})
        found = section.get("patterns", []) if isinstance(section, dict) else None
        patterns = [found] if isinstance(found, str) else found
        if not isinstance(patterns, list) or not all(isinstance(each, str) for each in patterns):
            return None
        return Filter(patterns).patterns
    except (ValueError, RecursionError):
        return None
