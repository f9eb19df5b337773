"""The radar's settings, without validating again a configuration that has been found good.

A round follows every commit, and the import of pydantic (150 ms of processor time) was a third of it. So what
came of a configuration is kept in `ccc/cache/`, keyed by every byte that was read for it. Whoever can write
there can write the configuration itself, and decides no more by it than whether conflicts are looked for:
gates, checks, approvals, limits and commands are validated afresh by each process that goes by them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ccc import __version__
from ccc.errors import BadConfig, GitFailed
from ccc.ids import digest
from ccc.ops.policy import local_files, validated
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.cache import Cache

KIND = "radar-settings"
FORMAT = 1
"""Counts up when the rules of the configuration change within a version."""


@dataclass(frozen=True)
class RadarSettings:
    """Section `radar` of the configuration, with its defaults."""

    on: bool = True
    hot: int = 3


def settings_of(workspace: Workspace) -> RadarSettings:
    """As the main checkout has it; a file that cannot be read, which is said elsewhere, turns nothing off."""
    try:
        files, where = local_files(workspace)
        return _found_good(workspace, files, where) if files else RadarSettings()
    except (BadConfig, GitFailed):
        return RadarSettings()


def _found_good(workspace: Workspace, files: Mapping[str, bytes], where: str) -> RadarSettings:
    """Raises BadConfig."""
    cache, signature = Cache(workspace.layout.cache), _signature(files, where)
    match cache.get(KIND, signature):
        case {"on": bool(on), "hot": int(hot)}:
            return RadarSettings(on, hot)
    found = validated(files, where, {}).settings.radar
    cache.put(KIND, signature, {"on": found.on, "hot": found.hot})
    return RadarSettings(found.on, found.hot)


def _signature(files: Mapping[str, bytes], where: str) -> str:
    prints = {path: digest("sha256", content) for path, content in files.items()}
    return f"{__version__} {FORMAT} {digest('sha256', json.dumps([where, prints]).encode())}"
