"""pandas with numpy: category codes, lookups and one pass over the cells; no loop over rows.

Distinct texts are read once. What a verdict depends on is packed into one integer for every row; each distinct integer is
judged once, and the rows take their verdicts by a lookup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.peers.pandas_decode import PENDING, decode
from benchmarks.peers.pandas_settle import Cells, compute_together, settle
from benchmarks.peers.pandas_text import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from benchmarks.peers.pandas_decode import Decoded
    from benchmarks.peers.pandas_text import Rules
    from benchmarks.peers.task import Outcome, Task

__all__ = ["NOTES", "counted_together", "judge", "layers", "load", "unzoned_rows"]

NOTES = (
    "karyotypes by regular expression: the normal one, and one gained chromosome in two metaphases or more",
    "means and dose rates in doubles, rounded to nine decimals",
    "text files are read by pyarrow, the quickest reader that pandas has",
)
load = load_rules


def judge(task: Task, rules: Rules) -> Outcome:
    """Judge the files."""
    decoded = decode(task, rules)
    cells = Cells(decoded.lots, rules)
    answers = {
        name: decoded.answers[name].to_numpy()
        for name in ("spec", "slot", "mask", "record", "verdict", "silent", "if_same", "is_refused", "standing")
    }
    open_rows: list[pd.DataFrame] = []
    together: list[pd.DataFrame] = []
    for rows, answer in layers(decoded):
        batch = decoded.batch[rows]
        verdict, mask = _verdicts(decoded, answers, rows, answer)
        row = cells.row(batch, answers["spec"][answer])
        cells.raise_to(row, mask, verdict)
        open_at = np.flatnonzero((verdict != 1) & (verdict < 8))
        reported = decoded.texts[decoded.reading[rows][open_at]]
        open_rows.append(
            pd.DataFrame(
                {"row": row[open_at], "mask": mask[open_at], "verdict": verdict[open_at], "reported": reported}
            )
        )
        together.append(counted_together(decoded, rows, answer, np.flatnonzero(verdict == 8)))
    open_rows += unzoned_rows(decoded, cells)
    computed = compute_together(pd.concat(together, ignore_index=True), decoded.lots, rules)
    row = cells.row(computed["batch"].to_numpy(), computed["spec"].to_numpy())
    cells.raise_to(row, computed["mask"].to_numpy(), computed["verdict"].to_numpy())
    open_rows.append(computed.assign(row=row, reported="")[computed["verdict"] != 1].drop(columns=["batch", "spec"]))
    return settle(cells, pd.concat(open_rows, ignore_index=True), decoded.lots, rules, as_of=task.as_of)


def layers(decoded: Decoded) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the rows with their first criterion, then those that have a second one, and so on."""
    count = decoded.count[decoded.combination]
    first = decoded.first[decoded.combination]
    for turn in range(int(decoded.count.max(initial=0))):
        rows = np.flatnonzero(count > turn)
        yield rows, first[rows] + turn


def _verdicts(
    decoded: Decoded, answers: dict[str, NDArray[np.int64]], rows: NDArray[np.int64], answer: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return verdict and mask of rows; what does not follow from the combination alone concerns few of them."""
    verdict, mask = answers["verdict"][answer], answers["mask"][answer]
    pending = np.flatnonzero(verdict == PENDING)
    same = decoded.same[rows[pending]]
    verdict[pending] = np.select([same == 0, same == 1], [3, answers["if_same"][answer[pending]]], default=4)
    backed = np.flatnonzero(decoded.is_backed[rows] & (answers["standing"][answer] == 5))
    verdict[backed] = answers["silent"][answer[backed]]
    superseded = np.flatnonzero(decoded.is_superseded[rows])
    verdict[superseded] = 9
    refused = np.flatnonzero(decoded.is_refused[rows] | answers["is_refused"][answer])
    verdict[refused] = 3
    mask[refused] = answers["record"][answer[refused]]
    return verdict, mask


def counted_together(
    decoded: Decoded, rows: NDArray[np.int64], answer: NDArray[np.int64], at: NDArray[np.int64]
) -> pd.DataFrame:
    """Return the results that count only together with others."""
    chosen, said = rows[at], decoded.answers.iloc[answer[at]]
    return pd.DataFrame(
        {
            "batch": decoded.batch[chosen],
            "result_id": decoded.result_id[chosen],
            "replicate": decoded.replicate[chosen],
            "is_nameless": decoded.is_nameless[chosen],
            "is_preliminary": (said["standing"] == 1).to_numpy(),
            **{
                name: said[name].to_numpy()
                for name in ("slot", "unit", "form", "number", "declared", "reading", "is_interim")
            },
        }
    )


def unzoned_rows(decoded: Decoded, cells: Cells) -> list[pd.DataFrame]:
    """Make the record of a batch an alert where a date has no zone."""
    found = []
    answer_of = decoded.answers[["spec", "record", "is_refused"]]
    for rows, answers in layers(decoded) if decoded.is_unzoned.any() else ():
        chosen = np.flatnonzero(decoded.is_unzoned[rows] & ~decoded.is_refused[rows])
        said = answer_of.iloc[answers[chosen]]
        kept = ~said["is_refused"].to_numpy()
        chosen, said = rows[chosen[kept]], said[kept]
        row, mask = cells.row(decoded.batch[chosen], said["spec"].to_numpy()), said["record"].to_numpy()
        verdict = np.full(len(chosen), 2)
        cells.raise_to(row, mask, verdict)
        reported = decoded.texts[decoded.reading[chosen]]
        found.append(pd.DataFrame({"row": row, "mask": mask, "verdict": verdict, "reported": reported}))
    return found
