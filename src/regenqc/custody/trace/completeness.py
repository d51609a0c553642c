"""That nothing else used it (question 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.custody.canonical import decode_event
from regenqc.custody.projection.rows import AddedRows, add_rows, no_uses, rows_of
from regenqc.custody.projection.tables import Part
from regenqc.custody.trace.reader import Reader

if TYPE_CHECKING:
    from regenqc.ledger import Snapshot

__all__ = ["Completeness", "completeness"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """Hold the outcome of looking through the whole log for one thing.

    Args:
        code: of the thing.
        entries: how many entries of the log were looked through: all of them.
        root: root of the tree over these entries, in hexadecimal digits; a checkpoint of this size commits to it.
        answered: events and parts in which the tables say that the thing is named.
        derived: the same, derived from the log itself.
        digest_through: events under the last projection digest, 0 when there is none.
        digest: that digest, in hexadecimal digits.
    """

    code: str
    entries: int
    root: str
    answered: tuple[tuple[int, str], ...]
    derived: tuple[tuple[int, str], ...]
    digest_through: int
    digest: str

    @property
    def complete(self) -> bool:
        """Return whether the tables name every event that the log does, and no other."""
        return self.answered == self.derived


class _OneNumber(dict[str, int]):
    """Number one code 1 and all others 0."""

    def __missing__(self, code: str) -> int:
        return 0


def completeness(view: Snapshot, code: str) -> Completeness:
    """Look through every entry of the log for a thing, and compare with what the tables answer.

    A Merkle tree proves what is in a log; that something is not in it can only be shown by reading all of it.

    Args:
        view: of the ledger.
        code: of an item, lot, piece of equipment, donor, recipient, study or chain of identity.

    Raises:
        UsageError: `RQC-C221`, the log never names the code.
    """
    reader = Reader(view)
    number = reader.number(code)
    numbers = _OneNumber({code: 1})
    uses = no_uses()
    rows = AddedRows()
    # A code is ASCII and stands in the canonical bytes as it is, between quotation marks.
    needle = f'"{code}"'.encode()
    entries = 0
    for chunk in view.chunks():
        entries += len(chunk)
        for entry in chunk:
            if needle in entry.body:
                add_rows(decode_event(entry.body), entry.index, numbers=numbers, uses=uses, rows=rows)
    stored = view.execute("SELECT event, part FROM custody_edge WHERE subject = ? ORDER BY event, part", (number,))
    digests = view.execute("SELECT through, digest FROM custody_digest ORDER BY through DESC LIMIT 1")
    through, digest = digests[0] if digests else (0, b"")
    return Completeness(
        code=code,
        entries=entries,
        root=view.tree().root(entries).hex(),
        answered=tuple((event, Part(part).name.lower()) for event, part in stored),
        derived=tuple(
            (event, Part(part).name.lower()) for event, part, subject in sorted(rows_of(rows.edges, 3)) if subject == 1
        ),
        digest_through=int(through),
        digest=bytes(digest).hex(),
    )
