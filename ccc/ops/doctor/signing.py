"""Whether approvals can be signed and verified here, where the target takes signed ones only."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from ccc.git import repository as repositories
from ccc.ops.doctor.finding import Finding
from ccc.ops.observe import HEADS
from ccc.ops.policy import local_policy, target_policy
from ccc.ops.workspace import Workspace
from ccc.platform.signatures import PROGRAM

KEY = "git config --global user.signingkey ~/.ssh/KEY.pub"


def approvals(workspace: Workspace) -> Iterator[Finding]:
    """Nothing is said where signatures are not asked for."""
    from ccc.ops.landing.approvals import SIGNERS, signers_at  # with the target's settings: pydantic

    head = repositories.main_branch(workspace.repository) or ""
    target = local_policy(workspace).settings.target or head.removeprefix(HEADS)
    commit = repositories.resolve(workspace.git, HEADS + target) if target else None
    if commit is None or not target_policy(workspace, commit, target).settings.approval.signed:
        return
    if signers_at(workspace, commit) is None:
        words = f"{target} takes signed approvals only, and has no {SIGNERS}: nothing can land"
        yield Finding(
            "approvals", False, words, f"commit {SIGNERS} on {target}: a line MAIL KEY for each person"
        )
    elif shutil.which(PROGRAM, path=workspace.environment.get("PATH")) is None:
        words = f"{target} takes signed approvals only, and {PROGRAM} is not on PATH"
        yield Finding("approvals", False, words, "install OpenSSH 8.2 or newer")
    elif repositories.config(workspace.repository, "user.signingkey") is None:
        yield Finding("approvals", True, f"{target} takes signed ones only; you have no key set up", KEY)
    else:
        yield Finding("approvals", True, f"{target} takes signed ones only; git has a key to sign with")
