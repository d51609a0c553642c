"""Requirements of several specifications side by side, in the order in which a batch meets them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.specification.model import Requirement, Specification

__all__ = ["ComparedRow", "Comparison", "compare_specifications", "demands"]

# What says where a requirement comes from, and nothing about what it demands.
_SOURCE_KEYS: Final = frozenset({"title", "method", "force", "citation", "edition", "reason"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRow:
    """One requirement in every specification.

    Args:
        stage: where it is judged.
        id: identifier.
        title: for people, from the first specification that has it.
        cells: in the order of the specifications, `None` where one does not have it.
        differs: whether the specifications demand different things.
    """

    stage: Stage
    id: str
    title: str
    cells: tuple[Requirement | None, ...]
    differs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Specifications side by side."""

    specifications: tuple[Specification, ...]
    rows: tuple[ComparedRow, ...]


def compare_specifications(specifications: Sequence[Specification]) -> Comparison:
    """Set the requirements of some specifications side by side, by stage and identifier.

    Args:
        specifications: in the order of the columns.

    Returns:
        One row for every stage and identifier that any of them has: by stage, then in the order of the specifications.

    Example:
        >>> from regenqc.specification import load_specification
        >>> found = compare_specifications([load_specification(name) for name in ("jp/asrm-class-2", "jp/asrm-class-3")])
        >>> [row.id for row in found.rows if row.differs]
        ['specified_committee_review', 'responsible_lead_and_emergency_care', 'committee_review']
    """
    keys: dict[tuple[Stage, str], list[Requirement | None]] = {}
    for position, specification in enumerate(specifications):
        for entry in specification.requirements:
            assert entry.stage is not None  # noqa: S101 - resolved specifications are complete
            cells = keys.setdefault((entry.stage, entry.id), [None] * len(specifications))
            cells[position] = entry
    order = list(Stage)
    rows = []
    for (stage, identifier), cells in sorted(keys.items(), key=lambda item: order.index(item[0][0])):
        first = next(entry for entry in cells if entry is not None)
        rows.append(
            ComparedRow(
                stage=stage,
                id=identifier,
                title=first.name,
                cells=tuple(cells),
                differs=any(entry is None or demands(entry) != demands(first) for entry in cells),
            )
        )
    return Comparison(specifications=tuple(specifications), rows=tuple(rows))


def demands(requirement: Requirement) -> dict[str, object]:
    """Return what a requirement demands, without where that comes from.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> demands(Requirement(id="viability", test="viability", citation="x"))
        {'test': 'viability', 'mark': <Mark.UNVERIFIED: 'unverified'>}
    """
    found = requirement.model_dump(exclude_defaults=True, exclude={*_SOURCE_KEYS, "id", "mark"})
    consequences = [(entry.action, entry.within) for entry in requirement.consequences]
    if consequences:
        found["consequences"] = consequences
    return found | {"mark": requirement.mark}
