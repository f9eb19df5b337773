"""The entry point: global options, overview, names of commands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ccc import __version__
from ccc.cli.commands import COMMANDS, GROUPS, load
from ccc.cli.main import main
from tests.support.program import RunsCcc
from tests.support.samples import ORIENT, TABLE

OVERVIEW = """\
Everyday:
  greet  Print a greeting
  lines  Print many lines
  page   Print text through the pager

Inside:
  fail  Fail in a chosen way

Upkeep:
  broken  Cannot be imported
"""


def run(*arguments: str) -> int:
    return main(list(arguments), TABLE, ORIENT)


def test_overview_lists_commands_by_group_without_importing_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-h") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Usage: git ccc [OPTIONS] [COMMAND]\n")
    assert shown.endswith(OVERVIEW)


def test_bare_call_orients(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(tmp_path)) == 0
    assert capsys.readouterr().out == f"here is {tmp_path}\n"


def test_bare_call_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(tmp_path), "--json") == 0
    assert capsys.readouterr().out == f'{{"format": 1, "directory": "{tmp_path}"}}\n'


def test_several_directories_follow_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert run("-C", str(tmp_path), "-C", "a", "-C", "b") == 0
    assert capsys.readouterr().out == f"here is {tmp_path / 'a' / 'b'}\n"


def test_directory_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("-C", str(tmp_path / "absent")) == 1
    assert capsys.readouterr().err == (
        f"error: no such directory: {tmp_path / 'absent'}\nhint: -C takes the path of a directory\n"
    )


def test_command_gives_its_own_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fail", "code") == 3
    assert capsys.readouterr() == ("", "")


def test_unknown_command_offers_near_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("gret") == 2
    assert capsys.readouterr().err == (
        "error: there is no command 'gret'\nhint: did you mean: git ccc greet\n"
    )


def test_unknown_command_without_near_names_points_at_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("xyzzy") == 2
    assert capsys.readouterr().err.endswith("hint: git ccc -h lists the commands\n")


@pytest.mark.parametrize("arguments", [("greet", "--nam"), ("lines",), ("lines", "many"), ("--colour",)])
def test_wrong_usage_names_the_help(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    error, hint = captured.err.splitlines()
    assert captured.out == ""
    assert error.startswith("error: ")
    assert hint.endswith("-h shows how it is called")


def test_json_before_a_command_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json", "greet") == 2
    captured = capsys.readouterr()
    assert captured.err == "error: --json stands before the command\nhint: git ccc greet --json\n"


def test_hidden_command_works_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("secret-plumbing") == 0
    assert capsys.readouterr().out == "done\n"


def test_version(ccc: RunsCcc) -> None:
    assert ccc("--version", exit=0).stdout == f"git-ccc {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_command_of_the_table_loads_and_agrees_with_its_help_line(name: str) -> None:
    entry = COMMANDS[name]
    command = load(name, entry)
    assert entry.group in GROUPS
    assert command.name == name
    assert (command.help or "").partition("\n")[0] == entry.help
    assert command.hidden == entry.is_hidden


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_the_table_has_a_help_text(name: str) -> None:
    command = load(name, COMMANDS[name])
    silent = [
        option.name for option in command.params if option.param_type_name == "option" and not option.help
    ]
    assert silent == []


def test_overview_needs_no_heavy_library(ccc: RunsCcc) -> None:
    import subprocess

    code = (
        "import sys; from ccc.cli.main import main; main(['-h']);"
        "print(*sorted({'pygit2','pydantic','jinja2','mcp','yaml','psutil'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == ""
