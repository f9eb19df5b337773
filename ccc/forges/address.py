"""Which repository on which forge a remote's address means."""

from __future__ import annotations

import re

from ccc.errors import Refused
from ccc.records import dataclass

URL = re.compile(r"^[a-z+]+://(?:[^@/]*@)?(?P<host>[^/:]+)(?::\d+)?/(?P<path>.+?)/?$")
SCP = re.compile(r"^(?:[^@/:]+@)?(?P<host>[^/:]+):(?P<path>[^/].*?)/?$")
GITHUB, GITLAB = "github", "gitlab"


@dataclass(frozen=True)
class Address:
    """A repository (`owner/name`, on GitLab with all its groups) on a host."""

    host: str
    path: str


def address_of(url: str) -> Address:
    """The repository that a remote's URL names. Raises Refused for a path or a file."""
    found = URL.match(url) or SCP.match(url)
    if found is None or "/" not in found["path"]:
        raise Refused(
            "the remote is no repository on a forge, so no request can be opened there",
            'land.remote names the one that is; or land.landing = "push"',
        )
    return Address(found["host"], found["path"].removesuffix(".git"))


def kind_of(address: Address, configured: str | None) -> str:
    """`github` or `gitlab`: as configured, or as the host's name says. Raises Refused."""
    if configured is not None:
        return configured
    for kind in (GITHUB, GITLAB):
        if kind in address.host:
            return kind
    raise Refused(
        f"whether {address.host} is GitHub or GitLab is not known", 'land.forge = "github" or "gitlab"'
    )
