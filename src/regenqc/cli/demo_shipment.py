"""What both tellings of the hospital share: an invented product's condition, files of loggers, and how another log is named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.errors import LedgerError

if TYPE_CHECKING:
    from regenqc.custody import Book

__all__ = ["CONDITION", "HOSPITAL", "MAKER", "leaf_of", "logger_file"]

MAKER, HOSPITAL = "MAKER-1", "HOSPITAL-1"
CONDITION: Final = """schema = "regenqc.condition/1"
id = "demonstration/frozen"
version = "1"
title = "Invented product, frozen"
[[channel]]
name = "temperature"
unit = "°C"
high = "-120"
longest_minutes = "5"
total_minutes = "10"
gap_minutes = "10"
citation = "invented for the demonstration"
mark = "unverified"
"""
_EVERY_MILLISECONDS: Final = 300_000
# An hour of it: readings by their number.
_WARM: Final = range(100, 112)


def logger_file(logger: str, *, began: str, ended: str, warm: bool) -> str:
    """Return the file of a logger that looked every five minutes.

    Args:
        logger: its identifier.
        began: moment of the first reading.
        ended: moment after which there is none.
        warm: with a planted excursion of an hour.

    Example:
        >>> text = logger_file("L-1", began="2026-03-16T14:00:00.000Z", ended="2026-03-16T14:05:00.000Z", warm=False)
        >>> text.splitlines()[1]
        'L-1,2026-03-16T14:00:00.000Z,-152.0'
    """
    from regenqc.custody.moments import milliseconds_of, moment_of_milliseconds

    rows = ["logger,moment,temperature"]
    for number, moment in enumerate(range(milliseconds_of(began), milliseconds_of(ended) + 1, _EVERY_MILLISECONDS)):
        celsius = -64.5 if warm and number in _WARM else -152 - number % 7 * 0.3
        rows.append(f"{logger},{moment_of_milliseconds(moment)},{celsius:.1f}")
    return "\n".join(rows) + "\n"


def leaf_of(book: Book, event_id: str) -> str:
    """Return the leaf hash of an event that was recorded, as another log names it.

    Raises:
        LedgerError: it was not recorded.
    """
    from regenqc.ledger.merkle import leaf_hash

    entry = book.log.find(event_id.encode())
    if entry is None:  # pragma: no cover - it was recorded a moment ago
        raise LedgerError
    return f"sha256:{leaf_hash(entry.body).hex()}"
