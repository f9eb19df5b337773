"""The configuration in force, each value with where it comes from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from ccc.errors import NotFound
from ccc.ops.policy import local_policy
from ccc.ops.workspace import Workspace
from ccc.records import dataclass


@dataclass(frozen=True)
class Value:
    """A dotted key, its value (as in JSON) and its origin: a file, a profile, a variable, or `default`."""

    key: str
    value: Any
    origin: str


def values(workspace: Workspace, key: str | None = None) -> list[Value]:
    """Every value, or those of one key or section. Raises NotFound with near keys, BadConfig."""
    settings = local_policy(workspace).settings
    every: Mapping[str, Any] = settings.values()
    wanted = [name for name in every if key is None or name == key or name.startswith(f"{key}.")]
    if not wanted:
        near = difflib.get_close_matches(str(key), every, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "git ccc config lists every key"
        raise NotFound(f"no configuration key {key}", hint)
    return [Value(name, every[name], settings.origins.get(name, "default")) for name in wanted]
