"""The files that `init --files` writes, and the example: loaded as a team's own would be."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ccc.config.roles import Front, RoleSet, built_in
from ccc.config.settings import Settings, load_settings
from ccc.config.twins import check_roles
from ccc.resources import resource_dir
from tests.support.program import PROJECT, RunsCcc
from tests.support.repository import Repo


def settings_of(text: str) -> Settings:
    return load_settings(text.encode(), where=".ccc/config.toml", environment={})


def commented() -> str:
    return (resource_dir("templates") / "init" / "config.toml").read_text(encoding="utf-8")


def test_the_file_of_defaults_changes_nothing() -> None:
    assert set(settings_of(commented()).origins.values()) == {"default"}


def test_every_key_stands_in_the_file_of_defaults_with_its_default() -> None:
    settings = settings_of(re.sub(r"^#(?=[a-z_]+ = )", "", commented(), flags=re.M))
    assert set(settings.origins.values()) == {".ccc/config.toml"}
    defaults = settings_of("").values()
    changed = {key: value for key, value in settings.values().items() if value != defaults[key]}
    assert changed == {
        "profile": "development",
        "target": "main",
        "session.worktree_dir": "../worktrees",
        "session.model": "opus",
        "session.timeout": 7200.0,
        "land.forge": "github",
        "sync.auto": 60.0,
        "retention.sessions": 90 * 86400.0,
        "retention.logs": 30 * 86400.0,
        "limits.load": 1.5,
        "limits.free_memory": 1024**3,
        "limits.session.time": 7200.0,
        "limits.session.tokens": 2_000_000,
        "limits.session.money": 20.0,
        "limits.session.memory": 4_000_000_000,
        "limits.session.processes": 200,
        "limits.day.time": 72000.0,
        "limits.day.tokens": 20_000_000,
        "limits.day.money": 100.0,
        "limits.person.time": 36000.0,
        "limits.person.tokens": 10_000_000,
        "limits.person.money": 50.0,
        "notify.command": ["./tools/tell", "--channel", "agents"],
        "notify.webhook": "https://hooks.example.com/ccc",
        "notify.webhook_secret_env": "CCC_HOOK_SECRET",
    }


def test_the_examples_in_the_comments_are_valid() -> None:
    lines = re.findall(r"^# For example: (commands = .*)$", commented(), re.M)
    assert [len(settings_of(f"[gate]\n{line}\n").gate) for line in lines] == [2]


@pytest.mark.parametrize("file", ["docs/configuration.md", "templates/init/config.toml"])
def test_every_key_is_explained(file: str) -> None:
    text = (PROJECT / file).read_text(encoding="utf-8")
    keys = [key if file.endswith(".md") else key.rpartition(".")[2] for key in settings_of("").values()]
    assert [key for key in keys if key not in text] == []


@pytest.mark.parametrize("file", ["docs/roles.md", "templates/init/roles/README.md"])
def test_every_role_key_and_example_is_right(file: str) -> None:
    text = (PROJECT / file).read_text(encoding="utf-8")
    examples = re.findall(r"```markdown\n(.*?)```", text, re.S)
    assert [
        RoleSet.load({"own.md": each.encode()}, where="x").get("own").checks[0].run for each in examples
    ] == ["make test-payments"]
    if file.startswith("templates"):
        assert [key for key in Front.model_fields if f"`{key}`" not in text] == []


def test_the_roles_document_names_every_shipped_role() -> None:
    text = (PROJECT / "docs/roles.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z]+)` \| .* \| .* \| `make", text, re.M) == [
        *("frontend", "backend", "testing", "documentation", "integration", "analysis", "implementation"),
        *("review", "coordination", "diagnostic", "planning", "migration", "writing"),
    ]


def test_init_files_are_copied_and_loaded(repo: Repo, ccc: RunsCcc) -> None:
    made = ccc("init", "--files", exit=0).stdout.splitlines()
    assert [line for line in made if line.startswith("wrote")] == [
        "wrote .ccc/config.toml",
        "wrote .ccc/roles/README.md",
    ]
    assert (repo.path / ".ccc/config.toml").read_text(encoding="utf-8") == commented()
    assert ccc("config", "limits.parallel", exit=0).stdout == "10\n"
    assert ccc("roles", "check", exit=0).stdout == "13 roles, each whole and different\n"


@pytest.fixture
def example(repo: Repo) -> Path:
    """The example copied into a repository, as its README says."""
    source = resource_dir("example")
    for file in ("config.toml", *(f"roles/{path.name}" for path in (source / "roles").glob("*.md"))):
        repo.write(f".ccc/{file}", (source / file).read_text(encoding="utf-8"))
    return source


def test_the_example_works_in_a_repository(example: Path, repo: Repo, ccc: RunsCcc) -> None:
    assert ccc("roles", "check", exit=0).stdout == "13 roles, each whole and different\n"
    origins = {row["key"]: row["origin"] for row in ccc("config", "--json", exit=0).json["values"]}
    assert origins["gate.commands"] == origins["approval.required"] == ".ccc/config.toml"
    shown = ccc("roles", "testing", exit=0).stdout
    assert "from       .ccc/roles/testing.md\n" in shown
    repo.commit("Configure")
    ccc("init", exit=0)
    brief = ccc("spawn", "backend", "Store studies", "--no-start", "--json", exit=0).json["sessions"][0]
    text = Path(brief["worktree"], ".ccc/sessions", brief["name"], "brief.md").read_text(encoding="utf-8")
    assert "DICOMweb" in text
    assert brief["target"] == "main"


def test_the_example_replaces_the_five_specialists_by_different_ones() -> None:
    folder = resource_dir("example") / "roles"
    roles = RoleSet.load({path.name: path.read_bytes() for path in folder.glob("*.md")}, where="roles")
    assert sorted(roles.own) == ["backend", "documentation", "frontend", "integration", "testing"]
    assert check_roles([*roles.roles.values()]) == []
    for name, role in roles.own.items():
        shipped = built_in()[name]
        assert role.instructions != shipped.instructions
        assert role.checks
        assert all(check.when for check in role.checks)
