"""The slots of a specification: every criterion over the results of one test at one stage."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from regenqc.evaluation.kernel import SlotKind
from regenqc.specification.criteria import composite_parts, criteria_of
from regenqc.specification.derived_sources import rows_needed
from regenqc.specification.model import Requirement
from regenqc.vocabulary import Replicates, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.specification.model import Criterion, Derived, Specification

__all__ = [
    "AVERAGED",
    "COLLECTED_ONLY",
    "MEAN_SUFFIX",
    "STAGES",
    "Slot",
    "composite_parts",
    "controlling",
    "criterion_of_member",
    "list_slots",
    "named_tests",
    "other_stage",
    "stages_of_derived",
]

STAGES: Final = tuple(Stage)
MEAN_SUFFIX: Final = "@replicates"
# The requirement of slots whose rows are only inputs of other criteria.
COLLECTED_ONLY: Final = -2
AVERAGED: Final = frozenset({Replicates.MEAN, Replicates.MEDIAN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One criterion over the results of one test at one stage.

    Args:
        specification: index of the specification.
        requirement: index of the requirement in it, -1 for the built-in answer to unlisted tests, or `COLLECTED_ONLY`.
        part: index of the part of a composite requirement, those of its controls behind the last part; -1 for a
            requirement of its own.
        test: test code of the rows it judges, empty for every test that nothing else names.
        stage: index of the stage.
        kind: `SlotKind`.
        criterion: limits and words, where it has any.
        rounding: rounding rule of its limit.
        accept_preliminary: whether a preliminary result is evidence.
        annexed: whether rows are collected with their further columns, see `regenqc.evaluation.evidence.ANNEX_COLUMNS`.
        is_control: whether it judges a control, which can make a result invalid and never the batch fail.
        column: column of the result's row in which that control is reported; such a slot has no rows and no cells.
    """

    specification: int
    requirement: int
    part: int
    test: str
    stage: int
    kind: int
    criterion: Criterion | None
    rounding: str | None
    accept_preliminary: bool = False
    annexed: bool = False
    is_control: bool = False
    column: str = ""

    @property
    def is_input(self) -> bool:
        """Return whether something is computed from the rows of the slot, or compared with them."""
        if self.requirement == COLLECTED_ONLY:
            return True
        if self.kind != SlotKind.COLLECTED or not isinstance(self.criterion, Requirement):
            return False
        return other_stage(self.criterion) is not None


def list_slots(index: int, specification: Specification) -> Iterator[Slot]:
    """Yield the slots of a specification: its requirements, their parts and controls, then inputs that are only collected.

    Args:
        index: of the specification.
        specification: with its requirements.
    """
    # Test and stage, and whether further columns of the rows are asked for.
    derived_inputs: dict[tuple[str, int], bool] = {}
    for number, requirement in enumerate(specification.requirements):
        assert requirement.stage is not None  # noqa: S101 - checked when the specification was loaded
        stage = STAGES.index(requirement.stage)
        slot = partial(
            Slot,
            specification=index,
            requirement=number,
            stage=stage,
            accept_preliminary=requirement.accept_preliminary,
        )
        parts = composite_parts(requirement)
        for part, criterion in enumerate(parts):
            yield slot(
                part=part,
                test=criterion.test,
                kind=SlotKind.VALUE,
                criterion=criterion,
                rounding=requirement.rounding,
            )
        for part, control in enumerate(requirement.controls, start=len(parts)):
            yield slot(
                part=part,
                test=control.test or "",
                kind=SlotKind.VALUE,
                criterion=control,
                rounding=None,
                is_control=True,
                column=control.column or "",
            )
        if parts or requirement.test is None:
            continue
        yield slot(
            part=-1,
            test=requirement.test,
            kind=_kind(requirement),
            criterion=requirement,
            rounding=requirement.rounding,
            annexed=_asks_for_uncertainty(requirement),
        )
        if requirement.replicates in AVERAGED:
            yield slot(
                part=-1,
                test=f"{requirement.id}{MEAN_SUFFIX}",
                kind=SlotKind.VALUE,
                criterion=requirement,
                rounding=requirement.rounding,
            )
        other = other_stage(requirement)
        if other is not None:
            reference = requirement.test, STAGES.index(other)
            derived_inputs[reference] = derived_inputs.get(reference, False) or _asks_for_uncertainty(requirement)
    for derived in specification.derived:
        for source in rows_needed(derived):
            annexed = source.column not in {"result", "lod"} or source.method is not None
            for stage in stages_of_derived(specification, derived):
                derived_inputs[source.test, stage] = derived_inputs.get((source.test, stage), False) or annexed
    for (test, stage), annexed in derived_inputs.items():
        yield Slot(
            specification=index,
            requirement=COLLECTED_ONLY,
            part=-1,
            test=test,
            stage=stage,
            kind=SlotKind.COLLECTED,
            criterion=None,
            rounding=None,
            annexed=annexed,
        )


