"""Polars: from the cells of batches to dispositions and findings; small frames, one row per batch or per finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from benchmarks.peers.polars_keys import pack
from benchmarks.peers.polars_verdicts import verdict_of_number
from benchmarks.peers.task import Outcome

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["bits_of", "settle"]

_NAMES = ("conforms", "alert", "inconclusive", "fails")
_WORDS = ["missing", "conforms", "alert", "inconclusive", "fails"]


def settle(
    cells: pl.DataFrame,
    open_rows: pl.DataFrame,
    together: pl.DataFrame,
    lots: pl.DataFrame,
    rules: dict[str, Any],
    *,
    as_of: datetime,
) -> Outcome:
    """Return dispositions and findings.

    Args:
        cells: b, spec and the bits of the cells with each verdict.
        open_rows: b, spec, mask, verdict and result of every row that does not conform.
        together: the results that count only together.
        lots: the batches.
        rules: rule tables.
        as_of: moment of evaluation, UTC.
    """
    computed = _computed(together, lots, rules)
    cell = pl.col("b").cast(pl.UInt64) * rules["specifications"].height + pl.col("spec")
    both = pl.col("b", "spec").first()
    judged = [cells, computed.group_by(cell.alias("cell")).agg(both, *bits_of("mask", "verdict")).drop("cell")]
    settled = _settled(judged, lots, rules, as_of=as_of)
    rows = pl.concat([open_rows, computed.filter(pl.col("verdict") != 1).with_columns(result=pl.lit(""))])
    return Outcome(_dispositions(settled, lots, rules), _findings(rows, settled, lots, rules))


def bits_of(mask: str, verdict: str) -> list[pl.Expr]:
    """Return the aggregates that collect cells as bits, one for each verdict."""
    return [
        pl.when(pl.col(verdict) == code).then(mask).otherwise(0).bitwise_or().alias(name)
        for code, name in enumerate(_NAMES, start=1)
    ]


def _computed(together: pl.DataFrame, lots: pl.DataFrame, rules: dict[str, Any]) -> pl.DataFrame:
    """Judge means and dose rates like reported results, in the unit of their limit.

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


def _settled(judged: list[pl.DataFrame], lots: pl.DataFrame, rules: dict[str, Any], *, as_of: datetime) -> pl.DataFrame:
    columns = rules["columns"]
    cell = pl.col("b").cast(pl.UInt64) * rules["specifications"].height + pl.col("spec")
    frame = lots.select("b", "kind", "manufactured_at", "expires_at", "states_expiry").join(
        _applicability(lots, rules), on="kind"
    )
    frame = frame.with_columns(cell=cell)
    for number, part in enumerate(judged):
        found = part.select(pl.col(name).alias(f"{name}_{number}") for name in _NAMES).with_columns(
            part.select(cell=cell)
        )
        frame = frame.join(found, on="cell", how="left")
    for name in _NAMES:
        bits = pl.col(f"{name}_0").fill_null(0) | pl.col(f"{name}_1").fill_null(0)
        frame = frame.with_columns((bits & pl.col("applies")).alias(name[0]))
    frame = (
        frame.drop(f"{name}_{number}" for name in _NAMES for number in (0, 1))
        .with_columns(i=pl.col("i") & ~pl.col("f"))
        .with_columns(a=pl.col("a") & ~(pl.col("f") | pl.col("i")))
        .with_columns(c=pl.col("c") & ~(pl.col("f") | pl.col("i") | pl.col("a")))
    )
    frame = _with_composites(frame, columns)
    expired = pl.col("expires_at") < as_of
    unread = pl.col("states_expiry") & pl.col("expires_at").is_null()
    frame = (
        frame.with_columns(
            raw_f=pl.col("f") | pl.col("whole_f") | pl.when(expired).then("expiry").otherwise(0),
            raw_a=pl.col("a") | pl.col("whole_a"),
        )
        .with_columns(capped=(pl.col("raw_f") | pl.col("raw_a")) & pl.col("uncertain") & ~pl.col("parts"))
        .with_columns(
            f=pl.col("raw_f") & ~pl.col("capped"),
            a=pl.col("raw_a") & ~pl.col("capped"),
            i=pl.col("i") | pl.col("whole_i") | pl.col("capped") | pl.when(unread).then("expiry").otherwise(0),
            c=pl.col("c") | pl.col("whole_c"),
            explained=pl.col("capped") | pl.col("whole_f") | pl.col("whole_i"),
        )
        .with_columns(missing=pl.col("required") & ~(pl.col("f") | pl.col("i") | pl.col("a") | pl.col("c")))
    )
    late = columns.filter(pl.col("due_seconds").is_not_null()).select("spec", "mask", "due_seconds")
    due = (
        frame.filter(pl.col("missing") != 0).select("cell", "spec", "missing", "manufactured_at").join(late, on="spec")
    )
    waiting = due.filter(pl.col("manufactured_at") + pl.duration(seconds="due_seconds") >= as_of)
    pending = waiting.group_by("cell").agg(pending=(pl.col("mask") & pl.col("missing")).bitwise_or())
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
    return frame


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
    milder = (pl.col("i") & owner != 0) & (
        (verdict == 4) | ((verdict == 2) & (pl.col("uncertain") & pl.col("cell") != 0))
    )
    of_rows = (
        named.join(state, on=["b", "spec"])
        .filter(
            (pl.col("cell") & pl.col("applies") != 0)
            & pl.when(verdict == 0)
            .then(pl.col("missing") & owner != 0)
            .otherwise((pl.col("f") | pl.col("i") | pl.col("a")) & owner != 0)
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
