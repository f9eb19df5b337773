"""Composes the hand-off of a moment: the same bytes for a given tip and version of ccc, in every clone."""

from __future__ import annotations

from ccc.domain.events import events_in
from ccc.domain.handoff import WRITTEN, Handoff
from ccc.errors import NotInitialised
from ccc.git.command import Git
from ccc.git.objects import parse_commit
from ccc.ops.handoff.facts import gather
from ccc.ops.workspace import Workspace
from ccc.views.handoff.document import render

TOKENS = 25_000


def handoff(workspace: Workspace, *, tokens: int = TOKENS, at: str | None = None) -> str:
    """The hand-off as Markdown, from `refs/ccc` and git objects alone; see `compose`."""
    return compose(workspace, tokens=tokens, at=at).text


def compose(workspace: Workspace, *, tokens: int = TOKENS, at: str | None = None) -> Handoff:
    """The hand-off at a commit, event or time, else at the tip, in at most `tokens` tokens.

    No clock, no worktree, no pending event goes in. Raises NotInitialised, NotFound for an unknown `at`,
    Usage for a budget below 300.
    """
    reader = workspace.reader
    commit = reader.tip() if at is None else reader.commit_at(at)
    if commit is None:
        raise NotInitialised("ccc is not initialised in this repository", "git ccc init")
    settled = before_handoffs(workspace.git, commit)
    return render(gather(workspace.git, reader.state(settled), settled), tokens)


def before_handoffs(git: Git, commit: str) -> str:
    """The youngest commit at or behind this one that records more than a hand-off.

    So a hand-off that was written is the same as the one printed next.
    """
    while True:
        found = parse_commit(git.run("cat-file", "commit", commit).out)
        events = events_in(found.message)
        if not events or len(found.parents) != 1 or any(event.type != WRITTEN for event in events):
            return commit
        commit = found.parents[0]
