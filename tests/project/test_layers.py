"""Imports point down the layers only, and each outside thing has one door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.program import PROJECT

LAYERS = (
    *("cli", "servers", "demo", "views", "ops", "host", "engines", "forges", "config"),
    *("store", "git", "runs", "platform", "domain", ""),
)
"""From the top; the empty name stands for the modules directly in `ccc/`."""

ALLOWED_UP = {
    ("ops", "views"): "handoff: composing and rendering share the budget",
}
DOORS = {
    "pygit2": {"ccc/git/libgit.py"},
    "jinja2": {"ccc/templating.py"},
    "mcp": {"ccc/servers/mcp/errors.py", "ccc/servers/mcp/server.py"},
}


def modules() -> list[Path]:
    return sorted((PROJECT / "ccc").rglob("*.py"))


def imports(file: Path) -> set[str]:
    """The modules a file imports when it is loaded or run, those for type checkers aside."""
    found: set[str] = set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in guarded:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def layer(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LAYERS else ""


def test_imports_point_down_only() -> None:
    wrong = []
    for file in modules():
        name = ".".join(file.relative_to(PROJECT).with_suffix("").parts)
        mine = layer(name)
        for imported in imports(file):
            theirs = layer(imported)
            if not imported.startswith("ccc.") or (mine, theirs) in ALLOWED_UP:
                continue
            if LAYERS.index(theirs) < LAYERS.index(mine) and file.name != "__main__.py":
                wrong.append(f"{name} imports {imported}")
    assert wrong == []


@pytest.mark.parametrize("library", DOORS)
def test_each_outside_thing_has_one_door(library: str) -> None:
    users = {
        str(file.relative_to(PROJECT))
        for file in modules()
        if library in {i.split(".")[0] for i in imports(file)}
    }
    assert users == DOORS[library]


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = {
        file.name: n for file in modules() if (n := len(file.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}
