"""What a site decides about access: how long a session lives, when somebody is locked out, what the server takes.

No regulation names these numbers. The defaults are what regenqc starts with; `HOME/access.toml` states what the site decided.
Failures before a lockout, idle time and the shortest password come from the registry of people, where the site decided them
for signing, unless they are stated here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urlsplit

from pydantic import ConfigDict, TypeAdapter, ValidationError

from regenqc.errors import Fault, UsageError

__all__ = ["AccessPolicy", "IdentityProvider", "read_policy"]

_CLOSED: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityProvider:
    """Say by which identity provider people may sign in (OpenID Connect, code flow with PKCE).

    Args:
        issuer: address of the provider, as its tokens state it.
        client_id: name of the console there.
        client_secret_file: file whose first line is the secret; empty for a public client.
        name: as the sign-in page calls it.
        algorithms: with which its tokens may be signed.
        second_factor: whether the provider asks for it, so that the console does not.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CLOSED

    issuer: str
    client_id: str
    client_secret_file: Path | None = None
    name: str = "OpenID Connect"
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    second_factor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """Hold what a site decides about access.

    Args:
        public_url: address under which browsers reach the console; with it, another `Host` is refused.
        trusted_proxies: addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` count; of others they do not.
        metrics_from: addresses and networks that may read `/metrics`.
        tls_certificate: file with the chain, where the server itself speaks TLS.
        tls_key: file with its key.
        second_factor: everybody who signs in by password has a second factor, or enrols it first.
        idle_seconds: a session ends when idle so long; 0 takes what the registry states for signing.
        absolute_seconds: a session ends after so long in any case.
        lockout_after: failures in a row; 0 takes what the registry states for signing.
        lockout_seconds: how long a name or an address is locked out.
        address_failures: failures of one address within that time before it is locked out.
        requests_per_second: of one address, on average.
        burst: requests of one address at once.
        concurrent_requests: answered at the same time; more are told to come again.
        connections: open at the same time.
        header_seconds: in which a connection must have sent the head of a request.
        body_seconds: a body that makes no progress for so long is given up.
        slowest_bytes_per_second: a body that comes slower, after `body_seconds`, is given up.
        answer_seconds: an answer that nobody takes for so long is given up.
        largest_body_bytes: of a request, unless its route says otherwise.
        largest_upload_bytes: of results that a LIMS uploads.
        largest_files_bytes: of the photos of a form, and of packet and loggers of a receipt.
        graceful_seconds: in which requests that are being answered may end when the server stops.
        oidc: identity provider, where there is one.

    Example:
        >>> AccessPolicy(lockout_after=5).second_factor
        True
    """

    __pydantic_config__: ClassVar[ConfigDict] = _CLOSED

    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    metrics_from: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    second_factor: bool = True
    idle_seconds: int = 0
    absolute_seconds: int = 12 * 3600
    lockout_after: int = 0
    lockout_seconds: int = 900
    address_failures: int = 50
    requests_per_second: float = 200.0
    burst: int = 2000
    concurrent_requests: int = 64
    connections: int = 512
    header_seconds: float = 10.0
    body_seconds: float = 15.0
    slowest_bytes_per_second: int = 1024
    answer_seconds: float = 60.0
    largest_body_bytes: int = 1 << 20
    largest_upload_bytes: int = 1 << 28
    largest_files_bytes: int = 1 << 26
    graceful_seconds: int = 30
    oidc: IdentityProvider | None = None


def read_policy(home: Path) -> AccessPolicy:
    """Return what a site decided about access, the defaults where it decided nothing.

    Args:
        home: folder of the console; `access.toml` in it.

    Raises:
        UsageError: `RQC-U155`, the file cannot be read, or states something that is not known, with every fault.

    Example:
        >>> from pathlib import Path
        >>> read_policy(Path("/nowhere")) == AccessPolicy()
        True
    """
    file = home / "access.toml"
    if not file.exists():
        return AccessPolicy()
    try:
        stated = tomllib.loads(file.read_text(encoding="utf-8"))
        policy = TypeAdapter(AccessPolicy).validate_python(stated)
    except ValidationError as error:
        raise UsageError(
            *(
                _fault(f"{file} {'.'.join(map(str, each['loc']))}", got=f"{each.get('input')!r}", expected=each["msg"])
                for each in error.errors()
            )
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(_fault(str(file), got=str(error), expected="a TOML file")) from error
    faults = list(_contradictions(policy, str(file)))
    if faults:
        raise UsageError(*faults)
    return policy


def _contradictions(policy: AccessPolicy, where: str) -> list[Fault]:
    found = []
    if policy.oidc is not None and not _is_safe(policy.oidc.issuer):
        found.append(_fault(f"{where} oidc.issuer", got=policy.oidc.issuer, expected="https://HOST"))
    for name in ("trusted_proxies", "metrics_from"):
        for each in getattr(policy, name):
            try:
                ip_network(each)
            except ValueError:
                found.append(_fault(f"{where} {name}", got=each, expected="an address or a network, as 10.0.0.0/8"))
    if (policy.tls_certificate is None) != (policy.tls_key is None):
        found.append(_fault(f"{where} tls_certificate, tls_key", got="one of them", expected="both or none"))
    if policy.public_url and not policy.public_url.startswith(("https://", "http://")):
        found.append(_fault(f"{where} public_url", got=policy.public_url, expected="https://HOST"))
    if policy.oidc is not None and not policy.public_url:
        found.append(_fault(f"{where} public_url", got="none", expected="the address to which the provider leads back"))
    numbers = ("absolute_seconds", "lockout_seconds", "address_failures", "burst", "concurrent_requests")
    found += [
        _fault(f"{where} {name}", got=str(getattr(policy, name)), expected="at least 1")
        for name in numbers
        if getattr(policy, name) < 1
    ]
    return found


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost", "::1"})


def _fault(where: str, *, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-U155",
        what="What the site decided about access cannot be used.",
        where=where,
        got=got,
        expected=expected,
        action="Correct access.toml; the server does not start without it.",
    )
