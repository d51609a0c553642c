"""Cosignatures: a witness says when it saw a checkpoint and that nothing was taken back (C2SP tlog-cosignature v1).

Two types: Ed25519 (0x04), and ML-DSA-44 (0x06, FIPS 204) where the installed `cryptography` has it. Thirty years are a
long time for Ed25519; a log may sign with both, and whoever verifies pins the keys that he believes in.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from regenqc.ledger.checkpoint import parse_checkpoint
from regenqc.ledger.faults import ledger_error, signature_error
from regenqc.ledger.note import (
    NoteSignature,
    Verified,
    bad_signature,
    check_ed25519,
    check_key_name,
    check_seed,
    key_id_of,
    key_text,
)

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["CosignatureSigner", "CosignatureVerifier", "PostQuantumSigner", "PostQuantumVerifier"]

ED25519_COSIGNATURE_TYPE: Final = 0x04
ML_DSA_44_TYPE: Final = 0x06
_LATEST_TIME: Final = (1 << 63) - 1
_ED25519_BYTES: Final = 64
_ML_DSA_44_BYTES: Final = 2420
_LABEL: Final = b"subtree/v1\n\x00"


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """Check timestamped Ed25519 cosignatures (type 0x04)."""

    name: str
    material: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)

    @property
    def key_id(self) -> bytes:
        """Return the first four bytes of the hash of name, type and key."""
        return key_id_of(self.name, ED25519_COSIGNATURE_TYPE, self.material)

    @property
    def text(self) -> str:
        """Return the key as text that can be pinned."""
        return key_text(self.name, ED25519_COSIGNATURE_TYPE, self.material)

    def verify(self, text: str, signature: bytes) -> Verified:
        """Return who cosigned and when, or raise `SignatureError`."""
        time, raw = _timestamped(signature, raw_bytes=_ED25519_BYTES, name=self.name)
        check_ed25519(self.material, raw, _ed25519_message(text, time), name=self.name)
        return Verified(self.name, self.key_id, time)


@dataclass(frozen=True, slots=True)
class CosignatureSigner:
    """Cosign checkpoints with Ed25519.

    Args:
        name: name of the witness. The signed bytes do not contain it, so a key must not serve two names.
        seed: 32 secret bytes.

    Example:
        >>> from regenqc.ledger.checkpoint import Checkpoint
        >>> text = Checkpoint("site.example/ledger", 1, bytes(32)).text
        >>> signer = CosignatureSigner("witness.example", bytes(32))
        >>> signer.verifier.verify(text, signer.sign(text, time=1679315147).signature).time
        1679315147
    """

    name: str
    seed: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        check_seed(self.seed, name=self.name)

    def __repr__(self) -> str:
        return f"CosignatureSigner({self.name!r}, seed hidden)"

    @property
    def verifier(self) -> CosignatureVerifier:
        """Return what checks the cosignatures."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return CosignatureVerifier(self.name, public)

    def sign(self, text: str, *, time: int) -> NoteSignature:
        """Return the cosignature of a checkpoint's text, made at a time (seconds since 1970, UTC)."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(_ed25519_message(text, time))
        return NoteSignature(self.name, self.verifier.key_id, struct.pack(">Q", time) + signature)


@dataclass(frozen=True, slots=True)
class PostQuantumVerifier:
    """Check timestamped ML-DSA-44 cosignatures (type 0x06); the signed bytes name the cosigner."""

    name: str
    material: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)

    @property
    def key_id(self) -> bytes:
        """Return the first four bytes of the hash of name, type and key."""
        return key_id_of(self.name, ML_DSA_44_TYPE, self.material)

    @property
    def text(self) -> str:
        """Return the key as text that can be pinned."""
        return key_text(self.name, ML_DSA_44_TYPE, self.material)

    def verify(self, text: str, signature: bytes) -> Verified:
        """Return who cosigned and when, or raise `SignatureError`."""
        time, raw = _timestamped(signature, raw_bytes=_ML_DSA_44_BYTES, name=self.name)
        try:
            key = _ml_dsa().MLDSA44PublicKey.from_public_bytes(self.material)
        except ValueError as error:
            raise ledger_error(
                "RQC-L002",
                "This is not an ML-DSA-44 public key.",
                got=f"{len(self.material)} bytes",
                expected="1312 bytes",
            ) from error
        except UnsupportedAlgorithm as error:
            raise _unsupported() from error
        try:
            key.verify(raw, _ml_dsa_message(self.name, text, time))
        except InvalidSignature as error:
            raise bad_signature(self.name) from error
        return Verified(self.name, self.key_id, time)


@dataclass(frozen=True, slots=True)
class PostQuantumSigner:
    """Sign or cosign checkpoints with ML-DSA-44.

    Args:
        name: name of the signer; for a log its origin.
        seed: 32 secret bytes.
    """

    name: str
    seed: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        check_seed(self.seed, name=self.name)

    def __repr__(self) -> str:
        return f"PostQuantumSigner({self.name!r}, seed hidden)"

    @property
    def verifier(self) -> PostQuantumVerifier:
        """Return what checks the signatures."""
        try:
            key = _ml_dsa().MLDSA44PrivateKey.from_seed_bytes(self.seed)
        except UnsupportedAlgorithm as error:
            raise _unsupported() from error
        return PostQuantumVerifier(self.name, key.public_key().public_bytes_raw())

    def sign(self, text: str, *, time: int) -> NoteSignature:
        """Return the signature of a checkpoint's text, made at a time (seconds since 1970, UTC)."""
        verifier = self.verifier
        signature = _ml_dsa().MLDSA44PrivateKey.from_seed_bytes(self.seed).sign(_ml_dsa_message(self.name, text, time))
        return NoteSignature(self.name, verifier.key_id, struct.pack(">Q", time) + signature)


def _timestamped(signature: bytes, *, raw_bytes: int, name: str) -> tuple[int, bytes]:
    if len(signature) != 8 + raw_bytes:
        raise signature_error(
            "RQC-L013",
            "A cosignature has the wrong length.",
            where=name,
            got=f"{len(signature)} bytes",
            expected=f"{8 + raw_bytes} bytes",
        )
    (time,) = struct.unpack(">Q", signature[:8])
    if time > _LATEST_TIME:
        raise signature_error("RQC-L013", "A cosignature states an impossible time.", where=name, got=time)
    return time, signature[8:]


def _ed25519_message(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _ml_dsa_message(name: str, text: str, time: int) -> bytes:
    checkpoint = parse_checkpoint(text)
    cosigner, origin = name.encode(), checkpoint.origin.encode()
    if max(len(cosigner), len(origin)) > 255:
        raise ledger_error("RQC-L002", "A name is too long for ML-DSA-44.", got=name, expected="at most 255 bytes")
    return b"".join(
        (
            _LABEL,
            bytes([len(cosigner)]),
            cosigner,
            struct.pack(">Q", time),
            bytes([len(origin)]),
            origin,
            struct.pack(">QQ", 0, checkpoint.size),
            checkpoint.root,
        )
    )


def _ml_dsa() -> ModuleType:
    try:
        # Older builds of the library lack the module; only those who use such keys need it.
        from cryptography.hazmat.primitives.asymmetric import mldsa  # noqa: PLC0415 - optional part of the library
    except ImportError as error:
        raise _unsupported() from error
    return mldsa


def _unsupported() -> Exception:
    return ledger_error(
        "RQC-L014",
        "The installed cryptography library has no ML-DSA-44.",
        action="Install cryptography 50 or later, or use an Ed25519 key.",
    )
