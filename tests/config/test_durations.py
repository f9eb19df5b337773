"""Time spans as people type them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccc.domain.durations import UNITS, seconds
from ccc.errors import Usage


@pytest.mark.parametrize(
    ("text", "found"), [("90", 90), ("90s", 90), ("30m", 1800), ("2h", 7200), ("1d", 86400), (" 1.5h ", 5400)]
)
def test_a_number_and_a_unit_are_seconds(text: str, found: float) -> None:
    assert seconds(text) == found


@given(st.integers(0, 10**9), st.sampled_from(sorted(UNITS)))
def test_every_whole_number_of_every_unit_is_exact(number: int, unit: str) -> None:
    assert seconds(f"{number}{unit}") == number * UNITS[unit]


@pytest.mark.parametrize(
    "text", ["", "s", "-1", "+1", "1 h", "1h30m", "1.", ".5", "1e3", "1H", "inf", "nan", "1s\n2"]
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(Usage) as caught:
        seconds(text)
    assert (caught.value.message, caught.value.hint) == (
        f"{text} is not a time span",
        "write 90, 90s, 30m, 2h or 7d",
    )


@given(st.text("0123456789.smhd -+e\n\u0663", max_size=12) | st.text(max_size=12))
def test_any_text_is_a_time_span_or_refused(text: str) -> None:
    with contextlib.suppress(Usage):
        assert seconds(text) >= 0
