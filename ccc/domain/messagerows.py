"""Messages as rows of JSON, quicker to read back than their cells are to parse."""

from __future__ import annotations

from typing import Any

from ccc.domain import messages
from ccc.domain.cells import Cells
from ccc.domain.messages import Delivery, Message


class MessageRows:
    """The codec of messages (store/parsing.py). A row has the fields of Message in their order."""

    kind = messages.KIND
    signature = " ".join(f"{each.__name__}:{','.join(each.__annotations__)}" for each in (Message, Delivery))

    def parse(self, identifier: str, cells: Cells) -> Message | None:
        """The message of a stream; None where the stream holds no text."""
        return messages.from_cells(identifier, cells)

    def encode(self, thing: Message | None) -> list[Any] | None:
        """The fields, the receipt as a list of its own."""
        if thing is None:
            return None
        fields = {name: getattr(thing, name) for name in Message.__annotations__}
        if thing.delivered is not None:
            fields["delivered"] = [thing.delivered.run, thing.delivered.turn, thing.delivered.at]
        return list(fields.values())

    def decode(self, row: list[Any] | None) -> Message | None:
        """The message of a row. Raises TypeError or ValueError for what `encode` did not write."""
        if row is None:
            return None
        fields = dict(zip(Message.__annotations__, row, strict=True))
        if fields["delivered"] is not None:
            fields["delivered"] = Delivery(*fields["delivered"])
        return Message(**fields)


ROWS = MessageRows()
