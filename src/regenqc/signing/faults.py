"""Errors of this package: one way of writing them."""

from __future__ import annotations

from regenqc.errors import Fault, SignatureError

__all__ = ["fault", "refused"]


def fault(code: str, what: str, *, where: str = "", got: str = "", expected: str = "", action: str = "") -> Fault:
    """Return one fault.

    Example:
        >>> fault("RQC-G001", "The key has expired.").code
        'RQC-G001'
    """
    return Fault(code=code, what=what, where=where, got=got, expected=expected, action=action)


def refused(
    code: str, what: str, *, where: str = "", got: str = "", expected: str = "", action: str = ""
) -> SignatureError:
    """Return the error of a signature, key or person that does not hold.

    Example:
        >>> refused("RQC-G001", "The key has expired.").exit_code
        5
    """
    return SignatureError(fault(code, what, where=where, got=got, expected=expected, action=action))
