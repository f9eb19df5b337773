"""Pull requests of GitHub, by its REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from ccc.forges import protocol
from ccc.forges.address import GITHUB
from ccc.forges.program import Program
from ccc.forges.protocol import CheckRun, Opinion, Seen, Wanted, checks_of
from ccc.records import dataclass

OPINIONS = {"APPROVED": protocol.APPROVED, "CHANGES_REQUESTED": protocol.CHANGES}
FINE = ("success", "neutral", "skipped")


@dataclass(frozen=True)
class GitHub:
    """The pull requests of one repository (`owner/name`)."""

    program: Program
    path: str
    name: str = GITHUB

    def find(self, source: str, target: str) -> int | None:
        owner = self.path.partition("/")[0]
        query = f"state=open&head={quote(f'{owner}:{source}')}&base={quote(target)}"
        found = self.program.ask("GET", f"repos/{self.path}/pulls?{query}")
        return int(found[0]["number"]) if found else None

    def open(self, wanted: Wanted) -> int:
        body = {"title": wanted.title, "body": wanted.body, "head": wanted.source, "base": wanted.target}
        return int(self.program.ask("POST", f"repos/{self.path}/pulls", body)["number"])

    def update(self, number: int, wanted: Wanted) -> None:
        body = {"title": wanted.title, "body": wanted.body}
        self.program.ask("PATCH", f"repos/{self.path}/pulls/{number}", body)

    def look(self, number: int) -> Seen:
        found = self.program.ask("GET", f"repos/{self.path}/pulls/{number}")
        head = str(found["head"]["sha"])
        state = (
            protocol.MERGED
            if found.get("merged")
            else protocol.OPEN
            if found["state"] == "open"
            else protocol.CLOSED
        )
        reviews = self.program.ask("GET", f"repos/{self.path}/pulls/{number}/reviews?per_page=100")
        return Seen(
            number=number,
            url=str(found["html_url"]),
            state=state,
            head=head,
            merged_as=found.get("merge_commit_sha") if state == protocol.MERGED else None,
            merged_by=(found.get("merged_by") or {}).get("login"),
            opinions=_opinions(reviews),
            checks=self._checks(head),
        )

    def _checks(self, head: str) -> tuple[CheckRun, ...]:
        """Of applications (`check-runs`) and of whoever sets statuses, the newer and the older way."""
        runs = self.program.ask("GET", f"repos/{self.path}/commits/{head}/check-runs?per_page=100")
        set_by_hand = self.program.ask("GET", f"repos/{self.path}/commits/{head}/status")
        found = {str(each["name"]): _of_run(each) for each in runs.get("check_runs", [])}
        found.update({str(each["context"]): _of_status(each) for each in set_by_hand.get("statuses", [])})
        return checks_of(found)


def _opinions(reviews: Sequence[Mapping[str, Any]]) -> tuple[Opinion, ...]:
    """The last that counts of each: a comment after an approval takes nothing back, a dismissal does."""
    found: dict[str, Opinion] = {}
    for each in reviews:
        by, state = str((each.get("user") or {}).get("login", "ghost")), str(each["state"])
        if state == "DISMISSED":
            found.pop(by, None)
        elif state in OPINIONS or (state == "COMMENTED" and by not in found):
            found[by] = Opinion(by, OPINIONS.get(state, protocol.COMMENTED), each.get("commit_id"))
    return tuple(found.values())


def _of_run(run: Mapping[str, Any]) -> str:
    if run["status"] != "completed":
        return protocol.RUNNING
    return protocol.PASSED if run.get("conclusion") in FINE else protocol.FAILED


def _of_status(status: Mapping[str, Any]) -> str:
    return {"success": protocol.PASSED, "pending": protocol.RUNNING}.get(
        str(status["state"]), protocol.FAILED
    )
