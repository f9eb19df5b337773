"""Settings: layers, origins, and errors that name file, line and key."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccc.config.places import line_of, toml_places
from ccc.config.settings import Settings, load_settings
from ccc.errors import BadConfig

WHERE = ".ccc/config.toml"
MEND = "mend that line, or delete it to have the default"
OUT = "leads out of the checkout: name files below it, as in .env or config/*"


def load(text: str | bytes | None = None, **environment: str) -> Settings:
    content = text.encode() if isinstance(text, str) else text
    return load_settings(content, where=WHERE, environment=environment)


def refusal(text: str | bytes, **environment: str) -> tuple[str, str]:
    with pytest.raises(BadConfig) as caught:
        load(text, **environment)
    return caught.value.message, caught.value.hint


def test_without_a_file_every_value_is_the_default() -> None:
    settings = load()
    assert set(settings.origins.values()) == {"default"}
    assert settings.values() == {
        "profile": None,
        "target": None,
        "gate.commands": [],
        "gate.retry": 1,
        "gate.keep": [],
        "queue.window": 4,
        "queue.floor": 2,
        "queue.parallel": 1,
        "approval.required": 1,
        "approval.config": 1,
        "approval.approvers": [],
        "approval.author": True,
        "approval.stale": "strict",
        "approval.signed": False,
        "approval.paths": [],
        "session.branch_prefix": "ccc",
        "session.worktree_dir": None,
        "session.copy": [],
        "session.setup": [],
        "session.ports_base": 20000,
        "session.ports_size": 10,
        "session.names": "marx",
        "session.engine": "claude",
        "session.model": None,
        "session.timeout": None,
        "session.silence": 900.0,
        "session.rest": 600.0,
        "session.restarts": 3,
        "session.environment": [],
        "land.keep_session_files": False,
        "land.method": "merge",
        "land.landing": "local",
        "land.remote": "origin",
        "land.forge": None,
        "land.poll": 60.0,
        "land.targets": {},
        "reserve.mode": "warn",
        "handoff.tokens": 25000,
        "handoff.at": 75000,
        "handoff.limit": 100_000,
        "handoff.reserve": 25000,
        "sync.seconds": 20.0,
        "sync.auto": None,
        "sync.landing": "lease",
        "privacy.patterns": [],
        "retention.sessions": None,
        "retention.logs": None,
        "retention.bundles": 10,
        "context.size_limit": 50000,
        "mcp.timeout_ms": 2000,
        "mcp.mock": False,
        "limits.parallel": 10,
        "limits.load": None,
        "limits.free_memory": None,
        **dict.fromkeys((f"limits.session.{key}" for key in ("time", "tokens", "money")), None),
        **dict.fromkeys((f"limits.session.{key}" for key in ("memory", "processes")), None),
        **dict.fromkeys((f"limits.person.{key}" for key in ("time", "tokens", "money")), None),
        **dict.fromkeys((f"limits.day.{key}" for key in ("time", "tokens", "money")), None),
        "limits.handback": 180.0,
        "limits.handback_tokens": 50_000,
        "limits.repeats": 12,
        "limits.rate_wait": 300.0,
        "limits.stagger": 60.0,
        "notify.command": [],
        "notify.desktop": False,
        "notify.webhook": None,
        "notify.webhook_secret_env": None,
        "notify.timeout": 10.0,
        "notify.on": ["waiting", "limited", "paused", "verified", "unchecked", "blocked", "failed", "lost"],
        "radar.on": True,
        "radar.hot": 3,
        "debug.logging": False,
        "debug.metrics": False,
    }


DEVELOPMENT = (5000, True, 100_000, 5, True, False)
PRODUCTION = (2000, False, 50_000, 20, False, True)
OF_PROFILES = (
    *("mcp.timeout_ms", "mcp.mock", "context.size_limit"),
    *("limits.parallel", "debug.logging", "debug.metrics"),
)


@pytest.mark.parametrize(("name", "wanted"), [("development", DEVELOPMENT), ("production", PRODUCTION)])
def test_a_profile_changes_the_defaults_and_says_so(name: str, wanted: tuple[object, ...]) -> None:
    for settings in (load(f'profile = "{name}"'), load(CCC_PROFILE=name)):
        values = settings.values()
        assert tuple(values[key] for key in OF_PROFILES) == wanted
        assert {settings.origins[key] for key in OF_PROFILES} == {f"profile {name}"}
        assert settings.origins["session.names"] == "default"


def test_the_file_wins_over_the_profile_and_the_environment_over_both() -> None:
    text = 'profile = "development"\n[limits]\nparallel = 7\n[mcp]\ntimeout_ms = 9\n'
    settings = load(text, CCC_MCP_TIMEOUT_MS="11", CCC_DEBUG_LOGGING="off", CCC_TARGET="trunk")
    wanted = {
        "profile": ("development", WHERE),
        "limits.parallel": (7, WHERE),
        "mcp.timeout_ms": (11, "environment CCC_MCP_TIMEOUT_MS"),
        "debug.logging": (False, "environment CCC_DEBUG_LOGGING"),
        "target": ("trunk", "environment CCC_TARGET"),
        "mcp.mock": (True, "profile development"),
        "handoff.tokens": (25000, "default"),
    }
    values = settings.values()
    assert {key: (values[key], settings.origins[key]) for key in wanted} == wanted


def test_one_key_of_a_table_leaves_its_neighbours_alone() -> None:
    settings = load("session.ports_base = 30000\n", CCC_SESSION_PORTS_SIZE="5")
    assert (settings.ports_base, settings.ports_size, settings.names) == (30000, 5, "marx")


def test_empty_variables_lists_and_strangers_of_the_environment_do_not_count() -> None:
    settings = load(CCC_TARGET="", CCC_GATE_COMMANDS="true", CCC_SESSION="0123", CCC_ROLE="backend")
    assert set(settings.origins.values()) == {"default"}


def test_a_command_is_text_or_a_table_and_one_is_a_list() -> None:
    text = '[gate]\ncommands = ["a", {run = "b", when = "tests", timeout = "2m"}]\n[session]\nsetup = "c"\n'
    settings = load(text)
    assert [(check.run, check.when, check.timeout) for check in settings.gate] == [
        ("a", (), 600.0),
        ("b", ("tests",), 120.0),
    ]
    assert [check.run for check in settings.setup] == ["c"]


def test_a_byte_order_mark_and_windows_line_ends_are_read() -> None:
    assert (
        load(b'\xef\xbb\xbftarget = "main"\r\n[limits]\r\nparallel = 3\r\n').values()["limits.parallel"] == 3
    )


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("[session]\n\nbranc = 1\n", ":3: session.branc: unknown key", "did you mean branch_prefix?"),
        ("[sesion]\n", ":1: sesion: unknown key", "did you mean session?"),
        ("\ncommands = []\n", ":2: commands: unknown key", "did you mean gate.commands?"),
        (
            "[limits]\nxyz = 1\n",
            ":2: limits.xyz: unknown key",
            "known keys: parallel, per_role, load, free_memory, session, role, person, day, handback,"
            " handback_tokens, repeats, rate_wait, stagger",
        ),
        (
            '[gate]\ncommands = [\n  "a",  # [x]\n  {run = "b", wen = "c"},\n]\n',
            ":4: gate.commands.1.wen: unknown key",
            "did you mean when?",
        ),
        (
            '[[session.setup]]\nrun = "a"\n[[session.setup]]\nrun = "b"\ntimeout = true\n',
            ":5: session.setup.1.timeout: is not a time span: write 90, 90s, 30m, 2h or 7d",
            MEND,
        ),
        (
            '[gate]\ncommands = [{run = "a", timeout = "soon"}]',
            ":2: gate.commands.0.timeout: soon is not a time span: write 90, 90s, 30m, 2h or 7d",
            MEND,
        ),
        (
            '[gate]\ncommands = [{run = "a", timeout = 0}]',
            ":2: gate.commands.0.timeout: must be more than 0",
            MEND,
        ),
        (
            '[gate]\ncommands = [{run = "a", timeout = inf}]',
            ":2: gate.commands.0.timeout: must be at most 30d",
            MEND,
        ),
        (
            '[gate]\ncommands = [\n  {run = "a", timeout = "721h"},\n]',
            ":3: gate.commands.0.timeout: must be at most 30d",
            MEND,
        ),
        (
            '[gate]\ncommands = ["a", "b\\u0000"]',
            ":2: gate.commands.1.run: must not contain a NUL",
            MEND,
        ),
        (
            '[session]\ncopy = [".env", "../secrets"]',
            f":2: session.copy.1: ../secrets {OUT}",
            MEND,
        ),
        (
            '[session]\ncopy = "/etc/hosts"',
            f":2: session.copy.0: /etc/hosts {OUT}",
            MEND,
        ),
        (
            '[session]\ncopy = ["."]',
            f":2: session.copy.0: . {OUT}",
            MEND,
        ),
        (
            '[session]\ncopy = ["**.env"]',
            ":2: session.copy.0: **.env: ** stands alone between slashes, as in config/**/*.env",
            MEND,
        ),
        ('[gate]\ncommands = ["a", " "]', ":2: gate.commands.1.run: must not be empty", MEND),
        (
            '[gate]\ncommands = [{when = "a"}]',
            ":2: gate.commands.0.run: is missing",
            "add run there",
        ),
        (
            '[gate]\ncommands = [{run = "a", paths = "/src"}]',
            ":2: gate.commands.0.paths: /src matches nothing: paths begin at the top of the repository, "
            "as in backend/**",
            MEND,
        ),
        (
            '[gate]\nkeep = "../cache"',
            ":2: gate.keep.0: ../cache is not kept: name what is ignored below the top, as in node_modules/",
            MEND,
        ),
        (
            "[gate]\ncommands = [3]",
            ":2: gate.commands.0: must be a command, or a table with run, when, paths, roles, timeout",
            MEND,
        ),
        (
            '[gate]\ncommands = [{run = "a", when = "Makefile:("}]',
            ":2: gate.commands.0.when: ( is not a regular expression: missing ), unterminated subpattern",
            MEND,
        ),
        ("[gate]\ncommands = 3", ":2: gate.commands: must be a list", MEND),
        ("gate = 3", ":1: gate: must be a table", MEND),
        ('[limits]\nparallel = "5"', ":2: limits.parallel: must be a whole number", MEND),
        ("[limits]\nparallel = true", ":2: limits.parallel: must be a whole number", MEND),
        ('[limits.day]\nmoney = "2eur"', ":2: limits.day.money: is no amount: write 2usd", MEND),
        (
            '[limits.session]\ntokens = "2usd"',
            ":2: limits.session.tokens: is no such amount: write 200ktok",
            MEND,
        ),
        (
            "[limits.session]\ntokens = 1.5",
            ":2: limits.session.tokens: is no amount: there is no part of a token",
            MEND,
        ),
        (
            "[limits]\nper_role = 3",
            ":2: limits.per_role: must be a table",
            "write [limits.per_role] and, below it, a line NAME = VALUE for each",
        ),
        ("[limits]\nparallel = 0", ":2: limits.parallel: must be at least 1", MEND),
        ("session.ports_base = 70000", ":1: session.ports_base: must be at most 65000", MEND),
        ("[mcp]\nmock = 1", ":2: mcp.mock: must be true or false", MEND),
        ("target = 1", ":1: target: must be text", MEND),
        ('target = ""', ":1: target: must not be empty", MEND),
        ('profile = "prod"', ":1: profile: must be 'development' or 'production'", MEND),
        (
            '[session]\nnames = "cats"',
            ":2: session.names: must be one of marx, planets, trees, rivers, birds",
            MEND,
        ),
        (
            '[session]\nbranch_prefix = "a b"',
            ":2: session.branch_prefix: must match ^[a-z0-9]([a-z0-9_-]*[a-z0-9])?$",
            MEND,
        ),
        ("[mcp]\nmock = 1\n[debug]\nloging = 1", ":2: mcp.mock: must be true or false", MEND),
        ("[debug]\nloging = 1\n[mcp]\nmock = 1", ":2: debug.loging: unknown key", "did you mean logging?"),
        ("a = 1\na = 2\n", ":2: cannot overwrite a value", "toml.io explains the format"),
        ("[limits]\nparallel = \n", ":2: invalid value", "toml.io explains the format"),
    ],
)
def test_an_error_names_file_line_and_key(text: str, message: str, hint: str) -> None:
    assert refusal(text) == (WHERE + message, hint)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"# fine\na = {'[' * 3000}", ":2: is nested too deeply"),
        (f"a = [\n{'{a=' * 3000}1{'}' * 3000}\n]\nb = 1\n", ":2: is nested too deeply"),
        (f"\n\nlimits.parallel = {'9' * 5000}\nb = [\n", ":3: holds a number that is too long"),
    ],
)
def test_what_no_parser_can_hold_is_refused_at_its_line(text: str, words: str) -> None:
    assert refusal(text) == (WHERE + words, "nothing in this file needs that")


def test_a_file_with_a_nul_names_the_line() -> None:
    assert refusal(b"# x\n\0") == (f"{WHERE}:2: contains a NUL", "save the file as UTF-8")


def test_a_file_that_is_not_utf8_names_the_line() -> None:
    assert refusal(b'target = "main"\n# \xff\n') == (f"{WHERE}:2: is not UTF-8", "save the file as UTF-8")


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("CCC_LIMITS_PARALLEL", "many", "limits.parallel: must be a whole number"),
        ("CCC_LIMITS_PARALLEL", "0", "limits.parallel: must be at least 1"),
        ("CCC_DEBUG_LOGGING", "maybe", "debug.logging: must be true or false"),
        ("CCC_PROFILE", "prod", "profile: must be 'development' or 'production'"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str, message: str) -> None:
    assert refusal("", **{variable: value}) == (
        f"environment {variable}: {message}",
        f"unset {variable}, or set it right",
    )


def test_places_are_not_misled_by_text_that_looks_like_keys() -> None:
    text = 'a = """\n[x]\nb = 1\n"""\nb = [\n  [1],\n  "c = 2",\n]\n[x]\nc = 3\n'
    assert tomllib.loads(text) == {"a": "[x]\nb = 1\n", "b": [[1], "c = 2"], "x": {"c": 3}}
    places = toml_places(text)
    lines = {("a",): 1, ("b",): 5, ("b", 0): 6, ("b", 1): 7, ("x",): 9, ("x", "c"): 10}
    assert {key: places.get(key) for key in lines} == lines


NAMES = st.sampled_from(["a", "b", "c-d", "e_1"])
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        "1",
        '"x"',
        "'y'",
        "[1, 2]",
        "[[1], [2]]",
        "{k = 1}",
        '"""t\nu = 1"""',
        '["[", "]"]',
        "[\n1,\n# a = [\n2\n]",
    ]
)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=4), max_size=4))
def test_every_key_of_any_toml_is_found_at_its_line(tables: dict[str, dict[str, str]]) -> None:
    lines: list[str] = []
    wanted: dict[tuple[str | int, ...], int] = {}
    for table, keys in tables.items():
        lines.append(f"[{table}]  # table")
        wanted[(table,)] = len(lines)
        for key, value in keys.items():
            wanted[(table, key)] = len(lines) + 1
            lines += f"{key} = {value}".split("\n")
    text = "\n".join(lines)
    tomllib.loads(text)
    places = toml_places(text)
    assert {key: line_of(places, key) for key in wanted} == wanted


@given(st.text(max_size=200) | st.sampled_from(['"', "'''", "[", "]]", "a.b = [", '"""', "=\\"]))
def test_places_of_any_text_can_be_asked(text: str) -> None:
    assert line_of(toml_places(text), ("nowhere", 1)) >= 1


APPROVALS = {
    '[approval]\nstale = "sometimes"\n': "2: approval.stale: ",
    "[[approval.paths]]\npaths = []\n": "2: approval.paths.0.paths: must not be empty",
    "[[approval.paths]]\nrequired = 1\n": "approval.paths.0.paths: is missing",
    '[[approval.paths]]\npaths = "a"\nwho = "x"\n': "3: approval.paths.0.who: unknown key",
    '[approval]\nsigned = "yes"\n': "2: approval.signed: must be true or false",
}


@pytest.mark.parametrize("text", APPROVALS)
def test_rules_of_approval_that_say_nothing_are_refused_by_line_and_key(text: str) -> None:
    assert APPROVALS[text] in refusal(text)[0]
