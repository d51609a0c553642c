"""pandas: the verdicts about distinct combinations of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.peers.pandas_text import NO_WORD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.peers.pandas_text import Rules

    Columns = dict[str, NDArray[np.generic]]

__all__ = ["KINDS", "PENDING", "UNKNOWN_STANDING", "answers_of", "criteria_of", "verdict_of_number"]

# 0 is a test that the specification does not name at that stage.
KINDS = {"value": 1, "report_only": 2, "karyotype": 3, "identity": 4, "replicates": 5, "input": 6}
# The verdict waits for the comparison with an attribute of the batch.
PENDING = 7
# A status outside the closed list; the known ones are 0 verified, 1 preliminary, 2 unverified, 3 cancelled, 5 invalidated.
UNKNOWN_STANDING = 7
_ENDS = ("lo", "hi", "lo_closed", "lo_open", "hi_closed", "hi_open")


def criteria_of(
    seen: NDArray[np.int64], lots: pd.DataFrame, tests: dict[str, int], stages: dict[str, int], rules: Rules
) -> pd.DataFrame:
    """Return what judges each line of each product: slots, or the record where nothing else speaks about the test."""
    places = len(tests) + 1
    specifications = rules["specifications"].assign(product=pd.factorize(rules["specifications"]["value"])[0])
    specifications = specifications[specifications["product"].isin(lots["product"].unique())][["spec", "product"]]
    slots = rules["slots"][rules["slots"]["reported"]].drop(columns="reported")
    slots = slots.assign(line=slots["stage"].map(stages) * places + slots["test"].map(tests)).drop(
        columns=["stage", "test"]
    )
    sets = rules["word_verdicts"].pivot_table(index="words", columns="word", values="verdict", aggfunc="first")
    records = rules["stages"].assign(stage=rules["stages"]["stage"].map(stages))[["spec", "stage", "record"]]
    strays = rules["stages"][rules["stages"]["has_requirements"]].groupby("spec")["record"].sum().rename("strays")
    lines = pd.DataFrame({"line": seen})
    table = (
        lines.assign(stage=lines["line"] // places)
        .merge(specifications, how="cross")
        .merge(records, on=["spec", "stage"], how="left")
    )
    table = table.merge(strays, left_on="spec", right_index=True).merge(slots, on=["spec", "line"], how="left")
    table = table.merge(rules["karyotypes"].drop(columns="sex"), on="slot", how="left")
    table["is_stray"] = table["record"].isna()
    table["record"] = table["record"].fillna(table["strays"]).astype(np.int64)
    bit = table["bit"].to_numpy(np.float64)
    table["mask"] = np.where(np.isnan(bit), table["record"], np.left_shift(1, np.nan_to_num(bit).astype(np.int64)))
    table["kind"] = table["kind"].map(KINDS).fillna(0).astype(np.int64)
    for name in ("has_limit", "accept_preliminary"):
        table[name] = table[name].eq(True)  # noqa: FBT003 - missing where nothing speaks about the test
    verdicts = np.full((len(sets) + 1, NO_WORD + 1), 3, dtype=np.int64)
    verdicts[: len(sets), sets.columns] = sets.to_numpy(np.int64)
    rules["word_lookup"] = verdicts
    table["words"] = table["words"].fillna(len(sets)).astype(np.int64)
    return table


def answers_of(
    parts: pd.DataFrame, readings: pd.DataFrame, limits: NDArray[np.float64], criteria: pd.DataFrame, rules: Rules
) -> pd.DataFrame:
    """Return the verdict of every criterion about every combination; `alone` is that of a result that counts."""
    bounds = rules["bounds"].assign(unit=rules["bounds"]["unit"] + 1)
    frame = parts.assign(combination=np.arange(len(parts))).merge(criteria, on=["product", "line"])
    frame = frame.merge(bounds, on=["slot", "unit"], how="left").sort_values(
        "combination", kind="stable", ignore_index=True
    )
    reading = frame["reading"].to_numpy()
    for name in ("form", "number", "word", "is_interim", "is_undecided", "metaphases", "karyotype_sex", "is_clone"):
        frame[name] = readings[name].to_numpy()[reading]
    signs = rules["units"].groupby("unit")["never_negative"].any()
    frame["never_negative"] = (frame["unit"] - 1).map(signs).eq(True)  # noqa: FBT003 - missing for an unknown unit
    declared = limits[frame["limit"].to_numpy()]
    frame["declared"] = np.where(declared > 0, declared, np.nan)
    frame["word_verdict"] = rules["word_lookup"][frame["words"].to_numpy(), frame["word"].to_numpy()]
    column: Columns = {name: frame[name].to_numpy() for name in frame.columns}
    kind, form, standing = column["kind"], column["form"], column["standing"]
    raw = np.where(form == 0, 0, _raw_verdicts(column))
    early = (standing == 1) & ~column["accept_preliminary"]
    undecided = (standing == 2) | (standing == 3)
    is_equal = (kind == KINDS["identity"]) & (raw == 1)
    silent = np.where(kind == KINDS["input"], 9, 0)
    frame["silent"] = silent
    frame["if_same"] = np.where(early, 0, 1)
    frame["is_refused"] = column["is_stray"] | (standing == UNKNOWN_STANDING)
    frame["alone"] = np.where(is_equal, PENDING, raw)
    frame["verdict"] = np.select(
        [frame["is_refused"], form == 0, undecided | (kind == 0), kind >= KINDS["replicates"], is_equal],
        [3, silent, 3, 8, PENDING],
        default=np.where(early & ((raw == 1) | (raw == 2)), 0, raw),
    )
    frame["mask"] = frame["mask"].where(~frame["is_refused"], frame["record"])
    return frame


def _raw_verdicts(column: Columns) -> NDArray[np.int64]:
    """Return the verdicts about final results; an identity counts as equal for now."""
    kind = column["kind"]
    value = _value_verdicts(column)
    matches = np.select([column["sex"] == 0, column["sex"] == column["karyotype_sex"]], [3, 1], default=4)
    enough = column["metaphases"] >= np.nan_to_num(column["min_metaphases"].astype(np.float64))
    abnormal = np.where(column["is_clone"], np.nan_to_num(column["clone_verdict"].astype(np.float64), nan=3), 3)
    karyotype = np.where(enough, matches, np.where(column["metaphases"] >= 0, 3, abnormal))
    return np.select(
        [
            (kind == KINDS["value"]) | (kind == KINDS["replicates"]),
            column["is_interim"],
            kind == KINDS["report_only"],
            column["is_undecided"],
            kind == KINDS["identity"],
        ],
        [value, 0, 1, 3, 1],
        default=karyotype,
    ).astype(np.int64)


def _value_verdicts(column: Columns) -> NDArray[np.int64]:
    form, of_word = column["form"], column["word_verdict"]
    limited = column["has_limit"] & ~np.isnan(column["declared"])
    below = verdict_of_number(column, np.full(len(form), 4), column["declared"])
    by_word = np.where((of_word != 1) & limited, below, of_word)
    return np.select(
        [(form >= 2) & (form <= 7) & column["has_limit"], form == 1],
        [verdict_of_number(column, form, column["number"]), by_word],
        default=3,
    )


def verdict_of_number(column: Columns, form: NDArray[np.int64], number: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the verdict about numbers, censored or not, by the bounds of their rows."""

    def inside(kind: str) -> NDArray[np.bool_]:
        lo, hi, lo_closed, lo_open, hi_closed, hi_open = (column[f"{kind}_{end}"] for end in _ENDS)
        return np.select(
            [form == 2, form == 4, form == 5, form == 6, form == 7],
            [
                (number >= lo) & (number <= hi),
                np.isneginf(lo) & (number <= hi_closed),
                np.isneginf(lo) & (number <= hi),
                np.isposinf(hi) & (number >= lo_closed),
                np.isposinf(hi) & (number >= lo),
            ],
            default=(number > lo_open) & (number < hi_open),
        )

    lo, hi, lo_closed, lo_open, hi_closed, hi_open = (column[f"limit_{end}"] for end in _ENDS)
    outside = np.select(
        [form == 2, form == 4, form == 5, form == 6, form == 7],
        [(number < lo) | (number > hi), number < lo_open, number < lo, number > hi_open, number > hi],
        default=(number < lo_closed) | (number > hi_closed),
    )
    impossible = column["never_negative"] & ((number < 0) | ((form == 4) & (number == 0)))
    return np.select(
        [np.isnan(lo) | impossible, inside("limit") & inside("alert"), inside("limit"), outside],
        [3, 1, 2, 4],
        default=3,
    )
