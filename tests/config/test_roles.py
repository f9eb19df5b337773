"""Role files: what is read from them, and errors that name file, line and key."""

from __future__ import annotations

import contextlib
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccc.config.roles import RoleSet, built_in, parse_role
from ccc.config.twins import check_roles, likeness
from ccc.errors import BadConfig, NotFound

WHERE = ".ccc/roles/servers.md"
MEND = "mend that line, or delete it to have the default"
YAML = "the front matter is YAML: key: value lines; quote values with : # { [ in them"
SHIPPED = [
    *("analysis", "backend", "coordination", "diagnostic", "documentation", "frontend", "implementation"),
    *("integration", "migration", "planning", "review", "testing", "writing"),
]


def refusal(text: str | bytes, name: str = "servers") -> tuple[str, str]:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(BadConfig) as caught:
        parse_role(name, content, WHERE)
    return caught.value.message, caught.value.hint


def test_the_thirteen_shipped_roles_are_whole_and_different() -> None:
    roles = built_in()
    assert sorted(roles) == SHIPPED
    assert check_roles(list(roles.values())) == []
    for role in roles.values():
        assert role.front.paths, role.name
        assert role.checks, role.name
        assert "Bash(git ccc *)" in role.front.tools, role.name
        assert 15 <= len(role.instructions.splitlines()) <= 40, role.name


@pytest.mark.parametrize("part", ["description", "paths", "tools", "checks"])
def test_no_two_shipped_roles_share_a_part(part: str) -> None:
    parts = [repr(getattr(role.front, part)) for role in built_in().values()]
    assert len(set(parts)) == len(SHIPPED)


def test_instructions_of_shipped_roles_have_little_in_common() -> None:
    assert max(likeness(one, other) for one, other in combinations(built_in().values(), 2)) < 0.2


def test_shipped_checks_have_a_condition_that_nothing_meets_by_accident() -> None:
    checks = [check for role in built_in().values() for check in role.checks]
    assert {rule for check in checks for rule in check.when} == {
        *(f"Makefile:^ccc-{name}:" for name in SHIPPED),
        'package.json:"ccc:frontend"\\s*:',
    }
    assert all(check.when for check in checks)


def test_every_key_of_the_front_matter_is_read() -> None:
    text = (
        "---\ndescription: >\n  Builds\n  servers\npaths: server/**\ntools: [Read, 'Bash(git *)']\n"
        "model: large\nengine: claude\nmcp: [tracker]\nchecks:\n  - make test\n"
        "  - {run: make lint, when: Makefile, timeout: 90s}\nmay_spawn: [testing]\ntimeout: 2h\n"
        "budget: 2usd\npermission_mode: plan\nbrief: |\n  Do {{ task }}\n--- \n\nWork.\n---\nWell.\n\n"
    )
    role = parse_role("servers", text.encode(), WHERE)
    front = role.front.model_dump(exclude={"checks"})
    assert front == {
        "description": "Builds servers",
        "paths": ("server/**",),
        "tools": ("Read", "Bash(git *)"),
        "model": "large",
        "engine": "claude",
        "mcp": ("tracker",),
        "may_spawn": ("testing",),
        "timeout": 7200.0,
        "budget": ("2usd",),
        "permission_mode": "plan",
        "brief": "Do {{ task }}\n",
    }
    assert [(check.run, check.when, check.timeout) for check in role.checks] == [
        ("make test", (), 600.0),
        ("make lint", ("Makefile",), 90.0),
    ]
    assert (role.instructions, role.line, role.brief_line) == ("Work.\n---\nWell.\n", 21, 18)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", ":1: no front matter", "begin the file with --- and end the front matter with ---"),
        (
            "Work.\n---\nx: y\n---\n",
            ":1: no front matter",
            "begin the file with --- and end the front matter with ---",
        ),
        ("---\n---\nWork.", ":2: the front matter is not a table", "write key: value lines"),
        ("---\n- a\n---\nWork.", ":2: the front matter is not a table", "write key: value lines"),
        ("---\npaths: [a]\n---\nWork.", ":1: description: is missing", "add description there"),
        ("---\ndescription: ' '\n---\nWork.", ":2: description: must not be empty", MEND),
        ("---\ndescription: x\n---\n\n \n", ":4: no instructions", "write them below the front matter"),
        (
            "---\ndescription: x\n\ntolls: [Read]\n---\nWork.",
            ":4: tolls: unknown key",
            "did you mean tools?",
        ),
        (
            "---\ndescription: x\nchecks:\n- run: a\n- run: b\n  wen: c\n---\nwen: 1",
            ":6: checks.1.wen: unknown key",
            "did you mean when?",
        ),
        ("---\ndescription: x\nchecks:\n- {run: ''}\n---\nW.", ":4: checks.0.run: must not be empty", MEND),
        ("---\ndescription: x\ntools: [a, 3]\n---\nWork.", ":3: tools.1: must be text", MEND),
        ("---\ndescription: x\npaths: {a: b}\n---\nWork.", ":3: paths: must be a list", MEND),
        (
            "---\ndescription: x\ntimeout: later\n---\nWork.",
            ":3: timeout: later is not a time span: write 90, 90s, 30m, 2h or 7d",
            MEND,
        ),
        (
            "---\ndescription: x\npermission_mode: all\n---\nWork.",
            ":3: permission_mode: must be 'default', 'acceptEdits', 'dontAsk', 'plan' or 'bypassPermissions'",
            MEND,
        ),
        (
            "---\ndescription: x\ndescription: y\n---\nW.",
            ":3: description: is there twice",
            "delete one of them",
        ),
        ("---\ndescription: x: y\n---\nWork.", ":2: mapping values are not allowed here", YAML),
        ("---\ndescription: 2026-02-31\n---\nWork.", ":2: day is out of range for month", YAML),
        ("---\ndescription: !!bool maybe\n---\nWork.", ":2: a value does not fit its tag", YAML),
        ("---\n1: x\n---\nWork.", ":2: a key must be text", YAML),
        ("---\n\x01: x\n---\nWork.", ":2: special characters are not allowed", YAML),
        ("---\ndescription: x\n---\nWo\0rk.", ":4: contains a NUL", "save the file as UTF-8"),
        ('---\ndescription: x\nchecks: ["a\\0b"]\n---\nW.', ":3: checks.0.run: must not contain a NUL", MEND),
        ('---\ndescription: x\nbrief: "a\\0b"\n---\nW.', ":3: brief: must not contain a NUL", MEND),
        (f"---\ndescription: x\ntimeout: {'9' * 400}\n---\nW.", ":3: timeout: must be at most 30d", MEND),
    ],
)
def test_an_error_names_file_line_and_key(text: str, message: str, hint: str) -> None:
    assert refusal(text) == (WHERE + message, hint)


