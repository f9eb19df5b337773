"""The brief a session is given: rendered once, committed as the first commit of its branch."""

from __future__ import annotations

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

if TYPE_CHECKING:
    from ccc.ops.spawn import Plan

SESSIONS_FOLDER = ".ccc/sessions"


def folder_of(name: str) -> str:
    """Where a session's own files are on its branch."""
    return f"{SESSIONS_FOLDER}/{name}"


def render_brief(workspace: Workspace, policy: Policy, *, role: str, task: str, plan: Plan) -> str:
    """The brief as text, from the role's template or the shared one; what it goes on from follows it."""
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
    return text if plan.origin is None else f"{text.rstrip()}\n\n{_inherited(workspace, plan.origin)}"


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
