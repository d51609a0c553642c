"""Take rows out of a table in many parts, again and again.

pyarrow joins all parts of a text column for every such call, so that rows taken a few at a time cost the square of their
number. Here every part gives its own rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RowsOfTable"]


class RowsOfTable:
    """A table from which rows are taken.

    Args:
        table: in any number of parts; nothing of it is copied.

    Example:
        >>> table = pa.concat_tables([pa.table({"unit": ["%", "pH"]}), pa.table({"unit": ["EU"]})])
        >>> RowsOfTable(table).take(np.array([2, 0]))["unit"].to_pylist()
        ['EU', '%']
    """

    def __init__(self, table: pa.Table) -> None:
        self._parts = table.to_batches()
        self._schema = table.schema
        self._starts = np.cumsum([0, *(part.num_rows for part in self._parts)])

    def take(self, rows: NDArray[np.integer]) -> pa.Table:
        """Return rows in the given order, every column in one part.

        Args:
            rows: numbers of rows.
        """
        order = np.argsort(rows, kind="stable")
        ascending = rows[order]
        edges = np.searchsorted(ascending, self._starts)
        taken = [
            self._parts[number].take(pa.array(ascending[edges[number] : edges[number + 1]] - self._starts[number]))
            for number in np.flatnonzero(np.diff(edges)).tolist()
        ]
        joined = pa.Table.from_batches(taken, schema=self._schema).combine_chunks()
        if (order[1:] > order[:-1]).all():
            return joined
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return joined.take(pa.array(place))
