"""One document sent to a URL, signed, with a limit on the whole of it."""

from __future__ import annotations

import hashlib
import hmac
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

TRY_AGAIN = frozenset({408, 425, 429})
"""What a server says that may be better later; 5xx, too. Any other refusal stays one."""


class NotTaken(Exception):
    """It did not arrive, in words without the URL's secrets; `again`: a later attempt may."""

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.again = again


class _NoDetours(urllib.request.HTTPRedirectHandler):
    """What is signed for one place is not carried to another."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def signature(secret: str, body: bytes) -> str:
    """`sha256=` and the HMAC of a body in hex digits."""
    return "sha256=" + hmac.new(secret.encode("utf-8"), body, hashlib.sha256).hexdigest()


def host_of(url: str) -> str:
    """The host of a URL and no more of it: path and query of a webhook are often its secret."""
    return urlsplit(url).hostname or "nowhere"


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> None:
    """Sends it; 2xx is arrived. `timeout` in seconds, for all of it. Raises NotTaken."""
    outcome: list[NotTaken | None] = []
    worker = threading.Thread(target=lambda: outcome.append(_post(url, body, headers, timeout)), daemon=True)
    worker.start()
    worker.join(timeout + 1.0)  # a server that drips its answer never lets a socket's own limit pass
    if not outcome:
        raise NotTaken(f"{host_of(url)} did not answer within {timeout:g} s", again=True)
    if outcome[0] is not None:
        raise outcome[0]


def _post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> NotTaken | None:
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 - http(s) by the configuration's own rule
    opener = urllib.request.build_opener(_NoDetours)
    try:
        with opener.open(request, timeout=timeout):
            return None
    except urllib.error.HTTPError as error:
        error.close()
        again = error.code in TRY_AGAIN or error.code >= 500
        return NotTaken(f"{host_of(url)} answered {error.code}", again=again)
    except TimeoutError:
        return NotTaken(f"{host_of(url)} did not answer within {timeout:g} s", again=True)
    except urllib.error.URLError as error:
        return NotTaken(f"{host_of(url)} cannot be reached: {_reason(error.reason)}", again=True)
    except (OSError, HTTPException, ValueError) as error:
        return NotTaken(f"{host_of(url)} cannot be reached: {_reason(error)}", again=True)


def _reason(error: object) -> str:
    """What went wrong, never with the URL in it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
