"""The limits that are configured: of the target's commit and of the main checkout, the stricter of both."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ccc.domain.sessions import LIMITS, Limits
from ccc.errors import NotFound
from ccc.ops.policy import local_policy, target_policy_of
from ccc.ops.workspace import Workspace

if TYPE_CHECKING:
    from ccc.config.model import Limits as Configured

FRESH_SECONDS = 1.0
"""How long what was read counts: the queue asks for each of its sessions, in one go."""

MEMO = "_limits_configured"


def configured(workspace: Workspace, target: str) -> list[Configured]:
    """The limits as each of the two places says them. Raises BadConfig.

    An agent that edits the main checkout can only make them stricter; nothing is read from its branch.
    """
    memo: dict[str, tuple[float, list[Configured]]] = vars(workspace).setdefault(MEMO, {})
    at, found = memo.get(target, (-FRESH_SECONDS, []))
    if time.monotonic() - at >= FRESH_SECONDS:
        found = _read(workspace, target)
        memo[target] = (time.monotonic(), found)
    return found


def _read(workspace: Workspace, target: str) -> list[Configured]:
    found = [local_policy(workspace).settings.config.limits]
    try:
        found.append(target_policy_of(workspace, target).settings.config.limits)
    except NotFound:  # the target is gone, which is said elsewhere
        return found
    return found


def stricter(many: Sequence[Limits]) -> Limits:
    """Of each kind the least."""

    def least(kind: str) -> int | None:
        return min((value for each in many if (value := getattr(each, kind)) is not None), default=None)

    return Limits(*(least(kind) for kind in LIMITS))
