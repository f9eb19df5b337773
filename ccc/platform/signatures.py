"""Signatures by ssh keys: made and verified by `ssh-keygen -Y`, the only place that runs it."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ccc.errors import Refused
from ccc.records import dataclass

PROGRAM = "ssh-keygen"
MISSING = f"{PROGRAM} cannot be started"
SIGN_SECONDS, VERIFY_SECONDS = 120.0, 10.0
"""A person may have to type a passphrase or touch a key; to verify takes 6 ms."""

BEGIN, END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
WIDTH = 70
NO = "its signature does not hold"
LITERAL = "key::"
"""What git writes before a public key that stands in its configuration itself; an ssh agent signs then."""

_GOOD = re.compile(r'^Good ".+" signature for .+ with \S+ key (?P<key>SHA256:\S+)', re.MULTILINE)


@dataclass(frozen=True)
class Verified:
    """What verifying a signature gave: the print of the `key` where it holds, else `why` it does not."""

    key: str | None
    why: str


def sign(text: bytes, key: str, namespace: str) -> str:
    """The signature of a text by a key (a file, or a public key that an ssh agent has), in one line.

    Raises Refused where there is no such key or program, or nobody types its passphrase.
    """
    with tempfile.TemporaryDirectory(prefix="ccc-sign-") as folder:
        file, more = Path(folder) / "text", []
        file.write_bytes(text)
        if key.startswith((LITERAL, "ssh-", "ecdsa-", "sk-")):
            public = Path(folder) / "key.pub"
            public.write_text(f"{key.removeprefix(LITERAL)}\n", encoding="utf-8")
            key, more = str(public), ["-U"]
        elif not Path(key).expanduser().exists():
            raise Refused(f"there is no key {key}", "git config user.signingkey ~/.ssh/KEY.pub")
        asked = ["-Y", "sign", "-n", namespace, *more, "-f", str(Path(key).expanduser()), str(file)]
        done = _run(asked, SIGN_SECONDS)
        signature = file.with_name("text.sig")
        if done.returncode != 0 or not signature.exists():
            words = (done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"])[-1]
            raise Refused(f"{PROGRAM} could not sign: {words}", "ssh-add -L lists the keys an agent has")
        return "".join(line for line in signature.read_text("ascii").split("\n") if line not in (BEGIN, END))


def verify(text: bytes, signature: str, *, who: str, namespace: str, allowed: bytes) -> Verified:
    """Whether a signature is one that `who` may give now, by a file of allowed signers, over this text.

    Keys that are not yet or no longer valid, and those allowed for other namespaces only, are not.
    """
    with tempfile.TemporaryDirectory(prefix="ccc-verify-") as folder:
        signers, file = Path(folder) / "allowed_signers", Path(folder) / "text.sig"
        signers.write_bytes(allowed)
        file.write_text(_armoured(signature), encoding="ascii", errors="replace")
        asked = ["-Y", "verify", "-n", namespace, "-I", who, "-f", str(signers), "-s", str(file)]
        try:
            done = _run(asked, VERIFY_SECONDS, text)
        except Refused as error:
            return Verified(None, error.message)
    found = _GOOD.search(done.stdout.decode("utf-8", "replace")) if done.returncode == 0 else None
    if found is None:
        return Verified(None, NO)
    return Verified(found["key"], "")


def _armoured(signature: str) -> str:
    lines = [signature[start : start + WIDTH] for start in range(0, len(signature), WIDTH)]
    return "\n".join([BEGIN, *lines, END]) + "\n"


def _run(arguments: Sequence[str], seconds: float, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        return subprocess.run(
            [PROGRAM, *arguments], input=given, capture_output=True, timeout=seconds, env=environment
        )
    except OSError as error:
        raise Refused(f"{MISSING}: {error.strerror}", "install OpenSSH 8.2 or newer") from error
    except subprocess.TimeoutExpired as error:
        raise Refused(f"{PROGRAM} did not end within {seconds:.0f} s", "try again at a terminal") from error
