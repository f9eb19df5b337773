"""Documents and lines of the upkeep commands: close, undo, doctor, fsck, roles, config, init."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ccc.domain.sessions import Session
from ccc.ids import short_oid
from ccc.ops.doctor.finding import Finding
from ccc.ops.landing.undo import LandingUndone
from ccc.text import printable, printable_lines

if TYPE_CHECKING:
    from ccc.config.checks import Check
    from ccc.config.roles import Role

FORMAT = 1
Document = dict[str, Any]


class Styling(Protocol):
    """Colours for words, or none."""

    def style(self, text: str, name: str) -> str:
        """The text in a named style."""


class Kept(Protocol):
    """A session closed or reopened, and where its work is kept."""

    @property
    def session(self) -> Session: ...
    @property
    def backup(self) -> str | None: ...
    @property
    def remarks(self) -> Sequence[str]: ...


class FaultLike(Protocol):
    """A fault that fsck found."""

    @property
    def kind(self) -> str: ...
    @property
    def where(self) -> str: ...
    @property
    def what(self) -> str: ...
    @property
    def repair(self) -> str: ...


class RepairLike(Protocol):
    """What `fsck --repair` did."""

    @property
    def done(self) -> Sequence[str]: ...
    @property
    def bundle(self) -> object: ...
    @property
    def left(self) -> Sequence[FaultLike]: ...


def document(tip: str | None, content: Mapping[str, Any]) -> Document:
    """A JSON document of CONTRACT §4."""
    return {"format": FORMAT, "tip": tip, **content}


def kept_document(tip: str | None, kept: Sequence[Kept]) -> Document:
    """`session` and `backup` of the first, and each of them in `sessions`."""
    each = [
        {
            "session": one.session.id,
            "name": one.session.name,
            "backup": one.backup,
            "remarks": list(one.remarks),
        }
        for one in kept
    ]
    return document(tip, {"session": each[0]["session"], "backup": each[0]["backup"], "sessions": each})


def undone_document(tip: str | None, undone: LandingUndone) -> Document:
    """A landing undone; no backup is needed for it."""
    return document(
        tip,
        {
            "session": undone.session.id,
            "name": undone.session.name,
            "backup": None,
            "landing": {
                "commit": undone.commit,
                "target": undone.target,
                "tip": undone.tip,
                "how": undone.how,
            },
            "remarks": list(undone.remarks),
        },
    )


def with_remarks(lines: str, remarks: Sequence[str]) -> str:
    """A line, or several, with indented remarks after it; names in them come from agents."""
    return "\n".join([printable_lines(lines), *(f"  {printable(remark)}" for remark in remarks)])


def undone_text(undone: LandingUndone) -> str:
    """What became of the target."""
    ways = {
        "moved back": f"{undone.target} is back at {short_oid(undone.tip)}",
        "reverted": f"{undone.target} has it reverted by {short_oid(undone.tip)}",
        "gone": f"{undone.target} did not contain it any more",
    }
    line = f"landing {short_oid(undone.commit)} of {undone.session.name} is undone: {ways[undone.how]}"
    return with_remarks(line, undone.remarks)


def doctor_document(tip: str | None, findings: Sequence[Finding], mended: Sequence[str]) -> Document:
    """The checks; `mended` only after `--fix`."""
    checks = [{"name": f.name, "ok": f.ok, "what": f.what, "next": f.next} for f in findings]
    return document(tip, {"ok": all(f.ok for f in findings), "checks": checks, "mended": list(mended)})


def doctor_text(findings: Sequence[Finding], style: Styling) -> str:
    """One line a check, the next step below those that have one."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        sign = style.style("ok", "good") if finding.ok else style.style("no", "bad")
        lines.append(f"{sign}  {finding.name:<{width}}  {printable(finding.what)}")
        if finding.next:
            lines.append(f"{'':<{width + 6}}{style.style('next: ', 'faint')}{printable(finding.next)}")
    return "\n".join(lines)


