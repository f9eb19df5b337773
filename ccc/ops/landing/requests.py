"""Landing by request: the work is reviewed and merged on a forge, and what happens there is read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ccc.domain import landings, requests
from ccc.domain.events import Draft
from ccc.domain.requests import Said, Standing
from ccc.domain.sessions import MERGE, SQUASH, Landed, Request, Session
from ccc.errors import CccError, GitFailed, NeedsPerson, Refused, StoreBusy, TimedOut
from ccc.forges.protocol import APPROVED, CHANGES, CLOSED, FAILED, MERGED, RUNNING, Forge, Seen, Wanted
from ccc.forges.registry import forge_at
from ccc.git import heads, history
from ccc.git import repository as repositories
from ccc.git.repository import RefUpdate
from ccc.git.transport import Remote, reason
from ccc.ops import intents
from ccc.ops.landing.checkouts import checkouts_of, require_clean, require_free
from ccc.ops.landing.combine import tree_of
from ccc.ops.landing.land import finish
from ccc.ops.landing.making import make
from ccc.ops.landing.pushing import fetch, remote_of
from ccc.ops.landing.review import Review
from ccc.ops.observe import HEADS, local_sessions
from ccc.ops.policy import target_policy_of
from ccc.ops.show import report_of
from ccc.ops.workspace import Workspace
from ccc.store.crashpoints import reached
from ccc.store.lock import locked
from ccc.views.request import body_of, title_of

PREFIX = "ccc-land/"
"""What the branch of a request begins with; it is ccc's own, and nobody works on it."""


def ask(workspace: Workspace, current: Review) -> Session:
    """Opens or updates the request for what was shown; call under the landing lock, where it may land.

    Raises Refused (the remote or forge says no, somebody else pushed to its branch), StoreBusy.
    """
    session, combined = current.session, current.combined
    remote, forge = _places(workspace, session)
    branch, last = f"{PREFIX}{session.name}", session.request
    at = _tip(remote, branch)
    if at is not None and (last is None or at not in (last.commit, last.before)):
        raise Refused(
            f"{branch} of {remote.name} is at {at[:7]}, which ccc did not push",
            f"look at it; then: git push {remote.name} --delete {branch}",
        )
    going_on = last is not None and last.state == "open"
    request = Request(
        url=last.url if going_on and last else "",
        number=last.number if going_on and last else 0,
        remote=remote.name,
        branch=branch,
        head=combined.head,
        base=combined.base,
        tree=combined.tree or "",
        commit=make(workspace, current),
        before=at,
        state="opening",
        words="",
        at="",
    )
    workspace.store.transact(lambda _: (requests.opening(session, request),))
    reached("request-opening")
    _push(remote, request)
    reached("request-pushed")
    wanted = _wanted(workspace, current, branch)
    number = forge.find(branch, session.target)
    first = number is None
    if number is None:
        number = forge.open(wanted)
    else:
        forge.update(number, wanted)
    reached("request-opened")
    url = forge.look(number).url
    done = replace(request, number=number, url=url, state="open")
    workspace.store.transact(lambda _: (requests.opened(session, done, first=first),))
    return replace(session, request=done)


def waits(session: Session) -> NeedsPerson:
    """The error that says where it is decided."""
    request = session.request
    more = f" ({request.words})" if request and request.words else ""
    return NeedsPerson(
        f"{session.name} waits for review at {request.url if request else ''}{more}",
        f"when it is merged there: git ccc merge {session.name}",
    )


def _places(workspace: Workspace, session: Session) -> tuple[Remote, Forge]:
    way = target_policy_of(workspace, session.target).settings.land.on(session.target)
    remote = remote_of(workspace, way.remote, session.target)
    # As configured: `git remote get-url` says what url.*.insteadOf makes of it.
    url = repositories.config(workspace.repository, f"remote.{way.remote}.url") or ""
    return remote, forge_at(url, way.forge, workspace.environment)


def _tip(remote: Remote, branch: str) -> str | None:
    try:
        return remote.listed(HEADS + branch).get(HEADS + branch)
    except (GitFailed, TimedOut) as error:
        raise StoreBusy(f"no request was opened: {error.message}", error.hint) from error


def _push(remote: Remote, request: Request) -> None:
    """Its own branch, which may go anywhere; only never away from under somebody else's push."""
    ref = HEADS + request.branch
    lease = f"--force-with-lease={ref}:{request.before or ''}"
    try:
        done = remote.push(f"{request.commit}:{ref}", options=(lease,))
    except (GitFailed, TimedOut) as error:
        raise StoreBusy(f"no request was opened: {error.message}", "try again") from error
    if done.code != 0:
        raise Refused(
            f"{remote.name} does not take {request.branch}: {reason(done)}", "no request was opened"
        )


def _wanted(workspace: Workspace, current: Review, branch: str) -> Wanted:
    report = report_of(workspace.reader.state(), current.session)
    clean = workspace.filter.clean
    notes = (*current.warnings, *(f"{file.path} ({file.kind})" for file in current.combined.conflicts))
    title, body = title_of(current), body_of(current, report, notes)
    return Wanted(clean(title), clean(body), branch, current.combined.target)


