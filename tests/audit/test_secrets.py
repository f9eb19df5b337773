"""Secrets are found by their shape and replaced; what only looks like one stays."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccc.domain import stamps
from ccc.domain.canonical import Value
from ccc.domain.events import Draft, Event
from ccc.domain.secrets import Filter
from ccc.git.objects import BLOB, object_id
from ccc.store.memory import MemoryStore
from ccc.store.memory_objects import MemoryObjects


def letters(count: int) -> str:
    """Letters and digits without order, the same in every run; no test holds a whole token."""
    mixed = base64.b64encode(hashlib.sha512(b"seed").digest() * 20).decode()
    return "".join(c for c in mixed if c.isalnum())[:count]


SECRETS = {
    "github token": ["gh" + "p_" + letters(36), "gh" + "s_" + letters(40), "github" + "_pat_" + letters(60)],
    "gitlab token": ["gl" + "pat-" + letters(20)],
    "slack token": ["xo" + "xb-12345678901-" + letters(24), "xa" + "pp-1-A1-" + letters(30)],
    "anthropic key": ["sk-" + "ant-api03-" + letters(90)],
    "openai key": ["sk-" + letters(48), "sk-" + "proj-" + letters(60)],
    "google key": ["AI" + "za" + letters(35)],
    "google secret": ["GOC" + "SPX-" + letters(28)],
    "npm token": ["npm" + "_" + letters(36)],
    "pypi token": ["py" + "pi-AgEIcHlwaS5vcmc" + letters(60)],
    "stripe key": ["sk" + "_live_" + letters(24), "wh" + "sec_" + letters(32)],
    "aws key": ["AK" + "IA" + "IOSFODNN7EXAMPLE"],
    "jwt": ["ey" + "J" + letters(20) + ".ey" + "J" + letters(40) + "." + letters(43)],
    "private key": [
        f"-----BEGIN {kind}PRIVATE KEY-----\n{letters(64)}\n-----END {kind}PRIVATE KEY-----"
        for kind in ("", "RSA ", "OPENSSH ")
    ],
}


@pytest.mark.parametrize(("kind", "secret"), [(kind, each) for kind in SECRETS for each in SECRETS[kind]])
def test_each_known_shape_is_replaced_by_its_name(kind: str, secret: str) -> None:
    found = Filter()
    assert found.clean(f"use {secret}, then go on") == f"use [secret removed: {kind}], then go on"
    assert found.removed == {kind: 1}


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("DB_PASSWORD=Xk29sLq0vT now", "DB_PASSWORD=[secret removed: value of password] now"),
        ('{"token": "aZ81kskskwi2"}', '{"token": "[secret removed: value of token]"}'),
        ("postgres://app:s3cret@db/x", "postgres://app:[secret removed: password in a URL]@db/x"),
        (
            "Authorization: Bearer a1B2c3D4e5F6",
            "Authorization: Bearer [secret removed: value of authorization]",
        ),
    ],
)
def test_assigned_values_go_and_what_they_are_assigned_to_stays(text: str, cleaned: str) -> None:
    assert Filter().clean(text) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        *("token: str", "password = get_password2()", "token = self.session.token2", "secrets: inherit"),
        *("token=${{ secrets.GITHUB_TOKEN }}", "password: <your password>", "tokens: 12000", "input_token=5"),
        *(
            "fix token:parse_token2",
            "password:min_length_12",
            "secret: ./keys/dev2.pem",
            "token: ccc/token2.py",
        ),
        *("https://example.com:8080/a@b", "ssh://git@example.com:22/x", "token: sha256-abcDEF123"),
        *("task-sk-learn-with-a-very-long-name-in-it", "npm_config_registry", "the ghp_ prefix", "eyJ"),
        "integrity sha512-" + base64.b64encode(hashlib.sha512(b"x").digest()).decode(),
        f"secret: {hashlib.sha1(b'x').hexdigest()}",
        f"token={uuid.UUID(int=7 << 90)}",
        "api_key: 20261003T120401.002+000.q7f3k",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert Filter().clean(text) is text


def test_a_closer_look_is_taken_where_json_puts_a_letter_before_a_secret_and_not_at_any_task() -> None:
    line = json.dumps({"text": "it is\nsk-" + "a1B2c3D4" * 5})
    assert r"\nsk-" in line
    assert Filter().suspects(line)
    assert not Filter().suspects(json.dumps({"sub": "backend-task-47", "text": "risk-free"}))


oids = st.binary(min_size=20, max_size=32).map(bytes.hex)
moments = st.integers(0, 4 * 10**12)
stamp = st.builds(
    stamps.make, moments, st.integers(0, 999), st.text(stamps.LANE_ALPHABET, min_size=6, max_size=6)
)
checksums = st.binary(min_size=64, max_size=64).map(lambda b: "sha512-" + base64.b64encode(b).decode())
names = st.from_regex(r"[a-z]{1,8}(-[a-z]{1,8}){0,4}", fullmatch=True)
ordinary = st.one_of(oids, stamp, st.uuids().map(str), checksums, names, stamp.map(stamps.rfc3339))


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(["", "token: ", "secret=", "api_key "]), ordinary), min_size=1))
def test_ids_stamps_checksums_and_names_are_never_altered(parts: list[tuple[str, str]]) -> None:
    text = " ".join(prefix + each for prefix, each in parts)
    assert Filter().clean(text) == text


pieces = st.sampled_from(
    [each for kind in SECRETS for each in SECRETS[kind]]
    + [
        "password=",
        "token: ",
        "://",
        "@",
        " ",
        "\n",
        '"',
        "]",
        "[secret removed: jwt]",
        "-----BEGIN PRIVATE KEY-----",
    ]
)


@pytest.mark.slow
@given(st.lists(st.one_of(pieces, st.text(max_size=12)), max_size=12).map("".join))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = Filter(["token", "[a-z]{9}"]).clean(text)
    assert Filter(["token", "[a-z]{9}"]).clean(once) == once


@pytest.mark.slow
@given(
    st.text(max_size=40),
    st.sampled_from([each for kind in SECRETS for each in SECRETS[kind]]),
    st.text(max_size=40),
)
def test_no_secret_survives_between_other_words(before: str, secret: str, after: str) -> None:
    assert secret not in Filter().clean(f"{before} {secret} {after}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "unit", ["eyJ-", "token=", "-----BEGIN PRIVATE KEY-----", "://a:", "password: ab1C ", "sk-ant-", "a"]
)
def test_two_megabytes_of_near_misses_take_no_long_time(unit: str) -> None:
    text = unit * (2_000_000 // len(unit))
    started = time.process_time()
    Filter().clean(text)
    assert time.process_time() - started < 5


def test_patterns_of_the_team_are_secrets_too() -> None:
    found = Filter(["ACME-[0-9]{6}", "pin (?P<secret>[0-9]+)"])
    cleaned = found.clean("ACME-123456 and pin 4711")
    assert (
        cleaned
        == "[secret removed: as privacy.patterns says] and pin [secret removed: as privacy.patterns says]"
    )
    with pytest.raises(ValueError, match="no regular expression"):
        Filter(["("])


SECRET = SECRETS["github token"][0]
GONE = "[secret removed: github token]"


def note(text: str) -> Draft:
    record: dict[str, Value] = {
        "note.md": object_id(BLOB, text.encode()),
        "text": text,
        "about": {"deep": ["x", text]},
    }
    return Draft(
        "note.added",
        "ccc",
        text,
        {"notes/1": record},
        data={"said": text, "password": "Xk29sLq0vT"},
        blobs=(text.encode(),),
    )


def recorded(store: MemoryStore) -> Event:
    return next(store.log()).event


Write = Callable[[MemoryStore, Draft], object]


@pytest.mark.parametrize(
    "write",
    [
        lambda store, draft: store.transact(lambda _: [draft]),
        lambda store, draft: (store.journal(draft), store.drain()),
    ],
    ids=["decided", "journalled"],
)
def test_nothing_that_is_recorded_holds_a_secret(write: Write) -> None:
    objects = MemoryObjects()
    store = MemoryStore(objects=objects)
    write(store, note(f"use {SECRET}"))
    clean = f"use {GONE}"
    oid = object_id(BLOB, clean.encode())
    event = recorded(store)
    assert event.text == clean
    assert event.changes == {"notes/1": {"note.md": oid, "text": clean, "about": {"deep": ["x", clean]}}}
    assert event.data == {"said": clean, "password": "[secret removed: value of password]"}
    assert store.state().blob(oid) == clean.encode()
    assert not any(SECRET.encode() in content for _, content in objects.stored.values())


def test_a_file_that_is_stored_already_is_recorded_without_its_secrets() -> None:
    store = MemoryStore()
    oid = store.objects.write(BLOB, f"\xff {SECRET}".encode("latin-1"))
    store.transact(lambda _: [Draft("note.added", "ccc", "noted", {"notes/1": {"note.md": oid}})])
    kept = recorded(store).changes["notes/1"]["note.md"]
    assert store.state().blob(str(kept)) == f"\xff {GONE}".encode("latin-1")


def test_ids_and_places_are_recorded_as_they_are() -> None:
    store, odd = MemoryStore(), SECRET
    fields = {"branch": f"ccc/{odd}", "worktree": f"/tmp/{odd}", "head": os.urandom(20).hex(), "task": odd}
    store.transact(lambda _: [Draft("session.spawned", odd, "spawned", {"sessions/1": fields})])
    assert recorded(store).changes["sessions/1"] == {**fields, "task": GONE}
