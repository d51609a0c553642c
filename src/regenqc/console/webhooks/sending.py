"""Send one event to one receiver: one attempt, no redirect followed, nothing of the answer kept but its status."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from threading import Timer
from typing import TYPE_CHECKING, Final

from regenqc.console.webhooks.addresses import permitted_target
from regenqc.console.webhooks.signing import signature_headers
from regenqc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.console.webhooks.addresses import Target

__all__ = ["Sent", "send"]

_SECONDS: Final = 10.0
_SECONDS_IN_ALL: Final = 30.0
_READ_BYTES: Final = 4096


class Sent(tuple[int, str]):
    """Status of the answer, 0 when there was none, and what went wrong in words, empty when nothing did."""

    __slots__ = ()

    @property
    def is_taken(self) -> bool:
        """Return whether the receiver took the event."""
        return 200 <= self[0] < 300


class _Pinned(HTTPConnection):
    """A connection to the address that was permitted, whatever the name resolves to by now.

    It ends when the time for all of an attempt is over: a receiver that sends a byte now and then keeps none of the others
    waiting.
    """

    def __init__(self, target: Target, *, seconds_in_all: float) -> None:
        super().__init__(target.host, target.port, timeout=_SECONDS)
        self._target = target
        self._end = Timer(seconds_in_all, self._break_off)
        self._end.daemon = True
        self.is_broken_off = False

    def connect(self) -> None:
        """Connect to the permitted address."""
        self.sock = socket.create_connection((self._target.address, self._target.port), timeout=_SECONDS)
        if self._target.is_secure:
            self.sock = ssl.create_default_context().wrap_socket(
                self.sock, server_hostname=self._target.host, do_handshake_on_connect=False
            )
        self._end.start()
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def close(self) -> None:
        """Close it, in time or not."""
        self._end.cancel()
        super().close()

    def _break_off(self) -> None:
        self.is_broken_off = True
        with suppress(OSError, AttributeError):  # it may have been closed already
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def send(
    url: str,
    body: bytes,
    *,
    event_id: str,
    secret: str,
    seconds: int,
    networks: Sequence[str],
    seconds_in_all: float = _SECONDS_IN_ALL,
) -> Sent:
    """Send an event once.

    Args:
        url: of the receiver.
        body: canonical JSON.
        event_id: of the event.
        secret: of the subscription.
        seconds: since 1970, now.
        networks: that may be called although they are not public.
        seconds_in_all: for connection, request and answer; each step takes at most ten of them.
    """
    headers = signature_headers(body, event_id=event_id, secret=secret, seconds=seconds)
    connection = None
    try:
        target = permitted_target(url, networks=networks)
        connection = _Pinned(target, seconds_in_all=seconds_in_all)
        connection.request(
            "POST", target.path, body, {"Content-Type": "application/json", "User-Agent": "regenqc", **headers}
        )
        answer = connection.getresponse()
        answer.read(_READ_BYTES)
        if connection.is_broken_off:  # half an answer reads like a whole one
            return Sent((0, f"TimeoutError: more than {seconds_in_all:g} s in all"))
    except UsageError as error:
        return Sent((0, f"{error.faults[0].code} {error.faults[0].got}"))
    except HTTPException as error:  # its words are those of the receiver
        return Sent((0, type(error).__name__))
    except (OSError, ValueError) as error:
        return Sent((0, f"{type(error).__name__}: {error}"[:200]))
    finally:
        if connection is not None:
            connection.close()
    return Sent((answer.status, "" if 200 <= answer.status < 300 else f"answered {answer.status}"))
