"""Signed approvals: only those of an allowed key, over exactly this, count; at review and at landing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.approval.conftest import CONFIG, Done
from tests.audit.conftest import Session, Signer, make_signer
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

Entry = Callable[[Session], dict[str, Any]]


def approvals(found: dict[str, Any]) -> list[tuple[bool, bool, str | None]]:
    return [(one["signed"], one["counts"], one["why"]) for one in found["approvals"]]


def test_a_signed_approval_lands_and_its_key_is_named(
    ready: Repo, signer: Signer, done: Done, entry: Entry, ccc_inline: RunsCcc
) -> None:
    session = done()
    assert entry(session)["why_not"] == ["approval, signed, by a person is missing (0 of 1)"]
    told = ccc_inline("approve", session.name, "--sign", exit=0).stdout
    assert told.endswith(", signed)\n")
    assert approvals(entry(session)) == [(True, True, None)]
    print_ = subprocess.run(
        ["ssh-keygen", "-lf", str(signer.key)], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    assert f"signed {print_}" in ccc_inline("review", session.name, exit=0).stdout
    ccc_inline("merge", session.name, exit=0)
    assert f"Ccc-Approval: Developer <developer@example.com> (signed {print_}) (tree " in ready.git(
        "log", "-1", "--format=%B", "main"
    )


def test_where_signatures_are_asked_for_merge_yes_signs(
    signer: Signer, done: Done, ccc_inline: RunsCcc
) -> None:
    session = done()
    ccc_inline("merge", session.name, "--yes", exit=0)
    event = ccc_inline("log", "--type", "merge.approved", "--json", exit=0).json["events"][0]
    assert ", signed" in event["text"]


def test_an_approval_given_before_signatures_were_asked_for_does_not_count(
    ready: Repo, done: Done, entry: Entry, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    ready.commit("Sign", {CONFIG: "[approval]\nsigned = true\n"})
    session = done()
    refused = ccc_inline("approve", session.name, exit=1)
    assert "no user.signingkey is configured; approvals are signed with ssh keys" in refused.stderr
    key = make_signer(tmp_path, "developer@example.com")
    refused = ccc_inline("approve", session.name, "--key", str(key.key), exit=1)
    assert "main has no .ccc/allowed_signers" in refused.stderr
    assert entry(session)["approvals"] == []


def test_a_key_that_the_target_does_not_allow_is_refused_at_once(
    signer: Signer, done: Done, entry: Entry, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    session = done()
    other = make_signer(tmp_path, "other@example.com")
    refused = ccc_inline("approve", session.name, "--key", str(other.key), exit=1)
    assert "its signature does not hold by .ccc/allowed_signers of main" in refused.stderr
    assert entry(session)["approvals"] == []


def test_nobody_signs_in_another_persons_name(
    ready: Repo, signer: Signer, done: Done, entry: Entry, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    other = make_signer(tmp_path, "other@example.com")
    ready.commit("Allow two", {".ccc/allowed_signers": signer.line + other.line})
    session = done()
    refused = ccc_inline("approve", session.name, "--key", str(other.key), exit=1)
    assert "this key may not sign for Developer <developer@example.com>" in refused.stderr
    ready.git("config", "user.email", "other@example.com")
    ccc_inline("approve", session.name, "--key", str(other.key), exit=0)
    assert approvals(entry(session)) == [(True, True, None)]


def test_an_audit_and_a_shown_session_name_the_key(
    signer: Signer, done: Done, entry: Entry, ccc_inline: RunsCcc
) -> None:
    session = done()
    ccc_inline("approve", session.name, exit=0)
    [event] = ccc_inline("log", "--audit", "--type", "merge.approved", "--json", exit=0).json["events"]
    assert event["key"] == entry(session)["approvals"][0]["key"]
    assert ccc_inline("show", session.name, "--json", exit=0).json["approvals"][0]["signed"] is True


def test_signers_on_the_sessions_branch_count_for_nothing(
    signer: Signer, done: Done, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    other = make_signer(tmp_path, "other@example.com")
    mine = f"developer@example.com {other.key.with_suffix('.pub').read_text(encoding='utf-8')}"
    session = done(files={".ccc/allowed_signers": mine})
    refused = ccc_inline("approve", session.name, "--key", str(other.key), exit=1)
    assert "does not hold" in refused.stderr
    shown = ccc_inline("review", session.name, exit=0).stdout.split("\n")
    assert shown[1] == "  warning    changes what decides trust: .ccc/allowed_signers"
    assert f"    | +{mine.strip()}" in shown


@pytest.mark.parametrize(
    "options", ['valid-before="20200101"', 'valid-after="20990101"', 'namespaces="git"', "cert-authority"]
)
def test_a_key_that_is_not_allowed_now_or_for_this_is_refused(
    ready: Repo, signer: Signer, done: Done, ccc_inline: RunsCcc, options: str
) -> None:
    who, key = signer.line.split(" ", 1)
    ready.commit("Restrict", {".ccc/allowed_signers": f"{who} {options} {key}"})
    session = done()
    assert "does not hold" in ccc_inline("approve", session.name, exit=1).stderr


def test_a_key_taken_from_the_target_counts_no_more_at_landing(
    ready: Repo, signer: Signer, done: Done, entry: Entry, ccc_inline: RunsCcc
) -> None:
    ready.commit("Policy", {CONFIG: '[approval]\nsigned = true\nstale = "trivial-rebase"\n'})
    session = done()
    ccc_inline("approve", session.name, exit=0)
    ready.commit("Unrelated", unrelated="1")
    assert approvals(entry(session)) == [(True, True, None)]
    ready.commit("Take the key away", {".ccc/allowed_signers": "# nobody\n"})
    why = "its signature does not hold by .ccc/allowed_signers of main"
    assert approvals(entry(session)) == [(False, False, why)]
    told = ccc_inline("merge", session.name, exit=3)
    assert "backend-login" in told.stderr


def test_without_ssh_keygen_no_signature_counts_and_that_is_said(
    ready: Repo, signer: Signer, done: Done, ccc: RunsCcc, tmp_path: Path
) -> None:
    session = done()
    ccc("approve", session.name, exit=0)
    bare = tmp_path / "bin"
    bare.mkdir()
    for program in ("git", "sh"):
        (bare / program).symlink_to(f"/usr/bin/{program}")
    found = ccc("review", session.name, "--json", env={"PATH": str(bare)}, exit=0).json
    assert found["approvals"][0]["why"] == "ssh-keygen cannot be started: No such file or directory"
    assert found["can_merge"] is False


def test_the_doctor_says_what_signed_approvals_lack(
    ready: Repo, signer: Signer, ccc_inline: RunsCcc, tmp_path: Path
) -> None:
    def told() -> list[tuple[bool, str]]:
        found = ccc_inline("doctor", "--json").json["checks"]
        return [(one["ok"], one["what"]) for one in found if one["name"] == "approvals"]

    assert told() == [(True, "main takes signed ones only; git has a key to sign with")]
    ready.git("config", "--unset", "user.signingkey")
    assert told() == [(True, "main takes signed ones only; you have no key set up")]
    ready.git("rm", "-q", ".ccc/allowed_signers")
    ready.commit("Nobody")
    lacking = "main takes signed approvals only, and has no .ccc/allowed_signers: nothing can land"
    assert told() == [(False, lacking)]
    ready.commit("Take any", {CONFIG: ""})
    assert told() == []
