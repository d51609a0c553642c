"""What one client may ask of the server: requests in a while, requests at once, bodies that make progress.

How large a body may be, `starlette.middleware.body_limit` sees to; heads that do not come and answers that nobody takes,
`serving` does.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from fastapi import HTTPException
from fastapi.responses import JSONResponse

from regenqc.console.access.networks import network_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from regenqc.console.access.policy import AccessPolicy

__all__ = ["Bucket", "RequestLimits"]

# Whoever watches over the server is never told to come again.
_ALWAYS: Final = frozenset({"/health"})
_MOST_ADDRESSES: Final = 10_000


class Bucket:
    """Count requests by address: a burst at once, then so many a second.

    Args:
        per_second: on average.
        burst: at once.
        seconds: a clock that never goes back.

    Example:
        >>> bucket = Bucket(per_second=1, burst=2, seconds=lambda: 0.0)
        >>> [bucket.admits("10.0.0.1") for _ in range(3)], bucket.admits("10.0.0.2")
        ([True, True, False], True)
    """

    def __init__(self, *, per_second: float, burst: int, seconds: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._seconds = seconds
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admits(self, address: str) -> bool:
        """Return whether one more request of an address is taken, and count it."""
        now = self._seconds()
        left, counted_at = self._left.pop(address, (float(self._burst), now))
        left = min(float(self._burst), left + (now - counted_at) * self._per_second)
        is_admitted = left >= 1
        self._left[address] = (left - is_admitted, now)
        if len(self._left) > _MOST_ADDRESSES:
            self._left.popitem(last=False)
        return is_admitted


class RequestLimits:
    """Refuse what is too much, and give up what makes no progress.

    Args:
        application: that answers.
        policy: what the site decided.
        refused: is told the reason of each refusal, for the metrics.
        seconds: a clock that never goes back.
    """

    def __init__(
        self,
        application: ASGIApp,
        *,
        policy: AccessPolicy,
        refused: Callable[[str], None],
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._application = application
        self._policy = policy
        self._refused = refused
        self._seconds = seconds
        self._bucket = Bucket(per_second=policy.requests_per_second, burst=policy.burst, seconds=seconds)
        self._open = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] in _ALWAYS:
            await self._application(scope, receive, send)
            return
        client = scope.get("client")
        if not self._bucket.admits(network_of(client[0] if client else "")):
            self._refused("rate")
            await _later("RQC-W429", "Too many requests from this address.", 429)(scope, receive, send)
            return
        if self._open >= self._policy.concurrent_requests:
            self._refused("busy")
            await _later("RQC-W503", "The server is answering as many requests as it takes at once.", 503)(
                scope, receive, send
            )
            return
        self._open += 1
        try:
            await self._application(scope, self._impatient(receive), send)
        finally:
            self._open -= 1

    def _impatient(self, receive: Receive) -> Receive:
        """Return a body that is given up when it makes no progress, or too little."""
        started = self._seconds()
        received = 0
        is_complete = False

        async def next_part() -> Message:
            nonlocal received, is_complete
            if is_complete:  # what follows is the end of the connection, which may take as long as it likes
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), self._policy.body_seconds)
            except TimeoutError as error:
                raise self._too_slow() from error
            received += len(message.get("body", b""))
            is_complete = not message.get("more_body", False)
            lapse = self._seconds() - started - self._policy.body_seconds
            if not is_complete and received < lapse * self._policy.slowest_bytes_per_second:
                raise self._too_slow()
            return message

        return next_part

    def _too_slow(self) -> HTTPException:
        self._refused("slow")
        return HTTPException(408, "The body of the request came too slowly.", headers={"Connection": "close"})


def _later(code: str, what: str, status: int) -> JSONResponse:
    return JSONResponse(
        {"faults": [{"code": code, "what": what}]},
        status_code=status,
        headers={"Retry-After": "1", "Connection": "close"},
    )
