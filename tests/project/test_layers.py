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


def loaded_with(file: Path, names: dict[str, Path]) -> set[Path]:
    """The files of ccc that are loaded when a file is: its imports outside functions, and their packages.

    Not the packages that it is in itself: those are being loaded when it is.
    """
    found: set[Path] = set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        wanted: list[str] = []
        if isinstance(node, ast.Import):
            wanted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            wanted = [name if name in names else node.module for name in inner]
        for name in wanted:
            found |= {names[each] for each in (name, *packages_of(name)) if each in names}
    return {each for each in found if each != file and not is_around(each, file)}


def packages_of(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def is_around(package: Path, file: Path) -> bool:
    return package.name == "__init__.py" and package.parent in file.parents


def test_no_module_is_loaded_by_what_it_loads() -> None:
    """In a circle it depends on who is asked for first whether anything can be loaded at all.

    Processes that tests fork from a warm one have everything already, and would never see it.
    """
    names = {}
    for file in modules():
        dotted = ".".join(file.relative_to(PROJECT).with_suffix("").parts)
        names[dotted.removesuffix(".__init__")] = file
    loads = {file: loaded_with(file, names) for file in names.values()}
    while free := [file for file, theirs in loads.items() if not theirs]:
        for file in free:
            del loads[file]
        for theirs in loads.values():
            theirs.difference_update(free)
    while unwanted := set(loads) - set().union(*loads.values()):
        loads = {file: theirs for file, theirs in loads.items() if file not in unwanted}
    assert sorted(str(file.relative_to(PROJECT)) for file in loads) == [], "these load each other"


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = {
        file.name: n for file in modules() if (n := len(file.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}