def _asks_for_uncertainty(requirement: Requirement) -> bool:
    return requirement.agreement is not None and requirement.agreement.confidence is not None


def other_stage(requirement: Requirement) -> Stage | None:
    """Return the stage whose results a requirement compares with, `None` for one that compares with no other stage."""
    if requirement.agreement is not None:
        return requirement.agreement.stage
    return requirement.identity.equals_stage if requirement.identity is not None else None


def criterion_of_member(slot: Slot, member: Specification) -> Criterion | None:
    """Return the criterion that one member of a family gives a slot, `None` for a slot without criterion."""
    if slot.criterion is None:
        return None
    return criteria_of(member.requirements[slot.requirement])[slot.part + 1]


def stages_of_derived(specification: Specification, derived: Derived) -> list[int]:
    """Return the stages at which a derived result is computed, ascending: its own, or those that judge it."""
    if derived.stage is not None:
        return [STAGES.index(derived.stage)]
    stages = {
        STAGES.index(requirement.stage)
        for requirement in specification.requirements
        if requirement.stage is not None and derived.id in named_tests(requirement)
    }
    return sorted(stages)


def named_tests(requirement: Requirement) -> frozenset[str]:
    """Return the tests whose results a requirement asks for, those of its controls included.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> sorted(named_tests(Requirement(id="a", test="a", controls=({"test": "b", "one_of": ("growth",)},))))
        ['a', 'b']
    """
    controls = {control.test for control in requirement.controls if control.test is not None}
    return _judged_tests(requirement) | controls


def _judged_tests(requirement: Requirement) -> frozenset[str]:
    own = {requirement.test} if requirement.test is not None else set()
    return frozenset(own | {part.test for part in composite_parts(requirement)})


def controlling(specification: Specification, requirement: Requirement) -> list[int]:
    """Return the requirements whose controls stand behind a result: its own, and those of results it is computed from.

    Args:
        specification: with the requirements, as indices of which they are returned.
        requirement: of that specification.
    """
    tests = {
        source.test
        for derived in specification.derived
        if derived.id in named_tests(requirement)
        for source in rows_needed(derived)
    }
    return [
        number
        for number, entry in enumerate(specification.requirements)
        if entry.controls
        and (entry is requirement or (entry.stage is requirement.stage and tests & _judged_tests(entry)))
    ]


def _kind(requirement: Requirement) -> int:
    if requirement.sponsor_must_set:
        return SlotKind.UNSET
    if requirement.report_only:
        return SlotKind.REPORT_ONLY
    if requirement.karyotype is not None or (requirement.identity is not None and requirement.identity.equals):
        return SlotKind.DELEGATED
    if requirement.agreement is not None or requirement.identity is not None:
        return SlotKind.COLLECTED
    return SlotKind.VALUE if requirement.replicates is Replicates.EACH else SlotKind.COLLECTED
