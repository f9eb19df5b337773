"""What is exported can be imported anywhere, and gives the same events and the same state."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ccc.domain.events import Event
from ccc.ops.export import Exported, csv_lines
from tests.audit.conftest import AGENT, Session, Spawns
from tests.audit.test_secrets import GONE, SECRET
from tests.support.program import Outcome, RunsCcc
from tests.support.repository import Repo, copy_repository
from tests.support.settling import settle

pytestmark = pytest.mark.slow

Lines = list[dict[str, Any]]


def exported(ccc: RunsCcc, *options: str, cwd: Path | None = None) -> Lines:
    return [json.loads(line) for line in ccc("export", *options, exit=0, cwd=cwd).stdout.splitlines()]


def as_text(lines: Lines) -> str:
    return "".join(f"{json.dumps(line)}\n" for line in lines)


@pytest.fixture
def day(spawn: Spawns, ready: Repo, ccc_inline: RunsCcc) -> Session:
    """A repository with events of several kinds, some of which name files."""
    session = spawn("Add login")
    ccc_inline("note", "remember this", exit=0)
    report = f".ccc/sessions/{session.name}/report.md"
    session.tree.write(report, "")
    (session.tree.path / report).write_bytes(b"\xff not UTF-8\n")
    session.tree.commit("Report\n\nCcc-Status: done", {"login.py": "1\n"})
    ccc_inline("wait", session.name, "--timeout", "60", exit=0)
    settle(ready)
    ccc_inline("drain", exit=0)
    return session


@pytest.fixture
def other(repo_template: Path, tmp_path: Path, ccc_inline: RunsCcc) -> Repo:
    """Another repository, prepared and empty."""
    made = copy_repository(repo_template, tmp_path / "other")
    ccc_inline("init", cwd=made.path, exit=0)
    return made


Imports = Callable[..., Outcome]


@pytest.fixture
def imports(other: Repo, ccc_inline: RunsCcc) -> Imports:
    """Imports text into the other repository."""

    def run(text: str, *, exit: int | None = 0, env: dict[str, str] | None = None) -> Outcome:
        return ccc_inline("import", "-", stdin=text, cwd=other.path, exit=exit, env=env)

    return run


def events_of(lines: Lines) -> dict[str, Any]:
    return {line["event"]["id"]: line["event"] for line in lines}


def test_a_line_is_the_event_as_it_is_recorded(day: Session, ready: Repo, ccc_inline: RunsCcc) -> None:
    lines = exported(ccc_inline)
    assert len(lines) == len(events_of(lines)) == len(ccc_inline("log", "--json").json["events"])
    assert [line["event"]["id"] for line in lines] == sorted(events_of(lines))
    for line in lines:
        trailer = ready.git("log", "-1", "--format=%B", line["commit"]).partition("Ccc-Event: ")[2]
        assert json.loads(trailer.split("\n")[0]) == line["event"]
        for oid in line["blobs"]:
            assert ready.git("cat-file", "-t", oid) == "blob"
    (spawned,) = [line for line in lines if line["event"]["type"] == "session.spawned"]
    (blob,) = spawned["blobs"].values()
    assert "Add login" in blob["utf8"]
    assert any("base64" in blob for line in lines for blob in line["blobs"].values())


def test_an_import_into_an_empty_repository_gives_the_same_events_and_state(
    day: Session, ready: Repo, other: Repo, imports: Imports, ccc_inline: RunsCcc
) -> None:
    lines = exported(ccc_inline)
    assert imports(as_text(lines)).stdout == f"imported {len(lines)} events\n"
    there = exported(ccc_inline, cwd=other.path)
    added = events_of(there).keys() - events_of(lines).keys()
    assert {events_of(there)[each]["type"] for each in added} == {"meta.initialised", "state.imported"}
    assert {key: value for key, value in events_of(there).items() if key not in added} == events_of(lines)
    for kind in ("sessions", "notes", "targets"):
        assert other.git("rev-parse", f"refs/ccc:{kind}") == ready.git("rev-parse", f"refs/ccc:{kind}")
    assert ccc_inline("fsck", cwd=other.path, exit=0).stdout.startswith("whole")
    shown = ccc_inline("status", "--all", "--json", cwd=other.path, exit=0).json["sessions"]
    assert [one["name"] for one in shown] == [day.name]


def test_importing_twice_changes_nothing(
    day: Session, other: Repo, imports: Imports, ccc_inline: RunsCcc
) -> None:
    text = as_text(exported(ccc_inline))
    imports(text)
    tip = other.oid("refs/ccc")
    assert "imported 0 events; " in imports(text).stdout
    assert other.oid("refs/ccc") == tip


def test_an_import_adds_what_is_missing_and_says_who_did_it(
    day: Session, other: Repo, imports: Imports, ccc_inline: RunsCcc
) -> None:
    lines = exported(ccc_inline)
    imports(as_text(lines[:3]))
    assert imports(as_text(lines)).stdout == f"imported {len(lines) - 3} events; 3 recorded already\n"
    told = ccc_inline("log", "--audit", "--json", cwd=other.path, exit=0).json["events"]
    counts = [each["evidence"]["count"] for each in told if each["type"] == "state.imported"]
    assert counts == [len(lines) - 3, 3]
    assert {each["who"] for each in told if each["type"] == "state.imported"} == {
        "Developer <developer@example.com>"
    }


def test_a_part_can_be_exported(day: Session, ccc_inline: RunsCcc, tmp_path: Path) -> None:
    lines = exported(ccc_inline)
    assert [line["event"]["type"] for line in exported(ccc_inline, "--type", "note")] == ["note.added"]
    assert exported(ccc_inline, "--since", lines[2]["event"]["id"]) == lines[3:]
    target = tmp_path / "all.jsonl"
    told = ccc_inline("export", "-o", str(target), exit=0)
    assert (told.stdout, told.stderr) == ("", f"{len(lines)} events in {target}\n")
    assert [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()] == lines
    assert target.stat().st_mode & 0o777 == 0o600


Spoil = Callable[[dict[str, Any]], object]
FUTURE = time.strftime("%Y%m%dT%H%M%S.000+000.q", time.gmtime(time.time() + 25 * 3600))
SPOILT: dict[str, tuple[Spoil, str]] = {
    "an id that is none": (lambda line: line["event"].update(id="x"), "no id of an event"),
    "the future": (lambda line: line["event"].update(id=FUTURE), "more than 24 h ahead"),
    "another format": (lambda line: line.update(format=2), "not an exported event of format 1"),
    "no event": (lambda line: line.pop("event"), "not an exported event"),
    "a trailer in a text": (lambda line: line["event"].update(text="x\n\nCcc-Clock: 1"), "line breaks"),
    "a key nobody knows": (lambda line: line["event"].update(more=1), "a newer one may have"),
    "a float": (lambda line: line["event"].update(data=1.5), "float cannot be recorded"),
    "a stream that is none": (lambda line: line["event"].update(set={"x": {"y": 1}}), "not a stream"),
    "the format": (
        lambda line: line["event"].update(set={"meta/repo": {"format": 9}}),
        "the format of the history",
    ),
    "a floor of the future": (
        lambda line: line["event"].update(set={"notes/1": {"reaped": FUTURE}}),
        "24 h ahead",
    ),
    "a file that is not there": (
        lambda line: line["event"].update(set={"notes/1": {"a.md": "a" * 40}}),
        "neither in",
    ),
    "other bytes": (lambda line: line.update(blobs={"a" * 40: {"utf8": "x"}}), "other bytes than its id"),
    "another hash": (lambda line: line["event"].update(set={"notes/1": {"a.md": "a" * 64}}), "does not use"),
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_broken_line_is_refused_by_its_number_and_nothing_is_imported(
    ready: Repo, other: Repo, imports: Imports, ccc_inline: RunsCcc, what: str
) -> None:
    ccc_inline("note", "remember this", exit=0)
    lines = exported(ccc_inline)
    spoil, why = SPOILT[what]
    spoil(lines[1])
    tip = other.oid("refs/ccc")
    refused = imports(as_text(lines), exit=1)
    assert refused.stderr.startswith("error: line 2 cannot be imported: ")
    assert why in refused.stderr
    assert other.oid("refs/ccc") == tip


@pytest.mark.parametrize("text", ["{", "", "null", "[" * 100_000])
def test_a_line_that_is_no_json_is_refused(imports: Imports, text: str) -> None:
    assert "line 1 cannot be imported" in imports(f"{text}\n", exit=1).stderr


def test_two_lines_that_contradict_each_other_are_refused(
    ready: Repo, imports: Imports, ccc_inline: RunsCcc
) -> None:
    (line,) = exported(ccc_inline)
    other = json.loads(json.dumps(line))
    other["event"]["text"] = "something else"
    assert "line 2 says something else of" in imports(as_text([line, other]), exit=1).stderr


def test_an_agent_imports_nothing(ready: Repo, imports: Imports, ccc_inline: RunsCcc) -> None:
    assert "git ccc import" in imports(as_text(exported(ccc_inline)), exit=3, env=AGENT).stderr


def test_secrets_of_a_file_are_not_imported(
    ready: Repo, other: Repo, imports: Imports, ccc_inline: RunsCcc
) -> None:
    ccc_inline("note", "use HERE", exit=0)
    told = imports(as_text(exported(ccc_inline)).replace("HERE", SECRET))
    assert "removed: github token" in told.stderr
    assert SECRET not in other.git("log", "--format=%B", "refs/ccc")
    assert f"use {GONE}" in ccc_inline("log", cwd=other.path).stdout


def test_redacted_events_are_exported_and_imported_without_their_words(
    day: Session, ready: Repo, other: Repo, imports: Imports, ccc_inline: RunsCcc
) -> None:
    for event in ccc_inline("log", "--json").json["events"]:
        if event["type"] in ("note.added", "session.spawned", "session.report"):
            ccc_inline("redact", event["id"], "--why", "a name", exit=0)
    lines = exported(ccc_inline)
    assert "remember this" not in as_text(lines)
    assert sum(line["redacted"] is not None for line in lines) == 3
    imports(as_text(lines))
    for kind in ("sessions", "notes", "redactions"):
        assert other.git("rev-parse", f"refs/ccc:{kind}") == ready.git("rev-parse", f"refs/ccc:{kind}")
    assert ccc_inline("log", "--type", "note", cwd=other.path).stdout.endswith(": a name]\n")
    assert ccc_inline("fsck", cwd=other.path, exit=0).stdout.startswith("whole")


def test_a_table_holds_no_formula(ready: Repo, ccc_inline: RunsCcc) -> None:
    ccc_inline("note", '=HYPERLINK("http://example.com","x"), "quoted"\nand more', exit=0)
    rows = list(csv.DictReader(io.StringIO(ccc_inline("export", "--format", "csv", exit=0).stdout)))
    assert [row["type"] for row in rows] == ["meta.initialised", "note.added"]
    assert rows[1]["text"].startswith('noted =HYPERLINK("http')
    assert json.loads(rows[1]["set"])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_a_cell_never_begins_a_formula(text: str) -> None:
    event = Event("20260101T000000.000+000.q", "note.added", text, text, by=text)
    heading, row = csv_lines(iter([Exported(event, "{}", "a" * 40, {}, None)]))
    (found,) = csv.DictReader(io.StringIO(f"{heading}\n{row}\n"))
    assert found["text"] == found["subject"] == found["by"] == f"'{text}"
