"""What is answered without click is what click's command answers."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ccc.cli import quick
from ccc.cli.main import main
from ccc.cli.status import command_status
from ccc.domain.events import Draft
from ccc.later import Later
from ccc.layout import Layout
from ccc.store import journal
from tests.support.program import RunsCcc, in_fresh_python
from tests.support.repository import Repo

FLAGS = sorted(quick.STATUS_FLAGS)
SETS = [list(some) for count in range(len(FLAGS) + 1) for some in itertools.combinations(FLAGS, count)]
MOMENTS = {"as_of", "now", "time", "at"}


def lasting(document: Any) -> Any:
    """A document without the moments in it."""
    if isinstance(document, dict):
        return {key: lasting(value) for key, value in document.items() if key not in MOMENTS}
    return [lasting(each) for each in document] if isinstance(document, list) else document


@pytest.fixture
def ready(repo: Repo, ccc_inline: RunsCcc) -> Repo:
    """A repository with a session, and one that is closed."""
    ccc_inline("init", exit=0)
    for task in ("One", "Two"):
        ccc_inline("spawn", "backend", task, "--no-start", exit=0)
    ccc_inline("close", "backend-two", exit=0)
    return repo


AGE = re.compile(r" +(?:now|\d+[smh])\b")
"""How old a session is: a second may pass between two answers."""


def test_its_flags_are_flags_of_the_command() -> None:
    known = {
        name for option in command_status.params if getattr(option, "is_flag", False) for name in option.opts
    }
    assert known > quick.STATUS_FLAGS


def test_the_answer_is_the_same_with_any_flags(
    ready: Repo, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ready.path)
    for flags in SETS:
        answers = []
        for answer in (quick.answer, main):
            code = answer(["status", *flags])
            captured = capsys.readouterr()
            shown = lasting(json.loads(captured.out)) if "--json" in flags else AGE.sub("", captured.out)
            answers.append((code, shown, captured.err))
        assert answers[0] == answers[1], flags
        assert answers[0][0] == 0, flags


def test_outside_of_a_repository_the_same_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert quick.answer(["status"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert main(["status"]) == 1
    assert capsys.readouterr().err == said


def test_neither_click_nor_what_it_brings_is_loaded(ready: Repo) -> None:
    code = (
        "import os, sys; from ccc.__main__ import run\n"
        "unwanted = {'click', 'dis', 'uuid', 'pygit2'}\n"
        "os._exit = lambda code: print(sorted(unwanted & set(sys.modules)))\n"
        "run()\n"
    )
    done = in_fresh_python(code, "status", "--short", cwd=ready.path)
    assert done.stdout.splitlines() == ["backend-one created", "[]"]


SELDOM = {
    *("click", "pydantic", "yaml", "jinja2", "psutil"),
    *("ccc.cli.main", "ccc.config.settings", "ccc.host.ending", "ccc.store.repairing"),
    *("ccc.ops.children", "ccc.ops.commands", "ccc.ops.handling", "ccc.ops.preparing"),
    *("ccc.ops.landing.land", "ccc.ops.landing.undo", "ccc.ops.landing.worker"),
    "ccc.ops.notices.arise",
}
"""What the drain needs for rare work alone: with it, its start takes twice as long."""


def drained(folder: Path) -> subprocess.CompletedProcess[str]:
    """What the drain says that hooks start in a folder, and the modules it must not load."""
    code = (
        "import os, sys; from ccc.__main__ import run\n"
        f"os._exit = lambda code: print(code, sorted({SELDOM!r} & set(sys.modules)))\n"
        "run()\n"
    )
    return in_fresh_python(code, "-C", str(folder), "drain", "--background", cwd=folder)


def test_the_drain_that_hooks_start_loads_nothing_it_seldom_needs(ready: Repo, ccc_inline: RunsCcc) -> None:
    layout = Layout(ready.common)
    journal.write(layout, Draft("note.added", "backend-one", "noted meanwhile", {}))
    assert drained(ready.common).stdout == "0 []\n"
    assert not list(layout.journal_new.iterdir())
    assert "noted meanwhile" in ccc_inline("log", exit=0).stdout


def test_the_drain_outside_of_a_repository_says_what_the_command_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert quick.answer(["-C", str(tmp_path / "empty"), "drain", "--background"]) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert main(["-C", str(tmp_path / "empty"), "drain", "--background"]) == 1
    assert capsys.readouterr().err == said


def test_a_module_is_imported_when_something_of_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    import colorsys

    later = Later("colorsys")
    monkeypatch.setitem(sys.modules, "colorsys", later)
    assert "rgb_to_hsv" not in vars(later)
    assert later.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
    assert sys.modules["colorsys"] is not later
    assert vars(later)["rgb_to_hsv"]
    with pytest.raises(AttributeError):
        _ = later.nothing
    assert colorsys.rgb_to_hsv(0, 0, 0) == (0.0, 0.0, 0)
