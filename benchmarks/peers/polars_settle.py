"""Polars: from the cells of batches to dispositions and findings; small frames, one row per batch or per finding."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any

import polars as pl

from benchmarks.peers.polars_computed import compute_together
from benchmarks.peers.task import Outcome

__all__ = ["bits_of", "settle"]

_NAMES = ("conforms", "alert", "inconclusive", "fails")
_WORDS = ["missing", "conforms", "alert", "inconclusive", "fails"]


def settle(
    cells: pl.DataFrame,
    open_rows: pl.DataFrame,
    events: pl.DataFrame,
    together: pl.DataFrame,
    lots: pl.DataFrame,
    rules: dict[str, Any],
    *,
    as_of: str,
) -> Outcome:
    """Return dispositions and findings.

    Args:
        cells: b, spec and the bits of the cells with each verdict.
        open_rows: b, spec, mask, verdict and result of every row that does not conform.
        events: see `benchmarks.peers.polars_records.events_of`.
        together: the results that count only together.
        lots: the batches.
        rules: rule tables.
        as_of: moment of evaluation.
    """
    computed = compute_together(together, lots, rules)
    opened = events.filter(pl.col("verdict") == 3)
    judged = [cells, *(rows.group_by("b", "spec").agg(bits_of("mask", "verdict")) for rows in (computed, opened))]
    now = datetime.fromisoformat(as_of).astimezone(UTC).replace(tzinfo=None)
    settled = _settled(judged, _notes(events, rules), lots, rules, as_of=now)
    shown = computed.filter(pl.col("verdict") != 1).with_columns(result=pl.lit(""))
    ordinary = pl.concat([open_rows, shown]).with_columns(is_individual=pl.lit(value=False))
    rows = pl.concat([ordinary, events.select(ordinary.columns)])
    return Outcome(_dispositions(settled, lots, rules), _findings(rows, settled, lots, rules))


def _notes(events: pl.DataFrame, rules: dict[str, Any]) -> pl.DataFrame:
    """Return by cell what is to be acknowledged, and which failing results count no more."""
    owners = rules["columns"].select("spec", "mask", "owner")
    noted = events.filter(pl.col("verdict") == 2).join(owners, on=["spec", "mask"])
    return noted.group_by(_cell(rules)).agg(
        noted=pl.col("owner").bitwise_or(), aside=pl.when("is_aside").then("owner").otherwise(0).bitwise_or()
    )


def _cell(rules: dict[str, Any]) -> pl.Expr:
    return (pl.col("b").cast(pl.UInt64) * rules["specifications"].height + pl.col("spec")).alias("cell")


def bits_of(mask: str, verdict: str) -> list[pl.Expr]:
    """Return the aggregates that collect cells as bits, one for each verdict."""
    return [
        pl.when(pl.col(verdict) == code).then(mask).otherwise(0).bitwise_or().alias(name)
        for code, name in enumerate(_NAMES, start=1)
    ]


def _applicability(lots: pl.DataFrame, rules: dict[str, Any]) -> pl.DataFrame:
    """Return for every kind of batch and each of its specifications the bits that apply, and those of which that is uncertain."""
    names = rules["lists"]["selecting"]
    kinds = lots.select("kind", "value", *names).unique("kind").with_columns(pl.col(*names).cast(pl.String))
    kinds = kinds.join(rules["specifications"], on="value")
    known = rules["declared"].group_by("attribute").agg(known=pl.col("value"))
    conditions = (
        rules["selectors"].group_by("spec", "bit", "attribute").agg(listed=pl.col("value")).join(known, on="attribute")
    )
    conditions = conditions.join(rules["columns"].select("spec", "bit", "mask"), on=["spec", "bit"])
    answer = pl.coalesce(pl.when(pl.col("attribute") == name).then(name) for name in names)
    asked = kinds.join(conditions, on="spec").with_columns(answer=answer)
    fits, is_known = pl.col("listed").list.contains(pl.col("answer")), pl.col("known").list.contains(pl.col("answer"))
    masks = asked.group_by("kind", "spec").agg(
        off=pl.when(~fits & is_known).then("mask").otherwise(0).bitwise_or(),
        uncertain=pl.when(~is_known).then("mask").otherwise(0).bitwise_or(),
    )
    of_stages = rules["stages"].group_by("spec").agg(pl.col("required", "expiry").bitwise_or())
    parts = rules["columns"].filter(pl.col("role") == "part").group_by("spec").agg(parts=pl.col("mask").bitwise_or())
    return (
        kinds.select("kind", "spec")
        .join(masks, on=["kind", "spec"], how="left")
        .join(of_stages, on="spec")
        .join(parts, on="spec", how="left")
        .with_columns(pl.col("off", "uncertain", "parts").fill_null(0))
        .select("kind", "spec", "uncertain", "required", "expiry", "parts", applies=~pl.col("off"))
        .with_columns(pl.col("required") & pl.col("applies"))
    )


def _settled(
    judged: list[pl.DataFrame], notes: pl.DataFrame, lots: pl.DataFrame, rules: dict[str, Any], *, as_of: datetime
) -> pl.DataFrame:
    columns = rules["columns"]
    frame = lots.select("b", "kind", "manufactured_at", "expires_at", "states_expiry").join(
        _applicability(lots, rules), on="kind"
    )
    frame = frame.with_columns(_cell(rules))
    for number, part in enumerate(judged):
        found = part.select(pl.col(name).alias(f"{name}_{number}") for name in _NAMES).with_columns(
            part.select(_cell(rules))
        )
        frame = frame.join(found, on="cell", how="left")
    for name in _NAMES:
        bits = [pl.col(f"{name}_{number}").fill_null(0) for number in range(len(judged))]
        frame = frame.with_columns((reduce(or_, bits) & pl.col("applies")).alias(name[0]))
    frame = (
        frame.drop(f"{name}_{number}" for name in _NAMES for number in range(len(judged)))
        .with_columns(i=pl.col("i") & ~pl.col("f"))
        .with_columns(a=pl.col("a") & ~(pl.col("f") | pl.col("i")))
        .with_columns(c=pl.col("c") & ~(pl.col("f") | pl.col("i") | pl.col("a")))
        .join(notes, on="cell", how="left")
        .with_columns(pl.col(notes.columns[1:]).fill_null(0))
    )
    frame = _with_composites(frame, columns)
    noted = pl.col("noted") & pl.col("c")
    expired = pl.col("expires_at") < as_of
    unread = pl.col("states_expiry") & pl.col("expires_at").is_null()
    frame = (
        frame.with_columns(a=pl.col("a") | noted, c=pl.col("c") & ~noted)
        .with_columns(f=pl.col("f") | pl.when(expired).then("expiry").otherwise(0))
        .with_columns(capped=(pl.col("f") | pl.col("a")) & pl.col("uncertain") & ~pl.col("parts"))
        .with_columns(
            f=pl.col("f") & ~pl.col("capped"),
            a=pl.col("a") & ~pl.col("capped"),
            i=pl.col("i") | pl.col("capped") | pl.when(unread).then("expiry").otherwise(0),
            explained=pl.col("capped") | pl.col("explained"),
        )
        .with_columns(missing=pl.col("required") & ~(pl.col("f") | pl.col("i") | pl.col("a") | pl.col("c")))
    )
    late = columns.filter(pl.col("due_seconds").is_not_null()).select("spec", "mask", "due_seconds")
    due = (
        frame.filter(pl.col("missing") != 0)
        .select("cell", "spec", "missing", "aside", "manufactured_at")
        .join(late, on="spec")
    )
    waiting = due.filter(pl.col("manufactured_at") + pl.duration(seconds="due_seconds") >= as_of)
    # A known failure is not carried into a release by waiting for what may take its place.
    deferred = pl.col("mask") & pl.col("missing") & ~pl.col("aside")
    pending = waiting.group_by("cell").agg(pending=deferred.bitwise_or())
    return frame.join(pending, on="cell", how="left").with_columns(pl.col("pending").fill_null(0))


def _with_composites(frame: pl.DataFrame, columns: pl.DataFrame) -> pl.DataFrame:
    """Add the bits of composite requirements, by verdict: one composite of every specification at a time."""
    wholes = columns.filter(pl.col("role") == "composite").select("spec", "needed", whole="mask", members="parts")
    wholes = wholes.with_columns(turn=pl.col("whole").cum_count().over("spec"))
    frame = frame.with_columns(pl.lit(0, pl.Int64).alias(f"whole_{letter}") for letter in "fiac")

    def count(bits: pl.Expr) -> pl.Expr:
        return (bits & pl.col("members")).bitwise_count_ones()

    met = count(pl.col("a") | pl.col("c")) >= pl.col("needed")
    plain = count(pl.col("c")) >= pl.col("needed")
    lost = pl.col("members").bitwise_count_ones() - count(pl.col("f")) < pl.col("needed")
    is_open = (pl.col("f") | pl.col("i")) & pl.col("members") != 0
    answers = {"c": met & plain, "a": met & ~plain, "f": ~met & lost, "i": ~met & ~lost & is_open}
    for turn in range(1, (wholes["turn"].max() or 0) + 1):
        frame = frame.join(wholes.filter(pl.col("turn") == turn).drop("turn"), on="spec", how="left").with_columns(
            pl.when(answer).then(pl.col(f"whole_{letter}") | (pl.col("whole") & pl.col("applies"))).otherwise(f"whole_{letter}").alias(f"whole_{letter}")
            for letter, answer in answers.items()
        ).drop("whole", "members", "needed")  # fmt: skip
    merged = frame.with_columns((pl.col(letter) | pl.col(f"whole_{letter}")).alias(letter) for letter in "fiac")
    return merged.with_columns(explained=pl.col("whole_f") | pl.col("whole_i")).drop(
        f"whole_{letter}" for letter in "fiac"
    )


def _dispositions(settled: pl.DataFrame, lots: pl.DataFrame, rules: dict[str, Any]) -> pl.DataFrame:
    stages = rules["stages"].select("spec", "stage", "has_requirements", "mask", "reject", "hold", "record")
    frame = settled.select("b", "spec", "f", "i", "a", "missing", "pending").join(stages, on="spec")
    frame = frame.filter(
        pl.col("has_requirements") | ((pl.col("f") | pl.col("i") | pl.col("a")) & pl.col("record") != 0)
    )
    held = (pl.col("i") | pl.col("missing") & ~pl.col("pending")) & pl.col("mask") != 0
    disposition = (
        pl.when(pl.col("f") & pl.col("reject") != 0).then(pl.lit("reject"))
        .when((pl.col("f") & pl.col("hold") != 0) | held | ~pl.col("has_requirements")).then(pl.lit("hold"))
        .when(pl.col("pending") & pl.col("mask") != 0).then(pl.lit("conditional"))
        .otherwise(pl.lit("eligible"))
    )  # fmt: skip
    named = frame.with_columns(disposition=disposition).join(lots.select("b", "batch_id"), on="b")
    return named.join(rules["specifications"], on="spec").select("batch_id", "spec_id", "stage", "disposition")


def _findings(rows: pl.DataFrame, settled: pl.DataFrame, lots: pl.DataFrame, rules: dict[str, Any]) -> pl.DataFrame:
    columns = rules["columns"].select("spec", pl.col("mask").alias("cell"), "owner", "stage", "requirement_id")
    state = settled.select("b", "spec", "applies", "uncertain", "expiry", "explained", "missing", "f", "i", "a")
    single = rows.filter(pl.col("mask").bitwise_count_ones() == 1).join(
        columns, left_on=["spec", "mask"], right_on=["spec", "cell"]
    )
    several = (
        rows.filter(pl.col("mask").bitwise_count_ones() > 1)
        .join(columns, on="spec")
        .filter(pl.col("mask") & pl.col("cell") != 0)
    )
    named = pl.concat([single.with_columns(cell=pl.col("mask")), several.select(*single.columns, "cell")])
    verdict, owner = pl.col("verdict"), pl.col("owner")
    f, i, a, missing = (pl.col(name) & owner != 0 for name in ("f", "i", "a", "missing"))
    # A failed part of an undecided whole is no failure of the batch.
    uncertain = pl.col("uncertain") & pl.col("cell") != 0
    milder = i & ((verdict == 4) | ((verdict == 2) & uncertain))
    of_rows = (
        named.join(state, on=["b", "spec"])
        .filter(
            (pl.col("cell") & pl.col("applies") != 0)
            & pl.when(verdict == 0).then(missing).when("is_individual").then(a).otherwise(f | i | a | missing)
        )
        .select(
            "b",
            "spec",
            "stage",
            "requirement_id",
            verdict=pl.when(milder).then(3).otherwise(verdict).cast(pl.UInt8),
            reported="result",
        )
    )
    bare = pl.col("missing") | pl.col("explained") | ((pl.col("f") | pl.col("i")) & pl.col("expiry"))
    of_cells = (
        state.with_columns(bare=bare)
        .filter(pl.col("bare") != 0)
        .join(columns, on="spec")
        .filter(pl.col("bare") & pl.col("cell") != 0)
        .select(
            "b", "spec", "stage", "requirement_id",
            verdict=pl.when(pl.col("f") & pl.col("cell") != 0).then(4).when(pl.col("missing") & pl.col("cell") != 0).then(0)
            .otherwise(3).cast(pl.UInt8),
            reported=pl.lit(""),
        )
    )  # fmt: skip
    words = pl.Series(_WORDS)
    return (
        pl.concat([of_rows, of_cells])
        .unique()
        .join(lots.select("b", "batch_id"), on="b")
        .join(rules["specifications"], on="spec")
        .select(
            "batch_id",
            "spec_id",
            "stage",
            "requirement_id",
            verdict=pl.lit(words).gather(pl.col("verdict")),
            reported="reported",
        )
    )
