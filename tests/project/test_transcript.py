"""The transcript in the README is what the commands really print."""

from __future__ import annotations

import pytest

from tests.support.program import PROJECT
from tools import transcript


def test_the_readme_shows_what_the_commands_print(capsys: pytest.CaptureFixture[str]) -> None:
    assert transcript.main([str(PROJECT / "README.md"), "--check"]) == 0, capsys.readouterr().out


def test_a_transcript_that_was_made_up_is_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    document = tmp_path_factory.mktemp("made-up") / "x.md"
    document.write_text("```console\n$ git ccc init\nccc is not ready\n```\n")
    assert transcript.main([str(document), "--check"]) == 1
