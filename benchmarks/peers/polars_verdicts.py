"""Polars: the verdict about a row, as one expression over its decoded columns."""

from __future__ import annotations

import polars as pl

from benchmarks.peers.polars_text import mask_of

__all__ = ["ENDS", "KINDS", "is_impossible", "is_inside", "is_outside", "key_verdict", "verdict_of_number"]

ENDS = ("lo", "hi", "lo_closed", "lo_open", "hi_closed", "hi_open")
# 0 is a test that the specification does not name at that stage.
KINDS = {"value": 1, "report_only": 2, "karyotype": 3, "identity": 4, "replicates": 5, "input": 6}
_INFINITE = float("inf")


def key_verdict() -> pl.Expr:
    """Return the verdict about a final result that is not empty; an identity counts as equal for now."""
    kind, form = pl.col("kind"), pl.col("form")
    word = mask_of(pl.col("word"))
    by_word = (
        pl.when(pl.col("conforming_words") & word != 0).then(1)
        .when(pl.col("has_limit") & pl.col("declared").is_not_null()).then(verdict_of_number(pl.lit(4), pl.col("declared")))
        .when(pl.col("failing_words") & word != 0).then(4)
        .when(pl.col("open_words") & word != 0).then(3)
        .otherwise(0)
    )  # fmt: skip
    value = (
        pl.when(form.is_between(2, 7) & pl.col("has_limit")).then(verdict_of_number(form, pl.col("number")))
        .when(form == 1).then(by_word).otherwise(3)
    )  # fmt: skip
    karyotype = (
        pl.when(pl.col("metaphases") >= pl.col("min_metaphases"))
        .then(pl.when(pl.col("sex") == 0).then(3).when(pl.col("karyotype_sex") == pl.col("sex")).then(1).otherwise(4))
        .when("is_clone").then("clone_verdict").otherwise(3)
    )  # fmt: skip
    return (
        pl.when((kind == KINDS["value"]) | (kind == KINDS["replicates"])).then(value)
        .when("is_interim").then(0)
        .when(kind == KINDS["report_only"]).then(1)
        .when("is_undecided").then(3)
        .when(kind == KINDS["identity"]).then(1).otherwise(karyotype)
    )  # fmt: skip


def verdict_of_number(form: pl.Expr, number: pl.Expr) -> pl.Expr:
    """Return the verdict about a number, censored or not, by the bounds of its row."""
    return (
        pl.when(pl.col("limit_lo").is_null() | is_impossible(form, number)).then(3)
        .when(is_inside("limit", form, number)).then(pl.when(is_inside("alert", form, number)).then(1).otherwise(2))
        .when(is_outside(form, number)).then(4).otherwise(3)
    )  # fmt: skip


def is_impossible(form: pl.Expr, number: pl.Expr) -> pl.Expr:
    """Return whether a quantity that is never negative is said to be, or perhaps to be, below zero."""
    return pl.col("never_negative") & ((number < 0) | ((form == 4) & (number == 0)))


def is_inside(kind: str, form: pl.Expr, number: pl.Expr) -> pl.Expr:
    """Return whether every value that the number may stand for lies inside the `limit` or `alert` limit."""
    lo, hi, lo_closed, lo_open, hi_closed, hi_open = (pl.col(f"{kind}_{end}") for end in ENDS)
    no_floor, no_roof = lo == -_INFINITE, hi == _INFINITE
    return (
        pl.when(form == 2).then(number.is_between(lo, hi))
        .when(form == 4).then(no_floor & (number <= hi_closed))
        .when(form == 5).then(no_floor & (number <= hi))
        .when(form == 6).then(no_roof & (number >= lo_closed))
        .when(form == 7).then(no_roof & (number >= lo))
        .otherwise((number > lo_open) & (number < hi_open))
    )  # fmt: skip


def is_outside(form: pl.Expr, number: pl.Expr) -> pl.Expr:
    """Return whether no value that the number may stand for lies inside the limit."""
    lo, hi, lo_closed, lo_open, hi_closed, hi_open = (pl.col(f"limit_{end}") for end in ENDS)
    return (
        pl.when(form == 2).then((number < lo) | (number > hi))
        .when(form == 4).then(number < lo_open)
        .when(form == 5).then(number < lo)
        .when(form == 6).then(number > hi_open)
        .when(form == 7).then(number > hi)
        .otherwise((number < lo_closed) | (number > hi_closed))
    )  # fmt: skip
