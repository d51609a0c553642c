"""pandera on pandas: a schema whose checks judge rows that pandas has joined with their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from benchmarks.peers import pandas_wide
from benchmarks.peers.pandas_decode import decode
from benchmarks.peers.pandas_text import load_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from benchmarks.peers.pandas_text import Rules
    from benchmarks.peers.task import Outcome, Task

    Holds = Callable[[pd.DataFrame], pd.Series]

__all__ = ["NOTES", "judge", "load"]

NOTES = (
    *pandas_wide.NOTES,
    "every check stands on the column of row numbers, because a check of the whole frame reports each row once for each column",
)
load = load_rules

# By name: the verdict about a row that breaks the rule, and what must hold; a comparison with a missing value is false.
_RULES: dict[str, tuple[int, Holds]] = {
    "row can be judged": (3, lambda rows: rows["refused"] == 0),
    "status is decided": (3, lambda rows: ~rows["status"].between(2, 3)),
    "test is listed": (3, lambda rows: rows["criterion"] != 0),
    "result beside a limit can be read": (3, lambda rows: rows["form_beside_limit"] != 8),
    "result without limit is a word": (3, lambda rows: ~(rows["form_without_limit"] > 1)),
    "word is decided": (3, lambda rows: rows["word"] != 3),
    "word is allowed": (4, lambda rows: rows["word"] != 4),
    "word is final": (0, lambda rows: rows["word"] != 0),
    "text is decided": (3, lambda rows: rows["text_is_undecided"] != 1),
    "unit fits the limit": (3, lambda rows: rows["unit_fits"] != 0),
    "number is possible": (3, lambda rows: rows["is_impossible"] != 1),
    "number is surely inside the limit": (
        3,
        lambda rows: ~((rows["least"] < rows["floor"]) | (rows["most"] > rows["roof"])),
    ),
    "number may be inside the limit": (
        4,
        lambda rows: ~((rows["most"] < rows["outer_floor"]) | (rows["least"] > rows["outer_roof"])),
    ),
    "number is inside the alert limit": (
        2,
        lambda rows: ~((rows["least"] < rows["alert_floor"]) | (rows["most"] > rows["alert_roof"])),
    ),
    "karyotype is understood": (3, lambda rows: rows["karyotype"] != 3),
    "karyotype is normal": (4, lambda rows: rows["karyotype"] != 4),
    "metaphases are enough": (3, lambda rows: ~(rows["metaphases"] < rows["metaphases_needed"])),
    "sex is stated": (3, lambda rows: rows["donor_sex"] != 0),
    "sex is that of the donor": (
        4,
        lambda rows: rows["karyotype_sex"].isna() | (rows["karyotype_sex"] == rows["donor_sex"]),
    ),
    "identity is stated": (3, lambda rows: rows["identity"] != 0),
    "identity is that of the donor": (4, lambda rows: rows["identity"] != 2),
    "conforming result is verified": (0, lambda rows: rows["is_early"] != 1),
}


def _check(name: str, holds: Holds, rows: pd.DataFrame) -> pa.Check:
    return pa.Check(lambda _: holds(rows), name=name)


def judge(task: Task, rules: Rules) -> Outcome:
    """Judge the files."""
    decoded = decode(task, rules)
    wide = pandas_wide.wide_rows(decoded)
    numbers = wide[["source"]].assign(line=np.arange(len(wide)))[["line"]]
    checks = [_check(name, holds, wide) for name, (_, holds) in _RULES.items()]
    schema = pa.DataFrameSchema({"line": pa.Column(int, checks=checks)})
    broken = []
    try:
        schema.validate(numbers, lazy=True, inplace=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
        for name, lines in cases.groupby("check", sort=False)["index"]:
            broken.append((_RULES[str(name)][0], lines.to_numpy(np.int64)))
    return pandas_wide.conclude(task, wide, broken, decoded, rules)
