"""What the tests of the ledger share: names, keys, entries, and a log with a key at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from regenqc.ledger import Entry, Policy
from regenqc.ledger.cosignature import CosignatureSigner
from regenqc.ledger.note import Ed25519Signer

if TYPE_CHECKING:
    from regenqc.ledger import CheckpointMemory, Log, SignedCheckpoint

ORIGIN = "site.example/ledger"
NOW = 1_800_000_000


def seed(word: str) -> bytes:
    """Return 32 bytes that depend on a word only; keys of tests protect nothing."""
    return sha256(f"a key for tests: {word}".encode()).digest()


LOG_KEY = Ed25519Signer(ORIGIN, seed("log"))
WITNESS_KEYS = tuple(CosignatureSigner(f"witness-{letter}.example", seed(letter)) for letter in "abc")
POLICY = Policy.of([LOG_KEY.verifier])


def entry(number: int, *, word: str = "entry", size: int = 0) -> Entry:
    """Return an entry with a key of its own; `size` bytes long when that is stated."""
    body = f'{{"{word}":{number}}}'.encode()
    return Entry(f"{word}-{number:09d}".encode(), body.ljust(size, b" "))


def entries(count: int, *, start: int = 0, word: str = "entry") -> list[Entry]:
    """Return entries with consecutive numbers."""
    return [entry(number, word=word) for number in range(start, start + count)]


@dataclass
class Workbench:
    """A log with a key and a memory."""

    log: Log
    memory: CheckpointMemory
    key: Ed25519Signer = field(default=LOG_KEY)

    def fill(self, count: int, *, start: int = 0) -> None:
        """Append entries with consecutive numbers."""
        self.log.append(entries(count, start=start))

    def sign(self, *, now: int = NOW) -> SignedCheckpoint:
        """Sign a checkpoint."""
        return self.log.checkpoint(self.key, memory=self.memory, now=now)
