"""The git processes that write for us: one a kind of object, one for references."""

from __future__ import annotations

import errno
import os
import struct
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from ccc.errors import GitFailed
from ccc.git.command import Git, failure
from ccc.git.dialogue import Dialogue
from ccc.git.objects import BLOB, COMMIT, TREE
from ccc.ids import digest

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)
"""What a disk may say, in words of the C library that git passes on."""

SAMPLE = 4096
PACK_KINDS = {COMMIT: 1, TREE: 2, BLOB: 3}
REPLIES = ("start", "prepare", "commit")


class Nameless:
    """A temporary file without a name, which git gets by its descriptor; nothing of it outlives us.

    In memory where the system can: truncating one on a busy disk takes 2 ms.
    """

    def __init__(self) -> None:
        if hasattr(os, "memfd_create"):
            self.number = os.memfd_create("ccc")
            return
        self.number, name = tempfile.mkstemp(prefix="ccc-")
        Path(name).unlink()

    def __del__(self) -> None:
        os.close(self.number)

    def put(self, content: bytes) -> None:
        """Makes this its content, and its beginning the place to read from. Raises OSError."""
        os.ftruncate(self.number, 0)
        os.lseek(self.number, 0, os.SEEK_SET)
        at = 0
        while at < len(content):
            at += os.pwrite(self.number, content[at:], at)

    def take(self) -> str:
        """Its content on one line, without git's marks; empties it."""
        text = os.pread(self.number, os.fstat(self.number).st_size, 0).decode("utf-8", "replace")
        self.put(b"")
        lines = (line.removeprefix("fatal: ").removeprefix("error: ") for line in text.splitlines())
        return "; ".join(line for line in lines if line) or "git ended without a word"


PRUNED_SECONDS = 5.0
"""`git prune` takes an emptied folder of objects, or a young temporary file, away while git writes there:
how long we try again."""

PAUSE = 1e-4
"""Seconds, up to 255 times which pass between two tries: their rhythm shall not be that of the pruning."""


def tries() -> Iterator[bool]:
    """A True for each try while there is time for another one, then False for the last."""
    until = time.monotonic() + PRUNED_SECONDS
    while time.monotonic() < until:
        yield True
        time.sleep(os.urandom(1)[0] * PAUSE)
    yield False


class Writer:
    """Stores objects of one kind through `git hash-object --stdin-paths`, handed over in one file."""

    def __init__(self, git: Git, kind: str) -> None:
        self._directory = git.directory
        self._kind = kind
        self._words, self._content = Nameless(), Nameless()
        number = self._content.number
        self._path = b"/dev/fd/%d\n" % number
        arguments = ("hash-object", "-t", kind, "-w", "--no-filters", "--stdin-paths")
        self._git = Dialogue(git, *arguments, words=self._words.number, files=(number,))

    def write(self, content: bytes) -> str:
        """The id that git gave it after storing it. Raises OSError, GitFailed."""
        words = ""
        for _ in tries():
            self._content.put(content)
            answer = self._git.ask(self._path).readline()
            if answer.endswith(b"\n"):
                return answer[:-1].decode("ascii", "replace")
            self._git.close()
            words = self._words.take()
            raise_for_disk(words, self._directory)
        raise GitFailed(f"a {self._kind} of {len(content)} bytes cannot be stored: {words}")

    def close(self) -> None:
        """Ends the git process; the next object begins another."""
        self._git.close()


def unpack(git: Git, objects: Iterable[tuple[str, bytes]], algorithm: str) -> None:
    """Stores many objects (kind, content) as loose ones by one process. Raises OSError, GitFailed.

    Loose, because `git repack -ad` drops what no reference holds yet from packs at once. 0.3 ms each.
    """
    done = git.run("unpack-objects", "-q", input=packed(objects, algorithm), ok=range(256))
    if done.code != 0:
        raise_for_disk(done.err, git.directory)
        raise failure(("unpack-objects",), done)


def packed(objects: Iterable[tuple[str, bytes]], algorithm: str) -> bytes:
    """A pack of whole objects (gitformat-pack(5))."""
    entries = [_entry(kind, content) for kind, content in objects]
    pack = b"PACK" + struct.pack(">II", 2, len(entries)) + b"".join(entries)
    return pack + bytes.fromhex(digest(algorithm, pack))


def _entry(kind: str, content: bytes) -> bytes:
    """Kind and size, seven bits a byte, least first; then the content, compressed lightly."""
    size = len(content)
    head = [PACK_KINDS[kind] << 4 | size & 15]
    size >>= 4
    while size:
        head[-1] |= 128
        head.append(size & 127)
        size >>= 7
    return bytes(head) + zlib.compress(content, 1)


class Mover:
    """Moves references through `git update-ref --stdin`, one transaction each."""

    def __init__(self, git: Git) -> None:
        self._words = Nameless()
        self._git = Dialogue(git, "update-ref", "--stdin", "-z", words=self._words.number)

    def move(self, name: str, old: str, new: str) -> str:
        """Moves a reference from `old` (all zeros: it must not exist yet); empty, or why not."""
        request = ("start", f"update {name}", new, old, "prepare", "commit")
        pipe = self._git.ask("".join(f"{part}\0" for part in request).encode())
        answers = [pipe.readline() for _ in REPLIES]
        if answers == [f"{reply}: ok\n".encode() for reply in REPLIES]:
            return ""
        self._git.close()
        return self._words.take()

    def close(self) -> None:
        """Ends the git process; the next move begins another."""
        self._git.close()


def raise_for_disk(words: str, folder: Path) -> None:
    """Raises the OSError behind git's words, if there is one: a full or read-only disk, say.

    git does not always pass on what the system said ("couldn't write ..."), so the disk is tried, too.
    """
    for number in DISK:
        if os.strerror(number) in words:
            raise OSError(number, os.strerror(number), str(folder))
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(bytes(SAMPLE))
