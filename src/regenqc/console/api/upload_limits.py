"""Uploads of those who have shown who they are may be larger than other requests.

Whether somebody may upload, the route says after the body was read; who they are is asked before, so that a stranger does not fill
the disk.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.middleware.body_limit import RequestBodyLimitResponder
from starlette.requests import Request

from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["UploadLimits"]


class UploadLimits:
    """Give the operations that take files a limit of their own; it counts in place of the one around it.

    Args:
        application: that answers.
        largest_bytes: of an upload, by the pattern of the paths that take it.
    """

    def __init__(self, application: ASGIApp, *, largest_bytes: Mapping[str, int]) -> None:
        self._application = application
        self._largest_bytes = {re.compile(pattern): largest for pattern, largest in largest_bytes.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = self._application
        if scope["type"] == "http" and scope["method"] == "POST":
            largest = self._largest_of(scope["path"])
            if largest is not None and await run_in_threadpool(_is_known, scope):
                answer = RequestBodyLimitResponder(self._application, largest)
        await answer(scope, receive, send)

    def _largest_of(self, path: str) -> int | None:
        return next((largest for pattern, largest in self._largest_bytes.items() if pattern.fullmatch(path)), None)


def _is_known(scope: Scope) -> bool:
    try:
        return scope["app"].state.console.identify(Request(scope)) is not None
    except RegenqcError:  # the registry of people cannot be read: the route says so
        return False
