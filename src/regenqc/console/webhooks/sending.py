"""Send one event to one receiver: one attempt, no redirect followed, nothing of the answer kept but its status."""

from __future__ import annotations

import socket
import ssl
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Final

from regenqc.console.webhooks.addresses import permitted_target
from regenqc.console.webhooks.signing import signature_headers
from regenqc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.console.webhooks.addresses import Target

__all__ = ["Sent", "send"]

_SECONDS: Final = 10.0
_READ_BYTES: Final = 4096


class Sent(tuple[int, str]):
    """Status of the answer, 0 when there was none, and what went wrong in words, empty when nothing did."""

    __slots__ = ()

    @property
    def is_taken(self) -> bool:
        """Return whether the receiver took the event."""
        return 200 <= self[0] < 300


class _Pinned(HTTPConnection):
    """A connection to the address that was permitted, whatever the name resolves to by now."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=_SECONDS)
        self._target = target

    def connect(self) -> None:
        """Connect to the permitted address."""
        plain = socket.create_connection((self._target.address, self._target.port), timeout=_SECONDS)
        if not self._target.is_secure:
            self.sock = plain
            return
        try:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self._target.host)
        except BaseException:
            plain.close()
            raise


def send(url: str, body: bytes, *, event_id: str, secret: str, seconds: int, networks: Sequence[str]) -> Sent:
    """Send an event once.

    Args:
        url: of the receiver.
        body: canonical JSON.
        event_id: of the event.
        secret: of the subscription.
        seconds: since 1970, now.
        networks: that may be called although they are not public.
    """
    headers = signature_headers(body, event_id=event_id, secret=secret, seconds=seconds)
    connection = None
    try:
        target = permitted_target(url, networks=networks)
        connection = _Pinned(target)
        connection.request(
            "POST", target.path, body, {"Content-Type": "application/json", "User-Agent": "regenqc", **headers}
        )
        answer = connection.getresponse()
        answer.read(_READ_BYTES)
    except UsageError as error:
        return Sent((0, f"{error.faults[0].code} {error.faults[0].got}"))
    except (OSError, HTTPException, ValueError) as error:
        return Sent((0, f"{type(error).__name__}: {error}"[:200]))
    finally:
        if connection is not None:
            connection.close()
    return Sent((answer.status, "" if 200 <= answer.status < 300 else f"answered {answer.status}"))
