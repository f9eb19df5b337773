"""What is said of an entry is the same everywhere: of an overridden gate, of approvals that are missing."""

from __future__ import annotations

import pytest

from tests.queue.conftest import Finish, Gated
from tests.support.program import RunsCcc

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("target_passes", [True, False])
def test_of_a_gate_that_was_overridden_nobody_is_asked_any_more(
    gated: Gated, ccc: RunsCcc, finish: Finish, *, target_passes: bool
) -> None:
    gated.configure(f"""[gate]
    commands = ["test ! -e bad -a {"0" if target_passes else "1"} = 0"]
    """)
    bad = finish("backend", "Bad", {"bad": "1"})
    ccc("wait", bad.name, "--timeout", "60", exit=0)
    ccc("merge", bad.name, "--yes", exit=1)
    assert "the gate failed" in ccc("inbox", exit=0).stdout
    ccc("approve", bad.name, "--override", "The site is down", exit=0)
    (approval,) = ccc("review", bad.name, "--json", exit=0).json["approvals"]
    words = f"the gate failed, overridden by {approval['by']}: The site is down"
    assert ccc("queue", exit=0).stdout == f"1. {bad.name} -> main: approved ({words})\n"
    (shown,) = ccc("queue", "--json", exit=0).json["entries"]
    assert (shown["entry"]["state"], shown["entry"]["why"]) == ("approved", words)
    assert (shown["can_merge"], shown["why_not"], shown["gate"]["state"]) == (True, [], "failed")
    assert ccc("review", bad.name, exit=0).stdout.startswith(f"{bad.name} -> main: approved\n")
    listed = [
        *ccc("inbox", "--json", exit=0).json["items"],
        *ccc("status", "--json", exit=0).json["waiting_for_you"],
    ]
    assert {(each["kind"], each["title"]) for each in listed} == {("approval", f"{bad.name} is approved")}
    bad.tree.commit("More\n\nCcc-Status: done", {"more": "1"})
    ccc("merge", bad.name, exit=1)
    assert "the gate failed" in ccc("inbox", exit=0).stdout, "that was not what was overridden"


def test_the_queue_counts_approvals_where_one_is_not_enough(
    gated: Gated, ccc: RunsCcc, finish: Finish
) -> None:
    gated.configure("[approval]\nrequired = 2\n")
    session = finish("backend", "Login", {"login": "1"})
    ccc("wait", session.name, "--timeout", "60", exit=0)
    for count in range(2):
        ccc("queue", session.name, exit=0)
        words = f"tested; approval by a person is missing ({count} of 2)"
        assert ccc("queue", exit=0).stdout == f"1. {session.name} -> main: passed ({words})\n"
        (shown,) = ccc("queue", "--json", exit=0).json["entries"]
        assert (shown["entry"]["why"], shown["needed"]) == (words, 2)
        ccc("approve", session.name, exit=0 if count == 0 else 1)
