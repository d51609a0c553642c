"""Forged requests: what another site makes a browser send is refused before it reaches a route.

Three things must hold for a request that changes something: the browser does not say that another site sent it (`Origin`,
`Sec-Fetch-Site`); where a cookie of a session came along, so did the word that only a page of that session knows; and the cookie
itself is not sent by forms of other sites (`SameSite`).
"""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import urlsplit

from fastapi import Request

from regenqc.console.access.identify import bearer_of
from regenqc.console.access.sessions import csrf_of, token_of
from regenqc.console.refusals import Forged

__all__ = ["FIELD", "HEADER", "refuse_forgeries"]

FIELD: Final = "csrf"
HEADER: Final = "x-csrf-token"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


async def refuse_forgeries(request: Request) -> None:
    """Refuse a request that another site made; a dependency of every route.

    Raises:
        Forged: the browser says so, or the word of the session is missing or another one.
    """
    if request.method in _SAFE:
        return
    if not _is_own(request, request.app.state.console.office.policy.public_url):
        raise Forged("another site")
    token = token_of(request)
    # No browser adds `Authorization` by itself, and a request that has it is judged by it alone.
    if not token or bearer_of(request) is not None:
        return
    said = request.headers.get(HEADER, "")
    if not said and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get(FIELD)
        said = field if isinstance(field, str) else ""
    if not hmac.compare_digest(said.encode("utf-8", errors="replace"), csrf_of(token).encode()):
        raise Forged("no word of this session")


def _is_own(request: Request, public_url: str) -> bool:
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    if public_url:
        return origin.lower() == _origin_of(public_url)
    return urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower() != ""


def _origin_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower()
