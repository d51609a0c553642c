"""pandas with numpy: category codes, lookups and one pass over the cells; no loop over rows.

Distinct texts are read once. What a verdict depends on is packed into one integer for every row; each distinct integer is
judged once, and the rows take their verdicts by a lookup.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.peers.pandas_answers import PENDING
from benchmarks.peers.pandas_computed import compute_together
from benchmarks.peers.pandas_decode import decode
from benchmarks.peers.pandas_records import alone_verdicts, event_rows, is_set_aside
from benchmarks.peers.pandas_settle import Cells, settle
from benchmarks.peers.pandas_text import load_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from benchmarks.peers.pandas_decode import Decoded
    from benchmarks.peers.pandas_text import Rules
    from benchmarks.peers.task import Outcome, Task

__all__ = ["NOTES", "Judged", "conclude", "judge", "layers", "load"]

NOTES = (
    "karyotypes by regular expression: the normal one, and one with a chromosome more in at least two metaphases",
    "means and dose rates in doubles, rounded to nine decimals",
    "text files are read by pyarrow, the quickest reader that pandas has",
)
load = load_rules


def judge(task: Task, rules: Rules) -> Outcome:
    """Judge the files."""
    decoded = decode(task, rules)
    found: list[Judged] = []
    for rows, answer in layers(decoded):
        verdict, mask = _verdicts(decoded, rows, answer)
        found.append(Judged(rows, answer, mask, verdict))
    return conclude(task, found, decoded, rules)


class Judged(NamedTuple):
    """Verdicts about rows, each by one criterion; 8 counts only together with others, 9 says nothing."""

    rows: NDArray[np.int64]
    answer: NDArray[np.int64]
    mask: NDArray[np.int64]
    verdict: NDArray[np.int64]


def conclude(task: Task, found: Sequence[Judged], decoded: Decoded, rules: Rules) -> Outcome:
    """Return dispositions and findings from the verdicts about rows."""
    cells = Cells(decoded.lots, rules)
    specification = decoded.answers["spec"].to_numpy()
    open_rows: list[pd.DataFrame] = []
    together: list[pd.DataFrame] = []
    events: list[pd.DataFrame] = []
    for rows, answer, mask, verdict in found:
        row = cells.row(decoded.batch[rows], specification[answer])
        cells.raise_to(row, mask, verdict)
        at = np.flatnonzero((verdict != 1) & (verdict < 8))
        shown = {"row": row[at], "mask": mask[at], "verdict": verdict[at], "reading": decoded.reading[rows[at]]}
        open_rows.append(pd.DataFrame(shown))
        together.append(_counted_together(decoded, rows, answer, np.flatnonzero(verdict == 8)))
        events.append(event_rows(decoded, rows, answer, verdict))
    open_rows += _unzoned_rows(decoded, cells)
    computed = compute_together(pd.concat(together, ignore_index=True), decoded.lots, rules)
    row = cells.row(computed["batch"].to_numpy(), computed["spec"].to_numpy())
    cells.raise_to(row, computed["mask"].to_numpy(), computed["verdict"].to_numpy())
    noted = pd.concat(events, ignore_index=True)
    noted = noted.assign(row=cells.row(noted["batch"].to_numpy(), noted["spec"].to_numpy()))
    again = noted[noted["verdict"] == 3]
    cells.raise_to(again["row"].to_numpy(), again["mask"].to_numpy(), again["verdict"].to_numpy())
    shown = pd.concat([*open_rows, noted.drop(columns=["batch", "spec"])], ignore_index=True)
    shown["reported"] = decoded.texts[shown.pop("reading").to_numpy(np.int64)]
    of_several = computed.assign(row=row, reported="")[computed["verdict"] != 1].drop(columns=["batch", "spec"])
    shown = pd.concat([shown, of_several], ignore_index=True)
    for name in ("is_aside", "is_individual"):
        shown[name] = shown[name].eq(True)  # noqa: FBT003 - missing for ordinary rows
    shown["is_event"] = np.arange(len(shown)) >= sum(map(len, open_rows))
    shown["is_event"] &= np.arange(len(shown)) < len(shown) - len(of_several)
    return settle(cells, shown, decoded.lots, rules, as_of=task.as_of)


def layers(decoded: Decoded) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield the rows with their first criterion, then those that have a second one, and so on."""
    count = decoded.count[decoded.combination]
    first = decoded.first[decoded.combination]
    for turn in range(int(decoded.count.max(initial=0))):
        rows = np.flatnonzero(count > turn)
        yield rows, first[rows] + turn


def _verdicts(
    decoded: Decoded, rows: NDArray[np.int64], answer: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return verdict and mask of rows; what does not follow from the combination alone concerns few of them."""
    answers = {name: decoded.answers[name].to_numpy() for name in ("mask", "record", "verdict", "silent", "if_same")}
    verdict, mask = answers["verdict"][answer], answers["mask"][answer]
    pending = np.flatnonzero(verdict == PENDING)
    same = decoded.same[rows[pending]]
    verdict[pending] = np.select([same == 0, same == 1], [3, answers["if_same"][answer[pending]]], default=4)
    aside = np.flatnonzero(is_set_aside(decoded, rows, answer))
    # A failing result that was invalidated is explained as such, and not once more as no evidence.
    fails = alone_verdicts(decoded, rows[aside], answer[aside]) == 4
    verdict[aside] = np.where(fails, 9, answers["silent"][answer[aside]])
    superseded = np.flatnonzero(decoded.is_superseded[rows])
    verdict[superseded] = 9
    refused = np.flatnonzero(decoded.is_refused[rows] | decoded.answers["is_refused"].to_numpy()[answer])
    verdict[refused] = 3
    mask[refused] = answers["record"][answer[refused]]
    return verdict, mask


def _counted_together(
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


def _unzoned_rows(decoded: Decoded, cells: Cells) -> list[pd.DataFrame]:
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
        shown = {"row": row, "mask": mask, "verdict": verdict, "reading": decoded.reading[chosen]}
        found.append(pd.DataFrame(shown))
    return found
