"""The batch table: what is true of each lot, and what the table says about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regenqc.simulation.pools import HOURS, TextPool, hour_of
from regenqc.simulation.readings import DONORS
from regenqc.simulation.troubles import TROUBLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.simulation.deal import Deal
    from regenqc.simulation.dice import Dice
    from regenqc.simulation.panels import Panel

__all__ = ["BATCH_COLUMNS", "AttributeTable", "Attributes"]

# `batch_id`, `cell_bank_id` and `coi_id` are written from the lot number.
BATCH_COLUMNS = (
    "batch_id",
    "product",
    "cell_source",
    "donor_relation",
    "vector",
    "modification_step",
    "formulation",
    "route",
    "storage",
    "recipient_weight",
    "recipient_weight_unit",
    "dose_volume",
    "dose_volume_unit",
    "infusion_hours",
    "infusion_hours_unit",
    "dose_cells",
    "dose_cells_unit",
    "supernatant_volume",
    "supernatant_volume_unit",
    "containers_tested",
    "manufactured_at",
    "expires_at",
    "cell_bank_id",
    "donor_id",
    "donor_sex",
    "donor_str_profile",
    "coi_id",
)

_BANK_VALUES: dict[str, tuple[str, ...]] = {
    "cell_source": ("hipsc",),
    "donor_relation": ("allogeneic",),
    "vector": ("none",),
    "modification_step": ("none",),
    "formulation": ("cryopreserved",),
    "storage": ("vapour phase of liquid nitrogen",),
}
_PRODUCT_VALUES: dict[str, tuple[str, ...]] = {
    "cell_source": ("hipsc",),
    "donor_relation": ("allogeneic",),
    "vector": ("none", "none", "none", "lentiviral", "lentiviral", "gammaretroviral"),
    "formulation": ("fresh", "cryopreserved", "cryopreserved"),
    "route": ("stereotactic", "intravenous"),
    "recipient_weight": ("40.5", "48", "55.0", "61", "70", "72.5", "88", "104"),
    "recipient_weight_unit": ("kg",),
    "dose_volume": ("10", "25", "50", "100"),
    "dose_volume_unit": ("mL",),
    "infusion_hours": ("1", "1", "2"),
    "infusion_hours_unit": ("h",),
    "dose_cells": ("100000000", "1E8", "1.0E8"),
    "dose_cells_unit": ("cells",),
    "supernatant_volume": ("4", "4.5", "5"),
    "supernatant_volume_unit": ("L",),
    "containers_tested": ("16", "20", "24"),
}
_STORAGE = {"fresh": "2-8 degC", "cryopreserved": "vapour phase of liquid nitrogen"}
_MODIFICATION = {"none": "none", "lentiviral": "during_differentiation", "gammaretroviral": "during_differentiation"}
_FIRST_MANUFACTURE, _LAST_MANUFACTURE = hour_of("2025-07-15T00:00:00Z"), hour_of("2026-06-06T00:00:00Z")


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes of the lots of one panel.

    Args:
        shown: what the batch table says, text numbers by column.
        vector: what is true, as numbers of the pool of that column; so are the next two.
        formulation: see `vector`.
        donor: number of the donor.
        manufactured_hour: of the calendar.
    """

    shown: dict[str, NDArray[np.int32]]
    vector: NDArray[np.int32]
    formulation: NDArray[np.int32]
    donor: NDArray[np.int64]
    manufactured_hour: NDArray[np.int64]


class AttributeTable:
    """Draw the attributes of lots.

    Args:
        dice: of the run.
    """

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self.pools = {name: TextPool() for name in BATCH_COLUMNS if name not in ("batch_id", "cell_bank_id", "coi_id")}
        hours = TextPool(HOURS)
        # Products keep three years: the same hours, three calendar years later, so that no lot expires by accident.
        self._expiry = TextPool([f"{int(hour[:4]) + 3}{hour[4:]}" for hour in HOURS])
        self.pools |= {"manufactured_at": hours, "expires_at": self._expiry}
        self._donors = {
            name: self.pools[name].codes([getattr(donor, field) for donor in DONORS])
            for name, field in (("donor_id", "donor_id"), ("donor_sex", "sex"), ("donor_str_profile", "profile"))
        }
        for trouble in TROUBLES:
            for name, texts in trouble.settings:
                self.pools[name].codes(texts)
            for name, text in trouble.shown:
                self.pools[name].code(text)

    def draw(self, panel: Panel, lots: NDArray[np.int64], fate: Deal, *, bank: bool) -> Attributes:
        """Return the attributes of lots of one panel."""
        true = {name: np.zeros(lots.shape, dtype=np.int32) for name in self.pools}
        true["product"] += self.pools["product"].code(panel.product)
        for name, texts in (_BANK_VALUES if bank else _PRODUCT_VALUES).items():
            codes = self.pools[name].codes(texts)
            true[name] = codes[self._dice.pick(name, lots, len(texts))]
        span = _LAST_MANUFACTURE - _FIRST_MANUFACTURE
        true["manufactured_at"] = (self._dice.pick("manufactured_at", lots, span) + _FIRST_MANUFACTURE + 1).astype(
            np.int32
        )
        for number, trouble in enumerate(TROUBLES):
            if trouble.settings and (mine := np.flatnonzero((fate.first == number) | (fate.second == number))).size:
                for name, texts in trouble.settings:
                    codes = self.pools[name].codes(texts)
                    true[name][mine] = codes[self._dice.pick(f"{trouble.word} {name}", lots[mine], len(texts))]
        donor = self._dice.pick("donor", fate.line, len(DONORS))
        true |= {name: codes[donor] for name, codes in self._donors.items()}
        hour = self._hours_of_texts()[true["manufactured_at"]]
        if not bank:
            for name, source, words in (
                ("storage", "formulation", _STORAGE),
                ("modification_step", "vector", _MODIFICATION),
            ):
                true[name] = self._translate(name, source, words)[true[source]]
        keeps = true["formulation"] == self.pools["formulation"].code("cryopreserved")
        true["expires_at"] = np.where(keeps, hour + 1, 0).astype(np.int32)
        shown = dict(true)
        for number, trouble in enumerate(TROUBLES):
            if trouble.shown and (mine := np.flatnonzero((fate.first == number) | (fate.second == number))).size:
                for name, text in trouble.shown:
                    shown[name] = shown[name].copy() if shown[name] is true[name] else shown[name]
                    shown[name][mine] = self.pools[name].code(text)
        return Attributes(shown, true["vector"], true["formulation"], donor, hour)

    def _hours_of_texts(self) -> NDArray[np.int64]:
        texts = self.pools["manufactured_at"].texts
        extra = [hour_of(text) for text in texts[len(HOURS) + 1 :]]
        return np.array([0, *range(len(HOURS)), *extra], dtype=np.int64)

    def _translate(self, name: str, source: str, words: dict[str, str]) -> NDArray[np.int32]:
        return self.pools[name].codes([words.get(text, "") for text in self.pools[source].texts])
