"""The errors of certificates, one function for each class."""

from __future__ import annotations

from regenqc.errors import DataError, Fault, SpecificationError, UsageError

__all__ = ["data_error", "profile_error", "usage_error"]


def data_error(
    code: str, what: str, *, where: str = "", got: object = "", expected: object = "", action: str = ""
) -> DataError:
    """Return the error of data from which no certificate can be made.

    Example:
        >>> data_error("RQC-V001", "No batch.").exit_code
        3
    """
    return DataError(Fault(code=code, what=what, where=where, got=str(got), expected=str(expected), action=action))


def profile_error(
    code: str, what: str, *, where: str = "", got: object = "", expected: object = "", action: str = ""
) -> SpecificationError:
    """Return the error of a certificate profile that is not valid."""
    return SpecificationError(
        Fault(code=code, what=what, where=where, got=str(got), expected=str(expected), action=action)
    )


def usage_error(
    code: str, what: str, *, where: str = "", got: object = "", expected: object = "", action: str = ""
) -> UsageError:
    """Return the error of a request that cannot be followed as asked."""
    return UsageError(Fault(code=code, what=what, where=where, got=str(got), expected=str(expected), action=action))
