"""Finds the files that ship with ccc: hook scripts, templates, the example configuration."""

from __future__ import annotations

from pathlib import Path

from ccc.errors import NotFound

PACKAGE = Path(__file__).resolve().parent

IN_CHECKOUT = {"hooks": "hooks", "templates": "templates", "example": ".ccc.example"}
"""Kind → folder at the top of a checkout; in a wheel it is `ccc/_data/<kind>` (pyproject.toml)."""


def resource_dir(kind: str) -> Path:
    """The folder of shipped files of a kind: "hooks", "templates" or "example".

    An installed wheel carries them inside the package, a checkout at its top. Raises NotFound when
    neither is there, KeyError for another kind.
    """
    return find_resources(kind, PACKAGE)


def find_resources(kind: str, package: Path) -> Path:
    """As `resource_dir`, for the package that lies at `package`."""
    shipped = package / "_data" / kind
    checkout = package.parent / IN_CHECKOUT[kind]
    is_checkout = (package.parent / "pyproject.toml").is_file()
    for folder in (checkout, shipped) if is_checkout else (shipped,):
        if folder.is_dir():
            return folder
    raise NotFound(f"the installed ccc has no {kind} folder at {shipped}", "install git-ccc again")
