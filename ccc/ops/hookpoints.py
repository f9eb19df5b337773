"""Messages to a `claude` that a person runs in a session's worktree, handed over at its hook points.

Runs inside a hook, while the program waits: it reads no state and starts no git. The receipt is written by
whoever sees the words in the program's own transcript: this hook's shadow, the next hook, or the drain.
"""

from __future__ import annotations

import fcntl
import os
import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from ccc.domain import messages, stamps
from ccc.engines.claude import hookpoints as points
from ccc.engines.claude.hookpoints import Point
from ccc.layout import Layout
from ccc.platform import processes
from ccc.records import dataclass
from ccc.runs import drain, handed, mail
from ccc.runs.files import SessionFiles
from ccc.runs.handed import Handed
from ccc.runs.mail import Letter
from ccc.runs.wording import bounded, opening
from ccc.store import journal

TIMES = 3
"""How often one process is handed a message that it does not take up; then `git ccc inbox` is left to it."""

ANSWERS = 2
"""So many answers of the model after a hand-over, none of which was told it: it was lost. One may have been
going on while it was handed over."""

LOCK_SECONDS = 3.0
IDLE_SECONDS = 10.0
"""Between two looks whether the program lives, while nobody rings."""

SHADOW_SECONDS = 15.0
LOOK_SECONDS = 0.03


@dataclass(frozen=True)
class Place:
    """A session on this machine, as its hooks know it: id and name."""

    layout: Layout
    session: str
    name: str

    @property
    def files(self) -> SessionFiles:
        return SessionFiles.of(self.layout, self.session)


def at(place: Place, point: Point, process: str) -> str:
    """What the hook prints; notes what was handed over to `process`, and what has arrived meanwhile.

    Raises OSError, TimeoutError.
    """
    if point.event == points.START:
        handed.enter(place.files, point.conversation, process)
    portion = _hand_over(place, point, process)
    if point.event == points.END:
        handed.leave(place.files, point.conversation)
    return points.printed(point.event, [words for words, _ in portion], again=any(n for _, n in portion))


def while_idle(place: Place, point: Point, process: str) -> str:
    """Waits until there is mail, beside a program that waits for its person; what the agent is then told.

    Nothing where another such process waits already, where the program ends, or the session is closed.
    Raises OSError, TimeoutError.
    """
    files = place.files
    with _only(files) as is_only:
        if not is_only:
            return ""
        bell = _bell(files)
        while processes.alive(process) and files.bell.exists():
            portion = _hand_over(place, point, process) if mail.waiting(files) else []
            if portion:
                return "\n\n".join(words for words, _ in portion)
            select.select([bell], [], [], IDLE_SECONDS)
            _drained(bell)
        return ""


def _hand_over(place: Place, point: Point, process: str) -> list[tuple[str, int]]:
    """The messages to tell now, each with how often it was told before; notes that they were handed over."""
    with _alone(place.files):
        settle(place)
        due = _due(place, point, process) if point.delivers else []
        times = {letter.id: count for letter, count in due}
        portion = list(bounded([letter for letter, _ in due], size=points.SIZE))
        where = (process, point.conversation, str(point.transcript), _size(point.transcript))
        for letter, _ in portion:
            handed.keep(place.files, Handed(letter.id, *where, times[letter.id] + 1))
    return [(words, times[letter.id]) for letter, words in portion]


def program() -> str:
    """The identity of the program that runs this hook: it says so, else it is two shells up."""
    told = os.environ.get("CLAUDE_PID", "")
    if told.isdecimal():
        return processes.identity(int(told))
    parent = os.getppid()
    return processes.identity(processes.parent_of(parent) or parent)


def settle(place: Place) -> int:
    """Writes the receipts of what is in the transcripts now; how many. To be called by who holds the lock."""
    waiting = {letter.id for letter in mail.waiting(place.files)}
    count = 0
    for record in handed.all_of(place.files).values():
        if record.id not in waiting:
            handed.forget(place.files, record.id)  # it went another way
        elif (turn := _turn_of(record)) is not None:
            _tell(place, record, turn)
            count += 1
    return count


