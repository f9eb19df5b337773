"""Small makers of roles and values for templates."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ccc.config.roles import Role, parse_role

MakesRole = Callable[..., Role]


@pytest.fixture
def make_role() -> MakesRole:
    """Makes a role of front matter lines and instructions."""

    def make(front: str = "", body: str = "Work well.", name: str = "servers") -> Role:
        text = f"---\ndescription: Builds servers\n{front}\n---\n{body}\n"
        return parse_role(name, text.encode(), f".ccc/roles/{name}.md")

    return make


@pytest.fixture
def values() -> dict[str, object]:
    """What a template may name of a session."""
    return {
        "session": "0123456789abcdef0123456789abcdef",
        "name": "backend-jwt-auth",
        "alias": "groucho",
        "role": "backend",
        "task": "Log in with JWT",
        "branch": "ccc/backend/jwt-auth",
        "target": "main",
        "base": "89abcdef0123456789abcdef0123456789abcdef",
        "worktree": "/home/developer/shop.ccc/backend-jwt-auth",
        "ports": 20010,
        "parent": None,
        "report": ".ccc/sessions/backend-jwt-auth/report.md",
    }
