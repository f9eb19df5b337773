"""What the configuration says for roles that there are not: a slip of the hand, and nothing of it holds."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator

from ccc.config.roles import RoleSet, built_in_names
from ccc.config.settings import Settings
from ccc.config.twins import Problem


def strangers(settings: Settings, roles: RoleSet, where: str) -> Iterator[Problem]:
    """Each key of `limits.per_role` and `limits.role`, and each of the gate's `roles`, that names no role.

    `where` is the configuration.
    """
    known = sorted({*built_in_names(), *roles.own})
    tables: dict[str, Collection[str]] = {
        "limits.per_role": settings.limits.per_role,
        "limits.role": settings.limits.role,
        "gate.commands": [role for command in settings.gate for role in command.roles],
    }
    for table, named in tables.items():
        for name in named:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=2)
                hint = f"did you mean {' or '.join(near)}?" if near else "git ccc roles lists them"
                yield Problem(f"{where}/config.toml", f"{table}: no role {name}", hint)
