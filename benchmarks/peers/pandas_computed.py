"""pandas: means of replicates and dose rates, judged like reported results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.peers.pandas_answers import verdict_of_number
from benchmarks.peers.pandas_text import AMOUNTS

if TYPE_CHECKING:
    from benchmarks.peers.pandas_text import Rules

__all__ = ["compute_together"]


def compute_together(together: pd.DataFrame, lots: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """Judge means and dose rates like reported results; return batch, spec, mask and verdict.

    A value that cannot be computed is open, as are replicates that cannot be told apart, and a mean of values censored in
    different directions.

    Args:
        together: batch, slot, unit, form, number, declared, result_id, replicate, reading, is_preliminary, is_nameless and
            is_interim of the results that count only together.
        lots: the batches.
        rules: rule tables.
    """
    declared = together["declared"].notna()
    once = together.assign(
        form=together["form"].where(~declared, 4), number=together["declared"].where(declared, together["number"])
    )
    chosen = once[~once["is_preliminary"]].assign(is_early=False)
    if once["is_preliminary"].any():
        early = once.loc[once["is_preliminary"], ["batch", "slot"]].drop_duplicates()
        chosen = pd.concat([chosen, once.merge(early, on=["batch", "slot"]).assign(is_early=True)])
    factors = rules["factors"].assign(unit=rules["factors"]["unit"] + 1)
    values = pd.concat([_means(chosen, factors, rules), _rates(chosen, factors, lots, rules)], ignore_index=True)
    slots = rules["slots"][["slot", "spec", "bit", "accept_preliminary"]]
    values = values.merge(slots, on="slot").merge(rules["bounds"].drop(columns="unit"), on="slot")
    column = {name: values[name].to_numpy() for name in values.columns}
    column["never_negative"] = np.zeros(len(values), dtype=bool)
    verdict = np.where(column["is_known"], verdict_of_number(column, column["form"], column["number"]), 3)
    early = column["is_early"] & ~column["accept_preliminary"] & ((verdict == 1) | (verdict == 2))
    mask = np.left_shift(1, column["bit"].astype(np.int64))
    return pd.DataFrame(
        {"batch": column["batch"], "spec": column["spec"], "mask": mask, "verdict": np.where(early, 0, verdict)}
    )


def _means(chosen: pd.DataFrame, factors: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    rows = chosen.merge(rules["averages"], on="slot").merge(factors, on=["target", "unit"], how="left")
    # Rows that are equal in everything count once; what is left and has one name is not to be told apart.
    name = ["batch", "slot", "is_early", "result_id", "replicate"]
    if rows.duplicated(name).any():
        rows = rows.drop_duplicates([*name, "reading", "unit"])
    rows = rows.assign(
        doubtful=rows.duplicated(name, keep=False),
        is_number=rows["factor"].notna() & rows["form"].between(2, 7) & rows["number"].ge(0),
        value=rows["number"] * rows["factor"],
        censored=rows["form"].where(rows["form"] > 2),
    )
    found = rows.groupby(["batch", "computed_slot", "is_early"], sort=False).agg(
        is_number=("is_number", "min"),
        is_interim=("is_interim", "min"),
        is_nameless=("is_nameless", "max"),
        doubtful=("doubtful", "max"),
        form=("form", "max"),
        lowest=("censored", "min"),
        highest=("censored", "max"),
        number=("value", "mean"),
        count=("value", "size"),
    )
    found = found[~found["is_interim"].astype(bool)].reset_index()
    one_way = found["lowest"].fillna(0) == found["highest"].fillna(0)
    told_apart = ~found["doubtful"].astype(bool) & (~found["is_nameless"].astype(bool) | (found["count"] == 1))
    known = found["is_number"].astype(bool) & one_way & told_apart
    return pd.DataFrame(
        {
            "batch": found["batch"],
            "slot": found["computed_slot"],
            "is_early": found["is_early"],
            "is_known": known,
            "number": found["number"].round(9),
            "form": found["form"],
        }
    )


def _rates(chosen: pd.DataFrame, factors: pd.DataFrame, lots: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    rows = chosen[~chosen["is_interim"]].merge(rules["dose_rates"][["slot", "computed_slot"]], on="slot")
    rows = rows.merge(factors[factors["target"] == "EU/mL"], on="unit", how="left")
    rows = rows[lots["has_amounts"].to_numpy()[rows["batch"]]]
    volume, weight, duration = (lots[name].to_numpy()[rows["batch"]] for name in AMOUNTS)
    known = (
        rows["factor"].notna()
        & rows["form"].between(2, 7)
        & rows["number"].ge(0)
        & (volume >= 0)
        & (weight > 0)
        & (duration >= 0)
    )
    rate = rows["number"] * rows["factor"] * volume / (weight * np.maximum(duration, 1))
    return pd.DataFrame(
        {
            "batch": rows["batch"],
            "slot": rows["computed_slot"],
            "is_early": rows["is_early"],
            "is_known": known,
            "number": rate.round(9),
            "form": rows["form"],
        }
    )
