"""Polars: everything that a verdict depends on as one integer, and the verdicts about the distinct integers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.peers.polars_text import mask_of, parse_readings
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
    controls = _column_controls(decoded, rules)
    frame = (
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
    for name, ranks in controls.items():
        frame = frame.join(ranks, on=["slot", name], how="left")
    worst = pl.max_horizontal(pl.lit(0, pl.UInt8), *(f"{name}_rank" for name in controls))
    verdict_of_rank = {rank: verdict for verdict, rank in _RANKS.items()}
    return frame.with_columns(control=worst.replace_strict(verdict_of_rank, return_dtype=pl.UInt8)).drop(
        [f"{name}_rank" for name in controls]
    )


def with_raw_verdicts(table: pl.DataFrame) -> pl.DataFrame:
    """Add to a `key_table` the verdicts without controls.

    `raw` is that of a final result (an identity counts as equal), `counted` that of the result as it stands, and
    `control_mark` says which control of a row that counts does not conform: 1 missing, 2 inconclusive, 4 fails.
    """
    kind, form, standing, control = pl.col("kind"), pl.col("form"), pl.col("standing"), pl.col("control")
    early = (standing == 1) & ~pl.col("accept_preliminary")
    is_evidence = (form != 0) & ~standing.is_between(2, 3) & kind.is_between(KINDS["value"], KINDS["identity"])
    mark = pl.when(control == 0).then(1).when(control == 3).then(2).when(control == 4).then(4).otherwise(0)
    raw = pl.col("raw")
    return (
        table.with_columns(raw=pl.when(form == 0).then(0).otherwise(key_verdict()).cast(pl.UInt8))
        .with_columns(counted=pl.when(early & raw.is_between(1, 2)).then(0).otherwise(raw).cast(pl.UInt8))
        .with_columns(
            control_mark=pl.when(is_evidence & (pl.col("counted") != 0)).then(mark).otherwise(0).cast(pl.UInt8)
        )
    )


def judge_keys(keys: pl.DataFrame, decoded: Decoded, rules: dict[str, Any]) -> pl.DataFrame:
    """Return the verdict of every criterion about every distinct key; arguments as for `key_table`.

    `alone` is the verdict of a result that counts.
    """
    kind, form, standing, control = pl.col("kind"), pl.col("form"), pl.col("standing"), pl.col("control")
    early = (standing == 1) & ~pl.col("accept_preliminary")
    nothing = pl.when(kind == KINDS["input"]).then(9).otherwise(0)
    is_equal = (kind == KINDS["identity"]) & (pl.col("raw") == 1)
    return with_raw_verdicts(key_table(keys, decoded, rules)).select(
        "key", "spec", "slot", "mask", "record", "kind", "is_control", "retests", "control_mark",
        is_refused="is_unknown",
        is_invalidated=standing == 5,
        is_preliminary=standing == 1,
        is_empty=form == 0,
        silent=nothing.cast(pl.UInt8),
        if_same=pl.when(early).then(0).otherwise(1).cast(pl.UInt8),
        alone=pl.when(is_equal).then(PENDING).otherwise(_controlled(pl.col("raw"), control)).cast(pl.UInt8),
        verdict=pl.when(form == 0).then(nothing)
        .when(standing.is_between(2, 3) | (kind == 0)).then(3)
        .when(kind >= KINDS["replicates"]).then(8)
        .when(is_equal).then(PENDING)
        .otherwise(_controlled(pl.col("counted"), control)).cast(pl.UInt8),
    )  # fmt: skip


def _controlled(verdict: pl.Expr, control: pl.Expr) -> pl.Expr:
    """Apply the controls in the columns of a row: a result counts when they conform, and is no evidence otherwise."""
    return (
        pl.when((verdict == 0) | (control == 1)).then(verdict)
        .when(control != 2).then(3)
        .when(verdict == 1).then(2)
        .otherwise(verdict)
    )  # fmt: skip


# Of several controls of one row the worst decides; to have none is worse than an alert.
_RANKS = {1: 0, 2: 1, 0: 2, 3: 3, 4: 4}


def _column_controls(decoded: Decoded, rules: dict[str, Any]) -> dict[str, pl.DataFrame]:
    """Return for each column that reports controls the rank of every distinct text, by slot."""
    criteria = (
        rules["column_controls"]
        .join(rules["slots"].select("slot", "words", "has_limit"), left_on="criterion", right_on="slot")
        .join(_word_sets(rules), on="words")
    )
    units = dict(rules["units"].select("spelling", "unit").iter_rows())
    found = {}
    for name, texts in decoded.controls.items():
        readings = parse_readings(texts, rules["words"], None).rename({"reading": name})
        frame = (
            criteria.filter(pl.col("column") == name)
            .join(readings, how="cross")
            .with_columns(unit=pl.when("percent").then(units["%"]).otherwise(units[""]).cast(pl.Int16))
            .join(rules["bounds"], left_on=["criterion", "unit"], right_on=["slot", "unit"], how="left")
            .with_columns(
                kind=pl.lit(KINDS["value"], pl.UInt8), declared=pl.lit(None, pl.Float64), never_negative=pl.col("percent"),
                min_metaphases=pl.lit(0), sex=pl.lit(0), clone_verdict=pl.lit(3),
            )
        )  # fmt: skip
        verdict = pl.when(pl.col("form") == 0).then(0).otherwise(key_verdict())
        rank = verdict.replace_strict(_RANKS, return_dtype=pl.UInt8)
        found[name] = frame.select("slot", pl.col(name).cast(pl.UInt64), rank.alias(f"{name}_rank"))
    return found


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
        pl.col("has_limit", "accept_preliminary", "is_control").fill_null(value=False),
        pl.col("retests").fill_null(-1),
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
