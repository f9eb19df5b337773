"""What was computed from objects that never change, kept between calls; can be deleted at any time."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from ccc.platform.files import write_whole

FORMAT = 1


class Cache:
    """One JSON file a kind below `folder`; what cannot be read is absent, what cannot be written let go."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, kind: str, signature: str) -> dict[str, Any] | None:
        """The document of a kind; None for none, a damaged one, and one of another signature."""
        try:
            found = json.loads((self._folder / f"{kind}.json").read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(found, dict) or found.get("signature") != f"{FORMAT} {signature}":
            return None
        return found

    def put(self, kind: str, signature: str, document: dict[str, Any]) -> None:
        """Keeps a document whole or not at all; a full or read-only disk keeps none."""
        content = json.dumps({"signature": f"{FORMAT} {signature}", **document}, separators=(",", ":"))
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
            write_whole(self._folder / f"{kind}.json", content)
