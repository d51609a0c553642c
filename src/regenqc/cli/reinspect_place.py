"""What the commands of re-inspection share: the specification, the judged receipt, and how an event of it is recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_place import open_book, open_log, read_site
from regenqc.cli.ledger_place import read_secret_key as read_key
from regenqc.cli.ledger_screen import print_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.record import Event
    from regenqc.ledger.note import Signer
    from regenqc.reinspection.receipt import Expectation, JudgedReceipt, Receipt
    from regenqc.specification.model import Specification

__all__ = [
    "NowOption",
    "ReceiptFile",
    "SignOption",
    "SpecOption",
    "clock_of",
    "expected_of",
    "judged_of",
    "record_event",
    "signers_of",
    "specification_of",
]

ReceiptFile = Annotated[Path, typer.Argument(help="The receipt, a JSON file; one for each container.")]
SpecOption = Annotated[str, typer.Option("--spec", help="Specification with requirements at `hospital_receipt`.")]
NowOption = Annotated[
    str | None, typer.Option("--now", help="Moment to judge for, ISO 8601 with zone; the clock when not stated.")
]
SignOption = Annotated[
    list[Path] | None, typer.Option("--sign", help="Secret key of a person who acts; several times.")
]


def specification_of(reference: str) -> Specification:
    """Return the specification that an option names."""
    from regenqc.specification import load_specification

    return load_specification(reference)


def clock_of(moment: str) -> datetime:
    """Return a moment of the ledger as a date and time."""
    return datetime.fromisoformat(moment).astimezone(UTC)


def expected_of(receipt: Receipt, ledger: str) -> Expectation:
    """Return what a ledger says of a container on receipt."""
    from regenqc.reinspection.receipt import expectation_of

    with open_log(ledger) as log, log.read() as view:
        return expectation_of(view, receipt.item, site=receipt.site)


def judged_of(receipt: Receipt, spec: str, ledger: str, moment: str) -> JudgedReceipt:
    """Return what the data of a receipt allow by a specification and a ledger."""
    from regenqc.reinspection.receipt import judge_receipt

    expected = expected_of(receipt, ledger)
    return judge_receipt(receipt, expected=expected, specification=specification_of(spec), now=clock_of(moment))


def signers_of(keys: Sequence[Path]) -> list[Signer]:
    """Return the secret keys of people who act, as their files hold them."""
    return [read_key(path) for path in keys]


def record_event(
    event: Event,
    ledger: str,
    home: Path,
    *,
    signers: Sequence[Signer],
    blobs: Sequence[bytes],
    quiet: bool,
) -> None:
    """Record an event of re-inspection, signed by those of its actors whose keys are at hand.

    Args:
        event: to be recorded.
        ledger: URL.
        home: folder of the site.
        signers: keys of people.
        blobs: documents that it names, kept beside the ledger.
        quiet: print nothing.
    """
    from regenqc.custody.people_keys import signed_event

    with open_book(ledger, site=read_site(home)) as book:
        for blob in blobs:
            book.log.put_blob(blob)
        noted = book.append_one(signed_event(event, signers) if signers else event)
    if not quiet:
        print_line(
            f"recorded: {event.kind} {event.outcome}",
            good=True,
            detail=f"entry {noted.index}{', it was there already' if noted.again else ''}",
        )
