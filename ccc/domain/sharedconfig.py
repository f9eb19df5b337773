"""Settings of the shared git configuration by which other programs run: what changed of them, as a fact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.tampering import stream_of
from ccc.ids import digest

WHAT, FIELD, TYPE = "config", "config", "settings.changed"
SHOWN = 200
"""Characters of a value that are recorded."""

PROGRAMS = re.compile(
    r"core\.(hookspath|fsmonitor|sshcommand|editor|pager|askpass|gitproxy|attributesfile|worktree"
    r"|alternaterefscommand)|alias\..*|merge\..*\.driver|diff\..*\.(command|textconv)|diff\.external"
    r"|filter\..*\.(clean|smudge|process)|hook\..*\.(command|event)|gpg\.(.*\.)?program"
    r"|gpg\.ssh\.(defaultkeycommand|allowedsignersfile)|credential\.(.*\.)?helper|include(if\..*)?\.path"
    r"|pager\..*|sequence\.editor|interactive\.difffilter|submodule\..*\.update|uploadpack\.packobjectshook"
    r"|url\..*\.(pushinsteadof|insteadof)|remote\..*\.(receivepack|uploadpack|vcs)|mergetool\..*\.cmd"
    r"|difftool\..*\.cmd"
)
"""Keys, in lower case but for the middle, that name programs, files and places for git to use."""

OURS = "ccc/gitconfig"
Settings = Mapping[str, str]


def telling(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Of all settings those that run programs; several values of a key in one, our own include left out."""
    found: dict[str, str] = {}
    for key, value in pairs:
        if PROGRAMS.fullmatch(key) and not value.endswith(OURS):
            found[key] = f"{found[key]} | {value}" if key in found else value
    return found


def print_of(now: Settings) -> str:
    """What tells one set of settings from another."""
    return digest("sha256", repr(sorted(now.items())).encode("utf-8", "surrogateescape"))[:16]


def changed(replica: str, before: Settings, now: Settings, times: int) -> Draft:
    """The fact that these settings are others than they were, for the so manieth time."""
    lines = [f"{key} = {now[key][:SHOWN]}" for key in sorted(now) if now[key] != before.get(key)]
    lines += [f"{key} is gone" for key in sorted(before) if key not in now]
    words = [line.encode("utf-8", "replace").decode() for line in lines]
    record: dict[str, Value] = {"what": WHAT, "print": print_of(now), "times": times, "changes": list(words)}
    text = f"the shared git configuration was changed: {'; '.join(words)}"
    return Draft(TYPE, "ccc", text, {stream_of(replica): {FIELD: record}}, data=record)
