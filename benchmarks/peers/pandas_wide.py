"""pandas: the rows beside the criteria that judge them, and the rules by name, for libraries that validate rows.

Such a library says of each row which rules it breaks. That results were superseded, invalidated or are to be counted only
together is settled here beforehand, as its user would have to; the cells of batches and their dispositions are put
together here afterwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.peers import pandas_vectorised
from benchmarks.peers.pandas_answers import KINDS
from benchmarks.peers.pandas_records import alone_verdicts, is_set_aside
from benchmarks.peers.pandas_vectorised import Judged, layers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.peers.pandas_decode import Decoded
    from benchmarks.peers.pandas_text import Rules
    from benchmarks.peers.task import Outcome, Task

__all__ = ["NOTES", "conclude", "wide_rows"]

NOTES = (
    "units, words, limits and revisions are joined by pandas before; cells, composites, means, dose rates, missing tests and dispositions are put together by pandas afterwards",
    "karyotypes by regular expression: the normal one, and one with a chromosome more in at least two metaphases",
    "means and dose rates in doubles, rounded to nine decimals",
)
_ANSWERS = (
    "spec", "mask", "record", "kind", "form", "number", "declared", "standing", "word_verdict", "has_limit", "never_negative",
    "is_interim", "is_undecided", "metaphases", "min_metaphases", "karyotype_sex", "sex", "is_clone", "clone_verdict",
    "accept_preliminary", "is_refused",
)  # fmt: skip


def wide_rows(decoded: Decoded) -> pd.DataFrame:
    """Return one line for every row and every criterion that judges it, with what the rules look at.

    A value that a rule does not concern is missing. Numbers are given as the least and the most that they can stand for.
    """
    found = list(layers(decoded))
    rows, answer = (np.concatenate([layer[part] for layer in found]) for part in (0, 1))
    said = {name: decoded.answers[name].to_numpy()[answer] for name in _ANSWERS}
    kind, form, standing = said["kind"], said["form"], said["standing"]
    refused = said["is_refused"] | decoded.is_refused[rows]
    superseded = decoded.is_superseded[rows] & ~refused
    backed = decoded.is_backed[rows] & (standing == 5)
    silent = (superseded | backed | (form == 0)) & ~refused
    undecided = (standing == 2) | (standing == 3)
    judged = ~refused & ~silent & ~undecided & (kind >= 1) & (kind <= 4)
    aside = is_set_aside(decoded, rows, answer) & (alone_verdicts(decoded, rows, answer) == 4)
    of_value = judged & (kind == KINDS["value"])
    # A word such as "not detected" beside a limit is judged as below that limit, unless the word itself conforms.
    as_limit = of_value & (form == 1) & said["has_limit"] & ~np.isnan(said["declared"]) & (said["word_verdict"] != 1)
    number = (of_value & said["has_limit"] & (form >= 2) & (form <= 7)) | as_limit
    value = np.where(as_limit, said["declared"], said["number"])
    compared = np.where(as_limit, 4, form)
    text = judged & ~said["is_interim"] & ~said["is_undecided"]
    karyotype, identity = text & (kind == KINDS["karyotype"]), text & (kind == KINDS["identity"])
    normal = karyotype & (said["metaphases"] >= 0)
    enough = normal & (said["metaphases"] >= np.nan_to_num(said["min_metaphases"].astype(np.float64)))
    clone = said["is_clone"] & (np.nan_to_num(said["clone_verdict"].astype(np.float64)) == 4)
    impossible = said["never_negative"] & ((value < 0) | ((compared == 4) & (value == 0)))
    word = of_value & (form == 1) & ~as_limit

    def where(condition: NDArray[np.bool_], values: NDArray[np.generic] | float) -> NDArray[np.float64]:
        return np.where(condition, values, np.nan)

    bounds = {
        name: decoded.answers[name].to_numpy()[answer]
        for name in decoded.answers.columns
        if name.startswith(("limit_", "alert_"))
    }
    fitting = number & ~np.isnan(bounds["limit_lo"]) & ~impossible
    limits = {name: where(fitting, values) for name, values in _limits(compared, value, bounds).items()}
    return pd.DataFrame(
        {
            "source": rows,
            "answer": answer,
            "mask": np.where(refused, said["record"], said["mask"]),
            "state": np.select(
                [superseded, silent & (aside | (kind == KINDS["input"])), silent, kind >= KINDS["replicates"]],
                [9, 9, 0, 8],
                default=1,
            ),
            "refused": refused.astype(np.int64),
            "status": where(~refused & ~silent, standing),
            "criterion": where(~refused & ~silent, kind),
            "form_beside_limit": where(of_value & said["has_limit"], form),
            "form_without_limit": where(of_value & ~said["has_limit"], form),
            "word": np.where(
                word, said["word_verdict"], where(judged & (kind != KINDS["value"]) & said["is_interim"], 0)
            ),
            "text_is_undecided": where(judged & (kind >= KINDS["karyotype"]), said["is_undecided"]),
            "unit_fits": where(number, ~np.isnan(bounds["limit_lo"])),
            "is_impossible": where(number, impossible),
            **limits,
            "karyotype": np.where(karyotype, np.select([normal, clone], [1, 4], default=3), np.nan),
            "metaphases": where(normal, said["metaphases"]),
            "metaphases_needed": where(normal, said["min_metaphases"]),
            "karyotype_sex": where(enough & (said["sex"] > 0), said["karyotype_sex"]),
            "donor_sex": where(enough, said["sex"]),
            "identity": where(identity, decoded.same[rows]),
            "is_early": where(judged, (standing == 1) & ~said["accept_preliminary"]),
        }
    )


def _limits(
    form: NDArray[np.int64], number: NDArray[np.float64], bounds: dict[str, NDArray[np.float64]]
) -> dict[str, NDArray[np.float64]]:
    """Return the least and the most that a number can stand for, and with what each is to be compared."""
    infinite = np.inf
    forms = [form == 3, form == 4, form == 6]

    def end(name: str, *others: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.select(forms, others, default=bounds[name])

    def inner(kind: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        lo, lo_closed, lo_open = (bounds[f"{kind}_{name}"] for name in ("lo", "lo_closed", "lo_open"))
        hi, hi_closed, hi_open = (bounds[f"{kind}_{name}"] for name in ("hi", "hi_closed", "hi_open"))
        return (
            end(f"{kind}_lo", np.nextafter(lo_open, infinite), lo, lo_closed),
            end(f"{kind}_hi", np.nextafter(hi_open, -infinite), hi_closed, hi),
        )

    floor, roof = inner("limit")
    alert_floor, alert_roof = inner("alert")
    return {
        "least": np.where((form == 4) | (form == 5), -infinite, number),
        "most": np.where((form == 6) | (form == 7), infinite, number),
        "floor": floor,
        "roof": roof,
        "alert_floor": alert_floor,
        "alert_roof": alert_roof,
        "outer_floor": end("limit_lo", bounds["limit_lo_closed"], bounds["limit_lo_open"], bounds["limit_lo"]),
        "outer_roof": end("limit_hi", bounds["limit_hi_closed"], bounds["limit_hi"], bounds["limit_hi_open"]),
    }


def conclude(
    task: Task, wide: pd.DataFrame, broken: list[tuple[int, NDArray[np.int64]]], decoded: Decoded, rules: Rules
) -> Outcome:
    """Return dispositions and findings.

    Args:
        task: what was asked.
        wide: as `wide_rows` gives it.
        broken: for every rule the verdict that it gives and the lines of `wide` that break it.
        decoded: the export.
        rules: rule tables.
    """
    worst = np.zeros(len(wide), dtype=np.int64)
    is_open = np.zeros(len(wide), dtype=bool)
    for verdict, lines in broken:
        np.maximum.at(worst, lines, verdict)
        is_open[lines] |= verdict == 0
    state = wide["state"].to_numpy()
    verdict = np.select(
        [state == 9, state == 0, worst >= 3, state == 8, is_open, worst == 2], [9, 0, worst, 8, 0, 2], default=1
    )
    source, answer, mask = (wide[name].to_numpy() for name in ("source", "answer", "mask"))
    return pandas_vectorised.conclude(task, [Judged(source, answer, mask, verdict)], decoded, rules)
