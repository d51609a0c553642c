"""Pointblank: one validation step for each rule about rows that Polars has joined with their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pointblank as pb
import polars as pl

from benchmarks.peers import polars_wide
from benchmarks.peers.polars_lazy import decode, load

if TYPE_CHECKING:
    from benchmarks.peers.task import Outcome, Task

__all__ = ["NOTES", "judge", "load"]

NOTES = (*polars_wide.NOTES, "all failing rows are extracted, where the default stops at 500 for each rule")


def judge(task: Task, rules: dict[str, Any]) -> Outcome:
    """Judge the files."""
    decoded = decode(task, rules)
    wide = polars_wide.wide_rows(decoded, rules)
    names = sorted({name for _, holds in polars_wide.RULES.values() for name in holds.meta.root_names()})
    validation = pb.Validate(wide.select("row", *names))
    for _, holds in polars_wide.RULES.values():
        validation = validation.col_vals_expr(expr=holds)
    validation = validation.interrogate(collect_tbl_checked=False, extract_limit=wide.height)
    broken = [pl.DataFrame(schema={"row": pl.UInt32, "verdict": pl.UInt8})]
    for step, (verdict, _) in enumerate(polars_wide.RULES.values(), start=1):
        extract = validation.get_data_extracts(i=step, frame=True)
        if extract is not None and len(extract):
            broken.append(extract.select("row", verdict=pl.lit(verdict, pl.UInt8)))
    return polars_wide.conclude(task, wide, pl.concat(broken), decoded, rules)
