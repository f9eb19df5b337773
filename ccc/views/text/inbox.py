"""What waits for a person, as text."""

from __future__ import annotations

from collections.abc import Sequence

from ccc.ids import short
from ccc.ops.inbox import Item
from ccc.text import printable
from ccc.views.styling import Styling
from ccc.views.text.ages import age


def inbox_text(waiting: Sequence[Item], now: str, look: Styling) -> str:
    """Each item with its id, kind and age, what it says, and the next command."""
    if not waiting:
        return "nothing waits for you"
    return "\n".join(_item(item, now, look) for item in waiting)


def _item(item: Item, now: str, look: Styling) -> str:
    head = f"{look.style(short(item.id), 'id')}  {item.kind.ljust(8)}  {age(item.since, now).rjust(4)}  "
    lines = [head + printable(item.title)]
    if item.text:
        lines.append(f"    {printable(item.text)}")
    return "\n".join([*lines, f"    {look.style(printable(item.command), 'branch')}"])
