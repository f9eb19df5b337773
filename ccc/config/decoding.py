"""The bytes of a file of the team as text."""

from __future__ import annotations

from ccc.errors import BadConfig


def decoded(content: bytes, where: str) -> str:
    """A file's text, with plain line ends and without a byte order mark. Raises BadConfig."""
    if b"\0" in content:
        line = content[: content.index(b"\0")].count(b"\n") + 1
        raise BadConfig(f"{where}:{line}: contains a NUL", "save the file as UTF-8")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadConfig(f"{where}:{line}: is not UTF-8", "save the file as UTF-8") from error
