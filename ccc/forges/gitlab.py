"""Merge requests of GitLab, by its REST API."""

from __future__ import annotations

from urllib.parse import quote

from ccc.forges import protocol
from ccc.forges.address import GITLAB
from ccc.forges.program import Program
from ccc.forges.protocol import CheckRun, Opinion, Seen, Wanted, checks_of
from ccc.records import dataclass

STATES = {"merged": protocol.MERGED, "closed": protocol.CLOSED}
RESULTS = {"success": protocol.PASSED, "failed": protocol.FAILED, "canceled": protocol.FAILED}


@dataclass(frozen=True)
class GitLab:
    """The merge requests of one project (`group/name`, with all its groups)."""

    program: Program
    path: str
    name: str = GITLAB

    @property
    def _project(self) -> str:
        return f"projects/{quote(self.path, safe='')}"

    def find(self, source: str, target: str) -> int | None:
        query = f"state=opened&source_branch={quote(source)}&target_branch={quote(target)}"
        found = self.program.ask("GET", f"{self._project}/merge_requests?{query}")
        return int(found[0]["iid"]) if found else None

    def open(self, wanted: Wanted) -> int:
        body = {
            "title": wanted.title,
            "description": wanted.body,
            "source_branch": wanted.source,
            "target_branch": wanted.target,
            "remove_source_branch": True,
        }
        return int(self.program.ask("POST", f"{self._project}/merge_requests", body)["iid"])

    def update(self, number: int, wanted: Wanted) -> None:
        body = {"title": wanted.title, "description": wanted.body}
        self.program.ask("PUT", f"{self._project}/merge_requests/{number}", body)

    def look(self, number: int) -> Seen:
        found = self.program.ask("GET", f"{self._project}/merge_requests/{number}")
        approvals = self.program.ask("GET", f"{self._project}/merge_requests/{number}/approvals")
        head = str(found["sha"])
        state = STATES.get(str(found["state"]), protocol.OPEN)
        merged_as = found.get("merge_commit_sha") or found.get("squash_commit_sha") or head
        by = [str(each["user"]["username"]) for each in approvals.get("approved_by", [])]
        return Seen(
            number=number,
            url=str(found["web_url"]),
            state=state,
            head=head,
            merged_as=merged_as if state == protocol.MERGED else None,
            merged_by=(found.get("merge_user") or {}).get("username"),
            opinions=tuple(Opinion(each, protocol.APPROVED, None) for each in by),
            checks=self._checks(head),
        )

    def _checks(self, head: str) -> tuple[CheckRun, ...]:
        found = self.program.ask("GET", f"{self._project}/repository/commits/{head}/statuses?per_page=100")
        newest = {
            str(each["name"]): RESULTS.get(str(each["status"]), protocol.RUNNING) for each in reversed(found)
        }
        return checks_of(newest)
