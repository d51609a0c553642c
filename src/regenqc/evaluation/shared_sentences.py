"""Which findings say the same by specifications of one form, and which say the same but for limits.

Of ten million results by thousands of specifications nearly every sentence would else be made for itself.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.specification.criteria import criteria_of
from regenqc.vocabulary import Reason

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.families import Family
    from regenqc.specification.model import Requirement, Specification

__all__ = ["CONTROL_REASONS", "SharedSentences", "Sharing"]

# Reasons of a cell that say what its controls must show, and what its results would be by themselves.
CONTROL_REASONS: Final = np.array([Reason.CONTROL_MISSING, Reason.CONTROL_FAILED, Reason.CONTROL_INCONCLUSIVE])


class Sharing(IntEnum):
    """What the sentence of a finding has in common with those by other specifications of its form and wording."""

    NOTHING = 0
    ALL = 1
    ALL_BUT_LIMITS = 2


class SharedSentences:
    """What the sentences of specifications that are judged together have in common.

    Args:
        families: of the specifications.
        specifications: all of the run.

    Attributes:
        speaker: for each specification the first one of its family that differs from it in numbers and names only; one
            entry more, for batches without specification.

    Example:
        >>> SharedSentences([], specifications=[]).speaker.tolist()
        [0]
    """

    def __init__(self, families: Sequence[Family], *, specifications: Sequence[Specification]) -> None:
        self.speaker = np.arange(len(specifications) + 1)
        self._family = np.full(len(specifications) + 1, len(families))
        most = max((len(entry.requirements) for entry in specifications), default=0)
        # One requirement more, for built-in ones.
        self._of_requirement = np.full((len(families) + 1, most + 1), Sharing.NOTHING, dtype=np.int8)
        for number, family in enumerate(families):
            self._family[list(family.members)] = number
            if len(family.members) == 1:
                continue
            first: dict[bytes, int] = {}
            for index in family.members:
                self.speaker[index] = first.setdefault(specifications[index].form.wording, index)
            self._of_requirement[number] = Sharing.ALL
            for at, requirement in enumerate(specifications[family.members[0]].requirements):
                if not _has_no_numbers(requirement):
                    self._of_requirement[number, at] = Sharing.ALL_BUT_LIMITS

    def how(
        self,
        specification: NDArray[np.integer[Any]],
        requirement: NDArray[np.integer[Any]],
        *,
        reason: NDArray[np.integer[Any]],
        of_cell: NDArray[np.bool_],
    ) -> NDArray[np.int8]:
        """Return `Sharing` of each finding.

        Args:
            specification: index, or their number for a batch without specification.
            requirement: index in the specification, below zero for a built-in one.
            reason: of the finding.
            of_cell: whether no row explains it.
        """
        found: NDArray[np.int8] = self._of_requirement[self._family[specification], np.maximum(requirement, -1)]
        names_controls = of_cell & np.isin(reason, CONTROL_REASONS)
        return np.where(names_controls, Sharing.NOTHING, found).astype(np.int8)


def _has_no_numbers(requirement: Requirement) -> bool:
    return all(criterion.limit is None and criterion.alert is None for criterion in criteria_of(requirement))
