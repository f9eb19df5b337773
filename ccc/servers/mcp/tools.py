"""The tools of an orchestrating agent: each is one line over `ops/`; docstrings are what the agent reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ccc.errors import CccError, Refused, Usage
from ccc.ops import background
from ccc.ops.answer import answer
from ccc.ops.children import heard
from ccc.ops.inbox import caller, inbox, items, own, receive
from ccc.ops.look import counted, look
from ccc.ops.note import note
from ccc.ops.output import output
from ccc.ops.send import send
from ccc.ops.show import show
from ccc.ops.spawn import Request, Spawned, spawn
from ccc.ops.wait import Order, wait
from ccc.servers.mcp.desk import Desk, paused
from ccc.servers.mcp.errors import words_of
from ccc.views import documents
from ccc.views.documents import Document
from ccc.views.messages import answered_document, sent_document
from ccc.views.workers import WORDS, conversation_document, is_called, shown_inbox_document, workers_document

LONGEST_WAIT = 600.0
HANDOFF_TOKENS = 8_000
"""By default; Claude Code warns of answers above 10,000 tokens and cuts those above 25,000."""

LAST_TURNS = 20

Reference = Annotated[str, Field(description="Id, id prefix, name or alias")]
References = Annotated[list[str], Field(description="Ids, id prefixes, names or aliases")]
Kind = Literal["note", "decision", "discovery", "problem", "next"]


READING = frozenset({"list_workers", "examine_worker", "wait_idle_workers", "read_worker_logs", "inbox"})
"""Tools that change nothing: clients may run them side by side and without asking."""


class Worker(BaseModel):
    """What a worker is spawned with."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=lambda schema: schema.pop("description"))

    role: Annotated[str, Field(description="As backend or testing; a wrong one is answered with all")]
    task: Annotated[str, Field(description="What to do, whole; the worker knows nothing else")]
    name: str | None = None
    base: Annotated[str | None, Field(description="Start from this branch, commit or worker")] = None
    into: Annotated[str | None, Field(description="Land on this branch")] = None
    engine: Annotated[str | None, Field(description="Default: the role's")] = None
    model: str | None = None
    after: Annotated[list[str], Field(description="Workers to be verified, unchecked or landed first")] = []
    priority: int = 0
    start: Annotated[bool, Field(description="false: make the worktree, start no agent")] = True

    def request(self) -> Request:
        """The same for `ops/spawn.py`."""
        return Request(**{**self.model_dump(), "after": tuple(self.after)})


