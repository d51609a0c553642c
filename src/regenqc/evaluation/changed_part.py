"""The part of a new version of a specification that has to be judged anew; everything else was judged by the old version.

A disposition is the worst of the cells of a stage, so that a version is judged by the cells of the other version wherever both
ask the same of the same rows. Most changes concern a few requirements out of many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from regenqc.evaluation.cells import SettledCells
from regenqc.evaluation.plan import STAGES
from regenqc.evaluation.slots import COLLECTED_ONLY, MEAN_SUFFIX, controlling, list_slots, named_tests
from regenqc.specification.derived_sources import rows_needed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from regenqc.evaluation.cells import FinalColumn
    from regenqc.specification.model import Derived, Requirement, Specification

__all__ = ["ChangedPart", "cells_of_new", "changed_part"]

# What says where a requirement comes from; no cell depends on it.
_SAID_ONLY: Final = {"title": "", "citation": "", "edition": "", "reason": ""}
_VALIDITY: Final = "specification_validity"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedPart:
    """What has to be judged beside the old version to know the dispositions by the new one.

    Args:
        specification: the new version with the requirements that changed, those whose controls stand behind them, and one
            for each of its stages.
        anew: identifiers of the requirements that changed, were added or removed, or are controlled by such.
    """

    specification: Specification
    anew: frozenset[str]


def changed_part(old: Specification, new: Specification) -> ChangedPart | None:
    """Return the part of a new version that has to be judged anew.

    Args:
        old: judged whole.
        new: of the same product.

    Returns:
        `None` where the versions do not ask about the same rows of the same batches: then both are judged whole.

    Example:
        >>> from regenqc.specification import load_specification
        >>> version = load_specification("example/hipsc-progenitors")
        >>> sorted(changed_part(version, version).anew)
        []
    """
    if any(
        getattr(old, name) != getattr(new, name) for name in ("product", "attributes", "unlisted_tests", "derived")
    ) or _asked(old) != _asked(new):
        return None
    before = {requirement.id: requirement for requirement in old.requirements}
    after = {requirement.id: requirement for requirement in new.requirements}
    changed = {name for name in before.keys() | after.keys() if _judging(before.get(name)) != _judging(after.get(name))}
    # What is controlled by something that changed has other cells, though it asks the same.
    for version in (old, new):
        entries = version.requirements
        changed |= {
            entry.id for entry in entries if any(entries[at].id in changed for at in controlling(version, entry))
        }
    kept = {after[name].id for name in changed & after.keys()}
    kept |= {new.requirements[at].id for name in kept for at in controlling(new, after[name])}
    for stage in new.stages:
        here = [entry.id for entry in new.requirements if entry.stage is stage]
        if not kept.intersection(here):
            kept.add(here[0])
    requirements = tuple(entry for entry in new.requirements if entry.id in kept)
    derived = _needed(new.derived, {test for entry in requirements for test in named_tests(entry)})
    return ChangedPart(
        specification=replace(new, requirements=requirements, derived=derived, unlisted_tests="not_asked"),
        anew=frozenset(changed),
    )


def cells_of_new(old: SettledCells, part: SettledCells, *, new: Specification, changed: ChangedPart) -> SettledCells:
    """Return the cells of the new version.

    Args:
        old: cells of some batches by the old version.
        part: cells of the same batches by the changed part.
        new: the new version.
        changed: of it.

    Returns:
        Columns whose `requirement` is that of the version from which they come.
    """
    by_old, by_part = _by_place(old.columns), _by_place(part.columns)
    validity = next((column for column in part.columns if column.requirement_id == _VALIDITY), None)
    columns: list[FinalColumn] = []
    counts = [0] * len(STAGES)
    for at, stage in enumerate(STAGES):
        if stage not in new.stages:
            # Rows at a stage of which neither version speaks.
            columns += [column for column in old.columns if column.stage == at and column.requirement < 0]
            continue
        columns.append(by_old.get((at, "result_record")) or by_part[at, "result_record"])
        if validity is not None:
            columns.append(replace(validity, stage=at))
        columns += [found for place in ((at, "expiry"),) if (found := by_old.get(place) or by_part.get(place))]
        for requirement in new.requirements:
            place = (at, requirement.id)
            found = (by_part if requirement.id in changed.anew else by_old).get(place)
            if found is not None:
                columns.append(found)
                counts[at] += 1
    return SettledCells(old.specification, old.batches, tuple(columns), tuple(counts))


def _needed(derived: Sequence[Derived], tests: set[str]) -> tuple[Derived, ...]:
    """Return the derived results among some tests, and those from which they are computed."""
    found: set[str] = set()
    while fresh := [entry for entry in derived if entry.id in tests - found]:
        found |= {entry.id for entry in fresh}
        tests |= {source.test for entry in fresh for source in rows_needed(entry)}
    return tuple(entry for entry in derived if entry.id in found)


def _by_place(columns: Iterable[FinalColumn]) -> dict[tuple[int, str], FinalColumn]:
    return {(column.stage, column.requirement_id): column for column in columns}


def _asked(specification: Specification) -> object:
    """Return which rows a specification asks about, and which of them count only as inputs."""
    return specification.stages, {
        (slot.test, slot.stage, slot.requirement == COLLECTED_ONLY, slot.annexed)
        for slot in list_slots(0, specification)
        if not slot.column and not slot.test.endswith(MEAN_SUFFIX)
    }


def _judging(requirement: Requirement | None) -> object:
    return None if requirement is None else requirement.model_copy(update=_SAID_ONLY)
