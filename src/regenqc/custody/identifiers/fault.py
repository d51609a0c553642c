"""The two faults of an identifier: it is wrong, or it is not in its one spelling."""

from __future__ import annotations

from regenqc.errors import DataError, Fault

__all__ = ["wrong_identifier"]


def wrong_identifier(what: str, *, got: str, expected: str) -> DataError:
    """Return the error of an identifier that cannot be right."""
    return DataError(
        Fault(
            code="RQC-C030",
            what=what,
            got=got,
            expected=expected,
            action="Scan or type the identifier again.",
        )
    )
