"""Group rows by codes: which rows are alike, and where the rows of one batch begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Combinations", "begins_of", "distinct_combinations", "spread"]

_MOST_CODES: Final = 2**62
_SMALL_TABLE: Final = 1 << 16


class Combinations(NamedTuple):
    """The distinct combinations among rows.

    Args:
        first: the first row of every combination.
        of_row: the combination of every row.
    """

    first: NDArray[np.int64]
    of_row: NDArray[np.int64]


def distinct_combinations(*codes: NDArray[np.integer[Any]]) -> Combinations:
    """Return the distinct combinations of codes, in ascending order of the first code, then the second, and so on.

    Args:
        codes: arrays of one length, with codes from 0 upwards.

    Example:
        >>> found = distinct_combinations(np.array([1, 0, 1, 1]), np.array([5, 5, 5, 2]))
        >>> found.first.tolist(), found.of_row.tolist()
        ([1, 3, 0], [2, 0, 2, 1])
    """
    key = codes[0].astype(np.int64)
    count = int(key.max(initial=0)) + 1
    for other in codes[1:]:
        width = int(other.max(initial=0)) + 1
        if count * width > _MOST_CODES:
            (_, key), (_, other) = _distinct(key, count), _distinct(other.astype(np.int64), width)  # noqa: PLW2901
            count, width = int(key.max(initial=0)) + 1, int(other.max(initial=0)) + 1
        key = key * width + other
        count *= width
    return _distinct(key, count)


def _distinct(key: NDArray[np.int64], count: int) -> Combinations:
    rows = len(key)
    if count > max(_SMALL_TABLE, 4 * rows):
        _, first, of_row = np.unique(key, return_index=True, return_inverse=True)
        return Combinations(first.astype(np.int64), of_row.astype(np.int64))
    is_used = np.zeros(count, dtype=np.bool_)
    is_used[key] = True
    number = np.cumsum(is_used) - 1
    of_row = number[key]
    first = np.empty(int(number[-1]) + 1 if rows else 0, dtype=np.int64)
    # Written from the last row to the first, so that the first one stays.
    first[of_row[::-1]] = np.arange(rows - 1, -1, -1)
    return Combinations(first, of_row)


def begins_of(values: NDArray[np.generic]) -> NDArray[np.int64]:
    """Return where a new value begins in sorted values.

    Example:
        >>> begins_of(np.array([3, 3, 7, 9, 9])).tolist()
        [0, 2, 3]
    """
    if not len(values):
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))


def spread(counts: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return for so many entries of each group the group of every entry, and its position in the group.

    Example:
        >>> group, position = spread(np.array([2, 0, 3]))
        >>> group.tolist(), position.tolist()
        ([0, 0, 2, 2, 2], [0, 1, 0, 1, 2])
    """
    group = np.repeat(np.arange(len(counts)), counts)
    ends = np.cumsum(counts)
    return group, np.arange(len(group)) - np.repeat(ends - counts, counts)
