"""Uploads of those who have shown who they are may be larger than other requests.

Whether somebody may upload, the route says after the body was read; who they are is asked before, so that a stranger does not fill
the disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.middleware.body_limit import RequestBodyLimitResponder
from starlette.requests import Request

from regenqc.errors import RegenqcError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["UploadLimits"]

_UPLOADS: Final = frozenset({"/api/v1/evaluations", "/api/v1/verify"})


class UploadLimits:
    """Give the operations that take files a limit of their own; it counts in place of the one around it.

    Args:
        application: that answers.
        largest_bytes: of an upload.
    """

    def __init__(self, application: ASGIApp, *, largest_bytes: int) -> None:
        self._application = application
        self._largest_bytes = largest_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = self._application
        if scope["type"] == "http" and scope["path"] in _UPLOADS and await run_in_threadpool(_is_known, scope):
            answer = RequestBodyLimitResponder(self._application, self._largest_bytes)
        await answer(scope, receive, send)


def _is_known(scope: Scope) -> bool:
    try:
        return scope["app"].state.console.identify(Request(scope)) is not None
    except RegenqcError:  # the registry of people cannot be read: the route says so
        return False
