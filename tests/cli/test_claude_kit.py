"""The skill and slash commands for Claude Code: their installation, and that what they say exists."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ccc.cli.commands import COMMANDS, load
from ccc.errors import Refused
from ccc.ops import claude_kit
from ccc.resources import resource_dir
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo

NAMES = ("handoff", "inbox", "merge", "review", "spawn", "status")
COMMAND_FILES = tuple(f"commands/ccc-{name}.md" for name in NAMES)
FILES = (*COMMAND_FILES, "skills/ccc/SKILL.md", "skills/ccc/permissions.json")
THERE = "the skill and the commands for Claude Code are there already"
UNASKED = "to let an orchestrator use them unasked: claude --settings {}/skills/ccc/permissions.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Claude configuration folder, not yet there."""
    return tmp_path / "claude"


def content(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def shipped(name: str) -> str:
    return (resource_dir("templates") / "claude" / name).read_text(encoding="utf-8")


def test_init_installs_the_kit_where_claude_code_looks(repo: Repo, ccc_inline: RunsCcc, sealed: Path) -> None:
    done = ccc_inline("init", "--claude", exit=0)
    assert done.stdout.splitlines() == [
        "ccc is ready",
        *(f"wrote {sealed}/.claude/{name}" for name in FILES),
        UNASKED.format(f"{sealed}/.claude"),
    ]
    assert tuple(content(sealed / ".claude")) == FILES
    assert repo.git("status", "--porcelain") == ""


def test_the_configured_folder_is_taken(repo: Repo, ccc_inline: RunsCcc, folder: Path, sealed: Path) -> None:
    ccc_inline("init", "--claude", env={"CLAUDE_CONFIG_DIR": str(folder)}, exit=0)
    assert tuple(content(folder)) == FILES
    assert not (sealed / ".claude").exists()


def test_installing_again_changes_nothing_and_says_so(repo: Repo, ccc_inline: RunsCcc, sealed: Path) -> None:
    ccc_inline("init", "--claude", exit=0)
    before = {path: path.stat().st_mtime_ns for path in (sealed / ".claude").rglob("*")}
    assert ccc_inline("init", "--claude", exit=0).stdout.splitlines() == ["ccc is ready already", THERE]
    assert {path: path.stat().st_mtime_ns for path in (sealed / ".claude").rglob("*")} == before


def test_an_edited_file_is_refused_and_nothing_is_written(
    repo: Repo, ccc_inline: RunsCcc, sealed: Path
) -> None:
    edited = sealed / ".claude/commands/ccc-merge.md"
    edited.parent.mkdir(parents=True)
    edited.write_text("mine\n")
    refused = ccc_inline("init", "--claude", exit=1)
    assert refused.stderr == (
        f"error: not written by ccc, or edited since: {edited}\n"
        "hint: keep a copy of what you want to keep, then: git ccc init --claude --force\n"
    )
    assert content(sealed / ".claude") == {"commands/ccc-merge.md": "mine\n"}


def test_force_replaces_an_edited_file_and_nothing_else(
    repo: Repo, ccc_inline: RunsCcc, sealed: Path
) -> None:
    ccc_inline("init", "--claude", exit=0)
    before = content(sealed / ".claude")
    edited = sealed / ".claude/skills/ccc/SKILL.md"
    edited.write_text(edited.read_text() + "mine\n")
    ccc_inline("init", "--claude", exit=1)
    assert ccc_inline("init", "--claude", "--force", exit=0).stdout.splitlines() == [
        "ccc is ready already",
        f"updated {edited}",
        UNASKED.format(f"{sealed}/.claude"),
    ]
    assert content(sealed / ".claude") == before


def test_force_alone_is_a_wrong_call(repo: Repo, ccc_inline: RunsCcc) -> None:
    assert "--force goes with --claude" in ccc_inline("init", "--force", exit=2).stderr
    assert not (repo.path / ".git/ccc").exists()


def test_what_another_version_wrote_is_brought_up_to_date(folder: Path) -> None:
    claude_kit.install(folder, force=False)
    now = content(folder)
    old = folder / "commands/ccc-inbox.md"
    mark = "# from git-ccc 0.0.1 (sha256 {}); ccc replaces it unless it was edited\n"
    text = "---\n" + mark + "description: of old\n---\nOld words\n"
    old.write_text(text.format(sha256("---\ndescription: of old\n---\nOld words\n")))
    changed = [each.path for each in claude_kit.install(folder, force=False) if each.state == "updated"]
    assert changed == [old]
    assert content(folder) == now


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_mark_copied_into_another_text_proves_nothing(folder: Path) -> None:
    claude_kit.install(folder, force=False)
    file = folder / "commands/ccc-spawn.md"
    mark = file.read_text().splitlines()[1]
    file.write_text(f"---\n{mark}\ndescription: mine\n---\nMine\n")
    with pytest.raises(Refused, match=str(file)):
        claude_kit.install(folder, force=False)


def test_a_copy_made_by_hand_is_taken_over(folder: Path) -> None:
    file = folder / "commands/ccc-status.md"
    file.parent.mkdir(parents=True)
    file.write_text(shipped("commands/ccc-status.md"))
    claude_kit.install(folder, force=False)
    assert claude_kit.is_ours(file.read_text())


def test_a_linked_file_stays_a_link(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "dotfiles" / "status.md"
    link = folder / "commands/ccc-status.md"
    for parent in (kept.parent, link.parent):
        parent.mkdir(parents=True)
    link.symlink_to(kept)
    claude_kit.install(folder, force=False)
    assert link.readlink() == kept
    assert claude_kit.is_ours(kept.read_text())
    assert {each.state for each in claude_kit.install(folder, force=False)} == {"unchanged"}


def test_a_folder_in_the_place_of_a_file_is_never_replaced(folder: Path) -> None:
    (folder / "commands/ccc-status.md").mkdir(parents=True)
    for force in (False, True):
        with pytest.raises(Refused):
            claude_kit.install(folder, force=force)
    assert content(folder) == {}


def test_a_file_in_the_place_of_a_folder_is_refused_in_words(folder: Path) -> None:
    folder.write_text("not a folder\n")
    with pytest.raises(Refused, match=f"not a folder: {folder}"):
        claude_kit.install(folder, force=True)


@pytest.fixture
def unprivileged() -> tuple[str, ...]:
    """Words before a command that make permissions count for root, too."""
    return () if os.geteuid() else ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override")


def test_an_unwritable_folder_is_refused_in_words(folder: Path, unprivileged: tuple[str, ...]) -> None:
    folder.mkdir(mode=0o555)
    done = subprocess.run(
        [*unprivileged, sys.executable, "-m", "ccc.cli.claude_kit"],
        env={**os.environ, "PYTHONPATH": str(PROJECT), "CLAUDE_CONFIG_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: Permission denied: {folder}/commands\nhint: check who owns it and its permissions\n"
    )


def test_without_a_home_the_way_out_is_said(repo: Repo, ccc_inline: RunsCcc) -> None:
    refused = ccc_inline("init", "--claude", env={"HOME": ""}, exit=1)
    assert refused.stderr.startswith("error: neither HOME nor CLAUDE_CONFIG_DIR is set\n")


def front_of(name: str) -> dict[str, Any]:
    loaded = yaml.safe_load(claude_kit.marked(shipped(name)).split("---\n")[1])
    assert isinstance(loaded, dict)
    return loaded


def test_the_front_matter_is_what_claude_code_wants() -> None:
    assert set(front_of("skills/ccc/SKILL.md")) == {"name", "description"}
    assert front_of("skills/ccc/SKILL.md")["name"] == "ccc"
    for name in NAMES:
        front = front_of(f"commands/ccc-{name}.md")
        assert set(front) == {"description", "argument-hint", "allowed-tools"}
        assert all(isinstance(value, str) and value for value in front.values())
        assert len(front["description"]) <= 100


def test_the_skill_is_short_and_its_description_fits() -> None:
    assert len(shipped("skills/ccc/SKILL.md").splitlines()) <= 80
    assert len(front_of("skills/ccc/SKILL.md")["description"]) <= 1024


@pytest.mark.parametrize("name", NAMES)
def test_a_command_passes_on_its_arguments_as_text_only(name: str) -> None:
    body = shipped(f"commands/ccc-{name}.md")
    assert body.count("$ARGUMENTS") == 1
    assert not [each for each in inline(body) if "$" in each], "arguments must never reach a shell"


def inline(text: str) -> list[str]:
    """What Claude Code runs while it expands a command."""
    return re.findall(r"!`([^`]+)`", text)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_command_runs_is_allowed_and_may_fail(name: str) -> None:
    """An exit code other than 0 would end the expansion, and the model would see nothing."""
    rules = allowed(f"commands/ccc-{name}.md")
    for command in inline(shipped(f"commands/ccc-{name}.md")):
        assert command.endswith(" 2>&1 || true")
        assert any(covers(rule, command.removesuffix(" 2>&1 || true")) for rule in rules)


def allowed(name: str) -> list[str]:
    if name.endswith(".json"):
        rules = json.loads(claude_kit.marked(shipped(name)))["permissions"]["allow"]
    else:
        rules = front_of(name)["allowed-tools"].split(", ")
    assert all(rule.startswith("Bash(git ccc") and rule.endswith(")") for rule in rules)
    return [rule.removeprefix("Bash(").removesuffix(")") for rule in rules]


def covers(rule: str, command: str) -> bool:
    prefix = rule.removesuffix(":*")
    return command == prefix or (rule.endswith(":*") and command.startswith(f"{prefix} "))


@pytest.mark.parametrize("name", [*COMMAND_FILES, "skills/ccc/permissions.json"])
def test_nothing_that_decides_or_ends_is_allowed_beforehand(name: str) -> None:
    decides = ("approve x", "reject x --why y", "merge x --yes", "merge --yes", "merge", "undo x")
    ends = ("stop --all", "deinit", "handoff --write=/etc/x", "init", "resolve x", "answered")
    assert [
        (rule, words)
        for rule in allowed(name)
        for words in (*decides, *ends)
        if covers(rule, f"git ccc {words}")
    ] == []


def test_what_the_skill_tells_to_do_is_allowed_unasked() -> None:
    rules = allowed("skills/ccc/permissions.json")
    loop = shipped("skills/ccc/SKILL.md").partition("## What the words mean")[0]
    asked = {call for call in mentioned(loop) if not any(covers(rule, call) for rule in rules)}
    assert asked == {"git ccc init", "git ccc merge ID", "git ccc undo ID"}


def mentioned(text: str) -> Iterator[str]:
    """Every call of ccc in the text: in backticks, in blocks of code, in rules."""
    for match in re.finditer(r"git ccc\b[^`\n)]*", text):
        yield match[0].partition(" <<")[0].removesuffix(" 2>&1 || true").removesuffix(":*").strip()


def test_every_command_that_is_mentioned_exists_with_its_options() -> None:
    calls = sorted({call for name in FILES for call in mentioned(shipped(name))})
    assert len(calls) > 25
    assert [problem for call in calls if (problem := wrong_with(call))] == []


def wrong_with(call: str) -> str:
    """Why the command line would refuse the call; "" for a good one."""
    name, *arguments = shlex.split(call)[2:] or ["status"]  # `git ccc` alone
    if name not in COMMANDS:
        return f"{call}: no such command"
    command = load(name, COMMANDS[name])
    try:
        context = click.Context(command, info_name=name)
        _, rest, _ = command.make_parser(context).parse_args(list(arguments))
    except click.UsageError as error:
        return f"{call}: {error.format_message()}"
    return f"{call}: too many words" if rest else ""


def test_a_wrong_call_would_be_seen() -> None:
    assert wrong_with("git ccc status --colour") != ""
    assert wrong_with("git ccc stattus") != ""
    assert wrong_with("git ccc inbox one two") != ""
    assert wrong_with("git ccc wait --any --since CURSOR") == ""
