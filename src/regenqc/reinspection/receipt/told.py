"""A judged receipt as values of JSON, and back: the engine judges in one process, and another one shows what it said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regenqc.errors import DataError, Fault, fault_value
from regenqc.reinspection.receipt.findings import ReceiptFinding
from regenqc.reinspection.receipt.judging import JudgedReceipt
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from regenqc.reinspection.receipt.model import Receipt

__all__ = ["judged_value", "read_judged"]


def judged_value(judged: JudgedReceipt) -> dict[str, Any]:
    """Return a judged receipt as values of JSON; the receipt itself is a file of its own."""
    return {
        "item": judged.receipt.item,
        "disposition": judged.disposition.value,
        "outcome": judged.outcome,
        "conforms": judged.conforms,
        "specification": judged.specification,
        "fingerprint": judged.fingerprint,
        "failed": list(judged.failed),
        "pending": list(judged.pending),
        "explanations": list(judged.explanations),
        "findings": [
            {
                "test": found.test,
                "word": found.word,
                "outcome": found.outcome,
                "faults": [fault_value(fault) for fault in found.faults],
            }
            for found in judged.findings
        ],
    }


def read_judged(value: Mapping[str, Any], receipt: Receipt) -> JudgedReceipt:
    """Return the judged receipt that `judged_value` told.

    Args:
        value: of `judged_value`.
        receipt: that was judged.

    Raises:
        DataError: `RQC-H415`, it was told of another container, or not by this version.

    Example:
        >>> from regenqc.reinspection.receipt import Receipt
        >>> read_judged({}, Receipt(schema="regenqc.receipt/1", item="DP-1", site="HOSPITAL-1"))  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        regenqc.errors.DataError: RQC-H415 This is no judgement of the receipt. At DP-1. Got: 'item'. ...
    """
    try:
        return JudgedReceipt(
            receipt={receipt.item: receipt}[value["item"]],
            findings=tuple(
                ReceiptFinding(
                    test=found["test"],
                    word=found["word"],
                    outcome=found["outcome"],
                    faults=tuple(Fault(**fault) for fault in found["faults"]),
                )
                for found in value["findings"]
            ),
            disposition=Disposition(value["disposition"]),
            explanations=tuple(value["explanations"]),
            failed=tuple(value["failed"]),
            pending=tuple(value["pending"]),
            outcome=value["outcome"],
            specification=value["specification"],
            fingerprint=value["fingerprint"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            Fault(
                code="RQC-H415",
                what="This is no judgement of the receipt.",
                where=receipt.item,
                got=str(error),
                action="Judge it again.",
            )
        ) from error
