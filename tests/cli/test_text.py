"""Untrusted text is shown, not obeyed; columns line up in every script."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccc.text import cut, display_width, pad, printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ä, 日本, 😀", "plain, ä, 日本, 😀"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b31m", "\\x9b31m"),
        ("caf\udce9", "caf\\xe9"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("a\u2028b", "a\\u2028b"),
    ],
)
def test_control_characters_become_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_lines_stay_lines_where_asked() -> None:
    assert printable_lines("a\n\tb\x07") == "a\n\tb\\x07"


@given(st.text())
def test_shown_text_never_controls_the_terminal(text: str) -> None:
    assert not [character for character in printable(text) if unicodedata.category(character) in ("Cc", "Cs")]


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3),
        ("日本", 4),
        ("é", 1),
        ("e\u0301", 1),
        ("😀", 2),
        ("❤", 1),
        ("❤\ufe0f", 2),
        ("ﾊﾝ", 2),
        ("", 0),
    ],
)
def test_width_counts_columns(text: str, width: int) -> None:
    assert display_width(text) == width


def test_padding_lines_columns_up() -> None:
    assert [pad(text, 6) + "|" for text in ("abc", "日本", "longer than")] == [
        "abc   |",
        "日本  |",
        "longer than|",
    ]


@pytest.mark.parametrize(
    ("text", "width", "shown"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 4, "日…"), ("abc", 0, "")]
)
def test_cutting_marks_what_is_left_out(text: str, width: int, shown: str) -> None:
    assert cut(text, width) == shown


@given(st.text(), st.integers(min_value=0, max_value=20))
def test_cut_text_fits(text: str, width: int) -> None:
    assert display_width(cut(text, width)) <= width
