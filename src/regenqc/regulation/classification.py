"""Track and risk class of a described product: the row that decides, and where that row comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.regulation import china, european_union, japan, korea, united_states
from regenqc.regulation.tables import read_table
from regenqc.specification.sources import load_sources
from regenqc.vocabulary import Jurisdiction, Mark

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from regenqc.regulation.description import ProductDescription
    from regenqc.regulation.tables import Reading, Row

__all__ = ["JURISDICTIONS", "NOTE", "TABLES", "Answer", "Classification", "classify"]

NOTE: Final = "Indicative; confirm with the authority."
JURISDICTIONS: Final = (Jurisdiction.US, Jurisdiction.EU, Jurisdiction.JP, Jurisdiction.KR, Jurisdiction.CN)

# Jurisdiction -> table of tracks, and of classes where it has any.
TABLES: Final[dict[Jurisdiction, tuple[Sequence[Row], Sequence[Row]]]] = {
    Jurisdiction.US: (united_states.TRACKS, ()),
    Jurisdiction.EU: (european_union.TRACKS, ()),
    Jurisdiction.JP: (japan.TRACKS, japan.CLASSES),
    Jurisdiction.KR: (korea.TRACKS, korea.CLASSES),
    Jurisdiction.CN: (china.TRACKS, ()),
}
# Tracks that have classes.
_CLASSED: Final = frozenset({"asrm", "arm_research", "arm_treatment"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one row of a table says.

    Args:
        row: identifier of the row that matched.
        answer: short code, for example `asrm` or `high`.
        words: the answer for people.
        sources: identifiers of the register.
        mark: the weakest of their marks.
    """

    row: str
    answer: str
    words: str
    sources: tuple[str, ...]
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What the tables of one jurisdiction say about a product.

    Args:
        jurisdiction: whose tables.
        track: `None` when no row matches, or more has to be stated.
        risk_class: `None` where the track has none, or as above.
        packs: specifications that state the requirements.
        consequences: what follows, with the source of each.
        to_state: properties without which the tables cannot be read to the end.
        note: what an answer is worth.
    """

    jurisdiction: Jurisdiction
    track: Answer | None
    risk_class: Answer | None
    packs: tuple[str, ...]
    consequences: tuple[tuple[str, str], ...]
    to_state: tuple[str, ...]
    note: str = NOTE


def classify(product: ProductDescription, *, jurisdiction: Jurisdiction, as_of: date) -> Classification:
    """Read the tables of one jurisdiction: exclusions first, then track, then class.

    What is not stated decides nothing: a row that would apply if more were known stops the reading, and `to_state` says
    what to state.

    Args:
        product: as described.
        jurisdiction: US, EU, JP, KR or CN.
        as_of: day at which the rows have to be in force.

    Returns:
        The answer, indicative and never a claim that anything complies.

    Example:
        >>> from datetime import date
        >>> from regenqc.regulation.description import ProductDescription
        >>> product = ProductDescription(kind="cells", cell_source="hipsc", setting="treatment")
        >>> found = classify(product, jurisdiction=Jurisdiction.JP, as_of=date(2026, 6, 1))
        >>> found.track.answer, found.risk_class.answer, found.risk_class.row, found.packs
        ('asrm', 'I', 'JP-B1', ('jp/asrm-class-1',))
    """
    tracks, classes = TABLES[jurisdiction]
    reading = read_table(tracks, product, as_of=as_of)
    track = _answer(reading)
    below = read_table(classes, product, as_of=as_of) if track is not None and track.answer in _CLASSED else None
    risk_class = _answer(below) if below is not None else None
    rows = [found.row for found in (below, reading) if found is not None and found.row is not None]
    if below is not None and below.row is None:
        rows = []
    return Classification(
        jurisdiction=jurisdiction,
        track=track,
        risk_class=risk_class,
        packs=next((row.packs for row in rows if row.packs), ()),
        consequences=_consequences(track, risk_class),
        to_state=reading.to_state + (below.to_state if below is not None else ()),
    )


def _answer(reading: Reading) -> Answer | None:
    if (row := reading.row) is None:
        return None
    marks = [load_sources()[source].mark for source in row.sources]
    order = list(Mark)
    return Answer(row=row.id, answer=row.answer, words=row.words, sources=row.sources, mark=max(marks, key=order.index))


def _consequences(track: Answer | None, risk_class: Answer | None) -> tuple[tuple[str, str], ...]:
    if track is None or risk_class is None:
        return ()
    if risk_class.row.startswith("JP"):
        return japan.CONSEQUENCES[risk_class.answer]
    return (
        *korea.CONSEQUENCES[track.answer, risk_class.answer],
        korea.CELL_SOURCE[risk_class.answer],
        *korea.EVERY_CLASS,
        korea.CHARGE[track.answer],
    )
