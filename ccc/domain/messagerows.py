"""Messages as rows of JSON, quicker to read back than their cells are to parse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ccc.domain import messages
from ccc.domain.cells import Cells
from ccc.domain.columns import Column, fold, unfold
from ccc.domain.messages import Delivery, Message


class MessageRows:
    """The codec of messages (store/parsing.py). Columns are the fields of Message in their order."""

    kind = messages.KIND
    signature = " ".join(f"{each.__name__}:{','.join(each.__annotations__)}" for each in (Message, Delivery))

    def order(self, thing: Message | None) -> tuple[str, ...]:
        """Oldest first, then by id."""
        return ("",) if thing is None else (thing.at, thing.id)

    def parse(self, identifier: str, cells: Cells) -> Message | None:
        """The message of a stream; None where the stream holds no text."""
        return messages.from_cells(identifier, cells)

    def encode(self, things: Sequence[Message | None]) -> dict[str, Any]:
        """The fields by column, the receipt as a list of its own."""
        return fold([None if each is None else _row(each) for each in things])

    def decode(self, document: dict[str, Any]) -> list[Message | None]:
        """The messages again. Raises TypeError, ValueError, KeyError or IndexError for anything else."""
        return unfold(document, [*Message.__annotations__], _receipts, lambda values: Message(*values))


def _row(message: Message) -> list[Any]:
    fields = {name: getattr(message, name) for name in Message.__annotations__}
    if message.delivered is not None:
        fields["delivered"] = [message.delivered.run, message.delivered.turn, message.delivered.at]
    return list(fields.values())


def _receipts(columns: dict[str, Column]) -> None:
    columns["delivered"] = [None if row is None else Delivery(*row) for row in columns["delivered"]]


ROWS = MessageRows()
