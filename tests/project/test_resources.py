"""Shipped files are found in a checkout and in an installed package."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccc.errors import NotFound
from ccc.resources import IN_CHECKOUT, find_resources, resource_dir
from tests.support.program import PROJECT


@pytest.mark.parametrize("kind", sorted(IN_CHECKOUT))
def test_checkout_has_every_kind(kind: str) -> None:
    assert resource_dir(kind) == PROJECT / IN_CHECKOUT[kind]


def test_installed_package_carries_its_own(tmp_path: Path) -> None:
    shipped = tmp_path / "ccc" / "_data" / "hooks"
    shipped.mkdir(parents=True)
    (tmp_path / "hooks").mkdir()
    assert find_resources("hooks", tmp_path / "ccc") == shipped


def test_missing_folder_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="the installed ccc has no hooks folder") as caught:
        find_resources("hooks", tmp_path / "ccc")
    assert caught.value.hint == "install git-ccc again"