def refresh(workspace: Workspace, session: Session) -> list[str]:
    """Reads back what happened to an open request; words worth saying. Raises Refused, StoreBusy."""
    request = session.request
    if request is None or request.state != "open" or session.landed_head:
        return []
    remote, forge = _places(workspace, session)
    seen = forge.look(request.number)
    if seen.state == MERGED:
        return _merged(workspace, session, remote, forge, seen)
    if seen.state == CLOSED:
        ended = replace(request, state="closed", words="")
        workspace.store.transact(lambda _: (requests.ended(session, ended),))
        return [f"{request.url} was closed without merge"]
    standing, words = _standing(forge, seen), _words(seen)
    stream = workspace.reader.state().stream(landings.stream_of(session.id))
    before = requests.standing_of(stream)
    if standing != before or words != request.words:
        news = _news(before, standing) or words
        now = replace(request, words=words)
        workspace.store.transact(lambda _: (requests.changed(session, now, standing, news),))
    return []


def _standing(forge: Forge, seen: Seen) -> Standing:
    opinions = (
        Said(f"{forge.name}:{each.by}", each.state, each.commit or seen.head) for each in seen.opinions
    )
    checks = (Said(each.name, each.state, seen.head) for each in seen.checks)
    return Standing(seen.head, tuple(opinions), tuple(checks))


def _words(seen: Seen) -> str:
    """What it waits for, shortly; an opinion of an older commit is stale."""
    fresh = [each for each in seen.opinions if each.commit in (None, seen.head)]
    yes = sum(each.state == APPROVED for each in fresh)
    against = [each.by for each in seen.opinions if each.state == CHANGES]
    stale = sum(each.state == APPROVED for each in seen.opinions) - yes
    failed = [each.name for each in seen.checks if each.state == FAILED]
    running = sum(each.state == RUNNING for each in seen.checks)
    parts = [
        f"{yes} approved" if yes else "",
        f"{stale} stale" if stale else "",
        f"changes requested by {', '.join(against[:3])}" if against else "",
        f"checks failed: {', '.join(failed[:3])}" if failed else "",
        f"{running} checks running" if running else "",
    ]
    return "; ".join(part for part in parts if part)


def _news(before: Standing | None, now: Standing) -> str:
    known = {*before.opinions, *before.checks} if before else set()
    told = [each for each in (*now.opinions, *now.checks) if each not in known]
    return ", ".join(f"{each.by} {each.state} at {each.commit[:7]}" for each in told[:5])


def _merged(workspace: Workspace, session: Session, remote: Remote, forge: Forge, seen: Seen) -> list[str]:
    """Records the landing, and takes the local target and the session's branch along where that can be."""
    assert session.request is not None
    try:
        fetch(remote, session.target)
    except (GitFailed, TimedOut) as error:
        raise StoreBusy(
            f"{seen.url} is merged, and cannot be fetched: {error.message}", "try again"
        ) from error
    commit = seen.merged_as or ""
    if repositories.resolve(workspace.git, commit) is None:
        raise StoreBusy(f"{seen.url} is merged as {commit[:7]}, which {remote.name} has not yet", "try again")
    by = f" by {forge.name}:{seen.merged_by}" if seen.merged_by else ""
    git, head = workspace.git, session.request.head
    method = MERGE if history.is_ancestor(git, head, commit) else SQUASH
    landed = Landed(
        commit, head, session.request.base, tree_of(workspace, commit), session.target, None, "", method,
        f"merged at {seen.url}{by}",
    )  # fmt: skip
    ended = replace(session.request, state="merged", words="")
    with locked(workspace.layout.root / intents.LAND_LOCK):
        finish(workspace)
        remarks = _follow(workspace, session, landed)
    workspace.store.transact(lambda _: (requests.changed(session, ended, _standing(forge, seen), "merged"),))
    return remarks


def _follow(workspace: Workspace, session: Session, landed: Landed) -> list[str]:
    """By the same steps as a landing of this machine, so that it may be killed at any of them."""
    git, ref = workspace.git, HEADS + landed.target
    tip = heads.branches(git, workspace.repository.common).get(ref) or ""
    here = bool(tip) and history.is_ancestor(git, landed.commit, tip)
    tops = [] if here else checkouts_of(workspace, landed.target)
    try:
        if not here and not history.is_ancestor(git, tip, landed.commit):
            raise Refused(f"{landed.target} here has commits of its own")
        if not here:
            require_free(workspace, landed.target)
        for top in tops:
            require_clean(workspace, top, tip, landed.commit)
    except Refused as error:
        workspace.store.transact(lambda state: _arrived(state, session, landed))
        return [f"{landed.target} is not brought along ({error.message}): git pull, when you like"]
    intent = landings.Intent(
        session=session.id,
        base=tip,
        head=landed.head,
        tree=landed.tree,
        commit=landed.commit,
        target=landed.target,
        approval=None,
        tops=tuple(str(top) for top in tops),
        method=landed.method,
        how=landed.how,
    )
    intents.write(workspace.layout, intent)
    reached("land-intended")
    if not here:
        repositories.update_refs(git, [RefUpdate(ref, landed.commit, tip)], f"ccc: {landed.how}")
    reached("land-swapped")
    return finish(workspace)


def _arrived(state: object, session: Session, landed: Landed) -> Sequence[Draft]:
    del state
    return (landings.arrived(session, landed),)


def refresh_all(workspace: Workspace) -> list[str]:
    """Looks at every open request of this machine's sessions; one that cannot be asked stops no other."""
    said: list[str] = []
    for session in local_sessions(workspace.store.state(), workspace.replica):
        if session.request is None or session.request.state != "open":
            continue
        try:
            said += refresh(workspace, session)
        except CccError as error:
            said.append(f"{session.name}: {error.message}")
    return said
