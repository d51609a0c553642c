"""Spark DataFrames as results and batch tables: checked at the door like every other table."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import Fault, UsageError
from regenqc.intake.contracts import RESULT_COLUMNS, check_column_names, check_column_types
from regenqc.intake.sources import Source
from regenqc.intake.table import ResultTable
from regenqc.spark.chunks import ROW_COLUMN, SEPARATOR, SOURCE_COLUMN, FrameFormat
from regenqc.specification.attributes import attributes_used
from regenqc.specification.model import Specification

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame

__all__ = ["batches_of", "format_of", "is_spark_frame", "results_of", "rows_of", "selected"]

_NAME: Final = "<dataframe>"
# Spark types whose values stand for one reported text each.
_REPORTED: Final = frozenset(
    {
        "string", "char", "varchar", "byte", "short", "integer", "long", "float", "double", "decimal", "boolean",
        "date", "timestamp", "timestamp_ntz", "void",
    }
)  # fmt: skip
# Columns of results with few distinct texts, and those in which nearly every row has its own.
_FEW_TEXTS: Final = frozenset(
    {
        "test", "unit", "stage", "revision", "replicate", "method", "laboratory", "instrument_id", "status",
        "investigation_id", "invalidated_by", "lod", "loq", "sample_amount", "sample_amount_unit",
    }
)  # fmt: skip
_MANY_TEXTS: Final = frozenset(
    {"batch_id", "result", "result_id", "sample_id", "tested_at", "reported_at", "uncertainty"}
)


def is_spark_frame(item: Any) -> bool:
    """Return whether the item is a Spark DataFrame; PySpark is not imported to find out.

    Example:
        >>> is_spark_frame("results.parquet")
        False
    """
    spark = sys.modules.get("pyspark.sql")
    return spark is not None and isinstance(item, spark.DataFrame)


def results_of(frame: DataFrame, *, row_number: str | None, source: str | None) -> ResultTable:
    """Return the description of a DataFrame's results; its rows stay where they are.

    Args:
        frame: results.
        row_number: column that numbers the rows of each source.
        source: column that names the source of each row.

    Raises:
        UsageError: no such column.
        DataError: the header or a type does not satisfy the contract.
    """
    places = [name for name in (row_number, source) if name is not None]
    for name in places:
        if name not in frame.columns:
            raise UsageError(
                Fault(
                    code="RQC-U094",
                    what="The DataFrame has no such column.",
                    where=_NAME,
                    got=name,
                    expected=", ".join(frame.columns),
                    action="Name the column that holds it, or leave the argument out.",
                )
            )
    columns = tuple(name for name in frame.columns if name not in places)
    check_column_names(columns, columns=RESULT_COLUMNS, source=_NAME)
    types = {entry.name: entry.dataType for entry in frame.schema}
    strange = {name: types[name].simpleString() for name in columns if types[name].typeName() not in _REPORTED}
    check_column_types(strange, columns=RESULT_COLUMNS, source=_NAME)
    names = [_NAME]
    if source is not None:
        names = sorted({row[0] or "" for row in selected(frame, [source]).distinct().collect()}) or names
    return ResultTable(tuple(Source(name, "frame", columns, "", 0, _not_read) for name in names))


def _not_read(rows: int, only: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    raise NotImplementedError(rows, only)


def format_of(frame: DataFrame, results: ResultTable, *, has_source: bool, is_joined: bool) -> FrameFormat:
    """Return how the rows of a DataFrame reach the tasks.

    Args:
        frame: results.
        results: their description.
        has_source: whether a column names the source of each row.
        is_joined: whether columns that repeat few texts travel joined.
    """
    texts = {entry.name for entry in frame.schema if entry.dataType.typeName() == "string"}
    canonical = [name for name in results.columns if name in texts and name in _FEW_TEXTS]
    carried = [name for name in results.columns if name in texts and name not in _FEW_TEXTS | _MANY_TEXTS]
    places = [SOURCE_COLUMN] if has_source else []
    groups = {f"{SEPARATOR}few": (*canonical, *places), f"{SEPARATOR}carried": tuple(carried)}
    joined = {name: parts for name, parts in groups.items() if len(parts) > 1} if is_joined else {}
    return FrameFormat(results.columns, joined, tuple(source.name for source in results.sources))


def rows_of(frame: DataFrame, row_format: FrameFormat, *, row_number: str | None, source: str | None) -> DataFrame:
    """Return the rows as tasks expect them: reported columns, then the place of each row."""
    from pyspark.sql import functions as F  # noqa: N812, PLC0415 - the name that Spark's own documents use

    apart = {name for parts in row_format.joined.values() for name in parts}
    wanted = [*row_format.columns, *(name for name in (row_number, source) if name is not None)]
    own = selected(frame, wanted)
    column = dict(zip(wanted, own.columns, strict=True))
    if source is not None:
        column[SOURCE_COLUMN] = column[source]
    chosen = [F.col(column[name]) for name in row_format.columns if name not in apart]
    for name, parts in row_format.joined.items():
        stated = [F.coalesce(F.col(column[part]).cast("string"), F.lit("")) for part in parts]
        chosen.append(F.concat_ws(SEPARATOR, *stated).alias(name))
    if row_number is not None:
        chosen.append(F.col(column[row_number]).cast("long").alias(ROW_COLUMN))
        if source is not None and SOURCE_COLUMN not in apart:
            chosen.append(F.col(column[source]).cast("string").alias(SOURCE_COLUMN))
    return own.select(*chosen)


def selected(frame: DataFrame, names: Sequence[str]) -> DataFrame:
    """Return some columns of a DataFrame, renamed by their place.

    Spark reads marks in names, and takes names for equal that differ in case; places it leaves alone.
    """
    places = [frame.columns.index(name) for name in names]
    by_place = frame.toDF(*(f"c{place}" for place in range(len(frame.columns))))
    return by_place.select(*(f"c{place}" for place in places)).toDF(*(f"c{place}" for place in range(len(places))))


def batches_of(batches: Any, specifications: Specification | Sequence[Specification]) -> Any:
    """Return a batch table that is a DataFrame as an Arrow table of what the specifications ask for; others as they are."""
    if not is_spark_frame(batches):
        return batches
    judged_by = [specifications] if isinstance(specifications, Specification) else specifications
    wanted = {"batch_id", *attributes_used(judged_by)}
    names = [name for name in batches.columns if name in wanted]
    return selected(batches, names).toArrow().rename_columns(names)
