"""Errors of this package: one way of writing them."""

from __future__ import annotations

from regenqc.errors import UsageError
from regenqc.signing.faults import fault

__all__ = ["fault", "refused"]


def refused(
    code: str, what: str, *, where: str = "", got: str = "", expected: str = "", action: str = ""
) -> UsageError:
    """Return the error of a decision that cannot be made as asked.

    Example:
        >>> refused("RQC-A001", "A justification is needed.").exit_code
        2
    """
    return UsageError(fault(code, what, where=where, got=got, expected=expected, action=action))
