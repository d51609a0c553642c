"""Proofs to take along: an entry's place in the log and the checkpoint above it, in one small text (C2SP tlog-proof).

Whoever holds the entry's bytes, such a file and a policy of pinned keys needs no network, no database and no trust in
the sender. This module and what it imports use the standard library and `cryptography`, nothing else.

Rules, in the order in which they are checked:

1. the text is a tlog-proof in the one spelling it can have;
2. the policy trusts the checkpoint: log signature, then quorum of witnesses;
3. the inclusion proof leads from the hash of the entry to the root of that checkpoint.

What a proof cannot say: that nothing else was recorded. That takes the whole log.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.ledger.checkpoint import decimal
from regenqc.ledger.faults import ledger_error
from regenqc.ledger.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from regenqc.ledger.note import decode_base64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.ledger.policy import Policy, TrustedCheckpoint

__all__ = ["ProofFile", "VerifiedEntry", "parse_proof", "verify_proof"]

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_LARGEST_BYTES: Final = 131_072
_LONGEST_PATH: Final = 63


@dataclass(frozen=True, slots=True)
class ProofFile:
    r"""Hold what a `.tlog-proof` file says; holding one proves nothing.

    Args:
        index: 0-based place of the entry in the log.
        path: inclusion proof, leaf's sibling first, 32 bytes each.
        checkpoint: signed note of the log's checkpoint, verbatim.
        extra: further data; not covered by any signature.

    Example:
        >>> ProofFile(0, (), b"a\n").encoded
        b'c2sp.org/tlog-proof@v1\nindex 0\n\na\n'
    """

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    @property
    def encoded(self) -> bytes:
        """Return the bytes of the file."""
        lines = [_HEADER]
        if self.extra:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [b64encode(found).decode() for found in self.path]
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint


@dataclass(frozen=True, slots=True)
class VerifiedEntry:
    """Hold what a proof has shown: this leaf stands at this place of the log that the checkpoint speaks for."""

    index: int
    leaf: bytes
    trusted: TrustedCheckpoint
    unsigned_extra: bytes = b""


def parse_proof(data: bytes) -> ProofFile:
    r"""Return what a `.tlog-proof` file says, without judging it.

    Raises:
        LedgerError: `RQC-L004`, the bytes are not such a file.

    Example:
        >>> parse_proof(b"c2sp.org/tlog-proof@v1\nindex 7\n\nwhatever").index
        7
    """
    if len(data) > _LARGEST_BYTES:
        raise _malformed(f"{len(data)} bytes", f"at most {_LARGEST_BYTES} bytes")
    head, blank, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise _malformed("characters beyond ASCII", "plain text") from error
    if not blank or lines[0] != _HEADER:
        raise _malformed(repr(lines[0][:60]), _HEADER)
    lines.pop(0)
    extra = b""
    if lines and lines[0].startswith("extra "):
        extra = _base64(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise _malformed(repr(lines[0][:60]) if lines else "nothing", "index N")
    index = decimal(lines[0].removeprefix("index "))
    if index is None:
        raise _malformed(repr(lines[0][:60]), "index N, without leading zeros")
    path = tuple(_base64(line) for line in lines[1:])
    if len(path) > _LONGEST_PATH or any(len(found) != HASH_BYTES for found in path):
        raise _malformed(f"{len(path)} hashes", f"at most {_LONGEST_PATH} hashes of {HASH_BYTES} bytes")
    return ProofFile(index, path, checkpoint, extra)


def verify_proof(proof: bytes, entry: bytes, *, policy: Policy, now: int | None = None) -> VerifiedEntry:
    """Check that an entry is in a log, offline.

    Args:
        proof: bytes of the `.tlog-proof` file.
        entry: bytes of the entry, exactly as recorded.
        policy: whom to believe; pinned, never taken from the sender.
        now: seconds since 1970 UTC; with it, cosignatures dated in the future are refused.

    Returns:
        Where the entry stands, and the checkpoint that says so.

    Raises:
        LedgerError: `RQC-L004` not a proof, `RQC-L010` the entry is not the one that was recorded.
        SignatureError: `RQC-L012` or `RQC-L013`, the policy does not trust the checkpoint.

    Example:
        >>> from regenqc.ledger.checkpoint import Checkpoint
        >>> from regenqc.ledger.note import Ed25519Signer, Note
        >>> from regenqc.ledger.policy import Policy
        >>> signer = Ed25519Signer("site.example/ledger", bytes(32))
        >>> text = Checkpoint("site.example/ledger", 1, leaf_hash(b"entry")).text
        >>> file = ProofFile(0, (), Note(text, (signer.sign(text, time=0),)).encoded)
        >>> verify_proof(file.encoded, b"entry", policy=Policy.of([signer.verifier])).index
        0
    """
    file = parse_proof(proof)
    trusted = policy.trust(file.checkpoint, now=now)
    leaf = leaf_hash(entry)
    verify_inclusion(leaf, file.path, index=file.index, size=trusted.signed.size, root=trusted.signed.root)
    return VerifiedEntry(file.index, leaf, trusted, file.extra)


def encode_proof(index: int, path: Sequence[bytes], checkpoint: bytes, *, extra: bytes = b"") -> bytes:
    r"""Return the bytes of a `.tlog-proof` file.

    Example:
        >>> encode_proof(0, [], b"a\n")[:22]
        b'c2sp.org/tlog-proof@v1'
    """
    return ProofFile(index, tuple(path), checkpoint, extra).encoded


def _base64(text: str) -> bytes:
    raw = decode_base64(text)
    if raw is None or not raw:
        raise _malformed(repr(text[:60]), "base64")
    return raw


def _malformed(got: str, expected: str) -> Exception:
    return ledger_error(
        "RQC-L004",
        "This is not a proof of logging.",
        got=got,
        expected=expected,
        action="Ask the sender for the .tlog-proof file again.",
    )
