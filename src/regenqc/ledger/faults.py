"""Refusals of the ledger: one way to raise them, so that each names code, place, finding and remedy."""

from __future__ import annotations

from regenqc.errors import Fault, LedgerError, SignatureError

__all__ = ["fault", "ledger_error", "signature_error"]


def fault(code: str, what: str, *, where: str = "", got: object = "", expected: object = "", action: str = "") -> Fault:
    """Return a fault whose fields are texts.

    Example:
        >>> str(fault("RQC-L020", "The entry is empty.", got=0, expected="1 to 65535 bytes"))
        'RQC-L020 The entry is empty. Got: 0. Expected: 1 to 65535 bytes.'
    """
    return Fault(code=code, what=what, where=where, got=str(got), expected=str(expected), action=action)


def ledger_error(
    code: str, what: str, *, where: str = "", got: object = "", expected: object = "", action: str = ""
) -> LedgerError:
    """Return the error of one ledger fault.

    Example:
        >>> ledger_error("RQC-L038", "The ledger is closed.").code
        'RQC-L038'
    """
    return LedgerError(fault(code, what, where=where, got=got, expected=expected, action=action))


def signature_error(
    code: str, what: str, *, where: str = "", got: object = "", expected: object = "", action: str = ""
) -> SignatureError:
    """Return the error of one signature fault.

    Example:
        >>> signature_error("RQC-L012", "No witness signed.").exit_code
        5
    """
    return SignatureError(fault(code, what, where=where, got=got, expected=expected, action=action))
