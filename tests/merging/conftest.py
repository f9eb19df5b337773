"""A repository prepared for ccc, with sessions worked by hand."""

from __future__ import annotations

from tests.flow.conftest import diary, ready, spawn

__all__ = ["diary", "ready", "spawn"]
