"""What an agent reads of its mail, and how much of it at once."""

from __future__ import annotations

from ccc.runs.mail import Letter
from ccc.runs.wording import MOST, SIZE, bounded, size_of, words_of

AT = "2026-10-03T12:00:00.000Z"


def letter(number: int, text: str = "go on", sender: str = "Developer") -> Letter:
    return Letter(f"{number:032x}", sender, text, AT)


def named(number: int, *, sender: str = "Developer", left: int = 0) -> str:
    return words_of(Letter(f"{number:08x}" + "0" * 24, sender, "Use RS256", AT), left)


def test_an_agent_reads_who_says_what_and_how_to_acknowledge_it() -> None:
    assert named(0x1A2B3C4D) == (
        "Message 1a2b3c4d from Developer:\n\nUse RS256\n\n(acknowledge with: git ccc inbox --ack 1a2b3c4d)"
    )
    assert named(0x1A2B3C4D, sender="ccc") == "Message 1a2b3c4d from ccc:\n\nUse RS256"


def test_a_flood_is_cut_into_portions_and_the_rest_is_counted() -> None:
    letters = [letter(number, f"number {number}") for number in range(20)]
    portion = list(bounded(letters))
    assert [each.id for each, _ in portion] == [each.id for each in letters[:MOST]]
    assert ["more message" in words for _, words in portion] == [False] * (MOST - 1) + [True]
    assert portion[-1][1].endswith("(12 more messages wait for your next step)")
    assert list(bounded(letters[:2]))[-1][1] == words_of(letters[1])
    assert list(bounded(letters[:3], most=2))[-1][1].endswith("(1 more message waits for your next step)")


def test_a_portion_is_bounded_in_bytes_and_never_empty() -> None:
    letters = [letter(number, "ü" * 3000) for number in range(4)]
    portion = [each for each, _ in bounded(letters)]
    assert portion == letters[:2]
    assert sum(map(size_of, portion)) <= SIZE
    assert [each for each, _ in bounded(letters, size=10)] == letters[:1]
    assert list(bounded(letters, most=0)) == []
