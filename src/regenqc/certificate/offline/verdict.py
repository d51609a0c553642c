"""What a check of a certificate found: one line for each thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from regenqc.errors import Fault

__all__ = ["Check", "Verdict"]


@dataclass(frozen=True, slots=True)
class Check:
    """Hold the outcome of one check.

    Args:
        name: of the check, stable.
        passed: `True`, `False`, or `None` when nothing was given to check it with.
        said: what was found, in a sentence.
        faults: what is wrong.
    """

    name: str
    passed: bool | None
    said: str
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class Verdict:
    """Collect checks; a certificate is verified when none failed and it was read at all.

    Example:
        >>> verdict = Verdict()
        >>> from regenqc.errors import Fault
        >>> verdict.failed("file", Fault(code="RQC-V100", what="The file is no certificate."))
        >>> verdict.ok
        False
    """

    checks: list[Check] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Return whether the certificate is verified; with nothing checked it is not."""
        return bool(self.facts) and all(check.passed is not False for check in self.checks)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Return everything that is wrong, in the order in which it was found."""
        return tuple(fault for check in self.checks for fault in check.faults)

    def passed(self, name: str, said: str) -> None:
        """Note a check that was passed."""
        self.checks.append(Check(name, passed=True, said=said))

    def not_shown(self, name: str, said: str) -> None:
        """Note a check for which nothing was given; it proves nothing and breaks nothing."""
        self.checks.append(Check(name, passed=None, said=said))

    def failed(self, name: str, *faults: Fault) -> None:
        """Note a check that failed."""
        self.checks.append(Check(name, passed=False, said=faults[0].what, faults=tuple(faults)))

    def judged(self, name: str, faults: Iterable[Fault], said: str) -> None:
        """Note a check that was passed when there is no fault, and failed otherwise."""
        found = tuple(faults)
        if found:
            self.failed(name, *found)
        else:
            self.passed(name, said)
