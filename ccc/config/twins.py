"""What is wrong with a set of roles: parts that are empty or broken, and roles that are the same."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ccc.config.briefs import VALUES, render, system_prompt
from ccc.config.roles import Role
from ccc.errors import BadConfig

NEARLY = 0.85
"""Instructions that share more than this part of their words, in order, are one role under two names.

The most alike of the shipped roles share less than 0.2 (tests/config/test_roles.py).
"""

TASK = "what the person asked for"
SAMPLE: dict[str, object] = {**{name: name for name in VALUES}, "task": TASK, "ports": 20000, "parent": None}


@dataclass(frozen=True)
class Problem:
    """`where` is the role's file, `what` the matter, `hint` what to do about it."""

    where: str
    what: str
    hint: str = ""


def check_roles(roles: Sequence[Role]) -> list[Problem]:
    """Every problem of the roles: unknown `may_spawn`, templates that do not render, empty parts, twins."""
    each = [problem for role in roles for problem in (*_unknown(role, roles), *_templates(role))]
    return [*each, *_twins(roles)]


def _unknown(role: Role, roles: Sequence[Role]) -> Iterator[Problem]:
    names = [other.name for other in roles]
    for name in role.front.may_spawn:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=2)
            hint = f"did you mean {' or '.join(near)}?" if near else "git ccc roles lists them"
            yield Problem(role.where, f"may_spawn: no role {name}", hint)


def _templates(role: Role) -> Iterator[Problem]:
    """What is seen only when instructions and brief are rendered, with and without optional values."""
    for values in (SAMPLE, {**SAMPLE, "ports": None, "parent": "parent"}):
        try:
            words, brief = system_prompt(role, {**values, "role": role.name}), render(role, values)
        except BadConfig as error:
            where, _, what = error.message.partition(": ")
            yield Problem(where, what, error.hint)
            return
        if not words.partition("## Working with ccc")[0].strip():
            yield Problem(f"{role.where}:{role.line}", "the instructions render to nothing", "write them")
            return
        if TASK not in brief:
            yield Problem(
                f"{role.where}:{role.brief_line}", "brief: does not name the task", "add {{ task }} to it"
            )
            return


def _twins(roles: Sequence[Role]) -> Iterator[Problem]:
    """Two roles that differ in little but the name: whoever chooses between them chooses nothing."""
    for one, other in combinations(roles, 2):
        share = likeness(one, other)
        if share == 1:
            yield _twin(one, other, "have the same instructions")
        elif share >= NEARLY:
            yield _twin(one, other, "have nearly the same instructions")
        elif _reach(one) == _reach(other) and any(_reach(one)):
            yield _twin(one, other, "have the same paths, tools and checks")


def _twin(one: Role, other: Role, what: str) -> Problem:
    return Problem(
        other.where, f"{one.name} and {other.name} {what}", "delete one of them, or make them differ"
    )


def likeness(one: Role, other: Role) -> float:
    """How much of the two roles' instructions is the same words in the same order: 0 to 1.

    Case, punctuation and the roles' own names do not count.
    """
    return difflib.SequenceMatcher(None, _words(one), _words(other), autojunk=False).ratio()


def _words(role: Role) -> list[str]:
    own = set(re.findall(r"\w+", role.name))
    return [word for word in re.findall(r"\w+", role.instructions.lower()) if word not in own]


def _reach(role: Role) -> tuple[frozenset[str], ...]:
    front = role.front
    checks = frozenset(f"{check.run} {' '.join(check.when)}" for check in role.checks)
    return frozenset(front.paths), frozenset(front.tools), checks
