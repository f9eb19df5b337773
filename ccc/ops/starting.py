"""Starting an agent in a session: what it is told, what it may, and the host that runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ccc.domain.life import Ending, Life
from ccc.domain.sessions import Limits, Session, from_cells, stream_of
from ccc.engines import registry
from ccc.errors import CccError, EngineFailed, NotFound, Refused, StoreBusy
from ccc.ops import budgets, places
from ccc.ops.environment import agent_environment, session_environment
from ccc.ops.notices import channels
from ccc.ops.policy import Policy, starting_policy, target_policy_of
from ccc.ops.workspace import Workspace
from ccc.platform import processes
from ccc.records import dataclass
from ccc.runs import drain, handed, life
from ccc.runs.files import RunFiles, SessionFiles
from ccc.runs.order import MODULE, Order
from ccc.store.crashpoints import reached

if TYPE_CHECKING:
    from ccc.config.roles import Role

UP_SECONDS = 30.0
AGAIN = 3
"""How often a host is begun again that somebody killed before it was there: no agent has begun by then."""

TAKEN = 3
BYPASS = "bypassPermissions"

GOING_ON = (
    "You are started again in the same worktree, with the same task. What you did before is in this"
    " conversation; look at `git status` and `git log --oneline -5`, then go on."
)


@dataclass(frozen=True)
class Before:
    """What the runs before are reckoned with in one that goes on from them after a crash.

    `restarts` of all of them, `strikes` since a turn ended, `delay` seconds before the agent starts,
    or the rate limit ({why, until}) that it is parked for. `beyond`: the day (UTC) on which a person let it
    go past what it has together with others.
    """

    restarts: int = 0
    strikes: int = 0
    delay: float = 0.0
    parked: Mapping[str, str] = field(default_factory=dict)
    beyond: str = ""


@dataclass(frozen=True)
class Prepared:
    """A run that could begin: its order, its files, the environment of its host."""

    order: Order
    files: RunFiles
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Manner:
    """How a run begins.

    `resume` None takes the conversation up again if there is one. `prompt` is what the agent is told first:
    by default its brief, or that it goes on; an empty one leaves it to the mail that waits. `hand_back`: only
    for the last turn that a session owes that has used up a limit. `before`: what it goes on from.
    """

    resume: bool | None = None
    prompt: str | None = None
    hand_back: bool = False
    before: Before = Before()


def prepare(workspace: Workspace, session: Session, manner: Manner) -> Prepared:
    """Everything about a run that can be found out before it begins; nothing is made.

    Raises EngineFailed where the engine cannot work here, Refused for a session that cannot be started.
    """
    refuse_unstartable(workspace, session, hand_back=manner.hand_back)
    recorded, shared = budgets.as_recorded(workspace, session), budgets.shared_with_others(workspace, session)
    policy = starting_policy(workspace, session.target)
    role = policy.roles.get(session.role)
    reference = session.engine or engine_for(workspace, policy, session)
    environment = environment_of(workspace, session, policy)
    options = options_of(policy, reference)
    registry.make(reference, options, environment)
    files = SessionFiles.of(workspace.layout, session.id)
    again = can_resume(workspace, session) if manner.resume is None else manner.resume
    number = next_number(session, files.latest() or 0)
    told = manner.prompt
    if told is None:
        told = GOING_ON if again else first_words(workspace, session)
    order = Order(
        session=session.id,
        name=session.name,
        role=session.role,
        run=number,
        engine=reference,
        worktree=str(session.worktree),
        prompt=told,
        system=_system(session, role),
        conversation=_conversation(session, again),
        starter=processes.own_identity(),
        resumes=again,
        model=session.model or role.front.model or policy.settings.session.model,
        tools=role.front.tools,
        permission_mode=permission_mode(workspace, session.target, role),
        options={**options, **_fork(workspace, session, reference, again)},
        silence=policy.settings.session.silence,
        rest=policy.settings.session.rest,
        retries=policy.settings.session.restarts,
        restarts=manner.before.restarts,
        strikes=manner.before.strikes,
        delay=manner.before.delay,
        parked=manner.before.parked,
        limits=budgets.in_force(workspace, recorded, role, policy),
        spent=budgets.spent_by(recorded),
        warned=budgets.warned(workspace, session),
        handback=policy.settings.limits.handback,
        handback_tokens=policy.settings.limits.handback_tokens,
        rate_wait=policy.settings.limits.rate_wait,
        stagger=policy.settings.limits.stagger,
        repeats=policy.settings.limits.repeats,
        shared=shared != Limits(),
        shared_limits=budgets.given(shared),
        beyond=manner.before.beyond,
        hand_back=budgets.to_hand_back(recorded) if manner.hand_back else {},
    )
    return Prepared(order, files.run(number), channels.host_environment(workspace, environment))


def refuse_unstartable(workspace: Workspace, session: Session, *, hand_back: bool = False) -> None:
    """Raises Refused for a session that is closed, of another machine, without worktree, or alive."""
    if session.closed is not None:
        raise Refused(f"{session.name} is closed", f"git ccc undo {session.name} brings it back")
    budgets.refuse_exhausted(workspace, session, hand_back=hand_back)
    if session.where != workspace.replica:
        raise Refused(f"{session.name} lives in another copy of the repository", "start it there")
    if not places.is_there(session):
        raise Refused(*places.gone_or_moved(workspace, session))
    found = life.sight(workspace.layout, session.id)
    if found is not None and lives(found):
        raise Refused(f"{session.name} is {found.phase} already", f"git ccc output {session.name} -f")
    visitor = handed.visitor(SessionFiles.of(workspace.layout, session.id))
    if visitor is not None:
        raise Refused(f"claude is open in {session.name} (process {visitor})", "end it there first")


def lives(found: Life) -> bool:
    """Whether a run's host or agent is there."""
    return found.host is not None or found.agent is not None


