"""Ask a ledger a question, in one consistent view, and say what was asked as of when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regenqc.cli.ledger_place import open_book, write_file
from regenqc.errors import Fault, RegenqcError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from regenqc.custody.trace import Asking
    from regenqc.ledger import Snapshot

__all__ = ["Answer", "KnownAt", "Picture", "Question", "TrueAt", "ask", "asking_of", "moment_stated"]

KnownAt = Annotated[
    str | None, typer.Option("--known-at", help="Only what had been recorded by then, ISO 8601 with zone.")
]
TrueAt = Annotated[str | None, typer.Option("--true-at", help="Only what had happened by then.")]
Picture = Annotated[Path | None, typer.Option("--svg", help="Draw the answer into this file.", metavar="FILE")]


@dataclass(frozen=True, slots=True)
class Question:
    """Say what is asked.

    Args:
        name: of the question.
        about: code that it is about.
        asking: as of when.
        more: what else was stated.
    """

    name: str
    about: str
    asking: Asking
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def document(self) -> dict[str, Any]:
        """Return the question as values of JSON."""
        return {
            "question": self.name,
            "about": self.about,
            **self.more,
            "known_at": self.asking.known_at,
            "true_at": self.asking.true_at,
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """Hold an answer, and the same as values of JSON."""

    answer: Any
    document: dict[str, Any]


def ask(
    ledger: str,
    question: Question,
    answer: Callable[[Snapshot], Any],
    *,
    svg: Path | None = None,
    lineage: bool = False,
    timeline_of: str = "",
    points: Sequence[Any] = (),
) -> Answer:
    """Return the answer to a question, and draw it where a file is named.

    Args:
        ledger: URL.
        question: what is asked.
        answer: asks it of a view.
        svg: file of the picture; `None` for none.
        lineage: the answer is a trace, and its picture a lineage graph.
        timeline_of: otherwise the item whose timeline is drawn.
        points: of identity, for the timeline.
    """
    from regenqc.custody.trace import answer_document

    with open_book(ledger, read_only=True) as book, book.read() as view:
        found = answer(view)
        value = (
            {name: answer_document(part) for name, part in found.items()}
            if isinstance(found, dict)
            else answer_document(found)
        )
        document = {**question.document, "ledger": book.log.origin, "entries": view.size(), "answer": value}
        drawn = ""
        if svg is not None and lineage:
            drawn = _lineage(view, found)
        elif svg is not None:
            drawn = _timeline(view, timeline_of, question.asking, points)
    if svg is not None:
        write_file(svg, drawn.encode(), replace=True)
    return Answer(found, document)


def asking_of(known_at: str | None, true_at: str | None) -> Asking:
    """Return as of when a question is asked."""
    from regenqc.custody.trace import Asking

    return Asking(
        known_at=None if known_at is None else moment_stated(known_at, "--known-at"),
        true_at=None if true_at is None else moment_stated(true_at, "--true-at"),
    )


def moment_stated(text: str, option: str) -> str:
    """Return the moment that an option states, as the record writes it.

    Raises:
        UsageError: `RQC-U106`, it is no moment, or has no zone.

    Example:
        >>> moment_stated("2026-03-16T13:00+01:00", "--from")
        '2026-03-16T12:00:00.000Z'
    """
    from regenqc.custody.moments import moment_of

    try:
        return moment_of(datetime.fromisoformat(text))
    except (ValueError, RegenqcError) as error:
        raise UsageError(
            Fault(
                code="RQC-U106",
                what="This is no moment with a zone.",
                where=option,
                got=text,
                expected="as 2026-03-16T12:00Z or 2026-03-16T13:00+01:00",
                action="State date, time and zone.",
            )
        ) from error


def _lineage(view: Snapshot, trace: Any) -> str:
    from regenqc.custody.picture import lineage_picture
    from regenqc.custody.trace import Reader

    reader = Reader(view)
    return lineage_picture(trace, {index: reader.event(index) for index in trace.events})


def _timeline(view: Snapshot, item: str, asking: Asking, points: Sequence[Any]) -> str:
    from regenqc.custody.picture import timeline_picture
    from regenqc.custody.trace import Reader, condition_of, custody_findings, custody_spans, identity_points

    steps = Reader(view, asking).life(item)
    if not steps:
        raise UsageError(Fault(code="RQC-U107", what="Nothing was known of it then, so there is no picture.", got=item))
    coi = steps[-1].state.coi
    return timeline_picture(
        item,
        steps=steps,
        spans=custody_spans(view, item, asking=asking),
        findings=custody_findings(view, item, asking=asking),
        channels=condition_of(view, item, asking=asking),
        points=points or (identity_points(view, coi, asking=asking) if coi else ()),
    )
