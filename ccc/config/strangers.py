"""What the configuration limits for roles that there are not: a slip of the hand, and no limit holds."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from ccc.config.roles import RoleSet, built_in_names
from ccc.config.settings import Settings
from ccc.config.twins import Problem


def strangers(settings: Settings, roles: RoleSet, where: str) -> Iterator[Problem]:
    """Each key of `limits.per_role` and `limits.role` that names no role; `where` is the configuration."""
    known = sorted({*built_in_names(), *roles.own})
    tables: dict[str, Mapping[str, object]] = {
        "limits.per_role": settings.limits.per_role,
        "limits.role": settings.limits.role,
    }
    for table, named in tables.items():
        for name in named:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=2)
                hint = f"did you mean {' or '.join(near)}?" if near else "git ccc roles lists them"
                yield Problem(f"{where}/config.toml", f"{table}: no role {name}", hint)
