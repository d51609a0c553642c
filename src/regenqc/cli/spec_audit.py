"""`regenqc spec audit`: what the shipped packs rest on, and whether they say only what their sources say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.terminal import console, print_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.specification.audit import PackAudit

__all__ = ["audit_command"]

# Words too long for a column among ten.
_HEADINGS = {
    "secondary": "second-\nary",
    "unverified": "unveri-\nfied",
    "pharmacopoeia": "pharma-\ncopoeia",
    "to be set": "to be\nset",
}


def audit_command(
    packs: Annotated[
        list[str] | None, typer.Argument(help="Packs by identifier; all of them when none is named.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the audit as JSON.")] = False,
) -> None:
    """Count the requirements of packs by mark and force, and check each against the register of sources.

    Leaves with 4 when a requirement lacks citation, edition or mark, claims more than its source gives, or has a number
    that no source gives.

    Example: regenqc spec audit
    """
    from regenqc.errors import SpecificationError
    from regenqc.specification import list_specifications, load_specification
    from regenqc.specification.audit import audit_pack, list_packs
    from regenqc.specification.sources import load_sources

    names = packs or list_packs([identifier for identifier, _ in list_specifications()])
    audits = [audit_pack(load_specification(name), sources=load_sources()) for name in names]
    if as_json:
        typer.echo(json.dumps([_document(audit) for audit in audits], ensure_ascii=False, indent=2))
    else:
        _print(audits)
    faults = [fault for audit in audits for fault in audit.faults]
    if faults:
        print_error(SpecificationError(*dict.fromkeys(faults)))
        raise typer.Exit(SpecificationError.exit_code)


def _document(audit: PackAudit) -> dict[str, object]:
    return {
        "id": audit.specification.id,
        "version": audit.specification.version,
        "requirements": len(audit.specification.requirements),
        "by_mark_and_force": [
            {"mark": mark, "force": force, "requirements": count} for (mark, force), count in audit.counts.items()
        ],
        "sponsor_must_set": list(audit.unset),
        "faults": [str(fault) for fault in audit.faults],
    }


def _print(audits: Sequence[PackAudit]) -> None:
    from rich import box
    from rich.table import Table

    from regenqc.vocabulary import Force, Mark

    forces = [
        force
        for force in Force
        if any(count for audit in audits for (_, of), count in audit.counts.items() if of == force)
    ]
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("pack", no_wrap=True)
    for title in (*Mark, *forces, "to be set", "faults"):
        table.add_column(_HEADINGS.get(title, str(title)), justify="right", no_wrap=True)
    for audit in audits:
        counts = audit.counts
        by_mark = [sum(count for (mark, _), count in counts.items() if mark == wanted) for wanted in Mark]
        by_force = [sum(count for (_, force), count in counts.items() if force == wanted) for wanted in forces]
        faults = f"[red]✘ {len(audit.faults)}[/]" if audit.faults else "[green]✔ 0[/]"
        numbers = [*by_mark, *by_force, len(audit.unset)]
        table.add_row(audit.specification.id, *(str(number or "·") for number in numbers), faults)
    console().print(table)
    console().print(
        "\n`to be set`: the sources give no limit; a batch holds until a product specification sets and justifies it."
    )
