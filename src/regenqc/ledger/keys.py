"""Keys as text: public ones to pin, secret ones to keep."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final, Literal

from regenqc.ledger.cosignature import (
    ED25519_COSIGNATURE_TYPE,
    ML_DSA_44_TYPE,
    CosignatureSigner,
    CosignatureVerifier,
    PostQuantumSigner,
    PostQuantumVerifier,
)
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.note import (
    ED25519_TYPE,
    Ed25519Signer,
    Ed25519Verifier,
    check_key_name,
    decode_base64,
    key_id_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from regenqc.ledger.note import Signer, Verifier

__all__ = ["KeyPurpose", "make_key", "parse_public_key", "parse_secret_key"]

KeyPurpose = Literal["log", "witness", "log-ml-dsa-44", "witness-ml-dsa-44"]
_TYPE_OF: Final[dict[KeyPurpose, int]] = {
    "log": ED25519_TYPE,
    "witness": ED25519_COSIGNATURE_TYPE,
    "log-ml-dsa-44": ML_DSA_44_TYPE,
    "witness-ml-dsa-44": ML_DSA_44_TYPE,
}
_VERIFIERS: Final[dict[int, tuple[int, type[Ed25519Verifier | CosignatureVerifier | PostQuantumVerifier]]]] = {
    ED25519_TYPE: (32, Ed25519Verifier),
    ED25519_COSIGNATURE_TYPE: (32, CosignatureVerifier),
    ML_DSA_44_TYPE: (1312, PostQuantumVerifier),
}
_SIGNERS: Final[dict[int, type[Ed25519Signer | CosignatureSigner | PostQuantumSigner]]] = {
    ED25519_TYPE: Ed25519Signer,
    ED25519_COSIGNATURE_TYPE: CosignatureSigner,
    ML_DSA_44_TYPE: PostQuantumSigner,
}
_SECRET: Final = "PRIVATE+KEY+"  # noqa: S105 - the mark that a secret key's text starts with, not a secret


def make_key(name: str, *, purpose: KeyPurpose, random: Callable[[int], bytes]) -> str:
    """Return a new secret key as text; `parse_secret_key(...).verifier.text` is its public half.

    Args:
        name: name of the key; for a log its origin.
        purpose: `log` and `witness` are Ed25519, the others ML-DSA-44. A witness needs a key of its own.
        random: returns that many secret random bytes, in practice `secrets.token_bytes`.

    Example:
        >>> secret = make_key("site.example/ledger", purpose="log", random=bytes)
        >>> parse_secret_key(secret).verifier.name
        'site.example/ledger'
    """
    check_key_name(name)
    key_type, seed = _TYPE_OF[purpose], random(32)
    key_id = _SIGNERS[key_type](name, seed).verifier.key_id.hex()
    return f"{_SECRET}{name}+{key_id}+{b64encode(bytes([key_type]) + seed).decode()}"


def parse_secret_key(text: str) -> Signer:
    """Return the signer that a secret key's text stands for.

    Raises:
        LedgerError: `RQC-L002`, the text is not a secret key; the message does not repeat it.

    Example:
        >>> parse_secret_key("PRIVATE+KEY+a+00000000+AQ==")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.LedgerError: RQC-L002 This is not a secret key. ...
    """
    parts = text.strip().removeprefix(_SECRET).split("+", 2)
    raw = decode_base64(parts[2]) if len(parts) == 3 else None
    if not text.strip().startswith(_SECRET) or raw is None or len(raw) != 33 or raw[0] not in _SIGNERS:
        raise ledger_error(
            "RQC-L002",
            "This is not a secret key.",
            expected="PRIVATE+KEY+name+key id+base64",
            action="Check that the whole line was copied.",
        )
    signer: Signer = _SIGNERS[raw[0]](parts[0], raw[1:])
    if signer.verifier.key_id.hex() != parts[1]:
        raise ledger_error(
            "RQC-L002",
            "Name and key of a secret key do not belong together.",
            where=parts[0],
            got=parts[1],
            expected=signer.verifier.key_id.hex(),
        )
    return signer


def parse_public_key(text: str) -> Verifier:
    """Return the verifier that a public key's text stands for (C2SP signed-note, verifier keys).

    Raises:
        LedgerError: `RQC-L002`, the text is not a public key of a known type, or its key id is not its own.

    Example:
        >>> parse_public_key("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k").name
        'example.com/foo'
    """
    parts = text.strip().split("+", 2)
    raw = decode_base64(parts[2]) if len(parts) == 3 else None
    length, kind = _VERIFIERS.get(raw[0] if raw else 0, (0, None))
    if raw is None or kind is None or len(raw) != 1 + length:
        raise ledger_error(
            "RQC-L002",
            "This is not a public key.",
            got=text.strip()[:80],
            expected="name+key id+base64 of an Ed25519 or ML-DSA-44 key",
            action="Check that the whole line was copied.",
        )
    name = check_key_name(parts[0])
    if key_id_of(name, raw[0], raw[1:]).hex() != parts[1]:
        raise ledger_error(
            "RQC-L002",
            "Name and key of a public key do not belong together.",
            where=name,
            got=parts[1],
            expected=key_id_of(name, raw[0], raw[1:]).hex(),
            action="Ask the owner of the key for its text again.",
        )
    return kind(name, raw[1:])
