"""Writes the manual page git-ccc(1) from the commands: `python -m ccc.cli.manpage > man/git-ccc.1`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping

import click

from ccc import __version__
from ccc.cli import manual
from ccc.cli.commands import COMMANDS, GROUPS, Entry, load
from ccc.cli.main import PROGRAM, root_command

SUMMARY = "coordinate coding agents, and people, through git"


def page(table: Mapping[str, Entry] = COMMANDS) -> str:
    """The whole page as roff (groff_man(7)), the same for the same commands."""
    return "\n".join(_page(table)) + "\n"


def _page(table: Mapping[str, Entry]) -> Iterator[str]:
    yield f'.TH GIT-CCC 1 "" "git-ccc {__version__}" "Git Manual"'
    yield from _section("NAME", [rf"git\-ccc \- {escape(SUMMARY)}"])
    yield from _section("SYNOPSIS", [r".B git ccc", r"[\fIoptions\fR] [\fIcommand\fR [\fIargument\fR...]]"])
    yield from _section("DESCRIPTION", _paragraphs(manual.DESCRIPTION))
    root = root_command(table)
    yield from _section("OPTIONS", _options(root, click.Context(root, info_name=PROGRAM)))
    for group in GROUPS:
        names = [name for name, entry in table.items() if entry.group == group]
        if names:
            body = [line for name in names for line in _command(name, load(name, table[name]))]
            yield from _section(f"{group} COMMANDS".upper(), body)
    yield from _section("JSON", _paragraphs(manual.JSON))
    yield from _section(
        "EXIT STATUS", _terms({str(code): words for code, words in manual.EXIT_CODES.items()})
    )
    yield from _section("ENVIRONMENT", _terms(manual.ENVIRONMENT))
    yield from _section("CONFIGURATION", _terms(manual.CONFIGURATION))
    yield from _section("FILES", _terms(manual.FILES))
    yield from _section("EXAMPLES", _examples())
    yield from _section("SEE ALSO", [", ".join(escape(page) for page in manual.SEE_ALSO)])


def escape(text: str) -> str:
    """The text as roff shows it literally: backslashes, hyphens, quotes, and dots that begin a line."""
    shown = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    shown = shown.replace("^", r"\(ha").replace("~", r"\(ti").replace('"', r"\(dq")
    return rf"\&{shown}" if shown.startswith(".") else shown


def _section(title: str, body: Iterable[str]) -> Iterator[str]:
    yield f".SH {title}"
    yield from body


def _paragraphs(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield ".PP"
        yield escape(text)


def _terms(terms: Mapping[str, str]) -> Iterator[str]:
    for term, words in terms.items():
        yield ".TP"
        yield rf"\fB{escape(term)}\fR"
        yield escape(words)


def _examples() -> Iterator[str]:
    for what, lines in manual.EXAMPLES:
        yield ".PP"
        yield escape(f"{what}:")
        yield from (".PP", ".in +4n", ".nf")
        yield from (escape(line) for line in lines)
        yield from (".fi", ".in")


def _command(name: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    usage = " ".join([PROGRAM, name, *command.collect_usage_pieces(context)])
    yield f".SS {escape(usage)}"
    yield from _paragraphs(_help_paragraphs(command))
    yield from _options(command, context)


def _help_paragraphs(command: click.Command) -> list[str]:
    """The paragraphs of a command's help, each on one line; click's `\\b` marks are dropped."""
    blocks = (command.help or "").split("\n\n")
    return [text for block in blocks if (text := " ".join(block.replace("\b", "").split()))]


def _options(command: click.Command, context: click.Context) -> Iterator[str]:
    records = [
        record
        for parameter in command.params
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context))
    ]
    yield from _terms(dict(records))


if __name__ == "__main__":
    sys.stdout.write(page())
