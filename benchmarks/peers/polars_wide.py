"""Polars: the rows beside the criteria that judge them, and the rules by name, for libraries that validate rows.

Such a library says of each row which rules it breaks. That results were superseded, invalidated or are to be counted only
together is settled here beforehand, as its user would have to; the cells of batches and their dispositions are put
together here afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.peers.polars_decode import mark_superseded, with_readings
from benchmarks.peers.polars_keys import key_table, with_raw_verdicts
from benchmarks.peers.polars_lazy import judged_rows, with_unzoned
from benchmarks.peers.polars_records import events_of, individuals_of, records_of
from benchmarks.peers.polars_settle import bits_of, settle
from benchmarks.peers.polars_text import mask_of
from benchmarks.peers.polars_verdicts import KINDS, is_impossible, is_inside, is_outside

if TYPE_CHECKING:
    from benchmarks.peers.polars_decode import Decoded
    from benchmarks.peers.task import Outcome, Task

__all__ = ["NOTES", "RULES", "conclude", "wide_rows"]

NOTES = (
    "units, words, limits and revisions are joined by Polars before; cells, composites, means, dose rates, missing tests and dispositions are put together by Polars afterwards",
    "karyotypes by regular expression: the normal one, and one with a chromosome more in at least two metaphases",
    "means and dose rates in doubles, rounded to nine decimals",
)


def wide_rows(decoded: Decoded, rules: dict[str, Any]) -> pl.DataFrame:
    """Return one line for every row and every criterion that judges it, numbered by `row`."""
    keys = with_raw_verdicts(key_table(decoded.rows.select(pl.col("key").unique()), decoded, rules))
    rows = mark_superseded(decoded.rows).drop("line", "has_id")
    kind, standing = pl.col("kind"), pl.col("standing")
    silent = pl.col("superseded") | (pl.col("backed") & (standing == 5)) | (pl.col("form") == 0)
    wide = rows.join(keys.drop("line", "product", "percent", "declared_by", "is_stray"), on="key").with_row_index("row")
    wide = wide.with_columns(
        is_refused=pl.col("is_unknown") | (pl.col("date") == 2) | (pl.col("revision") < 0), word=mask_of(pl.col("word"))
    )
    fails = (pl.col("raw") == 4) | ((kind == KINDS["identity"]) & (pl.col("same") == 2) & (pl.col("raw") == 1))
    set_aside = pl.col("backed") & (standing == 5) & fails
    nothing = pl.col("superseded") | set_aside | (kind == KINDS["input"])
    wide = wide.with_columns(
        is_silent=silent & ~pl.col("is_refused"),
        silent_verdict=pl.when(nothing).then(9).otherwise(0),
        is_judged=~silent & ~pl.col("is_refused") & ~standing.is_between(2, 3) & kind.is_between(1, 4),
        is_early=(standing == 1) & ~pl.col("accept_preliminary"),
    )
    # A word such as "not detected" beside a limit is judged as below that limit, unless the word itself conforms.
    is_limit = (
        (pl.col("form") == 1) & pl.col("declared").is_not_null() & (pl.col("conforming_words") & pl.col("word") == 0)
    )
    measured = pl.col("is_judged") & (kind == KINDS["value"]) & pl.col("has_limit")
    return wide.with_columns(
        is_number=measured & (pl.col("form").is_between(2, 7) | is_limit),
        compared=pl.when(is_limit).then("declared").otherwise("number"),
        compared_form=pl.when(is_limit).then(4).otherwise("form").cast(pl.UInt8),
    )


def _rules() -> dict[str, tuple[int, pl.Expr]]:
    judged, form, kind = pl.col("is_judged"), pl.col("form"), pl.col("kind")
    counts = ~pl.col("is_refused") & ~pl.col("is_silent")
    number, value, compared = pl.col("is_number"), pl.col("compared"), pl.col("compared_form")
    inside, outside, impossible = (
        is_inside("limit", compared, value),
        is_outside(compared, value),
        is_impossible(compared, value),
    )
    fitting = number & pl.col("limit_lo").is_not_null() & ~impossible
    word = judged & (kind == KINDS["value"]) & (form == 1) & ~number
    text = judged & ~pl.col("is_interim") & ~pl.col("is_undecided")
    karyotype, identity = text & (kind == KINDS["karyotype"]), text & (kind == KINDS["identity"])
    abnormal, enough = (
        karyotype & (pl.col("metaphases") < 0),
        karyotype & (pl.col("metaphases") >= pl.col("min_metaphases")),
    )
    clone = pl.col("is_clone") & (pl.col("clone_verdict") == 4)

    def is_in(words: str) -> pl.Expr:
        return pl.col(words) & pl.col("word") != 0

    final = is_in("conforming_words") | is_in("open_words") | is_in("failing_words")
    asked = (form == 8) | (form.is_between(2, 7) & ~pl.col("has_limit"))
    broken = {
        "row can be judged": (3, pl.col("is_refused")),
        "status is decided": (3, counts & pl.col("standing").is_between(2, 3)),
        "test is listed": (3, counts & (kind == 0)),
        "result is of the kind asked for": (3, judged & (kind == KINDS["value"]) & asked),
        "word is decided": (3, word & is_in("open_words")),
        "word is allowed": (4, word & is_in("failing_words")),
        "word is final": (0, (word & ~final) | (judged & (kind != KINDS["value"]) & pl.col("is_interim"))),
        "unit fits the limit": (3, number & pl.col("limit_lo").is_null()),
        "number is possible": (3, number & impossible),
        "censored result decides": (3, fitting & ~inside & ~outside),
        "number is inside the limit": (4, fitting & ~inside & outside),
        "number is inside the alert limit": (2, fitting & inside & ~is_inside("alert", compared, value)),
        "text is decided": (3, judged & kind.is_between(3, 4) & pl.col("is_undecided")),
        "karyotype is understood": (3, abnormal & ~clone),
        "karyotype is normal": (4, abnormal & clone),
        "metaphases are enough": (3, karyotype & ~abnormal & ~enough),
        "sex is stated": (3, enough & (pl.col("sex") == 0)),
        "sex is that of the donor": (4, enough & (pl.col("sex") != 0) & (pl.col("karyotype_sex") != pl.col("sex"))),
        "identity is stated": (3, identity & (pl.col("same") == 0)),
        "identity is that of the donor": (4, identity & (pl.col("same") == 2)),
        "conforming result is verified": (0, judged & pl.col("is_early")),
    }
    return {name: (verdict, ~condition.fill_null(value=False)) for name, (verdict, condition) in broken.items()}


# By name: the verdict about a row that breaks the rule, and what must hold.
RULES = _rules()


def conclude(task: Task, wide: pl.DataFrame, broken: pl.DataFrame, decoded: Decoded, rules: dict[str, Any]) -> Outcome:
    """Return dispositions and findings.

    Args:
        task: what was asked.
        wide: as `wide_rows` gives it.
        broken: `row` and `verdict` of every broken rule.
        decoded: the export.
        rules: rule tables.
    """
    worst = broken.group_by("row").agg(worst=pl.col("verdict").max(), is_open=(pl.col("verdict") == 0).any())
    kind = pl.col("kind")
    judged = wide.join(worst, on="row", how="left").with_columns(
        mask=pl.when("is_refused").then("record").otherwise("mask"),
        verdict=pl.when("is_silent").then("silent_verdict")
        .when(pl.col("worst") >= 3).then("worst")
        .when(kind >= KINDS["replicates"]).then(8)
        .when("is_open").then(0)
        .when(pl.col("worst") == 2).then(2)
        .otherwise(1).cast(pl.UInt8),
    )  # fmt: skip
    cells = judged.group_by("b", "spec").agg(bits_of("mask", "verdict"))
    texts = decoded.readings.select("reading", result=pl.col("result").cast(pl.String))
    open_rows = judged.filter(~pl.col("verdict").is_in([1, 8, 9])).select("b", "spec", "mask", "verdict", "reading")
    cells, open_rows = with_unzoned(cells, open_rows, judged.lazy())
    open_rows = open_rows.join(texts, on="reading").drop("reading")
    together = judged.filter(pl.col("verdict") == 8).select(
        "b", "slot", "reading", "result_id", "replicate", "is_nameless", "key"
    )
    known = judged_rows(decoded, rules)
    records, individuals = pl.collect_all([records_of(known), individuals_of(known)], engine="streaming")
    events = events_of(records, individuals, texts)
    return settle(cells, open_rows, events, with_readings(together, decoded), decoded.lots, rules, as_of=task.as_of)
