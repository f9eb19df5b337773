"""The example for a medical-imaging platform: a team's own set, used as its README says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ccc.config.checks import applicable_checks
from ccc.config.roles import Role, RoleSet
from ccc.config.settings import load_settings
from ccc.config.twins import likeness
from ccc.resources import resource_dir
from tests.support.program import RunsCcc
from tests.support.repository import Repo

NAMES = ("backend", "documentation", "frontend", "integration", "testing")
FIRST_PORT = 21000


def example_roles() -> dict[str, Role]:
    folder = resource_dir("example") / "roles"
    return RoleSet.load({path.name: path.read_bytes() for path in folder.glob("*.md")}, where="roles").own


@pytest.fixture
def platform(repo: Repo, ccc_inline: RunsCcc) -> Repo:
    """A repository of the platform, with the example committed as its `.ccc`."""
    source = resource_dir("example")
    for file in source.rglob("*"):
        if file.is_file() and file.name != "README.md":
            repo.write(f".ccc/{file.relative_to(source)}", file.read_text(encoding="utf-8"))
    repo.commit("Add the roles of the platform")
    ccc_inline("init", exit=0)
    return repo


def test_every_file_is_short() -> None:
    files = [path for path in resource_dir("example").rglob("*") if path.is_file()]
    assert len(files) == 7
    assert [path.name for path in files if len(path.read_text(encoding="utf-8").splitlines()) > 120] == []


def test_every_role_renders_its_brief_and_system_prompt(platform: Repo, ccc_inline: RunsCcc) -> None:
    for number, name in enumerate(NAMES):
        task = f"Show the laterality of a study, {name}"
        made = ccc_inline("spawn", name, task, "--no-start", "--json", exit=0).json["sessions"][0]
        ports = FIRST_PORT + 10 * number
        role = example_roles()[name]
        brief = ccc_inline("show", made["id"], "--brief", exit=0).stdout
        system = ccc_inline("show", made["id"], "--system", exit=0).stdout
        assert task in brief
        assert str(ports) in brief
        assert [check.run for check in role.checks if check.run not in brief] == []
        assert brief.count(role.instructions.splitlines()[0]) == 1
        assert system.startswith(role.instructions.splitlines()[0])
        assert "## Boundaries" in system
        assert "## Working with ccc" in system
        assert not re.search(r"\{\{|\{%|\bNone\b", brief + system)
        assert made["target"] == "main"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("frontend", "Serve the viewer on port 21030; it expects the server on 21031."),
        ("backend", "Run the server on port 21031, its store on 21032, the database on 21034."),
        ("integration", "from port 21030 on: viewer, server, store, nginx on 21033,"),
    ],
)
def test_ports_are_the_sessions_own(name: str, line: str, values: dict[str, object]) -> None:
    from ccc.config.briefs import system_prompt

    role = example_roles()[name]
    assert line in system_prompt(role, {**values, "ports": 21030})
    assert "port 2" not in system_prompt(role, {**values, "ports": None})


def test_every_role_says_what_drives_it_and_differs_in_everything() -> None:
    roles = example_roles()
    assert tuple(sorted(roles)) == NAMES
    for role in roles.values():
        front = role.front
        assert front.engine == "claude"
        assert None not in (front.model, front.timeout)
        assert not [tool for tool in front.tools if tool in ("Bash", "Bash(*)", "Bash(git *)")]
    for part in ("description", "paths", "tools", "checks"):
        assert len({str(getattr(role.front, part)) for role in roles.values()}) == 5
    pairs = [(one, other) for one in NAMES for other in NAMES if one < other]
    assert max(likeness(roles[one], roles[other]) for one, other in pairs) < 0.3


def test_the_readme_says_what_the_roles_say() -> None:
    text = (resource_dir("example") / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\w+)` \| (\w+) \| (denied|asked) \| (?:nobody|`(\w+)`) \|", text, re.M)
    denied = {"dontAsk": "denied", "default": "asked", "acceptEdits": "asked"}
    assert sorted(told) == [
        (name, front.model, denied[front.permission_mode], "".join(front.may_spawn))
        for name, front in ((name, example_roles()[name].front) for name in NAMES)
    ]


def applicable(role: Role, files: dict[str, str]) -> list[str]:
    return [
        check.run
        for check in applicable_checks(role, lambda: files, lambda path: files.get(path, "").encode())
    ]


def test_nothing_is_checked_in_a_repository_without_the_parts() -> None:
    files = {"README.md": "", "CLAUDE.md": "", "server/main.py": "", "viewer/package.json": "{}"}
    assert [name for name, role in example_roles().items() if applicable(role, files)] == []


PARTS = {
    "viewer/package-lock.json": "",
    "viewer/package.json": '{"scripts": {\n"typecheck": "tsc",\n"test": "vitest"\n}}',
    "server/requirements.lock": "pytest==8.3.0\nmypy==1.14.0\n",
    "server/pyproject.toml": "[tool.mypy]\n",
    "tests/routes/test_studies.py": "",
    "tests/accuracy/test_grading.py": "",
    "tests/accuracy/thresholds.toml": "",
    "mkdocs.yml": "",
    "docs/requirements.lock": "",
    "deploy/compose.yml": "",
    "deploy/compose.dev.yml": "",
    "deploy/smoke.sh": "#!/bin/sh\n# ccc: safe to run in a worktree\n",
}


@pytest.mark.parametrize("name", NAMES)
def test_an_installation_is_never_the_only_proof(name: str) -> None:
    """Whichever one part is missing: what is left of the checks is more than an installation, or nothing."""
    for missing in PARTS:
        files = {path: text for path, text in PARTS.items() if path != missing}
        runs = applicable(example_roles()[name], files)
        assert not runs or [run for run in runs if " install " not in run and " ci " not in run], missing


def test_the_parts_that_are_there_are_checked() -> None:
    assert {name: len(applicable(role, PARTS)) for name, role in example_roles().items()} == {
        "backend": 3,
        "documentation": 2,
        "frontend": 3,
        "integration": 2,
        "testing": 3,
    }


def test_the_configuration_asks_for_two_people_and_copies_no_images() -> None:
    text = (resource_dir("example") / "config.toml").read_bytes()
    settings = load_settings(text, where=".ccc/config.toml", environment={})
    assert settings.approvals_required == 2
    assert len(settings.gate) == 7
    assert all(check.when for check in settings.gate)
    assert settings.copy_files == (".env.development", "viewer/.env.local")
    assert (settings.ports_base, settings.config.limits.parallel, settings.handoff_tokens) == (
        FIRST_PORT,
        4,
        20_000,
    )


def test_its_set_up_does_nothing_where_there_is_nothing_to_install(
    platform: Repo, ccc_inline: RunsCcc
) -> None:
    done = ccc_inline("spawn", "testing", "Measure", "--no-start", "--json", exit=0)
    tree = Path(done.json["sessions"][0]["worktree"])
    assert done.stderr == ""
    assert not (tree / ".venv").exists()
