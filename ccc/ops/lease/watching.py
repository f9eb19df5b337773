"""How long this machine has seen a lease unchanged, on its own monotonic clock: clocks are never compared."""

from __future__ import annotations

import json
import time

from ccc.layout import Layout
from ccc.platform.files import write_whole
from ccc.platform.processes import boot_id

FOLDER = "leases"


def unchanged_for(layout: Layout, name: str, oid: str) -> float:
    """Seconds since this machine first saw the lease at this commit; 0 at the first look and after a boot."""
    path, now = layout.root / FOLDER / f"{name}.json", time.monotonic()
    try:
        seen = json.loads(path.read_text(encoding="utf-8"))
        if (seen["oid"], seen["boot"]) == (oid, boot_id()):
            return max(now - float(seen["at"]), 0.0)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps({"oid": oid, "boot": boot_id(), "at": now}))
    return 0.0
