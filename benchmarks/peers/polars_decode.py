"""Polars: the export as integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.peers.polars_keys import UNKNOWN_STANDING, pack, unpack
from benchmarks.peers.polars_text import parse_dates, parse_persons, parse_readings, parse_revisions, read_lots
from benchmarks.peers.task import RESULT_COLUMNS

if TYPE_CHECKING:
    from benchmarks.peers.task import Task

__all__ = ["Decoded", "decode", "mark_superseded", "with_readings"]

_LOOKED_UP = tuple(
    name for name in RESULT_COLUMNS if name not in {"batch_id", "result_id", "investigation_id", "assignable_cause"}
)
_STANDINGS = {"verified": 0, "": 0, "preliminary": 1, "unverified": 2, "cancelled": 3, "invalidated": 5}
_UNKNOWN_STAGE = 15
# Category codes of so many rows are held in memory (4 bytes each) rather than read twice.
_MOST_HELD_ROWS = 30_000_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """The export as integers.

    Args:
        rows: one entry per row; `key` is everything that its verdict depends on, but for comparison with other rows.
        widths: bits of each part of the key.
        readings: what the distinct texts say.
        limits: distinct limits of detection and quantitation, by their code.
        lots: the batches.
        lines: code of each (stage, test).
    """

    rows: pl.DataFrame
    widths: dict[str, int]
    readings: pl.DataFrame
    limits: pl.Series
    lots: pl.DataFrame
    lines: pl.DataFrame


def _open(task: Task) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    if task.is_csv:
        results = pl.scan_csv(task.results, infer_schema=False, empty_string_is_null=False)
        batches = pl.scan_csv(task.batches, infer_schema=False, empty_string_is_null=False)
        # Read once: a text file cannot be looked at column by column.
        results = results.select(pl.col(name).cast(pl.Categorical) for name in RESULT_COLUMNS)
        return results.collect(engine="streaming").lazy(), batches
    results = pl.scan_parquet(task.results).select(pl.col(name).cast(pl.Categorical) for name in RESULT_COLUMNS)
    if results.select(pl.len()).collect().item() <= _MOST_HELD_ROWS:
        results = results.collect(engine="streaming").lazy()
    return results, pl.scan_parquet(task.batches)


def decode(task: Task, rules: dict[str, Any]) -> Decoded:
    """Read the files."""
    results, batches = _open(task)
    lists = rules["lists"]
    lots = read_lots(batches, rules, lists)
    distinct = pl.collect_all([results.select(pl.col(name).unique()) for name in _LOOKED_UP], engine="streaming")
    texts = {name: frame.to_series() for name, frame in zip(_LOOKED_UP, distinct, strict=True)}
    identities = lots.select(folded=pl.col("profile").filter(pl.col("profile") != "").unique()).with_row_index(
        "identity", offset=1
    )
    lots = lots.join(identities, left_on="profile", right_on="folded", how="left").with_columns(
        pl.col("identity").fill_null(0)
    )
    readings = parse_readings(texts["result"], rules["words"], identities)
    tests = {test: number for number, test in enumerate(rules["slots"]["test"].unique(maintain_order=True), start=1)}
    stages = {stage: number for number, stage in enumerate(lists["stages"])}
    units = dict(rules["units"].select("spelling", pl.col("unit") + 1).iter_rows())
    codes = {
        "result": readings["reading"],
        "stage": _known(texts["stage"], stages, _UNKNOWN_STAGE),
        "test": _known(texts["test"], tests, 0),
        "unit": _known(texts["unit"], units, 0),
        "status": _known(texts["status"].cast(pl.String).str.to_lowercase(), _STANDINGS, UNKNOWN_STANDING),
        "revision": parse_revisions(texts["revision"]),
        **{name: parse_dates(texts[name]) for name in ("tested_at", "reported_at")},
        **{name: pl.Series(range(len(texts[name])), dtype=pl.UInt32) for name in ("lod", "loq", "replicate")},
        **parse_persons({name: texts[name] for name in ("analyst", "invalidated_by")}),
    }

    def code(name: str) -> pl.Expr:
        """Return a lookup by category code: cheaper than a join on text."""
        places = texts[name].to_physical()
        table = pl.zeros(int(places.max() or 0) + 1, dtype=codes[name].dtype, eager=True).scatter(places, codes[name])
        return pl.lit(table).gather(pl.col(name).to_physical())

    reading, percent, places = pl.col("reading"), units["%"], len(tests) + 1
    of_reading = {name: pl.lit(readings[name]).gather(reading) for name in ("percent", "declared_by", "identity")}
    limit = pl.when(pl.col("declared_by") == 1).then(code("lod") + 1).when(pl.col("declared_by") == 2)
    parts = {
        "product": pl.col("product"),
        "line": code("stage") * places + code("test"),
        "unit": pl.when("percent")
        .then(pl.when(pl.col("unit").is_in([1, percent])).then(percent).otherwise(0))
        .otherwise("unit"),
        "standing": code("status"),
        "sex": pl.col("sex"),
        "limit": limit.then(code("loq") + 1 + len(texts["lod"])).otherwise(0),
        "reading": reading,
    }
    largest = {
        "product": int(lots["product"].max() or 0), "line": (_UNKNOWN_STAGE + 1) * places, "unit": max(units.values()), "standing": 7, "sex": 2,
        "limit": len(texts["lod"]) + len(texts["loq"]),
        "reading": len(readings),
    }  # fmt: skip
    widths = {name: number.bit_length() for name, number in largest.items()}
    is_investigated = pl.col("investigation_id") != ""
    are_two = (code("analyst") != code("invalidated_by")) & (code("analyst") > 0) & (code("invalidated_by") > 0)
    own = (
        pl.when(pl.col("own_identity") == 0)
        .then(0)
        .when(pl.col("identity") == pl.col("own_identity"))
        .then(1)
        .otherwise(2)
    )
    rows = (
        results.with_columns(reading=code("result"), unit=code("unit"))
        .with_columns(**of_reading)
        .join(lots.lazy().select("batch_id", "b", "product", "sex", own_identity=pl.col("identity")), on="batch_id")
        .select(
            "b",
            "reading",
            key=pack(parts, widths),
            line=parts["line"].cast(pl.UInt16),
            revision=code("revision"),
            date=pl.max_horizontal(code("tested_at"), code("reported_at")),
            backed=is_investigated & (pl.col("assignable_cause") != "") & are_two,
            is_investigated=is_investigated,
            same=own.cast(pl.UInt8),
            has_id=pl.col("result_id") != "",
            is_nameless=(pl.col("result_id") == "") & (pl.col("replicate") == ""),
            # The categories of all columns are one numbering of texts.
            result_id=pl.col("result_id").to_physical(),
            replicate=code("replicate"),
        )
        .collect(engine="streaming")
    )
    lines = pl.DataFrame({"stage": [*stages, ""], "code": [*stages.values(), _UNKNOWN_STAGE]}).join(
        pl.DataFrame({"test": ["", *tests], "place": [0, *tests.values()]}), how="cross"
    )
    return Decoded(
        rows,
        widths,
        readings,
        pl.concat([pl.Series([""]), texts["lod"].cast(pl.String), texts["loq"].cast(pl.String)]).cast(
            pl.Float64, strict=False
        ),
        lots,
        lines.select("stage", "test", line=(pl.col("code") * places + pl.col("place")).cast(pl.UInt64)),
    )


def with_readings(together: pl.DataFrame, decoded: Decoded) -> pl.DataFrame:
    """Return the results that count together with what they say."""
    parts = unpack(pl.col("key"), decoded.widths)
    said = decoded.readings.select("reading", "form", "number", "is_interim")
    return together.with_columns(
        unit=parts["unit"].cast(pl.Int16) - 1,
        is_preliminary=parts["standing"] == 1,
        declared=pl.lit(decoded.limits).gather(parts["limit"]),
    ).join(said, on="reading")


def _known(texts: pl.Series, codes: dict[str, int], default: int) -> pl.Series:
    return pl.Series([codes.get(text, default) for text in texts.cast(pl.String).str.strip_chars()], dtype=pl.UInt32)


def mark_superseded(rows: pl.DataFrame) -> pl.DataFrame:
    """Mark the results of which a higher revision exists; few results were revised, and only those are joined."""
    lowest = rows.select(pl.col("revision").filter(pl.col("revision") >= 0).min()).item()
    # One integer names a result: batch, line and identifier.
    name = (
        pl.col("b").cast(pl.UInt64) * 2**40
        + pl.col("line").cast(pl.UInt64) * 2**28
        + pl.col("result_id").cast(pl.UInt64)
    )
    revised = rows.filter((pl.col("revision") > lowest) & pl.col("has_id"))
    latest = revised.group_by(name=name).agg(latest=pl.col("revision").max())
    joined = rows.with_columns(name=name).join(latest, on="name", how="left")
    return joined.with_columns(superseded=(pl.col("latest") > pl.col("revision")).fill_null(value=False)).drop(
        "name", "latest"
    )
