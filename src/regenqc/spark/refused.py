"""Refused rows: kept with what was reported, and said where they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from regenqc.evaluation.evidence import ROW_BITS
from regenqc.evaluation.row_files import RowFormat
from regenqc.intake.coding import Refusal
from regenqc.spark.partition import REFUSED_KEYS
from regenqc.spark.states import from_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = ["refused_columns", "refused_task"]

_KEYS = ("place", "source", "row_number", "reason_code")


def refused_columns(columns: Sequence[str]) -> str:
    """Return the columns of refused rows as Spark declares them.

    Args:
        columns: of the results.

    Example:
        >>> refused_columns(["batch_id"])
        '`place` long, `source` string, `row_number` long, `reason_code` string, `batch_id` string'
    """
    own = RowFormat(columns, sources=()).columns.values()
    kinds = {"place": "long", "row_number": "long"}
    return ", ".join(f"`{name}` {kinds.get(name, 'string')}" for name in (*_KEYS, *own))


def refused_task(
    sources: Sequence[str], columns: Sequence[str]
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return the task that unpacks refused rows.

    Args:
        sources: names of the sources.
        columns: of the results.
    """
    names = [*_KEYS, *RowFormat(columns, sources=()).columns.values()]

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for content in batch["refused"].to_pylist():
                for part in from_bytes(content).to_batches():
                    yield _unpacked(part, sources, names)

    return task


def _unpacked(part: pa.RecordBatch, sources: Sequence[str], names: Sequence[str]) -> pa.RecordBatch:
    place = part[REFUSED_KEYS[0]].to_numpy()
    is_placed = place >= 0
    source = pa.array(sources, type=pa.string()).take(pa.array(np.where(is_placed, place >> ROW_BITS, 0)))
    reasons = pa.array([refusal.name.lower() for refusal in Refusal])
    columns = [
        pa.array(place),
        source,
        pa.array(place & ((1 << ROW_BITS) - 1), mask=~is_placed),
        reasons.take(part[REFUSED_KEYS[1]]),
        *(part.column(at) for at in range(len(REFUSED_KEYS), part.num_columns)),
    ]
    return pa.record_batch(columns, names=list(names))
