"""Key files: an Ed25519 key that only its owner's password opens.

The secret is encrypted with AES-256-GCM under a key that scrypt (RFC 7914) makes of the password. Everything else in the
file is authenticated with it: a file whose name, key or parameters were changed does not open.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Final, Literal, Protocol
from unicodedata import normalize

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from msgspec import Meta, Struct

from regenqc.canonical import canonical_json
from regenqc.signing.faults import refused
from regenqc.signing.moments import moment_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

__all__ = [
    "SCHEMA",
    "WORK_FACTOR",
    "KeyFile",
    "OpenKey",
    "Opened",
    "check_ed25519",
    "create_key",
    "key_file_bytes",
    "key_id_of",
    "open_key",
    "public_key_id",
    "read_key_file",
]

SCHEMA: Final = "regenqc.key/1"
# Memory for one guess of a password: 128 · 2¹⁷ · 8 bytes = 128 MiB. A file asks for at most eight times as much.
WORK_FACTOR: Final = 2**17
_BLOCK_SIZE: Final = 8
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12


class KeyDerivation(Struct, frozen=True, forbid_unknown_fields=True):
    """How the password becomes a key: scrypt with cost `n`, block size `r`, parallelism `p` and a salt in base64."""

    name: Literal["scrypt"]
    n: Annotated[int, Meta(ge=2**14, le=2**20)]
    r: Literal[8]
    p: Literal[1]
    salt: str


class Encryption(Struct, frozen=True, forbid_unknown_fields=True):
    """The encrypted secret: AES-256-GCM with nonce and ciphertext in base64."""

    name: Literal["AES-256-GCM"]
    nonce: str
    ciphertext: str


class KeyFile(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One key file.

    Args:
        schema: `regenqc.key/1`.
        key_id: `ed25519:` and 32 hexadecimal digits of the hash of the public key.
        person_id: owner.
        algorithm: `Ed25519`.
        public_key: 32 bytes in base64.
        made_at: when the key was made.
        derivation: how the password becomes a key.
        encryption: the secret.
    """

    schema: Literal["regenqc.key/1"]
    key_id: str
    person_id: str
    algorithm: Literal["Ed25519"]
    public_key: str
    made_at: str
    derivation: KeyDerivation
    encryption: Encryption


class Opened(Protocol):
    """A key that can sign: read from its file, or on a token."""

    @property
    def public_key(self) -> bytes:
        """Return the 32 bytes of the public key."""

    @property
    def key_id(self) -> str:
        """Return the identifier of the key."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature of a message."""


