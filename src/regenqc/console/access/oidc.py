"""Sign-in by an identity provider: OpenID Connect, code flow with PKCE, state and nonce.

An account is tied to a subject of the provider by an administrator; none is ever made or tied by itself. What the browser
carries between the two addresses is sealed, counts for ten minutes, and goes with this browser alone. The provider says who
somebody is, never what they may do.

Source: OpenID Connect Core 1.0, sections 3.1.2 and 3.1.3; RFC 7636; RFC 9207; RFC 9700.
"""

from __future__ import annotations

import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from regenqc.console.access.accounts import account_of_subject
from regenqc.console.access.journal import Event, Outcome, write
from regenqc.console.access.sign_in import Opened, Refused, welcome
from regenqc.errors import Fault, RegenqcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regenqc.console.access.office import Office
    from regenqc.console.access.policy import IdentityProvider

__all__ = ["RETURN_PATH", "Journey", "begin", "finish"]

RETURN_PATH: Final = "/sign-in/provider/return"
_PURPOSE: Final = "journey to the identity provider"
_JOURNEY_SECONDS: Final = 600
_LEEWAY_SECONDS: Final = 60
_TIMEOUT_SECONDS: Final = 10.0
_KEPT_SECONDS: Final = 3600.0
_LARGEST_ANSWER_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What a browser takes along to the provider and brings back.

    Args:
        state: that the provider returns unchanged.
        nonce: that the token states.
        verifier: whose digest the provider was told (PKCE).
        next_path: where somebody wanted to go.
        begun_at: seconds since 1970.
    """

    state: str
    nonce: str
    verifier: str
    next_path: str
    begun_at: int


def begin(office: Office, *, next_path: str) -> tuple[str, str]:
    """Return the address to which the browser goes, and what it takes along, for a cookie.

    Args:
        office: of the console, with an identity provider.
        next_path: where somebody wanted to go.

    Raises:
        UsageError: `RQC-U166`, the provider does not answer as it should; `RQC-U167`, a library is missing.
    """
    provider = _provider_of(office)
    metadata = _metadata(provider)
    journey = Journey(
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        next_path=next_path,
        begun_at=int(office.clock().timestamp()),
    )
    with _client(office, provider) as client:
        address, _ = client.create_authorization_url(
            metadata["authorization_endpoint"], state=journey.state, nonce=journey.nonce, code_verifier=journey.verifier
        )
    sealed = office.seal().sealed(json.dumps(asdict(journey)).encode(), purpose=_PURPOSE)
    return str(address), sealed.hex()


def finish(office: Office, *, carried: str, said: Mapping[str, str], address: str) -> tuple[Opened | Refused, str]:
    """Return the session of whoever came back from the provider, and where they wanted to go.

    Args:
        office: of the console, with an identity provider.
        carried: by the browser, as `begin` returned it.
        said: query of the address to which the provider led back: `code`, `state`, `iss`, or `error`.
        address: from where.

    Raises:
        UsageError: `RQC-U167`, a library is missing.
    """
    provider = _provider_of(office)
    journey = _journey(office, carried)
    if journey is None or not hmac.compare_digest(said.get("state", "").encode(), journey.state.encode()):
        return _refused(office, address, "a state that this browser was not given"), ""
    if said.get("iss", provider.issuer) != provider.issuer:
        return _refused(office, address, "an answer of another provider"), ""
    if "error" in said or not said.get("code"):
        return _refused(office, address, f"the provider says {said.get('error', 'nothing')}"), journey.next_path
    try:
        claims = _claims(office, provider, code=said["code"], journey=journey)
    except RegenqcError as error:
        return _refused(office, address, error.faults[0].got), journey.next_path
    account = account_of_subject(office, str(claims["sub"]))
    if account is None:
        detail = f"no account is tied to the subject {claims['sub']}"
        return _refused(office, address, detail, why="closed"), journey.next_path
    found = welcome(
        office,
        account,
        address=address,
        by="identity provider",
        has_second_factor=provider.second_factor,
    )
    return found, journey.next_path


def _claims(office: Office, provider: IdentityProvider, *, code: str, journey: Journey) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 - an option: not everybody has an identity provider
    from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415 - as above
    from joserfc import jwt  # noqa: PLC0415 - as above
    from joserfc.errors import JoseError  # noqa: PLC0415 - as above

    metadata = _metadata(provider)
    try:
        with _client(office, provider) as client:
            token = client.fetch_token(
                metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=journey.verifier
            )
        decoded = _decoded(provider, str(token.get("id_token", "")), metadata)
        expected = jwt.JWTClaimsRegistry(
            now=int(office.clock().timestamp()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": provider.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": provider.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": journey.nonce},
        )
        expected.validate(decoded)
    except (AuthlibBaseError, JoseError, httpx.HTTPError, ValueError, TypeError, KeyError) as error:
        raise _unusable(provider, f"{type(error).__name__}: {error}"[:200]) from error
    audience = decoded["aud"]
    if decoded.get("azp", provider.client_id) != provider.client_id or (
        isinstance(audience, list) and len(audience) > 1 and "azp" not in decoded
    ):
        raise _unusable(provider, "a token that was made for somebody else")
    if not isinstance(decoded["sub"], str) or not decoded["sub"]:
        raise _unusable(provider, "a token without subject")
    return decoded


def _decoded(provider: IdentityProvider, token: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    from joserfc import jwt  # noqa: PLC0415 - an option
    from joserfc.errors import InvalidKeyIdError  # noqa: PLC0415 - an option

    for is_fresh in (False, True):  # a provider changes its keys; a key that is not known yet is asked for once
        keys = _keys(provider, str(metadata["jwks_uri"]), fresh=is_fresh)
        try:
            return dict(jwt.decode(token, keys, algorithms=list(provider.algorithms)).claims)
        except InvalidKeyIdError:
            if is_fresh:
                raise
    raise _unusable(provider, "no key")


def _client(office: Office, provider: IdentityProvider) -> Any:
    from authlib.integrations.httpx_client import OAuth2Client  # noqa: PLC0415 - an option

    secret = _first_line(provider) if provider.client_secret_file is not None else None
    return OAuth2Client(
        provider.client_id,
        secret,
        scope="openid",
        redirect_uri=office.policy.public_url.rstrip("/") + RETURN_PATH,
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        timeout=_TIMEOUT_SECONDS,
    )


def _first_line(provider: IdentityProvider) -> str:
    try:
        return (provider.client_secret_file.read_text(encoding="utf-8") if provider.client_secret_file else "").split(
            "\n", 1
        )[0]
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(provider, f"client_secret_file: {error}") from error


# What providers said about themselves, and their keys, by address; asked for again after an hour.
_KEPT: Final[dict[str, tuple[float, Any]]] = {}
_LOCK: Final = Lock()


def _metadata(provider: IdentityProvider) -> dict[str, Any]:
    found = _fetched(provider, provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if found.get("issuer") != provider.issuer or not all(isinstance(found.get(name), str) for name in needed):
        raise _unusable(provider, f"issuer {found.get('issuer')!r}, or not {', '.join(needed)}")
    return found


def _keys(provider: IdentityProvider, address: str, *, fresh: bool) -> Any:
    from joserfc.errors import JoseError  # noqa: PLC0415 - an option
    from joserfc.jwk import KeySet  # noqa: PLC0415 - an option

    try:
        return KeySet.import_key_set(_fetched(provider, address, fresh=fresh))  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _unusable(provider, f"keys that cannot be read: {error}") from error


def _fetched(provider: IdentityProvider, address: str, *, fresh: bool = False) -> dict[str, Any]:
    import httpx  # noqa: PLC0415 - an option

    with _LOCK:
        kept = _KEPT.get(address)
    if kept is not None and not fresh and time.monotonic() - kept[0] < _KEPT_SECONDS:
        return dict(kept[1])
    try:
        with httpx.stream("GET", address, timeout=_TIMEOUT_SECONDS) as answer:
            answer.raise_for_status()
            data = b""
            for part in answer.iter_bytes():
                data += part
                if len(data) > _LARGEST_ANSWER_BYTES:
                    raise _unusable(provider, f"{address}: more than {_LARGEST_ANSWER_BYTES} bytes")
        found = json.loads(data)
    except (httpx.HTTPError, ValueError) as error:
        raise _unusable(provider, f"{address}: {error}"[:200]) from error
    if not isinstance(found, dict):
        raise _unusable(provider, f"{address}: no JSON object")
    with _LOCK:
        _KEPT[address] = (time.monotonic(), found)
    return found


def _journey(office: Office, carried: str) -> Journey | None:
    try:
        sealed = bytes.fromhex(carried)
    except ValueError:
        return None
    found = office.seal().opened(sealed, purpose=_PURPOSE)
    journey = Journey(**json.loads(found)) if found is not None else None
    if journey is None or office.clock().timestamp() - journey.begun_at > _JOURNEY_SECONDS:
        return None
    return journey


def _provider_of(office: Office) -> IdentityProvider:
    provider = office.policy.oidc
    if provider is None:
        raise UsageError(Fault(code="RQC-U166", what="No identity provider is stated.", where="access.toml [oidc]"))
    try:
        import authlib  # noqa: F401, PLC0415 - an option
        import httpx  # noqa: F401, PLC0415 - an option
    except ImportError as error:
        raise UsageError(
            Fault(
                code="RQC-U167",
                what="Sign-in by an identity provider needs libraries that are not installed.",
                got=error.name or "",
                action="Run: pip install 'regenqc[oidc]'",
            )
        ) from error
    return provider


def _refused(office: Office, address: str, detail: str, *, why: str = "mismatch") -> Refused:
    write(
        office.store,
        now=office.clock(),
        event=Event.SIGN_IN,
        outcome=Outcome.REFUSED,
        address=address,
        detail=f"identity provider: {detail}",
    )
    return Refused(why=why)


def _unusable(provider: IdentityProvider, got: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U166",
            what="The identity provider does not answer as it should.",
            where=provider.issuer,
            got=got,
            expected="OpenID Connect, with the issuer and client of access.toml",
            action="Ask whoever runs it; passwords of the console work meanwhile.",
        )
    )
