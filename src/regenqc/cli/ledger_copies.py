"""`regenqc ledger export`, `import`, `backup`, `drill`: copies that outlive the database, and the proof that they are whole."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.ledger_place import (
    AsJson,
    HomeOption,
    Ledger,
    PolicyFile,
    moment_now,
    open_book,
    open_log,
    read_file,
    read_files,
    read_policy,
    read_site,
    write_file,
)
from regenqc.cli.ledger_proof import print_verification, verification_value
from regenqc.cli.ledger_screen import print_facts, print_json, print_line, print_table
from regenqc.errors import DataError, Fault, UsageError, fault_value

if TYPE_CHECKING:
    from regenqc.custody import Event, Policy
    from regenqc.ledger import Log
    from regenqc.ledger.drill import DrillReport

__all__ = ["backup_command", "drill_command", "export_command", "import_command"]

Base = Annotated[str, typer.Option("--base", help="Beginning of the site's URIs: https:// and its domain.")]
IsEpcis = Annotated[bool, typer.Option("--epcis", help="An EPCIS 2.0 document instead of the log as a folder.")]


def export_command(
    target: Annotated[Path, typer.Argument(help="Folder of the export; with --epcis, the file.")],
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    policy: PolicyFile = None,
    epcis: IsEpcis = False,
    base: Base = "",
    item: Annotated[
        list[str] | None, typer.Option("--item", help="With --epcis: only events of this item; several times.")
    ] = None,
    people: Annotated[bool, typer.Option("--people", help="With --epcis: include pseudonyms of people.")] = False,
    record: Annotated[bool, typer.Option("--record", help="With --epcis: include the canonical records.")] = False,
) -> None:
    """Export the log as plain files with their own verifier, or its events as EPCIS 2.0 for a partner.

    Example: regenqc ledger export archive
    """
    if epcis:
        _export_epcis(target, ledger, base=base, items=item or [], people=people, record=record)
        return
    from regenqc.ledger.export import export_log

    trust = read_policy(policy, home)
    with open_log(ledger) as log:
        found = export_log(log, target, policy=trust)
    print_line(f"{found.entries:,} entries are exported and verify.", good=True)
    print_facts(
        [
            ("folder", target),
            ("blobs", found.blobs),
            ("to verify", f"python {target / 'verifier' / 'verify.py'} {target} policy.txt"),
        ]
    )


def import_command(
    source: Annotated[Path, typer.Argument(help="Folder of an export; with --epcis, the document.")],
    ledger: Ledger = "sqlite:///ledger.db",
    home: HomeOption = Path("ledger-home"),
    policy: PolicyFile = None,
    epcis: IsEpcis = False,
    base: Base = "",
    sent: Annotated[str, typer.Option("--sent", help="With --epcis: event_id of the sending that is received.")] = "",
    sent_in: Annotated[str, typer.Option("--sent-in", help="With --sent: origin of the log it stands in.")] = "",
    sent_leaf: Annotated[str, typer.Option("--sent-leaf", help="With --sent: its leaf hash, sha256:….")] = "",
    as_json: AsJson = False,
) -> None:
    """Bring an export back into a new ledger, or record the events of a partner's EPCIS document.

    Leaves with 3 when an event of the document is not recorded; a document that comes twice is recorded once.

    Example: regenqc ledger import document.jsonld --epcis --base https://partner.example
    """
    if epcis:
        raise typer.Exit(
            _import_epcis(source, ledger, home, base=base, sent=(sent, sent_leaf, sent_in), as_json=as_json)
        )
    from regenqc.ledger.checkpoint import parse_signed_checkpoint
    from regenqc.ledger.export import restore_archive

    trust = read_policy(policy, home)
    origin = parse_signed_checkpoint(read_file(source / "checkpoint")).origin
    # Judged where it was written; the tables are derived anew.
    with open_book(ledger, origin=origin) as book:
        signed = restore_archive(source, book.log, policy=trust)
    if as_json:
        print_json({"origin": signed.origin, "size": signed.size, "root": signed.root.hex()})
        return
    print_line(f"{signed.size:,} entries of {signed.origin} are restored and verify.", good=True)


def backup_command(
    target: Annotated[Path, typer.Argument(help="File for the copy; it must not be there yet.")],
    ledger: Ledger = "sqlite:///ledger.db",
) -> None:
    """Copy a SQLite ledger while it is in use. PostgreSQL has its own tools for that.

    Example: regenqc ledger backup ledger-2026-03-16.db
    """
    from regenqc.ledger.drill import back_up_sqlite

    if not ledger.startswith("sqlite:"):
        raise UsageError(
            Fault(
                code="RQC-U104",
                what="Only SQLite ledgers are copied by this command.",
                got=ledger.partition(":")[0],
                action="Use pg_basebackup or pg_dump, and run the drill on what they give.",
            )
        )
    print_line(f"The backup is written: {back_up_sqlite(ledger, target)}", good=True)


def drill_command(
    backup: Annotated[str, typer.Argument(help="Backup file, exported folder, or URL of a restored database.")],
    witnessed: Annotated[
        list[Path], typer.Option("--witnessed", "-w", help="Checkpoint or proof held elsewhere; several times.")
    ],
    home: HomeOption = Path("ledger-home"),
    policy: PolicyFile = None,
    scratch: Annotated[
        Path | None, typer.Option("--scratch", help="Empty folder in which the restored ledger stays; else none does.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Restore a backup in a scratch place, and prove that it is, or is not, behind what witnesses have seen.

    Leaves with 5 unless one could go on from the backup without losing anything that was witnessed.

    Example: regenqc ledger drill ledger-2026-03-16.db --witnessed cosigned.checkpoint
    """
    trust = read_policy(policy, home)
    rules = read_site(home).policy
    held = [_checkpoint_of(data) for data in read_files(witnessed)]
    with tempfile.TemporaryDirectory(prefix="regenqc-drill-") as folder:
        from regenqc.ledger.drill import recovery_drill

        place = scratch if scratch is not None else Path(folder)
        report = recovery_drill(backup, scratch=place, policy=trust, witnessed=held)
        derived = _derived_anew(place / "ledger.db", rules) if report.ok and not Path(backup).is_dir() else True
    verdict = report.verdict if derived else "damaged"
    if as_json:
        value = verification_value(report.verification)
        sizes = {"restored_size": report.restored_size, "witnessed_size": report.witnessed_size}
        print_json({"verdict": verdict, "missing": report.missing, "unwitnessed": report.unwitnessed, **sizes, **value})
    else:
        _print_drill(report, verdict)
    raise typer.Exit(0 if verdict == "recoverable" else 5)


