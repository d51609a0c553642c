"""No withheld count follows from what is printed: by linear algebra, and by trying whole tables."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.errors import UsageError
from regenqc.statistics.disclosure import Sum, possible_ranges, withheld


def crossed(inner: np.ndarray) -> tuple[np.ndarray, list[Sum]]:
    """A table with the sums of its rows and columns and of all, as one system."""
    rows, columns = inner.shape
    whole = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    whole[:rows, :columns] = inner
    whole[rows, :columns] = inner.sum(axis=0)
    whole[:, columns] = whole[:, :columns].sum(axis=1)
    place = np.arange(whole.size).reshape(whole.shape)
    sums = [Sum(int(row[-1]), tuple(row[:-1].tolist())) for row in place]
    sums += [Sum(int(column[-1]), tuple(column[:-1].tolist())) for column in place.T]
    return whole.ravel(), sums


def told_by_algebra(counts: np.ndarray, sums: list[Sum], hidden: np.ndarray) -> list[int]:
    """Positions of withheld counts that the printed ones determine: unit vectors in the row space of the equations."""
    unknown = np.flatnonzero(hidden)
    equations = np.zeros((len(sums), len(counts)))
    for number, each in enumerate(sums):
        equations[number, list(each.parts)] = 1
        equations[number, each.total] = -1
    reduced = equations[:, unknown]
    rank = np.linalg.matrix_rank(reduced)
    return [
        int(at)
        for number, at in enumerate(unknown)
        if np.linalg.matrix_rank(np.vstack([reduced, np.eye(len(unknown))[number]])) == rank
    ]


TABLES = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda shape: st.lists(
        st.one_of(st.integers(0, 15), st.integers(0, 200)), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1]
    ).map(lambda counts: np.array(counts, dtype=np.int64).reshape(shape))
)


@settings(max_examples=60, deadline=None)
@given(TABLES, st.sampled_from([1, 5, 11]))
def test_no_withheld_count_can_be_computed_from_a_printed_table(inner: np.ndarray, smallest: int) -> None:
    counts, sums = crossed(inner)
    hidden = withheld(counts, sums=sums, smallest=smallest)
    assert not (~hidden & (counts > 0) & (counts < smallest)).any()
    assert not (hidden & (counts == 0)).any()
    assert told_by_algebra(counts, sums, hidden) == []
    least, most = possible_ranges(counts, sums=sums, hidden=hidden)
    assert (least <= counts).all()
    assert (most >= counts).all()
    small = hidden & (counts < smallest)
    assert (most[small] >= smallest).all()
    assert (most[small] - least[small] >= smallest - 1 - 1e-6).all()
    assert (most[hidden] - least[hidden] >= 1 - 1e-6).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=4, max_size=4))
def test_every_withheld_count_of_a_tiny_table_differs_in_some_table_that_prints_the_same(cells: list[int]) -> None:
    counts, sums = crossed(np.array(cells, dtype=np.int64).reshape(2, 2))
    hidden = withheld(counts, sums=sums, smallest=3)
    seen: dict[int, set[int]] = {at: set() for at in np.flatnonzero(hidden).tolist()}
    for guess in itertools.product(range(9), repeat=4):
        other, _ = crossed(np.array(guess, dtype=np.int64).reshape(2, 2))
        if (other[~hidden] == counts[~hidden]).all() and (other[hidden] > 0).all():
            for at, values in seen.items():
                values.add(int(other[at]))
    assert all(len(values) > 1 for values in seen.values())


def test_counts_of_two_tables_with_one_sum_are_withheld_together() -> None:
    # 40 = 37 + 3 in one table and 40 = 30 + 10 in the other: 40 cannot stay, nor may both tables give it back.
    counts = np.array([40, 37, 3, 30, 10])
    sums = [Sum(0, (1, 2)), Sum(0, (3, 4))]
    hidden = withheld(counts, sums=sums, smallest=11)
    assert told_by_algebra(counts, sums, hidden) == []
    assert hidden[[2, 4]].all()


def test_a_table_without_small_counts_is_printed_whole() -> None:
    counts, sums = crossed(np.array([[11, 0], [30, 44]], dtype=np.int64))
    assert not withheld(counts, sums=sums).any()


def test_parts_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(UsageError, match="RQC-U097"):
        withheld(np.array([3, 4, 8]), sums=[Sum(2, (0, 1))])
