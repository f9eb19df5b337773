"""The scrubbed environment that programs started by ccc get."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from ccc.domain.sessions import Session

KEPT = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LANG", "TERM", "TZ"),
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE"),
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "VIRTUAL_ENV"),
    }
)
"""What a build needs to find its tools and the network; no tokens, no `CCC_*`, no agent's markers."""

KEPT_PREFIXES = ("LC_", "XDG_")


AGENT_PREFIXES = ("ANTHROPIC_", "DISABLE_", "CLAUDE_CODE_")
AGENT_NAMES = frozenset({"CLAUDE_CONFIG_DIR", "API_TIMEOUT_MS"})

SESSION_MARKERS = frozenset(
    {
        *("CLAUDE_CODE_ENTRYPOINT", "CLAUDE_CODE_SESSION_ID", "CLAUDE_CODE_SSE_PORT"),
        *("CLAUDE_CODE_SESSION_ACCESS_TOKEN", "CLAUDE_CODE_PARENT_SESSION_ID", "CLAUDE_CODE_AGENT_ID"),
        *("CLAUDE_CODE_CHILD_SESSION", "CLAUDE_CODE_REMOTE", "CLAUDE_CODE_REMOTE_SESSION_ID"),
        *("CLAUDE_CODE_EXECPATH", "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS"),
    }
)
"""What an outer Claude Code tells its children of itself; a session is nobody's child."""


def agent_environment(source: Mapping[str, str], more: Sequence[str] = ()) -> dict[str, str]:
    """What an agent's program gets: what a build gets, and what its user says to the program itself.

    The user's login and settings keep working. `more` are names or patterns (`AWS_*`) from the configuration.
    """
    found = scrubbed(source)
    for key, value in source.items():
        own = key in AGENT_NAMES or key.startswith(AGENT_PREFIXES)
        named = any(fnmatchcase(key, pattern) for pattern in more)
        if (own and key not in SESSION_MARKERS) or named:
            found[key] = value
    return found


def scrubbed(source: Mapping[str, str] | None = None) -> dict[str, str]:
    """Only what is on the list above, from the given environment or this process's."""
    found = os.environ if source is None else source
    return {
        key: value for key, value in found.items() if key.upper() in KEPT or key.startswith(KEPT_PREFIXES)
    }


def session_environment(session: Session) -> dict[str, str]:
    """What a session's programs are told (CONTRACT §1)."""
    own: dict[str, Any] = {"CCC_SESSION": session.id, "CCC_NAME": session.name, "CCC_ROLE": session.role}
    if session.ports is not None:
        own["CCC_PORT_BASE"] = session.ports
    return {key: str(value) for key, value in own.items()}
