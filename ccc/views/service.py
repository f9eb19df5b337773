"""The service that brings sessions back after a boot, as text and JSON."""

from __future__ import annotations

from typing import Any

from ccc.ops.service import Service
from ccc.views.documents import document


def service_document(tip: str | None, found: Service) -> dict[str, Any]:
    """`installed` is whether the unit is there, enabled, and says what it would say now."""
    return document(
        tip,
        installed=_is_installed(found),
        unit=str(found.unit),
        link=str(found.link),
        current=found.written,
        enabled=found.enabled,
        stale=[str(path) for path in found.stale],
        systemd=found.has_systemd,
        booted=found.booted,
        lingers=found.lingers,
        command=list(found.command),
        crontab=found.crontab,
    )


def service_text(found: Service) -> str:
    """What is there, and what is still missing for it to act."""
    return "\n".join([_state(found), *_remarks(found)])


def plan_text(found: Service) -> str:
    """What an installation writes, whole."""
    shown = "".join(f"    {line}\n" for line in found.text.splitlines())
    return f"writes {found.unit} :\n{shown}and the link {found.link}"


def _is_installed(found: Service) -> bool:
    return found.written is True and found.enabled


def _state(found: Service) -> str:
    if found.stale and found.written is None:
        place = "a place that this repository has left"
        return f"{found.stale[-1]} is for {place}; git ccc service install, or remove"
    if found.written is None:
        return "no service is installed: sessions come back with the next ccc command after a boot"
    if _is_installed(found):
        return f"installed: {found.unit}"
    what = "is not enabled" if found.written else "was written for another place or another Python"
    return f"{found.unit} {what}; git ccc service install"


def _remarks(found: Service) -> list[str]:
    if not found.has_systemd:
        return [f"there is no systemd here; crontab -e, and add the line: {found.crontab}"]
    remarks = []
    if not found.booted:
        remarks.append(
            "systemd did not start this machine, so nothing will happen at its boot;"
            f" crontab -e, and add the line: {found.crontab}"
        )
    if found.written is not None and found.booted and not found.lingers:
        remarks.append("it acts at your first login; loginctl enable-linger makes it act at boot")
    return remarks
