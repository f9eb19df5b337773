"""What `git ccc completion` offers for a place on the command line, and what that costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ccc.cli.commands import COMMANDS
from ccc.cli.completing import complete
from ccc.cli.completion import SHELLS
from ccc.domain.status import STATUSES
from tests.support.program import RunsCcc
from tests.support.repository import Repo

HEAVY = {"pygit2", "pydantic", "jinja2", "yaml", "mcp", "asyncio"}


@pytest.fixture
def words(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """The current folder is the repository."""
    monkeypatch.chdir(repo.path)
    return repo


def offered(*words: str) -> list[str]:
    """The words offered after `ccc`, without what they are."""
    return [line.partition("\t")[0] for line in complete(words)]


def test_commands_are_offered_with_what_they_do(words: Repo) -> None:
    assert offered("") == [name for name, entry in COMMANDS.items() if not entry.is_hidden]
    assert complete(["stat"]) == ["status\tShow every session, its status and why it is believed"]
    assert offered("no") == ["note", "notify"]
    assert offered("-C", "/", "--color", "never", "sta") == ["status", "start"]


def test_options_and_their_values_are_offered(words: Repo) -> None:
    assert {"--any", "--all", "--for", "--timeout", "--json"} <= set(offered("wait", "--"))
    assert offered("wait", "--any", "--a") == ["--all"]
    assert offered("--col") == ["--color"]
    assert offered("--color", "") == ["auto", "always", "never"]
    assert offered("note", "--kind", "d") == ["decision", "discovery"]
    assert offered("note", "--kind=d") == ["--kind=decision", "--kind=discovery"]
    assert offered("wait", "--for", "") == list(STATUSES)
    assert offered("wait", "--for=un") == ["--for=unchecked", "--for=unknown"]
    assert offered("completion", "") == list(SHELLS)


def test_branches_remotes_and_roles_are_offered(words: Repo) -> None:
    words.git("branch", "it's;odd$x")
    words.git("remote", "add", "upstream", "/nowhere")
    words.write(".ccc/roles/pirate.md", "---\ndescription: 'Sails'\n---\nArr.\n")
    assert offered("spawn", "backend", "x", "--into", "") == ["it's;odd$x", "main"]
    assert offered("spawn", "backend", "x", "--base=m") == ["--base=main"]
    assert offered("adopt", "it") == ["it's;odd$x"]
    assert offered("sync", "") == ["upstream"]
    assert complete(["spawn", "pi"]) == ["pirate\tSails"]
    assert complete(["roles", "backe"]) == ["backend\tBuilds services, interfaces and storage on the server"]


def test_files_and_folders_are_left_to_the_shell(words: Repo) -> None:
    assert complete(["-C", "x"]) == [":dir"]
    assert complete(["handoff", "--write=x"]) == [":file"]


@pytest.mark.parametrize(
    "line", [["nope", ""], ["note", "some te"], ["status", "--nope", "x"], ["show", "a\nb"], []]
)
def test_where_nothing_is_known_nothing_is_offered_and_nothing_fails(words: Repo, line: list[str]) -> None:
    assert complete(line) == [] or line == []


@pytest.mark.parametrize("words", [["show", ""], ["spawn", "b"], ["sync", ""], ["answer", ""], ["adopt", ""]])
def test_outside_a_repository_there_is_no_word(tmp_path: Path, ccc: RunsCcc, words: list[str]) -> None:
    outcome = ccc("completion", "--words", "--", *words, exit=0)
    assert (outcome.stdout, outcome.stderr) == ("", "")


def test_sessions_are_offered_by_name_and_once_begun_by_everything(
    repo: Repo, ccc_inline: RunsCcc, monkeypatch: pytest.MonkeyPatch
) -> None:
    ccc_inline("init", exit=0)
    first, second = (
        ccc_inline("spawn", role, "Do it", "--no-start", "--json", exit=0).json["sessions"][0]
        for role in ("backend", "frontend")
    )
    ccc_inline("close", "frontend-do-it", exit=0)
    monkeypatch.chdir(repo.path)
    assert complete(["show", ""]) == ["backend-do-it\tDo it"]
    assert offered("show", "fronte") == ["frontend-do-it"]
    assert first["id"][:8] in offered("show", first["id"][:5])
    assert offered("show", second["id"][:12]) == [second["id"]]
    assert first["alias"] in offered("show", first["alias"])
    assert offered("close", "backend-do-it", "") == []
    assert offered("send", "") == ["backend-do-it", "all", "orchestrator"]
    assert offered("spawn", "backend", "x", "--after", "backe") == ["backend-do-it"]
    assert (
        offered("log", "") == offered("wait", "") == offered("report", "--session", "") == ["backend-do-it"]
    )
    monkeypatch.chdir(repo.path.parent)
    assert offered("-C", "repo", "show", "") == ["backend-do-it"]


def test_no_command_needs_a_heavy_library_to_be_completed() -> None:
    code = (
        "import sys\nfrom ccc.cli.commands import COMMANDS\nfrom ccc.cli.completing import complete\n"
        "for name in COMMANDS:\n    complete([name, '']), complete([name, '--'])\n"
        f"print(*sorted({HEAVY!r} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed_and_says_for_whom(ccc_inline: RunsCcc, shell: str) -> None:
    assert f"for {shell}" in ccc_inline("completion", shell, exit=0).stdout


@pytest.mark.parametrize("given", [(), ("tcsh",), ("bash", "zsh")])
def test_another_shell_is_refused_in_words(ccc_inline: RunsCcc, given: tuple[str, ...]) -> None:
    outcome = ccc_inline("completion", *given, exit=2)
    assert "name one shell: bash, zsh, fish" in outcome.stderr


def test_help_says_where_the_line_goes(ccc_inline: RunsCcc) -> None:
    said = ccc_inline("completion", "--help", exit=0).stdout
    assert 'eval "$(git-ccc completion bash)"' in said
    assert "git-ccc completion fish | source" in said
