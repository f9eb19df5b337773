"""What a host is given for its own work and its agent is not: the secrets that sign notices.

The agent has them neither in its environment nor in that of its tools; a program of the same user that reads
`/proc/<host>/environ` can find them. Against that only another user, a container or a sandbox helps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NAME = "CCC_WITHHELD"


def given(environment: Mapping[str, str], source: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """An agent's environment for its host: with those of `names` that are set in `source`, marked."""
    found = {name: source[name] for name in names if name in source and name not in environment}
    return {**environment, **found, NAME: ",".join(found)} if found else dict(environment)


def without(environment: Mapping[str, str]) -> dict[str, str]:
    """A host's environment as its agent gets it."""
    names = {NAME, *environment.get(NAME, "").split(",")}
    return {key: value for key, value in environment.items() if key not in names}
