"""pandas: results that were revised or invalidated, and what of them stays visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.peers.pandas_answers import KINDS, PENDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.peers.pandas_decode import Decoded

__all__ = ["alone_verdicts", "event_rows", "is_set_aside"]

_ANSWERS = ("spec", "slot", "mask")


def alone_verdicts(decoded: Decoded, rows: NDArray[np.int64], answer: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the verdicts that results would have if they counted."""
    alone = decoded.answers["alone"].to_numpy()[answer]
    same = decoded.same[rows]
    return np.where(alone == PENDING, np.select([same == 0, same == 1], [3, 1], default=4), alone)


def is_set_aside(decoded: Decoded, rows: NDArray[np.int64], answer: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return whether results were invalidated with effect."""
    invalidated = decoded.answers["standing"].to_numpy()[answer] == 5
    return invalidated & decoded.is_backed[rows] & ~decoded.is_superseded[rows]


def event_rows(
    decoded: Decoded, rows: NDArray[np.int64], answer: NDArray[np.int64], verdict: NDArray[np.int64]
) -> pd.DataFrame:
    """Return what is to be noted about cells: alerts, and failing results that were invalidated and leave them open.

    Args:
        decoded: the export.
        rows: numbers of rows.
        answer: criterion of each.
        verdict: of each.

    Returns:
        batch, spec, mask, verdict, reading; `is_aside` where a failing result does not count any more, `is_individual` where
        it does as part of an average.
    """
    kind, standing, form = (decoded.answers[name].to_numpy() for name in ("kind", "standing", "form"))
    invalidated = standing[answer] == 5
    special = decoded.is_superseded[rows] | invalidated | decoded.is_investigated[rows]
    refused = decoded.is_refused[rows] | decoded.answers["is_refused"].to_numpy()[answer]
    judging = (kind[answer] >= KINDS["value"]) & (kind[answer] <= KINDS["replicates"])
    at = np.flatnonzero(special & judging & ~refused)
    row, own = rows[at], answer[at]
    records = decoded.answers[list(_ANSWERS)].iloc[own].reset_index(drop=True)
    reading, superseded = decoded.reading[row], decoded.is_superseded[row]
    records = records.assign(
        batch=decoded.batch[row],
        reading=reading,
        alone=alone_verdicts(decoded, row, own),
        superseded=superseded,
        is_set_aside=is_set_aside(decoded, row, own),
        lacking=invalidated[at] & ~decoded.is_backed[row] & ~superseded & (form[own] != 0),
        identity=np.where(decoded.is_nameless_result[row], -2 - reading, decoded.result_id[row]),
    )
    failed = (records["alone"] == 4) & (records["superseded"] | records["is_set_aside"])
    member = np.flatnonzero((kind[answer] == KINDS["replicates"]) & (verdict == 8) & (standing[answer] != 1))
    member = member[alone_verdicts(decoded, rows[member], answer[member]) == 4]
    individuals = decoded.answers[list(_ANSWERS)].iloc[answer[member]].reset_index(drop=True)
    individuals = individuals.assign(batch=decoded.batch[rows[member]], reading=decoded.reading[rows[member]])
    parts = [
        _event(records[failed], 2).assign(is_aside=True),
        _event(records[records["lacking"]], 2),
        _event(records[_invalidated(records)], 3),
        _event(individuals, 2).assign(is_individual=True),
    ]
    return pd.concat(parts, ignore_index=True)


def _event(rows: pd.DataFrame, verdict: int) -> pd.DataFrame:
    return rows[["batch", "spec", "mask", "reading"]].assign(verdict=verdict, is_aside=False, is_individual=False)


def _invalidated(records: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows invalidate a result that failed, even where the revision that invalidates it is empty."""
    name = ["batch", "slot", "identity"]
    failing = records[records["alone"] == 4].set_index(name).index
    replaced: NDArray[np.bool_] = pd.MultiIndex.from_frame(records[name]).isin(failing)
    return replaced & records["is_set_aside"].to_numpy()
