"""pandas: the export as integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.peers.pandas_answers import UNKNOWN_STANDING, answers_of, criteria_of
from benchmarks.peers.pandas_text import (
    AMOUNTS,
    fold,
    parse_dates,
    parse_persons,
    parse_readings,
    parse_revisions,
    read_files,
    texts_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.peers.pandas_text import Rules
    from benchmarks.peers.task import Task

__all__ = ["Decoded", "decode"]

_STANDINGS = {"verified": 0, "": 0, "preliminary": 1, "unverified": 2, "cancelled": 3, "invalidated": 5}
_SEXES = {"female": 1, "f": 1, "xx": 1, "male": 2, "m": 2, "xy": 2}


@dataclass(frozen=True, slots=True)
class Decoded:
    """The export as integers; arrays have one entry per row.

    Args:
        batch: position in `lots`.
        combination: what the verdict of the row depends on, as position in `combinations`.
        answers: for every combination and every criterion about it, verdict and what it rests on; sorted by combination.
        first, count: place of the answers of each combination.
        reading: position in `texts`.
        texts: distinct results.
        result_id, replicate: category codes; `is_nameless` where both are empty, `is_nameless_result` where the first is.
        is_investigated: an investigation concerns the row.
        is_refused: because of a date or revision that cannot be read.
        is_unzoned: a date of the row has no zone.
        is_superseded: a higher revision of the result exists.
        is_backed: the row says why and by whom it was invalidated.
        same: 0 where the batch states no identity, 1 where the result equals it, 2 where it does not.
        lots: the batches.
    """

    batch: NDArray[np.int64]
    combination: NDArray[np.int64]
    answers: pd.DataFrame
    first: NDArray[np.int64]
    count: NDArray[np.int64]
    reading: NDArray[np.int64]
    texts: NDArray[np.object_]
    result_id: NDArray[np.int64]
    replicate: NDArray[np.int64]
    is_nameless: NDArray[np.bool_]
    is_nameless_result: NDArray[np.bool_]
    is_investigated: NDArray[np.bool_]
    is_refused: NDArray[np.bool_]
    is_unzoned: NDArray[np.bool_]
    is_superseded: NDArray[np.bool_]
    is_backed: NDArray[np.bool_]
    same: NDArray[np.int64]
    lots: pd.DataFrame


def decode(task: Task, rules: Rules) -> Decoded:
    """Read the files and look every distinct text up once."""
    frame, batches = read_files(task, rules)
    texts = {name: texts_of(frame[name]) for name in frame.columns}
    codes = {name: frame[name].cat.codes.to_numpy() for name in frame.columns}
    lots = _lots(batches, rules)
    readings = parse_readings(texts["result"], rules)
    identities = pd.Index(lots["profile"].unique())
    tests = {test: number for number, test in enumerate(rules["slots"]["test"].unique(), start=1)}
    stages = {stage: number for number, stage in enumerate(rules["lists"]["stages"])}
    units = dict(zip(rules["units"]["spelling"], rules["units"]["unit"] + 1, strict=True))

    def known(name: str, known_codes: dict[str, int], default: int) -> NDArray[np.int64]:
        text = texts[name].str.strip()
        text = text.str.lower() if name == "status" else text
        return text.map(known_codes).fillna(default).to_numpy(np.int64)[codes[name]]

    def stated(name: str) -> NDArray[np.bool_]:
        return (texts[name] != "").to_numpy(bool)[codes[name]]

    batch = pd.Index(lots["batch_id"]).get_indexer(pd.Index(texts["batch_id"]))[codes["batch_id"]]
    reading = codes["result"].astype(np.int64)
    percent = readings["percent"].to_numpy()[reading]
    unit = known("unit", units, 0)
    unit = np.where(percent, np.where((unit == 1) | (unit == units["%"]), units["%"], 0), unit)
    declared_by = readings["declared_by"].to_numpy()[reading]
    limits = np.concatenate([[np.nan], *(pd.to_numeric(texts[name], errors="coerce") for name in ("lod", "loq"))])
    after = np.where(
        declared_by == 1, codes["lod"] + 1, np.where(declared_by == 2, codes["loq"] + 1 + len(texts["lod"]), 0)
    )
    line = known("stage", stages, len(stages)) * (len(tests) + 1) + known("test", tests, 0)
    revision = parse_revisions(texts["revision"])[codes["revision"]]
    date = np.maximum(*(parse_dates(texts[name])[codes[name]] for name in ("tested_at", "reported_at")))
    identity = identities.get_indexer(pd.Index(readings["folded"]))[reading]
    own = identities.get_indexer(pd.Index(lots["profile"]))[batch]
    combined = {
        "product": lots["product"].to_numpy()[batch],
        "sex": lots["sex"].to_numpy()[batch],
        "standing": known("status", _STANDINGS, UNKNOWN_STANDING),
        "unit": unit,
        "limit": after,
        "line": line,
        "reading": reading,
    }
    key, parts = _combined(combined)
    criteria = criteria_of(np.unique(line), lots, tests, stages, rules)
    answers = answers_of(parts, readings, limits, criteria, rules)
    analyst, approver = (
        numbers[codes[name]] for name, numbers in parse_persons(texts, ("analyst", "invalidated_by")).items()
    )
    investigated = stated("investigation_id")
    count = np.bincount(answers["combination"], minlength=len(parts))
    return Decoded(
        batch=batch,
        combination=key,
        answers=answers,
        first=np.concatenate([[0], np.cumsum(count)[:-1]]),
        count=count,
        reading=reading,
        texts=texts["result"].to_numpy(dtype=object),
        result_id=codes["result_id"].astype(np.int64),
        replicate=codes["replicate"].astype(np.int64),
        is_nameless=~stated("result_id") & ~stated("replicate"),
        is_nameless_result=~stated("result_id"),
        is_refused=(date == 2) | (revision < 0),
        is_unzoned=date == 1,
        is_superseded=_superseded(batch, line, codes["result_id"], revision, stated("result_id")),
        is_investigated=investigated,
        is_backed=investigated & stated("assignable_cause") & (analyst > 0) & (approver > 0) & (analyst != approver),
        same=np.where(lots["profile"].eq("").to_numpy()[batch], 0, np.where(identity == own, 1, 2)),
        lots=lots,
    )


def _lots(batches: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    lists = rules["lists"]
    products = pd.Index(rules["specifications"]["value"].unique())

    def looked_up(name: str, answer: pd.Series) -> NDArray[np.generic]:
        return answer.to_numpy()[batches[name].cat.codes.to_numpy()]

    text = {name: texts_of(batches[name]) for name in batches.columns}
    (sex,), (profile,) = rules["karyotypes"]["sex"].unique(), rules["identities"]["attribute"].unique()
    lots = pd.DataFrame(
        {
            "batch_id": looked_up("batch_id", text["batch_id"]),
            "product": looked_up(lists["product"], pd.Series(products.get_indexer(pd.Index(text[lists["product"]])))),
            "sex": looked_up(sex, text[sex].str.strip().str.lower().map(_SEXES).fillna(0).astype(np.int64)),
            "profile": looked_up(profile, fold(text[profile]).str.lower()),
            "states_expiry": looked_up("expires_at", text["expires_at"] != ""),
            "manufactured_at": looked_up("manufactured_at", _moments(text["manufactured_at"])),
            "expires_at": looked_up("expires_at", _moments(text["expires_at"], end_of_day=True)),
            **{name: batches[name].to_numpy(dtype=object) for name in lists["selecting"]},
        }
    )
    factors = rules["factors"].merge(rules["units"][["spelling", "unit"]], on="unit")
    for name, target in AMOUNTS.items():
        factor = factors[factors["target"] == target].set_index("spelling")["factor"]
        number = looked_up(name, pd.to_numeric(text[name], errors="coerce"))
        lots[name] = number * looked_up(f"{name}_unit", text[f"{name}_unit"].map(factor))
    lots["has_amounts"] = np.logical_and.reduce([looked_up(name, text[name] != "") for name in AMOUNTS])
    return lots[lots["product"] >= 0].reset_index(drop=True)


def _moments(texts: pd.Series, *, end_of_day: bool = False) -> pd.Series:
    """Return moments in seconds since 1970 UTC, NaN where there is none."""
    moment = pd.to_datetime(texts.where(texts != "", None), format="ISO8601", utc=True, errors="coerce")
    seconds = (moment - pd.Timestamp(0, tz="UTC")).dt.total_seconds()
    return seconds + np.where(end_of_day & (texts.str.len() == 10), 86_399, 0)


def _combined(parts: dict[str, NDArray[np.int64]]) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Return for every row the number of its combination of values, and the distinct combinations."""
    sizes = {name: int(values.max(initial=0)) + 1 for name, values in parts.items()}
    if np.prod([float(size) for size in sizes.values()]) >= 2**63:
        raise OverflowError(f"the combinations do not fit into 64 bits: {sizes}")
    packed = np.zeros(len(next(iter(parts.values()))), dtype=np.int64)
    for name, values in parts.items():
        packed *= sizes[name]
        packed += values
    numbers, distinct = pd.factorize(packed)
    found = {}
    for name in reversed(parts):
        distinct, found[name] = np.divmod(distinct, sizes[name])
    return numbers, pd.DataFrame(found)


def _superseded(
    batch: NDArray[np.int64],
    line: NDArray[np.int64],
    result_id: NDArray[np.int64],
    revision: NDArray[np.int64],
    has_id: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Mark the results of which a higher revision exists; only batches in which something was revised are looked at."""
    lowest = revision[revision >= 0].min(initial=0)
    revised = np.flatnonzero((revision > lowest) & has_id)
    concerned = np.zeros(int(batch.max(initial=0)) + 1, dtype=bool)
    concerned[batch[revised]] = True
    at = np.flatnonzero(concerned[batch] & has_id)
    key = (batch * (int(line.max(initial=0)) + 1) + line) * (int(result_id.max(initial=0)) + 1) + result_id
    latest = pd.Series(revision[revised]).groupby(key[revised], sort=False).max()
    place = latest.index.get_indexer(pd.Index(key[at]))
    marked = np.zeros(len(batch), dtype=bool)
    marked[at] = (place >= 0) & (revision[at] < np.append(latest.to_numpy(), -1)[place])
    return marked
