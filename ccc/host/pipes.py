"""What a host does with pipes beside reading them."""

from __future__ import annotations

import os
import selectors


def empty(descriptor: int) -> None:
    """Takes everything out of one that never blocks: that it rang is all that counts."""
    try:
        while os.read(descriptor, 4096):
            pass
    except OSError:
        return


def readable(descriptor: int) -> bool:
    """Whether a read would find something now."""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(0))
