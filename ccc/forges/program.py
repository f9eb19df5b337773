"""Asking a forge's API through the program that the user is logged in with: `gh api`, `glab api`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from ccc.domain.secrets import Filter
from ccc.errors import CccError, Refused, StoreBusy
from ccc.records import dataclass

QUIET = {"GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_PROMPT": "1", "NO_COLOR": "1"}
SECONDS = 30.0


class ForgeFailed(StoreBusy):
    """The forge or its program did not do what was asked; trying again may help."""


class ForgeRefused(Refused):
    """The forge said no, or there is no way to it."""


@dataclass(frozen=True)
class Program:
    """`gh` or `glab` for one host; tokens stay between the user, that program and the forge."""

    name: str
    host: str
    environment: Mapping[str, str]

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON that the API answers with. Raises ForgeFailed, ForgeRefused."""
        given = () if body is None else ("--input", "-", "--header", "Content-Type: application/json")
        command = [self.name, "api", "--hostname", self.host, "--method", method, path, *given]
        done = self._run(command, b"" if body is None else json.dumps(body).encode())
        if done.returncode != 0:
            raise self._failure(done)
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            raise ForgeFailed(f"{self.name} answered with something that is no JSON", self._hint) from error

    def _run(self, command: Sequence[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
        environment = {**self.environment, **QUIET}
        try:
            return subprocess.run(
                command, input=given, capture_output=True, env=environment, timeout=SECONDS, check=False
            )
        except FileNotFoundError as error:
            raise ForgeRefused(
                f"{self.name} is not installed, and requests on {self.host} are opened through it",
                f"install {self.name}, then: {self.name} auth login --hostname {self.host}",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise ForgeFailed(f"{self.host} did not answer within {SECONDS:.0f} s", "try again") from error

    @property
    def _hint(self) -> str:
        return f"try it alone: {self.name} auth status --hostname {self.host}"

    def _failure(self, done: subprocess.CompletedProcess[bytes]) -> CccError:
        said = done.stderr.decode("utf-8", "replace").strip() or f"exit code {done.returncode}"
        words = Filter().clean(f"{said} {_details(done.stdout)}".strip())[:500]
        kind = (
            ForgeRefused if any(f"HTTP {code}" in said for code in (401, 403, 404, 409, 422)) else ForgeFailed
        )
        return kind(f"{self.host} did not do it: {' '.join(words.split())}", self._hint)


def _details(output: bytes) -> str:
    """What GitHub says about fields that it did not like."""
    try:
        errors = json.loads(output).get("errors", [])
        return "; ".join(str(each["message"]) for each in errors if "message" in each)
    except (ValueError, AttributeError, TypeError):
        return ""
