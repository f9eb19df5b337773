"""Sessions and sightings for views, without a repository."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ccc.domain import sessions
from ccc.domain.events import Event
from ccc.domain.landings import Approval, Entry, Gate
from ccc.domain.notes import Note
from ccc.domain.report import Report
from ccc.domain.sessions import Claim, Closed, Command, Landed, Rejection, Run, Session, Verification
from ccc.domain.status import Seen, derive
from ccc.git.history import CommitInfo, FileChange
from ccc.git.mergetree import ConflictFile, Hunk
from ccc.ops.items import Item, item
from ccc.ops.landing.combine import Combined
from ccc.ops.landing.review import Review, ShownConflict, Side
from ccc.ops.look import Picture, Sighting
from ccc.ops.orient import Orientation
from ccc.ops.show import Shown
from ccc.store.protocol import Logged
from ccc.store.states import Before

NOW = "2026-10-03T12:10:00.000Z"
AT = "2026-10-03T12:00:00.000Z"
HEAD, BASE, TREE = "a" * 40, "b" * 40, "c" * 40
CHECK = Command("make test", 0, 1.25, AT, None)
FAILED = Command("make test", 2, 1.25, AT, None)


def session(name: str = "backend-jwt-auth", **changes: Any) -> Session:
    stamp = "20261003T120000.000+000.aaaaaa"
    fields: dict[str, Any] = {
        "name": name,
        "role": "backend",
        "task": "JWT auth",
        "branch": f"ccc/backend/{name[8:]}",
    }
    fields |= {"worktree": f"/src/{name}", "where": "here", "target": "main", "base": BASE, "head": HEAD}
    made = sessions.from_cells("7f" * 16, {key: (stamp, value) for key, value in fields.items()})
    assert made is not None
    return replace(made, **changes)


def done(**changes: Any) -> dict[str, Any]:
    return {"claim": Claim("done", HEAD, "trailer", "", AT), "run": Run(1, "running", "", AT), **changes}


LANDED = Landed("d" * 40, HEAD, BASE, TREE, "main", None, AT)
STATES: dict[str, dict[str, Any]] = {
    "created": {},
    "running": {"run": Run(1, "running", "commits arrive", AT)},
    "waiting": {"claim": Claim("blocked", HEAD, "command", "no database here", AT)},
    "reported": done(),
    "verified": done(verification=Verification(HEAD, "passed", (CHECK,), AT)),
    "unchecked": done(verification=Verification(HEAD, "none", (), AT)),
    "completed": done(landed=LANDED),
    "closed": done(closed=Closed("completed", "refs/ccc-backup/x/1", AT)),
    **{
        status: {"run": Run(1, status, f"event says {status}", AT)}
        for status in ("queued", "starting", "idle", "limited", "paused", "blocked", "failed", "stopped")
    },
}
"""What leads to each status that does not depend on the machine."""


def sighting(made: Session, *, seen: Seen | None = None) -> Sighting:
    return Sighting(made, derive(made, seen or Seen(HEAD, worktree=True), NOW))


def every_status() -> dict[str, Sighting]:
    found = {status: sighting(session(f"backend-{status}", **changes)) for status, changes in STATES.items()}
    found["lost"] = sighting(session("backend-lost"), seen=Seen(HEAD, worktree=False))
    far = session("backend-unknown", run=Run(1, "running", "", AT))
    found["unknown"] = Sighting(far, derive(far, None, NOW))
    return found


def rejected() -> Session:
    return session(
        **done(rejection=Rejection(HEAD, "too long", "Lead <lead@example.com>", "2026-10-03T12:05:00.000Z"))
    )


def conflict_review(policy: Any = None) -> Review:
    made = session(
        "frontend-login-page", task="Login page", **done(verification=Verification(HEAD, "none", (), AT))
    )
    words = "CONFLICT (content): Merge conflict in shop/routes.py"
    file = ConflictFile("shop/routes.py", "content", words, {}, "shop/routes.py")
    hunk = Hunk(('    "/token": "signed",',), (), ('    "/login": "form",',), 5, 5)
    combined = Combined(made, "main", BASE, HEAD, None, (file,), False, policy)
    side = Side("backend-jwt-auth", "JWT auth")
    return Review(
        sighting=sighting(made),
        entry=Entry(made.id, AT, 0, "main", (), None),
        combined=combined,
        gate=None,
        has_gate=True,
        changes=(),
        conflicts=(ShownConflict(file, (hunk,), (side,)),),
        approvals=(),
        needed=1,
        state="failed",
        why_not=("1 file is in conflict with main",),
        position=1,
    )


def clean_review() -> Review:
    made = session(**done(verification=Verification(HEAD, "passed", (CHECK,), AT)))
    combined = Combined(made, "main", BASE, HEAD, TREE, (), False, None)  # type: ignore[arg-type]
    return Review(
        sighting=sighting(made),
        entry=Entry(made.id, None, 0, None, (), None),
        combined=combined,
        gate=Gate("none", BASE, HEAD, TREE, False, ()),
        has_gate=False,
        changes=(FileChange("login.py", 3, 1, "A"), FileChange("logo.png", None, None, "M")),
        conflicts=(),
        approvals=(),
        needed=1,
        state="passed",
        why_not=("approval by a person is missing (0 of 1)",),
        position=None,
    )


def picture(*sightings: Sighting) -> Picture:
    return Picture(Before(), sightings)


def shown_session(**changes: Any) -> Shown:
    """A session of which everything is known."""
    made = session(
        alias="groucho",
        created_by="Developer <developer@example.com>",
        progress=80,
        priority=2,
        engine="claude",
        model="small",
        runner="local",
        parent="9e" * 16,
        after=("5d" * 16,),
        **done(verification=Verification(HEAD, "failed", (CHECK, FAILED), "2026-10-03T12:01:00.000Z")),
    )
    seen = sighting(made)._replace(ahead=2, behind=1, dirty=True)
    child = replace(session("frontend-form"), id="4c" * 16, parent=made.id)
    other = replace(session("backend-keys"), id="5d" * 16)
    everyone = (seen, sighting(child), sighting(other))
    fields: dict[str, Any] = {
        "picture": picture(*everyone),
        "sighting": seen,
        "brief": "# Brief\n\nDo it.\nWell.\nSoon.\nThen report.\nThen rest.\n",
        "report": Report(
            "done", "Tokens are signed", ("rotate keys",), "Tokens are signed.\n\nSee tokens.py.\n"
        ),
        "commits": (CommitInfo(HEAD, (BASE,), "Developer", 1_790_000_000, "Sign tokens", ""),),
        "files": (FileChange("tokens.py", 3, 1, "A"), FileChange("logo.png", None, None, "M")),
        "notes": (Note("n1", "decision", "RS256", "asymmetric", made.id, f"s:{made.id}", AT),),
        "conflicts": (conflict_review().conflicts[0],),
        "approvals": ((Approval("Lead <lead@example.com>", AT, BASE, HEAD, TREE), True),),
        "children": (sighting(child),),
    }
    return Shown(**{**fields, **changes})


def waiting_item(**changes: Any) -> Item:
    fields: dict[str, Any] = {
        "kind": "approval",
        "title": "backend-jwt-auth is verified",
        "text": "landing it needs your approval",
        "since": AT,
        "command": "git ccc merge backend-jwt-auth",
        "key": HEAD,
        "session": session(),
        **changes,
    }
    return item(fields.pop("kind"), fields.pop("session"), fields.pop("key"), **fields)


def logged(
    text: str = "committed aaaaaaa Sign tokens", *, commit: str | None = "f" * 40, **changes: Any
) -> Logged:
    fields: dict[str, Any] = {
        "id": "20261003T120000.000+000.aaaaaa",
        "type": "session.committed",
        "subject": "backend-jwt-auth",
        "text": text,
        "session": "7f" * 16,
        "by": "s:" + "7f" * 16,
        **changes,
    }
    return Logged(Event(**fields), commit)


def orientation(**changes: Any) -> Orientation:
    fields: dict[str, Any] = {
        "repository": "/src/shop",
        "branch": "main",
        "initialised": True,
        "agents": ("claude",),
        "picture": picture(*every_status().values()),
        "waiting": (waiting_item(),),
        "targets": ("main",),
        "next": ("git ccc merge backend-jwt-auth",),
        **changes,
    }
    return Orientation(**fields)
