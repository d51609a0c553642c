"""Polars: results that were revised or invalidated, and what of them stays visible."""

from __future__ import annotations

import polars as pl

from benchmarks.peers.polars_verdicts import KINDS

__all__ = ["events_of", "individuals_of", "records_of"]

_COLUMNS = (
    "b", "spec", "mask", "slot", "alone", "reading", "result_id", "has_id", "superseded", "is_set_aside",
    "is_empty",
)  # fmt: skip


def records_of(judged: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows that an investigation concerns, or that a revision replaced."""
    special = pl.col("superseded") | pl.col("is_invalidated") | pl.col("is_investigated")
    judging = pl.col("kind").is_between(KINDS["value"], KINDS["replicates"])
    lacking = pl.col("is_invalidated") & ~pl.col("backed") & ~pl.col("superseded")
    return judged.filter(special & judging & ~pl.col("is_refused")).select(*_COLUMNS, lacking=lacking)


def individuals_of(judged: pl.LazyFrame) -> pl.LazyFrame:
    """Return the final results that fail and count only as part of an average."""
    outside = (pl.col("kind") == KINDS["replicates"]) & (pl.col("verdict") == 8) & (pl.col("alone") == 4)
    return judged.filter(outside & ~pl.col("is_preliminary")).select("b", "spec", "mask", "reading")


def events_of(records: pl.DataFrame, individuals: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Return what is to be noted about cells: alerts, and failing results that were invalidated and leave them open.

    Args:
        records: see `records_of`.
        individuals: see `individuals_of`.
        texts: `result` of each `reading`.

    Returns:
        b, spec, mask, verdict, result; `is_aside` where a failing result does not count any more, `is_individual` where it
        does as part of an average.
    """
    failed = (pl.col("alone") == 4) & (pl.col("superseded") | pl.col("is_set_aside"))
    aside = records.filter(failed).select(
        "b",
        "spec",
        "mask",
        "reading",
        verdict=pl.lit(2, pl.UInt8),
        is_aside=pl.lit(value=True),
        is_individual=pl.lit(value=False),
    )
    ineffective = records.filter(pl.col("lacking") & ~pl.col("is_empty"))
    parts = [
        aside,
        _event(ineffective, verdict=2),
        _event(_invalidated(records), verdict=3),
        _event(individuals, verdict=2, is_individual=True),
    ]
    return pl.concat(parts).unique().join(texts, on="reading").drop("reading")


def _event(rows: pl.DataFrame, *, verdict: int, is_individual: bool = False) -> pl.DataFrame:
    return rows.select(
        "b", "spec", "mask", "reading", verdict=pl.lit(verdict, pl.UInt8), is_aside=pl.lit(value=False),
        is_individual=pl.lit(value=is_individual),
    )  # fmt: skip


def _invalidated(records: pl.DataFrame) -> pl.DataFrame:
    """Return the invalidated rows of results that failed, even where the revision that invalidates them is empty."""
    identity = (
        pl.when("has_id").then(pl.col("result_id").cast(pl.Int64)).otherwise(-1 - pl.col("reading").cast(pl.Int64))
    )
    rows = records.with_columns(identity=identity)
    failing = rows.filter(pl.col("alone") == 4)
    return rows.filter("is_set_aside").join(failing, on=["b", "slot", "identity"], how="semi")
