"""What a host does with pipes beside reading them."""

from __future__ import annotations

import os
import selectors


def empty(descriptor: int) -> bytes:
    """Takes everything out of one that never blocks, and gives it."""
    found = b""
    try:
        while some := os.read(descriptor, 4096):
            found += some
    except OSError:
        return found
    return found


def readable(descriptor: int) -> bool:
    """Whether a read would find something now."""
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        return bool(selector.select(0))
