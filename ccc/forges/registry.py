"""Which forge a remote is on."""

from __future__ import annotations

from collections.abc import Mapping

from ccc.forges.address import GITHUB, address_of, kind_of
from ccc.forges.github import GitHub
from ccc.forges.gitlab import GitLab
from ccc.forges.program import Program
from ccc.forges.protocol import Forge


def forge_at(url: str, configured: str | None, environment: Mapping[str, str]) -> Forge:
    """The forge behind a remote's URL, by the user's own login. Raises Refused."""
    address = address_of(url)
    if kind_of(address, configured) == GITHUB:
        return GitHub(Program("gh", address.host, environment), address.path)
    return GitLab(Program("glab", address.host, environment), address.path)
