"""`regenqc reinspect`: what arrives at the hospital is inspected, judged, recorded, and decided about by somebody else."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenqc.cli.ledger_place import AsJson, HomeOption, Ledger, moment_now, open_book, open_log, read_file, read_site
from regenqc.cli.ledger_place import read_secret_key as read_key
from regenqc.cli.ledger_screen import print_json, print_line
from regenqc.cli.reinspect_agreement import agree_command
from regenqc.cli.reinspect_window import window_command
from regenqc.cli.terminal import MARKS, write_text
from regenqc.cli.trace_answers import moment_stated
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from regenqc.custody.record import Event
    from regenqc.reinspection.receipt import JudgedReceipt, Receipt
    from regenqc.specification.model import Specification

__all__ = ["app"]

app = typer.Typer(
    help="Re-inspect what arrives at the hospital: form, judge, decide.", no_args_is_help=True, rich_markup_mode="rich"
)

app.command("agree")(agree_command)
app.command("window")(window_command)

ReceiptFile = Annotated[Path, typer.Argument(help="The receipt, a JSON file; one for each container.")]
SpecOption = Annotated[str, typer.Option("--spec", help="Specification with requirements at `hospital_receipt`.")]
NowOption = Annotated[
    str | None, typer.Option("--now", help="Moment to judge for, ISO 8601 with zone; the clock when not stated.")
]
SignOption = Annotated[
    list[Path] | None, typer.Option("--sign", help="Secret key of a person who acts; several times.")
]


@app.command("form")
def form_command(
    receipt: ReceiptFile,
    item: Annotated[str, typer.Option("--item", help="Code on the container; needed to start a receipt.")] = "",
    spec: Annotated[str, typer.Option("--spec", help="Ask for the tests of this specification, too.")] = "",
    home: HomeOption = Path("ledger-home"),
) -> None:
    """Lead a person through the checks of a receipt; what is answered is kept at once, and the next call goes on from there.

    Example: regenqc reinspect form DP-0001-1.json --item DP-0001-1 --spec example/msc-post-thaw
    """
    from regenqc.cli.reinspect_form import fill_form
    from regenqc.reinspection.receipt import Receipt, read_receipt
    from regenqc.reinspection.receipt.model import SCHEMA

    if receipt.exists():
        started = read_receipt(read_file(receipt), where=str(receipt))
        if item and item != started.item:
            raise UsageError(
                Fault(
                    code="RQC-U141",
                    what="The file is of another container.",
                    where=str(receipt),
                    got=item,
                    expected=started.item,
                )
            )
    elif item:
        started = Receipt(schema=SCHEMA, item=item, site=read_site(home).code)
    else:
        raise UsageError(
            Fault(code="RQC-U141", what="Which container?", where="--item", got="nothing", expected="its code")
        )
    fill_form(started, receipt, specification=_specification(spec) if spec else None)


@app.command("judge")
def judge_command(
    receipt: ReceiptFile,
    spec: SpecOption,
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    packet: Annotated[Path | None, typer.Option("--packet", help="Release packet: PDF, record or zip.")] = None,
    trust: Annotated[Path, typer.Option("--trust", help="Folder with the keys that you had before.")] = Path("trust"),
    logger: Annotated[
        list[Path] | None, typer.Option("--logger", help="File of a data logger (CSV, or EPCIS JSON).")
    ] = None,
    profile: Annotated[str, typer.Option("--profile", help="How the logger writes: generic, shipper.")] = "generic",
    condition: Annotated[Path | None, typer.Option("--condition", help="What the product permits on its way.")] = None,
    sent_at: Annotated[
        str | None, typer.Option("--sent-at", help="When it was sent, where another ledger tells that; with zone.")
    ] = None,
    page: Annotated[Path | None, typer.Option("--page", help="Write the printable record (HTML).")] = None,
    record: Annotated[bool, typer.Option("--record", help="Record the re-inspection in the ledger.")] = False,
    sign: SignOption = None,
    now: NowOption = None,
    as_json: AsJson = False,
) -> None:
    """Judge a receipt by the specification, with packet and logger data; print it, and record it.

    Leaves with 0 when the container conforms and with 1 when it does not.

    Example: regenqc reinspect judge DP-0001-1.json --spec example/msc-post-thaw --logger logger.csv --condition condition.toml
    """
    from regenqc.cli.reinspect_evidence import add_packet, add_way
    from regenqc.reinspection.receipt import read_receipt, receipt_bytes

    moment = moment_stated(now, "--now") if now is not None else moment_now()
    read = read_receipt(read_file(receipt), where=str(receipt))
    pictures: list[str] = []
    if packet is not None:
        read = add_packet(read, packet, trust=trust, now=_clock(moment))
    if logger:
        read = add_way(
            read,
            logger,
            profile=profile,
            condition=condition,
            ledger=ledger,
            now=moment,
            sent_at=sent_at,
            pictures=pictures,
        )
    judged = _judged(read, spec, ledger, moment)
    write_text(receipt, receipt_bytes(read))
    if page is not None:
        from regenqc.reinspection.receipt.page import receipt_page

        write_text(page, receipt_page(judged, pictures=pictures))
    if as_json:
        from regenqc.reinspection.receipt.told import judged_value

        print_json(judged_value(judged))
    else:
        print_judged(judged)
    if record:
        from regenqc.reinspection.receipt.deciding import inspection_event

        zone = read_site(home).zone
        event = inspection_event(judged, zone=zone, inspected_at=moment, recorded_at=moment)
        _record(event, judged, ledger, home, sign or [], quiet=as_json)
    raise typer.Exit(0 if judged.conforms else 1)


@app.command("decide")
def decide_command(
    receipt: ReceiptFile,
    outcome: Annotated[str, typer.Argument(help="accept, accept_for_infusion, exceptional, quarantine, refuse.")],
    spec: SpecOption,
    by: Annotated[str, typer.Option("--by", help="Who decides: PERSON:role; neither received nor inspected it.")],
    sign: SignOption = None,
    reason: Annotated[str, typer.Option("--reason", help="In words; needed for everything but acceptance.")] = "",
    document: Annotated[
        list[str] | None, typer.Option("--document", help="Of the exceptional path: name=identifier; several times.")
    ] = None,
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    now: NowOption = None,
) -> None:
    """Decide about a container that was re-inspected, and record the decision with your signature; a refusal is permanent.

    Example: regenqc reinspect decide DP-0001-1.json refuse --spec example/msc-post-thaw --by QA-0042:quality_assurance
    --reason "too warm on the way" --sign QA-0042.key
    """
    from regenqc.cli.gate import person_stated
    from regenqc.decision.checklist import find_checklist
    from regenqc.errors import DataError
    from regenqc.reinspection.receipt import read_receipt
    from regenqc.reinspection.receipt.deciding import decision_event, decision_faults, inspected_digest

    actor, role = person_stated(by, "--by")
    moment = moment_stated(now, "--now") if now is not None else moment_now()
    judged = _judged(read_receipt(read_file(receipt), where=str(receipt)), spec, ledger, moment)
    documents = dict(_named(each) for each in document or [])
    specification = _specification(spec)
    checklist = find_checklist(
        jurisdiction=specification.jurisdiction.value, specification=specification.id, extends=specification.extends
    )
    told: dict[str, Any] = {"actor": actor, "role": role, "reason": reason, "documents": documents}
    with open_log(ledger) as log, log.read() as view:
        inspected = inspected_digest(view, judged.receipt.item)
    faults = tuple(decision_faults(judged, outcome, **told, checklist=checklist, inspected=inspected))
    if faults:
        raise DataError(*faults)
    event = decision_event(judged, outcome, **told, zone=read_site(home).zone, decided_at=moment)
    _record(event, judged, ledger, home, sign or [], quiet=False)
    if outcome == "refuse":
        print_line("Refused for good: it is discarded or returned, and never used.")


def _judged(receipt: Receipt, spec: str, ledger: str, moment: str) -> JudgedReceipt:
    from regenqc.reinspection.receipt import expectation_of, judge_receipt

    with open_log(ledger) as log, log.read() as view:
        expected = expectation_of(view, receipt.item, site=receipt.site)
    return judge_receipt(receipt, expected=expected, specification=_specification(spec), now=_clock(moment))


def _record(event: Event, judged: JudgedReceipt, ledger: str, home: Path, keys: list[Path], *, quiet: bool) -> None:
    from regenqc.custody.people_keys import signed_event
    from regenqc.reinspection.receipt import receipt_bytes

    signers = [read_key(path) for path in keys]
    with open_book(ledger, site=read_site(home)) as book:
        book.log.put_blob(receipt_bytes(judged.receipt))
        noted = book.append_one(signed_event(event, signers) if signers else event)
    if not quiet:
        print_line(
            f"recorded: {event.kind} {event.outcome}",
            good=True,
            detail=f"entry {noted.index}{', it was there already' if noted.again else ''}",
        )


def print_judged(judged: JudgedReceipt) -> None:
    """Print what the data of a receipt allow, exceptions first."""
    word = judged.disposition.value
    print_line(
        f"{MARKS[word][0]} {word}  {judged.receipt.item}",
        detail=f"{judged.specification}, recorded as {judged.outcome}",
        bold=True,
    )
    for found in judged.findings:
        for fault in found.faults:
            print_line(f"{fault.code} {fault.what}", good=False, detail=f"{fault.got}; needed: {fault.expected}")
            if fault.action:
                print_line(f"  {fault.action}")
    for sentence in judged.explanations:
        print_line(f"  {sentence}")
    looked = sum(bool(found.word) for found in judged.findings)
    print_line(
        "", detail=f"{looked} of {len(judged.findings)} checks of the receipt told, {len(judged.receipt.results)} tests"
    )


def _specification(reference: str) -> Specification:
    from regenqc.specification import load_specification

    return load_specification(reference)


def _clock(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC)


def _named(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise UsageError(
            Fault(
                code="RQC-U142",
                what="A document is stated by name and identifier.",
                where="--document",
                got=text,
                expected="as physician_request=REQUEST-7",
            )
        )
    return name, value
