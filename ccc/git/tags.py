"""Annotated tag objects under names of our own: made, signed by git's own machinery, verified."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ccc.errors import GitFailed, Refused
from ccc.git import repository as repositories
from ccc.git.command import Git
from ccc.git.repository import Repository

SIGNATURE = b"-----BEGIN "
SSH_SIGNATURE = b"-----BEGIN SSH SIGNATURE-----"
SIGNING = ("user.signingkey", "gpg.format", "gpg.ssh.program", "gpg.ssh.defaultKeyCommand")
"""What a repository may say about signing; git reads the user's own configuration by itself."""

HINT = "git config gpg.format ssh; git config user.signingkey ~/.ssh/KEY.pub"
_GOOD = re.compile(r'^Good "git" signature for (?P<who>.+) with \S+ key (?P<key>SHA256:\S+)', re.MULTILINE)


@dataclass(frozen=True)
class Tag:
    """A tag object: `target` and the `kind` of object it names, its own `name`, `at` seconds since 1970."""

    oid: str
    target: str
    kind: str
    name: str
    tagger: str
    at: int
    signature: str
    """`ssh`, `other` or empty."""


@dataclass(frozen=True)
class Signature:
    """A signature that holds: whose it is, as the file of allowed signers names them, and the key's print."""

    who: str
    key: str


def make(repository: Repository, name: str, target: str, message: str, person: str, *, sign: bool) -> str:
    """Stores an annotated tag of a commit without any reference; its id.

    It is made in an empty repository of its own that shares our objects, for git gives every tag a name
    under refs/tags. Raises Refused where git cannot sign.
    """
    who, _, mail = person.partition(" <")
    settings = {"user.name": who, "user.email": mail.removesuffix(">"), "tag.gpgSign": "false"}
    settings |= _signing(repository) if sign else {"tag.forceSignAnnotated": "false"}
    with tempfile.TemporaryDirectory(prefix="ccc-tag-") as folder:
        place = Path(folder) / "tag.git"
        objects = {"GIT_OBJECT_DIRECTORY": str(repository.common / "objects")}
        Git(Path(folder)).run(
            "init", "-q", "--bare", "--template=", f"--object-format={repository.object_format}", str(place)
        )
        git = Git(place, {"GIT_DIR": str(place), **objects, **_configured(settings)})
        try:
            git.run("tag", "-s" if sign else "-a", "-m", message, name, target)
        except GitFailed as error:
            raise Refused(f"git could not sign: {error.message}", HINT) from error
        return git.text("rev-parse", "--verify", f"refs/tags/{name}")


def _signing(repository: Repository) -> dict[str, str]:
    """How the repository wants things signed. Raises Refused for another way than ssh keys.

    Only those can be verified against a file in a commit; and gpg waits where nobody sees its dialog.
    """
    found = {key: value for key in SIGNING if (value := repositories.config(repository, key)) is not None}
    if found.get("gpg.format") != "ssh":
        raise Refused(
            f"git signs with {found.get('gpg.format', 'openpgp')} here, checkpoints take ssh keys", HINT
        )
    return found


def read(git: Git, oid: str) -> Tag | None:
    """The tag object; None for an object that is none, and for one that is missing."""
    found = git.run("cat-file", "tag", oid, ok=(0, 128))
    head, _, body = found.out.partition(b"\n\n")
    fields = dict(line.split(" ", 1) for line in head.decode("utf-8", "replace").split("\n") if " " in line)
    if found.code != 0 or not {"object", "type", "tag", "tagger"} <= fields.keys():
        return None
    tagger, _, moment = fields["tagger"].rpartition("> ")
    at = moment.split(" ")[0]
    signature = "" if SIGNATURE not in body else "ssh" if SSH_SIGNATURE in body else "other"
    return Tag(
        oid,
        fields["object"],
        fields["type"],
        fields["tag"],
        f"{tagger}>",
        int(at) if at.isdecimal() else 0,
        signature,
    )


def signature_of(git: Git, tag: Tag, allowed_signers: bytes) -> Signature | None:
    """The signature, where it is one of those allowed, over exactly this tag, made for git; else None.

    Which program verifies, and against which file, is said here and not read from any configuration.
    """
    with tempfile.TemporaryDirectory(prefix="ccc-signers-") as folder:
        file = Path(folder) / "allowed_signers"
        file.write_bytes(allowed_signers)
        settings = {
            "gpg.ssh.allowedSignersFile": str(file),
            "gpg.ssh.program": "ssh-keygen",
            "gpg.ssh.revocationFile": "",
        }
        done = git.run("verify-tag", tag.oid, env=_configured(settings), ok=range(256))
    found = _GOOD.search(done.err) if done.code == 0 and tag.signature == "ssh" else None
    return Signature(found["who"], found["key"]) if found else None


def _configured(settings: Mapping[str, str]) -> dict[str, str]:
    """Variables that give a git command these settings, above every file."""
    given = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        given |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return given
