"""Results of two stages against each other: agreement and identity."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.evaluation.derivation.inputs import annex_of
from regenqc.evaluation.derivation.quantity import read_quantity
from regenqc.evaluation.grouping import distinct_combinations, spread
from regenqc.evaluation.replicates import Judged
from regenqc.evaluation.slots import other_stage
from regenqc.measurement.differences import difference_interval
from regenqc.measurement.reported import fold_text, fold_word
from regenqc.measurement.units import conversion_factor, find_unit
from regenqc.specification.criteria import canonical_word
from regenqc.vocabulary import INTERIM_WORDS, UNDECIDED_WORDS, Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from regenqc.evaluation.collected import SlotRows
    from regenqc.specification.model import Agreement, Requirement

__all__ = ["judge_comparison"]

_UNCERTAINTY: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
_Judgement = tuple[Verdict, Reason, str | None]


class _Statement(NamedTuple):
    """What one row says."""

    reported: str
    unit: str
    lod: str
    annex: str


def judge_comparison(rows: SlotRows, references: SlotRows | None, requirement: Requirement) -> Iterator[Judged]:
    """Yield the judgements of every result against every result of the other stage.

    Args:
        rows: of the requirement's slot.
        references: of the same test at the other stage, `None` where there are none.
        requirement: with agreement or identity between stages as its criterion.
    """
    position, known = _positions(rows, references)
    alone = np.flatnonzero(known == 0)
    if len(alone):
        missing = Reason.AGREEMENT_REFERENCE_MISSING if requirement.agreement else Reason.IDENTITY_REFERENCE_MISSING
        yield Judged(
            rows,
            alone,
            np.full(len(alone), Verdict.INCONCLUSIVE, dtype=np.uint8),
            np.full(len(alone), missing, dtype=np.uint8),
            pa.repeat(f"no result at stage {other_stage(requirement)}", len(alone)),
        )
    if references is None or len(alone) == len(rows):
        return
    here, offset = spread(known)
    there = position[here] + offset
    # Further columns are empty where the requirement asks for none.
    found = distinct_combinations(
        rows.statements.of_row[here],
        references.statements.of_row[there],
        rows.annex.codes[here],
        references.annex.codes[there],
    )
    compare = _agree if requirement.agreement else _equal
    judgements = [
        compare(requirement, first, second)
        for first, second in zip(
            _statements(rows, here[found.first]), _statements(references, there[found.first]), strict=True
        )
    ]
    verdict = np.array([entry[0] for entry in judgements], dtype=np.uint8)[found.of_row]
    reason = np.array([entry[1] for entry in judgements], dtype=np.uint8)[found.of_row]
    detail = pa.array([entry[2] for entry in judgements], type=pa.string()).take(pa.array(found.of_row))
    counts = np.ones(len(here), dtype=np.bool_)
    if not requirement.accept_preliminary:
        # What is preliminary cannot conform.
        counts = ~(rows.preliminary[here] | references.preliminary[there]) | (verdict != Verdict.CONFORMS)
    yield Judged(rows, here[counts], verdict[counts], reason[counts], detail.filter(pa.array(counts)))


def _positions(rows: SlotRows, references: SlotRows | None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for every row where the references of its batch begin, and how many there are."""
    if references is None:
        nowhere = np.zeros(len(rows), dtype=np.int64)
        return nowhere, nowhere
    begin = np.searchsorted(references.batch, rows.batch, side="left")
    return begin, np.searchsorted(references.batch, rows.batch, side="right") - begin


def _statements(rows: SlotRows, at: NDArray[np.int64]) -> Iterator[_Statement]:
    columns = (rows.reported, rows.unit, rows.lod, rows.annex)
    texts = zip(*(column.listed(at) for column in columns), strict=True)
    return (_Statement(*entry) for entry in texts)


