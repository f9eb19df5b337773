"""Sessions in which a rehearsed agent works and spends."""

from __future__ import annotations

from tests.agents.conftest import Starts as Starts
from tests.agents.conftest import ready, start

__all__ = ["ready", "start"]
