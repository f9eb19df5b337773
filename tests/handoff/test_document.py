"""The hand-off as a document: never over its budget, and nobody's text poses as its own words."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccc.domain.handoff import Facts, Handoff
from ccc.domain.notes import Note
from ccc.errors import Usage
from ccc.views.handoff.document import document, render
from ccc.views.handoff.fit import LEAST_TOKENS, Section, estimate, fit
from ccc.views.handoff.sections import sections_of
from tests.handoff.strategies import AT, all_facts

relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
OWN_LINES = re.compile(
    r"(?:|# Hand-off|State of refs/ccc at .*|Quoted text and fenced .*|Nothing is recorded under: .*|"
    r"  - (?:landed|checks|unchecked|no checks|files unknown|no files|\d+ files?,|it says:|[a-z]+ at|\").*|"
    r"- .*|\|.*\||``*[^`].*:|\"\" in .*:|\d+ more left out for the budget: `[^`]*`)\Z"
)
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e01ef]"
)
TITLES = {section.title for section in sections_of(Facts("", AT, (), (), (), (), shallow=False))}
TITLES.add("Left out for the budget")


def outside_fences(text: str) -> list[str]:
    """The lines that are not quoted code; a fence ends only with its own number of backticks."""
    kept, fence = [], None
    for line in text.split("\n"):
        opened = re.match(r"(`{3,})diff\Z", line)
        if fence is None and opened:
            fence = opened[1]
        elif fence is None:
            kept.append(line)
        elif line == fence:
            fence = None
    assert fence is None, "a fence is left open"
    return kept


@relaxed
@given(all_facts(), st.integers(LEAST_TOKENS, 30_000) | st.just(LEAST_TOKENS))
def test_the_budget_is_never_exceeded_and_the_estimate_is_the_truth(facts: Facts, budget: int) -> None:
    composed = render(facts, budget)
    size = len(composed.text.encode("utf-8"))
    assert composed.tokens == -(-size * 2 // 7) <= budget
    assert f"; {composed.tokens} of at most {budget} tokens." in composed.text


@relaxed
@given(all_facts())
def test_recorded_text_never_poses_as_the_document_s_own_words(facts: Facts) -> None:
    text = render(facts, 30_000).text
    assert "<!--" not in text
    assert not HIDDEN.search(text)
    for line in outside_fences(text):
        if line.startswith("## "):
            assert line[3:] in TITLES
        else:
            assert OWN_LINES.match(line), line
    assert text.count("\n# Hand-off") == 0
    assert text.startswith("# Hand-off\n")


@relaxed
@given(all_facts(), st.integers(LEAST_TOKENS, 4_000))
def test_everything_left_out_is_said_with_its_number_and_a_command(facts: Facts, budget: int) -> None:
    composed = render(facts, budget)
    sections = {section.title: section for section in sections_of(facts)}
    for part in composed.left_out:
        assert 0 < part.count <= len(sections[part.section].items)
        whole = f"- {part.section} ({part.count}): `{part.command}`"
        some = f"\n{part.count} more left out for the budget: `{part.command}`\n"
        assert (whole in composed.text.split("\n")) or (some in composed.text)
    for title in TITLES - {"Left out for the budget"} - {part.section for part in composed.left_out}:
        shown = f"## {title}\n" in composed.text
        assert shown == bool(sections[title].items)


@settings(relaxed, max_examples=10)
@given(all_facts(), st.integers(LEAST_TOKENS, 30_000))
def test_the_same_facts_give_the_same_bytes(facts: Facts, budget: int) -> None:
    assert render(facts, budget) == render(facts, budget)


def _noted(kind: str, text: str, number: int) -> Note:
    return Note(f"{number:032x}", kind, text, None, None, None, AT)


def _with_notes(*found: Note) -> Facts:
    return Facts("e" * 40, AT, (), found, (), (), shallow=False)


def test_with_little_room_every_kind_keeps_its_share() -> None:
    kinds = ("decision", "discovery", "problem", "next", "note")
    facts = _with_notes(*(_noted(kind, "word " * 20, n) for kind in kinds for n in range(200)))
    composed = render(facts, 3_000)
    for title in ("Decisions", "Discoveries", "Problems", "Next steps", "Other notes"):
        assert f"\n## {title}\n" in composed.text
    assert composed.tokens > 2_800, "room is left unused"
    assert sum(part.count for part in composed.left_out) + composed.text.count('- "word') == 1000


def test_the_youngest_notes_are_kept() -> None:
    facts = _with_notes(
        *(_noted("decision", f"choice {number} " + "x" * 200, number) for number in range(99))
    )
    composed = render(facts, 600)
    assert "choice 98 " in composed.text
    assert "choice 0 " not in composed.text


def test_a_budget_too_small_to_name_what_is_missing_is_refused() -> None:
    with pytest.raises(Usage) as refused:
        render(_with_notes(), LEAST_TOKENS - 1)
    assert refused.value.message == "a hand-off needs at least 300 tokens"


def test_every_section_left_out_still_fits_into_the_least_budget() -> None:
    sections = [
        Section(section.title, section.command, section.rank, section.share, ("x" * 2_000,) * 10**6)
        for section in sections_of(_with_notes())
    ]

    def text(kept: object) -> str:
        lines = [f"- {section.title} ({len(section.items)}): `{section.command}`" for section in sections]
        header = render(_with_notes(), LEAST_TOKENS).text.partition("Nothing")[0]
        return header + "## Left out for the budget\n\n" + "\n".join(lines) + "\n"

    shown, kept = fit(sections, LEAST_TOKENS, text)
    assert estimate(shown) <= LEAST_TOKENS
    assert set(kept) == {0}


def test_a_repository_without_sessions_has_a_short_hand_off() -> None:
    composed = render(_with_notes(), 25_000)
    assert composed.text.split("\n")[5:] == [
        "Nothing is recorded under: Completed work, Current state, Discoveries, Branches, Next steps, "
        "Decisions, Problems, Environment and dependencies, To do, Other notes, Unknown, Snippets.",
        "",
    ]
    assert composed.left_out == ()


def test_the_json_document_carries_text_tip_and_what_was_left_out() -> None:
    composed = render(_with_notes(_noted("problem", "x" * 500, 1), _noted("problem", "y" * 500, 2)), 400)
    shown = document(composed)
    assert isinstance(composed, Handoff)
    assert shown["format"] == 1
    assert (shown["tip"], shown["tokens"], shown["text"]) == ("e" * 40, composed.tokens, composed.text)
    assert shown["left_out"] == [
        {"section": "Problems", "count": 1, "command": "git ccc note --kind problem"},
    ]