@dataclass(frozen=True, slots=True)
class OpenKey:
    """Hold a secret key while one signature is made.

    Args:
        seed: 32 secret bytes; never printed.

    Example:
        >>> OpenKey(bytes(32))
        OpenKey(key_id='ed25519:139e3940e64b5491722088d9a0d74162', seed hidden)
    """

    seed: bytes = field(repr=False)

    def __repr__(self) -> str:
        return f"OpenKey(key_id={self.key_id!r}, seed hidden)"

    @property
    def public_key(self) -> bytes:
        """Return the 32 bytes of the public key."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """Return the identifier of the key."""
        return key_id_of(self.public_key)

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature of a message."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


def key_id_of(public_key: bytes) -> str:
    """Return the identifier of a public key.

    Example:
        >>> key_id_of(bytes(32))
        'ed25519:66687aadf862bd776c8fc18b8e9f8e20'
    """
    return f"ed25519:{sha256(public_key).hexdigest()[:32]}"


def public_key_id(public_key: str) -> str:
    """Return the identifier of a public key in base64, an empty text for what is no key.

    Example:
        >>> public_key_id("no key")
        ''
    """
    try:
        raw = b64decode(public_key, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return key_id_of(raw) if len(raw) == 32 and b64encode(raw).decode() == public_key else ""


def check_ed25519(public_key: str, message: bytes, signature: str) -> bool:
    """Return whether a signature verifies; anything that is no key or no signature does not.

    Args:
        public_key: 32 bytes in base64.
        message: what was signed.
        signature: 64 bytes in base64, in its one spelling.

    Example:
        >>> check_ed25519("no key", b"anything", "AAAA")
        False
    """
    try:
        raw = b64decode(signature, validate=True)
        if b64encode(raw).decode() != signature:
            return False
        Ed25519PublicKey.from_public_bytes(b64decode(public_key, validate=True)).verify(raw, message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def create_key(
    person_id: str, *, password: str, random: Callable[[int], bytes], made_at: datetime, work_factor: int = WORK_FACTOR
) -> KeyFile:
    """Return a new key in an encrypted file.

    Args:
        person_id: owner.
        password: that opens it; compared in Unicode Normalization Form KC, so that it does not depend on the keyboard.
        random: returns that many secret random bytes, in practice `secrets.token_bytes`.
        made_at: the present moment.
        work_factor: cost of scrypt, a power of two.

    Raises:
        SignatureError: `RQC-G013`, the password is empty.

    Example:
        >>> from datetime import UTC, datetime
        >>> made = create_key("QP-0001", password="correct horse", random=bytes, work_factor=2**14,
        ...     made_at=datetime(2026, 3, 16, tzinfo=UTC))
        >>> open_key(made, password="correct horse").key_id == made.key_id
        True
    """
    if not password.strip():
        raise refused("RQC-G013", "A password is needed.", where=person_id, action="Choose one that nobody guesses.")
    key = OpenKey(random(32))
    blank = KeyFile(
        schema=SCHEMA,
        key_id=key.key_id,
        person_id=person_id,
        algorithm="Ed25519",
        public_key=b64encode(key.public_key).decode(),
        made_at=moment_text(made_at),
        derivation=KeyDerivation("scrypt", work_factor, _BLOCK_SIZE, 1, b64encode(random(_SALT_BYTES)).decode()),
        encryption=Encryption("AES-256-GCM", b64encode(random(_NONCE_BYTES)).decode(), ""),
    )
    nonce = b64decode(blank.encryption.nonce)
    ciphertext = AESGCM(_derived(blank.derivation, password)).encrypt(nonce, key.seed, _outside(blank))
    encryption = Encryption("AES-256-GCM", blank.encryption.nonce, b64encode(ciphertext).decode())
    return msgspec.structs.replace(blank, encryption=encryption)


def open_key(file: KeyFile, *, password: str) -> OpenKey:
    """Return the key of a file; `regenqc.signing.opening` opens those on tokens as well.

    Raises:
        SignatureError: `RQC-G010`, the password does not open it, or the file was changed; which of the two, nobody can say.

    Example:
        See `create_key`.
    """
    try:
        nonce = b64decode(file.encryption.nonce, validate=True)
        ciphertext = b64decode(file.encryption.ciphertext, validate=True)
        key = OpenKey(AESGCM(_derived(file.derivation, password)).decrypt(nonce, ciphertext, _outside(file)))
        _check_names(file, key)
    except (InvalidTag, binascii.Error, ValueError) as error:
        raise refused(
            "RQC-G010",
            "The password does not open this key.",
            where=f"{file.person_id} {file.key_id}",
            action="Type the password of this key's owner; the attempt is recorded.",
        ) from error
    return key


def key_file_bytes(file: KeyFile | Struct) -> bytes:
    """Return the bytes of a key file."""
    return canonical_json(msgspec.to_builtins(file)) + b"\n"


def read_key_file(data: bytes, *, where: str = "") -> KeyFile:
    """Return the key file that bytes are.

    Raises:
        SignatureError: `RQC-G011`, they are none.

    Example:
        >>> read_key_file(b"{}")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.SignatureError: RQC-G011 This is no key file. ...
    """
    try:
        return msgspec.json.decode(data, type=KeyFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise refused(
            "RQC-G011",
            "This is no key file.",
            where=where,
            got=str(error),
            expected=f"one JSON object of schema {SCHEMA}",
            action="Name the file that `regenqc people key` made.",
        ) from error


def _check_names(file: KeyFile, key: OpenKey) -> None:
    if key.key_id != file.key_id or b64encode(key.public_key).decode() != file.public_key:
        raise InvalidTag


def _derived(derivation: KeyDerivation, password: str) -> bytes:
    salt = b64decode(derivation.salt, validate=True)
    scrypt = Scrypt(salt=salt, length=32, n=derivation.n, r=derivation.r, p=derivation.p)
    return scrypt.derive(normalize("NFKC", password).encode("utf-8", errors="surrogatepass"))


def _outside(file: KeyFile) -> bytes:
    """Return everything in a file but the ciphertext, which is authenticated with it."""
    members = msgspec.to_builtins(file)
    members["encryption"] = {"name": file.encryption.name, "nonce": file.encryption.nonce}
    return canonical_json(members)
