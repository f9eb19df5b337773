"""Signing an approval with a person's ssh key, in the way that the target's allowed signers verify."""

from __future__ import annotations

from dataclasses import replace

from ccc.domain.approving import NAMESPACE, signed_text
from ccc.domain.landings import Approval
from ccc.errors import Refused
from ccc.git import repository as repositories
from ccc.ops.landing.approvals import SIGNERS, proven, signers_at
from ccc.ops.landing.combine import Combined
from ccc.ops.workspace import Workspace
from ccc.platform import signatures

SETTING = "git config --global gpg.format ssh; git config --global user.signingkey ~/.ssh/KEY.pub"


def signed(workspace: Workspace, combined: Combined, approval: Approval, key: str | None) -> Approval:
    """The approval with a signature that the target's commit takes.

    Raises Refused without a key, where it cannot sign, and where its signature would not count.
    """
    text = signed_text(combined.target, combined.session.id, approval)
    given = replace(approval, signature=signatures.sign(text, key or _key_of(workspace), NAMESPACE))
    allowed = signers_at(workspace, combined.base)
    if allowed is None:
        raise Refused(
            f"{combined.target} has no {SIGNERS}, so no signature can be verified",
            "commit one there: a line MAIL KEY for each person, KEY as in ~/.ssh/KEY.pub",
        )
    proof = proven(given, combined.target, combined.session.id, allowed)
    if proof.key is None:
        raise Refused(
            f"{proof.why}: this key may not sign for {approval.by}",
            "name the key that may: --key FILE, or git config user.signingkey",
        )
    return given


def _key_of(workspace: Workspace) -> str:
    """The key that git signs with. Raises Refused where it signs with none, or not with ssh keys."""
    key = repositories.config(workspace.repository, "user.signingkey")
    form = repositories.config(workspace.repository, "gpg.format") or "openpgp"
    if key is None or form != "ssh":
        why = "no user.signingkey is configured" if key is None else f"git signs with {form} here"
        raise Refused(f"{why}; approvals are signed with ssh keys", f"{SETTING}; or --key FILE")
    return key
