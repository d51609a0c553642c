"""What an evaluation has to find: the disposition of every lot at every stage, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from regenqc.simulation.panels import BANK, PRODUCT
from regenqc.simulation.troubles import EVERY_STAGE, TROUBLES
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.simulation.attributes import Attributes
    from regenqc.simulation.deal import Deal
    from regenqc.simulation.panels import Panel
    from regenqc.simulation.pools import TextPool

__all__ = ["Truth", "describe_requirements", "describe_trouble", "expected_truth"]

_SEVERITY = {word: rank for rank, word in enumerate(Disposition)}
_BUILT_IN = ("result_record", "expiry")
_REQUIREMENTS = sorted(
    {name for panel in (BANK, PRODUCT) for group in panel.requirements for name in group} | set(_BUILT_IN)
)
_BIT = {name: np.uint64(1 << place) for place, name in enumerate(_REQUIREMENTS)}
_KINDS = len(TROUBLES) + 1
# These apply to some lots only: attribute and value that select them.
_SELECTED = {
    "viability_fresh": ("formulation", "fresh"),
    "viability_cryopreserved": ("formulation", "cryopreserved"),
    **dict.fromkeys(("rcl", "rcl_share_tested", "rcl_detection", "rcl_per_dose"), ("vector", "lentiviral")),
    "rcr": ("vector", "gammaretroviral"),
}
# These are computed from what the batch table says, and need no result.
_STATED = frozenset({"sterility_sample"})


@dataclass(frozen=True, slots=True)
class Truth:
    """One entry per lot and stage.

    Args:
        lot: number of the lot.
        stage: position in the stages of its panel.
        disposition: rank of the disposition, mildest first.
        trouble: number of the combination that counts at the stage; `describe_trouble` explains it.
        requirements: set of requirements as bits; `describe_requirements` explains it.
    """

    lot: NDArray[np.int64]
    stage: NDArray[np.int64]
    disposition: NDArray[np.int64]
    trouble: NDArray[np.int64]
    requirements: NDArray[np.uint64]


def expected_truth(
    panel: Panel,
    lots: NDArray[np.int64],
    fate: Deal,
    attributes: Attributes,
    pools: dict[str, TextPool],
    *,
    noted: NDArray[np.int64],
) -> Truth:
    """Return what an evaluation of lots of one panel has to find, lot by lot and stage by stage.

    Args:
        panel: what the lots report.
        lots: their numbers.
        fate: what was dealt to them.
        attributes: what is true of them.
        pools: of the attributes.
        noted: for each lot the place in the panel of the result whose earlier failure stays visible, -1 for none.
    """
    shape = (lots.size, len(panel.stages))
    severity = np.zeros(shape, dtype=np.int64)
    requirements = np.zeros(shape, dtype=np.uint64)
    combination = np.zeros(shape, dtype=np.int64)
    selected = {
        name: getattr(attributes, attribute) == pools[attribute].code(value)
        for name, (attribute, value) in _SELECTED.items()
    }
    for number, trouble in enumerate(TROUBLES):
        mine = np.flatnonzero((fate.first == number) | (fate.second == number))
        if not mine.size:
            continue
        for place, stage in enumerate(panel.stages):
            if len(panel.stages) > 1 and trouble.stage not in (EVERY_STAGE, stage):
                continue
            combination[mine, place] += np.where(fate.first[mine] == number, _KINDS, 1) * (number + 1)
            severity[mine, place] = np.maximum(severity[mine, place], _SEVERITY[trouble.disposition])
            names = trouble.requirements
            if panel is BANK and trouble.bank_requirements:
                names = trouble.bank_requirements
            if trouble.no_rows:
                names = tuple(name for name in panel.requirements[place] if name not in _STATED)
            for name in names:
                if trouble.stage == EVERY_STAGE and name not in (*_BUILT_IN, *panel.requirements[place]):
                    continue
                requirements[mine, place] |= _bits(name, mine, selected, all_that_apply=trouble.no_rows)
    for position, slot in enumerate(panel.slots):
        mine = np.flatnonzero(noted == position)
        if slot.requirement and mine.size:
            place = panel.stages.index(slot.stage)
            name = "viability_post_thaw" if panel is BANK and slot.requirement == "viability" else slot.requirement
            requirements[mine, place] |= _bits(name, mine, selected, all_that_apply=False)
    lot, stage_place = np.divmod(np.arange(severity.size), len(panel.stages))
    return Truth(lots[lot], stage_place, severity.ravel(), combination.ravel(), requirements.ravel())


def _bits(
    name: str, mine: NDArray[np.int64], selected: dict[str, NDArray[np.bool_]], *, all_that_apply: bool
) -> NDArray[np.uint64]:
    if name == "viability":
        fresh = selected["viability_fresh"][mine]
        return np.where(fresh, _BIT["viability_fresh"], _BIT["viability_cryopreserved"])
    if all_that_apply and name in selected:
        return np.where(selected[name][mine], _BIT[name], np.uint64(0))
    return np.full(mine.size, _BIT[name])


def describe_trouble(code: int) -> str:
    """Return the words of a combination of troubles, sorted and joined.

    Example:
        >>> describe_trouble(0), describe_trouble(_KINDS)
        ('', 'sterility_growth')
    """
    numbers = [number - 1 for number in divmod(code, _KINDS) if number]
    return ";".join(sorted(TROUBLES[number].word for number in numbers))


def describe_requirements(bits: int) -> str:
    """Return the identifiers of a set of requirements, sorted and joined.

    Example:
        >>> describe_requirements(0)
        ''
    """
    return ";".join(name for place, name in enumerate(_REQUIREMENTS) if bits >> place & 1)
