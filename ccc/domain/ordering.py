"""Which of several landings go first so that the fewest of them meet a conflict: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

EXACT = 14
"""Up to so many every choice is looked at (16,384); of more the least entangled are taken one by one."""

Pairs = Collection[frozenset[str]]


def propose(
    queue: Sequence[str], conflicts: Pairs, hopeless: Collection[str], needs: Mapping[str, Collection[str]]
) -> tuple[str, ...]:
    """The queue, with those first that can all land as they are, each behind what it `needs`.

    `conflicts`: pairs of which only the first can land so; `hopeless`: who cannot land now in any order.
    Of equal choices the one that keeps to the queue wins.
    """
    chosen = _chosen(queue, conflicts, _lost(queue, hopeless, needs), needs)
    return _behind_needs([*(each for each in queue if each in chosen), *queue], needs)


def _lost(queue: Sequence[str], hopeless: Collection[str], needs: Mapping[str, Collection[str]]) -> set[str]:
    """Those that cannot land now, and those that need one of them."""
    lost = set(hopeless)
    while more := {each for each in queue if each not in lost and lost & set(needs.get(each, ()))}:
        lost |= more
    return lost


def _chosen(
    queue: Sequence[str], conflicts: Pairs, lost: Collection[str], needs: Mapping[str, Collection[str]]
) -> set[str]:
    entangled = {each for pair in conflicts for each in pair if not pair & set(lost)}
    free = [each for each in queue if each not in lost and each not in entangled]
    disputed = [each for each in queue if each not in lost and each in entangled]
    pick = _exactly if len(disputed) <= EXACT else _greedily
    chosen = {*free, *pick(disputed, conflicts)}
    present = set(queue)
    while short := {each for each in chosen if set(needs.get(each, ())) & present - chosen}:
        chosen -= short  # what it needs comes later, and so does it
    return chosen


def _exactly(disputed: Sequence[str], conflicts: Pairs) -> set[str]:
    """The largest choice without a conflict; of equal ones that with the earliest."""
    place = {each: number for number, each in enumerate(disputed)}
    against = [0] * len(disputed)
    for pair in conflicts:
        one, other = (place.get(each) for each in sorted(pair))
        if one is not None and other is not None:
            against[one] |= 1 << other
            against[other] |= 1 << one
    best = 0
    rank: tuple[int, tuple[int, ...]] = (-1, ())
    for choice in range(1 << len(disputed)):
        members = [number for number in range(len(disputed)) if choice >> number & 1]
        if any(against[number] & choice for number in members):
            continue
        key = (len(members), tuple(-number for number in members))
        if key > rank:
            best, rank = choice, key
    return {disputed[number] for number in range(len(disputed)) if best >> number & 1}


def _greedily(disputed: Sequence[str], conflicts: Pairs) -> set[str]:
    """One after the other who has the fewest conflicts with those left; of equal ones the earliest."""
    left, chosen = list(disputed), set[str]()
    while left:
        degrees = {each: sum(each in pair and pair <= set(left) for pair in conflicts) for each in left}
        best = min(left, key=lambda each: (degrees[each], left.index(each)))
        chosen.add(best)
        gone = {best, *(each for pair in conflicts if best in pair for each in pair)}
        left = [each for each in left if each not in gone]
    return chosen


def _behind_needs(wanted: Sequence[str], needs: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    present, found = set(wanted), dict[str, None]()

    def take(identifier: str, above: frozenset[str]) -> None:
        for awaited in needs.get(identifier, ()):
            if awaited in present and awaited not in above and awaited not in found:
                take(awaited, above | {identifier})
        found.setdefault(identifier)

    for identifier in wanted:
        take(identifier, frozenset({identifier}))
    return tuple(found)
