"""Whatever lies in the journal: what is no event is set aside and said, and everything else is recorded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ccc.layout import Layout
from tests.store.tools import faults_of, git_store, progress, reader_of, texts

HUGE = 50 << 20


def binary(path: Path) -> None:
    path.write_bytes(b"\xff\x00\xfe" * 1000 + b"\n")


def wrong_json(path: Path) -> None:
    path.write_text('{"type": "x", \n')


def other_json(path: Path) -> None:
    path.write_text('{"type": 7, "set": []}\n')


def huge_note(path: Path) -> None:
    path.write_bytes(b"x" * HUGE + b"\n")


def huge_event(path: Path) -> None:
    path.write_bytes(b'{"type":"x","sub":"s","text":"' + b"y" * HUGE + b'","set":{}}\n')


def deep_json(path: Path) -> None:
    path.write_bytes(b'{"type":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n")


def folder(path: Path) -> None:
    path.mkdir()
    (path / "inside").write_text("hook a\n")


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link_to_endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_a_file(path: Path) -> None:
    outside = path.parents[2] / "outside"
    outside.write_text("hook a\n")
    path.symlink_to(outside)


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere")


POISON = (
    binary,
    wrong_json,
    other_json,
    deep_json,
    folder,
    fifo,
    link_to_endless,
    link_to_a_file,
    dangling_link,
)
HUGE_ONES = (huge_note, huge_event)


@pytest.mark.parametrize(
    "make",
    [*POISON, *(pytest.param(make, marks=pytest.mark.slow) for make in HUGE_ONES)],
    ids=lambda m: m.__name__,
)
def test_a_file_that_is_no_event_is_set_aside_and_said(common: Path, make: Callable[[Path], None]) -> None:
    store = git_store(common)
    store.journal(progress("a", 0))
    store.drain()
    make(Layout(common).journal_new / "0poison")
    store.journal(progress("b", 1))
    assert "b: progress 1 %" in texts(reader_of(common))
    store.drain()
    complaint = [text for text in texts(store) if "0poison" in text]
    assert len(complaint) == 1
    assert len(complaint[0]) < 300
    assert "b: progress 1 %" in texts(store)
    assert [path.name for path in Layout(common).journal_bad.iterdir()] == ["0poison"]
    assert list(Layout(common).journal_new.iterdir()) == []
    assert faults_of(common) == []
