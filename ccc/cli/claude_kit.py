"""Installs the kit for Claude Code: part of `git ccc init --claude`, and `make install-commands`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from ccc.cli.boundary import guarded
from ccc.errors import Refused
from ccc.ops.claude_kit import PERMISSIONS, Installed, install

WORDS = {"written": "wrote", "updated": "updated"}


def install_kit(environment: Mapping[str, str], *, force: bool) -> tuple[list[str], list[str]]:
    """Installs the kit for the user; gives the lines to print, and remarks. Raises Refused, OSError."""
    folder = config_folder(environment)
    return _told(install(folder, force=force), folder), _remarks(environment)


def config_folder(environment: Mapping[str, str]) -> Path:
    """Where Claude Code keeps the user's skills and commands. Raises Refused where nothing says it."""
    given, home = environment.get("CLAUDE_CONFIG_DIR"), environment.get("HOME")
    if not given and not home:
        raise Refused(
            "neither HOME nor CLAUDE_CONFIG_DIR is set", "set CLAUDE_CONFIG_DIR to the folder to use"
        )
    return Path(given).absolute() if given else Path(home or "", ".claude").absolute()


def _told(done: Sequence[Installed], folder: Path) -> list[str]:
    lines = [f"{WORDS[each.state]} {each.path}" for each in done if each.state in WORDS]
    if not lines:
        return ["the skill and the commands for Claude Code are there already"]
    return [*lines, f"to let an orchestrator use them unasked: claude --settings {folder / PERMISSIONS}"]


def _remarks(environment: Mapping[str, str]) -> list[str]:
    if shutil.which("git-ccc", path=environment.get("PATH")):
        return []
    return ["git-ccc is not on PATH: Claude Code cannot run `git ccc` until it is"]


def main(argv: list[str], environment: Mapping[str, str]) -> int:
    """Installs the kit without a repository; `--force` also over files that a person edited."""

    def call() -> int:
        lines, remarks = install_kit(environment, force="--force" in argv)
        click.echo("\n".join(lines))
        for remark in remarks:
            click.echo(remark, err=True)
        return 0

    return guarded(argv, call)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
