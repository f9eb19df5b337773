"""Every attack of the list, at every level: what it comes to is what docs/protection.md says of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attacks.attacks import ATTACKS, LEVELS, Attack
from tests.attacks.place import Place, make, others_python, outcome
from tests.support import memory
from tests.support.program import PROJECT, RunsCcc

ROWS = {
    (attack.name, level): outcome
    for attack in ATTACKS
    for level, outcome in zip(LEVELS, attack.outcomes, strict=True)
}


@pytest.fixture(scope="module")
def made() -> Iterator[dict[str, Place]]:
    """The places of the levels, each made by the first test that needs it."""
    places: dict[str, Place] = {}
    yield places
    for place in places.values():
        shutil.rmtree(place.root, ignore_errors=True)


@pytest.fixture
def place_of(made: dict[str, Place], repo_template: Path, ccc_inline: RunsCcc) -> Callable[[str], Place]:
    """The place of a level, as it was made."""

    def ready(level: str) -> Place:
        if level == "enforced" and others_python() is None:
            pytest.skip("only root can become another user")
        if level not in made:
            root = Path(tempfile.mkdtemp(prefix="ccc-attacks-", dir=os.environ.get(memory.ROOT, "/var/tmp")))
            root.chmod(0o755)
            made[level] = make(level, root, repo_template, ccc_inline)
        made[level].put_back()
        return made[level]

    return ready


@pytest.mark.slow
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_comes_to_what_is_said_of_it(
    attack: Attack, level: str, place_of: Callable[[str], Place], ccc_inline: RunsCcc
) -> None:
    place = place_of(level)
    [before] = place.before
    code = place.attack(attack.script)
    assert outcome(before, place.look(ccc_inline), code) == ROWS[attack.name, level]


def rows() -> list[str]:
    """The table of the document."""
    names = [f"| {attack.name} | {' | '.join(attack.outcomes)} |" for attack in ATTACKS]
    return [f"| attack | {' | '.join(LEVELS)} |", "|---|---|---|---|---|", *names]


def test_the_document_lists_every_attack_with_its_outcomes() -> None:
    text = (PROJECT / "docs" / "protection.md").read_text(encoding="utf-8")
    assert "\n".join(rows()) in text


@pytest.mark.slow
def test_the_other_user_can_read_run_ccc_and_work_on_its_clone_and_no_more(
    place_of: Callable[[str], Place], capsys: pytest.CaptureFixture[str]
) -> None:
    """Else all that is refused at that level would be refused for nothing."""
    place = place_of("enforced")
    able = 'git -C "$MAIN" log -1 --format=%s main; $CCC --version; git commit -q --allow-empty -m own'
    assert place.attack(able) == 0
    capsys.readouterr()
    for name in (
        "an approval recorded by ccc's own code",
        "the same from the main checkout, its variables unset",
    ):
        [script] = [attack.script for attack in ATTACKS if attack.name == name]
        assert place.attack(script) != 0
        said = capsys.readouterr().out
        assert "ermission denied" in said or "cannot be written" in said, said
