"""The commits that a landing puts on its target: a merge, one commit, or the session's own made again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ccc.domain.sessions import MERGE, REBASE, SQUASH
from ccc.domain.status import describe
from ccc.errors import Refused
from ccc.git import replay
from ccc.git.objects import COMMIT, commit_content
from ccc.git.replay import CannotReplay, Original, Step
from ccc.ids import short_oid
from ccc.ops.brief import SESSIONS_FOLDER
from ccc.ops.landing.review import Review
from ccc.ops.show import report_of
from ccc.ops.workspace import ANONYMOUS, Workspace

TITLE = 72
SUMMARY = 2000


def make(workspace: Workspace, current: Review) -> str:
    """The newest of the commits, with exactly the tree that was shown; stored, and not yet on any branch.

    Raises Refused where the session's commits do not come to that tree one by one.
    """
    method = method_of(current)
    if method == SQUASH:
        return _squashed(workspace, current)
    if method == REBASE:
        return _rebased(workspace, current)
    combined = current.combined
    title = " ".join(current.session.task.split())[:60]
    message = f"Merge {current.session.name}: {title}\n\n{_trailers(current)}"
    assert combined.tree is not None
    return _commit(workspace, combined.tree, (combined.base, combined.head), message)


def method_of(current: Review) -> str:
    """How this session's target wants it: `merge`, `squash` or `rebase`."""
    return current.combined.policy.settings.land.on(current.combined.target).method


def approval_words(current: Review) -> str | None:
    """Who approved it, with the keys that were proven; None where nobody had to."""
    people = [
        f"{yes.approval.by} (signed {yes.key})" if yes.key else yes.approval.by
        for yes in current.consent.given
    ]
    return ", ".join(people) or None


def _trailers(current: Review) -> str:
    session, combined = current.session, current.combined
    lines = [
        f"Ccc-Session: {session.name} {session.id}",
        f"Ccc-Approval: {approval_words(current) or 'none needed'} (tree {short_oid(combined.tree or '')})",
        f"Ccc-Gate: {_gate_words(current)}",
        f"Ccc-Checks: {_check_words(current) or 'unchecked'}",
    ]
    if current.override is not None:
        lines.append(f"Ccc-Override: {' '.join((current.override.override or '').split())}")
    if method_of(current) != MERGE:
        lines.append(f"Ccc-Head: {combined.head}")
    return "\n".join(lines) + "\n"


def _gate_words(current: Review) -> str:
    gate = current.gate
    if gate is None or gate.state == "none":
        skipped = bool(gate and gate.skipped)
        return "no command is for these paths and this role" if skipped else "no gate configured"
    return f"{gate.state}: " + ", ".join(describe(command) for command in gate.commands)


def _check_words(current: Review) -> str:
    verification = current.session.verification
    if verification is None or verification.commit != current.combined.head:
        return ""
    return ", ".join(describe(command) for command in verification.commands)


def _commit(
    workspace: Workspace,
    tree: str,
    parents: Sequence[str],
    message: str,
    author: str | None = None,
    date: str | None = None,
) -> str:
    """By whom and when `author` (`Name <mail>`) and `date` (`seconds zone`) say, else who lands it, now."""
    person = workspace.person or ANONYMOUS
    now = f"{int(time.time())} {time.strftime('%z')}"
    content = message.encode("utf-8", "replace")
    made = commit_content(tree, parents, f"{author or person} {date or now}", f"{person} {now}", content)
    return workspace.backend.backend.write(COMMIT, made)


def _own(workspace: Workspace, current: Review) -> list[Original]:
    """The session's commits since its last landing, oldest first; merges left out."""
    combined, landed = current.combined, current.session.landed
    behind = [combined.base, *combined.grafts]
    if landed is not None and landed.advanced is not None:
        behind.append(landed.advanced)
    return replay.originals(workspace.git, combined.head, *behind)


def _author(original: Original) -> str:
    return f"{original.name} <{original.mail}>"


def _squashed(workspace: Workspace, current: Review) -> str:
    """One commit, by who made the newest of the session's; the others who did are named in trailers."""
    combined, session = current.combined, current.session
    own = _own(workspace, current)
    report = report_of(workspace.reader.state(), session)
    title = " ".join(session.task.split())
    if len(title) > TITLE:
        title = title[:TITLE].rsplit(" ", 1)[0] + " ..."
    summary = report.summary.strip()[:SUMMARY] if report else ""
    others = dict.fromkeys(_author(one) for one in own)
    author = _author(own[-1]) if own else None
    if author is not None:
        others.pop(author)
    together = "".join(f"Co-authored-by: {each}\n" for each in others)
    body = f"{summary}\n\n" if summary else ""
    assert combined.tree is not None
    return _commit(
        workspace, combined.tree, (combined.base,), f"{title}\n\n{body}{together}{_trailers(current)}", author
    )


def _rebased(workspace: Workspace, current: Review) -> str:
    combined, session = current.combined, current.session
    try:
        made = _replayed(workspace, current, _own(workspace, current))
    except CannotReplay as error:
        raise _refused(current, error.message) from error
    if not made or made[-1].tree != combined.tree:
        raise _refused(current, "they come to another tree than the one that was tested")
    tip = combined.base
    for step in made:
        one, last = step.original, step is made[-1]
        trailers = _trailers(current) if last else f"Ccc-Session: {session.name} {session.id}\n"
        message = _with_trailers(workspace, one.message, trailers)
        tip = _commit(workspace, step.tree, (tip,), message, _author(one), one.date)
    return tip


def _replayed(workspace: Workspace, current: Review, own: Sequence[Original]) -> list[Step]:
    objects = workspace.backend.backend
    keeps = current.combined.policy.settings.keep_session_files
    folder = None if keeps else SESSIONS_FOLDER
    return replay.steps(workspace.git, objects, own, current.combined.base_tree, folder)


def _with_trailers(workspace: Workspace, message: str, trailers: str) -> str:
    """The message with trailers behind those that it has; its brief's own is said once."""
    options = [word for line in trailers.splitlines() for word in ("--trailer", line)]
    asked = ("interpret-trailers", "--if-exists", "replace", "--no-divider", *options)
    given = message.encode("utf-8", "replace")
    return workspace.git.run(*asked, input=given).out.decode("utf-8", "replace")


def _refused(current: Review, why: str) -> Refused:
    name, target = current.session.name, current.combined.target
    place = Path(current.session.worktree or ".")
    return Refused(
        f"the commits of {name} cannot be put on {target} one by one: {why}",
        f'git -C {place} rebase {target}, then report done again; or land.method = "squash"',
    )
