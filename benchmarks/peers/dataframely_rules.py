"""dataframely: a schema whose rules judge rows that Polars has joined with their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dataframely as dy
import polars as pl

from benchmarks.peers import polars_wide
from benchmarks.peers.polars_lazy import decode, load

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.peers.task import Outcome, Task

__all__ = ["NOTES", "judge", "load"]

NOTES = polars_wide.NOTES


def _rule(holds: pl.Expr) -> Any:
    def check(_cls: type[dy.Schema]) -> pl.Expr:
        return holds

    decorate: Callable[[Callable[[type[dy.Schema]], pl.Expr]], Any] = dy.rule()
    return decorate(check)


# A schema must name the columns that its rules look at; their types were settled by the join.
_COLUMNS = sorted({name for _, holds in polars_wide.RULES.values() for name in holds.meta.root_names()})
_NAMES = {f"rule_{number}": name for number, name in enumerate(polars_wide.RULES)}
_SCHEMA: Any = type(
    "JudgedRow",
    (dy.Schema,),
    {
        "row": dy.UInt32(nullable=False),
        **{name: dy.Any() for name in _COLUMNS},
        **{own: _rule(polars_wide.RULES[name][1]) for own, name in _NAMES.items()},
    },
)


def judge(task: Task, rules: dict[str, Any]) -> Outcome:
    """Judge the files."""
    decoded = decode(task, rules)
    wide = polars_wide.wide_rows(decoded, rules)
    _, failure = _SCHEMA.filter(wide.select("row", *_COLUMNS))
    details = failure.details().select("row", *_NAMES)
    broken = [
        details.filter(pl.col(own) == "invalid").select("row", verdict=pl.lit(polars_wide.RULES[name][0], pl.UInt8))
        for own, name in _NAMES.items()
    ]
    return polars_wide.conclude(task, wide, pl.concat(broken), decoded, rules)
