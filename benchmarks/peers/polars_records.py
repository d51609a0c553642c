"""Polars: results that were revised, invalidated or retested: what of them stays visible, and which retests are too many."""

from __future__ import annotations

import polars as pl

from benchmarks.peers.polars_verdicts import KINDS

__all__ = ["events_of", "individuals_of", "records_of"]

_COLUMNS = (
    "b", "spec", "mask", "slot", "alone", "reading", "result_id", "has_id", "retest_of", "is_retest", "is_investigated",
    "superseded", "is_set_aside", "is_empty", "is_control", "retests",
)  # fmt: skip


def records_of(judged: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows that an investigation concerns, or that a revision replaced."""
    special = pl.col("superseded") | pl.col("is_invalidated") | pl.col("is_investigated") | pl.col("is_retest")
    judging = pl.col("kind").is_between(KINDS["value"], KINDS["replicates"])
    lacking = pl.col("is_invalidated") & ~pl.col("backed") & ~pl.col("superseded")
    return judged.filter(special & judging & ~pl.col("is_refused")).select(*_COLUMNS, lacking=lacking)


def individuals_of(judged: pl.LazyFrame) -> pl.LazyFrame:
    """Return the final results that fail and count only as part of an average."""
    outside = (pl.col("kind") == KINDS["replicates"]) & (pl.col("verdict") == 8) & (pl.col("alone") == 4)
    return judged.filter(outside & ~pl.col("is_preliminary")).select("b", "spec", "mask", "reading")


def events_of(records: pl.DataFrame, individuals: pl.DataFrame, texts: pl.DataFrame) -> pl.DataFrame:
    """Return what is to be noted about cells: alerts, and retests that make them inconclusive.

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
        is_aside=~pl.col("is_control"),
        is_individual=pl.lit(value=False),
    )
    ineffective = records.filter(pl.col("lacking") & ~pl.col("is_empty"))
    parts = [
        aside,
        _event(ineffective, verdict=2),
        _event(_violations(records.filter(pl.col("retests") >= 0)), verdict=3),
        _event(individuals, verdict=2, is_individual=True),
    ]
    return pl.concat(parts).unique().join(texts, on="reading").drop("reading")


def _event(rows: pl.DataFrame, *, verdict: int, is_individual: bool = False) -> pl.DataFrame:
    return rows.select(
        "b", "spec", "mask", "reading", verdict=pl.lit(verdict, pl.UInt8), is_aside=pl.lit(value=False),
        is_individual=pl.lit(value=is_individual),
    )  # fmt: skip


def _violations(records: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that break a rule of retesting.

    No more failing results may be invalidated, and no more retests reported, than are allowed; and a retest names a first
    result that an investigation concerns. Results count, not rows.
    """
    cell = ["b", "slot"]
    rows = records.with_columns(
        identity=pl.when("has_id")
        .then(pl.col("result_id").cast(pl.Int64))
        .otherwise(-1 - pl.col("reading").cast(pl.Int64)),
        is_retest=pl.col("is_retest") & ~pl.col("superseded") & ~pl.col("is_empty"),
    )
    failing = rows.filter(pl.col("alone") == 4).select(*cell, "identity").unique().with_columns(is_failing=True)
    rows = rows.join(failing, on=[*cell, "identity"], how="left").with_columns(
        is_replaced=pl.col("is_set_aside") & pl.col("is_failing").fill_null(value=False)
    )
    first = rows.filter("is_investigated").select(*cell, first="identity").unique().with_columns(is_first=True)
    rows = rows.with_columns(names=pl.col("retest_of").cast(pl.Int64)).join(
        first, left_on=[*cell, "names"], right_on=[*cell, "first"], how="left"
    )
    counts = rows.group_by(cell).agg(
        replaced=pl.col("identity").filter("is_replaced").n_unique(),
        retested=pl.col("identity").filter("is_retest").n_unique(),
    )
    rows = rows.join(counts, on=cell)
    astray = pl.col("is_first").is_null() | (pl.col("names") == pl.col("identity"))
    too_many = pl.col("is_replaced") & (pl.col("replaced") > pl.col("retests"))
    return rows.filter(too_many | (pl.col("is_retest") & ((pl.col("retested") > pl.col("retests")) | astray)))
