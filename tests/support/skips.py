"""A pytest plugin: a skipped test fails the run unless `tests/skips.txt` names it with a reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

LIST = Path("tests") / "skips.txt"
SEPARATOR = " - "


def read_skips(text: str) -> dict[str, str]:
    """Test id without parameters → reason. Raises UsageError for a line without a reason."""
    lines = [line.strip() for line in text.splitlines()]
    named: dict[str, str] = {}
    for line in lines:
        if not line or line.startswith("#"):
            continue
        test, separator, reason = line.partition(SEPARATOR)
        if not separator or not reason.strip():
            raise pytest.UsageError(f"{LIST}: no reason is given in: {line}")
        named[test.strip()] = reason.strip()
    return named


def without_parameters(test: str) -> str:
    """`tests/x.py::test_a[case 1]` → `tests/x.py::test_a`."""
    return test.partition("[")[0]


def exists(root: Path, test: str) -> bool:
    """Whether the file of a test id is there and defines every part of its name."""
    file, *names = test.split("::")
    path = root / file
    if not path.is_file():
        return False
    text = path.read_text(encoding="utf-8")
    return all(re.search(rf"^\s*(?:async )?(?:def|class) {re.escape(name)}\b", text, re.M) for name in names)


class SkipRule:
    """Collects the skips of a run and judges them at its end."""

    def __init__(self, root: Path) -> None:
        self.root = root
        file = root / LIST
        self.named = read_skips(file.read_text(encoding="utf-8")) if file.is_file() else {}
        self.skipped: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes a skipped test; an expected failure is none."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self.skipped[report.nodeid] = report.longreprtext

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Notes a module that skips itself."""
        if report.skipped:
            self.skipped[report.nodeid] = report.longreprtext

    def faults(self) -> list[str]:
        """Why the run fails, one line each."""
        unnamed = [test for test in sorted(self.skipped) if without_parameters(test) not in self.named]
        gone = [test for test in sorted(self.named) if not exists(self.root, test)]
        return [f"skipped, but not named in {LIST}: {test}" for test in unnamed] + [
            f"named in {LIST}, but there is no such test: {test}" for test in gone
        ]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fails the run when there is a fault."""
        if self.faults():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Says why."""
        for number, fault in enumerate(self.faults()):
            if number == 0:
                terminalreporter.section("skip rule", red=True)
            terminalreporter.write_line(fault)


def pytest_configure(config: pytest.Config) -> None:
    """Registers the rule in the process that reports (not in xdist's workers)."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(SkipRule(config.rootpath), "ccc-skip-rule")
