"""Several results of one test: means, medians, and so many of so many."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.evaluation.derivation.columns import UNREADABLE, QuantityColumn, quantity_column
from regenqc.evaluation.derivation.exact_rules import refusal
from regenqc.evaluation.derivation.quantity import OPERATORS, Quantity, exact_text, quantity_text, read_quantity
from regenqc.evaluation.derivation.totals import scaled_numbers, sum_of, sums_of
from regenqc.evaluation.grouping import distinct_combinations
from regenqc.specification.criteria import exact_interval
from regenqc.vocabulary import Reason, Replicates, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.collected import SlotRows
    from regenqc.specification.model import Requirement

__all__ = [
    "BatchTexts",
    "Judged",
    "averages",
    "indistinguishable",
    "judge_replicates",
    "mean_texts",
    "median_texts",
    "quantities_of",
]

_NOT_READ: Final = "a replicate cannot be read"
_CENSORED_MEAN: Final = "replicates censored in different ways"
_CENSORED_MEDIAN: Final = "censored replicates"


class BatchTexts(NamedTuple):
    """Computed results.

    Args:
        batch: code of the batch of each, ascending.
        text: index into `words`.
        words: distinct results as text.
        preliminary: whether preliminary results are behind it.
    """

    batch: NDArray[np.int32]
    text: NDArray[np.int64]
    words: list[str]
    preliminary: NDArray[np.bool_]

    @classmethod
    def empty(cls) -> BatchTexts:
        """Return no results."""
        return cls(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), [], np.empty(0, dtype=np.bool_))


class Judged(NamedTuple):
    """Judgements over several rows.

    Args:
        rows: from which they were made.
        at: the row that each is about; `None` where there is one judgement for every batch.
        verdict: of each.
        reason: of each.
        detail: what was found, null where there is nothing to say.
    """

    rows: SlotRows
    at: NDArray[np.int64] | None
    verdict: NDArray[np.uint8]
    reason: NDArray[np.uint8]
    detail: pa.StringArray


def averages(rows: SlotRows, requirement: Requirement) -> BatchTexts:
    """Return the mean or median of the replicates of every batch, in the unit of the limit.

    Batches whose replicates cannot be told apart have none. Where some replicates are preliminary, there is a result of the
    others, if there are any, and one of all.

    Args:
        rows: of the requirement's slot.
        requirement: with a limit, and `mean` or `median` as its policy.
    """
    assert requirement.limit is not None  # noqa: S101 - checked when the specification was loaded
    texts_of = mean_texts if requirement.replicates is Replicates.MEAN else median_texts
    parts: list[tuple[NDArray[np.int32], NDArray[np.int64], bool]] = []
    words: list[str] = []
    for selected, preliminary in rows.selections():
        apart = selected.are_distinguishable()
        named = selected if apart.all() else selected.take(selected.of_batches(apart))
        if len(named):
            column = quantities_of(named, unit=requirement.limit.unit)
            text, found = texts_of(column, named.begins)
            parts.append((named.batches, text + len(words), preliminary))
            words += found
    return _merged(parts, words)


def _merged(parts: Sequence[tuple[NDArray[np.int32], NDArray[np.int64], bool]], words: list[str]) -> BatchTexts:
    batch = np.concatenate([np.empty(0, dtype=np.int32), *(part[0] for part in parts)])
    text = np.concatenate([np.empty(0, dtype=np.int64), *(part[1] for part in parts)])
    preliminary = np.concatenate([np.empty(0, dtype=np.bool_), *(np.full(len(part[0]), part[2]) for part in parts)])
    order = np.lexsort((preliminary, batch)) if len(parts) > 1 else np.arange(len(batch))
    return BatchTexts(batch[order], text[order], words, preliminary[order])


def quantities_of(rows: SlotRows, *, unit: str) -> QuantityColumn:
    """Return what rows report, as quantities in a unit."""
    first = rows.statements.first
    texts = zip(rows.reported.listed(first), rows.unit.listed(first), rows.lod.listed(first), strict=True)
    found = [read_quantity(text, own, target=unit, lod=lod) or UNREADABLE for text, own, lod in texts]
    return quantity_column(found, rows.statements.of_row)


def mean_texts(column: QuantityColumn, begins: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[str]]:
    """Return the mean of each batch as text; censored replicates give a censored mean.

    Args:
        column: replicates, sorted by batch.
        begins: first row of every batch.

    Returns:
        For each batch the index of its text, and the texts.

    Example:
        >>> column = quantity_column([Quantity("", 1, 1), Quantity("<", 2, 1)], np.array([0, 1]))
        >>> mean_texts(column, np.array([0]))
        (array([0]), ['<1.5'])
    """
    sums = sums_of(column, begins)
    count = np.diff(begins, append=len(column.code))
    state = np.where(sums.known, np.where(sums.agree, 0, 2), 1)
    numerator = np.where(state == 0, sums.numerator, 0)
    apart = np.where(sums.fits | (state > 0), -1, np.arange(len(begins)))
    found = distinct_combinations(state, sums.operator, count, apart + 1, _from_zero(numerator))
    words: list[str] = []
    for at in found.first.tolist():
        if state[at]:
            words.append(refusal((_NOT_READ, _CENSORED_MEAN)[state[at] - 1]))
            continue
        value = Fraction(int(sums.numerator[at]), sums.denominator)
        if not sums.fits[at]:
            value = sum_of([column.at(row) for row in range(begins[at], begins[at] + count[at])])
        value /= int(count[at])
        words.append(quantity_text(OPERATORS[sums.operator[at]], value.numerator, value.denominator))
    return found.of_row, words


def median_texts(column: QuantityColumn, begins: NDArray[np.int64]) -> tuple[NDArray[np.int64], list[str]]:
    """Return the median of each batch as text; censored replicates have none.

    Args:
        column: replicates, sorted by batch.
        begins: first row of every batch.

    Returns:
        For each batch the index of its text, and the texts.

    Example:
        >>> column = quantity_column([Quantity("", 3, 1), Quantity("", 1, 1), Quantity("", 2, 1)], np.arange(3))
        >>> median_texts(column, np.array([0]))
        (array([0]), ['2'])
    """
    scaled = scaled_numbers(column)
    count = np.diff(begins, append=len(column.code))
    known = np.logical_and.reduceat(column.is_quantity, begins)
    censored = np.maximum.reduceat(column.operator, begins) > 0
    fits = np.logical_and.reduceat(scaled.fits, begins)
    state = np.where(known, np.where(censored, 2, 0), 1)
    ordered = scaled.number[np.lexsort((scaled.number, np.repeat(np.arange(len(begins)), count)))]
    twice = np.where(state == 0, ordered[begins + (count - 1) // 2] + ordered[begins + count // 2], 0)
    apart = np.where(fits | (state > 0), -1, np.arange(len(begins)))
    found = distinct_combinations(state, apart + 1, _from_zero(twice))
    words: list[str] = []
    for at in found.first.tolist():
        if state[at]:
            words.append(refusal((_NOT_READ, _CENSORED_MEDIAN)[state[at] - 1]))
            continue
        value = Fraction(int(twice[at]), 2 * scaled.denominator)
        if not fits[at]:
            entries = [column.at(row) for row in range(begins[at], begins[at] + count[at])]
            numbers = sorted(entry.fraction for entry in entries if isinstance(entry, Quantity))
            value = (numbers[(count[at] - 1) // 2] + numbers[count[at] // 2]) / 2
        words.append(exact_text(value))
    return found.of_row, words


def _from_zero(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    shifted: NDArray[np.int64] = numbers - numbers.min(initial=0)
    return shifted


def indistinguishable(rows: SlotRows) -> Iterator[Judged]:
    """Yield the judgement of batches whose replicates cannot be told apart, among the final ones or among all."""
    doubtful = np.zeros(len(rows.batches), dtype=np.bool_)
    for selected, _ in rows.selections():
        found = selected.batches[~selected.are_distinguishable()]
        doubtful[np.searchsorted(rows.batches, found)] = True
    if doubtful.any():
        concerned = rows.take(rows.of_batches(doubtful))
        count = len(concerned.batches)
        yield Judged(
            concerned,
            None,
            np.full(count, Verdict.INCONCLUSIVE, dtype=np.uint8),
            np.full(count, Reason.REPLICATES_INDISTINGUISHABLE, dtype=np.uint8),
            pa.nulls(count, pa.string()),
        )


def judge_replicates(rows: SlotRows, requirement: Requirement) -> Iterator[Judged]:
    """Yield judgements of n of m: as many as stated conform, and no more than the rest of m do not, however many there are.

    Args:
        rows: of the requirement's slot.
        requirement: with a limit and `n_of_m` as its policy.
    """
    assert requirement.limit is not None  # noqa: S101 - checked when the specification was loaded
    assert requirement.replicates_conforming is not None  # noqa: S101
    assert requirement.replicates_total is not None  # noqa: S101
    needed, total = requirement.replicates_conforming, requirement.replicates_total
    interval = exact_interval(requirement.limit, rounding=requirement.rounding)
    unrounded = exact_interval(requirement.limit)
    for chosen, preliminary in rows.selections():
        if not len(chosen):
            continue
        selected = chosen
        column = quantities_of(selected, unit=requirement.limit.unit)
        spans = [entry.span if isinstance(entry, Quantity) else None for entry in column.entries]
        conforming, failing, exactly = (
            np.add.reduceat(np.array(flags, dtype=np.int64)[column.code], selected.begins)
            for flags in (
                [span is not None and span.is_within(interval) for span in spans],
                [span is not None and span.is_apart(interval) for span in spans],
                [span is not None and span.is_within(unrounded) for span in spans],
            )
        )
        count = selected.counts
        enough = np.maximum(needed, count - (total - needed))
        conforms = (count >= total) & (conforming >= enough)
        cases = [
            (~selected.are_distinguishable(), Verdict.INCONCLUSIVE, Reason.REPLICATES_INDISTINGUISHABLE),
            (conforms & (exactly < enough), Verdict.ALERT, Reason.CONFORMS_BY_ROUNDING),
            (conforms, Verdict.CONFORMS, Reason.CONFORMS),
            (failing > np.maximum(count, total) - needed, Verdict.FAILS, Reason.REPLICATES_NOT_CONFORMING),
            (count > total, Verdict.INCONCLUSIVE, Reason.REPLICATES_NOT_CONFORMING),
        ]
        where = [case[0] for case in cases]
        verdict = np.select(where, [int(case[1]) for case in cases], int(Verdict.INCONCLUSIVE))
        reason = np.select(where, [int(case[2]) for case in cases], int(Reason.REPLICATES_TOO_FEW))
        if preliminary and not requirement.accept_preliminary:
            counts_now = verdict > Verdict.ALERT
            if not counts_now.any():
                continue
            selected = selected.take(selected.of_batches(counts_now))
            verdict, reason = verdict[counts_now], reason[counts_now]
            conforming, failing, count = conforming[counts_now], failing[counts_now], count[counts_now]
        found = distinct_combinations(conforming, failing, count)
        words = [f"{conforming[at]} conform, {failing[at]} do not, {count[at]} reported" for at in found.first.tolist()]
        yield Judged(
            selected,
            None,
            verdict.astype(np.uint8),
            reason.astype(np.uint8),
            pa.array(words, type=pa.string()).take(pa.array(found.of_row)),
        )
