"""Sessions worked by hand, for the radar."""

from __future__ import annotations

from tests.agents.conftest import start
from tests.flow.conftest import ready, spawn

__all__ = ["ready", "spawn", "start"]
