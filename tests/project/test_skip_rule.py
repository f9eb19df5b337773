"""A skipped test fails the run unless tests/skips.txt names it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.program import PROJECT
from tests.support.skips import exists, read_skips, without_parameters

TESTS = """
import pytest

def test_passes(): pass

@pytest.mark.parametrize("case", [1, 2])
def test_skips(case): pytest.skip("no such tool here")

@pytest.mark.xfail
def test_fails(): assert False
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def run(project: Path, skips: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    (project / "tests" / "skips.txt").write_text(skips)
    command = [sys.executable, "-m", "pytest", "-p", "tests.support.skips", *arguments]
    return subprocess.run(
        command, cwd=project, env={"PYTHONPATH": str(PROJECT)}, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("arguments", [(), ("-n", "1")], ids=["one process", "xdist"])
def test_unnamed_skip_fails_the_run(project: Path, arguments: tuple[str, ...]) -> None:
    done = run(project, "", *arguments)
    assert done.returncode == 1
    assert "skipped, but not named in tests/skips.txt: tests/test_it.py::test_skips[1]" in done.stdout
    assert "test_fails" not in done.stdout


def test_named_skip_passes_the_run(project: Path) -> None:
    done = run(project, "tests/test_it.py::test_skips - needs a tool\n")
    assert done.returncode == 0, done.stdout


def test_module_that_skips_itself_fails_the_run(project: Path) -> None:
    (project / "tests" / "test_it.py").write_text("import pytest\npytest.importorskip('no_such_module')\n")
    (project / "tests" / "test_other.py").write_text("def test_passes(): pass\n")
    done = run(project, "")
    assert done.returncode == 1
    assert "skipped, but not named in tests/skips.txt: tests/test_it.py\n" in done.stdout


def test_name_without_a_test_fails_the_run(project: Path) -> None:
    done = run(project, "tests/test_it.py::test_gone - was here\n", "-k", "passes")
    assert done.returncode == 1
    assert "named in tests/skips.txt, but there is no such test: tests/test_it.py::test_gone" in done.stdout


def test_reason_is_required() -> None:
    assert read_skips("# words\n\na.py::test - why - not\n") == {"a.py::test": "why - not"}
    with pytest.raises(pytest.UsageError, match=r"no reason is given in: a\.py::test"):
        read_skips("a.py::test\n")


def test_existence_is_judged_by_every_part_of_the_name() -> None:
    assert without_parameters("tests/a.py::test[x[1]]") == "tests/a.py::test"
    assert exists(PROJECT, "tests/project/test_skip_rule.py::test_reason_is_required")
    assert not exists(PROJECT, "tests/project/test_skip_rule.py::TestMissing::test_reason_is_required")
    assert not exists(PROJECT, "tests/project/test_missing.py::test_reason_is_required")
