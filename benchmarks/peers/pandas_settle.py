"""pandas: from the cells of batches to dispositions and findings; columns of one entry per batch and specification."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.peers.task import Outcome

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.peers.pandas_text import Rules

__all__ = ["Cells", "settle"]

_WORDS = np.array(["missing", "conforms", "alert", "inconclusive", "fails"], dtype=object)
_BITS = 64


class Cells:
    """The worst verdict of every cell, one row for every batch and specification.

    Args:
        lots: the batches.
        rules: rule tables.
    """

    def __init__(self, lots: pd.DataFrame, rules: Rules) -> None:
        specifications = rules["specifications"].assign(product=pd.factorize(rules["specifications"]["value"])[0])
        self.turn = specifications.groupby("product").cumcount().to_numpy()
        of_product = np.bincount(specifications["product"])
        count = of_product[lots["product"].to_numpy()]
        self.first = np.concatenate([[0], np.cumsum(count)])[:-1]
        self.batch = np.repeat(np.arange(len(lots)), count)
        starts = np.concatenate([[0], np.cumsum(of_product)])[:-1]
        order = np.argsort(specifications["product"].to_numpy(), kind="stable")
        within = np.arange(len(self.batch)) - self.first[self.batch]
        self.specification = specifications["spec"].to_numpy()[order][
            starts[lots["product"].to_numpy()][self.batch] + within
        ]
        self.verdict = np.zeros((len(self.batch), _BITS), dtype=np.uint8)

    def row(self, batch: NDArray[np.int64], specification: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the row of each batch and specification."""
        return self.first[batch] + self.turn[specification]

    def raise_to(self, row: NDArray[np.int64], mask: NDArray[np.int64], verdict: NDArray[np.int64]) -> None:
        """Raise cells to verdicts of 1 to 4; others change nothing."""
        counted = np.flatnonzero((verdict >= 1) & (verdict <= 4))
        row, mask, verdict = row[counted], mask[counted], verdict[counted]
        several = (mask & (mask - 1)) != 0
        for bit in range(_BITS - 1):
            stray = several & (mask >> bit & 1 == 1) if several.any() else several
            if stray.any():
                np.maximum.at(self.verdict, (row[stray], bit), verdict[stray].astype(np.uint8))
        place = row * _BITS + np.log2(mask.astype(np.float64)).astype(np.int64)
        np.maximum.at(self.verdict.reshape(-1), place[~several], verdict[~several].astype(np.uint8))

    def masks(self) -> dict[str, NDArray[np.int64]]:
        """Return the cells of each verdict as bits."""
        return {
            name: np.packbits(self.verdict == code, axis=1, bitorder="little").view(np.int64).reshape(-1)
            for code, name in enumerate("caif", start=1)
        }


def settle(cells: Cells, open_rows: pd.DataFrame, lots: pd.DataFrame, rules: Rules, *, as_of: str) -> Outcome:
    """Return dispositions and findings.

    Args:
        cells: of all batches.
        open_rows: row of the cells, mask, verdict and reported text of everything that does not conform or is to be noted,
            with is_event, is_aside and is_individual.
        lots: the batches.
        rules: rule tables.
        as_of: moment of evaluation.
    """
    state = _settled(cells, _notes(open_rows, cells, rules), lots, rules, as_of=as_of)
    names = rules["specifications"].sort_values("spec")["spec_id"].to_numpy(dtype=object)
    return Outcome(
        _dispositions(state, cells, lots, names, rules), _findings(open_rows, state, cells, lots, names, rules)
    )


