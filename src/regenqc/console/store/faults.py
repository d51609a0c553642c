"""Faults of what is loaded into the store of the console."""

from __future__ import annotations

from regenqc.errors import DataError, Fault

__all__ = ["refused"]


def refused(code: str, what: str, *, where: str, got: object = "", expected: str = "", action: str = "") -> DataError:
    """Return the error of an evaluation that is not loaded.

    Codes: `RQC-W100` no output of an evaluation, `RQC-W101` its files contradict one another, `RQC-W102` its batch table
    is another one than it was judged by.
    """
    return DataError(Fault(code=code, what=what, where=where, got=str(got), expected=expected, action=action))
