"""Checkpoints: tags of the tip of `refs/ccc`, best signed, from which every later event must descend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ccc import ids
from ccc.domain import stamps
from ccc.domain.canonical import Value
from ccc.domain.cells import values
from ccc.domain.events import Draft
from ccc.errors import NotInitialised, StateBroken
from ccc.git import repository as repositories
from ccc.git import tags
from ccc.git.objects import COMMIT, object_id
from ccc.git.repository import RefUpdate
from ccc.git.tags import Tag
from ccc.ops.actor import actor_of, require_person_at_keyboard
from ccc.ops.observe import HEADS, all_sessions
from ccc.ops.policy import local_policy
from ccc.ops.workspace import ANONYMOUS, Workspace
from ccc.store.history import History, parse_record
from ccc.store.protocol import State

REFS = "refs/ccc-checkpoints/"
KIND = "checkpoints"
MADE = "checkpoint.made"
SIGNERS = ".ccc/allowed_signers"
AT_ONCE = 5000
ODD = {
    "broken": "it is no tag of a commit under its own name",
    "replaced": "it is not the one that was recorded",
    "gone": "it was recorded, and is not there any more",
    "untrusted": "its signature is not that of an allowed signer over this tag",
}
"""States of a checkpoint that a person should look at."""


@dataclass(frozen=True)
class Checkpoint:
    """One checkpoint as it is found. `at` RFC 3339 UTC.

    `state`: `verified` (signed by an allowed signer), `unsigned`, `untrusted` (a signature that does not
    hold), `broken` (no tag of a commit under its own name), `replaced` or `gone` (not what was recorded).
    `behind`: whether its tip is behind `refs/ccc`, None where that cannot be asked. `recorded`: whether the
    history tells of it, as the next event after it does.
    """

    name: str
    tag: str | None
    tip: str | None
    at: str | None
    state: str
    signer: str | None = None
    key: str | None = None
    behind: bool | None = None
    recorded: bool = True


@dataclass(frozen=True)
class Proof:
    """Whether the history is proven unchanged: `state` is `proven`, `unproven` or `tampered`.

    `words` say it; `checkpoint` is the one that proves (or contradicts) it, `since` counts the events after
    it (all, without one); `signers` says where allowed signers were read from, None where there are none.
    """

    tip: str | None
    state: str
    words: str
    checkpoint: Checkpoint | None
    since: int
    signers: str | None
    checkpoints: tuple[Checkpoint, ...]


def make(workspace: Workspace, *, sign: bool) -> Checkpoint:
    """Tags the present tip and records the fact.

    Raises InsideAgent for a signed one inside an agent, Refused where git cannot sign.
    """
    if sign:
        by: str | None = require_person_at_keyboard(
            workspace, "signing a checkpoint", "git ccc checkpoint --sign"
        )
    else:
        by = actor_of(workspace).by
    person = workspace.person or ANONYMOUS
    workspace.store.drain()
    tip = workspace.store.tip()
    if tip is None:
        raise NotInitialised("refs/ccc does not exist yet", "git ccc init")
    name = f"{workspace.now().replace('-', '').replace(':', '')}"
    tag = tags.make(workspace.repository, name, tip, f"Checkpoint {name} of refs/ccc", person, sign=sign)
    repositories.update_refs(workspace.git, [RefUpdate(REFS + name, tag, None)], "ccc: checkpoint")
    record: dict[str, Value] = {"tag": tag, "tip": tip, "signed": int(sign)}

    def decide(_: State) -> Sequence[Draft]:
        words = f"checkpoint {name} of {ids.short_oid(tip)}, {'signed' if sign else 'not signed'}"
        return (Draft(MADE, "ccc", words, {f"{KIND}/{name}": {"made": record}}, by=by, data=record),)

    workspace.store.transact(decide)
    return next(one for one in prove(workspace).checkpoints if one.name == name)


def prove(workspace: Workspace) -> Proof:
    """What the checkpoints prove of the recorded history; reads every commit behind the tip once."""
    workspace.require()
    history, tip = workspace.reader.history, workspace.reader.tip()
    if tip is None:
        raise NotInitialised("refs/ccc does not exist yet", "git ccc init")
    chain = _Chain(history, tip)
    if chain.damaged is not None:
        return Proof(tip, "tampered", f"tampered: {chain.damaged}", None, 0, None, ())
    where, signers = _signers(workspace)
    recorded = _recorded(workspace, tip)
    found = _found(workspace, chain, signers, recorded)
    found += _gone(recorded, found)
    found.sort(key=lambda one: one.name)
    return _judged(tip, chain, found, where)


class _Chain:
    """The commits behind a tip as they are stored, whatever grafts or replacements say; each one hashed.

    `damaged` says what is wrong with one that is missing, not what its id says, or not made by ccc.
    """

    def __init__(self, history: History, tip: str) -> None:
        self.history = history
        self.parents: dict[str, tuple[str, ...]] = {}
        self.damaged: str | None = None
        todo = [tip]
        while todo and self.damaged is None:
            batch, todo = todo[:AT_ONCE], todo[AT_ONCE:]
            fresh = [oid for oid in dict.fromkeys(batch) if oid not in self.parents]
            todo += self._read(fresh)

    def _read(self, oids: list[str]) -> list[str]:
        """Looks at some commits; their parents."""
        found: list[str] = []
        try:
            for oid, (kind, content) in zip(oids, self.history.objects.read_many(oids), strict=True):
                if object_id(kind, content, algorithm=ids.algorithm_of(oid)) != oid:
                    raise StateBroken(f"commit {oid} is not what its id says")
                self.parents[oid] = parse_record(oid, kind, content).commit.parents
                found += self.parents[oid]
        except StateBroken as error:
            self.damaged = error.message
        return found

    def holds(self, commit: str) -> bool:
        """Whether a commit is behind the tip; of a merge of histories its parents count."""
        if commit in self.parents:
            return True
        return self.history.objects.has(commit) and all(
            head in self.parents for head in self.history.heads([commit])
        )

    def events_since(self, commit: str | None) -> int:
        """How many events are behind the tip and not behind a commit."""
        seen: set[str] = set()
        todo = [] if commit is None else [commit, *self.history.heads([commit])]
        while todo:
            oid = todo.pop()
            if oid not in seen:
                seen.add(oid)
                todo += self.parents.get(oid, ())
        return sum(len(self.history.record(oid).events) for oid in self.parents if oid not in seen)


def _found(
    workspace: Workspace, chain: _Chain, signers: bytes, recorded: Mapping[str, str]
) -> list[Checkpoint]:
    found = []
    for ref, oid in repositories.refs(workspace.git, REFS).items():
        name = ref.removeprefix(REFS)
        tag = tags.read(workspace.git, oid)
        if tag is None or tag.kind != COMMIT or tag.name != name:
            found.append(Checkpoint(name, oid, None, None, "broken"))
            continue
        found.append(_looked_at(workspace, chain, tag, signers, recorded.get(name)))
    return found


def _looked_at(
    workspace: Workspace, chain: _Chain, tag: Tag, signers: bytes, recorded: str | None
) -> Checkpoint:
    signature = tags.signature_of(workspace.git, tag, signers) if tag.signature == "ssh" and signers else None
    state = "verified" if signature else "untrusted" if tag.signature else "unsigned"
    if recorded not in (None, tag.oid) and signature is None:
        state = "replaced"
    return Checkpoint(
        name=tag.name,
        tag=tag.oid,
        tip=tag.target,
        at=stamps.rfc3339(stamps.make(tag.at * 1000, 0, "0")),
        state=state,
        signer=signature.who if signature else None,
        key=signature.key if signature else None,
        behind=chain.holds(tag.target),
        recorded=recorded is not None,
    )


def _recorded(workspace: Workspace, tip: str) -> dict[str, str]:
    """Name to tag of every checkpoint that the history itself tells of."""
    found = {}
    for stream, cells in workspace.reader.state(tip).streams(KIND).items():
        made = values(cells).get("made")
        if isinstance(made, Mapping):
            found[stream.partition("/")[2]] = str(made.get("tag"))
    return found


def _gone(recorded: Iterable[str], found: Sequence[Checkpoint]) -> list[Checkpoint]:
    there = {one.name for one in found}
    return [Checkpoint(name, None, None, None, "gone") for name in recorded if name not in there]


def _judged(tip: str, chain: _Chain, found: Sequence[Checkpoint], where: str | None) -> Proof:
    verified = [one for one in found if one.state == "verified"]
    lost = [one for one in verified if not one.behind]
    newest = verified[-1] if verified else None
    if lost:
        newest, since = lost[-1], chain.events_since(None)
        state = "tampered"
        words = f"tampered: checkpoint {newest.name}, signed by {newest.signer}, is not behind refs/ccc"
    elif newest is None:
        since, state = chain.events_since(None), "unproven"
        words = f"not proven: {_why_not(found, where)}; {_events(since)}"
    else:
        since, state = chain.events_since(newest.tip), "proven"
        words = f"unchanged since checkpoint {newest.name} signed by {newest.signer}; {_events(since)} since"
    odd = [one for one in found if one not in lost and _oddity(one) is not None]
    words = "".join([words, *(f"\nlook at checkpoint {one.name}: {_oddity(one)}" for one in odd)])
    return Proof(tip, state, words, newest, since, where, tuple(found))


def _events(count: int) -> str:
    return f"{count} event{'' if count == 1 else 's'}"


def _why_not(found: Sequence[Checkpoint], where: str | None) -> str:
    if not found:
        return "there is no checkpoint (git ccc checkpoint --sign)"
    if where is None:
        return f"the target has no {SIGNERS}, so no signature can be verified"
    return "no checkpoint carries a signature that holds"


def _oddity(one: Checkpoint) -> str | None:
    if one.state in ODD:
        return ODD[one.state]
    if one.behind is False:
        return "its tip is not behind refs/ccc"
    if not one.recorded:
        return "refs/ccc does not tell of it: what came after it was cut off, or ccc was killed making it"
    return None


def _signers(workspace: Workspace) -> tuple[str | None, bytes]:
    """The allowed signers, as the target's commit names them, and where that is (CONTRACT §6).

    The target is the configured one, else the branch of the main checkout unless that is a session's.
    """
    branch = local_policy(workspace).settings.target
    if branch is None:
        head = repositories.main_branch(workspace.repository)
        branch = head.removeprefix(HEADS) if head is not None else None
    if branch is None or branch in {session.branch for session in all_sessions(workspace.reader.state())}:
        return None, b""
    commit = repositories.resolve(workspace.git, HEADS + branch)
    if commit is None:
        return None, b""
    found = workspace.git.run("cat-file", "blob", f"{commit}:{SIGNERS}", ok=(0, 128))
    if found.code != 0:
        return None, b""
    return f"{branch}:{SIGNERS} at {ids.short_oid(commit)}", found.out
