"""Which paths are reserved now, for whom, and who is before whom."""

from __future__ import annotations

from ccc.domain import reserving
from ccc.domain.reserving import KIND, Claim, Standing, claims_in, is_open
from ccc.domain.sessions import Session
from ccc.ops.observe import all_sessions
from ccc.ops.workspace import Workspace
from ccc.records import dataclass
from ccc.store.protocol import State


@dataclass(frozen=True)
class Held:
    """An open claim as people see it: whose, who is before it; `provisional` as in a shared state."""

    standing: Standing
    session: Session
    before: tuple[Session, ...]
    provisional: bool | None

    @property
    def claim(self) -> Claim:
        return self.standing.claim


def holdings(workspace: Workspace, state: State | None = None) -> list[Held]:
    """Every open claim, oldest first."""
    present = workspace.reader.state() if state is None else state
    by_id = {session.id: session for session in all_sessions(present)}
    unshared = _unshared(workspace, present)
    return [
        Held(
            standing,
            by_id[standing.claim.session],
            tuple(dict.fromkeys(by_id[claim.session] for claim in standing.behind)),
            None if unshared is None else standing.claim.session in unshared,
        )
        for standing in reserving.standings(open_claims(present))
    ]


def open_claims(state: State) -> list[Claim]:
    """The claims that count, oldest first."""
    claims = claims_in(state.streams(KIND))
    if not claims:
        return []
    by_id = {session.id: session for session in all_sessions(state)}
    return [claim for claim in claims if is_open(claim, by_id.get(claim.session))]


def ended(state: State) -> dict[str, list[Claim]]:
    """The claims that do not count any more and are still recorded, by session."""
    found: dict[str, list[Claim]] = {}
    claims = claims_in(state.streams(KIND))
    by_id = {session.id: session for session in all_sessions(state)} if claims else {}
    for claim in claims:
        if not is_open(claim, by_id.get(claim.session)):
            found.setdefault(claim.session, []).append(claim)
    return found


def _unshared(workspace: Workspace, state: State) -> frozenset[str] | None:
    """Of whose claims the remote has not all yet; None where the state is not shared."""
    from ccc.ops.sync.provisional import provisional_streams  # where something is reserved only

    found = provisional_streams(workspace, state, KIND)
    return None if found is None else frozenset(found)