def settle_all(layout: Layout, sessions: Sequence[tuple[str, str]]) -> int:
    """The same for these sessions (id, name) of this machine, by a process that is no hook; how many."""
    count = 0
    for session, name in sessions:
        place = Place(layout, session, name)
        if handed.folder(place.files).is_dir() and handed.all_of(place.files):
            with _alone(place.files):
                count += settle(place)
    return count


def shadow(place: Place) -> None:
    """Goes on as a process of its own until the program has told its agent what it was handed.

    For at most a quarter of a minute, and none of the caller's descriptors: the next hook looks, too.
    """
    if not handed.all_of(place.files) or os.fork():
        return
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    if not drain.ring(place.layout):
        drain.start(place.layout)  # it takes a moment to come up, and should listen when there is news
    try:
        _follow(place)
    finally:
        os._exit(0)


def _follow(place: Place) -> None:
    until = time.monotonic() + SHADOW_SECONDS
    sizes: dict[str, int] = {}
    while (records := handed.all_of(place.files)) and time.monotonic() < until:
        now = {record.transcript: _size(Path(record.transcript)) for record in records.values()}
        if now != sizes:
            sizes = now
            with _alone(place.files):
                settle(place)
        time.sleep(LOOK_SECONDS)


def _due(place: Place, point: Point, process: str) -> list[tuple[Letter, int]]:
    """The letters to hand over now, oldest first, and how often each was before."""
    records = handed.all_of(place.files)
    found = []
    for letter in mail.waiting(place.files):
        record = records.get(letter.id)
        if record is None:
            found.append((letter, 0))
        elif record.process != process:
            if not processes.alive(record.process):
                found.append((letter, record.times))
        elif record.times < TIMES and _is_lost(record, point):
            found.append((letter, record.times))
    return found


def _is_lost(record: Handed, point: Point) -> bool:
    """Whether the model was asked after the hand-over, and not told."""
    if record.conversation != point.conversation:
        return True
    return points.answers_in(_lines(Path(record.transcript), record.offset)) >= ANSWERS


def _turn_of(record: Handed) -> int | None:
    """The turn into which a message was taken; None where it is in no transcript yet."""
    path, begins = Path(record.transcript), opening(record.id)
    if not any(points.is_told(line, begins) for line in _lines(path, record.offset)):
        return None
    before = []
    for line in _lines(path, 0):
        before.append(line)
        if points.is_told(line, begins):
            break
    return max(1, points.turns_in(before))


def _tell(place: Place, record: Handed, turn: int) -> None:
    """The receipt first, then what would have it written again."""
    run = place.files.latest() or 1
    moment = stamps.rfc3339(stamps.make(stamps.now_ms(), 0, "0"))
    fact = messages.delivered(
        record.id, session=place.session, name=place.name, run=run, turn=turn, at=moment
    )
    journal.write(place.layout, fact)
    mail.taken(place.files, record.id)
    handed.forget(place.files, record.id)
    if not drain.ring(place.layout):
        drain.start(place.layout)


def _lines(path: Path, offset: int) -> Iterator[bytes]:
    """Complete lines from an offset; none where the file is not there (yet)."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if line.endswith(b"\n"):
                    yield line
    except (FileNotFoundError, NotADirectoryError):
        return


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (FileNotFoundError, NotADirectoryError):
        return 0


def _bell(files: SessionFiles) -> int:
    """The fifo that is rung where mail is posted, as a descriptor that never reads an end."""
    with suppress(FileExistsError):
        os.mkfifo(files.bell, 0o600)
    return os.open(files.bell, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)


def _drained(bell: int) -> None:
    with suppress(BlockingIOError):
        while os.read(bell, 4096):
            pass


@contextmanager
def _only(files: SessionFiles) -> Iterator[bool]:
    """Whether nobody else waits for this session's mail."""
    descriptor = os.open(files.root / "idle.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _took(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _alone(files: SessionFiles) -> Iterator[None]:
    """Hooks of one batch of tools run at the same time. Raises TimeoutError after three seconds."""
    path = handed.lock(files)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + LOCK_SECONDS
        while not _took(descriptor):
            if time.monotonic() > until:
                raise TimeoutError(f"{path} is held by another process")
            time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)


def _took(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
