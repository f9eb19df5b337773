"""The brief a session is given: rendered once, committed as the first commit of its branch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ccc.domain import notes
from ccc.domain.sessions import Session
from ccc.git import repository as repositories
from ccc.git import surgery
from ccc.ids import short_oid
from ccc.ops import identities
from ccc.ops.leftovers import SESSION_TRAILER
from ccc.ops.policy import Policy, local_policy
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

if TYPE_CHECKING:
    from ccc.ops.spawn import Plan

SESSIONS_FOLDER = ".ccc/sessions"


def folder_of(name: str) -> str:
    """Where a session's own files are on its branch."""
    return f"{SESSIONS_FOLDER}/{name}"


@dataclass(frozen=True)
class Below:
    """A session whose work another one builds on, the commit of it, and whether that has landed."""

    session: Session
    commit: str
    landed: bool


def render_brief(
    workspace: Workspace, policy: Policy, *, role: str, task: str, plan: Plan, below: Sequence[Below] = ()
) -> str:
    """The brief as text, from the role's template or the shared one; what it goes on from follows it.

    `below`: the sessions that it builds on.
    """
    from ccc.config.briefs import render

    text = render(
        policy.roles.get(role),
        {
            "session": plan.id,
            "name": plan.name,
            "alias": plan.alias,
            "role": role,
            "task": task,
            "branch": plan.branch,
            "target": plan.target,
            "base": plan.base,
            "worktree": str(plan.path),
            "ports": plan.ports,
            "parent": plan.parent,
            "report": f"{folder_of(plan.name)}/report.md",
        },
    )
    parts = [text] if plan.origin is None else [text, _inherited(workspace, plan.origin)]
    if below:
        parts.append(_built_on(workspace, plan, below))
    return parts[0] if len(parts) == 1 else "\n\n".join(part.rstrip() for part in parts) + "\n"


def _built_on(workspace: Workspace, plan: Plan, below: Sequence[Below]) -> str:
    """Whose work the branch begins with: task, commit and report of each, quoted as material."""
    state = workspace.reader.state()
    parts = [
        "## What you build on",
        f"Your branch begins at `{short_oid(plan.base)}`, which holds the work of the sessions below; ccc ran"
        " their checks on it. Build on it instead of doing it again; where it is wrong, report that.",
    ]
    for each in below:
        session = each.session
        landed = f"landed on {session.target}" if each.landed else f"not landed on {session.target} yet"
        parts.append(f"### {session.name} at `{short_oid(each.commit)}`, {landed}")
        parts.append(f"Its task was: {' '.join(session.task.split())}")
        if session.report is not None:
            report = state.blob(session.report).decode("utf-8", "replace").strip()
            parts += ["Its report:", "\n".join(f"> {line}" for line in report.splitlines())]
        parts.append(f"More of it: `git ccc show {session.name}`.")
    return "\n\n".join(parts)


def _inherited(workspace: Workspace, origin: Session) -> str:
    """What another session leaves to this one: its task, branch, notes and report, quoted as material."""
    state = workspace.reader.state()
    parts = [
        f"## What you go on from: {origin.name}",
        f"Its task was: {' '.join(origin.task.split())}",
        f"Its branch is `{origin.branch}` at `{short_oid(origin.head)}`: `git ccc show {origin.name}`.",
    ]
    own = [note for note in notes.notes_in(state.streams(notes.KIND)) if note.session == origin.id]
    parts += [f"- {note.kind}: {' '.join(note.text.split())}" for note in own]
    if origin.report is not None:
        report = state.blob(origin.report).decode("utf-8", "replace").strip()
        parts += ["Its report:", "\n".join(f"> {line}" for line in report.splitlines())]
    return "\n\n".join(parts) + "\n"


def commit_brief(workspace: Workspace, plan: Plan, role: str, text: bytes) -> str:
    """The commit on top of the base that adds the brief; no reference moves."""
    git = workspace.git
    blob = git.run("hash-object", "-w", "--stdin", "--no-filters", input=text).text
    subtree = git.run("mktree", "-z", input=f"100644 blob {blob}\tbrief.md\0".encode()).text
    base_tree = git.text("rev-parse", f"{plan.base}^{{tree}}")
    tree = surgery.with_subtree(git, base_tree, folder_of(plan.name), subtree)
    found = repositories.identity(workspace.repository)
    assert found is not None
    name, mail = identities.author_name(found[0], role), found[1]
    message = f"Brief for {plan.name}\n\n{SESSION_TRAILER}: {plan.id}\n"
    return git.run(
        "commit-tree",
        tree,
        "-p",
        plan.base,
        input=message.encode(),
        env={
            "GIT_AUTHOR_NAME": name,
            "GIT_AUTHOR_EMAIL": mail,
            "GIT_COMMITTER_NAME": name,
            "GIT_COMMITTER_EMAIL": mail,
        },
    ).text


def system_text(workspace: Workspace, session: Session) -> str:
    """The system prompt an agent of a session is started with."""
    from ccc.config.briefs import system_prompt

    return system_prompt(local_policy(workspace).roles.get(session.role), values_of(session))


def values_of(session: Session) -> dict[str, object]:
    """What templates may name of a session that is there."""
    return {
        "session": session.id,
        "name": session.name,
        "alias": session.alias,
        "role": session.role,
        "task": session.task,
        "branch": session.branch,
        "target": session.target,
        "base": session.base,
        "worktree": session.worktree,
        "ports": session.ports,
        "parent": session.parent,
        "report": f"{folder_of(session.name)}/report.md",
    }
