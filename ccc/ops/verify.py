"""Verification: "done" is a claim until ccc has run the role's checks on that commit itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ccc.domain import sessions
from ccc.domain.canonical import Value
from ccc.domain.events import Draft
from ccc.domain.sessions import Command, Session, command_value
from ccc.domain.status import describe
from ccc.errors import BadConfig, NotFound
from ccc.git import repository as repositories
from ccc.ids import short, short_oid
from ccc.ops.observe import HEADS, local_sessions
from ccc.ops.policy import paths_at, target_policy
from ccc.ops.tell import tell
from ccc.ops.workspace import Workspace
from ccc.store.protocol import State

if TYPE_CHECKING:
    from ccc.config.checks import Check

UNREADABLE = "checks of role "
"""What stands for checks of which the target's configuration does not say what they are."""

LINES = 60
"""Lines of a failed check's output that the agent is shown."""


def waiting_for_checks(state: State, replica: str) -> list[Session]:
    """The sessions of this machine that claim to be done at their head and have not been checked since."""
    return [session for session in local_sessions(state, replica) if needs_checks(session)]


def needs_checks(session: Session) -> bool:
    """Whether a claim of done at head waits for its checks."""
    claim, verification = session.claim, session.verification
    if claim is None or claim.state != "done" or claim.commit != session.head or session.landed_head:
        return False
    rejected = session.rejection is not None and session.rejection.head == session.head
    if rejected and session.rejection is not None and session.rejection.at > claim.at:
        return False
    return verification is None or verification.commit != session.head or verification.at < claim.at


def could_not_be_read(session: Session) -> bool:
    """Whether its checks failed at head only because the target's configuration could not be read then."""
    found = session.verification
    if found is None or found.state != "failed" or found.commit != session.head or not found.commands:
        return False
    last = found.commands[-1]
    return last.log is None and last.command.startswith(UNREADABLE)


def verify(workspace: Workspace, session: Session) -> None:
    """Runs the checks of a session's role on its head and records what came of it.

    Roles and checks are read from the target's commit, never from the session's branch. Whether a check
    applies is asked of the target's and the session's paths together, so that deleting the tests does not
    make their check go away. A configuration of the target that cannot be read, or has no such role, is a
    failed check of this session and stops no other.
    """
    commit = session.head
    try:
        checks = applicable(workspace, session)
    except (BadConfig, NotFound) as error:
        unknown = Command(f"{UNREADABLE}{session.role}: {error.message}", 1, 0.0, workspace.now(), None)
        _record(workspace, session, commit, "failed", (unknown,))
        return
    if not checks:
        _record(workspace, session, commit, "none", ())
        return
    from ccc.git.scratch import OCCUPIED, scratch  # 5 ms, where there are checks to run
    from ccc.ops.commands import Order, passed, run_all

    orders = [Order(check.run, check.timeout) for check in checks]
    with scratch(workspace.repository, workspace.layout, commit) as folder:
        label = f"{session.name}-{short_oid(commit)}-{short(session.id)}"
        extra = {"CI": "true", OCCUPIED: str(folder)}
        commands = run_all(workspace, orders, folder, label, extra=extra)
    _record(workspace, session, commit, "passed" if passed(commands) else "failed", commands)
    if not passed(commands):
        hand_back(workspace, session, commit, commands[-1])


def hand_back(workspace: Workspace, session: Session, commit: str, failed: Command) -> bool:
    """Tells the agent what failed, once; what fails again after that is for people. Whether it was told."""
    if session.engine is None or session.returned is not None:
        return False
    from ccc.ops.commands import last_words

    words = "\n".join(last_words(failed, lines=LINES))
    text = (
        f"The checks of your work failed at {short_oid(commit)}: {describe(failed)}\n\n{words}\n\n"
        "Mend it, commit, and report done again. What fails a second time is shown to people."
    )
    return tell(workspace, session, text, topic="checks", mark={"returned": commit})


def applicable(workspace: Workspace, session: Session) -> Sequence[Check]:
    """The checks of the session's role that apply here, from the target's configuration."""
    from ccc.config.checks import applicable_checks

    git = workspace.git
    target = repositories.resolve(git, HEADS + session.target) or session.base
    policy = target_policy(workspace, target, session.target)
    listed = paths_at(git, target, session.head)

    def content(path: str) -> bytes | None:
        for revision in (target, session.head):
            found = git.run("cat-file", "blob", f"{revision}:{path}", ok=(0, 128))
            if found.code == 0:
                return found.out
        return None

    return applicable_checks(policy.roles.get(session.role), listed, content)


def _record(
    workspace: Workspace, session: Session, commit: str, state: str, commands: Sequence[Command]
) -> None:
    def decide(_: State) -> Sequence[Draft]:
        return (_verified(session, commit, state, commands),)

    workspace.store.transact(decide)


def _verified(session: Session, commit: str, state: str, commands: Sequence[Command]) -> Draft:
    kind = {"passed": "verified", "failed": "checks-failed", "none": "unchecked"}[state]
    words = {
        "passed": f"verified {short_oid(commit)}: {', '.join(describe(command) for command in commands)}",
        "failed": f"checks failed at {short_oid(commit)}: {describe(commands[-1]) if commands else ''}",
        "none": f"unchecked {short_oid(commit)}: the role has no checks here",
    }
    record: dict[str, Value] = {
        "commit": commit,
        "state": state,
        "commands": [command_value(command) for command in commands],
    }
    change: dict[str, Value] = {"verification": record}
    if state == "passed" and session.returned is not None:
        change["returned"] = None
    return Draft(
        type=f"session.{kind}",
        subject=session.name,
        text=words[state],
        session=session.id,
        changes={sessions.stream_of(session.id): change},
        by="ccc",
    )
