"""`regenqc audit`: who did what with a lot, when, why, old and new value."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from regenqc.cli.audit_page import print_trail
from regenqc.cli.ledger_screen import print_line
from regenqc.cli.signing_place import attempt_log
from regenqc.cli.start import leave_pandas_out
from regenqc.cli.terminal import write_text
from regenqc.errors import SignatureError

__all__ = ["audit_command"]


class Form(StrEnum):
    """How an audit trail is written."""

    TEXT = "text"
    CSV = "csv"
    JSON = "json"


def audit_command(
    lot: Annotated[str, typer.Argument(help="Batch.")],
    decisions: Annotated[Path, typer.Option("--decisions", help="Folder of decisions.")] = Path("decisions"),
    results: Annotated[
        list[Path] | None,
        typer.Option("--results", "-r", help="Directory of an evaluation; may be given several times."),
    ] = None,
    people: Annotated[
        Path | None, typer.Option("--people", help="Folder with attempts.jsonl, for attempts that failed.")
    ] = None,
    form: Annotated[Form, typer.Option("--format", "-f", help="For the screen, as CSV or as JSON.")] = Form.TEXT,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write CSV or JSON to this file.")] = None,
) -> None:
    """Show the audit trail of a lot: decisions, signatures, results changed after entry, failed attempts.

    Leaves with 5 when the log of attempts lacks lines beside which a decision was signed.

    Example: regenqc audit ARI0001/01 --decisions decisions --results judged
    """
    leave_pandas_out()
    import sys

    from regenqc.decision.audit import audit_csv, audit_json, audit_trail
    from regenqc.decision.evaluation_files import EvaluationFiles
    from regenqc.decision.folder import DecisionFolder

    made = DecisionFolder(decisions).of_lot(lot)
    if people is not None:
        faults = list(attempt_log(people).faults(signature for each in made for signature in each.signatures))
        if faults:
            raise SignatureError(*faults)
    entries = audit_trail(
        lot,
        decisions=made,
        evaluations=[EvaluationFiles(directory, only=[lot]) for directory in results or ()],
        attempts=attempt_log(people).read() if people is not None else (),
    )
    if form is Form.TEXT and out is None:
        print_trail(lot, entries)
        return
    is_json = form is Form.JSON or (out is not None and out.suffix == ".json")
    text = audit_json(entries) if is_json else audit_csv(entries)
    if out is None:
        sys.stdout.write(text)
    else:
        write_text(out, text)
        print_line(f"{len(entries)} entries", good=True, detail=str(out))
