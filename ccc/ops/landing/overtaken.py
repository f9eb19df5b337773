"""The error of a landing that another one was quicker than."""

from __future__ import annotations

from ccc.errors import NeedsPerson


class Overtaken(NeedsPerson):
    """Target or branch moved between looking and landing; nothing was landed."""
