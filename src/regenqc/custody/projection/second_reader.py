"""A second process for verifying: it reads every entry by itself and digests the tables, while the first one derives.

What an event says by itself, and what the tables hold, follow from no other event, so they can be looked at apart. The first
process decodes the events and derives; this one looks for what is wrong with any of them and tells one digest per table. When
anything differs, the first process looks again alone and says what.

    python -m regenqc.custody.projection.second_reader

reads the address of the ledger from its standard input and writes its findings to its standard output.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from array import array
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from regenqc.custody.projection.tables import COLUMNS
from regenqc.custody.reading import judged_event
from regenqc.errors import RegenqcError
from regenqc.garbage import collection_paused
from regenqc.ledger.store import open_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.ledger import Snapshot

__all__ = ["INTEGER_KEYS", "Findings", "SecondReader", "TableDigest"]

# Tables of integers with their keys, and tables with texts.
INTEGER_KEYS: Final = {
    "custody_step": "event",
    "custody_edge": "event, part, subject",
    "custody_transfer": "event, subject",
    "custody_void": "correction",
    "custody_place": "event",
}
_TEXT_KEYS: Final = {
    "custody_name": "number",
    "custody_use": "number, sort",
    "custody_condition": "event, position",
    "custody_item": "subject",
}


class Findings(Struct, frozen=True):
    """Hold what the second reader found.

    Args:
        size: entries of the log that it read.
        root: root of the tree that its head row names, in hexadecimal digits.
        right: every entry is an event in which nothing is wrong, under its event_id.
        digests: of each table, in hexadecimal digits.
    """

    size: int
    root: str
    right: bool
    digests: dict[str, str]


class TableDigest:
    """Digest the rows of a table, in the order of its key, in whatever portions they come.

    Example:
        >>> whole, parts = TableDigest(), TableDigest()
        >>> whole.add_rows([(1, "a"), (2, "b")])
        >>> parts.add_rows([(1, "a")])
        >>> parts.add_rows([(2, "b")])
        >>> whole.text == parts.text
        True
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    @property
    def text(self) -> str:
        """Return the digest in hexadecimal digits."""
        return self._hash.hexdigest()

    def add_integers(self, values: array[int]) -> None:
        """Take rows of integers, one after the other."""
        self._hash.update(memoryview(values))

    def add_rows(self, rows: Sequence[Sequence[object]]) -> None:
        """Take rows of integers and texts."""
        self.add_encoded(msgspec.json.encode(rows))

    def add_encoded(self, rows: bytes) -> None:
        """Take rows as one JSON array without blanks."""
        self._hash.update(rows[1:-1] + b"," if len(rows) > 2 else b"")


class SecondReader:
    """Run the second process.

    Args:
        address: of the ledger, with everything needed to open it.
    """

    def __init__(self, address: str) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        # Where no second process can be had, there are no findings, and the first one looks at everything itself.
        with suppress(OSError):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "regenqc.custody.projection.second_reader"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            # By its input, not its arguments: those are shown to everybody on the machine, and it may hold a password.
            if self._process.stdin is not None:
                with self._process.stdin as stdin:
                    stdin.write(address.encode())

    def findings(self) -> Findings | None:
        """Wait for what the second process found; `None` when it could not read the ledger."""
        if self._process is None or self._process.stdout is None or self._process.stdout.closed:
            return None
        data = self._process.stdout.read()
        self.close()
        try:
            return msgspec.json.decode(data, type=Findings)
        except msgspec.MsgspecError:
            return None

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()


def read_everything(view: Snapshot) -> Findings:
    """Return what the second reader finds in one view of a ledger."""
    head = view.head()
    return Findings(
        head.size,
        head.root.hex(),
        right=_all_right(view),
        digests={
            **{table: _integers_digest(view, table, key) for table, key in INTEGER_KEYS.items()},
            **{table: _texts_digest(view, table, key) for table, key in _TEXT_KEYS.items()},
        },
    )


def _all_right(view: Snapshot) -> bool:
    for entries in view.chunks():
        for entry in entries:
            try:
                event, faults = judged_event(entry.body)
            except RegenqcError:
                return False
            if faults or entry.key != event.event_id.encode():
                return False
    return True


def _integers_digest(view: Snapshot, table: str, key: str) -> str:
    digest = TableDigest()
    for rows in view.stream(f"SELECT {', '.join(COLUMNS[table])} FROM {table} ORDER BY {key}"):  # noqa: S608 - names from code
        try:
            digest.add_integers(array("q", chain.from_iterable(rows)))
        except (TypeError, OverflowError):
            return "not only integers"
    return digest.text


def _texts_digest(view: Snapshot, table: str, key: str) -> str:
    digest = TableDigest()
    for rows in view.stream(f"SELECT {', '.join(COLUMNS[table])} FROM {table} ORDER BY {key}"):  # noqa: S608 - names from code
        digest.add_rows(rows)
    return digest.text


def main() -> None:
    """Read the ledger that standard input names, and write the findings to standard output."""
    store = open_store(sys.stdin.read(), read_only=True)
    try:
        store.prepare(None, origin=None)
        with collection_paused(), store.snapshot() as view:
            sys.stdout.buffer.write(msgspec.json.encode(read_everything(view)))
    finally:
        store.close()


if __name__ == "__main__":
    main()
