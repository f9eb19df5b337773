"""Approvals held against what the target's commit asks for: who they count for, which signatures hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ccc.domain import approving, staleness
from ccc.domain.approving import Rule, Standing, Terms, Yes
from ccc.domain.landings import Approval
from ccc.domain.sessions import Session
from ccc.git.command import Git
from ccc.git.objects import DIRECTORY_MODE, parse_tree
from ccc.ops.landing.combine import Combined, tree_of
from ccc.ops.landing.rebased import is_trivially_rebased
from ccc.ops.workspace import Workspace
from ccc.platform import signatures
from ccc.records import dataclass

if TYPE_CHECKING:
    from ccc.config.model import Approval as Configured

SIGNERS = ".ccc/allowed_signers"
MAILMAP = ".mailmap"


@dataclass(frozen=True)
class Consent:
    """All approvals as they stand, the rules that apply, and the reasons against landing for want of one."""

    terms: Terms
    yeses: tuple[Yes, ...]
    standings: tuple[Standing, ...]
    reasons: tuple[str, ...]

    @property
    def needed(self) -> int:
        return approving.needed(self.standings)

    @property
    def given(self) -> tuple[Yes, ...]:
        """Those that count."""
        return tuple(one for one in self.yeses if one.counts)

    def is_given_by(self, person: str) -> bool:
        """Whether this person has said yes to this already, and asking again would change nothing."""
        proven = not self.terms.signed
        return any(
            one.approval.by == person and not one.stale and (proven or one.key is not None)
            for one in self.yeses
        )


NOBODY_ASKED = Consent(Terms(), (), (), ())


def consent(
    workspace: Workspace,
    combined: Combined,
    given: Sequence[Approval],
    changed: Sequence[str],
    known: Sequence[Session] = (),
) -> Consent:
    """What the approvals given come to for this base, head and tree.

    `changed` are the paths it changes; `known`: all sessions, to say whose landing made one stale.
    """
    terms = terms_of(combined.policy.settings.approval)
    yeses = tuple(_yeses(workspace, combined, terms, given, known))
    found = approving.standings(terms, changed, yeses)
    return Consent(terms, yeses, found, tuple(approving.reasons(terms, found, yeses)))


def terms_of(configured: Configured) -> Terms:
    """The table `[approval]` as rules."""
    rules = [Rule(configured.required, configured.approvers)]
    rules += [Rule(each.required, each.approvers, each.paths) for each in configured.paths]
    if configured.config > configured.required:
        rules.append(Rule(configured.config, (), (approving.DECIDING,)))
    return Terms(tuple(rules), configured.stale, configured.signed, configured.author)


def _yeses(
    workspace: Workspace,
    combined: Combined,
    terms: Terms,
    given: Sequence[Approval],
    known: Sequence[Session],
) -> list[Yes]:
    if not given:
        return []
    git, base = workspace.git, combined.base
    allowed = signers_at(workspace, base)
    own = [] if terms.author else _people(git, combined)
    person = _mailmap(workspace, base, [*own, *(approval.by for approval in given)])
    authors = {approving.mail_of(person(each)) for each in own}
    found = []
    for approval in given:
        carried = terms.stale == approving.TRIVIAL and is_trivially_rebased(git, approval, combined)
        same = combined.tree is not None and approval.covers(base, combined.head, combined.tree)
        yes = Yes(approval, person(approval.by), stale=not (same or carried), carried=carried and not same)
        if yes.stale:
            why = staleness.why(approval, combined.session, base, combined.head, known)
            found.append(replace(yes, why=why))
        else:
            found.append(_judged(yes, combined, terms, allowed, authors))
    return found


def _judged(yes: Yes, combined: Combined, terms: Terms, allowed: bytes | None, authors: set[str]) -> Yes:
    """With its signature verified, and why it does not count."""
    approval = yes.approval
    if approval.signature is not None and allowed is not None:
        proof = proven(approval, combined.target, combined.session.id, allowed)
        if proof.key is None:
            return replace(yes, why=proof.why)
        yes = replace(yes, key=proof.key)
    if terms.signed and yes.key is None:
        what = "it is not signed" if approval.signature is None else f"{combined.target} has no {SIGNERS}"
        return replace(yes, why=what)
    if approving.mail_of(yes.person) in authors:
        return replace(yes, why="it is their own work")
    return yes


def proven(approval: Approval, target: str, session: str, allowed: bytes) -> signatures.Verified:
    """Whether the signature of an approval is that of an allowed signer, now, over exactly what it says."""
    text = approving.signed_text(target, session, approval)
    who = approval.by.rpartition("<")[2].removesuffix(">")
    found = signatures.verify(
        text, approval.signature or "", who=who, namespace=approving.NAMESPACE, allowed=allowed
    )
    return (
        replace(found, why=f"{found.why} by {SIGNERS} of {target}") if found.why == signatures.NO else found
    )


def signers_at(workspace: Workspace, commit: str) -> bytes | None:
    """The file of allowed signers in a commit, None where it has none."""
    oid = _file_at(workspace, commit, SIGNERS)
    return None if oid is None else workspace.git.run("cat-file", "blob", oid).out


def _file_at(workspace: Workspace, commit: str, path: str) -> str | None:
    """The id of a file in a commit, without a process of git's."""
    oid, folders, name = tree_of(workspace, commit), *path.rpartition("/")[::2]
    for each in (*folders.split("/"), name):
        if not each:
            continue
        entry = parse_tree(workspace.reader.objects.read(oid)[1], id_length=len(commit) // 2).get(each)
        if entry is None or (entry.mode == DIRECTORY_MODE) is (each == name):
            return None
        oid = entry.oid
    return oid


Known = Callable[[str], str]


def _mailmap(workspace: Workspace, commit: str, people: Sequence[str]) -> Known:
    """Who a person is by the `.mailmap` of the target's commit, where it has one; nobody else's is asked."""
    oid = _file_at(workspace, commit, MAILMAP)
    if oid is None:
        return lambda person: person
    asked = ("-c", f"mailmap.blob={oid}", "-c", "mailmap.file=/dev/null", "check-mailmap", "--stdin")
    # git reads a `.mailmap` in the folder where it runs, too: in the git directory anybody may have put one.
    place = {"GIT_DIR": str(workspace.repository.common)}
    git = replace(workspace.git, directory=Path("/"), extra={**workspace.git.extra, **place})
    names = [each for each in dict.fromkeys(people) if each.endswith(">") and " <" in each]
    lines = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    known = dict(zip(names, git.run(*asked, input=lines).text.split("\n"), strict=True))
    return lambda person: known.get(person, person)


def _people(git: Git, combined: Combined) -> list[str]:
    """Who wrote the commits that would land, and who had the session begun."""
    written = git.text("log", "--no-use-mailmap", "--format=%an <%ae>", f"{combined.base}..{combined.head}")
    started = combined.session.created_by
    return [each for each in (*written.split("\n"), started) if each]