def fsck_document(tip: str | None, faults: Sequence[FaultLike]) -> Document:
    """The faults found."""
    rows = [{"kind": f.kind, "where": f.where, "what": f.what, "repair": f.repair} for f in faults]
    return document(tip, {"ok": not faults, "faults": rows})


def fsck_text(faults: Sequence[FaultLike]) -> str:
    """One line a fault, its repair below."""
    if not faults:
        return "whole: every event, tree, clock and object is as it should be"
    lines = []
    for fault in faults:
        lines += [
            f"{fault.kind} {printable(fault.where)}: {printable(fault.what)}",
            f"  repair: {printable(fault.repair)}",
        ]
    return "\n".join(lines)


def repair_document(tip: str | None, repair: RepairLike) -> Document:
    """What was done, the bundle made first, and the faults that are left."""
    bundle = None if repair.bundle is None else str(repair.bundle)
    return {**fsck_document(tip, repair.left), "repaired": list(repair.done), "bundle": bundle}


def repair_text(repair: RepairLike) -> str:
    """What was done, then what is left."""
    lines = [printable(words) for words in repair.done]
    if repair.bundle is not None:
        lines.append(f"what was there before is in {repair.bundle}")
    left = ["this could not be mended:"] if repair.left else []
    return "\n".join([*lines, *left, fsck_text(repair.left)])


class ValueLike(Protocol):
    """A configured value, its origin, and whether it decides."""

    @property
    def key(self) -> str: ...
    @property
    def value(self) -> Any: ...
    @property
    def origin(self) -> str: ...
    @property
    def in_force(self) -> bool: ...


def config_document(tip: str | None, values: Sequence[ValueLike]) -> Document:
    """Every value with its origin."""
    rows = [
        {"key": each.key, "value": each.value, "origin": each.origin, "in_force": each.in_force}
        for each in values
    ]
    return document(tip, {"values": rows})


def config_text(values: Sequence[ValueLike], *, show_origin: bool, alone: bool) -> str:
    """`key = value` lines as the file would hold them; a value asked for `alone` without its key."""
    lines = []
    for each in values:
        plain = each.value if alone and isinstance(each.value, str) else _toml(each.value)
        line = printable(plain if alone else f"{each.key} = {plain}")
        lines.append(f"{printable(each.origin)}\t{line}" if show_origin else line)
    return "\n".join(lines)


def _toml(value: Any) -> str:
    return "(not set)" if value is None else json.dumps(value, ensure_ascii=False)


def roles_document(tip: str | None, roles: Sequence[Role]) -> Document:
    """The roles with everything in their front matter, and their instructions."""
    rows = [
        {
            "name": role.name,
            "where": role.where,
            **role.front.model_dump(mode="json"),
            "instructions": role.instructions,
        }
        for role in roles
    ]
    return document(tip, {"roles": rows})


def roles_text(roles: Sequence[Role]) -> str:
    """One line a role."""
    width = max(len(role.name) for role in roles)
    return "\n".join(f"{role.name:<{width}}  {printable(role.front.description)}" for role in roles)


def role_text(role: Role) -> str:
    """One role whole: what it is, where it may work, what proves its work, what it is told."""
    front = role.front
    rows = [
        ("paths", ", ".join(front.paths) or "any"),
        ("tools", ", ".join(front.tools) or "the engine's own"),
        ("model", front.model or "the engine's own"),
        ("may spawn", ", ".join(front.may_spawn) or "nothing"),
        ("from", role.where),
    ]
    checks = [_check_line(check) for check in role.checks] or ["none: its work stays unchecked"]
    lines = [f"{role.name}: {front.description}", ""]
    lines += [f"{name:<10} {value}" for name, value in rows]
    lines += [f"{'checks' if number == 0 else '':<10} {line}" for number, line in enumerate(checks)]
    return printable_lines("\n".join([*lines, "", role.instructions.rstrip()]))


def _check_line(check: Check) -> str:
    when = f"  (when {' and '.join(check.when)})" if check.when else ""
    return f"{check.run}{when}"