def _print_drill(report: DrillReport, verdict: str) -> None:
    sentences = {
        "recoverable": "One could go on from this backup: everything that was witnessed is there.",
        "behind": f"This backup is behind: {report.missing:,} witnessed entries are missing.",
        "rewritten": "This backup was rewritten: a witnessed entry is another one.",
        "damaged": "This backup does not verify.",
    }
    print_line(sentences[verdict], good=verdict == "recoverable")
    print_facts(
        [
            ("restored", f"{report.restored_size:,} entries"),
            ("witnessed", f"{report.witnessed_size:,} entries"),
            ("newer than any witness", f"{report.unwitnessed:,} entries: a newer backup could lack them unseen"),
        ]
    )
    if not report.verification.ok:
        print_verification(report.verification, has_outside=True)


def _derived_anew(ledger: Path, rules: Policy) -> bool:
    """Return whether the tables of custody in a restored SQLite ledger are those that follow from its entries."""
    if not ledger.exists():
        return True  # a database of its own; `regenqc ledger verify` says it
    with open_book(f"sqlite:///{ledger.absolute()}", rules=rules, read_only=True) as book:
        return book.verify().ok


def _checkpoint_of(data: bytes) -> bytes:
    from regenqc.ledger.proof import parse_proof

    return parse_proof(data).checkpoint if data.startswith(b"c2sp.org/tlog-proof@v1") else data


# ---- EPCIS ---------------------------------------------------------------------------------------------------------------


def _needs_base(base: str) -> None:
    if not base.startswith("https://"):
        raise UsageError(
            Fault(
                code="RQC-U105",
                what="EPCIS names things by URI, so the domain of the site must be known.",
                got=base or "nothing",
                expected="--base https://maker.example",
                action="Name a domain that the site owns.",
            )
        )


def _export_epcis(target: Path, ledger: str, *, base: str, items: list[str], people: bool, record: bool) -> None:
    from regenqc.custody.epcis import export_document

    _needs_base(base)
    with open_book(ledger, read_only=True) as book:
        events = _events(book.log, items)
    exported = export_document(events, base=base, created=moment_now(), people=people, record=record)
    write_file(target, exported.text, replace=True)
    count = len(exported.document["epcisBody"]["eventList"])
    print_line(f"{count:,} EPCIS events are written: {target}", good=True)
    if exported.left_out:
        print_table(("left out", "why"), exported.left_out, empty="", most=10)


def _events(log: Log, items: list[str]) -> list[Event]:
    from regenqc.custody import decode_event
    from regenqc.custody.trace import Reader, events_of_items

    with log.read() as view:
        if not items:
            return [decode_event(entry.body) for entry in view.entries()]
        reader = Reader(view)
        for item in items:
            reader.number(item)  # a spelling that the log does not know is an error, not an empty document
        return [reader.event(index) for index in events_of_items(reader, items)]


def _import_epcis(
    source: Path, ledger: str, home: Path, *, base: str, sent: tuple[str, str, str], as_json: bool
) -> int:
    from regenqc.cli.ledger import print_outcomes
    from regenqc.custody import Previous
    from regenqc.custody.epcis import Recorder, document_faults, import_events, read_document
    from regenqc.custody.repeated import as_recorded

    _needs_base(base)
    site = read_site(home)
    data = read_file(source)
    document = read_document(data)
    faults = document_faults(document)
    if faults:
        raise DataError(*faults)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    recorder = Recorder(actor=site.system, role="system", recorded_at=moment_now(), base=base, document=digest)
    imported = import_events(document, recorder=recorder, previous=Previous(*sent) if sent[0] else None)
    with open_book(ledger, site=site) as book:
        book.log.put_blob(data)
        outcomes = book.append(as_recorded(book.log, imported.events, members=["record_time"]), offered_by=base)
    code = print_outcomes(outcomes, as_json=as_json)
    if not imported.left_out:
        return code
    if as_json:
        # On the other stream, so that what was recorded stays one JSON value.
        for position, left in imported.left_out:
            typer.echo(f"event {position} is left out: {[fault_value(fault) for fault in left]}", err=True)
    else:
        rows = [(position, fault.code, fault.what, fault.got) for position, left in imported.left_out for fault in left]
        print_table(("not taken", "rule", "why", "got"), rows, empty="", most=20)
    return 3
