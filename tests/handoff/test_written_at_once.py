"""The file of a hand-off, written by several at the same moment and read meanwhile: one of theirs, whole."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from ccc.ops.handoff import record
from tests.support.together import again_and_again, together

TEXTS = [f"# {number}\n" + "words\n" * 3000 * number for number in range(1, 5)]


@pytest.mark.slow
def test_of_several_that_write_it_one_is_there_whole(tmp_path: Path) -> None:
    path = tmp_path / "NEXT.md"
    path.write_text(TEXTS[0])
    path.chmod(0o640)

    def is_whole() -> None:
        assert path.read_text() in TEXTS

    def write(text: str) -> None:
        for _ in range(100):
            record._write_file(path, text)

    with again_and_again(is_whole):
        assert together([partial(write, text) for text in TEXTS]) == []
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["NEXT.md"]
