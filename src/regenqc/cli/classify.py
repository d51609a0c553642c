"""`regenqc classify`: track and risk class of a described product, with the row and source that decide."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from regenqc.cli.terminal import console
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.regulation import Answer, Classification
    from regenqc.vocabulary import Jurisdiction

__all__ = ["classify_command", "read_day", "read_jurisdiction", "read_pairs"]


def classify_command(
    product: Annotated[
        list[str] | None, typer.Argument(help="What the product is: property=word, for example cell_source=hipsc.")
    ] = None,
    jurisdictions: Annotated[
        list[str] | None, typer.Option("--jurisdiction", "-j", help="US, EU, JP, KR or CN; all five when not given.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Day at which the rules must be in force; default today.")
    ] = None,
    words: Annotated[bool, typer.Option("--words", help="List the properties and their words.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answers as JSON.")] = False,
) -> None:
    """Say which track and risk class the tables of five jurisdictions give for a product. Indicative only.

    Example: regenqc classify kind=cells cell_source=hipsc donor_relation=allogeneic setting=clinical_research
    """
    from regenqc.regulation import classify
    from regenqc.regulation.classification import JURISDICTIONS
    from regenqc.regulation.description import describe_product

    if words or not product:
        _print_words()
        return
    described = describe_product(read_pairs(product))
    wanted = [read_jurisdiction(name) for name in jurisdictions] if jurisdictions else JURISDICTIONS
    day = read_day(as_of) if as_of else datetime.now(tz=UTC).date()
    found = [classify(described, jurisdiction=jurisdiction, as_of=day) for jurisdiction in wanted]
    if as_json:
        typer.echo(json.dumps([asdict(entry) for entry in found], ensure_ascii=False, indent=2))
    else:
        _print(found)


def read_pairs(pairs: Sequence[str]) -> dict[str, str]:
    """Read `name=word` arguments.

    Raises:
        UsageError: an argument without `=`, or a name twice.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, mark, word = pair.partition("=")
        if not mark or name in found:
            raise UsageError(
                Fault(
                    code="RQC-U103",
                    what="A property is stated twice." if mark else "A property has no word.",
                    got=pair,
                    expected="property=word, each property once, for example cell_source=hipsc",
                    action="List the properties with `regenqc classify --words`.",
                )
            )
        found[name.strip()] = word.strip()
    return found


def read_jurisdiction(name: str) -> Jurisdiction:
    """Read one of the five jurisdictions.

    Raises:
        UsageError: another word.
    """
    from regenqc.regulation.classification import JURISDICTIONS

    for jurisdiction in JURISDICTIONS:
        if jurisdiction.value == name.strip().upper():
            return jurisdiction
    raise UsageError(
        Fault(
            code="RQC-U104",
            what="There are no tables of this jurisdiction.",
            got=name,
            expected=", ".join(JURISDICTIONS),
            action="Name one of them.",
        )
    )


def read_day(text: str) -> date:
    """Read a day written as 2026-05-01.

    Raises:
        UsageError: anything else.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise UsageError(
            Fault(code="RQC-U105", what="The day cannot be read.", got=text, expected="for example 2026-05-01")
        )
    return day


def _print_words() -> None:
    from rich import box
    from rich.table import Table

    from regenqc.regulation.description import MEANINGS, WORDS

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in ("property", "meaning", "words"):
        table.add_column(title, overflow="fold")
    for name, words in WORDS.items():
        table.add_row(name, MEANINGS[name], " · ".join(words))
    console().print(table)


def _print(found: Sequence[Classification]) -> None:
    from rich.text import Text

    screen = console()
    for entry in found:
        screen.print(Text.assemble((f"{entry.jurisdiction}  ", "bold"), *_line(entry.track, "track")))
        if entry.risk_class is not None:
            screen.print(Text.assemble("    ", *_line(entry.risk_class, f"class {entry.risk_class.answer}")))
        for words, source in entry.consequences:
            screen.print(Text.assemble("    · ", words, (f" [{source}]", "dim")))
        if entry.packs:
            screen.print(Text(f"    requirements: {', '.join(entry.packs)}"))
        if entry.to_state:
            screen.print(Text(f"    ? state {', '.join(entry.to_state)} (see --words)", style="yellow"))
        elif entry.track is None:
            screen.print(Text("    ? no row of the tables speaks about it: ask the authority", style="yellow"))
        screen.print()
    screen.print(Text(found[0].note, style="bold") if found else "")


def _line(answer: Answer | None, title: str) -> tuple[str | tuple[str, str], ...]:
    if answer is None:
        return ("not decided",)
    return (
        (f"{title}: " if title != "track" else ""),
        answer.words,
        (f"  row {answer.row} [{', '.join(answer.sources)}] {answer.mark}", "dim"),
    )
