"""`regenqc reinspect`: what arrives at the hospital is inspected, judged, recorded, and decided about by somebody else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_place import AsJson, Home, HomeOption, Ledger, moment_now, read_file, read_site
from regenqc.cli.ledger_screen import print_json, print_line
from regenqc.cli.reinspect_agreement import agree_command
from regenqc.cli.reinspect_decision import decide_command, export_command, verify_command
from regenqc.cli.reinspect_place import (
    NowOption,
    ReceiptFile,
    SignOption,
    SpecOption,
    clock_of,
    judged_of,
    record_event,
    signers_of,
    specification_of,
)
from regenqc.cli.reinspect_window import window_command
from regenqc.cli.terminal import MARKS, write_text
from regenqc.cli.trace_answers import moment_stated
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from regenqc.reinspection.receipt import JudgedReceipt

__all__ = ["app"]

app = typer.Typer(
    help="Re-inspect what arrives at the hospital: form, judge, decide.", no_args_is_help=True, rich_markup_mode="rich"
)

app.command("decide")(decide_command)
app.command("export")(export_command)
app.command("verify")(verify_command)
app.command("agree")(agree_command)
app.command("window")(window_command)


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
    fill_form(started, receipt, specification=specification_of(spec) if spec else None)


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
    in_turn: Annotated[
        bool, typer.Option("--in-turn", help="The loggers travelled one after another: legs of one way.")
    ] = False,
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
        read = add_packet(
            read,
            packet,
            trust=trust,
            now=clock_of(moment),
            used=specification_of(spec),
            agreed=read_site(home).specifications if Home(home).site.exists() else {},
        )
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
            in_turn=in_turn,
        )
    judged = judged_of(read, spec, ledger, moment)
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

        site = read_site(home)
        event = inspection_event(
            judged, zone=site.zone, inspected_at=moment, recorded_at=moment, procedures=site.procedures
        )
        blobs = [receipt_bytes(read)]
        record_event(event, ledger, home, signers=signers_of(sign or []), blobs=blobs, quiet=as_json)
    raise typer.Exit(0 if judged.conforms else 1)


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
