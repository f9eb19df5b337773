"""How long ago something was, in one short word."""

from __future__ import annotations

STEPS = ((60, "s"), (60, "m"), (24, "h"), (7, "d"), (52, "w"))


def age(since: str, now: str) -> str:
    """`5s`, `12m`, `3h`, `2d`, `9w` between two RFC 3339 times; `now` for less than a second."""
    from datetime import datetime  # 1 ms, and `status --short` tells no ages

    left = int((datetime.fromisoformat(now) - datetime.fromisoformat(since)).total_seconds())
    if left < 1:
        return "now"
    for size, unit in STEPS:
        if left < size:
            return f"{left}{unit}"
        left //= size
    return f"{left}y"
