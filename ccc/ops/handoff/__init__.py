"""The hand-off: what another person or agent needs to go on, from committed state only."""

from ccc.ops.handoff.compose import compose, handoff

__all__ = ["compose", "handoff"]
