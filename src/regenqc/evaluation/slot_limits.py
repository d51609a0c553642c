"""The limits of slots, slot by slot and in every slot member by member of its family."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from regenqc.evaluation.limit_bounds import LimitBounds, WrittenLimit
from regenqc.evaluation.slots import criterion_of_member
from regenqc.specification.criteria import criteria_of
from regenqc.specification.limit_numbers import LIMIT_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.families import Family
    from regenqc.evaluation.slots import Slot
    from regenqc.specification.model import Specification

__all__ = ["SlotLimits"]


class _FamilyLimits(NamedTuple):
    """The limits of one family.

    Args:
        slots: those that have limits.
        places: of their criteria among those of a specification, see `SpecificationForm.numbers`.
        members: specifications, the first of which stands for the form.
        first_limit: index of its first limit among those of all families.
    """

    slots: NDArray[np.int64]
    places: NDArray[np.int64]
    members: tuple[Specification, ...]
    first_limit: int


class SlotLimits:
    """The limits of a plan; those of one slot follow each other in the order of the members of its family.

    Args:
        slots: of all families, one family after the other.
        ends: where the slots of each family end.
        families: of the specifications.
        specifications: all of the run.

    Attributes:
        slot: those that have limits.
        first_limit: index of the first limit of each of these in `bounds`.
        has_members: whether each of these has a limit for every member of a family of several.
        bounds: of the limits in every unit.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        *,
        ends: Sequence[int],
        families: Sequence[Family],
        specifications: Sequence[Specification],
    ) -> None:
        self._slots = slots
        self._families: list[_FamilyLimits] = []
        begin, first_limit = 0, 0
        for family, end in zip(families, ends, strict=True):
            members = tuple(specifications[index] for index in family.members)
            own = _limits_of(slots, begin, end, members, first_limit)
            self._families.append(own)
            begin, first_limit = end, first_limit + len(own.slots) * len(members)
        self.slot = np.concatenate([family.slots for family in self._families])
        self.first_limit = np.concatenate(
            [family.first_limit + len(family.members) * np.arange(len(family.slots)) for family in self._families]
        )
        self.has_members = np.concatenate(
            [np.full(len(family.slots), len(family.members) > 1) for family in self._families]
        )
        self.bounds = self._bounds()

    def _bounds(self) -> LimitBounds:
        names: dict[str, int] = {}
        numbers, units = [], []
        for family in self._families:
            own = [names.setdefault(name, len(names)) for pair in self._units(family) for name in pair]
            units.append(np.repeat(np.array(own, dtype=np.int64).reshape(-1, 2), len(family.members), axis=0))
            joined = b"".join(member.form.numbers for member in family.members)
            of_member = np.frombuffer(joined, dtype=LIMIT_NUMBERS).reshape(len(family.members), -1)
            numbers.append(of_member[:, family.places].T.ravel())
        return LimitBounds(
            np.concatenate(numbers), units=np.concatenate(units), names=list(names), written=self._written
        )

    def _units(self, family: _FamilyLimits) -> list[tuple[str, str]]:
        """Return the units of the limits and alert limits, which members have in common."""
        members = len(family.members)
        written = [self._written(family.first_limit + at * members) for at in range(len(family.slots))]
        return [(entry.limit.unit, (entry.alert or entry.limit).unit) for entry in written]

    def _written(self, limit: int) -> WrittenLimit:
        # A family without limits begins where the next one does.
        family = self._families[bisect_right(self._families, limit, key=lambda entry: entry.first_limit) - 1]
        at, member = divmod(limit - family.first_limit, len(family.members))
        slot = self._slots[family.slots[at]]
        criterion = criterion_of_member(slot, family.members[member])
        assert criterion is not None  # noqa: S101 - the form of a family says which criteria have limits
        assert criterion.limit is not None  # noqa: S101
        return WrittenLimit(criterion.limit, criterion.alert, slot.rounding)


def _limits_of(
    slots: Sequence[Slot], begin: int, end: int, members: tuple[Specification, ...], first_limit: int
) -> _FamilyLimits:
    first = np.cumsum([0, *(len(criteria_of(requirement)) for requirement in members[0].requirements)])
    own = [
        (number, int(first[slot.requirement]) + slot.part + 1)
        for number, slot in enumerate(slots[begin:end], start=begin)
        if slot.criterion is not None and slot.criterion.limit is not None
    ]
    numbers, places = np.array(own, dtype=np.int64).reshape(-1, 2).T
    return _FamilyLimits(numbers, places, members, first_limit)
