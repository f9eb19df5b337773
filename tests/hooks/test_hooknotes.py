"""The line of a hook's note is read back as it was meant, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccc.domain.hooknotes import HOOKS, HookNote, parse_hook_note

WORD = st.text(
    st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=40
).filter(lambda word: word != "-")
OID = st.text("0123456789abcdef", min_size=40, max_size=40)
NOTES = st.builds(
    HookNote,
    hook=st.sampled_from(HOOKS),
    worktree=WORD,
    oid=st.none() | OID | st.builds(lambda one: one + one[:24], OID),
    pid=st.integers(1, 2**22),
    argument=st.none() | st.sampled_from(["amend", "rebase", "0", "1"]),
    ref=st.none() | WORD.map(lambda word: f"refs/heads/{word}"),
)
GOOD = f"1 post-commit ccc-backend-x {'a' * 40} 4711 - refs/heads/main"


def written(note: HookNote) -> str:
    """As hooks/ccc-hook prints it."""
    return (
        f"1 {note.hook} {note.worktree} {note.oid or '-'} {note.pid} {note.argument or '-'} {note.ref or '-'}"
    )


@given(NOTES)
def test_a_note_is_read_back(note: HookNote) -> None:
    assert parse_hook_note(written(note)) == note


@given(st.text())
def test_any_text_is_a_note_or_a_value_error(text: str) -> None:
    try:
        note = parse_hook_note(text)
    except ValueError:
        return
    assert written(note).split(" ")[:4] == text.split(" ")[:4]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        GOOD + "\n",
        GOOD + " more",
        GOOD + "\n" + GOOD,
        GOOD.removesuffix(" refs/heads/main"),
        GOOD.replace("1 post", "2 post", 1),
        GOOD.replace("post-commit", "pre-commit"),
        GOOD.replace("aaaa", "AAAA"),
        GOOD.replace("aaaa", "aaa"),
        GOOD.replace("4711", "-1"),
        GOOD.replace("4711", "٤٧"),
        GOOD.replace(" - ", "  "),
        GOOD.replace("ccc-backend-x", ""),
        GOOD.replace("refs/heads/", ""),
    ],
)
def test_what_no_hook_wrote_is_refused(line: str) -> None:
    parse_hook_note(GOOD)
    with pytest.raises(ValueError, match="not a hook's note"):
        parse_hook_note(line)
