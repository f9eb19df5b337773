"""Whatever happens becomes words and an exit code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ccc.cli.fault import scrub
from tests.cli.conftest import COMMAND, Samples
from tests.support.program import PROJECT, RunsCcc

EXPECTED = {
    "not-found": (1, "not_found", "no session abcd", "git ccc status --all lists them"),
    "needs-person": (3, "needs_person", "no approval", ""),
    "interrupt": (130, "interrupted", "interrupted", ""),
    "disk-full": (
        1,
        "refused",
        "No space left on device: /repo/file",
        "free some disk space, then run the command again",
    ),
}


@pytest.mark.parametrize("way", EXPECTED)
def test_error_is_one_line_of_what_and_one_of_what_to_do(samples: Samples, way: str) -> None:
    code, _, message, hint = EXPECTED[way]
    outcome = samples("fail", way)
    words = f"error: {message}\n" + (f"hint: {hint}\n" if hint else "")
    assert (outcome.exit, outcome.stdout, outcome.stderr) == (code, "", words)


@pytest.mark.parametrize("way", EXPECTED)
def test_error_with_json_is_also_a_document(samples: Samples, way: str) -> None:
    code, kind, message, hint = EXPECTED[way]
    outcome = samples("fail", way, "--json")
    error = {"kind": kind, "message": message, "hint": hint, "exit": code}
    assert outcome.json == {"format": 1, "error": error}
    assert outcome.stderr.startswith(f"error: {message}\n")
    assert outcome.exit == code


def test_wrong_usage_with_json_is_also_a_document(samples: Samples) -> None:
    outcome = samples("lines", "--json")
    assert (outcome.exit, outcome.json["error"]["kind"]) == (2, "usage")


def test_json_after_two_dashes_is_no_option(samples: Samples) -> None:
    outcome = samples("lines", "--", "--json")
    assert (outcome.exit, outcome.stdout) == (2, "")


def test_control_characters_in_messages_are_shown(samples: Samples) -> None:
    assert samples("fail", "escape").stderr == "error: no session \\x1b[31mred\\x1b[0m\n"


def test_fault_writes_a_scrubbed_report_for_its_owner(samples: Samples, sealed: Path) -> None:
    outcome = samples("fail", "bug", env={"API_TOKEN": "hunter2"})
    assert outcome.exit == 70
    pattern = (
        r"error: a fault of ccc: RuntimeError: wrong with \$API_TOKEN\nhint: please send this report: (.+)\n"
    )
    found = re.fullmatch(pattern, outcome.stderr)
    assert found is not None, outcome.stderr
    report = Path(found[1])
    assert report.parent == sealed / ".local" / "state" / "ccc" / "reports"
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert re.match(r"ccc \d.*, Python 3\.\d+", text)
    assert "called: ['fail', 'bug']" in text
    assert "RuntimeError: wrong with $API_TOKEN" in text
    assert "hunter2" not in text
    assert str(sealed) not in text


def test_fault_with_json_keeps_its_code(samples: Samples) -> None:
    outcome = samples("fail", "other-os", "--json")
    assert (outcome.exit, outcome.json["error"]["kind"]) == (70, "internal")


def test_report_goes_to_the_temporary_folder_where_home_is_unwritable(samples: Samples) -> None:
    outcome = samples("broken", env={"XDG_STATE_HOME": "/proc/none"})
    report = Path(outcome.stderr.rpartition(": ")[2].strip())
    assert outcome.exit == 70
    assert str(report.parent) == os.environ["TMPDIR"]
    assert "ModuleNotFoundError" in report.read_text()


def test_trace_shows_where_an_error_came_from(samples: Samples) -> None:
    outcome = samples("fail", "not-found", env={"CCC_TRACE": "1"})
    assert outcome.stderr.startswith("Traceback (most recent call last):\n")
    assert "Traceback" not in samples("fail", "not-found", env={"CCC_TRACE": "0"}).stderr


def test_scrubbing_takes_values_and_logins_out() -> None:
    environment = {"HOME": "/home/developer", "SHORT": "1", "DB_PASSWORD": "pw12", "MODE": "debug"}
    text = "/home/developer/x pw12 1 debug https://user:pass@host/path"
    assert scrub(text, environment) == "$HOME/x $DB_PASSWORD 1 debug https://***@host/path"


@pytest.mark.parametrize("number", ["3", "200000"], ids=["at exit", "while writing"])
def test_closed_pipe_ends_quietly(samples: Samples, number: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([*COMMAND, "lines", number], stdout=writing, stderr=subprocess.PIPE, timeout=60)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("words", ["words", ""], ids=["words and answer", "answer alone"])
def test_a_pipe_closed_on_both_streams_ends_quietly(samples: Samples, words: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*COMMAND, "lines", "--words", words, "3"], stdout=writing, stderr=writing, timeout=60
    )
    os.close(writing)
    assert done.returncode == 0


def test_error_keeps_its_code_when_nobody_reads(samples: Samples) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [*COMMAND, "fail", "not-found", "--json"]
    done = subprocess.run(command, stdout=writing, stderr=writing, timeout=60)
    os.close(writing)
    assert done.returncode == 1


@pytest.mark.parametrize("number", ["3", "200000"], ids=["at exit", "while writing"])
def test_output_on_a_full_disk_is_an_error(samples: Samples, number: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "lines", number], stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    assert done.stderr == b"error: the output could not be written: No space left on device\n"
    assert b"Traceback" not in done.stderr


def test_an_error_as_json_on_a_full_disk_is_still_told_in_words(samples: Samples) -> None:
    with Path("/dev/full").open("w") as full:
        command = [*COMMAND, "fail", "not-found", "--json"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: ")


def test_missing_streams_are_no_fault(samples: Samples) -> None:
    script = f"exec {' '.join(COMMAND)} lines 3 <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", script], timeout=60).returncode == 0


@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}], ids=str)
def test_output_is_utf8_in_every_locale(samples: Samples, variables: dict[str, str]) -> None:
    outcome = samples("greet", "--name", "日本 😀", env=variables)
    assert (outcome.exit, outcome.stdout) == (0, "hello 日本 😀\n")


def test_bytes_that_are_no_text_survive_json(samples: Samples) -> None:
    command = [*map(os.fsencode, COMMAND), b"greet", b"--json", b"--name", b"caf\xe9"]
    done = subprocess.run(command, capture_output=True, timeout=60)
    assert json.loads(done.stdout) == {"format": 1, "greeting": "caf\udce9"}


@pytest.mark.parametrize(
    "arguments", [[], ["--json"], ["status"], ["status", "--json"], ["inbox"], ["-C", "x"]]
)
def test_a_folder_that_was_deleted_is_a_wrong_place(tmp_path: Path, arguments: list[str]) -> None:
    gone = tmp_path / "a place" / "gone"
    gone.mkdir(parents=True)
    script = f'cd "{gone}" && rmdir "{gone}" && exec "$@"'
    program = [sys.executable, "-m", "ccc", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        ["sh", "-c", script, "sh", *program], capture_output=True, text=True, env=environment, timeout=60
    )
    message = f"the folder that this was called in was deleted: {gone} is gone"
    hint = f"cd '{gone.parent}', or to any other folder"
    assert (done.returncode, done.stderr) == (1, f"error: {message}\nhint: {hint}\n")
    if "--json" in arguments:
        error = {"kind": "not_a_repository", "message": message, "hint": hint, "exit": 1}
        assert json.loads(done.stdout)["error"] == error


def test_an_option_without_its_value_is_explained_by_its_command(ccc_inline: RunsCcc) -> None:
    refused = ccc_inline("approve", "x", "--override", exit=2).stderr
    assert refused.endswith("hint: git ccc approve -h shows how it is called\n")
