"""The server around the application: heads of requests in time, connections bounded, TLS by file, an end that waits."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from regenqc.console.access.policy import AccessPolicy

__all__ = ["server_of"]

_LARGEST_HEAD_BYTES: Final = 32 * 1024


def server_of(application: ASGIApp, *, policy: AccessPolicy, host: str, port: int) -> uvicorn.Server:
    """Return the server of an application; `run()` answers until the process is told to end.

    On SIGTERM it takes no more connections, answers what it has begun within `graceful_seconds`, and ends.

    Args:
        application: that answers.
        policy: what the site decided.
        host: address to listen at.
        port: to listen at.
    """
    config = uvicorn.Config(
        application,
        host=host,
        port=port,
        http=_timed(policy.header_seconds, policy.answer_seconds),
        ws="none",
        # Forwarded headers are the application's affair: it knows which proxies the site trusts.
        proxy_headers=False,
        server_header=False,
        # Paths name lots; who asked for what is in the journal.
        access_log=False,
        log_level="warning",
        limit_concurrency=policy.connections,
        timeout_keep_alive=int(policy.header_seconds),
        timeout_graceful_shutdown=policy.graceful_seconds,
        h11_max_incomplete_event_size=_LARGEST_HEAD_BYTES,
        ssl_certfile=policy.tls_certificate,
        ssl_keyfile=policy.tls_key,
    )
    return uvicorn.Server(config)


def _timed(header_seconds: float, answer_seconds: float) -> type[H11Protocol]:
    """Return connections that end when a head takes too long to come, or an answer too long to be taken.

    uvicorn closes a connection that is idle between requests; it waits without end for a head that has begun, and for a client
    that reads nothing.
    """

    class Timed(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None
        _unheard: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._expect_head()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is h11.IDLE:
                self._expect_head()
            else:
                self._head_came()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head_came()
            self._heard()
            super().connection_lost(exc)

        def pause_writing(self) -> None:
            super().pause_writing()
            if self._unheard is None:
                self._unheard = self.loop.call_later(answer_seconds, self.transport.abort)

        def resume_writing(self) -> None:
            super().resume_writing()
            self._heard()

        def _heard(self) -> None:
            if self._unheard is not None:
                self._unheard.cancel()
                self._unheard = None

        def _expect_head(self) -> None:
            # From the first byte on; further bytes give no more time.
            if self._deadline is None:
                self._deadline = self.loop.call_later(header_seconds, self._give_up)

        def _head_came(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _give_up(self) -> None:
            self._deadline = None
            if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
                self.transport.close()

    return Timed
