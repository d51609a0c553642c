"""Receipt: what is looked at when a container arrives, written down as it is found, and judged like any other stage.

`model` is the record, `questions` what people are asked, `findings` what follows from their answers, the ledger, the packet and
the loggers, `judging` the verdict of the same engine that judges a release.
"""

from regenqc.reinspection.receipt.expectation import Expectation, expectation_of
from regenqc.reinspection.receipt.findings import ReceiptFinding, receipt_findings
from regenqc.reinspection.receipt.judging import JudgedReceipt, judge_receipt, judge_receipts
from regenqc.reinspection.receipt.model import (
    Answer,
    IdentityReading,
    PacketFinding,
    PacketResult,
    Receipt,
    ReTest,
    WayCondition,
    amended,
    read_receipt,
    receipt_bytes,
)
from regenqc.reinspection.receipt.questions import QUESTIONS, ReceiptQuestion

__all__ = [
    "QUESTIONS",
    "Answer",
    "Expectation",
    "IdentityReading",
    "JudgedReceipt",
    "PacketFinding",
    "PacketResult",
    "ReTest",
    "Receipt",
    "ReceiptFinding",
    "ReceiptQuestion",
    "WayCondition",
    "amended",
    "expectation_of",
    "judge_receipt",
    "judge_receipts",
    "read_receipt",
    "receipt_bytes",
    "receipt_findings",
]
