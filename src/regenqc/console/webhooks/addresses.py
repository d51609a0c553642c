"""Whom the server may call: what it sends must not become a way into the network behind it.

The name is resolved once, every address that it has must be permitted, and the connection goes to one of these addresses: a name
that resolves to something else a moment later changes nothing.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Target", "permitted_target", "resolved"]

_LONGEST: Final = 2000
# Addresses that carry an IPv4 address inside and lead to it by a gateway.
_CARRIERS: Final = tuple(
    IPv6Network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)


@dataclass(frozen=True, slots=True)
class Target:
    """Say where to connect.

    Args:
        is_secure: by TLS.
        host: name in the certificate and in the header.
        port: of the receiver.
        path: with the query.
        address: to connect to.
    """

    is_secure: bool
    host: str
    port: int
    path: str
    address: str


def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a name, none when it has none."""
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        return []


def permitted_target(
    url: str, *, networks: Sequence[str], resolve: Callable[[str, int], list[str]] = resolved
) -> Target:
    """Return where to connect for an address, if the server may call it.

    Args:
        url: `https://…`; `http://` only to the permitted networks.
        networks: that are permitted although they are not public.
        resolve: returns the addresses of a name.

    Raises:
        UsageError: `RQC-W530`, it may not be called.

    Example:
        >>> permitted_target("https://lims.example.org/hook?a=1", networks=(), resolve=lambda *_: ["93.184.215.14"]).path
        '/hook?a=1'
        >>> permitted_target("https://lims.example.org/hook", networks=(), resolve=lambda *_: ["10.0.0.5"])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.UsageError: RQC-W530 This address may not be called. ... Got: 10.0.0.5 is not public. ...
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refused(url, str(error)) from error
    if (
        parts.scheme not in {"https", "http"}
        or not host
        or len(url) > _LONGEST
        or not url.isascii()
        or not url.isprintable()
    ):
        raise _refused(url, "no address of a web service")
    if parts.username is not None or parts.password is not None or parts.fragment or " " in url:
        raise _refused(url, "a name, password or fragment in the address")
    is_secure = parts.scheme == "https"
    wanted = port if port is not None else 443 if is_secure else 80
    found = resolve(host, wanted)
    if not found:
        raise _refused(url, f"{host} has no address")
    for text in found:
        address = ip_address(text.partition("%")[0])
        is_own = any(address in network for network in map(ip_network, networks) if network.version == address.version)
        if not is_own and not _is_public(address):
            raise _refused(url, f"{text} is not public")
        if not is_own and not is_secure:
            raise _refused(url, "http, which anybody on the way can read and change")
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    return Target(is_secure, host, wanted, path, found[0])


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None or any(address in network for network in _CARRIERS):
            return False
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _refused(url: str, got: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-W530",
            what="This address may not be called.",
            where=url[:200],
            got=got,
            expected="https to a public address, or a network that the setting webhook_networks names",
            action="Name another address, or have the administrator of the server permit the network.",
        )
    )
