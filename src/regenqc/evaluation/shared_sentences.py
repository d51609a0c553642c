"""Which findings say the same by specifications of one form, and which say the same but for the limit.

Of ten million results by thousands of specifications nearly every sentence would else be made for itself.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.evaluation.explanations import criterion_text, limit_text
from regenqc.specification.criteria import criteria_of
from regenqc.specification.model import Requirement
from regenqc.vocabulary import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.families import Family
    from regenqc.evaluation.slots import Slot
    from regenqc.specification.model import Criterion, Specification

__all__ = ["CONTROL_REASONS", "SharedSentences", "Sharing"]

# Reasons of a cell that say what its controls must show, and what its results would be by themselves.
CONTROL_REASONS: Final = np.array([Reason.CONTROL_MISSING, Reason.CONTROL_FAILED, Reason.CONTROL_INCONCLUSIVE])


class Sharing(IntEnum):
    """What the sentence of a finding has in common with those by other specifications of its form and wording."""

    NOTHING = 0
    ALL = 1
    ALL_BUT_LIMIT = 2


class SharedSentences:
    """What the sentences of specifications that are judged together have in common.

    Args:
        slots: of all specifications.
        families: of the specifications.
        specifications: all of the run.

    Attributes:
        speaker: for each specification the first one of its family that differs from it in numbers and names only; one
            entry more, for batches without specification.

    Example:
        >>> SharedSentences([], families=[], specifications=[]).speaker.tolist()
        [0]
    """

    def __init__(
        self, slots: Sequence[Slot], *, families: Sequence[Family], specifications: Sequence[Specification]
    ) -> None:
        self.speaker = np.arange(len(specifications) + 1)
        self._family = np.full(len(specifications) + 1, len(families))
        self._is_shared = np.zeros(len(families) + 1, dtype=np.bool_)
        most = max((len(entry.requirements) for entry in specifications), default=0)
        self._of_cell = np.zeros((len(families) + 1, most), dtype=np.int8)
        for number, family in enumerate(families):
            self._family[list(family.members)] = number
            if len(family.members) == 1:
                continue
            self._is_shared[number] = True
            first: dict[bytes, int] = {}
            for index in family.members:
                self.speaker[index] = first.setdefault(specifications[index].form.wording, index)
            for at, requirement in enumerate(specifications[family.members[0]].requirements):
                self._of_cell[number, at] = _sharing(requirement, requirement)
        # By whether the sentence says why the cell is milder than the row, which names all that its requirement demands.
        self._of_slot = np.zeros((2, len(slots)), dtype=np.int8)
        for at, slot in enumerate(slots):
            if self._is_shared[slot.specification]:
                requirements = specifications[families[slot.specification].members[0]].requirements
                self._of_slot[:, at] = _sharing_of_slot(slot, requirements)

    def how(
        self,
        specification: NDArray[np.integer[Any]],
        slot: NDArray[np.integer[Any]],
        requirement: NDArray[np.integer[Any]],
        *,
        reason: NDArray[np.integer[Any]],
        capped: NDArray[np.bool_],
    ) -> NDArray[np.int8]:
        """Return `Sharing` of each finding.

        Args:
            specification: index, or their number for a batch without specification.
            slot: below zero for a cell that no row explains.
            requirement: index in the specification, below zero for a built-in one.
            reason: of the finding.
            capped: whether the cell is milder than the row.
        """
        family = self._family[specification]
        of_cell = np.where(requirement >= 0, self._of_cell[family, np.maximum(requirement, 0)], self._is_shared[family])
        of_cell[np.isin(reason, CONTROL_REASONS)] = Sharing.NOTHING
        found: NDArray[np.int8] = np.where(slot >= 0, self._of_slot[capped.astype(np.int8), slot], of_cell)
        return found.astype(np.int8)


def _sharing_of_slot(slot: Slot, requirements: Sequence[Requirement]) -> tuple[Sharing, Sharing]:
    """Return what is shared by sentences about rows of a slot, and by those that say why the cell is milder."""
    if slot.requirement < 0:
        return Sharing.ALL, Sharing.ALL
    requirement = requirements[slot.requirement]
    own = _sharing(slot.criterion or requirement, requirement)
    return own, own if _has_no_numbers(requirement) else Sharing.NOTHING


def _sharing(criterion: Criterion, requirement: Requirement) -> Sharing:
    if _has_no_numbers(requirement):
        return Sharing.ALL
    if criterion.limit is None:
        # A requirement names its parts, and each of these only itself.
        return Sharing.NOTHING if isinstance(criterion, Requirement) else Sharing.ALL
    if isinstance(criterion, Requirement):
        is_limit = criterion_text(criterion) == limit_text(criterion.limit)
    else:
        is_limit = criterion.one_of is None and criterion.none_of is None
    return Sharing.ALL_BUT_LIMIT if is_limit else Sharing.NOTHING


def _has_no_numbers(requirement: Requirement) -> bool:
    return all(criterion.limit is None and criterion.alert is None for criterion in criteria_of(requirement))
