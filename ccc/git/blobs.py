"""The contents of files by their ids, several at once."""

from __future__ import annotations

from collections.abc import Iterable

from ccc.errors import GitFailed
from ccc.git.command import Git
from ccc.git.objects import BLOB


def blobs(git: Git, oids: Iterable[str]) -> dict[str, bytes]:
    """Id to content, by one git process for all. Raises GitFailed for one that is not there or no blob."""
    wanted = list(dict.fromkeys(oids))
    if not wanted:
        return {}
    answer = git.run("cat-file", "--batch", input="".join(f"{oid}\n" for oid in wanted).encode()).out
    found = {}
    for oid in wanted:
        head, _, answer = answer.partition(b"\n")
        fields = head.split(b" ")
        if len(fields) != 3 or fields[1].decode() != BLOB:
            raise GitFailed(f"git cat-file: {oid} is no blob that is stored here")
        size = int(fields[2])
        found[oid], answer = answer[:size], answer[size + 1 :]
    return found
