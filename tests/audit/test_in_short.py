"""One way through checkpoint, audit, export, import and refusal; the rest runs with the slow tests."""

from __future__ import annotations

from pathlib import Path

from tests.audit.conftest import AGENT, Signer
from tests.support.program import RunsCcc
from tests.support.repository import Repo, copy_repository


def test_what_is_proven_exported_and_imported_is_the_same(
    ready: Repo, signer: Signer, repo_template: Path, tmp_path: Path, ccc_inline: RunsCcc
) -> None:
    ccc_inline("note", "remember this", exit=0)
    ccc_inline("checkpoint", "--sign", env=AGENT, exit=3)
    ccc_inline("checkpoint", "--sign", exit=0)
    told = ccc_inline("log", "--audit", "--json", exit=0).json
    assert told["proof"]["state"] == "proven"
    assert told["proof"]["checkpoint"]["signer"] == signer.who
    assert [event["type"] for event in told["events"]] == [
        "checkpoint.made",
        "decision.refused",
        "meta.initialised",
    ]
    other = copy_repository(repo_template, tmp_path / "other")
    ccc_inline("init", cwd=other.path, exit=0)
    lines = ccc_inline("export", exit=0).stdout
    ccc_inline("import", "-", stdin=lines, cwd=other.path, exit=0)
    assert other.git("rev-parse", "refs/ccc:notes") == ready.git("rev-parse", "refs/ccc:notes")
    assert ccc_inline("fsck", cwd=other.path, exit=0).stdout.startswith("whole")
