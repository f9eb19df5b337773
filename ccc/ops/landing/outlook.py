"""What landing each of several sessions would come to, for those who only look; a landing combines anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ccc.domain.sessions import MERGE, Session
from ccc.errors import BadConfig, GitFailed, NotFound, StateBroken
from ccc.git import heads, history
from ccc.git.objects import SUBMODULE_MODE, parse_commit, parse_tree
from ccc.ops.landing.grafts import landed_otherwise
from ccc.ops.landing.remembered import Remembered, Terms, Verdict
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.policy import FOLDER, target_policy
from ccc.ops.workspace import Workspace
from ccc.records import dataclass

if TYPE_CHECKING:
    from ccc.git.command import Git
    from ccc.git.mergetree import ConflictFile

NAMED = 3
"""Paths in conflict that are named; of the others there is a number."""


@dataclass(frozen=True)
class Outlook:
    """What landing `head` on `base` would give, and how many yeses the target asks for (`plain`: Terms)."""

    base: str
    head: str
    verdict: Verdict
    required: int
    plain: bool = True


@dataclass(frozen=True)
class _Question:
    session: Session
    base: str
    head: str
    terms: Terms


Outlooks = Mapping[str, Outlook | BadConfig | GitFailed]
"""By session's id; an error where git or the target's configuration says no."""


def outlooks(workspace: Workspace, sessions: Sequence[Session]) -> Outlooks:
    """What `combine` would say of each, asked of git only where it is not remembered; nothing is recorded.

    Left out where the branch, the target or the session's work is not here. Raises GitFailed.
    """
    known = Remembered(workspace)
    asked, found = _questions(workspace, sessions, known)
    new = [each for each in asked if known.verdict(each.base, each.head) is None]
    if new:
        found.update(_merged(workspace, new, known))
    for each in asked:
        verdict = known.verdict(each.base, each.head)
        if verdict is not None:
            found[each.session.id] = Outlook(
                each.base, each.head, verdict, each.terms.required, each.terms.plain
            )
    known.keep()
    return _without_grafts(workspace, asked, found)


Found = dict[str, Outlook | BadConfig | GitFailed]


def _questions(
    workspace: Workspace, sessions: Sequence[Session], known: Remembered
) -> tuple[list[_Question], Found]:
    """What is to be merged with what, and which sessions cannot be for their target's configuration."""
    refs = heads.branches(workspace.git, workspace.repository.common)
    objects = workspace.reader.objects
    stored = {oid: objects.has(oid) for oid in dict.fromkeys(_tips(sessions, refs))}
    policies: dict[tuple[str, str], Terms | BadConfig | GitFailed] = {}
    asked, failed = [], Found()
    for session in sessions:
        base, head = refs.get(HEADS + session.target), refs.get(HEADS + session.branch)
        if base is None or head is None or not (stored[base] and stored[head]):
            continue
        if not _is_own(workspace, session, head, known):
            continue
        key = (base, session.target)
        terms = policies[key] = policies.get(key) or _terms(workspace, base, session.target, known)
        if isinstance(terms, Terms):
            asked.append(_Question(session, base, head, terms))
        else:
            failed[session.id] = terms
    return asked, failed


def _without_grafts(workspace: Workspace, asked: Sequence[_Question], found: Found) -> Found:
    """What has landed, or seems to conflict because work that it builds on landed, as other commits, anew."""
    doubtful = [
        each for each in asked if each.session.landed is not None or _conflicts(found.get(each.session.id))
    ]
    if not doubtful:
        return found
    known = all_sessions(workspace.reader.state())
    if all(each.landed is None or each.landed.method == MERGE for each in known):
        return found
    from ccc.ops.peek import peek

    with peek(workspace) as aside:
        for each in doubtful:
            if landed_otherwise(aside.git, known, each.session.target, each.base, each.head):
                found.update(_alone(aside, each))
    return found


def _conflicts(outlook: Outlook | BadConfig | GitFailed | None) -> bool:
    return isinstance(outlook, Outlook) and outlook.verdict.conflicts > 0


def _tips(sessions: Iterable[Session], refs: Mapping[str, str]) -> Iterable[str]:
    names = (HEADS + name for session in sessions for name in (session.target, session.branch))
    return (refs[name] for name in names if name in refs)


def _is_own(workspace: Workspace, session: Session, head: str, known: Remembered) -> bool:
    """Whether the branch here is the session's: `branches.require_own`, remembered."""
    if session.where in (None, workspace.replica):
        return True
    if not workspace.reader.objects.has(session.head):
        return False
    if known.behind(session.head, head) is None:
        known.note_behind(session.head, head, history.is_ancestor(workspace.git, session.head, head))
    return bool(known.behind(session.head, head))


