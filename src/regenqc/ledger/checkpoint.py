"""Checkpoints: origin, size and root of a log as the text of a signed note (C2SP tlog-checkpoint v1.0.0)."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Final

from regenqc.ledger.faults import ledger_error
from regenqc.ledger.merkle import HASH_BYTES, LARGEST_SIZE
from regenqc.ledger.note import Note, decode_base64, parse_note

__all__ = ["Checkpoint", "SignedCheckpoint", "parse_checkpoint", "parse_signed_checkpoint"]

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Hold what a log says of itself.

    Args:
        origin: who the log is; unique among all logs.
        size: number of entries.
        root: root hash of the tree over them, 32 bytes.
        extensions: further lines; read and kept, never written by regenqc, because nobody can audit them.

    Example:
        >>> print(Checkpoint("site.example/ledger", 0, bytes(32)).text, end="")
        site.example/ledger
        0
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the text that is signed."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """Hold a checkpoint together with the note that carries it; holding one says nothing about its signatures."""

    checkpoint: Checkpoint
    note: Note

    @property
    def origin(self) -> str:
        """Return who the log is."""
        return self.checkpoint.origin

    @property
    def size(self) -> int:
        """Return the number of entries."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """Return the root hash."""
        return self.checkpoint.root

    @property
    def encoded(self) -> bytes:
        """Return the bytes of the note."""
        return self.note.encoded


def decimal(text: str) -> int | None:
    """Return a number written without leading zeros and below 2^63, `None` for anything else.

    Example:
        >>> decimal("20852163"), decimal("01"), decimal("-1"), decimal("٣")
        (20852163, None, None, None)
    """
    if _DECIMAL.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number <= LARGEST_SIZE else None


def parse_checkpoint(text: str) -> Checkpoint:
    r"""Return the checkpoint that the text of a note is.

    Raises:
        LedgerError: `RQC-L003`, the text is not a checkpoint.

    Example:
        >>> parse_checkpoint("a\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").size
        7
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or "" in lines:
        raise _malformed(f"{len(lines)} lines", "origin, size and root, each on a line that is not empty")
    size = decimal(lines[1])
    if size is None:
        raise _malformed(repr(lines[1][:40]), "a tree size without leading zeros")
    root = decode_base64(lines[2])
    if root is None or len(root) != HASH_BYTES:
        raise _malformed(repr(lines[2][:60]), "base64 of 32 bytes")
    return Checkpoint(lines[0], size, root, tuple(lines[3:]))


def parse_signed_checkpoint(data: bytes) -> SignedCheckpoint:
    r"""Return the checkpoint that a signed note carries; its signatures are not looked at.

    Raises:
        LedgerError: `RQC-L001` or `RQC-L003`, the bytes are not a note, or its text is not a checkpoint.

    Example:
        >>> parse_signed_checkpoint(b"a\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
        ...     b"\xe2\x80\x94 a AAAAAAA=\n").size
        7
    """
    note = parse_note(data)
    return SignedCheckpoint(parse_checkpoint(note.text), note)


def _malformed(got: str, expected: str) -> Exception:
    return ledger_error(
        "RQC-L003", "This is not a checkpoint.", got=got, expected=expected, action="Ask the log for the original."
    )
