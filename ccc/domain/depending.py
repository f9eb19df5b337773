"""What waits for what (`--after`): who may begin, who is blocked and by whom, which waits are circular."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ccc.records import dataclass

PROVEN, FAILED, OPEN = "proven", "failed", "open"

Edge = tuple[str, str]
"""Who waits, and for whom; session ids."""


@dataclass(frozen=True)
class Node:
    """A session: what it waits for (`after`, ids, said at `at`), and how far it is itself.

    `state`: PROVEN (those after it may begin), FAILED (they wait in vain, `why` says it), OPEN.
    """

    id: str
    name: str
    after: tuple[str, ...]
    at: str
    state: str
    why: str = ""


@dataclass(frozen=True)
class Verdict:
    """What `--after` says of a session: `waits` names whom it waits for, `roots` why it waits in vain.

    `causes` are the ids of the sessions that `roots` speak of.
    """

    waits: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether nothing it waits for is missing."""
        return not self.waits and not self.roots

    @property
    def words(self) -> str:
        """Why it may not begin."""
        return "; ".join(self.roots) if self.roots else f"waits for {', '.join(self.waits)}"


def suspended(nodes: Sequence[Node]) -> frozenset[Edge]:
    """The waits that do not count because they close a circle: of each circle the youngest.

    `spawn` cannot make one; joined histories or a foreign event can.
    """
    edges = sorted((node.at, node.id, awaited) for node in nodes for awaited in node.after)
    known: dict[str, list[str]] = {}
    found = set()
    for _, waiting, awaited in edges:
        if _reaches(known, awaited, waiting):
            found.add((waiting, awaited))
        else:
            known.setdefault(waiting, []).append(awaited)
    return frozenset(found)


def _reaches(edges: Mapping[str, Sequence[str]], start: str, goal: str) -> bool:
    seen, left = set(), [start]
    while left:
        here = left.pop()
        if here == goal:
            return True
        if here not in seen:
            seen.add(here)
            left += edges.get(here, ())
    return False


def verdicts(nodes: Sequence[Node]) -> dict[str, Verdict]:
    """What `--after` says of each session that waits for others; one that is gone is missing."""
    by_id = {node.id: node for node in nodes}
    left_out = suspended(nodes)
    roots: dict[str, dict[str, str]] = {}

    def in_vain(identifier: str) -> dict[str, str]:
        """Why everything after this session waits in vain: its own failure, or the root of it."""
        if identifier in roots:
            return roots[identifier]
        node = by_id.get(identifier)
        if node is None:
            found = {identifier: f"{identifier[:8]} is not there any more"}
        elif node.state == PROVEN:
            found = {}
        else:
            found = {root: why for each in counted(node) for root, why in in_vain(each).items()}
            if not found and node.state == FAILED:
                found = {node.id: node.why}
        roots[identifier] = found
        return found

    def counted(node: Node) -> list[str]:
        return [each for each in node.after if (node.id, each) not in left_out]

    found = {}
    for node in _from_the_roots(nodes, left_out):
        if node.after:
            missing = [
                by_id[each].name for each in counted(node) if each in by_id and by_id[each].state != PROVEN
            ]
            vain = {root: why for each in counted(node) for root, why in in_vain(each).items()}
            found[node.id] = Verdict(tuple(missing), tuple(vain.values()), tuple(vain))
    return found


def _from_the_roots(nodes: Sequence[Node], left_out: frozenset[Edge]) -> list[Node]:
    """Whoever is waited for comes before who waits, so that no chain is as deep as it is long."""
    by_id = {node.id: node for node in nodes}
    done: dict[str, Node] = {}
    for node in nodes:
        stack = [node]
        while stack:
            here = stack[-1]
            above = [
                by_id[each]
                for each in here.after
                if each in by_id and each not in done and (here.id, each) not in left_out
            ]
            if above:
                stack += above
            else:
                done.setdefault(here.id, stack.pop())
    return list(done.values())
