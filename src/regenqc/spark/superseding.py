"""Find the revisions that later ones supersede, wherever their rows lie, before any row is judged.

Few results are ever revised. Their identities are collected by a first pass over the revisions alone and told to every
task, so that the rows themselves need not move.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from regenqc.errors import DataError, Fault, UsageError
from regenqc.intake.readers.text import as_text_codes
from regenqc.intake.revisions import Superseding, result_keys, revision_number
from regenqc.spark.frames import selected
from regenqc.spark.parts import FilePart, read_part
from regenqc.spark.states import from_bytes, to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["MOST_REVISED", "superseding_of_frame", "superseding_of_parts"]

# A million identities take about 400 MB in every worker process.
MOST_REVISED: Final = 1_000_000

_KEYS: Final = ("batch_id", "test", "stage", "result_id")
_REVISED_SCHEMA: Final = pa.schema([*((name, pa.string()) for name in _KEYS), ("revision", pa.int64())])
_FOUND_COLUMNS: Final = "part long, lowest long, count long, revised binary, fault binary"
_MOST_DISTINCT: Final = 10_000
_COLUMNAR: Final = frozenset({"parquet", "arrow"})


def _too_many(most: int) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U095",
            what="More results were revised than every task can be told about.",
            expected=f"at most {most:,} revised results in one run",
            action="Judge the batches in several runs: no batch depends on another, see docs/scale.md.",
        )
    )


# ---- parts of files --------------------------------------------------------------------------------------------------


def superseding_of_parts(session: SparkSession, parts: Sequence[FilePart], *, most: int = MOST_REVISED) -> Superseding:
    """Return the highest revision of every result in files that has been revised.

    Args:
        session: runs the search.
        parts: of all files.
        most: revised results to collect.

    Raises:
        DataError: a part cannot be read.
        UsageError: more than `most`.
    """
    identified = [part for part in parts if "result_id" in part.columns]
    searched = [part for part in identified if "revision" in part.columns]
    if not searched:
        return {}
    found = _search(session, [(part, None) for part in searched], most=most)
    lowest = min(
        [low for low, _ in found if low is not None] + ([0] if len(searched) < len(identified) else []), default=0
    )
    # What is lowest in its own part may still be above the lowest of another.
    again = [(part, lowest) for part, (low, _) in zip(searched, found, strict=True) if low is not None and low > lowest]
    tables = [table for low, table in found if low == lowest]
    tables += [table for _, table in _search(session, again, most=most)] if again else []
    if sum(table.num_rows for table in tables) > most:
        raise _too_many(most)
    return _highest(tables)


def _search(
    session: SparkSession, searches: Sequence[tuple[FilePart, int | None]], *, most: int
) -> list[tuple[int | None, pa.Table]]:
    frame = (
        session.range(0, len(searches), 1, len(searches)).mapInArrow(_search_task(searches), _FOUND_COLUMNS).persist()
    )
    try:
        rows = frame.select("part", "lowest", "count", "fault").orderBy("part").collect()
        faults = [fault for row in rows if row["fault"] is not None for fault in pickle.loads(row["fault"])]  # noqa: S301
        if faults:
            raise DataError(*faults)
        if sum(row["count"] for row in rows) > most:
            raise _too_many(most)
        contents = frame.where("count > 0").select("part", "revised").toArrow()
    finally:
        frame.unpersist()
    tables = dict(zip(contents["part"].to_pylist(), contents["revised"].to_pylist(), strict=True))
    return [
        (row["lowest"], from_bytes(tables[row["part"]]) if row["part"] in tables else _REVISED_SCHEMA.empty_table())
        for row in rows
    ]


def _search_task(
    searches: Sequence[tuple[FilePart, int | None]],
) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch["id"].to_pylist():
                part, lowest = searches[number]
                values: dict[str, Any] = {"part": number, "count": 0}
                try:
                    low, table = _revised_in(part, lowest)
                    values |= {"lowest": low, "count": table.num_rows, "revised": to_bytes(table)}
                except DataError as error:
                    values["fault"] = pickle.dumps(error.faults)
                types = (pa.int64(), pa.int64(), pa.int64(), pa.binary(), pa.binary())
                names = ("part", "lowest", "count", "revised", "fault")
                columns = [pa.array([values.get(name)], type=kind) for name, kind in zip(names, types, strict=True)]
                yield pa.record_batch(columns, names=list(names))

    return task


def _revised_in(part: FilePart, lowest: int | None) -> tuple[int | None, pa.Table]:
    """Return the lowest revision in a part, and the identities of the rows above it, or above the one given."""
    if part.kind in _COLUMNAR and lowest is None:
        known = {
            number
            for chunk in read_part(part, only=("revision",))
            for number in np.unique(_numbers(chunk.rows)).tolist()
            if number >= 0
        }
        if len(known) < 2:
            return next(iter(known), None), _REVISED_SCHEMA.empty_table()
        lowest = min(known)
    while True:
        found, lower = _collect(part, lowest)
        if found is not None:
            return lower, found
        lowest = lower


def _collect(part: FilePart, lowest: int | None) -> tuple[pa.Table | None, int | None]:
    tables = [_REVISED_SCHEMA.empty_table()]
    for chunk in read_part(part, only=[name for name in (*_KEYS, "revision") if name in part.columns]):
        numbers = _numbers(chunk.rows)
        valid = numbers[numbers >= 0]
        if len(valid):
            least = int(valid.min())
            lowest = least if lowest is None else lowest
            if least < lowest:
                return None, least
            tables.append(_revised(chunk.rows, numbers, above=lowest))
    return pa.concat_tables(tables), lowest


# ---- a DataFrame -----------------------------------------------------------------------------------------------------


def superseding_of_frame(frame: DataFrame, *, most: int = MOST_REVISED) -> Superseding:
    """Return the highest revision of every result in a DataFrame that has been revised.

    Spark itself looks for the distinct revisions and for the rows above the lowest; no other row leaves it.

    Args:
        frame: results.
        most: revised results to collect.

    Raises:
        UsageError: more than `most`.
    """
    if not {"result_id", "revision"} <= set(frame.columns):
        return {}
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 - the name that Spark's own documents use

    keys = [name for name in _KEYS if name in frame.columns]
    own = selected(frame, [*keys, "revision"])
    revision = own.columns[-1]
    distinct = own.select(revision).distinct().limit(_MOST_DISTINCT + 1).toArrow().rename_columns(["revision"])
    numbers = _numbers(as_text_codes(distinct))
    valid = numbers[numbers >= 0]
    few = len(numbers) <= _MOST_DISTINCT
    if few and len(np.unique(valid)) < 2:
        return {}
    lowest = int(valid.min()) if few else -1
    if few:
        above = distinct["revision"].filter(pa.array(numbers > lowest)).to_pylist()
        own = own.where(F.col(revision).isin(above))
    found = own.limit(most + 1).toArrow().rename_columns([*keys, "revision"])
    if found.num_rows > most:
        raise _too_many(most)
    codes = as_text_codes(found)
    return _highest([_revised(codes, _numbers(codes), above=lowest)])


# ---- both ------------------------------------------------------------------------------------------------------------


def _numbers(rows: pa.RecordBatch) -> NDArray[np.int64]:
    column: pa.DictionaryArray = rows["revision"]
    numbers = [revision_number(word) for word in column.dictionary.to_pylist()] or [0]
    codes: NDArray[np.int32] = column.indices.to_numpy(zero_copy_only=False)
    return np.array([-1 if number is None else number for number in numbers], dtype=np.int64)[codes]


def _revised(rows: pa.RecordBatch, numbers: NDArray[np.int64], *, above: int) -> pa.Table:
    at = np.flatnonzero(numbers > above)
    keys = result_keys(rows, at)
    columns = [pa.array([key[place] for key in keys], type=pa.string()) for place in range(len(_KEYS))]
    return pa.table([*columns, pa.array(numbers[at])], schema=_REVISED_SCHEMA)


def _highest(tables: Sequence[pa.Table]) -> Superseding:
    highest: Superseding = {}
    for table in tables:
        *keys, numbers = (table[name].to_pylist() for name in _REVISED_SCHEMA.names)
        for key, number in zip(zip(*keys, strict=True), numbers, strict=True):
            if key[-1]:
                highest[key] = max(highest.get(key, 0), number)
    return highest
