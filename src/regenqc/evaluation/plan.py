"""Turn specifications into the arrays that the kernel reads.

A *slot* is one criterion over the results of one test at one stage: a requirement, a part of a composite requirement,
an input that is only collected, or the built-in answer for a test that no requirement names. Limits are converted into
a reported unit when a result in that unit first appears, once, exactly.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from regenqc.evaluation.families import Family, single_families
from regenqc.evaluation.kernel import COLLECTED, DELEGATED, EACH_MEMBER, EMPTY_COLUMN, NO_WORD_COLUMN, SlotKind
from regenqc.evaluation.limit_bounds import BOUNDS
from regenqc.evaluation.shared_sentences import SharedSentences
from regenqc.evaluation.slot_limits import SlotLimits
from regenqc.evaluation.slots import (
    AVERAGED,
    COLLECTED_ONLY,
    MEAN_SUFFIX,
    STAGES,
    Slot,
    composite_parts,
    controlling,
    list_slots,
    named_tests,
    stages_of_derived,
)
from regenqc.measurement.reported import WORDS
from regenqc.measurement.units import UNITS
from regenqc.specification.criteria import conforming_words, failing_words
from regenqc.specification.derived_functions import FUNCTIONS, Rule
from regenqc.specification.derived_sources import rows_needed
from regenqc.vocabulary import INTERIM_WORDS, Reason, Replicates, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regenqc.specification.model import Criterion, Specification

__all__ = [
    "MEAN_SUFFIX",
    "STAGES",
    "Plan",
    "Slot",
    "composite_parts",
    "controlling",
    "named_tests",
    "stages_of_derived",
]


_UNALERTED: Final = [BOUNDS.index("alert_lo"), BOUNDS.index("alert_hi")]


class Settling(NamedTuple):
    """How most rows of a line are settled at once.

    Args:
        slot: the slot that settles them; one of those that settle nothing, or everything with a result, where no single
            criterion does.
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
        families: those that are judged together; every one on its own when not given.

    Attributes:
        judged_by: all specifications.
        specifications: the one that stands for each family; every index of a specification below is one of a family.

    Example:
        >>> from regenqc.specification import load_specification
        >>> plan = Plan([load_specification("example/car-t-ari-0001")])
        >>> "viability" in plan.tests
        True
    """

    def __init__(self, specifications: Sequence[Specification], *, families: Sequence[Family] | None = None) -> None:
        self.judged_by = tuple(specifications)
        self.families = single_families(self.judged_by) if families is None else tuple(families)
        self.specifications = tuple(self.judged_by[family.members[0]] for family in self.families)
        self.slots: list[Slot] = []
        self.slots_of: list[dict[int, list[int]]] = []
        self.unlisted_slot: list[list[int]] = []
        # Slots whose rows count only with the controls in columns of their own: the slots of those columns.
        self.columns_of: dict[int, tuple[int, ...]] = {}
        self.never_settles: list[int] = []
        for index, specification in enumerate(self.specifications):
            self.slots_of.append({})
            for slot in list_slots(index, specification):
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
            self.never_settles.append(len(self.slots))
            self.slots += [_settling_only(index, kind) for kind in (SlotKind.NEVER, SlotKind.STATED)]
        self.controlling = tuple(
            tuple(tuple(controlling(entry, requirement)) for requirement in entry.requirements)
            for entry in self.specifications
        )
        self.tests = tuple(sorted({slot.test for slot in self.slots if slot.test}))
        self.test_codes = {test: code for code, test in enumerate(self.tests, start=1)}
        self.line_count = len(STAGES) * (len(self.tests) + 1)
        count = len(self.slots)
        self.kind = np.array([slot.kind for slot in self.slots], dtype=np.uint8)
        policies = [getattr(slot.criterion, "replicates", Replicates.EACH) for slot in self.slots]
        collected = self.kind == SlotKind.COLLECTED
        # Whether anything counts only together.
        self.has_collected = bool(collected.any())
        # Whose rows something is computed from, or compared with.
        self.is_input = np.array([slot.is_input for slot in self.slots], dtype=np.bool_)
        self.is_averaged = collected & np.array([policy in AVERAGED for policy in policies], dtype=np.bool_)
        # How a row is judged apart from all others: replicates by the limit of the whole.
        self.kind_apart = self.kind.copy()
        self.kind_apart[collected & [policy is not Replicates.EACH for policy in policies]] = SlotKind.VALUE
        self.is_control = np.array([slot.is_control for slot in self.slots], dtype=np.bool_)
        # One entry more, for a row that no slot judges.
        self.requirement_of_slot = np.array([*(slot.requirement for slot in self.slots), -1], dtype=np.int32)
        # What the controls in its row decide about leaves the kernel.
        guarded = [number for number in self.columns_of if self.kind[number] == SlotKind.VALUE]
        self.kind[guarded] = SlotKind.DELEGATED
        self.accept_preliminary = np.array([slot.accept_preliminary for slot in self.slots], dtype=np.uint8)
        self.annexed = np.array([slot.annexed for slot in self.slots], dtype=np.bool_)
        self.is_totalled = self._totalled_slots()
        # Slots that collect the same rows have them in common: they are collected once, for the first of these slots.
        self.collected_as = self._collected_as()
        self.has_limit = np.array(
            [slot.criterion is not None and slot.criterion.limit is not None for slot in self.slots], dtype=np.uint8
        )
        self.word_verdict = np.full((count, EMPTY_COLUMN + 1), Verdict.INCONCLUSIVE, dtype=np.uint8)
        self.word_reason = np.full((count, EMPTY_COLUMN + 1), Reason.UNKNOWN_WORD, dtype=np.uint8)
        self._compile_words()
        self.settling_words = self._settling_words()
        self._limits = SlotLimits(
            self.slots,
            ends=[number + 2 for number in self.never_settles],
            families=self.families,
            specifications=self.judged_by,
        )
        # The first column is every unit that no limit was converted to. Nothing lies inside interval 0, in whatever unit
        # everything inside interval 1.
        self.unit_at = np.zeros(len(UNITS) + 1, dtype=np.uint32)
        self.interval_at = (self.kind == SlotKind.REPORT_ONLY).astype(np.uint64)
        self.bounds = np.full((2, len(BOUNDS)), np.nan)
        self.bounds[1, _UNALERTED] = -np.inf, np.inf
        self.settling_bounds = self.bounds[:, _UNALERTED].ravel()

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

    def input_slot(self, specification: int, test: str, stage: int) -> int:
        """Return the slot that collects the results of a test at a stage for a derived result or a comparison."""
        members = self.slots_of[specification][COLLECTED_ONLY]
        return next(slot for slot in members if (self.slots[slot].test, self.slots[slot].stage) == (test, stage))

    def _collected_as(self) -> NDArray[np.int32]:
        first: dict[tuple[str, int, bool, bool], int] = {}
        chosen = np.arange(len(self.slots), dtype=np.int32)
        for number in np.flatnonzero(self.kind == SlotKind.COLLECTED).tolist():
            slot = self.slots[number]
            kind = (slot.test, slot.stage, slot.annexed, bool(self.is_totalled[number]))
            chosen[number] = first.setdefault(kind, number)
        return chosen

    def _totalled_slots(self) -> NDArray[np.bool_]:
        """Return for each slot whether a derived result is the sum of what it collects."""
        totalled = np.zeros(len(self.slots), dtype=np.bool_)
        for index, specification in enumerate(self.specifications):
            tests = {
                needed.test
                for derived in specification.derived
                if FUNCTIONS[derived.function].rule is Rule.TOTAL
                for needed in rows_needed(derived)
            }
            for slot in self.slots_of[index].get(COLLECTED_ONLY, ()):
                totalled[slot] = self.slots[slot].test in tests
        return totalled

    def prepare_units(self, codes: NDArray[np.integer]) -> None:
        """Convert every limit into the units that appear, unless that is done.

        Args:
            codes: unit codes of rows, in any number and order.
        """
        used = np.flatnonzero(np.bincount(codes, minlength=1)).tolist()
        fresh = [code for code in used if code < len(UNITS) and self.unit_at[code] == 0]
        if not fresh:
            return
        columns, bounds = [self.interval_at], [self.bounds]
        known, column = len(self.bounds), len(self.interval_at)
        for code in fresh:
            at, found = self._limits.bounds.bounds_in(code)
            columns.append(self._intervals(at, known))
            bounds.append(found)
            self.unit_at[code] = column
            known, column = known + len(at), column + len(self.slots)
        self.interval_at = np.concatenate(columns)
        self.bounds = np.concatenate(bounds)
        # The alert limits, which lie within the limits.
        fresh_bounds = [found[:, _UNALERTED].ravel() for found in bounds[1:]]
        self.settling_bounds = np.concatenate([self.settling_bounds, *fresh_bounds])

    def _intervals(self, limits: NDArray[np.int64], first: int) -> NDArray[np.uint64]:
        """Return the entry of each slot in a column of `PlanArrays.interval_at`.

        Args:
            limits: that can be compared with results in the unit, in ascending order; those of one slot follow each other.
            first: number of the interval of the first of these.
        """
        own = self._limits
        position = np.searchsorted(limits, own.first_limit)
        is_found = np.append(limits, -1)[position] == own.first_limit
        entries: NDArray[np.uint64] = self.interval_at[: len(self.slots)].copy()
        judged = self.kind[own.slot] != SlotKind.REPORT_ONLY
        chosen = is_found & judged
        entries[own.slot[chosen]] = (first + position[chosen]).astype(np.uint64) | own.has_members[chosen] * EACH_MEMBER
        return entries

    # ---- what settles a row at once: see `PlanArrays` ----------------------------------------------------------------

    def settling(self, slots: Sequence[int]) -> Settling:
        """Return how most rows of one line are settled.

        Args:
            slots: that judge the line, in order.
        """
        never = self.never_settles[self.slots[slots[0]].specification if slots else 0]
        judging = [at for at, slot in enumerate(slots) if self.kind[slot] < SlotKind.DELEGATED]
        receiving = [slot for slot in slots if self.kind[slot] >= SlotKind.DELEGATED]
        judged_at_once = all(self.kind[slots[at]] in {SlotKind.VALUE, SlotKind.REPORT_ONLY} for at in judging)
        if len(judging) > 1 or len(receiving) > 1 or not slots or not judged_at_once:
            return Settling(never)
        receiver, mark = 0, 0
        if receiving:
            receiver = receiving[0]
            mark = DELEGATED if self.kind[receiver] == SlotKind.DELEGATED else COLLECTED
        if not judging:
            return Settling(never + 1, is_received=True, receiver=receiver, mark=mark)
        at = judging[0]
        return Settling(slots[at], at, conforms=True, is_received=bool(receiving), receiver=receiver, mark=mark)

    def _settling_words(self) -> NDArray[np.uint64]:
        conforming = self.word_verdict == Verdict.CONFORMS
        conforming[self.kind != SlotKind.VALUE] = False
        reported = self.word_reason != Reason.INTERIM_WORD
        reported[:, NO_WORD_COLUMN:] = False
        conforming |= reported & (self.kind == SlotKind.REPORT_ONLY)[:, None]
        conforming[self.kind == SlotKind.STATED, :EMPTY_COLUMN] = True
        bits = np.uint64(1) << np.arange(EMPTY_COLUMN + 1, dtype=np.uint64)
        words: NDArray[np.uint64] = conforming.astype(np.uint64) @ bits
        return words

    @cached_property
    def shared_sentences(self) -> SharedSentences:
        """What is said alike of findings by specifications of one form."""
        return SharedSentences(self.families, specifications=self.judged_by)

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


def _settling_only(index: int, kind: int) -> Slot:
    return Slot(
        specification=index, requirement=-3, part=-1, test="", stage=0, kind=kind, criterion=None, rounding=None
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
