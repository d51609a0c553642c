"""How a product specification stands to the packs it extends: requirement by requirement."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from regenqc.specification.comparison import demands
from regenqc.specification.loading import load_specification
from regenqc.vocabulary import Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.specification.model import Requirement, Specification

__all__ = ["ConformanceRow", "Standing", "check_conformance"]


class Standing(StrEnum):
    """What a product specification makes of an inherited requirement. Loosening is none of them: it is an error."""

    MEETS = "meets"
    TIGHTENS = "tightens"
    SETS = "sets"
    CITES = "cites"
    STILL_OPEN = "still open"
    REMOVES = "removes"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformanceRow:
    """One inherited requirement.

    Args:
        pack: the extended specification.
        inherited: as the pack has it.
        own: as the product has it, `None` when it is removed.
        standing: `still open` blocks: the limit is not set, or nobody has verified it.
        justification: of a removal.
    """

    pack: str
    inherited: Requirement
    own: Requirement | None
    standing: Standing
    justification: str = ""


def check_conformance(specification: Specification, *, roots: Sequence[Path] = ()) -> tuple[ConformanceRow, ...]:
    """Return what a specification makes of every requirement that it inherits.

    Whatever is loosened is a fault of the specification (RQC-S030, which prints both) and never gets here.

    Args:
        specification: as loaded.
        roots: directories searched for the packs, before those beside the file and the packaged ones.

    Raises:
        SpecificationError: an extended specification is gone or invalid.

    Example:
        >>> product = load_specification("us/investigational")
        >>> [row.standing.value for row in check_conformance(product) if row.inherited.id == "viability"]
        ['sets']
    """
    beside = Path(specification.source).absolute().parents[:3] if specification.source.endswith(".toml") else ()
    references = tomllib.loads(specification.text).get("extends", ())
    own = {entry.id: entry for entry in specification.requirements}
    removed = {entry.id: entry.justification for entry in specification.removed}
    rows = []
    for reference in references:
        pack = load_specification(reference, roots=(*roots, *beside))
        for inherited in pack.requirements:
            entry = own.get(inherited.id)
            rows.append(
                ConformanceRow(
                    pack=pack.id,
                    inherited=inherited,
                    own=entry,
                    standing=_standing(inherited, entry),
                    justification=removed.get(inherited.id, "") if entry is None else "",
                )
            )
    return tuple(rows)


def _standing(inherited: Requirement, own: Requirement | None) -> Standing:
    if own is None:
        return Standing.REMOVES
    if own.sponsor_must_set or own.mark is Mark.UNVERIFIED:
        return Standing.STILL_OPEN
    if inherited.sponsor_must_set:
        return Standing.SETS
    if inherited.mark is Mark.UNVERIFIED:
        return Standing.CITES
    return Standing.MEETS if demands(inherited) | {"mark": own.mark} == demands(own) else Standing.TIGHTENS
