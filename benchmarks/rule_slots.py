"""The criteria of the benchmark's specifications as rows: slots, limits in reported units, and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regenqc.evaluation.row_criteria import judge_karyotype
from regenqc.evaluation.slots import composite_parts
from regenqc.measurement.compiled_limits import CompiledInterval, compile_interval
from regenqc.measurement.reported import WORDS
from regenqc.measurement.units import UNITS, Unit, conversion_factor, find_unit, unit_code
from regenqc.specification.criteria import conforming_words, exact_interval, failing_words
from regenqc.vocabulary import INTERIM_WORDS, Replicates, Stage, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.rule_table import RuleTable
    from regenqc.specification.model import Criterion, Derived, LimitText, Requirement, Specification

__all__ = ["ENDS", "SlotTable", "unit_named"]

ENDS = ("lo", "hi", "lo_closed", "lo_open", "hi_closed", "hi_open")
_STAGES = tuple(stage.value for stage in Stage)
# A chromosome gained in at least two metaphases: what the nearest form of the peers calls a clone.
_CLONE = "47,XX,+12[20]"
# Inputs of the one function that the peers compute, with the units in which they enter.
_DOSE_RATE = {"concentration": "EU/mL", "volume": "mL", "weight": "kg", "duration": "h"}


class SlotTable:
    """Number the criteria over the results of one test at one stage: requirements, their parts, inputs, computed ones."""

    def __init__(self, rules: RuleTable, units: Sequence[int]) -> None:
        self.targets: set[str] = set()
        self._rules, self._units = rules, units
        self._word_sets: dict[tuple[int, ...], int] = {}
        self._bounds: dict[tuple[Any, ...], tuple[float, ...]] = {}
        self._count = 0

    def add_specification(self, index: int, specification: Specification, bits: dict[tuple[int, int], int]) -> None:
        """List the slots of one specification, with `bits` as `_add_columns` gives them."""
        computed = {derived.id for derived in specification.derived}
        of_test: dict[str, int] = {}
        for number, requirement in enumerate(specification.requirements):
            stage, bit = str(requirement.stage), bits[number, -1]
            for part, criterion in enumerate(composite_parts(requirement)):
                self._add(index, stage, bits[number, part], "value", criterion, requirement)
            if requirement.test is None:
                continue
            kind = "report_only" if requirement.report_only else "value"
            if requirement.karyotype is not None or requirement.identity is not None:
                kind = self._add_text(requirement)
            if requirement.replicates is Replicates.MEAN:
                reported = self._add(index, stage, bit, "replicates", requirement, requirement)
                averaged = self._add(index, stage, bit, "value", requirement, requirement, reported=False)
                assert requirement.limit is not None  # noqa: S101 - checked when the specification was loaded
                self._rules.add("averages", reported, requirement.limit.unit, averaged)
                self.targets.add(requirement.limit.unit)
                continue
            own = requirement.test not in computed
            of_test[requirement.test] = self._add(index, stage, bit, kind, requirement, requirement, reported=own)
        for derived in specification.derived:
            self._add_dose_rate(index, derived, bits, of_test)

    def _add_dose_rate(
        self, index: int, derived: Derived, bits: dict[tuple[int, int], int], of_test: dict[str, int]
    ) -> None:
        assert derived.stage is not None  # noqa: S101 - checked before, as is the function
        self.targets |= set(_DOSE_RATE.values())
        record = bits[-1 - _STAGES.index(derived.stage), -1]
        source = self._count
        named = {name: str(derived.inputs[name]).removeprefix("@") for name in _DOSE_RATE}
        nothing = (self._words(None), False, False)
        self._row(index, derived.stage, named["concentration"], record, "input", nothing, reported=True)
        attributes = [named[name] for name in ("volume", "weight", "duration")]
        self._rules.add("dose_rates", index, source, *attributes, of_test[derived.id])

    def _row(
        self, index: int, stage: str, test: str, bit: int, kind: str, criterion: tuple[Any, ...], *, reported: bool
    ) -> None:
        self._rules.add("slots", index, stage, test, self._count, bit, kind, *criterion, reported)
        self._count += 1

    def _add(
        self,
        index: int,
        stage: str,
        bit: int,
        kind: str,
        criterion: Criterion,
        requirement: Requirement,
        *,
        reported: bool = True,
    ) -> int:
        slot = self._count
        if criterion.limit is not None:
            limit_unit = unit_named(criterion.limit.unit)
            own = unit_code(limit_unit.symbol)
            # Computed results come in the unit of their limit, reported ones in every unit that is seen.
            for code in sorted({*self._units, own} if reported else {own}):
                if UNITS[code].kind == limit_unit.kind:
                    key = (criterion.limit, criterion.alert, requirement.rounding, code)
                    if key not in self._bounds:
                        self._bounds[key] = _bounds(*key)
                    self._rules.add("bounds", slot, code, *self._bounds[key])
        words = (self._words(criterion), criterion.limit is not None, requirement.accept_preliminary)
        self._row(index, stage, str(criterion.test or ""), bit, kind, words, reported=reported)
        return slot

    def _words(self, criterion: Criterion | None) -> int:
        verdicts = tuple(_judge_word(word, criterion) for word in WORDS)
        if verdicts not in self._word_sets:
            self._word_sets[verdicts] = len(self._word_sets)
            for word, verdict in enumerate(verdicts):
                self._rules.add("word_verdicts", self._word_sets[verdicts], word, verdict)
        return self._word_sets[verdicts]

    def _add_text(self, requirement: Requirement) -> str:
        if requirement.identity is not None:
            assert requirement.identity.equals is not None  # noqa: S101 - checked above
            self._rules.add("identities", self._count, requirement.identity.equals[1:])
            return "identity"
        assert requirement.karyotype is not None  # noqa: S101 - the only other text criterion
        sex = str(requirement.karyotype.expected_sex)
        clone = judge_karyotype(requirement, _CLONE, lambda _: "female")[0]
        self._rules.add("karyotypes", self._count, int(requirement.karyotype.min_metaphases), sex[1:], int(clone))
        return "karyotype"


def _judge_word(word: str, criterion: Criterion | None) -> int:
    if criterion is not None and word in conforming_words(criterion):
        return int(Verdict.CONFORMS)
    if word in INTERIM_WORDS:
        return int(Verdict.MISSING)
    if criterion is None or (criterion.limit is not None and word in {"not detected", "below quantitation limit"}):
        return int(Verdict.INCONCLUSIVE)
    return int(Verdict.FAILS if word in failing_words(criterion) else Verdict.INCONCLUSIVE)


def _bounds(limit: LimitText, alert: LimitText | None, rounding: str | None, code: int) -> tuple[float, ...]:
    """Return the limit and, inside it, the alert limit, in a reported unit."""
    unit = UNITS[code]
    factor = conversion_factor(unit, unit_named(limit.unit))
    whole = compile_interval(exact_interval(limit, rounding=rounding, factor=factor))
    inner = [whole, compile_interval(exact_interval(limit, factor=factor))]
    if alert is not None:
        inner.append(compile_interval(exact_interval(alert, factor=conversion_factor(unit, unit_named(alert.unit)))))
    return (
        *_ends(whole),
        *(worst(ends) for worst, ends in zip(_TIGHTER, zip(*map(_ends, inner), strict=True), strict=True)),
    )


_TIGHTER = (max, min, max, max, min, min)


def _ends(interval: CompiledInterval) -> tuple[float, ...]:
    return tuple(getattr(interval, end) for end in ENDS)


def unit_named(text: str) -> Unit:
    """Return a unit of a specification, which was checked when it was loaded."""
    unit = find_unit(text)
    assert unit is not None  # noqa: S101 - units of a specification were checked when it was loaded
    return unit
