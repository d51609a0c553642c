"""Decision tables: ordered rows, the first that matches wins, and a row that cannot be decided stops the reading."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from regenqc.regulation.description import ProductDescription

__all__ = ["Match", "Reading", "Row", "read_table", "when"]


class Match(Enum):
    """Whether a row speaks about a product."""

    NO = 0
    UNKNOWN = 1
    YES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a decision table.

    Args:
        id: stable name of the row, part of every answer.
        conditions: property -> words under which the row applies; all of them must hold, none means every product.
        answer: short code.
        words: the answer for people.
        sources: identifiers of the register.
        packs: specifications that state the requirements.
        valid_from, valid_to: first and last day on which the row is in force.
    """

    id: str
    conditions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    answer: str
    words: str
    sources: tuple[str, ...]
    packs: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    def matches(self, product: ProductDescription, *, as_of: date) -> tuple[Match, tuple[str, ...]]:
        """Return whether the row applies, and the properties that have to be stated to know."""
        if (self.valid_from is not None and as_of < self.valid_from) or (
            self.valid_to is not None and as_of > self.valid_to
        ):
            return Match.NO, ()
        stated = {name: getattr(product, name) for name in self.conditions}
        if any(word and word not in self.conditions[name] for name, word in stated.items()):
            return Match.NO, ()
        unknown = tuple(name for name, word in stated.items() if not word)
        return (Match.UNKNOWN, unknown) if unknown else (Match.YES, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a table says: the row that matched, or what has to be stated before one can."""

    row: Row | None
    to_state: tuple[str, ...] = ()


def when(**conditions: str) -> Mapping[str, frozenset[str]]:
    """Return conditions from words separated by blanks.

    Example:
        >>> sorted(when(cell_source="hesc hipsc")["cell_source"])
        ['hesc', 'hipsc']
    """
    return {name: frozenset(words.split()) for name, words in conditions.items()}


def read_table(rows: Sequence[Row], product: ProductDescription, *, as_of: date) -> Reading:
    """Return the first row that matches.

    A row that might match, if more were known of the product, stops the reading: a later row must not answer in its place.

    Example:
        >>> from datetime import date
        >>> from regenqc.regulation.description import ProductDescription
        >>> rows = [Row(id="A", conditions=when(cell_source="hipsc"), answer="I", words="Class I", sources=())]
        >>> read_table(rows, ProductDescription(), as_of=date(2026, 1, 1)).to_state
        ('cell_source',)
    """
    for row in rows:
        match, unknown = row.matches(product, as_of=as_of)
        if match is Match.YES:
            return Reading(row=row)
        if match is Match.UNKNOWN:
            return Reading(row=None, to_state=unknown)
    return Reading(row=None)