def test_a_file_that_is_not_utf8_names_the_line() -> None:
    assert refusal(b"---\ndescription: \xe9\n---\nWork.") == (
        f"{WHERE}:2: is not UTF-8",
        "save the file as UTF-8",
    )


@pytest.mark.parametrize("name", ["check", "new", "all", "orchestrator"])
def test_reserved_words_are_no_roles(name: str) -> None:
    assert refusal("", name) == (f"{WHERE}:1: {name} is a reserved word", "give the role another name")


@pytest.mark.parametrize("name", ["Back End", "a/b", "", "é", "-x", "a" * 41])
def test_a_name_that_cannot_stand_in_a_branch_is_refused(name: str) -> None:
    assert refusal("", name) == (
        f"{WHERE}:1: {name} is no name for a role",
        "use a-z, 0-9, - and _, at most 40 of them",
    )


OWN = b"---\ndescription: Ours\n---\nWork.\n"


def test_own_roles_replace_and_join_the_shipped_ones() -> None:
    files = {"backend.md": OWN, "servers.md": OWN, "README.md": b"words", "notes.txt": b"words"}
    roles = RoleSet.load(files, where=".ccc/roles")
    assert sorted(roles.roles) == sorted([*SHIPPED, "servers"])
    assert (roles.get("backend").where, roles.get("servers").where) == (
        ".ccc/roles/backend.md",
        ".ccc/roles/servers.md",
    )
    assert roles.get("frontend").where == "templates/roles/frontend.md"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("bakend", "did you mean backend?"), ("qqq", f"roles: {', '.join(sorted([*SHIPPED, 'servers']))}")],
)
def test_an_unknown_role_is_refused_with_near_names(name: str, hint: str) -> None:
    with pytest.raises(NotFound) as caught:
        RoleSet.load({"servers.md": OWN}, where=".ccc/roles").get(name)
    assert (caught.value.message, caught.value.hint) == (f"no role {name}", hint)


@given(st.binary(max_size=80), st.text(max_size=80))
def test_any_bytes_are_a_role_or_refused_in_words(front: bytes, body: str) -> None:
    content = b"---\ndescription: x\n" + front + b"\n---\n" + body.encode()
    with contextlib.suppress(BadConfig):
        assert parse_role("servers", content, WHERE).instructions.strip()
        return
    message, hint = refusal(content)
    assert message.startswith(f"{WHERE}:")
    assert "\n" not in message
    assert hint
