"""Polars: lazy queries over the files, run by the streaming engine.

Distinct texts are read once and looked up by their category codes. What a verdict depends on is packed into one integer
for every row; each distinct integer is judged once, and the rows take their verdicts by one join. One group-by collects
the cells of a batch as bits of a mask; rows that do not conform, and rows that count only together, become small tables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.peers.polars_keys import PENDING, UNKNOWN_STANDING, judge_keys, pack, unpack
from benchmarks.peers.polars_settle import bits_of, settle
from benchmarks.peers.polars_text import parse_dates, parse_readings, parse_revisions, read_lots
from benchmarks.peers.task import RESULT_COLUMNS, Outcome

if TYPE_CHECKING:
    from benchmarks.peers.task import Task

__all__ = [
    "NOTES",
    "Decoded",
    "decode",
    "judge",
    "judged_rows",
    "load",
    "mark_superseded",
    "with_readings",
    "with_unzoned",
]

NOTES = (
    "karyotypes by regular expression: the normal one, and one with a chromosome more in at least two metaphases",
    "means and dose rates in doubles, rounded to nine decimals",
)

_TABLES = (
    "specifications", "columns", "stages", "slots", "bounds", "units", "factors", "words", "word_verdicts", "selectors",
    "declared", "karyotypes", "identities", "averages", "dose_rates",
)  # fmt: skip
_LOOKED_UP = tuple(name for name in RESULT_COLUMNS if name not in {"batch_id", "investigation_id", "invalidated_by"})
_STANDINGS = {"verified": 0, "": 0, "preliminary": 1, "unverified": 2, "cancelled": 3, "invalidated": 5}
# Category codes of so many rows are held in memory (4 bytes each) rather than read twice.
_MOST_HELD_ROWS = 30_000_000
_UNKNOWN_STAGE = 15


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


def load(task: Task) -> dict[str, Any]:
    """Return the rule tables as frames."""
    rules: dict[str, Any] = {name: pl.read_parquet(f"{task.rules}/{name}.parquet") for name in _TABLES}
    rules["lists"] = json.loads((Path(task.rules) / "lists.json").read_text(encoding="utf-8"))
    return rules


def judge(task: Task, rules: dict[str, Any]) -> Outcome:
    """Judge the files."""
    decoded = decode(task, rules)
    judged = judged_rows(decoded, rules)
    cells, open_rows, together = pl.collect_all(
        [
            judged.group_by("b", "spec").agg(bits_of("mask", "verdict")),
            judged.filter(~pl.col("verdict").is_in([1, 8, 9])).select("b", "spec", "mask", "verdict", "reading"),
            judged.filter(pl.col("verdict") == 8).select(
                "b", "slot", "reading", "result_id", "replicate", "is_nameless", "key"
            ),
        ],
        engine="streaming",
    )
    cells, open_rows = with_unzoned(cells, open_rows, judged)
    texts = decoded.readings.select("reading", result=pl.col("result").cast(pl.String))
    open_rows = open_rows.join(texts, on="reading").drop("reading")
    as_of = datetime.fromisoformat(task.as_of).astimezone(UTC).replace(tzinfo=None)
    return settle(cells, open_rows, with_readings(together, decoded), decoded.lots, rules, as_of=as_of)


def with_unzoned(
    cells: pl.DataFrame, open_rows: pl.DataFrame, judged: pl.LazyFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make the record of a batch an alert where a date has no zone."""
    rows = judged.filter((pl.col("date") == 1) & ~pl.col("is_refused") & (pl.col("revision") >= 0))
    rows = rows.select("b", "spec", mask="record", verdict=pl.lit(2, pl.UInt8), reading="reading").unique().collect()
    if rows.is_empty():
        return cells, open_rows
    bits = rows.group_by("b", "spec").agg(bits_of("mask", "verdict"))
    merged = pl.concat([cells, bits]).group_by("b", "spec").agg(pl.exclude("b", "spec").bitwise_or())
    return merged, pl.concat([open_rows, rows])


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
        **{
            name: pl.Series(range(len(texts[name])), dtype=pl.UInt32)
            for name in ("lod", "loq", "result_id", "replicate")
        },
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
        "limit": len(texts["lod"]) + len(texts["loq"]), "reading": len(readings),
    }  # fmt: skip
    widths = {name: number.bit_length() for name, number in largest.items()}
    is_named = (pl.col("result_id") != "") | (pl.col("replicate") != "")
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
            backed=(pl.col("investigation_id") != "") & (pl.col("invalidated_by") != ""),
            same=own.cast(pl.UInt8),
            has_id=pl.col("result_id") != "",
            is_nameless=~is_named,
            result_id=code("result_id"),
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


def judged_rows(decoded: Decoded, rules: dict[str, Any]) -> pl.LazyFrame:
    """Return every row with every criterion that judges it.

    Verdicts: 0 no evidence, 1 conforms, 2 alert, 3 inconclusive, 4 fails, 8 counts only together with others, 9 says nothing.
    """
    keys = decoded.rows.select(pl.col("key").unique())
    answers = judge_keys(keys, decoded, rules)
    rows = mark_superseded(decoded.rows).lazy().join(answers.lazy(), on="key")
    is_refused = pl.col("is_refused") | (pl.col("date") == 2) | (pl.col("revision") < 0)
    verdict = (
        pl.when(is_refused).then(3)
        .when("superseded").then(9)
        .when(pl.col("backed") & pl.col("is_invalidated")).then("silent")
        .when(pl.col("verdict") != PENDING).then("verdict")
        .when(pl.col("same") == 1).then("if_same")
        .when(pl.col("same") == 2).then(4).otherwise(3)
    )  # fmt: skip
    return rows.with_columns(mask=pl.when(is_refused).then("record").otherwise("mask"), verdict=verdict.cast(pl.UInt8))


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
