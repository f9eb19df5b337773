"""The scrubbed environment that programs started by ccc get."""

from __future__ import annotations

import os
from collections.abc import Mapping

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


def scrubbed(source: Mapping[str, str] | None = None) -> dict[str, str]:
    """Only what is on the list above, from the given environment or this process's."""
    found = os.environ if source is None else source
    return {
        key: value for key, value in found.items() if key.upper() in KEPT or key.startswith(KEPT_PREFIXES)
    }
