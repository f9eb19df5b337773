"""What an agent does: edits, commands, commits, what it says to ccc and to people, and waiting.

A step that a kill cut short is done again by the resumed conversation; each of these can be.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ccc.engines.rehearsal import script
from ccc.engines.rehearsal.commands import CCC, answers, execute
from ccc.engines.rehearsal.stage import GaveUp, Stage, StepFailed

FILE_POLL_SECONDS = 0.05


def edit(stage: Stage, edit: script.Edit) -> None:
    """Writes a file; what it becomes is remembered before, so that it becomes that once."""
    stage.stream.say("tool", name="Edit", input=edit.path)
    path = Path(edit.path)
    becomes = stage.memory.known.plan
    if becomes is None:
        becomes = _edited(path, edit)
        stage.memory.plan(becomes)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(becomes.encode("utf-8", "surrogateescape"))


def _edited(path: Path, edit: script.Edit) -> str:
    if edit.content is not None:
        return edit.content
    if edit.append is not None:
        return (_text_of(path) if path.exists() else "") + edit.append
    text = _text_of(path)
    assert edit.replace is not None
    assert edit.by is not None
    if edit.replace not in text:
        raise StepFailed(f"{edit.path} does not contain {edit.replace!r}")
    return text.replace(edit.replace, edit.by, 1)


def _text_of(path: Path) -> str:
    """Whatever bytes it holds; what is no UTF-8 and line ends come out again as they were."""
    return path.read_bytes().decode("utf-8", "surrogateescape")


def run(stage: Stage, run: script.Run) -> None:
    """A command in the worktree."""
    execute(stage, run.command, run.expect)


def commit(stage: Stage, commit: script.Commit) -> None:
    """Everything in the worktree; nothing where nothing differs and no merge is to be concluded."""
    execute(stage, ("git", "add", "--all"))
    differs, _ = answers("git", "diff", "--cached", "--quiet")
    merges, _ = answers("git", "rev-parse", "--quiet", "--verify", "MERGE_HEAD")
    if differs == 0 and merges != 0:
        return
    trailers = {"Ccc-Progress": commit.progress, "Ccc-Status": commit.status}
    said = "\n".join(f"{key}: {value}" for key, value in trailers.items() if value is not None)
    paragraphs = [f"--message={text}" for text in (commit.message, said) if text]
    execute(stage, ("git", "commit", "--quiet", *paragraphs))


def report(stage: Stage, report: script.Report) -> None:
    """`git ccc report`."""
    words = ["--done"] if report.done else []
    words += [f"--summary={report.summary}"] if report.summary is not None else []
    words += [f"--progress={report.progress}"] if report.progress is not None else []
    words += [f"--blocked={report.blocked}"] if report.blocked is not None else []
    execute(stage, (*CCC, "report", *words))


def ask(stage: Stage, ask: script.Ask) -> None:
    """`git ccc ask`, once, and the next message after it, which is the answer."""
    if stage.memory.known.plan is None:
        stage.memory.known.heard = 0
        choices = [f"--choice={choice}" for choice in ask.choices]
        execute(stage, (*CCC, "ask", *choices, "--", ask.text))
        stage.memory.plan("asked")
    stage.message("an answer")


def note(stage: Stage, note: script.Note) -> None:
    """`git ccc note`."""
    why = [] if note.why is None else [f"--why={note.why}"]
    execute(stage, (*CCC, "note", f"--kind={note.kind}", *why, "--", note.text))


def say(stage: Stage, text: str) -> None:
    """Words of the agent."""
    stage.stream.say("says", text=text)


def request(stage: Stage, wish: script.Wish) -> None:
    """A question of the engine itself."""
    known = stage.memory.known
    identifier = f"{known.turn + 1}.{known.step + 1}"
    stage.stream.say("asks", id=identifier, kind=wish.kind, text=wish.text, choices=list(wish.choices))
    answer = stage.stream.wait(lambda: stage.stream.take("answer", identifier), "an answer")
    stage.stream.say("settled", id=identifier)
    say(stage, f"answered: {answer.get('text')}")


def deny(stage: Stage, deny: script.Deny) -> None:
    """A tool that the agent wanted and was not given."""
    stage.stream.say("denied", tool=deny.tool, what=deny.what)


def wait(stage: Stage, wait: script.Wait) -> None:
    """A time, a message, or a file."""
    if wait.seconds is not None:
        stage.stream.rest(wait.seconds)
    elif wait.file is not None:
        file = Path(wait.file)
        stage.stream.wait(lambda: file.exists() or None, f"the file {file}", poll=FILE_POLL_SECONDS)
    else:
        stage.message("a message")


def tasks(stage: Stage, count: int) -> None:
    """So many tasks run apart from the turn from now on."""
    stage.stream.say("tasks", count=count)


def use(stage: Stage, use: script.Use) -> None:
    """Tokens and money."""
    stage.spent.anything = True
    stage.spent.input += use.input
    stage.spent.output += use.output
    stage.spent.context = stage.spent.context if use.context is None else use.context
    stage.spent.micro_usd += round(use.usd * 1_000_000)
    stage.tell_spent()


def limit(stage: Stage, limit: script.Limit) -> None:
    """A rate limit that ends by itself."""
    over = datetime.now(UTC) + timedelta(seconds=limit.seconds)
    until = limit.until or over.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if limit.gives_up:
        raise GaveUp("its rate limit is used up", None if limit.unnamed else until)
    stage.stream.say("limited", until=until)
    stage.stream.rest(limit.seconds, beat=limit.seconds + 1)
    say(stage, "the limit is over")


def again(stage: Stage, again: script.Again) -> None:
    """Calls of a tool, told with what they gave."""
    for number in range(again.times):
        stage.safe_point()
        stage.stream.say("tool", name="Bash", input=again.call)
        result = f" {number}" if again.changes else ""
        stage.stream.say("did", what=f"Bash {again.call}", mark=again.call + result)


def fail(_stage: Stage, why: str) -> None:
    """The turn ends badly, in these words."""
    raise StepFailed(why)
