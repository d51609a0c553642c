"""What goes into the log and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from regenqc.ledger.faults import fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.errors import Fault

__all__ = [
    "LONGEST_BODY_BYTES",
    "LONGEST_KEY_BYTES",
    "Appended",
    "Entry",
    "NewEntries",
    "Outcome",
    "Refused",
    "StoredEntry",
]

LONGEST_KEY_BYTES: Final = 128
# C2SP tlog-tiles writes the length of an entry in two bytes.
LONGEST_BODY_BYTES: Final = 65_535


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold one entry to be recorded.

    Args:
        key: identity of the event, chosen by the caller, 1 to 128 bytes; the same key is never recorded twice. It is
            not part of what is hashed. Keys that grow with time keep the index small and fast.
        body: 1 to 65,535 bytes; exactly these are hashed and kept.

    Example:
        >>> Entry(b"event-1", b"{}").fault is None, Entry(b"", b"{}").fault.code
        (True, 'RQC-L020')
    """

    key: bytes
    body: bytes

    @property
    def fault(self) -> Fault | None:
        """Return why the entry cannot be recorded, `None` when it can."""
        key, body = self.key, self.body
        if (
            type(key) is type(body) is bytes
            and 0 < len(key) <= LONGEST_KEY_BYTES
            and 0 < len(body) <= LONGEST_BODY_BYTES
        ):
            return None
        for name, value, most in (("key", self.key, LONGEST_KEY_BYTES), ("body", self.body, LONGEST_BODY_BYTES)):
            if not isinstance(value, bytes) or not 1 <= len(value) <= most:
                return fault(
                    "RQC-L020",
                    f"The {name} of an entry has the wrong form.",
                    where=repr(self.key)[:80],
                    got=f"{len(value)} bytes" if isinstance(value, bytes) else type(value).__name__,
                    expected=f"1 to {most} bytes",
                    action="Keep larger content as a blob and record its digest." if name == "body" else "",
                )
        return None


class StoredEntry(NamedTuple):
    """Hold one entry as recorded: its place, its leaf hash, its key and its bytes."""

    index: int  # type: ignore[assignment] # the field hides `tuple.index`, which nobody needs here
    leaf: bytes
    key: bytes
    body: bytes


class NewEntries(NamedTuple):
    """Hold entries that follow one another in the log, column by column.

    Args:
        start: place of the first one.
        leaves: their leaf hashes.
        keys: their keys.
        bodies: their bytes.
    """

    start: int
    leaves: Sequence[bytes]
    keys: Sequence[bytes]
    bodies: Sequence[bytes]


class Appended(NamedTuple):
    """Say that an entry is recorded and durable.

    Args:
        index: its 0-based place.
        leaf: its leaf hash.
        again: the same key with the same bytes was there before this call.
    """

    # A named tuple, because ten thousand of them are made per transaction and a frozen dataclass takes thrice as long.
    index: int  # type: ignore[assignment] # the field hides `tuple.index`, which nobody needs here
    leaf: bytes
    again: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Say that an entry is not recorded, and why."""

    fault: Fault


Outcome = Appended | Refused
