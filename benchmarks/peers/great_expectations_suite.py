"""Great Expectations: a suite of expectations about rows that pandas has joined with their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import great_expectations as gx
import great_expectations.expectations as gxe
import numpy as np

from benchmarks.peers import pandas_wide
from benchmarks.peers.pandas_decode import decode
from benchmarks.peers.pandas_text import load_rules

if TYPE_CHECKING:
    from benchmarks.peers.pandas_text import Rules
    from benchmarks.peers.task import Outcome, Task

__all__ = ["NOTES", "judge", "load"]

NOTES = (
    *pandas_wide.NOTES,
    "result_format COMPLETE, the only one that lists every failing row; missing values stand for rows that an expectation does not concern",
)
load = load_rules


def _in(column: str, *values: float, verdict: int) -> Any:
    return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(values), meta={"verdict": verdict})


def _not_in(column: str, *values: float, verdict: int) -> Any:
    return gxe.ExpectColumnValuesToNotBeInSet(column=column, value_set=list(values), meta={"verdict": verdict})


def _at_least(greater: str, smaller: str, *, verdict: int) -> Any:
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=greater,
        column_B=smaller,
        or_equal=True,
        ignore_row_if="either_value_is_missing",
        meta={"verdict": verdict},
    )


def _expectations() -> list[Any]:
    return [
        _in("refused", 0, verdict=3),
        _not_in("status", 2, 3, verdict=3),
        _not_in("criterion", 0, verdict=3),
        _not_in("form_beside_limit", 8, verdict=3),
        _in("form_without_limit", 1, verdict=3),
        _not_in("word", 3, verdict=3),
        _not_in("word", 4, verdict=4),
        _not_in("word", 0, verdict=0),
        _in("text_is_undecided", 0, verdict=3),
        _in("unit_fits", 1, verdict=3),
        _in("is_impossible", 0, verdict=3),
        _at_least("least", "floor", verdict=3),
        _at_least("roof", "most", verdict=3),
        _at_least("most", "outer_floor", verdict=4),
        _at_least("outer_roof", "least", verdict=4),
        _at_least("least", "alert_floor", verdict=2),
        _at_least("alert_roof", "most", verdict=2),
        _not_in("karyotype", 3, verdict=3),
        _not_in("karyotype", 4, verdict=4),
        _at_least("metaphases", "metaphases_needed", verdict=3),
        _not_in("donor_sex", 0, verdict=3),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="karyotype_sex", column_B="donor_sex", ignore_row_if="either_value_is_missing", meta={"verdict": 4}
        ),
        _not_in("identity", 0, verdict=3),
        _not_in("identity", 2, verdict=4),
        _in("is_early", 0, verdict=0),
    ]


def judge(task: Task, rules: Rules) -> Outcome:
    """Judge the files."""
    decoded = decode(task, rules)
    wide = pandas_wide.wide_rows(decoded)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("exports").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("whole")
    suite = context.suites.add(gx.ExpectationSuite(name="rules", expectations=_expectations()))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="rules", data=batch, suite=suite))
    result = definition.run(
        batch_parameters={"dataframe": wide},
        result_format={
            "result_format": "COMPLETE",
            "return_unexpected_index_query": False,
            "partial_unexpected_count": 0,
        },
    )
    broken = [
        (
            entry.expectation_config.meta["verdict"],
            np.array(entry.result.get("unexpected_index_list") or [], dtype=np.int64),
        )
        for entry in result.results
    ]
    return pandas_wide.conclude(task, wide, broken, decoded, rules)
