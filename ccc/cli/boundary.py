"""The error boundary: whatever happens becomes words on standard error and an exit code."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from ccc.errors import CccError
from ccc.records import dataclass
from ccc.text import printable_lines

if TYPE_CHECKING:
    import click

INTERRUPTED = 130
FAULT = 70

FORMAT = 1
"""Version of the JSON documents (CONTRACT §4)."""

OS_HINTS = {
    errno.ENOSPC: "free some disk space, then run the command again",
    errno.EDQUOT: "free some of your quota, then run the command again",
    errno.EACCES: "check who owns it and its permissions",
    errno.EPERM: "check who owns it and its permissions",
    errno.EROFS: "the file system is mounted read-only",
}
"""Errors of the system that a user can mend: they are refusals, not faults of ccc."""


@dataclass(frozen=True)
class Failure:
    """How a call failed: the `error` of CONTRACT §4."""

    kind: str
    message: str
    hint: str
    exit: int


INTERRUPTION = Failure("interrupted", "interrupted", "", INTERRUPTED)


def guarded(argv: list[str], call: Callable[[], int]) -> int:
    """Runs `call` and turns what it raises into a message and an exit code; a closed pipe ends quietly."""
    try:
        return call()
    except BrokenPipeError:  # of either stream: both may be the same pipe
        _silence(sys.stdout)
        _silence(sys.stderr)
        return 0
    except KeyboardInterrupt:
        failure = INTERRUPTION
    except CccError as error:
        hint = error.hint or (f"{_called(argv)} -h shows how it is called" if error.kind == "usage" else "")
        failure = Failure(error.kind, error.message, hint, error.exit)
        _trace()
    except Exception as error:  # the outermost loop of the process
        found = _of_click(argv, error)
        failure = found or _of_system(error) or _fault(argv, error)
        if found is None:
            _trace()
    if failure is INTERRUPTION and _follows(argv):
        return INTERRUPTED
    return _tell(argv, failure)


def wants_json(argv: list[str]) -> bool:
    """Whether the call asked for JSON, however wrong it is otherwise."""
    options = argv[: argv.index("--")] if "--" in argv else argv
    return "--json" in options


FOLLOWING = frozenset({"-f", "--follow", "-w", "--watch"})


def _follows(argv: list[str]) -> bool:
    """Whether the call shows what goes on until it is interrupted: then that is its end, and no error."""
    options = argv[: argv.index("--")] if "--" in argv else argv
    return argv[:1] == ["watch"] or not FOLLOWING.isdisjoint(options)


def _of_click(argv: list[str], error: Exception) -> Failure | None:
    if "click" not in sys.modules:  # then none of its errors can have been raised
        return None
    import click

    if isinstance(error, click.Abort):
        return INTERRUPTION
    return _usage(argv, error) if isinstance(error, click.ClickException) else None


def _usage(argv: list[str], error: click.ClickException) -> Failure:
    context = getattr(error, "ctx", None)  # of a usage error; none where an option lacks its value
    path = context.command_path if context else _called(argv)
    message = error.format_message().removesuffix(".")
    return Failure("usage", message[:1].lower() + message[1:], f"{path} -h shows how it is called", 2)


def _called(argv: list[str]) -> str:
    """The command of a command line, behind the options that stand before it."""
    words = iter(argv)
    for word in words:
        if not word.startswith("-"):
            return f"git ccc {word}"
        if word in ("-C", "--color"):
            next(words, None)
    return "git ccc"


def _of_system(error: Exception) -> Failure | None:
    if not isinstance(error, OSError) or error.errno is None:
        return None
    words = os.strerror(error.errno)
    if error.filename is None and _cannot_write():
        return Failure("refused", f"the output could not be written: {words}", "", 1)
    if error.errno not in OS_HINTS:
        return None
    message = f"{words}: {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else words
    return Failure("refused", message, OS_HINTS[error.errno], 1)


def _cannot_write() -> bool:
    """Whether standard output takes nothing: what it refused stands in its buffer still."""
    try:
        sys.stdout.flush()
    except OSError:
        return True
    return False


def _fault(argv: list[str], error: Exception) -> Failure:
    from ccc.cli import fault  # traceback, tempfile, platform: 15 ms, for a fault only

    try:
        report = f"please send this report: {fault.write(argv, error)}"
    except OSError as trouble:
        report = f"no report could be written ({trouble}); CCC_TRACE=1 shows where it happened"
    return Failure("internal", f"a fault of ccc: {fault.summary(error)}", report, FAULT)


def _tell(argv: list[str], failure: Failure) -> int:
    """Prints the failure; keeps its exit code even where nobody can read the words."""
    try:
        if wants_json(argv):
            _print_json(failure)
        sys.stdout.flush()
    except OSError:
        _silence(sys.stdout)
    try:
        sys.stderr.write(f"error: {printable_lines(failure.message)}\n")
        if failure.hint:
            sys.stderr.write(f"hint: {printable_lines(failure.hint)}\n")
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)
    return failure.exit


def _print_json(failure: Failure) -> None:
    import json  # 4 ms, for this answer only

    error = {"kind": failure.kind, "message": failure.message, "hint": failure.hint, "exit": failure.exit}
    sys.stdout.write(json.dumps({"format": FORMAT, "error": error}, ensure_ascii=False) + "\n")


def _trace() -> None:
    """With CCC_TRACE, where the error being handled came from."""
    if os.environ.get("CCC_TRACE", "") in ("", "0"):
        return
    import traceback

    traceback.print_exc()


def prepare_streams() -> None:
    """UTF-8 whatever the locale, like git; characters that cannot be written are escaped; none is missing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:  # closed by the caller: `>&-`
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - lives on
        else:
            errors = "surrogateescape" if mode == "r" else "backslashreplace"
            stream.reconfigure(encoding="utf-8", errors=errors)


def end_of_output(code: int) -> int:
    """Writes out what is still buffered and gives the exit code: 1 where the answer could not be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
    except OSError as error:
        _silence(sys.stdout)
        sys.stderr.write(f"error: the output could not be written: {error.strerror}\n")
        return code or 1
    return code


def _silence(stream: TextIO) -> None:
    """Points a stream at nothing, so that the interpreter's own last flush cannot fail."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):  # captured by a test, or closed
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)
    os.close(nothing)
