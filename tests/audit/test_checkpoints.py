"""Checkpoints prove the history behind them, and each way of deceiving them is told."""

from __future__ import annotations

import subprocess
import zlib
from pathlib import Path

import pytest

from tests.audit.conftest import AGENT, Signer, Spawns, make_signer
from tests.support.program import RunsCcc
from tests.support.repository import Repo

pytestmark = pytest.mark.slow

CHECKPOINTS = "refs/ccc-checkpoints"


def proof(ccc: RunsCcc) -> dict[str, object]:
    found: dict[str, object] = ccc("checkpoint", "--verify", "--json").json["proof"]
    return found


def checkpoint_ref(repo: Repo) -> str:
    return repo.git("for-each-ref", "--format=%(refname)", CHECKPOINTS).splitlines()[-1]


def move(repo: Repo, tip: str) -> None:
    """Moves refs/ccc as an attacker would, who also takes care of what ccc remembers."""
    repo.git("update-ref", "refs/ccc", tip)
    (repo.common / "ccc" / "tips").write_text(f"{tip}\n", encoding="ascii")


def rewritten(repo: Repo, first: str) -> str:
    """The history from the commit `first` on with another author, on the same parents; its tip."""
    new = ""
    for oid in reversed(repo.git("rev-list", f"{first}^..refs/ccc").splitlines()):
        raw = repo.git("cat-file", "commit", oid) + "\n"
        lines = raw.split("\n")
        if new:
            lines = [f"parent {new}" if line.startswith("parent ") else line for line in lines]
        lines = [
            line.replace("author ", "author Forged ", 1) if line.startswith("author ") else line
            for line in lines
        ]
        new = repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin="\n".join(lines))
    return new


def test_a_signed_checkpoint_proves_the_history_and_counts_what_came_after(
    ready: Repo, signer: Signer, ccc_inline: RunsCcc
) -> None:
    assert ccc_inline("checkpoint", "--verify", exit=1).stdout.startswith(
        "not proven: there is no checkpoint"
    )
    made = ccc_inline("checkpoint", "--sign", "--json", exit=0).json["checkpoint"]
    assert (made["state"], made["signer"], made["behind"]) == ("verified", signer.who, True)
    assert made["key"].startswith("SHA256:")
    ccc_inline("note", "after it", exit=0)
    told = ccc_inline("checkpoint", "--verify", exit=0).stdout
    assert told == f"unchanged since checkpoint {made['name']} signed by {signer.who}; 2 events since\n"
    assert ready.git("tag", "--list") == ""
    assert ready.git("cat-file", "-t", f"{CHECKPOINTS}/{made['name']}") == "tag"
    assert ccc_inline("fsck", exit=0).stdout.startswith("whole")


def test_a_checkpoint_without_signature_is_said_to_prove_nothing(ready: Repo, ccc_inline: RunsCcc) -> None:
    assert "not signed" in ccc_inline("checkpoint", exit=0).stdout
    found = proof(ccc_inline)
    assert found["state"] == "unproven"
    assert "no .ccc/allowed_signers" in str(found["words"])


def test_signing_inside_an_agent_is_refused_and_on_record(
    ready: Repo, signer: Signer, ccc_inline: RunsCcc
) -> None:
    refused = ccc_inline("checkpoint", "--sign", env=AGENT, exit=3)
    assert "git ccc checkpoint --sign" in refused.stderr
    assert ready.git("for-each-ref", CHECKPOINTS) == ""
    event = ccc_inline("log", "--type", "decision", "--json", exit=0).json["events"][0]
    assert event["type"] == "decision.refused"
    assert event["data"]["agent"] == "CLAUDECODE is set"


def test_git_that_cannot_sign_is_told_how(ready: Repo, ccc_inline: RunsCcc) -> None:
    assert "git signs with openpgp here" in ccc_inline("checkpoint", "--sign", exit=1).stderr
    ready.git("config", "gpg.format", "ssh")
    refused = ccc_inline("checkpoint", "--sign", exit=1)
    assert "git could not sign" in refused.stderr
    assert "user.signingkey" in refused.stderr
    assert ready.git("for-each-ref", CHECKPOINTS) == ""