def can_resume(workspace: Workspace, session: Session) -> bool:
    """Whether the session's conversation can be taken up again: it had one, with an engine that can."""
    if session.conversation is None or session.engine is None:
        return False
    name = session.engine.partition(":")[0]
    if name in registry.BUILT_IN:
        return True
    policy = starting_policy(workspace, session.target)
    return bool(options_of(policy, session.engine).get("resume"))


def engine_for(workspace: Workspace, policy: Policy, session: Session, wanted: str | None = None) -> str:
    """The engine of a session: as asked for, else that of its last run here, else as `engine_of`.

    A run that was stopped before its first word has left no engine in the diary. Raises NotFound.
    """
    files = SessionFiles.of(workspace.layout, session.id)
    latest = files.latest() if wanted is None else None
    order = None if latest is None else Order.read(files.run(latest))
    if order is not None:
        return order.engine
    return engine_of(workspace, policy, policy.roles.get(session.role), wanted)


def engine_of(workspace: Workspace, policy: Policy, role: Role, wanted: str | None) -> str:
    """The engine's reference: as asked for, else the role's, else the configured one. Raises NotFound.

    A script is meant from where the caller stands, or from the main checkout; its path is made absolute.
    """
    reference = wanted or role.front.engine or policy.settings.engine
    name, _, argument = reference.partition(":")
    known = [*registry.BUILT_IN, *policy.settings.engines]
    if name not in known:
        raise NotFound(f"no engine {name}", f"engines: {', '.join(known)}")
    if name == registry.REHEARSAL and not argument:
        raise NotFound("a rehearsal needs its script", "--engine rehearsal:PATH")
    if name == registry.REHEARSAL:
        top = workspace.directory if wanted else workspace.checkout or workspace.directory
        path = top / argument
        if not path.is_file():
            raise NotFound(f"no script {path}", "--engine rehearsal:PATH")
        return f"{name}:{path}"
    return reference


def options_of(policy: Policy, reference: str) -> dict[str, Any]:
    """What the configuration says of an engine."""
    section = policy.settings.engines.get(reference.partition(":")[0])
    return {} if section is None else {"command": list(section.command), "resume": list(section.resume)}


def environment_of(workspace: Workspace, session: Session, policy: Policy) -> dict[str, str]:
    """The agent's environment: scrubbed, told which session it is, with `git ccc` on its PATH."""
    found = agent_environment(workspace.environment, policy.settings.session.environment)
    path = found.get("PATH", os.defpath)
    if shutil.which("git-ccc", path=path) is None:
        path = os.pathsep.join([path, str(Path(sys.executable).parent)])
    return {**found, "PATH": path, **session_environment(session)}


def permission_mode(workspace: Workspace, target: str, role: Role) -> str:
    """The role's; bypassing permissions needs the target branch's own word. Raises Refused."""
    mode = role.front.permission_mode
    if mode != BYPASS:
        return mode
    if not _target_bypasses(workspace, target, role.name):
        raise Refused(
            f"role {role.name} bypasses permissions, and {target} does not say so",
            f"commit .ccc/roles/{role.name}.md to {target} first",
        )
    if os.geteuid() == 0 and workspace.environment.get("IS_SANDBOX") != "1":
        raise Refused(
            "an agent is not started as root without permissions",
            "run as another user, or choose another permission_mode for the role",
        )
    return mode


