"""Polars: everything that a verdict depends on as one integer, and the verdicts about the distinct integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.peers.polars_text import mask_of
from benchmarks.peers.polars_verdicts import ENDS, KINDS, key_verdict

if TYPE_CHECKING:
    from benchmarks.peers.polars_decode import Decoded

__all__ = [
    "PENDING",
    "UNKNOWN_STANDING",
    "criteria_of",
    "judge_keys",
    "key_table",
    "pack",
    "unpack",
    "with_raw_verdicts",
]

# The verdict waits for the comparison with an attribute of the batch.
PENDING = 7
# A status outside the closed list; the known ones are 0 verified, 1 preliminary, 2 unverified, 3 cancelled, 5 invalidated.
UNKNOWN_STANDING = 7


def pack(parts: dict[str, pl.Expr], widths: dict[str, int]) -> pl.Expr:
    """Return the parts as one integer of 64 bits.

    Raises:
        OverflowError: the parts need more bits.
    """
    if sum(widths.values()) > 64:
        raise OverflowError(f"{sum(widths.values())} bits do not fit into 64: {widths}")
    packed = pl.lit(0, dtype=pl.UInt64)
    for name, part in parts.items():
        packed = packed * 2 ** widths[name] + part.cast(pl.UInt64)
    return packed


def unpack(key: pl.Expr, widths: dict[str, int]) -> dict[str, pl.Expr]:
    """Return the parts of a packed integer."""
    parts = {}
    shift = 0
    for name, width in reversed(widths.items()):
        parts[name] = key // 2**shift % 2**width
        shift += width
    return parts


def key_table(keys: pl.DataFrame, decoded: Decoded, rules: dict[str, Any]) -> pl.DataFrame:
    """Return every distinct key beside every criterion that judges it, with all that the judgement asks for.

    Args:
        keys: distinct `key`.
        decoded: what the parts of the keys stand for.
        rules: rule tables.
    """
    ends = [f"{kind}_{end}" for kind in ("limit", "alert") for end in ENDS]
    bounds = rules["bounds"].select("slot", *ends, unit=pl.col("unit").cast(pl.UInt64) + 1)
    signs = rules["units"].group_by("unit").agg(pl.col("never_negative").any())
    signs = signs.select("never_negative", unit=pl.col("unit").cast(pl.UInt64) + 1)
    readings = decoded.readings.drop("result", "identity").with_columns(pl.col("reading").cast(pl.UInt64))
    return (
        keys.with_columns(**unpack(pl.col("key"), decoded.widths))
        .join(readings, on="reading")
        .drop("reading")
        .join(criteria_of(decoded, rules), on=["product", "line"])
        .join(bounds, on=["slot", "unit"], how="left")
        .join(signs, on="unit", how="left")
        .with_columns(pl.col("never_negative").fill_null(value=False))
        .with_columns(declared=pl.lit(decoded.limits).gather(pl.col("limit")))
        .with_columns(declared=pl.when(pl.col("declared") > 0).then("declared"))
        .with_columns(is_unknown=pl.col("is_stray") | (pl.col("standing") == UNKNOWN_STANDING))
    )


def with_raw_verdicts(table: pl.DataFrame) -> pl.DataFrame:
    """Add to a `key_table` the verdict `raw` about a final result; an identity counts as equal."""
    return table.with_columns(raw=pl.when(pl.col("form") == 0).then(0).otherwise(key_verdict()).cast(pl.UInt8))


def judge_keys(keys: pl.DataFrame, decoded: Decoded, rules: dict[str, Any]) -> pl.DataFrame:
    """Return the verdict of every criterion about every distinct key; arguments as for `key_table`.

    `alone` is the verdict of a result that counts.
    """
    kind, form, standing, raw = (pl.col(name) for name in ("kind", "form", "standing", "raw"))
    early = (standing == 1) & ~pl.col("accept_preliminary")
    nothing = pl.when(kind == KINDS["input"]).then(9).otherwise(0)
    is_equal = (kind == KINDS["identity"]) & (raw == 1)
    return with_raw_verdicts(key_table(keys, decoded, rules)).select(
        "key", "spec", "slot", "mask", "record", "kind",
        is_refused="is_unknown",
        is_invalidated=standing == 5,
        is_preliminary=standing == 1,
        is_empty=form == 0,
        silent=nothing.cast(pl.UInt8),
        if_same=pl.when(early).then(0).otherwise(1).cast(pl.UInt8),
        alone=pl.when(is_equal).then(PENDING).otherwise(raw).cast(pl.UInt8),
        verdict=pl.when(form == 0).then(nothing)
        .when(standing.is_between(2, 3) | (kind == 0)).then(3)
        .when(kind >= KINDS["replicates"]).then(8)
        .when(is_equal).then(PENDING)
        .when(early & raw.is_between(1, 2)).then(0)
        .otherwise(raw).cast(pl.UInt8),
    )  # fmt: skip


def criteria_of(decoded: Decoded, rules: dict[str, Any]) -> pl.DataFrame:
    """Return what judges each line of each product: slots, or the record where nothing else speaks about the test."""
    specifications = rules["specifications"].join(decoded.lots.select("product", "value").unique(), on="value")
    records = rules["stages"].select("spec", "stage", "record")
    strays = rules["stages"].filter("has_requirements").group_by("spec").agg(strays=pl.col("record").bitwise_or())
    slots = rules["slots"].filter("reported").drop("reported")
    seen = decoded.rows.select(pl.col("line").unique().cast(pl.UInt64))
    table = (
        decoded.lines.join(seen, on="line")
        .join(specifications.select("spec", product=pl.col("product").cast(pl.UInt64)), how="cross")
        .join(records, on=["spec", "stage"], how="left")
        .join(strays, on="spec")
        .join(slots, on=["spec", "stage", "test"], how="left")
        .join(_word_sets(rules), on="words", how="left")
        .join(rules["karyotypes"].drop("sex"), on="slot", how="left")
    )
    return table.select(
        "product", "line", "spec", "slot", "conforming_words", "open_words", "failing_words", "min_metaphases", "clone_verdict",
        pl.col("has_limit", "accept_preliminary").fill_null(value=False),
        kind=pl.col("kind").replace_strict(KINDS, default=0, return_dtype=pl.UInt8),
        mask=pl.coalesce(mask_of(pl.col("bit")), "record", "strays"),
        record=pl.coalesce("record", "strays"),
        is_stray=pl.col("record").is_null(),
    )  # fmt: skip


def _word_sets(rules: dict[str, Any]) -> pl.DataFrame:
    return (
        rules["word_verdicts"]
        .group_by("words")
        .agg(
            pl.when(pl.col("verdict") == verdict).then(mask_of(pl.col("word"))).otherwise(0).bitwise_or().alias(name)
            for verdict, name in ((1, "conforming_words"), (3, "open_words"), (4, "failing_words"))
        )
    )