class Tools:
    """Eleven tools at one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def all(self) -> list[Callable[..., Any]]:
        """The tools in the order in which they are listed."""
        return [
            self.spawn_workers,
            self.list_workers,
            self.examine_worker,
            self.message_workers,
            self.wait_idle_workers,
            self.read_worker_logs,
            self.annotate_worker,
            self.close_workers,
            self.inbox,
            self.answer,
            self.handoff,
        ]

    def spawn_workers(self, workers: Annotated[list[Worker], Field(min_length=1)]) -> Document:
        """Start specialists, each on a branch and worktree of its own. A failing one leaves the others"""
        with self._desk.changing() as workspace:
            made: list[Spawned] = []
            failed: list[Document] = []
            for worker in workers:
                try:
                    made += spawn(workspace, worker.request())
                except CccError as error:
                    failed.append(_failure(worker, error))
            if not made:
                raise Refused("\n".join(f"{each['role']}: {each['error']}" for each in failed))
            picture = look(workspace)
            sightings = [picture.of(each.session) for each in made]
            return {**documents.spawn_document(picture, sightings), "failed": failed}

    def list_workers(
        self,
        status: Annotated[str | None, Field(description="A status, or SPAWNING, READY, BUSY, CLOSED")] = None,
        all: Annotated[bool, Field(description="Closed ones, too")] = False,
        full: Annotated[bool, Field(description="Everything known, as `git ccc status --json`")] = False,
    ) -> Document:
        """List the workers: status with its evidence, progress, what needs a person"""
        if status is not None and status not in WORDS:
            raise Usage(f"there is no status {status}", f"one of {' '.join(WORDS)}")
        with self._desk.reading() as workspace:
            picture = look(workspace)
            shown = [each for each in picture.sightings if all or each.session.closed is None]
            if status is not None:
                shown = [each for each in picture.sightings if is_called(each, status)]
            waiting = items(workspace, picture)
            background.start_if_due(workspace, picture)
            if full:
                return documents.status_document(picture, counted(workspace, shown), waiting)
            return workers_document(picture, shown, waiting)

    def examine_worker(self, worker: Reference) -> Document:
        """Show one worker whole: brief, report, checks, commits, files, notes, messages, conflicts"""
        with self._desk.reading() as workspace:
            return documents.show_document(show(workspace, worker))

    def message_workers(
        self,
        workers: References,
        text: str,
        topic: Annotated[
            str | None, Field(description="Replaces what you sent on it that was not delivered yet")
        ] = None,
    ) -> Document:
        """Send text to workers, or to `all`: a busy one gets it at its next step, an idle one as its turn"""
        with self._desk.changing() as workspace:
            sent = send(workspace, workers, text, topic=topic)
            return sent_document(workspace.reader.tip(), sent)

    def wait_idle_workers(
        self,
        workers: Annotated[list[str], Field(description="Which (default: all open ones)")] = [],  # noqa: B006
        any: Annotated[bool, Field(description="End with the first, not with all")] = False,
        since: Annotated[str | None, Field(description="Cursor of the last wait: only what is new")] = None,
        timeout: Annotated[float, Field(ge=0, le=LONGEST_WAIT, description="Seconds")] = 60,
    ) -> Document:
        """Wait until workers are done, failed or need a person. Use this, never poll"""
        order = Order(tuple(workers), any, since=since, timeout=timeout)
        workspace = self._desk.fresh()
        waited = wait(workspace, order, pause=paused)
        heard(workspace, waited.picture, waited.told)
        return documents.wait_document(waited)

    def read_worker_logs(
        self,
        worker: Reference,
        last: Annotated[
            int | None, Field(ge=0, description="Only the last ones (default: 20, or all since)")
        ] = None,
        since: Annotated[
            str | None, Field(description="Cursor of the last reading: only what is new")
        ] = None,
    ) -> Document:
        """Read a worker's conversation: what was said, which tools were used, with which outcome"""
        count = LAST_TURNS if last is None and since is None else last
        with self._desk.reading() as workspace:
            return conversation_document(output(workspace, worker, last=count, since=since))

    def annotate_worker(self, worker: Reference, text: str, kind: Kind = "note") -> Document:
        """Record a note about a worker; it goes into the hand-off"""
        with self._desk.changing() as workspace:
            identifier = note(workspace, kind=kind, text=text, session=worker)
            return documents.document(workspace.reader.tip(), note=identifier)

    def close_workers(self, workers: References) -> Document:
        """Take worktrees away. All work is backed up first; `git ccc undo ID` brings it back"""
        from ccc.ops.close import close, find_closable  # with the store's libraries: 0.1 s, as in spawn
        from ccc.views.upkeep import kept_document

        with self._desk.changing() as workspace:
            closed = [close(workspace, session) for session in find_closable(workspace, workers)]
            return kept_document(workspace.reader.tip(), closed)

    def inbox(self) -> Document:
        """What waits for a person, each with the command to give to the human. Approving is theirs alone"""
        with self._desk.changing() as workspace:
            picture = look(workspace)
            session = caller(workspace, picture)
            waiting = inbox(workspace, picture) if session is None else own(workspace, picture, session)
            if session is not None:
                receive(workspace, session, waiting)
            return shown_inbox_document(picture.state.tip, waiting, inside=session is not None)

    def answer(
        self,
        item: Annotated[str, Field(description="Its id in the inbox, or the worker that asks")],
        text: str | None = None,
        choice: Annotated[int | None, Field(ge=1, description="Or the number of an offered answer")] = None,
    ) -> Document:
        """Answer a question of a worker that you, as a session, spawned. All else is the human's to answer"""
        with self._desk.changing() as workspace:
            return answered_document(workspace.reader.tip(), answer(workspace, item, text, choice))

    def handoff(
        self,
        tokens: Annotated[int, Field(description="At most this many")] = HANDOFF_TOKENS,
        write: Annotated[bool, Field(description="Record it on refs/ccc")] = False,
    ) -> str:
        """What the next agent or person must know, as Markdown"""
        from ccc.ops.handoff import compose  # jinja2: 65 ms
        from ccc.ops.handoff.record import write as write_down

        if write:
            with self._desk.changing() as workspace:
                return write_down(workspace, tokens=tokens).text
        with self._desk.reading() as workspace:
            return compose(workspace, tokens=tokens).text


def _failure(worker: Worker, error: CccError) -> Document:
    return {"role": worker.role, "task": worker.task, "kind": error.kind, "error": words_of(error)}