def _equal(_: Requirement, result: _Statement, reference: _Statement) -> _Judgement:
    for entry in (result, reference):
        word = canonical_word(entry.reported)
        if word in INTERIM_WORDS or word in UNDECIDED_WORDS:
            return (
                Verdict.INCONCLUSIVE,
                Reason.UNKNOWN_WORD,
                f"the stages reported '{result.reported}' and '{reference.reported}'",
            )
    same_unit = fold_text(result.unit) == fold_text(reference.unit)
    if same_unit and fold_word(result.reported) == fold_word(reference.reported):
        return Verdict.CONFORMS, Reason.CONFORMS, None
    return (
        Verdict.FAILS,
        Reason.IDENTITY_MISMATCH,
        f"expected '{reference.reported} {reference.unit}'".replace(" '", "'"),
    )


def _agree(requirement: Requirement, result: _Statement, reference: _Statement) -> _Judgement:
    agreement = requirement.agreement
    assert agreement is not None  # noqa: S101 - the caller asked
    target = agreement.unit if agreement.absolute is not None else (reference.unit or "%" * ("%" in reference.reported))
    here = read_quantity(result.reported, result.unit, target=target, lod=result.lod)
    there = read_quantity(reference.reported, reference.unit, target=target, lod=reference.lod)
    detail = f"the other stage reported {reference.reported} {reference.unit}".rstrip()
    if here is None or there is None or here.operator or there.operator:
        return Verdict.INCONCLUSIVE, Reason.AGREEMENT_REFERENCE_MISSING, detail
    if agreement.confidence is not None:
        values = (_measured(result, here.fraction, target), _measured(reference, there.fraction, target))
        return _agree_as_a_whole(agreement, *values, detail=detail)
    if agreement.absolute is not None:
        tolerance = Fraction(agreement.absolute)
    else:
        tolerance = abs(there.fraction) * Fraction(agreement.relative or "0") / 100
    if abs(here.fraction - there.fraction) <= tolerance:
        return Verdict.CONFORMS, Reason.CONFORMS, None
    return Verdict.FAILS, Reason.AGREEMENT_EXCEEDED, detail


class _Measured(NamedTuple):
    """A value with its standard uncertainty, `None` where none is stated that can be read."""

    value: Fraction
    uncertainty: Fraction | None


def _measured(statement: _Statement, value: Fraction, target: str) -> _Measured:
    text = annex_of(statement.annex)["uncertainty"]
    # It is stated in the unit of the result; a scale with an offset would need more than a factor.
    source, goal = find_unit(fold_text(statement.unit) or "%" * ("%" in statement.reported)), find_unit(target)
    if not _UNCERTAINTY.fullmatch(text) or source is None or goal is None or source.kind != goal.kind:
        return _Measured(value, None)
    return _Measured(value, Fraction(text) * conversion_factor(source, goal))


def _agree_as_a_whole(agreement: Agreement, here: _Measured, there: _Measured, *, detail: str) -> _Judgement:
    """Judge by the interval of the difference: all of it within conforms, all of it outside fails, anything else tells nothing."""
    is_relative = agreement.absolute is None
    if here.uncertainty is None or there.uncertainty is None:
        whose = "this stage" if here.uncertainty is None else "the other stage"
        return Verdict.INCONCLUSIVE, Reason.AGREEMENT_UNCERTAIN, f"{detail}; {whose} states no uncertainty"
    if is_relative and there.value == 0:
        return Verdict.INCONCLUSIVE, Reason.AGREEMENT_UNCERTAIN, f"{detail}; there is no share of nothing"
    margin = float(agreement.absolute or "0") if not is_relative else float(agreement.relative or "0") / 100
    _, low, high = difference_interval(
        float(here.value),
        float(there.value),
        uncertainty=float(here.uncertainty),
        reference_uncertainty=float(there.uncertainty),
        confidence=float(agreement.confidence or "0"),
        relative=is_relative,
    )
    scale, sign = (100, " %") if is_relative else (1, f" {agreement.unit}".rstrip())
    said = f"{detail}; the interval of the difference is {low * scale:.4g} to {high * scale:.4g}{sign}"
    if -margin <= low and high <= margin:
        return Verdict.CONFORMS, Reason.CONFORMS, None
    if low > margin or high < -margin:
        return Verdict.FAILS, Reason.AGREEMENT_EXCEEDED, said
    return Verdict.INCONCLUSIVE, Reason.AGREEMENT_UNCERTAIN, said
