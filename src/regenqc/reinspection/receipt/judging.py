"""Judge receipts by the engine that judges releases: the same specification, the stage `hospital_receipt`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from regenqc.garbage import collection_paused
from regenqc.reinspection.receipt.findings import DOES_NOT_COMPLY, receipt_findings
from regenqc.vocabulary import Disposition, Stage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from regenqc.evaluation import Evaluation
    from regenqc.reinspection.receipt.expectation import Expectation
    from regenqc.reinspection.receipt.findings import ReceiptFinding
    from regenqc.reinspection.receipt.model import Receipt
    from regenqc.specification.model import Specification

__all__ = ["JudgedReceipt", "judge_receipt", "judge_receipts", "tables_of"]

_STAGE: Final = Stage.HOSPITAL_RECEIPT.value
_COLUMNS: Final = ("batch_id", "test", "result", "unit", "stage", "method", "tested_at", "uncertainty", "result_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedReceipt:
    """Hold what the data of a receipt allow.

    Args:
        receipt: as written down.
        findings: what follows from it, test by test.
        disposition: `eligible`, `conditional`, `hold` or `reject`.
        explanations: every cell that does not simply conform, one sentence each.
        failed: tests that failed.
        pending: results that may follow, as `requirement moment`.
        outcome: word of the ledger.
        specification: identifier and version by which it was judged.
        fingerprint: of that specification.
    """

    receipt: Receipt
    findings: tuple[ReceiptFinding, ...]
    disposition: Disposition
    explanations: tuple[str, ...]
    failed: tuple[str, ...]
    pending: tuple[str, ...]
    outcome: str
    specification: str
    fingerprint: str

    @property
    def conforms(self) -> bool:
        """Return whether the container may be accepted: nothing fails, nothing is missing but what may follow."""
        return self.disposition in {Disposition.ELIGIBLE, Disposition.CONDITIONAL} and self.outcome == "conformant"


def judge_receipt(
    receipt: Receipt, *, expected: Expectation, specification: Specification, now: datetime
) -> JudgedReceipt:
    """Return what the data of one receipt allow.

    Args:
        receipt: as written down.
        expected: what the ledger says of the container.
        specification: with requirements at the stage `hospital_receipt`.
        now: the present moment, with zone.
    """
    (judged,) = judge_receipts([(receipt, expected)], specification=specification, now=now)
    return judged


def judge_receipts(
    received: Sequence[tuple[Receipt, Expectation]], *, specification: Specification, now: datetime
) -> tuple[JudgedReceipt, ...]:
    """Return what the data of receipts allow, in their order; all are judged together.

    Args:
        received: receipts of different containers, each with what the ledger says of it.
        specification: with requirements at the stage `hospital_receipt`.
        now: the present moment, with zone.

    The word for the ledger is that of the first test that does not comply; a container of which no single test of the receipt
    fails, but whose own tests do, is `non_conformant`.
    """
    import regenqc  # noqa: PLC0415 - the engine is loaded when it judges

    # Hundreds of thousands of small records, none of which refers back: the collector would find nothing.
    with collection_paused():
        findings = [receipt_findings(receipt, expected, now=now) for receipt, expected in received]
        results, batches = tables_of([receipt for receipt, _ in received], findings, specification=specification)
    found = regenqc.evaluate(results, specification, batches=batches, stage=_STAGE, as_of=now)
    told = _told(found)
    return tuple(
        _judged(receipt, own, told.get(receipt.item), specification)
        for (receipt, _), own in zip(received, findings, strict=True)
    )


def tables_of(
    receipts: Sequence[Receipt],
    findings: Sequence[Sequence[ReceiptFinding]],
    *,
    specification: Specification,
) -> tuple[Any, Any]:
    """Return receipts as the engine reads them: a table of results, and one of batches.

    Args:
        receipts: of different containers.
        findings: of each of them.
        specification: what it does not ask for of the receipt itself is no row of evidence; it counts all the same.
    """
    import pyarrow as pa  # noqa: PLC0415 - whoever only asks the gate needs none of it

    asked = {requirement.test for requirement in specification.requirements}
    compared = {
        (requirement.test, requirement.agreement.stage.value)
        for requirement in specification.requirements
        if requirement.agreement is not None and requirement.stage is Stage.HOSPITAL_RECEIPT
    }
    columns: dict[str, list[str | None]] = {name: [] for name in _COLUMNS}
    for receipt, own in zip(receipts, findings, strict=True):
        _add_rows(columns, receipt, own, asked)
        if compared:
            _add_manufacturers_rows(columns, receipt, compared)
    results = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    return results, _batches(receipts)


def _add_rows(
    columns: dict[str, list[str | None]],
    receipt: Receipt,
    findings: Iterable[ReceiptFinding],
    asked: Collection[str | None],
) -> None:
    """Add the rows of a receipt: a word for each test of the receipt that is asked for, and every result as reported."""
    item, looked_at = receipt.item, receipt.received_at or None
    rows: list[tuple[str | None, ...]] = [
        (item, found.test, found.word, "", _STAGE, None, looked_at, None, f"{item}-{found.test}")
        for found in findings
        if found.word and found.test in asked
    ]
    rows += [
        (
            item,
            each.test,
            each.result,
            each.unit,
            _STAGE,
            each.method or None,
            each.tested_at or None,
            each.uncertainty or None,
            f"{item}-{number}",
        )
        for number, each in enumerate(receipt.results, 1)
    ]
    for name, values in zip(_COLUMNS, zip(*rows, strict=True), strict=False):
        columns[name] += values


def _add_manufacturers_rows(
    columns: dict[str, list[str | None]], receipt: Receipt, compared: Collection[tuple[str | None, str]]
) -> None:
    """Add what a verified packet states of the tests with which the hospital's own have to agree."""
    results = receipt.packet.results if receipt.packet is not None and receipt.packet.verified else ()
    for number, each in enumerate(results, 1):
        if (each.test, each.stage) in compared:
            row = (
                receipt.item,
                each.test,
                each.result,
                each.unit,
                each.stage,
                each.method or None,
                None,
                each.uncertainty or None,
                f"{receipt.item}-packet-{number}",
            )
            for name, value in zip(_COLUMNS, row, strict=True):
                columns[name].append(value)


