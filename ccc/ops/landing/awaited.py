"""What is said to who waits for a gate: that it runs, or whose gate it waits for and what ends that."""

from __future__ import annotations

import time
from collections.abc import Callable

from ccc.ops.landing import running
from ccc.ops.landing.review import Review
from ccc.ops.look import look
from ccc.ops.workspace import Workspace

OTHERS_SECONDS = 0.5
"""How long only gates of others run before that is said: the next one begins between two looks."""


class Awaited:
    """One wait for the gate of what is `shown`; tells each thing once, when it has come to that."""

    def __init__(self, workspace: Workspace, shown: Review, tell: Callable[[str], None]) -> None:
        self._workspace, self._shown, self._tell = workspace, shown, tell
        self._begun = False
        self._others: frozenset[str] = frozenset()
        self._since = time.monotonic()

    def look(self) -> None:
        """Looks at what runs now, and tells what is new of it."""
        there = frozenset(each.session for each in running.all_running(self._workspace.layout))
        if self._shown.session.id in there or not there:
            self._since = time.monotonic()
            self._begin()
        elif there != self._others and time.monotonic() - self._since > OTHERS_SECONDS:
            self._others = there
            self._tell(self._waiting(there))

    def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            self._tell(f"running the gate of {self._shown.combined.target} on the combined tree ...")

    def _waiting(self, there: frozenset[str]) -> str:
        names = [each.name for each in look(self._workspace).sessions if each.id in there]
        whose = f"the gate of {names[0]} runs" if len(names) == 1 else f"gates of {', '.join(names)} run"
        return (
            f"{self._shown.session.name} waits for its gate: {whose} first ...\n"
            f"hint: git ccc merge --abort {' '.join(names)} ends that; queue.parallel lets more run at once"
        )
