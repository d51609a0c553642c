"""The batches of one partition: numbered as its rows name them, grouped as the batch table of the run says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from regenqc.errors import DataError, Fault
from regenqc.evaluation.batch_groups import BatchGroups
from regenqc.intake.batches import BatchTable
from regenqc.spark.states import other_terms

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from regenqc.evaluation.plan import Plan
    from regenqc.intake.coding import RowCoder
    from regenqc.spark.task_context import BatchDirectory

__all__ = ["UNLISTED_IN_FAMILIES", "SeenBatches"]

# Specifications are judged together only where every batch of the results is listed, which nobody has looked at before.
UNLISTED_IN_FAMILIES: Final = "RQC-X094"


class SeenBatches(BatchGroups):
    """Groups and cells of the batches that a partition names.

    The whole batch table would be too much for every task. Groups are made from one example each; a batch gets its group
    from the directory when a row first names it.

    Args:
        plan: slots of all specifications.
        directory: the batch table of the run.
        coder: numbers the batches; the examples come first.
        as_of: moment of evaluation.

    Raises:
        InternalError: the directory was made in other terms.
        DataError: with the code `UNLISTED_IN_FAMILIES`, when a batch is not listed that has to be.
    """

    def __init__(self, plan: Plan, *, directory: BatchDirectory, coder: RowCoder, as_of: datetime) -> None:
        super().__init__(plan, table=directory.examples, as_of=as_of)
        self._directory = directory
        self._batch_ids = coder.batch_ids
        coder.batch_ids.number(directory.examples.texts)
        self._row_of_batch = self._rows(list(self._batch_ids))
        if not np.array_equal(self.group_of_batch, directory.group[self._row_of_batch]):
            raise other_terms()
        # The attributes of a few examples must never be taken for those of the batches.
        self.table = BatchTable(pa.array([], type=pa.string()), _Nowhere(), "", "")

    def extend(self, count: int) -> None:
        """Make room for batches that the rows name, up to `count` in all."""
        fresh = self._batch_ids[self.batch_count : count]
        if fresh:
            rows, listed = self._rows(fresh), self._directory
            if self._default is None and (rows < 0).any():
                raise DataError(Fault(code=UNLISTED_IN_FAMILIES, what="A batch is not listed."))
            self._row_of_batch = np.append(self._row_of_batch, rows)
            group = np.where(rows < 0, np.int32(self._default or 0), listed.group[rows]).astype(np.int32)
            self._assign(group, members=np.where(rows < 0, np.int64(0), listed.member[rows]))

    def attribute_codes(self, name: str, batches: NDArray[np.integer]) -> tuple[NDArray[np.integer[Any]], list[str]]:
        """Return an attribute of some batches as indices into a list of its distinct values, the first of which is empty."""
        codes, values = self._directory.coded(name)
        return codes[self._row_of_batch[batches]], values

    def _rows(self, batch_ids: list[str]) -> NDArray[np.int64]:
        row_of = self._directory.row_of
        return np.array([row_of.get(batch_id, -1) for batch_id in batch_ids], dtype=np.int64)


class _Nowhere(Mapping[str, list[str]]):
    """Attributes that are looked up in the directory of the run, and nowhere else."""

    def __getitem__(self, name: str) -> list[str]:
        raise NotImplementedError(f"a partition looks {name} up in the directory of the run")

    def __iter__(self) -> Iterator[str]:
        raise NotImplementedError

    def __len__(self) -> int:
        return 0
