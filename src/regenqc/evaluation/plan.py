"""Turn specifications into the arrays that the kernel reads.

A *slot* is one criterion over the results of one test at one stage: a requirement, a part of a composite requirement,
an input that is only collected, or the built-in answer for a test that no requirement names. Limits are converted into
a reported unit when a result in that unit first appears, once, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from regenqc.evaluation.kernel import COLLECTED, DELEGATED, EMPTY_COLUMN, NO_WORD_COLUMN, SlotKind
from regenqc.measurement.limits import CompiledInterval, compile_interval
from regenqc.measurement.reported import WORDS
from regenqc.measurement.units import UNITS, conversion_factor, find_unit
from regenqc.specification.criteria import conforming_words, exact_interval, failing_words
from regenqc.vocabulary import INTERIM_WORDS, Reason, Replicates, Stage, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.specification.model import AlternativePart, Criterion, LimitText, Requirement, Specification

__all__ = ["BOUNDS", "MEAN_SUFFIX", "STAGES", "Plan", "Slot", "composite_parts", "controlling", "named_tests"]

STAGES: Final = tuple(Stage)
_AVERAGED: Final = frozenset({Replicates.MEAN, Replicates.MEDIAN})
MEAN_SUFFIX: Final = "@replicates"

# Columns of `PlanArrays.bounds`: the limit after rounding, the alert limit (without one: the limit unrounded), and the
# limit unrounded, each as the kernel needs it.
BOUNDS: Final = (
    *(f"limit_{name}" for name in ("lo", "hi", "lo_closed", "lo_open", "hi_closed", "hi_open")),
    *(f"alert_{name}" for name in ("lo", "hi", "lo_closed", "lo_open", "hi_closed", "hi_open")),
    "unrounded_lo",
    "unrounded_hi",
)

# Kind of the unit, limit, alert limit and rounding rule.
_Limit = tuple[str, "LimitText", "LimitText | None", str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One criterion over the results of one test at one stage.

    Args:
        specification: index of the specification.
        requirement: index of the requirement in it, -1 for the built-in answer to unlisted tests.
        part: index of the part of a composite requirement, those of its controls behind the last part; -1 for a
            requirement of its own.
        test: test code of the rows it judges, empty for every test that nothing else names.
        stage: index of the stage.
        kind: `SlotKind`.
        criterion: limits and words, where it has any.
        rounding: rounding rule of its limit.
        accept_preliminary: whether a preliminary result is evidence.
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
    is_control: bool = False
    column: str = ""


class Settling(NamedTuple):
    """How most rows of a line are settled at once.

    Args:
        slot: the slot that settles them; two numbers beyond the slots stand for one that settles no row, and for one that
            settles every row with a result.
        position: its position among the slots of the line.
        conforms: whether settled rows conform to it.
        is_received: whether another slot receives settled rows.
        receiver: that other slot.
        mark: with which it receives them.
    """

    slot: int
    position: int = 0
    conforms: bool = False
    is_received: bool = False
    receiver: int = 0
    mark: int = 0


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
        # Slots whose rows count only with the controls in columns of their own: the slots of those columns.
        self.columns_of: dict[int, tuple[int, ...]] = {}
        for index, specification in enumerate(self.specifications):
            self.slots_of.append({})
            for slot in _slots(index, specification):
                if not slot.column:
                    self.slots_of[index].setdefault(slot.requirement, []).append(len(self.slots))
                self.slots.append(slot)
            self._guard(index)
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
        self.controlling = tuple(
            tuple(tuple(controlling(entry, requirement)) for requirement in entry.requirements)
            for entry in self.specifications
        )
        self.tests = tuple(sorted({slot.test for slot in self.slots if slot.test}))
        self.test_codes = {test: code for code, test in enumerate(self.tests, start=1)}
        self.line_count = len(STAGES) * (len(self.tests) + 1)
        count = len(self.slots)
        self.kind = np.array([slot.kind for slot in self.slots], dtype=np.uint8)
        # How a row is judged apart from all others: replicates by the limit of their mean.
        self.kind_apart = self.kind.copy()
        self.kind_apart[
            [slot.kind == SlotKind.COLLECTED and _replicates(slot) is not Replicates.EACH for slot in self.slots]
        ] = SlotKind.VALUE
        self.is_averaged = np.array(
            [slot.kind == SlotKind.COLLECTED and _replicates(slot) in _AVERAGED for slot in self.slots], dtype=np.bool_
        )
        # One entry more, for a row that no slot judges.
        self.requirement_of_slot = np.array([*(slot.requirement for slot in self.slots), -1], dtype=np.int32)
        self.is_control = np.array([slot.is_control for slot in self.slots], dtype=np.bool_)
        # What the controls in its row decide about leaves the kernel.
        guarded = [number for number in self.columns_of if self.kind[number] == SlotKind.VALUE]
        self.kind[guarded] = SlotKind.DELEGATED
        self.accept_preliminary = np.array([slot.accept_preliminary for slot in self.slots], dtype=np.uint8)
        self.has_limit = np.array(
            [slot.criterion is not None and slot.criterion.limit is not None for slot in self.slots], dtype=np.uint8
        )
        self.word_verdict = np.full((count, EMPTY_COLUMN + 1), Verdict.INCONCLUSIVE, dtype=np.uint8)
        self.word_reason = np.full((count, EMPTY_COLUMN + 1), Reason.UNKNOWN_WORD, dtype=np.uint8)
        self._compile_words()
        self.settling_words = self._settling_words()
        # Column 0 is every unit that no limit was converted to, interval 0 a unit of another kind: nothing lies inside.
        self.unit_column = np.zeros(len(UNITS) + 1, dtype=np.uint16)
        self.interval = np.zeros((count, 1), dtype=np.uint32)
        self._bounds: list[tuple[float, ...]] = [(float("nan"),) * len(BOUNDS)]
        self.bounds = np.array(self._bounds, dtype=np.float64)
        self.settling_bounds = self._settling_bounds()
        self._limits, self._limit_of_slot = self._distinct_limits()

    def _guard(self, specification: int) -> None:
        """Note which slots of a specification are controlled by columns of their rows."""
        columns: dict[int, list[int]] = {}
        for number, slot in enumerate(self.slots):
            if slot.column and slot.specification == specification:
                columns.setdefault(slot.requirement, []).append(number)
        for requirement, numbers in columns.items():
            for number in self.slots_of[specification].get(requirement, ()):
                slot = self.slots[number]
                if not slot.is_control and not slot.test.endswith(MEAN_SUFFIX):
                    self.columns_of[number] = tuple(numbers)

    def line(self, slot: Slot) -> int:
        """Return the line of the rows that a slot judges."""
        return slot.stage * (len(self.tests) + 1) + self.test_codes[slot.test]

    def prepare_units(self, codes: NDArray[np.integer]) -> None:
        """Convert every limit into the units that appear, unless that is done.

        Args:
            codes: unit codes of rows, in any number and order.
        """
        used = np.flatnonzero(np.bincount(codes, minlength=1)).tolist()
        fresh = [code for code in used if code < len(UNITS) and self.unit_column[code] == 0]
        if not fresh:
            return
        for code in fresh:
            intervals = np.zeros(len(self._limits) + 1, dtype=np.uint32)
            for index, (kind, limit, alert, rounding) in enumerate(self._limits):
                if kind == UNITS[code].kind:
                    intervals[index] = len(self._bounds)
                    self._bounds.append(_bounds(limit, alert, rounding, code))
            self.unit_column[code] = self.interval.shape[1]
            self.interval = np.column_stack([self.interval, intervals[self._limit_of_slot]])
        self.bounds = np.array(self._bounds, dtype=np.float64).reshape(-1, len(BOUNDS))
        self.settling_bounds = self._settling_bounds()

    def _distinct_limits(self) -> tuple[list[_Limit], NDArray[np.int64]]:
        """Return every limit once, with the kind of its unit, and its index by slot; -1 for a slot without limit."""
        codes: dict[_Limit, int] = {}
        of_slot = np.full(len(self.slots), -1, dtype=np.int64)
        for index, slot in enumerate(self.slots):
            if slot.criterion is not None and slot.criterion.limit is not None:
                unit = find_unit(slot.criterion.limit.unit)
                assert unit is not None  # noqa: S101 - checked when the specification was loaded
                limit = (unit.kind, slot.criterion.limit, slot.criterion.alert, slot.rounding)
                of_slot[index] = codes.setdefault(limit, len(codes))
        return list(codes), of_slot

    # ---- what settles a row at once: see `PlanArrays` ----------------------------------------------------------------

    def settling(self, slots: Sequence[int]) -> Settling:
        """Return how most rows of one line are settled.

        Args:
            slots: that judge the line, in order.
        """
        judging = [at for at, slot in enumerate(slots) if self.kind[slot] < SlotKind.DELEGATED]
        receiving = [slot for slot in slots if self.kind[slot] >= SlotKind.DELEGATED]
        judged_at_once = all(self.kind[slots[at]] in {SlotKind.VALUE, SlotKind.REPORT_ONLY} for at in judging)
        if len(judging) > 1 or len(receiving) > 1 or not slots or not judged_at_once:
            return Settling(len(self.slots))
        receiver, mark = 0, 0
        if receiving:
            receiver = receiving[0]
            mark = DELEGATED if self.kind[receiver] == SlotKind.DELEGATED else COLLECTED
        if not judging:
            return Settling(len(self.slots) + 1, is_received=True, receiver=receiver, mark=mark)
        at = judging[0]
        return Settling(slots[at], at, conforms=True, is_received=bool(receiving), receiver=receiver, mark=mark)

    def _settling_words(self) -> NDArray[np.uint64]:
        conforming = self.word_verdict == Verdict.CONFORMS
        conforming[self.kind != SlotKind.VALUE] = False
        reported = self.word_reason != Reason.INTERIM_WORD
        reported[:, NO_WORD_COLUMN:] = False
        conforming |= reported & (self.kind == SlotKind.REPORT_ONLY)[:, None]
        never, stated = np.zeros((2, EMPTY_COLUMN + 1), dtype=np.bool_)
        stated[:EMPTY_COLUMN] = True
        bits = np.uint64(1) << np.arange(EMPTY_COLUMN + 1, dtype=np.uint64)
        return np.vstack([conforming, never, stated]).astype(np.uint64) @ bits

    def _settling_bounds(self) -> NDArray[np.float64]:
        """Return the alert limits, which lie within the limits, by slot and unit column."""
        bounds = np.full((len(self.slots) + 2, self.interval.shape[1], 2), np.nan)
        bounds[:-2] = self.bounds[self.interval, 6:8]
        bounds[:-2][self.kind != SlotKind.VALUE] = np.nan
        bounds[:-2][self.kind == SlotKind.REPORT_ONLY] = (-np.inf, np.inf)
        return np.ascontiguousarray(bounds).ravel()

    def _compile_words(self) -> None:
        known: dict[tuple[object, ...], tuple[list[int], list[int]]] = {}
        for index, slot in enumerate(self.slots):
            criterion = slot.criterion
            has_limit = bool(self.has_limit[index])
            key = (criterion and criterion.one_of, criterion and criterion.none_of, has_limit)
            if key not in known:
                pairs = [_judge_word(word, criterion, has_limit=has_limit) for word in WORDS]
                known[key] = ([int(verdict) for verdict, _ in pairs], [int(reason) for _, reason in pairs])
            self.word_verdict[index, :NO_WORD_COLUMN], self.word_reason[index, :NO_WORD_COLUMN] = known[key]


def _slots(index: int, specification: Specification) -> Iterator[Slot]:
    derived_inputs: dict[tuple[str, int], None] = {}
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
        averaged = requirement.replicates in _AVERAGED
        yield slot(
            part=-1,
            test=requirement.test,
            kind=_kind(requirement),
            criterion=requirement,
            rounding=requirement.rounding,
        )
        if averaged:
            yield slot(
                part=-1,
                test=f"{requirement.id}{MEAN_SUFFIX}",
                kind=SlotKind.VALUE,
                criterion=requirement,
                rounding=requirement.rounding,
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
        if requirement.stage is not None and test in named_tests(requirement)
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
    tests: set[str] = set()
    for derived in specification.derived:
        if derived.id in named_tests(requirement):
            tests.update(source for source in derived.inputs.values() if not source.startswith("@"))
    return [
        number
        for number, entry in enumerate(specification.requirements)
        if entry.controls
        and (entry is requirement or (entry.stage is requirement.stage and tests & _judged_tests(entry)))
    ]


def _replicates(slot: Slot) -> Replicates:
    policy: Replicates = getattr(slot.criterion, "replicates", Replicates.EACH)
    return policy


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
