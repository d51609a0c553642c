"""Find the rows of a chunk that a later revision supersedes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.intake.readers.text import trimmed
from regenqc.intake.revisions import result_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.intake.batch_numbers import BatchNumbers
    from regenqc.intake.revisions import Superseding

__all__ = ["SupersededResults"]


class SupersededResults:
    """The revised results of a run.

    Laboratories number results per batch, so that most identifiers of revised results stand for results of other batches as
    well: pairs of codes leave few rows whose texts have to be looked at.

    Args:
        superseding: highest revision of every revised result.
    """

    def __init__(self, superseding: Superseding) -> None:
        self._superseding = superseding
        self._result_ids = pa.array(sorted({result_id for *_, result_id in superseding}), type=pa.string())
        batch_ids = pa.array([batch_id for batch_id, *_ in superseding], type=pa.string())
        self._batches = batch_ids.unique()
        self._batch_of = np.empty(0, dtype=np.int32)  # by batch code; -1 for a batch without revised results
        result_ids = pa.array([result_id for *_, result_id in superseding], type=pa.string())
        batches = pc.index_in(batch_ids, value_set=self._batches).to_numpy().astype(np.int64)
        self._pairs = np.unique(self._pairs_of(batches, self.codes_of(result_ids)))
        self._highest = max(superseding.values(), default=0)

    def __bool__(self) -> bool:
        return bool(self._superseding)

    def codes_of(self, result_ids: pa.Array) -> NDArray[np.int64]:
        """Return the code of each result identifier, -1 for one that is of no revised result.

        Example:
            >>> SupersededResults({("B", "ph", "", "r1"): 2}).codes_of(pa.array(["r1 ", "r2"])).tolist()
            [0, -1]
        """
        found = pc.index_in(trimmed(result_ids), value_set=self._result_ids)
        codes: NDArray[np.int64] = pc.fill_null(found, -1).to_numpy().astype(np.int64)
        return codes

    def rows(
        self,
        rows: pa.RecordBatch,
        *,
        batch: NDArray[np.int32],
        batch_ids: BatchNumbers,
        result_id: NDArray[np.int64],
        revision: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """Return the positions of the superseded rows.

        Args:
            rows: dictionary-coded text.
            batch: code of the batch of each row, negative for none.
            batch_ids: identifier by code.
            result_id: code of the identifier of each row, see `codes_of`.
            revision: of each row, negative where it cannot be read.
        """
        if len(batch_ids) > len(self._batch_of):
            new = pc.index_in(batch_ids.texts(len(self._batch_of)), value_set=self._batches)
            self._batch_of = np.append(self._batch_of, pc.fill_null(new, -1).to_numpy())
        if not len(self._batch_of):
            return np.empty(0, dtype=np.int64)
        of_batch = self._batch_of[batch].astype(np.int64)
        at = np.flatnonzero(
            (revision >= 0) & (revision < self._highest) & (result_id >= 0) & (of_batch >= 0) & (batch >= 0)
        )
        pairs = self._pairs_of(of_batch[at], result_id[at])
        at = at[self._pairs[np.minimum(np.searchsorted(self._pairs, pairs), len(self._pairs) - 1)] == pairs]
        latest = np.array([self._superseding.get(key, 0) for key in result_keys(rows, at)], dtype=np.int64)
        superseded: NDArray[np.int64] = at[revision[at] < latest]
        return superseded

    def _pairs_of(self, batch: NDArray[np.int64], result_id: NDArray[np.int64]) -> NDArray[np.int64]:
        return batch * len(self._result_ids) + result_id
