"""Polars: means of replicates and dose rates, judged like reported results."""

from __future__ import annotations

from typing import Any

import polars as pl

from benchmarks.peers.polars_keys import pack
from benchmarks.peers.polars_verdicts import verdict_of_number

__all__ = ["compute_together"]


def compute_together(together: pl.DataFrame, lots: pl.DataFrame, rules: dict[str, Any]) -> pl.DataFrame:
    """Judge means and dose rates in the unit of their limit; return b, spec, mask and verdict.

    A value that cannot be computed is open, as are replicates that cannot be told apart, and a mean of values censored in
    different directions.
    """
    once = together.with_columns(
        form=pl.when(pl.col("declared").is_not_null()).then(4).otherwise("form").cast(pl.UInt8),
        number=pl.coalesce("declared", "number"),
    )
    chosen = once.filter(~pl.col("is_preliminary")).with_columns(is_early=False)
    some_early = once.filter("is_preliminary").select("b", "slot").unique()
    if some_early.height:
        chosen = pl.concat([chosen, once.join(some_early, on=["b", "slot"], how="semi").with_columns(is_early=True)])
    factors = rules["factors"].with_columns(pl.col("unit").cast(pl.Int16))
    values = pl.concat([_means(chosen, factors, rules), _rates(chosen, factors, lots, rules)])
    judged = (
        values.join(rules["slots"].select("slot", "spec", "bit", "accept_preliminary"), on="slot")
        .join(rules["columns"].select("spec", "bit", "mask"), on=["spec", "bit"])
        .join(rules["bounds"].drop("unit"), on="slot")
        .with_columns(never_negative=False)
    )
    verdict = pl.when("is_known").then(verdict_of_number(pl.col("form"), pl.col("number"))).otherwise(3)
    early = pl.col("is_early") & ~pl.col("accept_preliminary")
    return judged.with_columns(verdict=verdict).select(
        "b",
        "spec",
        "mask",
        verdict=pl.when(early & pl.col("verdict").is_between(1, 2)).then(0).otherwise("verdict").cast(pl.UInt8),
    )


def _means(chosen: pl.DataFrame, factors: pl.DataFrame, rules: dict[str, Any]) -> pl.DataFrame:
    averaged = chosen.join(rules["averages"], on="slot").join(factors, on=["target", "unit"], how="left")
    cell = (pl.col("b").cast(pl.UInt64) * (rules["slots"].height + 1) + pl.col("slot")) * 2 + pl.col("is_early")
    averaged = averaged.with_columns(cell=cell)
    # Rows that are equal in everything count once; what is left and has one name is not to be told apart.
    parts = {"cell": pl.col("cell"), "result_id": pl.col("result_id"), "replicate": pl.col("replicate")}
    widths = {name: int(averaged[name].max() or 0).bit_length() for name in parts}
    name = pack(parts, widths)
    said = pack({"reading": pl.col("reading"), "unit": pl.col("unit") + 1}, {"reading": 32, "unit": 16})
    averaged = averaged.with_columns(name=name, said=said)
    if averaged["name"].n_unique() < averaged.height:
        averaged = averaged.unique(["name", "said"])
    is_number = pl.col("factor").is_not_null() & pl.col("form").is_between(2, 7) & (pl.col("number") >= 0)
    censored = pl.when(pl.col("form") > 2).then("form")
    return (
        averaged.with_columns(
            is_number=is_number,
            value=pl.col("number") * pl.col("factor"),
            censored=censored,
            doubtful=pl.col("name").is_duplicated(),
        )
        .group_by("cell")
        .agg(
            pl.col("b", "computed_slot", "is_early").first(),
            pl.col("is_number", "is_interim").all(),
            pl.col("is_nameless", "doubtful").any(),
            pl.col("form").max(),
            lowest=pl.col("censored").min(),
            highest=pl.col("censored").max(),
            number=pl.col("value").mean().round(9),
            count=pl.len(),
        )
        .filter(~pl.col("is_interim"))
        .select(
            "b",
            slot="computed_slot",
            is_early="is_early",
            is_known=pl.col("is_number")
            & pl.col("lowest").eq_missing(pl.col("highest"))
            & ~pl.col("doubtful")
            & (~pl.col("is_nameless") | (pl.col("count") == 1)),
            number="number",
            form="form",
        )
    )


def _rates(chosen: pl.DataFrame, factors: pl.DataFrame, lots: pl.DataFrame, rules: dict[str, Any]) -> pl.DataFrame:
    volume, weight, duration = (pl.col(name) for name in ("dose_volume", "recipient_weight", "infusion_hours"))
    amounts = lots.filter("has_amounts").select("b", volume, weight, duration)
    rates = (
        chosen.filter(~pl.col("is_interim"))
        .join(rules["dose_rates"].select("slot", "computed_slot"), on="slot")
        .join(factors.filter(pl.col("target") == "EU/mL"), on="unit", how="left")
        .join(amounts, on="b")
    )
    is_number = pl.col("factor").is_not_null() & pl.col("form").is_between(2, 7) & (pl.col("number") >= 0)
    known = is_number & (volume >= 0) & (weight > 0) & (duration >= 0)
    rate = pl.col("number") * pl.col("factor") * volume / (weight * pl.max_horizontal(duration, pl.lit(1.0)))
    return rates.select(
        "b",
        pl.col("computed_slot").alias("slot"),
        "is_early",
        is_known=known.fill_null(value=False),
        number=rate.round(9),
        form="form",
    )
