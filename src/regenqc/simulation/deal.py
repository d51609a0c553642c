"""Which lot is a cell bank, and which lot gets which trouble.

The first sixty lots of every run are a catalogue: the kinds of trouble are dealt over them without repetition, so that a
small export shows them all. After that the share of troubled lots is what the caller asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from regenqc.simulation.troubles import TROUBLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.simulation.dice import Dice

__all__ = ["CATALOGUE_LOTS", "Deal", "deal"]

CATALOGUE_LOTS = 60
_DECADE = 10
_SHARE_OF_SECOND_TROUBLE = 0.08

# Kinds that banks show in the catalogue; product lots show all others, some of them two to a lot.
_BANK_CATALOGUE = (
    ("karyotype_trisomy",),
    ("karyotype_mosaic",),
    ("karyotype_too_few_metaphases",),
    ("karyotype_wrong_sex",),
    ("missing_test",),
    (),
)
_PAIRS = (
    ("in_process_viability_below", "endotoxin_exactly_at_limit"),
    ("in_process_marker_below", "viability_alert"),
    ("in_process_density_thousands", "sterility_due_today"),
    ("sterility_pending", "replicate_mean_exactly_at_limit"),
    ("unknown_word", "dose_above"),
    ("markers_too_few", "residual_censored_undecidable"),
    ("unverified_result", "rcr_detected"),
    ("interim_word_only", "identity_reference_missing"),
    ("sterility_preliminary_only", "recipient_weight_missing"),
    ("growth_promotion_failed", "dose_below"),
    ("growth_promotion_missing", "purity_no_alternative"),
    ("spike_recovery_failed", "viability_text"),
    ("positive_control_missing", "number_for_word"),
    ("retest_allowed", "individual_outside_mean"),
    ("retest_not_allowed", "endotoxin_missing_unit"),
    ("too_many_retests", "unknown_test"),
    ("invalidated_by_the_analyst", "empty_result"),
    ("too_many_doublings", "out_of_storage_exceeded"),
    ("methods_disagree", "sterility_sample_too_small"),
    ("recovery_below", "residual_uncertainty_missing"),
    ("dose_per_kg_above", "sterility_final_after_preliminary"),
    ("viable_dose_below", "rcl_share_too_small"),
    ("residual_culture_above", "appearance_not_conforming"),
    ("rcl_amount_missing", "out_of_storage_interval_open"),
    ("endotoxin_wrong_unit", "viability_decimal_comma"),
    ("endotoxin_unknown_unit", "cancelled_with_result"),
    ("rcl_missing", "viability_range"),
    ("vector_not_understood", "residual_not_detected_without_limit"),
    ("vector_not_stated", "revision_failing"),
    ("formulation_not_stated", "residual_culture_undecided"),
    ("expired_batch", "replicate_mean_below"),
    ("refused_status", "gram_stain_positive"),
    ("refused_date", "residual_greater_than"),
)


@dataclass(frozen=True, slots=True)
class Deal:
    """The fate of lots.

    Args:
        is_bank: whether a lot is a cell bank.
        line: number of the cell line: a bank and the products made from it.
        first: position in `TROUBLES`, -1 for none.
        second: of another trouble that touches nothing the first one touches, -1 for none.
    """

    is_bank: NDArray[np.bool_]
    line: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]

    def of(self, places: NDArray[np.int64]) -> Deal:
        """Return the fates of some of the lots."""
        return Deal(self.is_bank[places], self.line[places], self.first[places], self.second[places])


def deal(dice: Dice, lots: NDArray[np.int64], *, troubled_share: float) -> Deal:
    """Deal fates to lots, each by its own number.

    Args:
        dice: of the run.
        lots: numbers from 0.
        troubled_share: of the lots beyond the catalogue; 0 plants nothing anywhere.

    Example:
        >>> import numpy as np
        >>> from regenqc.simulation.dice import Dice
        >>> fate = deal(Dice(1), np.arange(60), troubled_share=0.35)
        >>> int(fate.is_bank.sum()), int((fate.first < 0).sum()), int((fate.second >= 0).sum())
        (6, 3, 33)
    """
    bank_place = dice.bank_place
    line, place = np.divmod(lots, _DECADE)
    is_bank = place == bank_place
    first = np.full(lots.shape, -1, dtype=np.int64)
    second = first.copy()
    if troubled_share <= 0:
        return Deal(is_bank, line, first, second)
    troubled = dice.share("troubled", lots) < troubled_share
    doubled = dice.share("doubled", lots) < _SHARE_OF_SECOND_TROUBLE
    for kind_of_lot, mask in (("bank", is_bank), ("product", ~is_bank)):
        kinds, partners, partner_count = _compatible(kind_of_lot == "bank")
        chosen = dice.pick("kind", lots, len(kinds))
        np.copyto(first, kinds[chosen], where=mask & troubled)
        drawn = dice.bits("second kind", lots) % np.maximum(partner_count[chosen], 1).astype(np.uint64)
        has_second = mask & troubled & doubled & (partner_count[chosen] > 0)
        np.copyto(second, partners[chosen, drawn.astype(np.int64)], where=has_second)
    early = np.flatnonzero(lots < CATALOGUE_LOTS)
    for index in early:
        position = int(line[index]) if is_bank[index] else int(lots[index] - line[index] - (place[index] > bank_place))
        pair = _catalogue(dice)[bool(is_bank[index])][position]
        first[index], second[index] = pair
    return Deal(is_bank, line, first, second)


@cache
def _compatible(bank: bool) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:  # noqa: FBT001
    """Return the kinds that occur, and for each of them the kinds that may join it, with their number."""
    kinds = [number for number, trouble in enumerate(TROUBLES) if trouble.bank or not bank]
    partners = np.full((len(kinds), len(kinds)), -1, dtype=np.int64)
    count = np.zeros(len(kinds), dtype=np.int64)
    for row, kind in enumerate(kinds):
        mine = TROUBLES[kind]
        for other in kinds:
            theirs = TROUBLES[other]
            if other == kind or mine.no_rows or theirs.no_rows or mine.touches & theirs.touches:
                continue
            partners[row, count[row]] = other
            count[row] += 1
    return np.array(kinds, dtype=np.int64), partners, count


@cache
def _catalogue(dice: Dice) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return the fates of the first product lots and of the first banks."""
    number = {trouble.word: position for position, trouble in enumerate(TROUBLES)}
    grouped = {word for group in (*_BANK_CATALOGUE, *_PAIRS) for word in group}
    groups = [*_PAIRS, *((word,) for word in number if word not in grouped)]
    places = CATALOGUE_LOTS - len(_BANK_CATALOGUE)
    groups += [()] * (places - len(groups))

    def numbered(group: tuple[str, ...]) -> tuple[int, int]:
        pair = [number[word] for word in group] + [-1, -1]
        return pair[0], pair[1]

    products = dice.shuffled("product catalogue", [numbered(group) for group in groups])
    banks = dice.shuffled("bank catalogue", [numbered(group) for group in _BANK_CATALOGUE])
    return products, banks
