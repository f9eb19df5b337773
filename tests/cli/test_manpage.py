"""The manual page is generated from the commands, current, and clean roff."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ccc import errors
from ccc.cli import boundary, manpage, manual
from ccc.cli.commands import COMMANDS
from tests.support.program import PROJECT
from tests.support.samples import TABLE

PAGE = PROJECT / "man" / "git-ccc.1"
LOADABLE = {name: entry for name, entry in TABLE.items() if name != "broken"}


def render(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "MANWIDTH": "100", "MAN_KEEP_FORMATTING": "", "LC_ALL": "C.UTF-8"}
    command = ["man", *options, "-l", str(page)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)


def test_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == manpage.page(), "run: make man"


def test_page_describes_each_command_with_its_options() -> None:
    page = manpage.page(LOADABLE)
    expected = (
        ".SS git ccc greet [OPTIONS]\n.PP\nPrint a greeting\n.PP\nThe greeting is warm.\n"
        ".TP\n\\fB\\-\\-name TEXT\\fR\nWhom to greet  [default: you]\n"
        ".TP\n\\fB\\-\\-json\\fR\nPrint one JSON document\n"
    )
    assert expected in page
    assert ".SH PLUMBING COMMANDS\n.SS git ccc secret\\-plumbing [OPTIONS]\n" in page


def test_page_lists_every_exit_code_that_ccc_uses() -> None:
    kinds = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CccError)
    ]
    used = {kind.exit for kind in kinds} | {0, 2, boundary.FAULT, boundary.INTERRUPTED}
    assert set(manual.EXIT_CODES) == used


@pytest.mark.parametrize(
    ("text", "shown"),
    [(".ccc/x", r"\&.ccc/x"), ("a-b", r"a\-b"), ("'x'", r"\(aqx\(aq"), ("C:\\n", r"C:\en")],
)
def test_roff_characters_are_escaped(text: str, shown: str) -> None:
    assert manpage.escape(text) == shown


@pytest.mark.slow
def test_page_renders_without_warnings(tmp_path: Path) -> None:
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    sample = tmp_path / "sample.1"
    sample.write_text(manpage.page(LOADABLE), encoding="utf-8")
    for page in (PAGE, sample):
        done = render(page, "--warnings")
        assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^ +git ccc greet \[OPTIONS\]$", render(sample).stdout, re.M)


@pytest.mark.slow
def test_every_command_is_in_the_rendered_page() -> None:
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    shown = render(PAGE).stdout
    assert [name for name in COMMANDS if not re.search(rf"^ +git ccc {name}\b", shown, re.M)] == []
