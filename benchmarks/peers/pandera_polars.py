"""pandera on Polars: a schema whose checks judge rows that Polars has joined with their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from benchmarks.peers import polars_wide
from benchmarks.peers.polars_lazy import decode, load

if TYPE_CHECKING:
    from benchmarks.peers.task import Outcome, Task

__all__ = ["NOTES", "judge", "load"]

NOTES = (
    *polars_wide.NOTES,
    "every check stands on the column of row numbers, so that a failure case is a number and not a whole row",
)


def _check(name: str, holds: pl.Expr) -> pa.Check:
    return pa.Check(lambda data: data.lazyframe.select(holds), name=name)


_SCHEMA = pa.DataFrameSchema(
    {"row": pa.Column(pl.UInt32, checks=[_check(name, holds) for name, (_, holds) in polars_wide.RULES.items()])}
)


def judge(task: Task, rules: dict[str, Any]) -> Outcome:
    """Judge the files."""
    decoded = decode(task, rules)
    wide = polars_wide.wide_rows(decoded, rules)
    broken = pl.DataFrame(schema={"row": pl.UInt32, "verdict": pl.UInt8})
    try:
        _SCHEMA.validate(wide, lazy=True)
    except SchemaErrors as errors:
        verdicts = {name: verdict for name, (verdict, _) in polars_wide.RULES.items()}
        broken = errors.failure_cases.select(
            row=pl.col("failure_case").cast(pl.UInt32),
            verdict=pl.col("check").replace_strict(verdicts, return_dtype=pl.UInt8),
        )
    return polars_wide.conclude(task, wide, broken, decoded, rules)
