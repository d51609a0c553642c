"""Sign what is sent, as the specification of Standard Webhooks 1.0 has it, so that receivers find libraries for it.

The signed text is `ID.SECONDS.BODY`; the signature is HMAC-SHA256 in Base64 behind `v1,`. The secret is Base64 behind `whsec_`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

__all__ = ["new_secret", "signature_headers"]

_PREFIX = "whsec_"


def new_secret(random: bytes) -> str:
    """Return a secret as receivers are given it.

    Args:
        random: 32 bytes that nobody can guess.

    Example:
        >>> new_secret(bytes(32))
        'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
    """
    return _PREFIX + base64.b64encode(random).decode()


def signature_headers(body: bytes, *, event_id: str, secret: str, seconds: int) -> dict[str, str]:
    """Return the headers that a receiver checks.

    Args:
        body: as it is sent.
        event_id: the same each time that the same event is sent.
        secret: of the subscription.
        seconds: since 1970, of this attempt.

    Example:
        >>> signature_headers(b'{"test": 2432232314}', event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        ...     secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", seconds=1614265330)["webhook-signature"]
        'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = hmac.new(key, f"{event_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
    }
