"""Ask the ledgers of several sites together: what came of it, what it came from, and the legs between the sites."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenqc.cli.ledger_place import open_book
from regenqc.cli.ledger_screen import print_json, print_line, print_table
from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from regenqc.cli.trace_answers import Question
    from regenqc.custody.trace import JoinedTrace, Leg
    from regenqc.custody.versions import VersionStated
    from regenqc.ledger import Snapshot

__all__ = ["Also", "legs_value", "open_views", "print_faulty_legs", "print_versions", "trace_several"]

Also = Annotated[list[str] | None, typer.Option("--also", help="Ledger of another site; several times.")]


def open_views(stack: ExitStack, urls: Sequence[str]) -> dict[str, Snapshot]:
    """Return a view of each ledger by its origin; all are closed with the stack.

    Raises:
        UsageError: `RQC-U109`, two of them are the same ledger.
    """
    views: dict[str, Snapshot] = {}
    for url in urls:
        book = stack.enter_context(open_book(url, read_only=True))
        if book.log.origin in views:
            raise UsageError(
                Fault(
                    code="RQC-U109",
                    what="The same ledger is named twice.",
                    where=url,
                    got=book.log.origin,
                    expected="ledgers of different origins",
                    action="Name every ledger once.",
                )
            )
        views[book.log.origin] = stack.enter_context(book.read())
    return views


def trace_several(urls: Sequence[str], question: Question, *, svg: Path | None, as_json: bool) -> None:
    """Print the answer to `forward` or `backward` by several ledgers.

    Leave with 5 when a leg is missing or contradicted, or when sites worked by different versions.

    Args:
        urls: of the ledgers.
        question: what is asked.
        svg: a picture, which is drawn of one ledger only.
        as_json: print values of JSON.
    """
    from regenqc.custody.trace import trace_over

    if svg is not None:
        raise UsageError(
            Fault(
                code="RQC-U109",
                what="A picture is drawn of one ledger.",
                where="--svg",
                got=f"{len(urls)} ledgers",
                expected="one",
                action="Leave --also or --svg out.",
            )
        )
    with ExitStack() as stack:
        views = open_views(stack, urls)
        found = trace_over(views, question.about, direction=question.name, asking=question.asking)
        sizes = {origin: view.size() for origin, view in views.items()}
    if as_json:
        ledgers = [{"ledger": origin, "entries": size} for origin, size in sizes.items()]
        print_json({**question.document, "ledgers": ledgers, "answer": _value(found)})
    else:
        _print(found)
    raise typer.Exit(5 if found.faulty or found.differences else 0)


def legs_value(legs: Sequence[Leg]) -> list[dict[str, Any]]:
    """Return legs as values of JSON."""
    return [asdict(leg) | {"faulty": leg.is_faulty, "explanation": leg.explanation} for leg in legs]


def print_faulty_legs(legs: Sequence[Leg]) -> None:
    """Print every leg that is missing on one side, or on which the sides contradict each other."""
    for leg in legs:
        if leg.is_faulty:
            print_line(leg.explanation, good=False, detail=leg.finding.replace("_", " "))


def _value(found: JoinedTrace) -> dict[str, Any]:
    from regenqc.custody.trace import answer_document

    return {
        "start": found.start,
        "direction": found.direction,
        "items": [
            answer_document(each.item)
            | {
                "in_time": each.item.in_time,
                "told_by": each.ledger,
                "known_in": each.known_in,
                "recalled_in": each.recalled_in,
            }
            for each in found.items
        ],
        "legs": legs_value(found.legs),
        "versions": [asdict(each) for each in found.versions],
        "differences": [asdict(each) | {"explanation": each.explanation} for each in found.differences],
    }


def _print(found: JoinedTrace) -> None:
    way = "came of" if found.direction == "forward" else "went into"
    others = [each for each in found.items if each.item.code != found.start]
    print_line(f"{len(others):,} items {way} {found.start}.")
    print_table(
        ("item", "lot", "status", "held by", "decision", "of or for", "told by", "also known in"),
        list(_rows(found)),
        empty="Nothing.",
        most=40,
    )
    agreed = [leg for leg in found.legs if not leg.finding]
    under_way = [leg for leg in found.legs if leg.finding == "on_its_way"]
    legs = "leg" if len(agreed) == 1 else "legs"
    print_line(f"{len(agreed):,} {legs} between the ledgers, on which both sides agree.", good=bool(agreed))
    for leg in under_way:
        print_line(leg.explanation)
    print_faulty_legs(found.legs)
    print_versions(found.versions)


def print_versions(stated: Sequence[VersionStated]) -> None:
    """Print by which versions each site worked last, then every name under which they differ."""
    from regenqc.custody.versions import version_differences

    if not stated:
        return
    last = {(each.name, each.site): each for each in sorted(stated, key=lambda one: one.event_time)}
    print_table(
        ("specification or procedure", "site", "version", "fingerprint"),
        [
            (each.name, each.site, each.version, f"{each.fingerprint[:19]}…" if each.fingerprint else "not stated")
            for _, each in sorted(last.items())
        ],
        empty="",
        most=40,
    )
    differences = version_differences(stated)
    for each in differences:
        print_line(each.explanation, good=False, detail="versions differ")
    if not differences:
        print_line("No two sites worked by different versions of one specification or procedure.", good=True)


def _rows(found: JoinedTrace) -> Iterator[tuple[object, ...]]:
    for each in found.items:
        state, where = each.item.state, each.item.where
        marks = ["recalled"] if each.recalled_in else []
        marks += ["under investigation"] if state is not None and state.investigations else []
        held = "" if where is None else " · ".join(filter(None, (where.holder, where.place)))
        yield (
            each.item.code,
            state.lot if state is not None else "",
            ", ".join([state.status if state is not None else "not known then", *marks]),
            f"{held} → {where.heading}" if where is not None and where.heading else held,
            " ".join(filter(None, (state.decision, state.acceptance))) if state is not None else "",
            " ".join(filter(None, (state.donor, state.recipient))) if state is not None else "",
            each.ledger,
            ", ".join(origin for origin in each.known_in if origin != each.ledger),
        )
