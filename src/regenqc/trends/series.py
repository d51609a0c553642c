"""Series: one point for each lot, of one test at one stage in one unit, in the order of time.

A point is the mean of what a lot's results may be, so that a lot with several results has one point and a censored one among
them leaves an interval. Units of one kind of quantity are converted, exactly, into the one in which most results of the
series were reported; results of another kind make a series of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from regenqc.measurement.units import UNITS, conversion_factor
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from regenqc.trends.history import History

__all__ = ["MIXED", "Points", "Series", "series_of"]

MIXED = -1
_KINDS = {kind: code for code, kind in enumerate(dict.fromkeys(unit.kind for unit in UNITS))}
_KIND_OF_UNIT = np.array([_KINDS[unit.kind] for unit in UNITS], dtype=np.int64)
_STAGES = list(Stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What the points of one series are.

    Args:
        test: its code.
        stage: of the lots' life.
        group: product and whatever else divides the lots, empty where nothing does.
        unit: of every point, as a position in `UNITS`.
        converted: results that were reported in another unit.
        words: results of the same test and stage in words, such as `not detected` without a declared limit; not drawn.
        other_kinds: further series of the same test and stage, because units of other kinds were reported.
    """

    test: str
    stage: str
    group: str
    unit: int
    converted: int
    words: int
    other_kinds: int

    @property
    def unit_symbol(self) -> str:
        """Return the unit as it is written."""
        return UNITS[self.unit].symbol

    @property
    def name(self) -> str:
        """Return test, stage and unit in one text."""
        unit = f" in {self.unit_symbol}" if self.unit_symbol else ""
        return f"{self.test} at {self.stage}{unit}{f' ({self.group})' if self.group else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Every point of every series; series stand one behind the other, each in the order of time.

    Args:
        series: what each series is.
        offsets: where each begins, and the number of points.
        batch: index into `batch_ids`.
        batch_ids: identifiers.
        tested: the latest moment of the lot's results, seconds since 1970 UTC.
        lowest: the least that the point may be.
        highest: the most; equal to `lowest` for a number.
        results: results behind the point.
        factors: by column, the code of each point, 0 where nothing is stated and `MIXED` where the results of a lot differ;
            and the words by code.
    """

    series: list[Series]
    offsets: NDArray[np.int64]
    batch: NDArray[np.int64]
    batch_ids: list[str]
    tested: NDArray[np.int64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]
    results: NDArray[np.int64]
    factors: dict[str, tuple[NDArray[np.int64], list[str]]]

    @property
    def series_of(self) -> NDArray[np.int64]:
        """Return the series of each point."""
        return np.repeat(np.arange(len(self.series)), np.diff(self.offsets))

    @property
    def is_censored(self) -> NDArray[np.bool_]:
        """Return which points are known only to lie in an interval."""
        return np.asarray(self.lowest != self.highest)


def series_of(
    history: History,
    *,
    attributes: Mapping[str, tuple[NDArray[np.integer[Any]], list[str]]] | None = None,
    divided_by: tuple[NDArray[np.int64], list[str]] | None = None,
) -> Points:
    """Return the points of a history.

    Args:
        history: charted rows.
        attributes: further factors by column: a code for each of `history.batch_ids`, and the words by code.
        divided_by: a code for each of `history.batch_ids`, and the names by code: lots of different codes make series of
            their own.

    Example:
        >>> import pyarrow as pa
        >>> from regenqc.intake import read_results
        >>> from regenqc.trends.history import read_history
        >>> table = pa.table({"batch_id": ["B1", "B2", "B2"], "test": ["ph"] * 3,
        ...     "result": ["7.2", "7.0", "<7.2"], "unit": ["pH"] * 3, "tested_at": ["2026-01-02T08:00:00Z"] +
        ...     ["2026-01-01T08:00:00Z"] * 2})
        >>> points = series_of(read_history(read_results(table), stage="shipping"))
        >>> [points.batch_ids[code] for code in points.batch], points.highest.round(2).tolist(), points.series[0].name
        (['B2', 'B1'], [7.1, 7.2], 'ph at shipping in pH')
    """
    kind = _KIND_OF_UNIT[history.unit]
    groups, names = divided_by or (np.zeros(len(history.batch_ids), dtype=np.int64), [""])
    line = (history.test * len(_STAGES) + history.stage) * len(names) + groups[history.batch]
    key = line * len(_KINDS) + kind
    keys, series = np.unique(key, return_inverse=True)
    lowest, highest, units, converted = _in_one_unit(history, series, len(keys))
    # Sorted by series and lot, and within a lot by time, so that its last row is its latest.
    order = np.lexsort((history.tested, history.batch, series))
    is_new = np.ones(len(order), dtype=np.bool_)
    is_new[1:] = np.diff(series[order] * len(history.batch_ids) + history.batch[order]) != 0
    firsts = np.flatnonzero(is_new)
    counts = np.diff(np.append(firsts, len(order)))
    mean_lowest, mean_highest = (_means(ends[order], firsts, counts) for ends in (lowest, highest))
    tested, batch = history.tested[order][firsts + counts - 1], history.batch[order][firsts]
    of_point = series[order][firsts]
    by_time = np.lexsort((_ranks_of(history.batch_ids)[batch], tested, of_point))
    factors = {
        name: (_agreed(codes[order], firsts)[by_time], words) for name, (codes, words) in history.factors.items()
    }
    factors |= {
        name: (codes[batch[by_time]].astype(np.int64), words) for name, (codes, words) in (attributes or {}).items()
    }
    lines = keys // len(_KINDS)
    tests, stages = lines // len(names) // len(_STAGES), lines // len(names) % len(_STAGES)
    _, same, shared = np.unique(lines, return_inverse=True, return_counts=True)
    listed = [
        Series(
            test=history.tests[test],
            stage=_STAGES[stage].value,
            group=names[group],
            unit=unit,
            converted=number,
            words=history.words.get((test, stage), 0),
            other_kinds=int(others) - 1,
        )
        for test, stage, group, unit, number, others in zip(
            tests.tolist(),
            stages.tolist(),
            (lines % len(names)).tolist(),
            units.tolist(),
            converted.tolist(),
            shared[same],
            strict=True,
        )
    ]
    return Points(
        series=listed,
        offsets=np.concatenate([[0], np.cumsum(np.bincount(of_point, minlength=len(keys)))]).astype(np.int64),
        batch=batch[by_time],
        batch_ids=history.batch_ids,
        tested=tested[by_time],
        lowest=mean_lowest[by_time],
        highest=mean_highest[by_time],
        results=counts[by_time],
        factors=factors,
    )


def _in_one_unit(
    history: History, series: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return both ends of every row in the unit of its series, those units, and how many rows were converted."""
    tally = np.bincount(series * len(UNITS) + history.unit, minlength=count * len(UNITS)).reshape(count, len(UNITS))
    units = np.argmax(tally, axis=1)
    lowest, highest = history.lowest, history.highest
    other = units[series] != history.unit
    if other.any():
        lowest, highest = lowest.copy(), highest.copy()
        rows = np.flatnonzero(other)
        pairs, place = np.unique(series[rows] * len(UNITS) + history.unit[rows], return_inverse=True)
        rows = rows[np.argsort(place, kind="stable")]
        for pair, part in zip(pairs.tolist(), np.split(rows, np.cumsum(np.bincount(place))[:-1]), strict=True):
            number, unit = divmod(pair, len(UNITS))
            factor = conversion_factor(UNITS[unit], UNITS[int(units[number])])
            lowest[part], highest[part] = _converted(lowest[part], factor), _converted(highest[part], factor)
    return lowest, highest, units, np.bincount(series[other], minlength=count)


