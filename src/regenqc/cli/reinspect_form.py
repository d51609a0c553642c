"""The form of a receipt in a terminal: one question after the other, each answer kept at once."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from regenqc.cli.ledger_screen import print_line
from regenqc.cli.terminal import write_text
from regenqc.reinspection.receipt import QUESTIONS, Answer, IdentityReading, ReTest, amended, receipt_bytes
from regenqc.reinspection.receipt.questions import tests_on_receipt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from regenqc.reinspection.receipt import Receipt
    from regenqc.specification.model import Specification

__all__ = ["fill_form"]

_TEXTS = (
    ("received_by", "Who took it over? (pseudonym)"),
    ("received_as", "In which role? (receiver, pharmacist, …)"),
    ("received_at", "When? (date and time with zone, as 2026-03-16T09:30+01:00)"),
    ("shipment", "Event of the shipment, from the papers"),
    ("containers", "How many containers are there?"),
    ("expires_at", "Expiry on the label (date and time with zone)"),
    ("shipper", "Identifier of the shipper"),
    ("requalified_until", "Shipper qualified until (date)"),
    ("thawed_at", "When was it thawed for the tests? (with zone; empty when it was not)"),
)


def fill_form(receipt: Receipt, path: Path, *, specification: Specification | None) -> Receipt:
    """Ask what has not been answered yet, and keep every answer at once.

    Args:
        receipt: as far as it was filled.
        path: of its file.
        specification: whose tests at `hospital_receipt` are asked for, too.

    An empty answer leaves the question open for the next time.
    """

    def keep(changed: Receipt) -> Receipt:
        write_text(path, receipt_bytes(changed))
        return changed

    print_line(
        f"Receipt of {receipt.item} at {receipt.site}", detail=f"{path}; an empty answer leaves it open", bold=True
    )
    for name, question in _TEXTS[:4]:
        receipt = _text(receipt, name, question, keep)
    while len(receipt.readings) < 2:
        reading = _reading("first" if not receipt.readings else "second")
        if reading is None:
            break
        receipt = keep(amended(receipt, readings=(*receipt.readings, reading)))
    for name, question in _TEXTS[4:]:
        receipt = _text(receipt, name, question, keep)
    for each in QUESTIONS:
        if receipt.answer_to(each.test) is None:
            answer = _answer(each.test, each.text, receipt.readings[0].by if receipt.readings else receipt.received_by)
            if answer is not None:
                receipt = keep(amended(receipt, answers=(*receipt.answers, answer)))
    for test, title, unit in tests_on_receipt(specification) if specification is not None else ():
        if not any(each.test == test for each in receipt.results):
            result = _asked(f"{title} ({test}, in {unit})" if unit else f"{title} ({test})")
            if result:
                now = datetime.now().astimezone().isoformat(timespec="seconds")
                made = ReTest(test=test, result=result, unit=unit, tested_at=now)
                receipt = keep(amended(receipt, results=(*receipt.results, made)))
    receipt = keep(receipt)
    print_line("Kept. Judge it with `regenqc reinspect judge`.", good=True, detail=str(path))
    return receipt


def _asked(question: str) -> str:
    return str(typer.prompt(question, default="", show_default=False)).strip()


def _text(receipt: Receipt, name: str, question: str, keep: Callable[[Receipt], Receipt]) -> Receipt:
    if getattr(receipt, name):
        return receipt
    answer = _asked(question)
    return keep(amended(receipt, **{name: answer})) if answer else receipt


def _reading(which: str) -> IdentityReading | None:
    print_line(f"The {which} person reads the label, without looking at what is expected.", bold=True)
    by = _asked("Who reads? (pseudonym)")
    if not by:
        return None
    return IdentityReading(
        by=by,
        role=_asked("In which role?"),
        recipient=_asked("Recipient on the label"),
        coi=_asked("Chain-of-identity identifier on the label"),
        lot=_asked("Lot on the label"),
    )


def _answer(test: str, text: str, by: str) -> Answer | None:
    said = _asked(f"{text} (yes, no)").lower()
    if said in {"yes", "y"}:
        return Answer(question=test, answer="yes", by=by)
    if said in {"no", "n"}:
        return Answer(question=test, answer="no", by=by, remark=_asked("What is wrong?"))
    return None
