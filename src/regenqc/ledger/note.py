"""Signed notes: text that carries its signatures, and the keys that make and check them (C2SP signed-note v1.0.0).

A note is UTF-8 text, an empty line, and one line per signature: `— name base64(key id, signature)`. Rules, in order:

1. the bytes must be a well-formed note, at most 64 KiB with at most 32 signatures;
2. a signature by a key that is not known is ignored, whatever it says;
3. a signature that claims to be by a known key and does not verify refuses the whole note;
4. a known key counts once.

The caller decides how many known keys are enough; see `regenqc.ledger.policy`.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from regenqc.ledger.faults import ledger_error, signature_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "Ed25519Signer",
    "Ed25519Verifier",
    "Note",
    "NoteSignature",
    "Signer",
    "Verified",
    "Verifier",
    "check_key_name",
    "decode_base64",
    "key_id_of",
    "parse_note",
    "verify_signatures",
]

LARGEST_NOTE_BYTES: Final = 65_536
MOST_SIGNATURES: Final = 32
ED25519_TYPE: Final = 0x01
_DASH: Final = "\u2014 "
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """Hold one signature line: who says to have signed, with which key, and the bytes."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """Return the line as it stands in a note, with its line end."""
        return f"{_DASH}{self.name} {b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    r"""Hold a note: the signed text, which ends in a line end, and its signatures.

    Example:
        >>> note = parse_note(b"words\n\n\xe2\x80\x94 somebody AAAAAAA=\n")
        >>> note.text, note.signatures[0].name, note.encoded.decode() == "words\n\n" + note.signatures[0].line
        ('words\n', 'somebody', True)
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    @property
    def encoded(self) -> bytes:
        """Return the bytes of the note."""
        return (self.text + "\n" + "".join(signature.line for signature in self.signatures)).encode()

    def with_signatures(self, more: Iterable[NoteSignature]) -> Note:
        """Return the note with further signatures; one by a key that has signed already takes its place."""
        merged = {(held.name, held.key_id): held for held in self.signatures}
        merged.update({(held.name, held.key_id): held for held in more})
        return Note(self.text, tuple(merged.values()))


@dataclass(frozen=True, slots=True)
class Verified:
    """Hold a signature that verified: by whom, and when where the signature says it (seconds since 1970, UTC)."""

    name: str
    key_id: bytes
    time: int | None = None


class Verifier(Protocol):
    """Check signatures of one key."""

    @property
    def name(self) -> str:
        """Return the name of the key."""

    @property
    def key_id(self) -> bytes:
        """Return the first four bytes of the hash of name, type and key."""

    @property
    def material(self) -> bytes:
        """Return the public key as bytes, without its type."""

    @property
    def text(self) -> str:
        """Return the key as text that can be pinned: `name+key id+base64(type, key)`."""

    def verify(self, text: str, signature: bytes) -> Verified:
        """Return who signed, or raise `SignatureError`."""


class Signer(Protocol):
    """Make signatures with one key."""

    @property
    def verifier(self) -> Verifier:
        """Return what checks the signatures."""

    def sign(self, text: str, *, time: int) -> NoteSignature:
        """Return the signature of a text, made at a time (seconds since 1970, UTC)."""


def key_id_of(name: str, key_type: int, public: bytes) -> bytes:
    """Return the four bytes by which a key is found: of SHA-256 over name, line end, type and public key.

    Example:
        >>> key_id_of("example.com/foo", 1, bytes(32)).hex()
        'ae0599c0'
    """
    return sha256(name.encode() + b"\n" + bytes([key_type]) + public).digest()[:4]


def check_key_name(name: str) -> str:
    """Return a key name that can stand in a signature line.

    Raises:
        LedgerError: `RQC-L002`, it is empty, or has a blank, a plus sign or a control character.

    Example:
        >>> check_key_name("site.example/ledger")
        'site.example/ledger'
    """
    if not name or "+" in name or not name.isprintable() or any(character.isspace() for character in name):
        raise ledger_error(
            "RQC-L002",
            "This is not a key name.",
            got=repr(name),
            expected="a name without blanks and plus signs",
            action="Use the address of the signer without its scheme, such as site.example/ledger.",
        )
    return name


def check_seed(seed: bytes, *, name: str) -> None:
    """Check that a secret key has its 32 bytes.

    Raises:
        LedgerError: `RQC-L002`, it has not; the message does not repeat it.

    Example:
        >>> check_seed(bytes(32), name="a")
    """
    if len(seed) != 32:
        raise ledger_error(
            "RQC-L002",
            "The secret key has the wrong length.",
            where=name,
            got=f"{len(seed)} bytes",
            expected="32 bytes",
        )


