"""Commands that show every way a command can end."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.errors import NeedsPerson, NotFound


@click.command("orient")
@json_option
@pass_invocation
def command_orient(invocation: Invocation, as_json: bool) -> None:
    """Say what is here."""
    if as_json:
        invocation.terminal.json({"format": 1, "directory": str(invocation.directory)})
    else:
        invocation.terminal.out(f"here is {invocation.directory}")


@click.command("greet")
@click.option("--name", default="you", show_default=True, help="Whom to greet")
@json_option
@pass_invocation
def command_greet(invocation: Invocation, name: str, as_json: bool) -> None:
    """Print a greeting

    The greeting is warm.
    """
    terminal = invocation.terminal
    if as_json:
        terminal.json({"format": 1, "greeting": name})
    else:
        terminal.out(f"hello {terminal.style(name, 'good')}")


@click.command("lines")
@click.argument("number", type=int)
@click.option("--words", default="", help="Said before, on standard error")
@pass_invocation
def command_lines(invocation: Invocation, number: int, words: str) -> None:
    """Print many lines"""
    if words:
        invocation.terminal.err(words)
    for line in range(number):
        invocation.terminal.out(f"line {line}")


@click.command("page")
@pass_invocation
def command_page(invocation: Invocation) -> None:
    """Print text through the pager"""
    invocation.terminal.page("one\ntwo\n")


@click.command("secret-plumbing")
@pass_invocation
def command_secret_plumbing(invocation: Invocation) -> None:
    """Do something below the floor"""
    invocation.terminal.out("done")


def _raise(error: BaseException) -> None:
    raise error


WAYS: dict[str, Callable[[], int | None]] = {
    "not-found": lambda: _raise(NotFound("no session abcd", "git ccc status --all lists them")),
    "needs-person": lambda: _raise(NeedsPerson("no approval")),
    "bug": lambda: _raise(RuntimeError(f"wrong with {os.environ.get('API_TOKEN')}\nsecond line")),
    "interrupt": lambda: _raise(KeyboardInterrupt()),
    "disk-full": lambda: _raise(OSError(errno.ENOSPC, "No space left on device", "/repo/file")),
    "other-os": lambda: _raise(OSError(errno.ELOOP, "Too many levels", "/repo/file")),
    "escape": lambda: _raise(NotFound("no session \x1b[31mred\x1b[0m")),
    "code": lambda: 3,
}


@click.command("fail")
@click.argument("way", type=click.Choice(sorted(WAYS)))
@json_option
def command_fail(way: str, as_json: bool) -> int | None:
    """Fail in a chosen way"""
    return WAYS[way]()
