"""The verdict matrix: one settled verdict for every (batch, specification, stage, requirement) that applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.cells import BUILT_IN_REQUIREMENTS
from regenqc.evaluation.plan import STAGES
from regenqc.vocabulary import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.cells import SettledCells
    from regenqc.evaluation.settlement import SettledPart, Settlement
    from regenqc.specification.model import Specification

__all__ = ["VERDICT_COLUMNS", "VerdictMatrix", "requirement_ids"]

VERDICT_COLUMNS: Final = pa.schema(
    [
        ("batch_id", pa.string()),
        ("requirement_id", pa.dictionary(pa.int32(), pa.string())),
        ("verdict", pa.dictionary(pa.int8(), pa.string())),
        ("spec_id", pa.dictionary(pa.int32(), pa.string())),
        ("stage", pa.dictionary(pa.int8(), pa.string())),
    ]
)


def requirement_ids(specifications: Sequence[Specification]) -> list[str]:
    """Return the identifiers of all requirements, built-in ones included, sorted.

    Example:
        >>> requirement_ids([])
        ['expiry', 'result_record', 'specification_validity']
    """
    own = {requirement.id for specification in specifications for requirement in specification.requirements}
    return sorted({*BUILT_IN_REQUIREMENTS, *own})


@dataclass(frozen=True, slots=True)
class VerdictMatrix:
    """All cells of a run.

    Args:
        specifications: judged side by side.
        settlement: the cells, some batches at a time.
    """

    specifications: tuple[Specification, ...]
    settlement: Settlement

    @property
    def batch_ids(self) -> pa.StringArray:
        """Return the identifier by batch code."""
        return self.settlement.batch_ids

    @property
    def rank(self) -> NDArray[np.int64]:
        """Return the position of each batch code in the order of identifiers."""
        return self.settlement.rank

    def parts(self) -> Iterator[SettledPart]:
        """Yield the settled cells of some batches at a time, in the order of identifiers."""
        return self.settlement.parts()

    def are_named(self, batch_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Return for each batch code whether its identifier is among some.

        Args:
            batch_ids: few; all batches are looked up in them, because a hash table over all would take much memory.
        """
        named = pc.is_in(self.batch_ids, value_set=pa.array(batch_ids, type=pa.string()))
        found: NDArray[np.bool_] = named.to_numpy(zero_copy_only=False)
        return found

    def batches(self, *, at_once: int = 8_192) -> Iterator[pa.RecordBatch]:
        """Yield the cells in long form, in order of batch, specification, stage and requirement.

        Args:
            at_once: batches per record batch at most.
        """
        for part in self.parts():
            yield from self.batches_of(part, at_once=at_once)

    def batches_of(self, part: SettledPart, *, at_once: int = 8_192) -> Iterator[pa.RecordBatch]:
        """Yield the cells of some batches in long form.

        Args:
            part: of the settlement.
            at_once: batches per record batch at most.
        """
        names = requirement_ids(self.specifications)
        codes = {name: code for code, name in enumerate(names)}
        requirement_words = pa.array(names, type=pa.string())
        verdict_words = pa.array([verdict.word for verdict in Verdict])
        specification_words = pa.array([specification.id for specification in self.specifications], type=pa.string())
        stage_words = pa.array([stage.value for stage in STAGES])
        ranks = [self.rank[cells.batches] for cells in part.settled]
        begin = min((int(order[0]) for order in ranks if len(order)), default=0)
        end = max((int(order[-1]) for order in ranks if len(order)), default=-1) + 1
        for first in range(begin, end, at_once):
            parts = [
                found
                for cells, judged_by, order in zip(part.settled, part.judged_by, ranks, strict=True)
                if (found := self._part(cells, judged_by, order, first, first + at_once, codes)) is not None
            ]
            if not parts:
                continue
            rank, specification, stage, position, requirement, verdict, batch = (
                np.concatenate([found[at] for found in parts]) for at in range(7)
            )
            order = np.lexsort((position, stage, specification, rank)) if len(parts) > 1 else slice(None)
            yield pa.record_batch(
                [
                    self.batch_ids.take(pa.array(batch[order])),
                    pa.DictionaryArray.from_arrays(pa.array(requirement[order]), requirement_words),
                    pa.DictionaryArray.from_arrays(pa.array(verdict[order].astype(np.int8)), verdict_words),
                    pa.DictionaryArray.from_arrays(pa.array(specification[order]), specification_words),
                    pa.DictionaryArray.from_arrays(pa.array(stage[order]), stage_words),
                ],
                schema=VERDICT_COLUMNS,
            )

    def _part(
        self,
        cells: SettledCells,
        judged_by: NDArray[np.int64],
        order: NDArray[np.int64],
        first: int,
        end: int,
        codes: dict[str, int],
    ) -> tuple[NDArray[Any], ...] | None:
        begin, stop = np.searchsorted(order, [first, end])
        stage = self.settlement.stage
        columns = [column for column in cells.columns if stage is None or column.stage == stage]
        count, width = int(stop - begin), len(columns)
        if not count or not width:
            return None
        verdict = np.stack([column.verdict[begin:stop] for column in columns], axis=1)
        # A cell that a batch does not have, see `FinalColumn.present`.
        kept = np.stack([column.present[begin:stop] for column in columns], axis=1).ravel()
        parts = (
            np.repeat(order[begin:stop], width),
            np.repeat(judged_by[begin:stop].astype(np.int32), width),
            np.tile(np.array([column.stage for column in columns], dtype=np.int8), count),
            np.tile(np.arange(width, dtype=np.int32), count),
            np.tile(np.array([codes[column.requirement_id] for column in columns], dtype=np.int32), count),
            verdict.reshape(-1),
            np.repeat(cells.batches[begin:stop], width),
        )
        return parts if kept.all() else tuple(part[kept] for part in parts)

    def table(self) -> pa.Table:
        """Return the cells in long form as one Arrow table."""
        return pa.Table.from_batches(self.batches(), schema=VERDICT_COLUMNS).unify_dictionaries()

    def to_frame(self) -> Any:
        """Return the cells as a pandas frame: one row per batch, specification and stage, one column per requirement."""
        frame = self.table().to_pandas()
        for name in frame.columns:
            frame[name] = frame[name].astype("str")
        wide = frame.pivot(index=["batch_id", "spec_id", "stage"], columns="requirement_id", values="verdict")
        return wide.reset_index()
