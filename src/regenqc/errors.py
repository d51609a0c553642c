"""The one error tree of regenqc.

Every error says what happened, where, what was found, what was expected and what to do next; the same facts are
fields, so that a pipeline reads them without parsing the text. Errors inherit only `Exception`, so that code which
catches `ValueError` does not swallow a refusal to release, and they pickle, so that they survive process borders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "DataError",
    "Fault",
    "InternalError",
    "LedgerError",
    "RegenqcError",
    "SignatureError",
    "SpecificationError",
    "UsageError",
    "fault_value",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Describe one thing that is wrong.

    Args:
        code: stable identifier, e.g. `RQC-S014`; the letter names the area (S specification, D data, U usage).
        what: one sentence.
        where: file, line, row or path inside the document; empty when there is none.
        got: what was found, shortened to at most 120 characters.
        expected: what would have been accepted.
        action: what to do next.

    Example:
        >>> str(Fault(code="RQC-S001", what="Unknown key.", where="a.toml:3 requirement[0].limt", got="limt",
        ...     expected="limit", action="Rename the key."))
        'RQC-S001 Unknown key. At a.toml:3 requirement[0].limt. Got: limt. Expected: limit. Rename the key.'
    """

    code: str
    what: str
    where: str = ""
    got: str = ""
    expected: str = ""
    action: str = ""

    def __str__(self) -> str:
        got = self.got if len(self.got) <= 120 else f"{self.got[:100]}… ({len(self.got)} characters)"
        parts = [
            f"{self.code} {self.what}",
            f"At {self.where}." if self.where else "",
            f"Got: {got}." if got else "",
            f"Expected: {self.expected}." if self.expected else "",
            self.action,
        ]
        return " ".join(part for part in parts if part)


class RegenqcError(Exception):
    """Base of every error that leaves a public function of regenqc.

    Args:
        faults: what is wrong, all of it, in the order in which a reader would meet it; at least one.

    Example:
        >>> error = DataError(Fault(code="RQC-D001", what="The file is empty.", where="export.csv"))
        >>> error.code, error.exit_code
        ('RQC-D001', 3)
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults: tuple[Fault, ...] = faults

    @property
    def code(self) -> str:
        """Return the code of the first fault."""
        return self.faults[0].code if self.faults else "RQC-X000"

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class SpecificationError(RegenqcError):
    """A specification, pack or profile is invalid; every fault of the document is listed."""

    exit_code = 4


class DataError(RegenqcError):
    """Input data were refused as a whole; single bad rows never raise, they are recorded."""

    exit_code = 3


class LedgerError(RegenqcError):
    """The custody ledger does not verify."""

    exit_code = 5


class SignatureError(RegenqcError):
    """A signature or certificate does not verify."""

    exit_code = 5


class UsageError(RegenqcError):
    """The caller asked for something that cannot be done as asked."""

    exit_code = 2


class InternalError(RegenqcError):
    """regenqc itself is at fault; the message says what to report."""

    exit_code = 70


def fault_value(fault: Fault) -> dict[str, str]:
    """Return a fault as values of JSON; what it does not say is left out.

    Example:
        >>> fault_value(Fault(code="RQC-C141", what="No step on a recalled item."))
        {'code': 'RQC-C141', 'what': 'No step on a recalled item.'}
    """
    members = ("code", "what", "where", "got", "expected", "action")
    return {name: getattr(fault, name) for name in members if getattr(fault, name)}
