"""Polars: lazy queries over the files, run by the streaming engine.

Distinct texts are read once and looked up by their category codes. What a verdict depends on is packed into one integer
for every row; each distinct integer is judged once, and the rows take their verdicts by one join. One group-by collects
the cells of a batch as bits of a mask; rows that do not conform, and rows that count only together, become small tables.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.peers.polars_decode import decode, mark_superseded, with_readings
from benchmarks.peers.polars_keys import PENDING, judge_keys
from benchmarks.peers.polars_records import events_of, individuals_of, records_of
from benchmarks.peers.polars_settle import bits_of, settle

if TYPE_CHECKING:
    from benchmarks.peers.polars_decode import Decoded
    from benchmarks.peers.task import Outcome, Task

__all__ = ["NOTES", "judge", "judged_rows", "load", "with_unzoned"]

NOTES = (
    "karyotypes by regular expression: the normal one, and one with a chromosome more in at least two metaphases",
    "means and dose rates in doubles, rounded to nine decimals",
)

_TABLES = (
    "specifications", "columns", "stages", "slots", "bounds", "units", "factors", "words", "word_verdicts", "selectors",
    "declared", "karyotypes", "identities", "averages", "dose_rates",
)  # fmt: skip


def load(task: Task) -> dict[str, Any]:
    """Return the rule tables as frames."""
    rules: dict[str, Any] = {name: pl.read_parquet(f"{task.rules}/{name}.parquet") for name in _TABLES}
    rules["lists"] = json.loads((Path(task.rules) / "lists.json").read_text(encoding="utf-8"))
    return rules


def judge(task: Task, rules: dict[str, Any]) -> Outcome:
    """Judge the files."""
    decoded = decode(task, rules)
    judged = judged_rows(decoded, rules)
    cells, open_rows, together, records, individuals = pl.collect_all(
        [
            judged.group_by("b", "spec").agg(bits_of("mask", "verdict")),
            judged.filter(~pl.col("verdict").is_in([1, 8, 9])).select("b", "spec", "mask", "verdict", "reading"),
            judged.filter(pl.col("verdict") == 8).select(
                "b", "slot", "reading", "result_id", "replicate", "is_nameless", "key"
            ),
            records_of(judged),
            individuals_of(judged),
        ],
        engine="streaming",
    )
    cells, open_rows = with_unzoned(cells, open_rows, judged)
    texts = decoded.readings.select("reading", result=pl.col("result").cast(pl.String))
    open_rows = open_rows.join(texts, on="reading").drop("reading")
    events = events_of(records, individuals, texts)
    return settle(cells, open_rows, events, with_readings(together, decoded), decoded.lots, rules, as_of=task.as_of)


def with_unzoned(
    cells: pl.DataFrame, open_rows: pl.DataFrame, judged: pl.LazyFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make the record of a batch an alert where a date has no zone."""
    rows = judged.filter((pl.col("date") == 1) & ~pl.col("is_refused"))
    rows = rows.select("b", "spec", mask="record", verdict=pl.lit(2, pl.UInt8), reading="reading").unique().collect()
    if rows.is_empty():
        return cells, open_rows
    bits = rows.group_by("b", "spec").agg(bits_of("mask", "verdict"))
    merged = pl.concat([cells, bits]).group_by("b", "spec").agg(pl.exclude("b", "spec").bitwise_or())
    return merged, pl.concat([open_rows, rows])


def judged_rows(decoded: Decoded, rules: dict[str, Any]) -> pl.LazyFrame:
    """Return every row with every criterion that judges it.

    Verdicts: 0 no evidence, 1 conforms, 2 alert, 3 inconclusive, 4 fails, 8 counts only together with others, 9 says nothing.
    `alone` is the verdict that the result would have if it counted.
    """
    keys = decoded.rows.select(pl.col("key").unique())
    answers = judge_keys(keys, decoded, rules)
    rows = mark_superseded(decoded.rows).lazy().join(answers.lazy(), on="key")
    same = pl.col("same")
    rows = rows.with_columns(
        is_refused=pl.col("is_refused") | (pl.col("date") == 2) | (pl.col("revision") < 0),
        alone=pl.when(pl.col("alone") != PENDING).then("alone").when(same == 1).then(1).when(same == 2).then(4)
        .otherwise(3).cast(pl.UInt8),
        is_set_aside=pl.col("backed") & pl.col("is_invalidated") & ~pl.col("superseded"),
    )  # fmt: skip
    verdict = (
        pl.when("is_refused").then(3)
        .when("superseded").then(9)
        # A failing result that was invalidated is explained as such, and not once more as no evidence.
        .when("is_set_aside").then(pl.when(pl.col("alone") == 4).then(9).otherwise("silent"))
        .when(pl.col("verdict") != PENDING).then("verdict")
        .when(same == 1).then("if_same")
        .otherwise("alone")
    )  # fmt: skip
    return rows.with_columns(
        mask=pl.when("is_refused").then("record").otherwise("mask"),
        verdict=verdict.cast(pl.UInt8),
    )
