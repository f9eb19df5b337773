"""What a caller is told when a tool fails: the SDK withholds every text but that of a ToolError."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import ValidationError

from ccc.errors import CccError

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")

LOG = logging.getLogger("ccc.mcp")


def words_of(error: CccError) -> str:
    """The message, and on a second line what to do next."""
    return f"{error.message}\nhint: {error.hint}" if error.hint else error.message


def wrong_arguments(tool: str, error: ValidationError) -> str:
    """One line an argument: `workers.0.role: field required`."""
    wrong = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()]
    return "\n".join([f"{tool} was called with wrong arguments", *wrong])


def told(tool: Callable[Parameters, Answer]) -> Callable[Parameters, Answer]:
    """The same tool; whatever it raises reaches the caller in words. Raises ToolError."""

    @functools.wraps(tool)
    def call(*arguments: Parameters.args, **named: Parameters.kwargs) -> Answer:
        try:
            return tool(*arguments, **named)
        except CccError as error:
            raise ToolError(words_of(error)) from error
        except OSError as error:
            place = f": {os.fsdecode(error.filename)}" if isinstance(error.filename, str | bytes) else ""
            raise ToolError(f"{error.strerror or error}{place}") from error
        except Exception as error:  # the outermost loop of a call
            LOG.exception("tool %s", tool.__name__)
            raise ToolError(
                f"a fault of ccc: {type(error).__name__}: {error}\n"
                "hint: its trace is on the server's standard error; the command line may do it"
            ) from error

    return call
