"""Telling what was laid down: each channel in a thread of its own, each attempt within its time limit.

An attempt is remembered before it is made, so that whoever is killed in it is followed by a bounded number of
others, with the same id; what was told is remembered after. So it is once, and at least once over a crash.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ccc import __version__
from ccc.domain.events import Draft
from ccc.errors import StoreBusy
from ccc.layout import make_folder
from ccc.ops.environment import scrubbed
from ccc.ops.notices.channels import Channel
from ccc.ops.notices.channels import of as channels_of
from ccc.ops.notices.ledger import Ledger
from ccc.ops.workspace import Workspace
from ccc.platform import desktop, webhook
from ccc.platform.processes import identity
from ccc.platform.trees import Tree
from ccc.store.lock import locked

ATTEMPTS = 4
DELAYS = (1.0, 5.0, 25.0)
"""Seconds before the second, third and fourth attempt."""

LOCK_SECONDS = 2.0
"""Whoever sends now and is just ending may have overlooked what was laid down last."""

POLL_SECONDS = 0.2

TOLD = ("format", "id", "status", "session", "name", "title", "text", "since", "command", "repository")
"""What whoever is told gets of a notice; the rest is ours."""


def send_all(workspace: Workspace) -> None:
    """Tells what waits on every channel. Raises BadConfig; does nothing while another process tells."""
    workspace.require()
    with contextlib.suppress(StoreBusy):
        send(workspace, channels_of(workspace))


def send(workspace: Workspace, channels: Sequence[Channel]) -> None:
    """Tells all that waits, until nothing does. Raises StoreBusy while another process tells."""
    ledger = Ledger(workspace.layout)
    make_folder(ledger.root)
    with locked(ledger.lock, timeout=LOCK_SECONDS):
        able = [each for each in channels if each.can_tell(workspace.environment)]
        threads = [
            threading.Thread(target=_serve, args=(workspace, ledger, each), daemon=True) for each in able
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def _serve(workspace: Workspace, ledger: Ledger, channel: Channel) -> None:
    """Tells one channel what waits for it, in order; what failed is tried again in between."""
    while waiting := ledger.waiting({channel.name}):
        due = None
        for identifier, _ in waiting:
            notice = ledger.read(identifier, channel.name)
            if notice is None:
                continue
            moment = float(notice.get("next", 0))
            if 0 < moment - time.time() <= max(DELAYS):
                due = moment if due is None else min(due, moment)
            else:
                _attempt(workspace, ledger, channel, notice)
        if due is not None:
            time.sleep(min(POLL_SECONDS, max(0.0, due - time.time())))


def _attempt(workspace: Workspace, ledger: Ledger, channel: Channel, notice: dict[str, Any]) -> None:
    if notice["attempts"] >= ATTEMPTS:
        _give_up(
            workspace, ledger, channel, notice, str(notice.get("trouble") or "whoever told it was killed")
        )
        return
    notice["attempts"] += 1
    ledger.tried(channel.name, notice)
    trouble, again = tell(workspace, channel, told(workspace, notice))
    if trouble is None:
        ledger.done(channel.name, notice, None, workspace.now())
    elif not again or notice["attempts"] >= ATTEMPTS:
        _give_up(workspace, ledger, channel, notice, trouble)
    else:
        delay = DELAYS[min(notice["attempts"], len(DELAYS)) - 1]
        ledger.tried(channel.name, {**notice, "next": time.time() + delay, "trouble": trouble})


def told(workspace: Workspace, notice: Mapping[str, Any]) -> dict[str, Any]:
    """The document that whoever is told gets; secrets of known shapes are not in it."""
    top = workspace.checkout or workspace.repository.common
    found = {**notice, "repository": top.name}
    clean = {key: workspace.filter.clean(found[key]) for key in ("title", "text")}
    return {key: {**found, **clean}[key] for key in TOLD}


def tell(workspace: Workspace, channel: Channel, document: Mapping[str, Any]) -> tuple[str | None, bool]:
    """One attempt; why it failed, in words (None: it did not), and whether another one may help."""
    environment = workspace.environment
    if channel.kind == "desktop":
        text = f"{document['text']}\n{document['command']}".strip()
        found = _desktop_environment(environment)
        return desktop.notify(str(document["title"]), text, found, channel.timeout), False
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    if channel.kind == "webhook":
        return _post(channel, document, body, environment)
    return _run(workspace, channel, document, body), True


def _post(
    channel: Channel, document: Mapping[str, Any], body: bytes, environment: Mapping[str, str]
) -> tuple[str | None, bool]:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"ccc/{__version__}",
        "X-Ccc-Notice": str(document["id"]),
    }
    if channel.secret_env is not None:
        headers["X-Ccc-Signature"] = webhook.signature(environment[channel.secret_env], body)
    try:
        webhook.post(channel.url, body, headers, channel.timeout)
    except webhook.NotTaken as error:
        return str(error), error.again
    return None, False


def _run(workspace: Workspace, channel: Channel, document: Mapping[str, Any], body: bytes) -> str | None:
    """The person's command, argument by argument, with the document on its standard input."""
    told = {f"CCC_NOTICE_{key.upper()}": str(document[key] or "") for key in TOLD if key != "format"}
    try:
        process = subprocess.Popen(
            list(channel.command),
            cwd=workspace.checkout or workspace.repository.common,
            env={**_desktop_environment(workspace.environment), **told},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"{channel.command[0]} cannot be started: {error.strerror}"
    root = identity(process.pid)
    try:
        process.communicate(body, timeout=channel.timeout)
    except subprocess.TimeoutExpired:
        Tree(root, ("CCC_NOTICE_ID", str(document["id"]))).end(0.5)
        process.wait()
        return f"{channel.command[0]} did not end within {channel.timeout:g} s"
    return None if process.returncode == 0 else f"{channel.command[0]} exit {process.returncode}"


def _desktop_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Scrubbed, with what leads to the person's desktop."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "DBUS_SESSION_BUS_ADDRESS")
    return {**scrubbed(environment), **{name: environment[name] for name in names if name in environment}}


def _give_up(
    workspace: Workspace, ledger: Ledger, channel: Channel, notice: Mapping[str, Any], trouble: str
) -> None:
    """Nobody could be told that way: remembered, and in the diary."""
    ledger.done(channel.name, dict(notice), trouble, workspace.now())
    text = f"could not be told by {channel.kind} that it is {notice['status']}: {trouble}"
    workspace.store.journal(
        Draft("notice.failed", str(notice["name"]), text, session=str(notice["session"]), by="ccc")
    )
