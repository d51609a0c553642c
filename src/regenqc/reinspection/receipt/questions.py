"""What people are asked when a container arrives: each question once, its answer a test that the specification may require."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["QUESTIONS", "ReceiptQuestion"]


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
