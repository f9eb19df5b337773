"""Waiting until ccc has run the checks of sessions, whatever else wants a person meanwhile."""

from __future__ import annotations

from tests.support.agents import until
from tests.support.program import RunsCcc

DONE = ("verified", "unchecked")


def until_checked(ccc: RunsCcc, *names: str) -> None:
    """Conflicts between sessions would end `wait`."""

    def seen() -> bool:
        found = ccc("status", *names, "--json", exit=0).json["sessions"]
        return all(each["status"] in DONE for each in found)

    until(seen, f"checks of {names}")