def _terms(workspace: Workspace, base: str, target: str, known: Remembered) -> Terms | BadConfig | GitFailed:
    folder = _configuration_at(workspace, base)
    found = known.terms(folder)
    if found is not None:
        return found
    try:  # with pydantic, 50 ms: where the configuration changed only
        from ccc.ops.landing.approvals import terms_of

        settings = target_policy(workspace, base, target).settings
    except (BadConfig, GitFailed) as error:
        return error
    plain = terms_of(settings.approval).plain
    terms = Terms(settings.approvals_required, settings.keep_session_files, plain)
    known.note_terms(folder, terms)
    return terms


def _configuration_at(workspace: Workspace, commit: str) -> str:
    """The id of the folder that holds all that decides in a commit, empty where it has none."""
    content = workspace.reader.objects.read(_tree_of(workspace, commit))[1]
    entry = parse_tree(content, id_length=len(commit) // 2).get(FOLDER)
    return "" if entry is None else entry.oid


def _tree_of(workspace: Workspace, commit: str) -> str:
    return parse_commit(workspace.reader.objects.read(commit)[1]).tree


def _merged(workspace: Workspace, asked: Sequence[_Question], known: Remembered) -> Found:
    """Has git merge what was not merged yet, all onto one target at once; what it does not merge is told."""
    from ccc.ops.peek import peek

    found = Found()
    with peek(workspace) as aside:
        for base in dict.fromkeys(each.base for each in asked):
            onto = [each for each in asked if each.base == base]
            _merge_onto(aside, (base, _tree_of(workspace, base)), onto, known)
            for each in onto:
                if known.verdict(each.base, each.head) is None:
                    found.update(_alone(aside, each))
    return found


def _merge_onto(
    workspace: Workspace, onto: tuple[str, str], asked: Sequence[_Question], known: Remembered
) -> None:
    """Asks git, and notes what it says; `onto`: the target's commit and its tree."""
    keeps = asked[0].terms.keeps  # of all of them: it follows from the base
    try:
        verdicts = _verdicts(workspace.git, onto, [each.head for each in asked], keeps, known.has_drivers)
    except (GitFailed, StateBroken):
        return  # one by one it will be told
    for head, verdict in verdicts.items():
        known.note_verdict(onto[0], head, verdict)


def _verdicts(
    git: Git, onto: tuple[str, str], many: Sequence[str], keeps: bool, has_drivers: bool
) -> dict[str, Verdict]:
    """By head, as `combine` would say: two processes and two for attributes, however many there are."""
    from ccc.git import mergetree, surgery
    from ccc.ops.brief import SESSIONS_FOLDER

    base, whole = onto
    merged = mergetree.merges(git, base, many)
    conflicts = {
        head: each.conflicts if keeps else each.conflicts_outside(SESSIONS_FOLDER)
        for head, each in merged.items()
    }
    clean = [head for head, files in conflicts.items() if not files]
    trees = [merged[head].tree for head in clean]
    if clean and not keeps:
        trees = surgery.ids_without(git, trees, SESSIONS_FOLDER)
    found = {head: Verdict(tree, tree == whole, 0, ()) for head, tree in zip(clean, trees, strict=True)}
    for head, files in conflicts.items():
        if files:
            lasts = not has_drivers and not any(map(_is_submodule, files))
            found[head] = Verdict(None, False, len(files), _first(files), lasts)
    return found


def _first(files: Sequence[ConflictFile]) -> tuple[str, ...]:
    return tuple(file.path for file in files[:NAMED])


def _is_submodule(file: ConflictFile) -> bool:
    """Whether another repository has a say in it, where commits may arrive any time."""
    return any(mode == SUBMODULE_MODE for mode, _ in file.stages.values())


def _alone(workspace: Workspace, asked: _Question) -> Found:
    """One that git does not merge among others: an error, or as it is by now."""
    from ccc.ops.landing.approvals import terms_of
    from ccc.ops.landing.combine import combine

    identifier = asked.session.id
    try:
        combined = combine(workspace, asked.session)
    except NotFound:
        return {}
    except (BadConfig, GitFailed) as error:
        return {identifier: error}
    files = combined.conflicts
    verdict = Verdict(combined.tree, combined.nothing, len(files), _first(files))
    settings = combined.policy.settings
    plain = terms_of(settings.approval).plain
    outlook = Outlook(combined.base, combined.head, verdict, settings.approvals_required, plain)
    return {identifier: outlook}