def _batches(receipts: Sequence[Receipt]) -> Any:
    import pyarrow as pa  # noqa: PLC0415

    names = dict.fromkeys(name for receipt in receipts for name in receipt.attributes)
    columns = {name: [receipt.attributes.get(name) for receipt in receipts] for name in names}
    columns["batch_id"] = [receipt.item for receipt in receipts]
    # What a culture of the thawed preparation follows is its thaw.
    columns["manufactured_at"] = [
        receipt.thawed_at or receipt.attributes.get("manufactured_at") for receipt in receipts
    ]
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def _told(found: Evaluation) -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    told: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
        str(row["batch_id"]): (row, []) for part in found.disposition_batches() for row in part.to_pylist()
    }
    for part in found.finding_batches():
        for row in part.to_pylist():
            told[str(row["batch_id"])][1].append(row)
    return told


def _judged(
    receipt: Receipt,
    findings: tuple[ReceiptFinding, ...],
    told: tuple[dict[str, Any], list[dict[str, Any]]] | None,
    specification: Specification,
) -> JudgedReceipt:
    disposition = Disposition(str(told[0]["disposition"])) if told is not None else Disposition.HOLD
    cells = told[1] if told is not None else []
    failed = [found for found in findings if found.word == DOES_NOT_COMPLY]
    held = [found for found in findings if found.faults and not found.word]
    if failed and disposition is not Disposition.REJECT:
        disposition = Disposition.REJECT
    elif held and disposition in {Disposition.ELIGIBLE, Disposition.CONDITIONAL}:
        disposition = Disposition.HOLD
    outcome = "conformant" if disposition in {Disposition.ELIGIBLE, Disposition.CONDITIONAL} else "non_conformant"
    until = str(told[0].get("pending_until") or "") if told is not None else ""
    return JudgedReceipt(
        receipt=receipt,
        findings=findings,
        disposition=disposition,
        explanations=tuple(str(row["explanation"]) for row in cells),
        failed=tuple(
            dict.fromkeys(
                [found.test for found in failed] + [str(row["test"]) for row in cells if row["verdict"] == "fails"]
            )
        ),
        pending=tuple(
            f"{row['requirement_id']} {until}".strip()
            for row in cells
            if disposition is Disposition.CONDITIONAL and row["verdict"] == "missing"
        ),
        outcome=failed[0].outcome if failed else outcome,
        specification=f"{specification.id}#{specification.version}",
        fingerprint=specification.fingerprint,
    )
