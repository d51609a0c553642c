"""Settle what counts only together: batch by batch as they become complete, where that is known, or at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.errors import DataError, Fault
from regenqc.evaluation.across_rows import AcrossRows
from regenqc.evaluation.collected import CollectedResults
from regenqc.evaluation.evidence import COLLECTED_SCHEMA
from regenqc.evaluation.retests import settle_retests
from regenqc.evaluation.set_aside_inputs import settle_inputs
from regenqc.intake.coding import Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from regenqc.evaluation.across_rows import ComputedRows
    from regenqc.evaluation.conclusion import RowSink
    from regenqc.evaluation.judge import Judge

__all__ = ["ResultsTogether"]

# Rows to hold before the complete batches among them are settled; a row takes some sixty bytes.
_MOST_HELD: Final = 500_000


class ResultsTogether:
    """Judge what counts only together, and hold no more of it than must be held.

    Args:
        judge: of the run; what it collects is taken from it.
        source: number of the source of computed rows, one beyond those of the input.
        on_rows: called with every judged chunk of computed rows, and that number.
        last_rows: by batch code, how many rows have passed when the last one of the batch has; nothing where that is not
            known, so that every batch may still be named by a row to come.
    """

    def __init__(
        self, judge: Judge, *, source: int, on_rows: RowSink | None = None, last_rows: NDArray[np.int64] | None = None
    ) -> None:
        self._judge = judge
        self._source = source
        self._on_rows = on_rows
        self._last_rows = last_rows
        self._across: AcrossRows | None = None
        # Rows that were left to wait for others of their batches.
        self._left = 0
        self._settled_until = 0
        # Batches of which some results were set aside, and what counts in them: that is looked at once more at the end.
        self._set_aside = np.empty(0, dtype=np.int32)
        self._looked_at = [0, 0]
        self._kept: list[pa.Table] = []
        self.rows_computed = 0

    def settle_complete(self, passed: int) -> None:
        """Settle the batches that no row to come can name, once enough is held.

        Args:
            passed: rows of the input that have been judged.

        Raises:
            DataError: see `finish`.
        """
        collected = self._judge.collected
        if self._last_rows is None or collected.row_count - self._left < max(_MOST_HELD, self._left):
            return
        table = self._released()
        complete = pa.array(self._last_rows[table["batch"].to_numpy()] <= passed)
        rest = table.filter(pc.invert(complete))
        table = table.filter(complete)
        self._judge.collected.append_table(rest)
        self._left = rest.num_rows
        self._settled_until = passed
        self._settle(table)

    def finish(self) -> int:
        """Settle everything that is left, once every row has been judged, and return the number of rows computed.

        Raises:
            DataError: a batch that was complete was named again, because the input changed while it was read.
        """
        self._compute(self._criteria().computed_of_no_rows())
        self._settle(self._released())
        settle_retests(self._judge)
        kept = pa.concat_tables([COLLECTED_SCHEMA.empty_table(), *self._kept])
        settle_inputs(self._judge, CollectedResults(kept, plan=self._judge.plan, groups=self._judge.groups))
        return self.rows_computed

    def _released(self) -> pa.Table:
        table = self._judge.release_collected()
        if self._last_rows is not None:
            batch = table["batch"].to_numpy()
            is_known = batch < len(self._last_rows)
            if not is_known.all() or (self._last_rows[batch] <= self._settled_until).any():
                raise DataError(
                    Fault(
                        code="RQC-D090",
                        what="The input changed while it was read.",
                        got="results of a batch that was complete",
                        expected="the same rows each time",
                        action="Evaluate again when nothing writes to the input any more.",
                    )
                )
        return table

    def _settle(self, table: pa.Table) -> None:
        # What reading needed is given back first: settling needs much memory for a while.
        pa.default_memory_pool().release_unused()
        judge = self._judge
        collected = CollectedResults(table, plan=judge.plan, groups=judge.groups)
        del table
        self._compute(self._criteria().computed(collected))
        self._note_set_aside()
        if len(self._set_aside):
            self._kept.append(collected.of_batches(self._set_aside))

    def _compute(self, parts: Iterator[tuple[tuple[int, ...], ComputedRows]]) -> None:
        for specifications, (rows, batch_codes) in parts:
            judged = self._judge.judge(
                rows,
                first_row=self.rows_computed + 1,
                source=self._source,
                computed_for=specifications,
                batch_codes=batch_codes,
            )
            self.rows_computed += rows.num_rows
            if self._on_rows is not None:
                self._on_rows(judged, self._source)

    def _criteria(self) -> AcrossRows:
        # Once: by then every batch is numbered, or every row has been judged.
        if self._across is None:
            self._across = AcrossRows(self._judge)
        return self._across

    def _note_set_aside(self) -> None:
        """Add the batches of which a result was set aside since this was done last."""
        batches = [self._set_aside]
        for number, columns in enumerate((self._judge.investigated, self._judge.revised_inputs)):
            for part in columns.parts[self._looked_at[number] :]:
                is_set_aside = np.isin(part["standing"].to_numpy(), (Standing.INVALIDATED, Standing.SUPERSEDED))
                batches.append(part["batch"].to_numpy()[is_set_aside])
            self._looked_at[number] = len(columns.parts)
        self._set_aside = np.unique(np.concatenate(batches))
