"""A forge of our own on loopback: the REST calls of GitHub and GitLab that ccc makes, git behind."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PROTECTED = """#!/bin/sh
while read -r old new ref; do
    case "$ref" in refs/heads/main) echo "protected branch: changes come by request" >&2; exit 1;; esac
done
"""


@dataclass
class Request:
    """One request as the forge keeps it."""

    number: int
    title: str
    body: str
    source: str
    target: str
    state: str = "open"
    merged_as: str | None = None
    reviews: list[dict[str, Any]] = field(default_factory=list)
    checks: dict[str, str] = field(default_factory=dict)


@dataclass
class Stub:
    """The forge: `origin` is its bare repository, whose main takes no pushes; `asked` all calls so far."""

    origin: Path
    requests: dict[int, Request] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    port: int = 0

    def git(self, *arguments: str, stdin: str | None = None) -> str:
        command = [
            "git",
            "-C",
            str(self.origin),
            "-c",
            "user.name=Forge",
            "-c",
            "user.email=forge@example.com",
        ]
        return subprocess.run(
            [*command, *arguments], check=True, capture_output=True, text=True, input=stdin
        ).stdout.strip()

    def head(self, request: Request) -> str:
        return self.git("rev-parse", request.source)

    def approve(self, number: int, by: str, state: str = "APPROVED") -> None:
        request = self.requests[number]
        request.reviews.append({"user": {"login": by}, "state": state, "commit_id": self.head(request)})

    def merge(self, number: int, how: str) -> str:
        """Merges as a person would there, past the protection."""
        request = self.requests[number]
        head, base = self.head(request), self.git("rev-parse", request.target)
        if how == "rebase":
            commits = self.git("rev-list", "--reverse", "--no-merges", f"{base}..{head}").split()
            tip = base
            for commit in commits:
                tip = self._commit(self._tree(tip, commit, f"{commit}^"), tip, subject=commit[:7])
        else:
            tree = self.git("merge-tree", "--write-tree", base, head)
            parents = (base, head) if how == "merge" else (base,)
            tip = self._commit(tree, *parents, subject=request.title)
        self.git("update-ref", f"refs/heads/{request.target}", tip, base)
        request.state, request.merged_as = "merged", tip
        return tip

    def _tree(self, onto: str, commit: str, parent: str) -> str:
        root = self._commit(self.git("rev-parse", f"{parent}^{{tree}}"))
        ours = self._commit(self.git("rev-parse", f"{onto}^{{tree}}"), root)
        theirs = self._commit(self.git("rev-parse", f"{commit}^{{tree}}"), root)
        return self.git("merge-tree", "--write-tree", ours, theirs)

    def _commit(self, tree: str, *parents: str, subject: str = "x") -> str:
        options = [word for parent in parents for word in ("-p", parent)]
        return self.git("commit-tree", tree, *options, stdin=f"{subject}\n")

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """What the API says to one call."""
        split = urlsplit(path)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        self.asked.append((method, split.path))
        for pattern, handler in ROUTES:
            found = re.fullmatch(pattern, split.path)
            if found is not None:
                return handler(self, method, found, query, body)
        return 404, {"message": "Not Found"}


Found = re.Match[str]
Answer = tuple[int, Any]


def _pulls(stub: Stub, method: str, _: Found, query: dict[str, str], body: dict[str, Any]) -> Answer:
    if method == "GET":
        source = query["head"].partition(":")[2]
        return 200, [_pull(stub, each) for each in _open(stub, source, query["base"])]
    if _open(stub, body["head"], body["base"]):
        return 422, {"message": "Validation Failed", "errors": [{"message": "A pull request already exists"}]}
    number = len(stub.requests) + 1
    stub.requests[number] = Request(number, body["title"], body["body"], body["head"], body["base"])
    return 201, _pull(stub, stub.requests[number])


def _open(stub: Stub, source: str, target: str) -> list[Request]:
    known = stub.requests.values()
    return [each for each in known if (each.state, each.source, each.target) == ("open", source, target)]


def _pull_of(stub: Stub, method: str, found: Found, _: dict[str, str], body: dict[str, Any]) -> Answer:
    request = stub.requests[int(found[1])]
    if method == "PATCH":
        request.title, request.body = body["title"], body["body"]
    return 200, _pull(stub, request)


def _pull(stub: Stub, request: Request) -> dict[str, Any]:
    return {
        "number": request.number,
        "html_url": f"https://github.localhost/team/project/pull/{request.number}",
        "state": "open" if request.state == "open" else "closed",
        "merged": request.state == "merged",
        "merge_commit_sha": request.merged_as,
        "merged_by": {"login": "maintainer"} if request.merged_as else None,
        "head": {"sha": stub.head(request)},
    }


def _reviews(stub: Stub, _: str, found: Found, *__: object) -> Answer:
    return 200, stub.requests[int(found[1])].reviews


def _check_runs(stub: Stub, _: str, found: Found, *__: object) -> Answer:
    return 200, {
        "check_runs": [
            {
                "name": name,
                "status": "in_progress" if state == "running" else "completed",
                "conclusion": None if state == "running" else state,
            }
            for each in stub.requests.values()
            if stub.head(each) == found[1]
            for name, state in each.checks.items()
        ]
    }


def _statuses(*_: object) -> Answer:
    return 200, {"statuses": []}


def _merge_requests(stub: Stub, method: str, _: Found, query: dict[str, str], body: dict[str, Any]) -> Answer:
    if method == "GET":
        found = _open(stub, query["source_branch"], query["target_branch"])
        return 200, [_merge_request(stub, each) for each in found]
    number = len(stub.requests) + 1
    stub.requests[number] = Request(
        number, body["title"], body["description"], body["source_branch"], body["target_branch"]
    )
    return 201, _merge_request(stub, stub.requests[number])


def _merge_request_of(
    stub: Stub, method: str, found: Found, _: dict[str, str], body: dict[str, Any]
) -> Answer:
    request = stub.requests[int(found[1])]
    if method == "PUT":
        request.title, request.body = body["title"], body["description"]
    return 200, _merge_request(stub, request)


def _merge_request(stub: Stub, request: Request) -> dict[str, Any]:
    return {
        "iid": request.number,
        "web_url": f"https://gitlab.localhost/team/project/-/merge_requests/{request.number}",
        "state": "opened" if request.state == "open" else request.state,
        "sha": stub.head(request),
        "merge_commit_sha": request.merged_as,
        "squash_commit_sha": None,
        "merge_user": {"username": "maintainer"} if request.merged_as else None,
    }


def _gitlab_approvals(stub: Stub, _: str, found: Found, *__: object) -> Answer:
    reviews = stub.requests[int(found[1])].reviews
    by = [{"user": {"username": each["user"]["login"]}} for each in reviews if each["state"] == "APPROVED"]
    return 200, {"approved_by": by}


def _gitlab_statuses(stub: Stub, _: str, found: Found, *__: object) -> Answer:
    return 200, [
        {"name": name, "status": {"failure": "failed"}.get(state, state)}
        for each in stub.requests.values()
        if stub.head(each) == found[1]
        for name, state in each.checks.items()
    ]


PULLS, PROJECT = "/repos/team/project", "/api/v4/projects/team%2Fproject"
ROUTES: tuple[tuple[str, Callable[..., Answer]], ...] = (
    (f"{PULLS}/pulls", _pulls),
    (f"{PULLS}/pulls/([0-9]+)", _pull_of),
    (f"{PULLS}/pulls/([0-9]+)/reviews", _reviews),
    (f"{PULLS}/commits/([0-9a-f]+)/check-runs", _check_runs),
    (f"{PULLS}/commits/([0-9a-f]+)/status", _statuses),
    (f"{PROJECT}/merge_requests", _merge_requests),
    (f"{PROJECT}/merge_requests/([0-9]+)", _merge_request_of),
    (f"{PROJECT}/merge_requests/([0-9]+)/approvals", _gitlab_approvals),
    (f"{PROJECT}/repository/commits/([0-9a-f]+)/statuses", _gitlab_statuses),
)


@contextmanager
def forge(origin: Path) -> Iterator[Stub]:
    """Serves a stub until the end; also as an HTTP proxy, by which the real `gh` reaches github.localhost."""
    stub = Stub(origin)
    hook = origin / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(PROTECTED)
    hook.chmod(0o755)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = self.content()
            body = json.loads(content) if content else {}
            split = urlsplit(self.path)
            with lock:
                stub.tokens.add(self.headers.get("Authorization") or "")
                query = f"?{split.query}" if split.query else ""
                code, found = stub.answer(self.command, f"{split.path}{query}", body)
            content = json.dumps(found).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def content(self) -> bytes:
            """What was sent, also in chunks, as the real `gh` does it."""
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found

        do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def decoded(path: str) -> str:
    """A path as people read it."""
    return unquote(path)


PROGRAM = '''#!{python}
"""`gh api` or `glab api`, as far as ccc uses them: asks the stub, and fails as they do."""
import json, os, sys, urllib.error, urllib.request

words = sys.argv[1:]
assert words[0] == "api", words
given = {{}}
rest = []
at = 1
while at < len(words):
    if words[at] in ("--hostname", "--method", "--input", "--header"):
        given[words[at]] = words[at + 1]
        at += 2
    else:
        rest.append(words[at])
        at += 1
(path,) = rest
body = sys.stdin.buffer.read() if given.get("--input") == "-" else None
url = "http://127.0.0.1:{port}{prefix}/" + path
call = urllib.request.Request(url, data=body, method=given["--method"])
call.add_header("Authorization", "token " + os.environ.get("{variable}", ""))
try:
    answer = urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open(call).read()
except urllib.error.HTTPError as error:
    sys.stdout.buffer.write(error.read())
    sys.stderr.write(f"{name}: {{error.reason}} (HTTP {{error.code}})\\n")
    sys.exit(1)
sys.stdout.buffer.write(answer)
'''
