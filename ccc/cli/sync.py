"""`git ccc sync`: share the state with other machines."""

from __future__ import annotations

import click

from ccc.cli.invocation import Invocation, json_option, pass_invocation
from ccc.cli.opening import open_workspace
from ccc.errors import Refused, Usage
from ccc.ops.workspace import Workspace


@click.command("sync")
@click.argument("remote", required=False)
@click.option(
    "--enable", is_flag=True, help="Begin to share through REMOTE, after saying what that makes visible"
)
@click.option("--disable", is_flag=True, help="Share no more; what was shared stays there")
@click.option(
    "--status", "overview", is_flag=True, help="Show when it was shared, what waits, who else is there"
)
@click.option("--take", metavar="LEASE", help="Hold a lease alone, as orchestrator, until released or silent")
@click.option("--release", metavar="LEASE", help="Give a lease back; another machine's needs a person")
@click.option("--with-fetch", is_flag=True, help="With --enable: a plain git fetch brings others' state, too")
@click.option("--yes", is_flag=True, help="With --enable: agree without being asked")
@json_option
@pass_invocation
def command_sync(
    invocation: Invocation,
    remote: str | None,
    enable: bool,
    disable: bool,
    overview: bool,
    take: str | None,
    release: str | None,
    with_fetch: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Share the state with other machines through a git remote

    Fetches what others share, merges it by content, pushes to refs/ccc-sync/ of the remote; your branches,
    your push and your fetch stay as they are. Off until --enable; logs and transcripts are never shared.
    """
    if sum((enable, disable, overview, take is not None, release is not None)) > 1:
        raise Usage("--enable, --disable, --status, --take and --release exclude each other")
    if (yes or with_fetch) and not enable:
        raise Usage("--yes and --with-fetch go with --enable", "git ccc sync REMOTE --enable --yes")
    if enable:
        _enable(invocation, remote, yes=yes, with_fetch=with_fetch, as_json=as_json)
    elif disable:
        _disable(invocation)
    elif take is not None or release is not None:
        _lease(invocation, take, release, as_json=as_json)
    elif overview:
        _status(invocation, as_json=as_json)
    else:
        _sync(invocation, open_workspace(invocation), remote, as_json=as_json)


def _enable(
    invocation: Invocation, remote: str | None, *, yes: bool, with_fetch: bool, as_json: bool
) -> None:
    from ccc.ops.sync import consent, fetching

    if remote is None:
        raise Usage("--enable needs the name of a remote", "git ccc sync origin --enable")
    terminal = invocation.terminal
    workspace = Workspace.open(invocation.directory, terminal.environment, invocation.standing)
    if not workspace.initialised:
        workspace = _initialised(invocation, workspace, remote)
    told = consent.prepare(workspace, remote)
    terminal.err("\n".join(told.lines))
    agreed = yes or terminal.confirm(f"Share the state through {remote}?")
    consent.enable(workspace, told, agreed=agreed)
    if with_fetch:
        fetching.add(workspace, remote)
    _sync(invocation, workspace, remote, as_json=as_json)


def _initialised(invocation: Invocation, workspace: Workspace, remote: str) -> Workspace:
    """The repository after `init`, which goes on with what the remote shares."""
    from ccc.ops.actor import require_person_at_keyboard
    from ccc.ops.init import init

    terminal = invocation.terminal
    require_person_at_keyboard(workspace, "sharing the state", f"git ccc sync {remote} --enable")
    for remark in init(workspace, files=False, remote=remote).remarks:
        terminal.err(remark)
    return Workspace.open(invocation.directory, terminal.environment, invocation.standing)


def _disable(invocation: Invocation) -> None:
    from ccc.ops.sync import consent
    from ccc.ops.sync.enabled import THERE, own_name

    workspace = open_workspace(invocation)
    was = consent.disable(workspace)
    terminal = invocation.terminal
    terminal.out(f"the state is shared with {was.remote} no more")
    there = f"{THERE}{own_name(workspace.replica)}"
    terminal.err(f"what was shared stays there; to delete it: git push {was.remote} --delete {there}")


def _lease(invocation: Invocation, take: str | None, release: str | None, *, as_json: bool) -> None:
    from ccc.ops.lease import orchestrator
    from ccc.views.sync import lease_text, leased_document

    workspace, terminal = open_workspace(invocation), invocation.terminal
    asks = terminal.input.isatty() and terminal.words.isatty()
    if take is not None:
        lease = orchestrator.take(workspace, take, asks=asks)
    else:
        lease = orchestrator.release(workspace, release or "", asks=asks)
    if as_json:
        terminal.json(leased_document(workspace.reader.tip(), lease))
    else:
        terminal.out(f"{lease.name} is free again" if lease.released else lease_text(lease))


def _status(invocation: Invocation, *, as_json: bool) -> None:
    from ccc.ops.sync.overview import overview
    from ccc.views.sync import overview_document, overview_text

    workspace = open_workspace(invocation)
    found = overview(workspace)
    if as_json:
        invocation.terminal.json(overview_document(workspace.reader.tip(), found))
    else:
        invocation.terminal.out(overview_text(found))


def _sync(invocation: Invocation, workspace: Workspace, remote: str | None, *, as_json: bool) -> None:
    from ccc.ops.landing.requests import refresh_all
    from ccc.ops.policy import local_policy
    from ccc.ops.sync import automatic
    from ccc.ops.sync import enabled as sharing
    from ccc.ops.sync.exchange import sync
    from ccc.views.sync import synced_document, synced_text

    known = sharing.require(workspace)
    if remote is not None and remote != known.remote:
        raise Refused(f"the state is shared through {known.remote}, not {remote}", "git ccc sync --status")
    terminal = invocation.terminal
    asks = terminal.input.isatty() and terminal.words.isatty()
    settings = local_policy(workspace).settings.sync
    automatic.remember(workspace, settings)
    done = sync(workspace, asks=asks, seconds=settings.seconds)
    for words in refresh_all(workspace):
        terminal.err(words)
    if as_json:
        terminal.json(synced_document(done))
    else:
        terminal.out(synced_text(done))