def test_history_rewritten_before_the_checkpoint_is_tampered_with(
    ready: Repo, signer: Signer, ccc_inline: RunsCcc
) -> None:
    ccc_inline("note", "the first", exit=0)
    first = ready.oid("refs/ccc")
    ccc_inline("checkpoint", "--sign", exit=0)
    move(ready, rewritten(ready, first))
    found = proof(ccc_inline)
    assert found["state"] == "tampered"
    assert f"signed by {signer.who}, is not behind refs/ccc" in str(found["words"])


def test_grafts_and_replacements_hide_no_rewriting(ready: Repo, signer: Signer, ccc_inline: RunsCcc) -> None:
    ccc_inline("note", "the first", exit=0)
    first = ready.oid("refs/ccc")
    ccc_inline("checkpoint", "--sign", exit=0)
    old, new = ready.oid("refs/ccc"), rewritten(ready, first)
    move(ready, new)
    (ready.common / "info").mkdir(exist_ok=True)
    (ready.common / "info" / "grafts").write_text(f"{new} {old}\n", encoding="ascii")
    ready.git("replace", new, old)
    assert proof(ccc_inline)["state"] == "tampered"


def test_history_cut_after_the_checkpoint_is_told_by_the_record_that_is_missing(
    ready: Repo, signer: Signer, ccc_inline: RunsCcc
) -> None:
    made = ccc_inline("checkpoint", "--sign", "--json", exit=0).json["checkpoint"]
    ccc_inline("note", "to be lost", exit=0)
    assert proof(ccc_inline)["since"] == 2
    move(ready, made["tip"])
    found = proof(ccc_inline)
    assert (found["state"], found["since"]) == ("proven", 0)
    assert "refs/ccc does not tell of it: what came after it was cut off" in str(found["words"])


def test_a_younger_checkpoint_proves_what_was_cut_after_an_older_one(
    ready: Repo, signer: Signer, ccc_inline: RunsCcc
) -> None:
    old = ccc_inline("checkpoint", "--sign", "--json", exit=0).json["checkpoint"]
    ccc_inline("note", "to be lost", exit=0)
    young = ccc_inline("checkpoint", "--sign", "--json", exit=0).json["checkpoint"]
    move(ready, old["tip"])
    found = proof(ccc_inline)
    assert found["state"] == "tampered"
    assert young["name"] in str(found["words"])


def test_a_signature_by_another_key_proves_nothing(
    ready: Repo, signer: Signer, tmp_path: Path, ccc_inline: RunsCcc
) -> None:
    make_signer(tmp_path, "intruder@example.com").use(ready)
    assert "not by a key in .ccc/allowed_signers" in ccc_inline("checkpoint", "--sign", exit=0).stdout
    found = proof(ccc_inline)
    assert found["state"] == "unproven"
    assert "its signature is not that of an allowed signer" in str(found["words"])


def test_a_program_configured_to_find_every_signature_good_is_not_asked(
    ready: Repo, signer: Signer, tmp_path: Path, ccc_inline: RunsCcc
) -> None:
    intruder = make_signer(tmp_path, "intruder@example.com")
    intruder.use(ready)
    ccc_inline("checkpoint", "--sign", exit=0)
    liar = ready.write(
        "../liar", "#!/bin/sh\necho 'Good \"git\" signature for x with ED25519 key SHA256:x'\n"
    )
    liar.chmod(0o755)
    ready.git("config", "gpg.ssh.program", str(liar))
    ready.git("config", "gpg.ssh.allowedSignersFile", str(ready.write("../signers", intruder.line)))
    assert proof(ccc_inline)["state"] == "unproven"