def _applicability(cells: Cells, lots: pd.DataFrame, rules: Rules) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the bits that do not apply, and those of which that is uncertain."""
    names = rules["lists"]["selecting"]
    known = rules["declared"].groupby("attribute")["value"].agg(set)
    number, kinds = pd.factorize(pd.MultiIndex.from_arrays([lots["product"], *(lots[name] for name in names)]))
    place = cells.specification.astype(np.int64) * len(kinds) + number[cells.batch]
    place, distinct = pd.factorize(place)
    asked = pd.DataFrame(
        {"spec": distinct // len(kinds), "kind": distinct % len(kinds), "at": np.arange(len(distinct))}
    )
    conditions = rules["selectors"].groupby(["spec", "bit", "attribute"])["value"].agg(set).reset_index()
    asked = asked.merge(conditions, on="spec")
    off, uncertain = np.zeros(len(distinct), dtype=np.int64), np.zeros(len(distinct), dtype=np.int64)
    for at, kind, bit, attribute, listed in zip(
        asked["at"], asked["kind"], asked["bit"], asked["attribute"], asked["value"], strict=True
    ):
        answer = kinds[kind][1 + names.index(attribute)]
        if answer not in known[attribute]:
            uncertain[at] |= 1 << bit
        elif answer not in listed:
            off[at] |= 1 << bit
    return off[place], uncertain[place]


def _notes(open_rows: pd.DataFrame, cells: Cells, rules: Rules) -> dict[str, NDArray[np.int64]]:
    """Return by cell what is to be acknowledged, and which failing results count no more."""
    found = {name: np.zeros(len(cells.batch), dtype=np.int64) for name in ("noted", "aside")}
    owners = rules["columns"].set_index(["spec", "mask"])["owner"]
    events = open_rows[open_rows["is_event"] & (open_rows["verdict"] == 2)]
    row = events["row"].to_numpy()
    place = owners.index.get_indexer(pd.MultiIndex.from_arrays([cells.specification[row], events["mask"]]))
    owner = owners.to_numpy()[place]
    np.bitwise_or.at(found["noted"], row, owner)
    aside = events["is_aside"].to_numpy(bool)
    np.bitwise_or.at(found["aside"], row[aside], owner[aside])
    return found


def _settled(
    cells: Cells, notes: dict[str, NDArray[np.int64]], lots: pd.DataFrame, rules: Rules, *, as_of: str
) -> dict[str, NDArray[np.int64]]:
    now = pd.Timestamp(as_of).timestamp()
    columns = rules["columns"]
    spec = cells.specification
    count = len(rules["specifications"])

    def of_specification(frame: pd.DataFrame, name: str) -> NDArray[np.int64]:
        whole = np.zeros(count, dtype=np.int64)
        np.bitwise_or.at(whole, frame["spec"].to_numpy(), frame[name].to_numpy())
        return whole[spec]

    off, uncertain = _applicability(cells, lots, rules)
    masks = {name: bits & ~off for name, bits in cells.masks().items()}
    inner = of_specification(columns[columns["role"] == "part"], "mask")
    whole = {name: bits & ~off for name, bits in _composites(masks, spec, columns, count).items()}
    masks = {name: masks[name] | whole[name] for name in masks}
    explained = whole["f"] | whole["i"]
    f, i, a, c = (masks[name] for name in "fiac")
    a, c = a | (notes["noted"] & c), c & ~notes["noted"]
    expiry = of_specification(rules["stages"], "expiry")
    expires = lots["expires_at"].to_numpy(np.float64)[cells.batch]
    unread = lots["states_expiry"].to_numpy()[cells.batch] & np.isnan(expires)
    f = f | np.where(expires < now, expiry, 0)
    capped = (f | a) & uncertain & ~inner
    f, a = f & ~capped, a & ~capped
    i = i | capped | np.where(unread, expiry, 0)
    missing = of_specification(rules["stages"], "required") & ~off & ~(f | a | i | c)
    pending = np.zeros(len(missing), dtype=np.int64)
    late = columns[columns["due_seconds"].notna()]
    made = lots["manufactured_at"].to_numpy(np.float64)[cells.batch]
    for seconds, group in late.groupby("due_seconds"):
        # A known failure is not carried into a release by waiting for what may take its place.
        pending |= np.where(made + seconds >= now, of_specification(group, "mask"), 0) & missing & ~notes["aside"]
    return {
        "f": f,
        "i": i,
        "a": a,
        "missing": missing,
        "pending": pending,
        "uncertain": uncertain,
        "applies": ~off,
        "bare": missing | capped | explained | ((f | i) & expiry),
    }


def _composites(
    masks: dict[str, NDArray[np.int64]], spec: NDArray[np.int64], columns: pd.DataFrame, count: int
) -> dict[str, NDArray[np.int64]]:
    """Return the bits of composite requirements, by verdict: one composite of every specification at a time."""
    wholes = columns[columns["role"] == "composite"]
    found = {name: np.zeros(len(spec), dtype=np.int64) for name in "fiac"}
    turn = wholes.groupby("spec").cumcount()
    for number in range(int(turn.max()) + 1 if len(turn) else 0):
        chosen = wholes[turn == number]
        table = np.zeros((3, count), dtype=np.int64)
        table[:, chosen["spec"]] = chosen[["mask", "parts", "needed"]].to_numpy().T
        mask, members, needed = table[:, spec]
        met = np.bitwise_count((masks["a"] | masks["c"]) & members) >= needed
        plain = np.bitwise_count(masks["c"] & members) >= needed
        lost = np.bitwise_count(members).astype(np.int64) - np.bitwise_count(masks["f"] & members) < needed
        is_open = (masks["f"] | masks["i"]) & members != 0
        for name, answer in (
            ("c", met & plain),
            ("a", met & ~plain),
            ("f", ~met & lost),
            ("i", ~met & ~lost & is_open),
        ):
            found[name] |= np.where(answer, mask, 0)
    return found


def _dispositions(
    state: dict[str, NDArray[np.int64]], cells: Cells, lots: pd.DataFrame, names: NDArray[np.object_], rules: Rules
) -> pd.DataFrame:
    stages = rules["stages"]
    order = list(dict.fromkeys(stages["stage"]))
    parts = []
    ids = lots["batch_id"].to_numpy(dtype=object)
    count = len(rules["specifications"])
    for stage in order:
        own = stages[stages["stage"] == stage].set_index("spec").reindex(range(count))
        spec = cells.specification
        speaks = own["has_requirements"].to_numpy(bool)[spec]
        seen = (state["f"] | state["i"] | state["a"]) & own["record"].to_numpy(np.int64)[spec] != 0
        at = np.flatnonzero(speaks | seen)
        spec = spec[at]
        mask, reject, hold = (own[name].to_numpy(np.int64)[spec] for name in ("mask", "reject", "hold"))
        f, i, missing, pending = (state[name][at] for name in ("f", "i", "missing", "pending"))
        held = (f & hold != 0) | ((i | missing & ~pending) & mask != 0) | ~speaks[at]
        word = np.select([f & reject != 0, held, pending & mask != 0], [3, 2, 1], default=0)
        parts.append(
            pd.DataFrame(
                {
                    "batch_id": ids[cells.batch[at]],
                    "spec_id": names[spec],
                    "stage": stage,
                    "disposition": np.array(["eligible", "conditional", "hold", "reject"], dtype=object)[word],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _findings(
    rows: pd.DataFrame,
    state: dict[str, NDArray[np.int64]],
    cells: Cells,
    lots: pd.DataFrame,
    names: NDArray[np.object_],
    rules: Rules,
) -> pd.DataFrame:
    columns = rules["columns"][["spec", "mask", "owner", "stage", "requirement_id"]].rename(columns={"mask": "cell"})
    frame = rows.assign(spec=cells.specification[rows["row"]])
    several = frame["mask"] & (frame["mask"] - 1) != 0
    strays = frame[several].merge(columns, on="spec")
    single = frame[~several].assign(cell=frame["mask"]).merge(columns, on=["spec", "cell"])
    named = pd.concat([single, strays[strays["mask"] & strays["cell"] != 0]], ignore_index=True)
    at, cell, owner, verdict = (named[name].to_numpy() for name in ("row", "cell", "owner", "verdict"))
    f, i, a, missing = (state[name][at] & owner != 0 for name in ("f", "i", "a", "missing"))
    seen = np.where(verdict == 0, missing, f | i | a | missing)
    kept = (cell & state["applies"][at] != 0) & np.where(named["is_individual"].to_numpy(bool), a, seen)
    # A failed part of an undecided whole is no failure of the batch.
    uncertain = state["uncertain"][at] & cell != 0
    milder = i & ((verdict == 4) | ((verdict == 2) & uncertain))
    of_rows = named.assign(verdict=np.where(milder, 3, verdict))[kept]
    open_cells = np.flatnonzero(state["bare"])
    of_cells = pd.DataFrame(
        {"row": open_cells, "spec": cells.specification[open_cells], "bare": state["bare"][open_cells]}
    ).merge(columns, on="spec")
    of_cells = of_cells[of_cells["bare"] & of_cells["cell"] != 0]
    at, cell = of_cells["row"].to_numpy(), of_cells["cell"].to_numpy()
    word = np.select([state["f"][at] & cell != 0, state["missing"][at] & cell != 0], [4, 0], default=3)
    of_cells = of_cells.assign(verdict=word, reported="")
    keys = ["row", "spec", "stage", "requirement_id", "verdict", "reported"]
    whole = pd.concat([of_rows[keys], of_cells[keys]], ignore_index=True).drop_duplicates(ignore_index=True)
    return pd.DataFrame(
        {
            "batch_id": lots["batch_id"].to_numpy(dtype=object)[cells.batch[whole["row"].to_numpy(np.int64)]],
            "spec_id": names[whole["spec"].to_numpy(np.int64)],
            "stage": whole["stage"],
            "requirement_id": whole["requirement_id"],
            "verdict": _WORDS[whole["verdict"].to_numpy(np.int64)],
            "reported": whole["reported"],
        }
    )
