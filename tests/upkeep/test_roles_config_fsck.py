"""Roles, configuration and the proof of wholeness, as the commands show them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.program import RunsCcc
from tests.support.repository import Repo
from tests.upkeep.conftest import Place

ROLE = """---
description: Builds servers of ours
paths: ["server/**"]
tools: [Read, Edit]
checks:
  - run: make check
    when: Makefile
---
Work on the server of {{ target }}.
"""


def write_role(repo: Repo, name: str, text: str = ROLE) -> Path:
    return repo.write(f".ccc/roles/{name}.md", text)


def test_roles_are_listed_with_what_they_are(repo: Repo, ccc_inline: RunsCcc) -> None:
    write_role(repo, "servers")
    lines = ccc_inline("roles", exit=0).stdout.splitlines()
    assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)
    assert [line for line in lines if line.endswith("  Builds servers of ours")]


def test_a_role_is_shown_whole(repo: Repo, ccc_inline: RunsCcc) -> None:
    write_role(repo, "servers")
    assert ccc_inline("roles", "servers", exit=0).stdout == (
        "servers: Builds servers of ours\n\n"
        "paths      server/**\n"
        "tools      Read, Edit\n"
        "model      the engine's own\n"
        "may spawn  nothing\n"
        "from       .ccc/roles/servers.md\n"
        "checks     make check  (when Makefile)\n\n"
        "Work on the server of {{ target }}.\n"
    )
    (role,) = ccc_inline("roles", "servers", "--json", exit=0).json["roles"]
    assert (role["name"], role["paths"], role["checks"][0]["run"]) == ("servers", ["server/**"], "make check")


def test_an_unknown_role_offers_near_names(repo: Repo, ccc_inline: RunsCcc) -> None:
    refused = ccc_inline("roles", "bakend", exit=1)
    assert refused.stderr == "error: no role bakend\nhint: did you mean backend?\n"


def test_the_shipped_roles_are_whole_and_different(repo: Repo, ccc_inline: RunsCcc) -> None:
    assert ccc_inline("roles", "check", exit=0).stdout.endswith(" roles, each whole and different\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ROLE, "servers and twins have the same instructions"),
        (ROLE.replace("Work on", "Care for"), "servers and twins have the same paths, tools and checks"),
    ],
)
def test_twins_are_refused(repo: Repo, ccc_inline: RunsCcc, text: str, words: str) -> None:
    write_role(repo, "servers")
    write_role(repo, "twins", text)
    refused = ccc_inline("roles", "check", exit=1)
    assert refused.stderr == (
        f"error: .ccc/roles/twins.md: {words}\nhint: delete one of them, or make them differ\n"
    )


def test_a_role_that_may_spawn_nobody_there_is_refused(repo: Repo, ccc_inline: RunsCcc) -> None:
    write_role(repo, "servers", ROLE.replace("tools:", "may_spawn: [nobody]\ntools:"))
    refused = ccc_inline("roles", "check", exit=1)
    assert refused.stderr.startswith("error: .ccc/roles/servers.md: may_spawn: no role nobody\n")


def test_a_limit_of_a_role_that_there_is_not_is_said(repo: Repo, ccc_inline: RunsCcc) -> None:
    slips = "[limits]\nper_role = { backnd = 1, backend = 2 }\n[limits.role.qqq]\ntime = 1\n"
    repo.write(".ccc/config.toml", slips)
    told = ccc_inline("roles", "check", exit=1).stderr
    assert ".ccc/config.toml: limits.per_role: no role backnd" in told
    assert ".ccc/config.toml: limits.role: no role qqq" in told
    ccc_inline("init", exit=0)
    assert "limits.per_role: no role backnd" in ccc_inline("doctor", exit=1).stdout
    spawned = ccc_inline("spawn", "backend", "Tokens", "--no-start", exit=0)
    assert ".ccc/config.toml: limits.per_role: no role backnd; did you mean backend?\n" in spawned.stderr


def test_a_broken_role_names_file_line_and_key(repo: Repo, ccc_inline: RunsCcc) -> None:
    write_role(repo, "servers", ROLE.replace("tools: [", "tolls: ["))
    refused = ccc_inline("roles", exit=1)
    assert refused.stderr == "error: .ccc/roles/servers.md:4: tolls: unknown key\nhint: did you mean tools?\n"


def test_what_decides_at_the_target_alone_is_not_in_force_before_it_is_there(
    repo: Repo, ccc_inline: RunsCcc
) -> None:
    ccc_inline("init", exit=0)
    made = ccc_inline("spawn", "backend", "One", "--no-start", "--json", exit=0).json["sessions"][0]
    Repo(Path(made["worktree"])).commit("One\n\nCcc-Status: done", one="1")
    ccc_inline("wait", "--timeout", "60", exit=0)
    repo.write(".ccc/config.toml", '[gate]\ncommands = ["false"]\n\n[handoff]\ntokens = 500\n')
    words = "not in force until .ccc/config.toml is committed to main: gate.commands"
    told = ccc_inline("config", "gate", "--show-origin", exit=0)
    assert ".ccc/config.toml\tgate.commands = " in told.stdout
    assert told.stderr == f"note: {words}\n"
    assert ccc_inline("config", "handoff", exit=0).stderr == ""
    rows = ccc_inline("config", "--json", exit=0).json["values"]
    assert [row["key"] for row in rows if not row["in_force"]] == ["gate.commands"]
    doctor = ccc_inline("doctor", "--json").json["checks"]
    idle = [each for each in doctor if each["what"] == words]
    assert [(each["ok"], each["next"]) for each in idle] == [(True, "commit .ccc/config.toml to main")]
    hint = "  note       .ccc/config.toml in this checkout has [gate], not committed to main\n"
    for command, code in (("review", 0), ("merge", 3)):
        shown = ccc_inline(command, "backend-one", exit=code).stdout
        assert f"  gate       no gate configured\n{hint}" in shown
    repo.git("add", ".ccc/config.toml")
    repo.git("commit", "--quiet", "--message=Gate")
    assert ccc_inline("config", "gate", exit=0).stderr == ""
    assert hint not in ccc_inline("review", "backend-one", exit=0).stdout
    assert all(row["in_force"] for row in ccc_inline("config", "--json", exit=0).json["values"])


def test_configuration_is_shown_with_its_origin(repo: Repo, ccc_inline: RunsCcc) -> None:
    repo.write(".ccc/config.toml", '[session]\nbranch_prefix = "team"\n')
    environment = {"CCC_APPROVAL_REQUIRED": "2"}
    shown = ccc_inline("config", "--show-origin", env=environment, exit=0).stdout.splitlines()
    assert '.ccc/config.toml\tsession.branch_prefix = "team"' in shown
    assert "environment CCC_APPROVAL_REQUIRED\tapproval.required = 2" in shown
    assert "default\tland.keep_session_files = false" in shown


def test_one_value_is_shown_alone(repo: Repo, ccc_inline: RunsCcc) -> None:
    assert ccc_inline("config", "session.branch_prefix", exit=0).stdout == "ccc\n"
    document = ccc_inline("config", "session.branch_prefix", "--json", exit=0).json
    value = {"key": "session.branch_prefix", "value": "ccc", "origin": "default", "in_force": True}
    assert document["values"] == [value]


def test_an_unknown_key_offers_near_ones(repo: Repo, ccc_inline: RunsCcc) -> None:
    refused = ccc_inline("config", "session.branch_prefx", exit=1)
    assert refused.stderr.startswith(
        "error: no configuration key session.branch_prefx\nhint: did you mean session.branch_prefix"
    )


def test_an_invalid_file_names_file_line_and_key(repo: Repo, ccc_inline: RunsCcc) -> None:
    repo.write(".ccc/config.toml", "[session]\n\nports_base = 80\n")
    assert ccc_inline("config", exit=1).stderr.startswith("error: .ccc/config.toml:3: session.ports_base: ")


def test_a_whole_state_is_whole(place: Place, ccc_inline: RunsCcc) -> None:
    place.spawn()
    document = ccc_inline("fsck", "--json", exit=0).json
    assert (document["ok"], document["faults"]) == (True, [])
    assert document["tip"] == place.repo.oid("refs/ccc")
    whole = "whole: every event, tree, clock and object is as it should be\n"
    assert ccc_inline("fsck", exit=0).stdout == whole


def test_a_fault_ends_with_1_and_says_the_repair(place: Place, ccc_inline: RunsCcc) -> None:
    tip = place.repo.oid("refs/ccc")
    place.repo.git("update-ref", "-d", "refs/ccc")
    document = ccc_inline("fsck", "--json", exit=1).json
    assert document["ok"] is False
    (fault,) = document["faults"]
    assert (fault["kind"], fault["repair"]) == ("rolled-back-ref", f"git update-ref refs/ccc {tip}")
    assert ccc_inline("fsck", exit=1).stdout.splitlines()[1] == f"  repair: git update-ref refs/ccc {tip}"
