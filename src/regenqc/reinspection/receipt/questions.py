"""What people are asked when a container arrives: each question once, its answer a test that the specification may require."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from regenqc.specification.model import Specification

__all__ = ["QUESTIONS", "ReceiptQuestion", "tests_on_receipt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptQuestion:
    """Hold one question.

    Args:
        test: test code of the answer.
        text: the question; `yes` is the good answer.
        outcome: word of the ledger where the answer is no.
    """

    test: str
    text: str
    outcome: str


QUESTIONS: Final[tuple[ReceiptQuestion, ...]] = (
    ReceiptQuestion(
        test="receipt_seal", text="Is the seal of the shipper intact, with the number of the papers?", outcome="damaged"
    ),
    ReceiptQuestion(
        test="receipt_container",
        text="Is the container whole: no crack, no leak, no sign of contamination?",
        outcome="damaged",
    ),
    ReceiptQuestion(
        test="receipt_label", text="Is the label intact, and is every field of it legible?", outcome="non_conformant"
    ),
)


def tests_on_receipt(specification: Specification) -> tuple[tuple[str, str, str], ...]:
    """Return the tests that the hospital's laboratory makes on receipt: test code, title and unit of each.

    Example:
        >>> from regenqc.specification import load_specification
        >>> tests_on_receipt(load_specification("example/msc-post-thaw"))[1]
        ('viability', 'Viability after thaw', '%')
    """
    return tuple(
        (
            entry.test,
            entry.title or entry.test,
            entry.limit.unit if entry.limit is not None and entry.limit.unit else "",
        )
        for entry in specification.requirements
        if entry.stage == "hospital_receipt" and entry.test and not entry.test.startswith("receipt_")
    )
