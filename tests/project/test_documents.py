"""The project's own papers agree with each other."""

from __future__ import annotations

import re
import tomllib

from ccc import __version__
from tests.support.program import PROJECT

ROW = re.compile(r"\b[GSRMQHIO]\d{1,2}\b")


def table_rows() -> list[str]:
    text = (PROJECT / "docs" / "features.md").read_text(encoding="utf-8")
    return re.findall(r"^\| ([A-Z]\d+) \| .+ \| (?:done|begun|planned) \|$", text, re.M)


def test_every_row_is_explained_once_in_order() -> None:
    counts = {"G": 9, "S": 18, "R": 11, "M": 7, "Q": 9, "H": 4, "I": 9, "O": 10}
    assert table_rows() == [
        f"{group}{number + 1}" for group, count in counts.items() for number in range(count)
    ]


def test_changelog_names_known_rows_and_the_version() -> None:
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {__version__}" in text
    assert set(ROW.findall(text)) <= set(table_rows())


def test_lock_pins_every_direct_dependency() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    lines = (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines if "==" in line}
    assert {re.split(r"[<>=]", item)[0].lower() for item in wanted} <= pinned