@dataclass(frozen=True, slots=True)
class Ed25519Verifier:
    """Check Ed25519 signatures over the text of a note (type 0x01)."""

    name: str
    material: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        _ed25519(self.material)

    @property
    def key_id(self) -> bytes:
        """Return the first four bytes of the hash of name, type and key."""
        return key_id_of(self.name, ED25519_TYPE, self.material)

    @property
    def text(self) -> str:
        """Return the key as text that can be pinned."""
        return key_text(self.name, ED25519_TYPE, self.material)

    def verify(self, text: str, signature: bytes) -> Verified:
        """Return who signed, or raise `SignatureError`."""
        check_ed25519(self.material, signature, text.encode(), name=self.name)
        return Verified(self.name, self.key_id)


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    r"""Sign notes with an Ed25519 key.

    Args:
        name: name of the key; for a log its origin.
        seed: 32 secret bytes.

    Example:
        >>> signer = Ed25519Signer("site.example/ledger", bytes(32))
        >>> made = signer.sign("words\n", time=0)
        >>> signer.verifier.verify("words\n", made.signature).name
        'site.example/ledger'
    """

    name: str
    seed: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        check_seed(self.seed, name=self.name)

    def __repr__(self) -> str:
        return f"Ed25519Signer({self.name!r}, seed hidden)"

    @property
    def verifier(self) -> Ed25519Verifier:
        """Return what checks the signatures."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        return Ed25519Verifier(self.name, public)

    def sign(self, text: str, *, time: int) -> NoteSignature:
        """Return the signature of a text; an Ed25519 note signature says no time."""
        del time
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return NoteSignature(self.name, self.verifier.key_id, signature)


def key_text(name: str, key_type: int, public: bytes) -> str:
    """Return a public key as text: name, key id and base64 of type and key, joined by plus signs.

    Example:
        >>> key_text("a", 1, bytes(32))[:11]
        'a+a5269a0a+'
    """
    key_id = key_id_of(name, key_type, public).hex()
    return f"{name}+{key_id}+{b64encode(bytes([key_type]) + public).decode()}"


def _ed25519(public: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(public)
    except ValueError as error:
        raise ledger_error(
            "RQC-L002", "This is not an Ed25519 public key.", got=f"{len(public)} bytes", expected="32 bytes"
        ) from error


def check_ed25519(public: bytes, signature: bytes, message: bytes, *, name: str) -> None:
    r"""Check one Ed25519 signature.

    Raises:
        SignatureError: `RQC-L013`, it does not verify.

    Example:
        >>> signer = Ed25519Signer("a", bytes(32))
        >>> check_ed25519(signer.verifier.material, signer.sign("b\n", time=0).signature, b"b\n", name="a")
    """
    try:
        _ed25519(public).verify(signature, message)
    except InvalidSignature as error:
        raise bad_signature(name) from error


def bad_signature(name: str) -> Exception:
    """Return the error of a signature that a known key did not make."""
    return signature_error(
        "RQC-L013",
        "A signature in the name of a known key does not verify.",
        where=name,
        expected="a signature by the pinned key over exactly this text",
        action="Refuse the document: it was altered, or it is signed with another key than the pinned one.",
    )


def parse_note(data: bytes) -> Note:
    r"""Return the note that bytes are.

    Args:
        data: at most 64 KiB.

    Raises:
        LedgerError: `RQC-L001`, the bytes are not a note.

    Example:
        >>> parse_note(b"words\n")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.LedgerError: RQC-L001 This is not a signed note. ...
    """
    if len(data) > LARGEST_NOTE_BYTES:
        raise _malformed(f"{len(data)} bytes", f"at most {LARGEST_NOTE_BYTES} bytes")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(str(error), "UTF-8") from error
    if _CONTROL.search(whole):
        raise _malformed("a control character", "text and line ends")
    cut = whole.rfind("\n\n")
    if cut < 0 or not whole.endswith("\n") or cut + 2 == len(whole):
        raise _malformed("no signature", "text, an empty line, signature lines")
    lines = whole[cut + 2 : -1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise _malformed(f"{len(lines)} signatures", f"at most {MOST_SIGNATURES}")
    return Note(whole[: cut + 1], tuple(parse_signature_line(line) for line in lines))


def parse_signature_line(line: str) -> NoteSignature:
    r"""Return the signature that a line of a note is, the line end removed.

    Raises:
        LedgerError: `RQC-L001`, the line is not a signature.

    Example:
        >>> parse_signature_line("— somebody AAAAAAA=").key_id
        b'\x00\x00\x00\x00'
    """
    name, blank, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not blank or not name or "+" in name or any(map(str.isspace, name)):
        raise _malformed(repr(line[:60]), "a dash, a name and a signature")
    raw = decode_base64(encoded)
    if raw is None or len(raw) < 5:
        raise _malformed(repr(line[:60]), "base64 of a key id and a signature")
    return NoteSignature(name, raw[:4], raw[4:])


def decode_base64(text: str) -> bytes | None:
    r"""Return what standard base64 with padding stands for, `None` for anything that is not exactly that.

    Only one spelling of the same bytes is accepted, so that equal documents have equal bytes.

    Example:
        >>> decode_base64("AAA="), decode_base64("AAB="), decode_base64("AA")
        (b'\x00\x00', None, None)
    """
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if b64encode(raw).decode() == text else None


def verify_signatures(note: Note, verifiers: Sequence[Verifier]) -> tuple[Verified, ...]:
    r"""Return the signatures of a note that known keys made; unknown keys are ignored.

    Args:
        note: the note.
        verifiers: the keys that are known.

    Returns:
        At most one entry per known key, in the order of the note; it may be empty, and the caller must judge that.

    Raises:
        SignatureError: `RQC-L013`, a signature in the name of a known key does not verify.

    Example:
        >>> signer = Ed25519Signer("a", bytes(32))
        >>> note = Note("words\n", (signer.sign("words\n", time=0),))
        >>> [found.name for found in verify_signatures(note, [signer.verifier])], verify_signatures(note, [])
        (['a'], ())
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    found: dict[tuple[str, bytes], Verified] = {}
    for signature in note.signatures:
        key = (signature.name, signature.key_id)
        if key in known:
            verified = known[key].verify(note.text, signature.signature)
            found.setdefault(key, verified)
    return tuple(found.values())


def _malformed(got: str, expected: str) -> Exception:
    return ledger_error(
        "RQC-L001", "This is not a signed note.", got=got, expected=expected, action="Ask its sender for the original."
    )
