"""The document: header, sections, what is left out and what is empty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from ccc import __version__
from ccc.domain.handoff import Facts, Handoff, LeftOut
from ccc.errors import Usage
from ccc.templating import render_file
from ccc.views.handoff.fit import LEAST_TOKENS, Kept, Section, estimate, fit
from ccc.views.handoff.sections import sections_of

TEMPLATE = "handoff.md.j2"


def render(facts: Facts, tokens: int) -> Handoff:
    """The hand-off of these facts in at most `tokens` tokens.

    A function of the facts and ccc's version alone. Raises Usage for a budget below LEAST_TOKENS.
    """
    if tokens < LEAST_TOKENS:
        raise Usage(f"a hand-off needs at least {LEAST_TOKENS} tokens", f"--tokens {LEAST_TOKENS}")
    sections = sections_of(facts)
    text, kept = fit(sections, tokens, lambda kept: _text(facts, sections, kept, tokens))
    return Handoff(text, facts.tip, facts.as_of, estimate(text), tokens, _left_out(sections, kept))


def _text(facts: Facts, sections: Sequence[Section], kept: Kept, budget: int) -> str:
    """Rendered until the estimate that the header names is that of the text itself."""
    named = 0
    while True:
        text = render_file(
            TEMPLATE,
            tip=facts.tip,
            as_of=facts.as_of,
            version=__version__,
            tokens=named,
            budget=budget,
            sections=[_shown(section, count) for section, count in zip(sections, kept, strict=True) if count],
            hidden=[s for s, count in zip(sections, kept, strict=True) if s.items and not count],
            empty=[section.title for section in sections if not section.items],
        )
        text = text.rstrip("\n") + "\n"
        measured = estimate(text)
        if measured <= named:
            return text
        named = measured


def _shown(section: Section, count: int) -> dict[str, object]:
    return {
        "title": section.title,
        "intro": section.intro,
        "body": "\n".join(section.items[:count]).rstrip("\n"),
        "left_out": len(section.items) - count,
        "command": section.command,
    }


def _left_out(sections: Sequence[Section], kept: Kept) -> tuple[LeftOut, ...]:
    return tuple(
        LeftOut(section.title, len(section.items) - count, section.command)
        for section, count in zip(sections, kept, strict=True)
        if len(section.items) > count
    )


def document(composed: Handoff) -> dict[str, object]:
    """The hand-off as JSON (CONTRACT §4)."""
    return {
        "format": 1,
        "tip": composed.tip,
        "as_of": composed.as_of,
        "version": __version__,
        "tokens": composed.tokens,
        "budget": composed.budget,
        "text": composed.text,
        "left_out": [asdict(part) for part in composed.left_out],
    }
