"""`check_roles`: each problem with its place."""

from __future__ import annotations

from ccc.config.roles import Role, built_in
from ccc.config.twins import check_roles
from tests.config.conftest import MakesRole

SURROGATE = "'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed"
TWINS = "delete one of them, or make them differ"


def found(*roles: Role) -> list[tuple[str, str, str]]:
    return [(problem.where, problem.what, problem.hint) for problem in check_roles(roles)]


def test_different_roles_have_no_problem(make_role: MakesRole) -> None:
    assert found(make_role(), make_role(body="Draw well.", name="screens")) == []


def test_equal_instructions_are_refused_whatever_the_roles_are_called(make_role: MakesRole) -> None:
    one = make_role("paths: [a]", "You build servers. Work well.")
    other = make_role("paths: [b]", "you build SCREENS;\nwork well", name="screens")
    what = "servers and screens have the same instructions"
    assert found(one, other) == [(".ccc/roles/screens.md", what, TWINS)]


def test_nearly_equal_instructions_are_refused(make_role: MakesRole) -> None:
    text = built_in()["backend"].instructions
    one, other = make_role(body=text), make_role(body=text.replace("dull", "sharp"), name="screens")
    what = "servers and screens have nearly the same instructions"
    assert found(one, other) == [(".ccc/roles/screens.md", what, TWINS)]


def test_equal_reach_is_refused_in_any_order(make_role: MakesRole) -> None:
    one = make_role("paths: [a, b]\ntools: [Read, Edit]\nchecks: [x, y]")
    other = make_role("paths: [b, a]\ntools: [Edit, Read]\nchecks: [y, x]", "Draw it all.", "screens")
    what = "servers and screens have the same paths, tools and checks"
    assert found(one, other) == [(".ccc/roles/screens.md", what, TWINS)]


def test_one_difference_in_reach_is_enough(make_role: MakesRole) -> None:
    front = "paths: [a]\ntools: [Read]\nchecks: [{run: x, when: y}]"
    one = make_role(front)
    for number, changed in enumerate((front.replace("[a]", "[b]"), front.replace("when: y", "when: z"))):
        assert found(one, make_role(changed, "Draw it all.", f"screens{number}")) == []


def test_roles_without_any_reach_are_no_twins_for_that(make_role: MakesRole) -> None:
    assert found(make_role(), make_role(body="Draw it all.", name="screens")) == []


def test_may_spawn_of_nobody_is_refused_with_near_names(make_role: MakesRole) -> None:
    role = make_role("may_spawn: [servers, serves, qqq]")
    assert found(role) == [
        (".ccc/roles/servers.md", "may_spawn: no role serves", "did you mean servers?"),
        (".ccc/roles/servers.md", "may_spawn: no role qqq", "git ccc roles lists them"),
    ]


def test_templates_that_do_not_render_are_refused_at_their_line(make_role: MakesRole) -> None:
    hint = "git ccc roles check proves every template"
    cases = {
        "Work.\n\n{{ nobody }}": (7, "'nobody' is undefined"),
        "Work.\n{% if %}": (6, "Expected an expression, got 'end of statement block'"),
        "{{ 1 / 0 }}": (5, "division by zero"),
        "Work.\n{{ cycler() }}": (6, "at least one item has to be provided"),
        "{{ '\\ud800' }}": (5, SURROGATE),
        "{{ ports + 1 }}": (5, "unsupported operand type(s) for +: 'NoneType' and 'int'"),
        "{{ task.__class__ }}": (5, "access to attribute '__class__' of 'str' object is unsafe."),
    }
    for body, (line, what) in cases.items():
        assert found(make_role(body=body)) == [(f".ccc/roles/servers.md:{line}", what, hint)]


def test_a_brief_is_proven_at_its_own_line(make_role: MakesRole) -> None:
    hint = "git ccc roles check proves every template"
    role = make_role("brief: |\n  Do {{ task }}\n  in {{ nowhere }}")
    assert found(role) == [(".ccc/roles/servers.md:5", "'nowhere' is undefined", hint)]
    empty = make_role("brief: Do it")
    what = "brief: does not name the task"
    assert found(empty) == [(".ccc/roles/servers.md:3", what, "add {{ task }} to it")]


def test_instructions_that_render_to_nothing_are_refused(make_role: MakesRole) -> None:
    role = make_role(body="{% if parent == 'x' %}Work.{% endif %}")
    assert found(role) == [(".ccc/roles/servers.md:5", "the instructions render to nothing", "write them")]