def _converted(values: NDArray[np.float64], factor: Fraction) -> NDArray[np.float64]:
    """Return the doubles nearest to the exact products; a double of at most 15 digits prints as the decimal it stands for."""
    distinct, place = np.unique(values, return_inverse=True)
    exact = [float(Fraction(repr(value)) * factor) if np.isfinite(value) else value for value in distinct.tolist()]
    return np.array(exact)[place]


def _means(values: NDArray[np.float64], firsts: NDArray[np.intp], counts: NDArray[np.intp]) -> NDArray[np.float64]:
    if not len(values):
        return values
    least, most = np.minimum.reduceat(values, firsts), np.maximum.reduceat(values, firsts)
    with np.errstate(invalid="ignore"):
        sums = np.add.reduceat(values, firsts)
    # The mean of equal numbers is that number, without what rounding of a sum would leave.
    return np.where(least == most, least, sums / counts)


def _agreed(codes: NDArray[np.int64], firsts: NDArray[np.intp]) -> NDArray[np.int64]:
    if not len(codes):
        return codes
    least, most = np.minimum.reduceat(codes, firsts), np.maximum.reduceat(codes, firsts)
    return np.where(least == most, least, MIXED)


def _ranks_of(texts: list[str]) -> NDArray[np.int64]:
    """Return the place of each text in the order of all, so that lots of one moment keep one order."""
    ranks = np.empty(len(texts), dtype=np.int64)
    ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
    return ranks
