"""Cell lines of a karyotype: one bar for each, as long as its share of the metaphases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from regenqc.karyotype import NotUnderstood, read_karyotype, write_abnormality

__all__ = ["CloneBar", "draw_clones"]

_WIDTH: Final = 160


@dataclass(frozen=True, slots=True)
class CloneBar:
    """Hold one cell line.

    Args:
        chromosomes: their number and the sex chromosomes, `46,XX`.
        changes: abnormalities, as written; empty for a normal line.
        cells: metaphases counted, `None` when not stated.
        width: of the bar, in pixels of 160.
    """

    chromosomes: str
    changes: tuple[str, ...]
    cells: int | None
    width: int


def draw_clones(text: str) -> tuple[CloneBar, ...]:
    """Return the bars of a karyotype; none when it is not understood.

    Example:
        >>> [(bar.chromosomes, bar.changes, bar.cells) for bar in draw_clones("47,XX,+12[3]/46,XX[17]")]
        [('47,XX', ('+12',), 3), ('46,XX', (), 17)]
    """
    karyotype = read_karyotype(text)
    if isinstance(karyotype, NotUnderstood):
        return ()
    counted = sum(clone.cells or 0 for clone in karyotype.clones)
    return tuple(
        CloneBar(
            chromosomes=f"{clone.number},{clone.sex}",
            changes=tuple(write_abnormality(change) for change in clone.abnormalities),
            cells=clone.cells,
            width=max(2, round(_WIDTH * (clone.cells or 0) / counted)) if counted else 2,
        )
        for clone in karyotype.clones
    )
