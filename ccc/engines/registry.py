"""From an engine's reference (`claude`, `rehearsal:PATH`, a configured name) to the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccc.engines.protocol import Engine
from ccc.errors import EngineFailed

CLAUDE, REHEARSAL = "claude", "rehearsal"
BUILT_IN = (CLAUDE, REHEARSAL)


def make(reference: str, options: Mapping[str, Any], environment: Mapping[str, str]) -> Engine:
    """A fresh engine for one process. Raises EngineFailed where it cannot work here.

    `options` is what the configuration says of an engine of one's own: `command`, `resume`.
    """
    name, _, argument = reference.partition(":")
    if name == CLAUDE:
        from ccc.engines.claude.engine import Claude
        from ccc.engines.claude.program import require

        return Claude(require(environment))
    if name == REHEARSAL:
        from ccc.engines.rehearsal.engine import Rehearsal

        return Rehearsal(argument)
    if options.get("command"):
        from ccc.engines.command import Command

        return Command(name, options, environment)
    raise EngineFailed(
        f"there is no engine {name}", "one of claude, rehearsal:SCRIPT, or [engines.NAME] of .ccc/config.toml"
    )
