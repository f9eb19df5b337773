"""The configuration in force, each value with where it comes from."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from ccc.errors import NotFound
from ccc.ops.inforce import pending
from ccc.ops.policy import local_policy
from ccc.ops.workspace import Workspace
from ccc.records import dataclass


@dataclass(frozen=True)
class Value:
    """A dotted key, its value (as in JSON) and its origin: a file, a profile, a variable, or `default`.

    `in_force`: false for what decides at the target alone, and is another one there.
    """

    key: str
    value: Any
    origin: str
    in_force: bool = True


def values(workspace: Workspace, key: str | None = None) -> list[Value]:
    """Every value, or those of one key or section. Raises NotFound with near keys, BadConfig."""
    settings = local_policy(workspace).settings
    every: Mapping[str, Any] = settings.values()
    wanted = [name for name in every if key is None or name == key or name.startswith(f"{key}.")]
    if not wanted:
        near = difflib.get_close_matches(str(key), every, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "git ccc config lists every key"
        raise NotFound(f"no configuration key {key}", hint)
    idle = pending(workspace).keys
    origins = settings.origins
    return [Value(name, every[name], origins.get(name, "default"), name not in idle) for name in wanted]