def test_a_signature_made_for_something_else_than_git_proves_nothing(
    ready: Repo, signer: Signer, tmp_path: Path, ccc_inline: RunsCcc
) -> None:
    ccc_inline("checkpoint", exit=0)
    ref = checkpoint_ref(ready)
    payload = tmp_path / "payload"
    payload.write_text(ready.git("cat-file", "tag", ref) + "\n", encoding="utf-8")
    for namespace, state in (("file", "replaced"), ("git", "verified")):
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(signer.key), str(payload)]
        subprocess.run(command, check=True, timeout=30, stdin=subprocess.DEVNULL)
        signature = tmp_path / "payload.sig"
        signed = payload.read_text(encoding="utf-8") + signature.read_text(encoding="utf-8")
        signature.unlink()
        ready.git("update-ref", ref, ready.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=signed))
        found = ccc_inline("checkpoint", "--verify", "--json").json["proof"]["checkpoints"]
        assert [one["state"] for one in found] == [state]


def test_signers_allowed_on_a_sessions_branch_only_are_none(
    ready: Repo, signer: Signer, spawn: Spawns, tmp_path: Path, ccc_inline: RunsCcc
) -> None:
    session = spawn("Allow myself")
    intruder = make_signer(tmp_path, "intruder@example.com")
    session.tree.commit("Allow myself", {".ccc/allowed_signers": intruder.line})
    ready.write(".ccc/allowed_signers", intruder.line)
    intruder.use(ready)
    ccc_inline("checkpoint", "--sign", exit=0)
    assert proof(ccc_inline)["state"] == "unproven"
    ready.git(
        "checkout",
        "-q",
        "--force",
        "--ignore-other-worktrees",
        ready.git("rev-parse", "--abbrev-ref", "main"),
    )
    ready.git("symbolic-ref", "HEAD", session.tree.git("symbolic-ref", "HEAD"))
    assert proof(ccc_inline)["signers"] is None


@pytest.mark.parametrize("way", ["older", "unsigned", "blob", "deleted"])
def test_a_checkpoint_that_was_replaced_is_told(
    ready: Repo, signer: Signer, ccc_inline: RunsCcc, way: str
) -> None:
    ccc_inline("checkpoint", "--sign", exit=0)
    first = checkpoint_ref(ready)
    ccc_inline("checkpoint", "--sign", exit=0)
    name = checkpoint_ref(ready)
    unsigned = ready.git("cat-file", "tag", name).partition("-----BEGIN")[0]
    new = {
        "older": ready.oid(first),
        "unsigned": ready.git("hash-object", "-t", "tag", "-w", "--stdin", stdin=unsigned),
        "blob": ready.git("hash-object", "-w", "--stdin", stdin="x"),
    }
    ready.git("update-ref", *(["-d", name] if way == "deleted" else [name, new[way]]))
    found = proof(ccc_inline)
    states = {"older": "broken", "blob": "broken", "deleted": "gone"}
    assert [one["state"] for one in found["checkpoints"]] == ["verified", states.get(way, "replaced")]  # type: ignore[attr-defined]
    assert f"look at checkpoint {name.rpartition('/')[2]}" in str(found["words"])
    assert found["state"] == "proven"


def test_a_commit_changed_in_place_is_told(ready: Repo, signer: Signer, ccc_inline: RunsCcc) -> None:
    ccc_inline("note", "as it was", exit=0)
    oid = ready.oid("refs/ccc")
    ccc_inline("checkpoint", "--sign", exit=0)
    file = ready.common / "objects" / oid[:2] / oid[2:]
    content = zlib.decompress(file.read_bytes()).replace(b"as it was", b"as it is!")
    file.chmod(0o644)
    file.write_bytes(zlib.compress(content))
    found = proof(ccc_inline)
    assert found["state"] == "tampered"
    assert oid in str(found["words"])


def test_a_commit_that_ccc_did_not_make_is_told(ready: Repo, signer: Signer, ccc_inline: RunsCcc) -> None:
    ccc_inline("checkpoint", "--sign", exit=0)
    tree = ready.git("rev-parse", "refs/ccc^{tree}")
    move(ready, ready.git("commit-tree", tree, "-p", "refs/ccc", "-m", "approved by nobody"))
    found = proof(ccc_inline)
    assert found["state"] == "tampered"
    assert "was not made by ccc" in str(found["words"])
    told = ccc_inline("log", "--audit", exit=1)
    assert told.stderr.startswith("error: tampered: commit ")