def _target_bypasses(workspace: Workspace, target: str, role: str) -> bool:
    try:
        front = target_policy_of(workspace, target).roles.get(role).front
    except NotFound:
        return False
    return bool(front.permission_mode == BYPASS)


def first_words(workspace: Workspace, session: Session) -> str:
    """The first thing an agent is told: its brief."""
    brief = ""
    if session.brief is not None:
        brief = workspace.reader.state().blob(session.brief).decode("utf-8", "replace")
    lead = f"You are {session.name}, a {session.role} specialist started by git ccc. This is your brief:"
    return f"{lead}\n\n{brief or session.task}"


def _system(session: Session, role: Role) -> str:
    from ccc.config.briefs import system_prompt
    from ccc.ops.brief import values_of

    return system_prompt(role, values_of(session))


def _conversation(session: Session, again: bool) -> str:
    if again and session.conversation:
        return session.conversation
    return str(uuid.uuid4())


def _fork(workspace: Workspace, session: Session, reference: str, again: bool) -> dict[str, Any]:
    """The conversation that a session begins with a copy of: that of the one it goes on from."""
    if again or session.origin is None or reference != registry.CLAUDE:
        return {}
    cells = workspace.reader.state().stream(stream_of(session.origin))
    origin = from_cells(session.origin, cells)
    if origin is None or origin.engine != reference or origin.conversation is None:
        return {}
    return {"fork": origin.conversation}


def next_number(session: Session, latest: int) -> int:
    """The first run of a session has the number it was recorded with, each later one the next."""
    waits = session.run.status in ("created", "queued", "blocked") and latest < session.run.number
    return max(latest + 1, session.run.number + (0 if waits else 1))


def reserve(prepared: Prepared) -> None:
    """Makes the run known: from now on it takes a place, for as long as its starter or its host lives.

    Raises StoreBusy where somebody else was quicker.
    """
    try:
        prepared.files.root.mkdir(parents=True)
    except FileExistsError as error:
        name = prepared.order.name
        raise StoreBusy(f"{name} is being started by somebody else", "git ccc status") from error
    reached("start-claimed")
    prepared.order.write(prepared.files)
    reached("start-reserved")


def launch(workspace: Workspace, prepared: Prepared) -> int:
    """Starts the host of a reserved run, waits until it has taken the session's lock, gives the run's number.

    Raises EngineFailed where it does not come up: then the run has an exit record; Refused.
    """
    try:
        _start_host(workspace, prepared)
    except CccError as error:
        if prepared.files.root.exists():
            life.end(prepared.files, Ending("failed", error.message, workspace.now()))
        raise
    reached("start-launched")
    return prepared.order.run


def _start_host(workspace: Workspace, prepared: Prepared) -> None:
    """Begins the host, and again where it was killed before its first word: no agent has begun by then."""
    order, files = prepared.order, prepared.files
    lock = SessionFiles.of(workspace.layout, order.session).lock
    for _ in range(1 + AGAIN):
        done = _hosted(workspace, prepared)
        if done.returncode > 0:
            break
        if _speaks(files, lock):
            return
    if done.returncode == TAKEN:
        shutil.rmtree(files.root, ignore_errors=True)  # it must not hide the run that lives
        raise Refused(f"{order.name} is alive already", f"git ccc status {order.name}")
    how = f"ended with {done.returncode}" if done.returncode else f"was killed {1 + AGAIN} times"
    words = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it had said nothing"]
    raise EngineFailed(f"the host of {order.name} {how}: {words[-1]}", f"look into {files.root}")


def _hosted(workspace: Workspace, prepared: Prepared) -> subprocess.CompletedProcess[bytes]:
    """What became of the process that begins a host; it ends when the host is on its own."""
    order = prepared.order
    common = str(workspace.repository.common)
    command = [sys.executable, "-E", "-P", "-m", MODULE, common, order.session, str(order.run)]
    try:
        return subprocess.run(
            command,
            env=dict(prepared.environment),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=UP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        words = f"the host of {order.name} did not come up"
        raise EngineFailed(words, f"look into {prepared.files.root}") from error


def _speaks(files: RunFiles, lock: Path) -> bool:
    """Whether the host has said something, or is about to; False where nobody holds the session's lock."""
    until = time.monotonic() + UP_SECONDS
    while time.monotonic() < until:
        lives = drain.held(lock)
        if files.life.exists() or files.exit.exists():
            return True
        if not lives:
            return False
        time.sleep(0.005)
    return True
