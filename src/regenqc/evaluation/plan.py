"""Turn specifications into the arrays that the kernel reads.

A *slot* is one criterion over the results of one test at one stage: a requirement, a part of a composite requirement,
an input that is only collected, or the built-in answer for a test that no requirement names. Limits are converted into
a reported unit when a result in that unit first appears, once, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.kernel import SlotKind
from regenqc.measurement.limits import CompiledInterval, compile_interval
from regenqc.measurement.reported import WORDS
from regenqc.measurement.units import UNITS, conversion_factor, find_unit
from regenqc.specification.criteria import conforming_words, exact_interval, failing_words
from regenqc.specification.model import AlternativePart, LimitText, Requirement, Specification
from regenqc.vocabulary import INTERIM_WORDS, Reason, Replicates, Stage, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["BOUNDS", "MEAN_SUFFIX", "STAGES", "Plan", "Slot"]

STAGES: Final = tuple(Stage)
MEAN_SUFFIX: Final = "@replicates"

# Columns of `PlanArrays.bounds`: the limit after rounding, the alert limit (without one: the limit unrounded), and the
# limit unrounded, each as the kernel needs it.
BOUNDS: Final = (
    *(f"limit_{name}" for name in ("lo", "hi", "lo_closed", "lo_open", "hi_closed", "hi_open")),
    *(f"alert_{name}" for name in ("lo", "hi", "lo_closed", "lo_open", "hi_closed", "hi_open")),
    "unrounded_lo",
    "unrounded_hi",
)

Criterion = Requirement | AlternativePart


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One criterion over the results of one test at one stage.

    Args:
        specification: index of the specification.
        requirement: index of the requirement in it, -1 for the built-in answer to unlisted tests.
        part: index of the part of a composite requirement, -1 for a requirement of its own.
        test: test code of the rows it judges, empty for every test that nothing else names.
        stage: index of the stage.
        kind: `SlotKind`.
        criterion: limits and words, where it has any.
        rounding: rounding rule of its limit.
        accept_preliminary: whether a preliminary result is evidence.
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


class Plan:
    """The slots of all specifications of a run, compiled as far as the reported units need it.

    Args:
        specifications: judged side by side.

    Example:
        >>> from regenqc.specification import load_specification
        >>> plan = Plan([load_specification("example/car-t-ari-0001")])
        >>> "viability" in plan.tests
        True
    """

    def __init__(self, specifications: Sequence[Specification]) -> None:
        self.specifications = tuple(specifications)
        self.slots: list[Slot] = []
        self.slots_of: list[dict[int, list[int]]] = []
        self.unlisted_slot: list[list[int]] = []
        for index, specification in enumerate(self.specifications):
            self.slots_of.append({})
            for slot in _slots(index, specification):
                self.slots_of[index].setdefault(slot.requirement, []).append(len(self.slots))
                self.slots.append(slot)
            kind = SlotKind.UNMATCHED if specification.unlisted_tests == "hold" else SlotKind.UNLISTED_REPORTED
            self.unlisted_slot.append(list(range(len(self.slots), len(self.slots) + len(STAGES))))
            self.slots.extend(
                Slot(
                    specification=index,
                    requirement=-1,
                    part=-1,
                    test="",
                    stage=stage,
                    kind=kind,
                    criterion=None,
                    rounding=None,
                )
                for stage in range(len(STAGES))
            )
        self.tests = tuple(sorted({slot.test for slot in self.slots if slot.test}))
        self.test_codes = {test: code for code, test in enumerate(self.tests, start=1)}
        self.line_count = len(STAGES) * (len(self.tests) + 1)
        count = len(self.slots)
        self.kind = np.array([slot.kind for slot in self.slots], dtype=np.uint8)
        self.accept_preliminary = np.array([slot.accept_preliminary for slot in self.slots], dtype=np.uint8)
        self.has_limit = np.array(
            [slot.criterion is not None and slot.criterion.limit is not None for slot in self.slots], dtype=np.uint8
        )
        self.word_verdict = np.full((count, len(WORDS) + 1), Verdict.INCONCLUSIVE, dtype=np.uint8)
        self.word_reason = np.full((count, len(WORDS) + 1), Reason.UNKNOWN_WORD, dtype=np.uint8)
        self._compile_words()
        self.interval = np.zeros((count, len(UNITS) + 1), dtype=np.uint32)
        # Nothing lies inside interval 0, which stands for a unit of another kind: the kernel may look before it asks.
        self._bounds: list[tuple[float, ...]] = [(float("nan"),) * len(BOUNDS)]
        self.bounds = np.array(self._bounds, dtype=np.float64)
        self._interval_codes: dict[tuple[object, ...], int] = {}
        self._prepared: set[int] = set()
        self._limit_kinds = [
            find_unit(slot.criterion.limit.unit)
            if slot.criterion is not None and slot.criterion.limit is not None
            else None
            for slot in self.slots
        ]

    def line(self, slot: Slot) -> int:
        """Return the line of the rows that a slot judges."""
        return slot.stage * (len(self.tests) + 1) + self.test_codes[slot.test]

    def prepare_units(self, codes: NDArray[np.integer]) -> None:
        """Convert every limit into the units that appear, unless that is done.

        Args:
            codes: unit codes of rows, in any number and order.
        """
        used = np.flatnonzero(np.bincount(codes, minlength=1)).tolist()
        fresh = [code for code in used if code not in self._prepared and code < len(UNITS)]
        if not fresh:
            return
        for code in fresh:
            self._prepared.add(code)
            unit = UNITS[code]
            for index, limit_unit in enumerate(self._limit_kinds):
                if limit_unit is not None and limit_unit.kind == unit.kind:
                    self.interval[index, code] = self._interval(self.slots[index], code)
        self.bounds = np.array(self._bounds, dtype=np.float64).reshape(-1, len(BOUNDS))

    def _interval(self, slot: Slot, code: int) -> int:
        criterion = slot.criterion
        assert criterion is not None  # noqa: S101 - only slots with a limit come here
        assert criterion.limit is not None  # noqa: S101
        key = (criterion.limit, criterion.alert, slot.rounding, code)
        if key not in self._interval_codes:
            self._interval_codes[key] = len(self._bounds)
            self._bounds.append(_bounds(criterion.limit, criterion.alert, slot.rounding, code))
        return self._interval_codes[key]

    def _compile_words(self) -> None:
        known: dict[tuple[object, ...], tuple[list[int], list[int]]] = {}
        for index, slot in enumerate(self.slots):
            criterion = slot.criterion
            has_limit = bool(self.has_limit[index])
            key = (criterion and criterion.one_of, criterion and criterion.none_of, has_limit)
            if key not in known:
                pairs = [_judge_word(word, criterion, has_limit=has_limit) for word in WORDS]
                known[key] = ([int(verdict) for verdict, _ in pairs], [int(reason) for _, reason in pairs])
            self.word_verdict[index, :-1], self.word_reason[index, :-1] = known[key]


def _slots(index: int, specification: Specification) -> Iterator[Slot]:
    derived_inputs: dict[tuple[str, int], None] = {}
    for number, requirement in enumerate(specification.requirements):
        assert requirement.stage is not None  # noqa: S101 - checked when the specification was loaded
        stage = STAGES.index(requirement.stage)
        common = {"specification": index, "requirement": number, "stage": stage}
        parts = composite_parts(requirement)
        for part, criterion in enumerate(parts):
            yield Slot(
                **common,
                part=part,
                test=criterion.test,
                kind=SlotKind.VALUE,
                criterion=criterion,
                rounding=requirement.rounding,
                accept_preliminary=requirement.accept_preliminary,
            )
        if parts or requirement.test is None:
            continue
        averaged = requirement.replicates in {Replicates.MEAN, Replicates.MEDIAN}
        yield Slot(
            **common,
            part=-1,
            test=requirement.test,
            kind=_kind(requirement),
            criterion=requirement,
            rounding=requirement.rounding,
            accept_preliminary=requirement.accept_preliminary,
        )
        if averaged:
            yield Slot(
                **common,
                part=-1,
                test=f"{requirement.id}{MEAN_SUFFIX}",
                kind=SlotKind.VALUE,
                criterion=requirement,
                rounding=requirement.rounding,
                accept_preliminary=requirement.accept_preliminary,
            )
        other = requirement.agreement.stage if requirement.agreement else None
        other = requirement.identity.equals_stage if requirement.identity else other
        if other is not None:
            derived_inputs[requirement.test, STAGES.index(other)] = None
    for derived in specification.derived:
        for source in derived.inputs.values():
            if not source.startswith("@"):
                for stage in _stages_of_derived(specification, derived.id, derived.stage):
                    derived_inputs[source, stage] = None
    for test, stage in derived_inputs:
        yield Slot(
            specification=index,
            requirement=-2,
            part=-1,
            test=test,
            stage=stage,
            kind=SlotKind.COLLECTED,
            criterion=None,
            rounding=None,
        )


def _stages_of_derived(specification: Specification, test: str, stage: Stage | None) -> list[int]:
    if stage is not None:
        return [STAGES.index(stage)]
    stages = {
        STAGES.index(requirement.stage)
        for requirement in specification.requirements
        if requirement.stage is not None
        and (requirement.test == test or any(part.test == test for part in composite_parts(requirement)))
    }
    return sorted(stages)


def composite_parts(requirement: Requirement) -> tuple[AlternativePart, ...]:
    """Return the parts of a composite requirement, none for a simple one."""
    if requirement.n_of_m is not None:
        return requirement.n_of_m.of
    return requirement.any_of or requirement.all_of or ()


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


def _bounds(limit: LimitText, alert: LimitText | None, rounding: str | None, code: int) -> tuple[float, ...]:
    unit = UNITS[code]
    limit_unit = find_unit(limit.unit)
    assert limit_unit is not None  # noqa: S101 - checked when the specification was loaded
    factor = conversion_factor(unit, limit_unit)
    rounded = compile_interval(exact_interval(limit, rounding=rounding, factor=factor))
    unrounded = compile_interval(exact_interval(limit, factor=factor))
    # Rounding narrows a strict limit and widens the others: what lies in both conforms without a word about rounding.
    narrow = _intersect(rounded, unrounded)
    if alert is not None:
        alert_unit = find_unit(alert.unit)
        assert alert_unit is not None  # noqa: S101 - checked when the specification was loaded
        narrow = _intersect(narrow, compile_interval(exact_interval(alert, factor=conversion_factor(unit, alert_unit))))
    return (*_numbers(rounded), *_numbers(narrow), unrounded.lo, unrounded.hi)


def _numbers(interval: CompiledInterval) -> tuple[float, ...]:
    return (
        interval.lo,
        interval.hi,
        interval.lo_closed,
        interval.lo_open,
        interval.hi_closed,
        interval.hi_open,
    )


def _intersect(first: CompiledInterval, second: CompiledInterval) -> CompiledInterval:
    return CompiledInterval(
        lo=max(first.lo, second.lo),
        hi=min(first.hi, second.hi),
        lo_closed=max(first.lo_closed, second.lo_closed),
        lo_open=max(first.lo_open, second.lo_open),
        hi_closed=min(first.hi_closed, second.hi_closed),
        hi_open=min(first.hi_open, second.hi_open),
    )


def _judge_word(word: str, criterion: Criterion | None, *, has_limit: bool) -> tuple[Verdict, Reason]:
    if criterion is not None and word in conforming_words(criterion):
        return Verdict.CONFORMS, Reason.CONFORMS
    if word in INTERIM_WORDS:
        return Verdict.MISSING, Reason.INTERIM_WORD
    if has_limit and word in {"not detected", "below quantitation limit"}:
        return Verdict.INCONCLUSIVE, Reason.NOT_DETECTED_WITHOUT_LIMIT
    if criterion is not None and word in failing_words(criterion):
        return Verdict.FAILS, Reason.WORD_NOT_LISTED
    if criterion is None or (criterion.one_of is None and criterion.none_of is None):
        return Verdict.INCONCLUSIVE, Reason.WORD_WHERE_NUMBER_EXPECTED
    return Verdict.INCONCLUSIVE, Reason.UNKNOWN_WORD
