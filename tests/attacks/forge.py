"""What an attacker runs: writes approvals as ccc would record them, by ccc's own code.

Arguments: `journal` or `recorded`, the repository, the session's id, base, head and tree; then, as wanted,
`signature=...` and `by=...`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ccc.domain import landings
from ccc.domain.canonical import Value
from ccc.domain.events import Draft, draft_line
from ccc.ops.workspace import Workspace


def main() -> None:
    how, place, session, base, head, tree, *more = sys.argv[1:]
    said = dict(each.split("=", 1) for each in more)
    by = said.get("by", "Developer <developer@example.com>")
    record: dict[str, Value] = {"by": by, "base": base, "head": head, "tree": tree}
    if "signature" in said:
        record["signature"] = said["signature"]
    field = landings.approval_field(base, head, tree, by)
    changes: dict[str, Value] = {field: record, "queued": {"target": "main", "priority": 0}}
    text, stream = f"approved (tree {tree[:7]}) by {by}", landings.stream_of(session)
    draft = Draft("merge.approved", "main", text, {stream: changes}, session=session, by=by)
    workspace = Workspace.open(Path(place), os.environ)
    if how == "journal":
        # By hand: the store itself refuses to acknowledge a decision.
        (workspace.layout.journal_new / f"{1:032x}").write_text(draft_line(draft) + "\n")
    else:
        workspace.store.transact(lambda _: (draft,))


main()
