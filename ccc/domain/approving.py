"""Which approvals count, and who has to say yes still: pure rules over what the target's commit asks for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from ccc.domain.canonical import Value, canon
from ccc.domain.globs import matches
from ccc.domain.landings import Approval
from ccc.domain.staleness import words
from ccc.records import dataclass

MISSING = "approval"
"""How each reason begins that only a person's yes takes away."""

NAMESPACE = "ccc-approval"
"""What ssh signs with the text, so that a signature given for something else never counts as an approval."""

STRICT, TRIVIAL = "strict", "trivial-rebase"
DECIDING = ".ccc/**"
OWN_FILES = ".ccc/sessions/**"
"""What sessions write about themselves decides nothing."""


@dataclass(frozen=True)
class Rule:
    """So many of some people (patterns; none: anybody) approve what touches some paths (none: anything)."""

    required: int
    approvers: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def touched(self, changed: Iterable[str]) -> list[str]:
        """The changed paths that the rule is about."""
        if not self.paths:
            return list(changed)
        own = DECIDING in self.paths
        return [
            path
            for path in changed
            if any(matches(pattern, path) for pattern in self.paths)
            and not (own and matches(OWN_FILES, path))
        ]


@dataclass(frozen=True)
class Terms:
    """What a target's commit says of approvals; the first rule is about everything.

    `stale`: `strict` or `trivial-rebase`; `signed`: only signed ones count; `author`: whether who did the
    work, or had it done, may approve it.
    """

    rules: tuple[Rule, ...] = (Rule(1),)
    stale: str = STRICT
    signed: bool = False
    author: bool = True

    @property
    def plain(self) -> bool:
        """Whether counting names of unchanged approvals is all there is to it."""
        rule = self.rules[0]
        rules = self.rules == (rule,) and not rule.approvers
        return rules and self.stale == STRICT and not self.signed and self.author


@dataclass(frozen=True)
class Yes:
    """An approval as it stands now.

    `person` is who it counts for (one person, however spelled); `key` the print of the key whose signature
    holds; `why` says why it does not count, or what made it stale, empty where it counts; `carried`: it was
    given for what a trivial rebase has moved since.
    """

    approval: Approval
    person: str
    stale: bool
    key: str | None = None
    why: str = ""
    carried: bool = False

    @property
    def counts(self) -> bool:
        return not self.stale and not self.why


@dataclass(frozen=True)
class Standing:
    """A rule that applies, with the `files` it is about and who has said yes."""

    rule: Rule
    files: tuple[str, ...]
    have: tuple[str, ...]

    @property
    def lacks(self) -> int:
        return max(self.rule.required - len(self.have), 0)


def signed_text(target: str, session: str, approval: Approval) -> bytes:
    """What a person signs: all that the approval says, in one canonical form; it does not say when."""
    record: dict[str, Value] = {
        "target": target,
        "session": session,
        "person": approval.by,
        "base": approval.base,
        "head": approval.head,
        "tree": approval.tree,
        "override": approval.override,
    }
    return f"{NAMESPACE} 1\n{canon(record)}\n".encode("utf-8", "surrogateescape")


def mail_of(person: str) -> str:
    """The mail of `Name <mail>`, in lower case; all of it where it has none."""
    inner = person.rpartition("<")[2].removesuffix(">") if person.endswith(">") else person
    return inner.strip().casefold()


def is_one_of(person: str, patterns: Sequence[str]) -> bool:
    """Whether a person's mail, name or both together match a pattern, in any case; no patterns: anybody."""
    name = person.rpartition(" <")[0]
    spelled = {person.casefold(), mail_of(person), name.strip().casefold()}
    return not patterns or any(fnmatchcase(one, each.casefold()) for one in spelled for each in patterns)


def standings(terms: Terms, changed: Sequence[str], yeses: Sequence[Yes]) -> tuple[Standing, ...]:
    """The rules that apply to a change; a person, and a key, counts once in each."""
    found = []
    for number, rule in enumerate(terms.rules):
        files = tuple(rule.touched(changed))
        if (number == 0 or files) and rule.required:
            found.append(Standing(rule, files if rule.paths else (), _people(rule, yeses)))
    return tuple(found)


def _people(rule: Rule, yeses: Sequence[Yes]) -> tuple[str, ...]:
    people: dict[str, str] = {}
    keys: set[str] = set()
    for one in yeses:
        if not one.counts or not is_one_of(one.person, rule.approvers) or one.key in keys:
            continue
        if one.key is not None:
            keys.add(one.key)
        people.setdefault(mail_of(one.person), one.approval.by)
    return tuple(people.values())


def needed(found: Sequence[Standing]) -> int:
    """How many people have to say yes at least."""
    return max((each.rule.required for each in found), default=0)


def reasons(terms: Terms, found: Sequence[Standing], yeses: Sequence[Yes]) -> list[str]:
    """Why it cannot land for want of a yes, one line a rule; empty where nobody has to be asked."""
    lacking = [each for each in found if each.lacks]
    lines = [_reason(terms, each, yeses) for each in lacking]
    if lines:
        lines += [
            f"{MISSING} of {one.person} does not count: {one.why}"
            for one in yeses
            if one.why and not one.stale
        ]
    return lines


def _reason(terms: Terms, standing: Standing, yeses: Sequence[Yes]) -> str:
    rule = standing.rule
    whom = "a person" if not rule.approvers else f"one of {', '.join(rule.approvers)}"
    if rule.required > 1 and rule.approvers:
        whom = f"{rule.required} of {', '.join(rule.approvers)}"
    what = f"{MISSING}, signed," if terms.signed else MISSING
    about = f" for {_some(standing.files)}" if rule.paths else ""
    given = bool(yeses) and all(one.stale for one in yeses)
    stale = f", {words(yeses[-1].why)}" if given else ""
    count = f"({len(standing.have)} of {rule.required}{stale})"
    return f"{what} by {whom}{about} is missing {count}"


def _some(files: Sequence[str]) -> str:
    more = len(files) - 1
    return files[0] + (f" and {more} more file{'' if more == 1 else 's'}" if more else "")
