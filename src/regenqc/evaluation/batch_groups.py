"""Group batches that the same requirements apply to, and give every batch its row of cells.

What applies to a batch follows from its attributes: the product a specification speaks about, the `when` of each
requirement, and the dates of validity. Batches that agree in all of them form a group; the kernel looks up the group.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from regenqc.errors import Fault, InternalError
from regenqc.evaluation.dates import NO_TIME, parse_time
from regenqc.evaluation.grouping import distinct_combinations
from regenqc.evaluation.plan import STAGES, Plan, Settling
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from numpy.typing import NDArray

    from regenqc.evaluation.families import Family
    from regenqc.intake.batches import BatchTable
    from regenqc.specification.model import Requirement, Specification

__all__ = ["Applies", "BatchGroups", "Group", "Places"]

# The kernel keeps the highest bit of a number of 32 for whether a row is settled: a place that used it would conform.
_MOST_PLACES: Final = 1 << 31


class Applies(IntEnum):
    """Whether a requirement applies to a batch."""

    NO = 0
    YES = 1
    UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Group:
    """Batches that the same requirements apply to.

    Args:
        specifications: indices of the specifications that speak about them.
        speaks: for each of these, whether that is certain.
        valid: whether each of these is valid at the batch's date; unknown where that date cannot be read.
        applies: for each of these, `Applies` of each of its requirements.
        column_of_slot: column in the cells of a batch, by slot.
        width: number of cells of a batch.
        listed: whether the batches stand in the batch table, or no table was given.
    """

    specifications: tuple[int, ...]
    speaks: tuple[Applies, ...]
    valid: tuple[Applies, ...]
    applies: tuple[tuple[Applies, ...], ...]
    column_of_slot: dict[int, int]
    width: int
    listed: bool


@dataclass(frozen=True, slots=True)
class Places:
    """The slots that judge each place; see `regenqc.evaluation.kernel.PlanArrays`."""

    begin: NDArray[np.uint64]
    slot_at: NDArray[np.uint32]
    column_at: NDArray[np.uint32]
    settling_at: NDArray[np.uint32]
    receiving_at: NDArray[np.uint32]


class BatchGroups:
    """Assign groups and cells to batches as they appear.

    Args:
        plan: slots of all specifications.
        table: attributes of batches; `None` when the run has no batch table.
        as_of: moment of evaluation, the date of a batch that states none.
    """

    def __init__(self, plan: Plan, *, table: BatchTable | None, as_of: datetime) -> None:
        self.plan = plan
        self.table = table
        self.as_of = as_of
        self.groups: list[Group] = []
        self._keys: dict[tuple[object, ...], int] = {}
        self._boundaries = sorted(_boundaries(plan.specifications))
        self._names = tuple(
            sorted({name for specification in plan.specifications for name in _selectors(specification)})
        )
        self.group_of_batch: NDArray[np.int32] = np.empty(0, dtype=np.int32)
        self.batch_at: NDArray[np.uint64] = np.empty(0, dtype=np.uint64)
        self.cells: NDArray[np.uint8] = np.zeros(0, dtype=np.uint8)
        self._attribute_codes: dict[str, tuple[NDArray[np.integer[Any]], list[str]]] = {}
        self._columns_by_slot = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        self._seconds: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._used = 0
        self._default = (
            None
            if any(family.attribute for family in plan.families)
            else self._group({}, int(as_of.timestamp()), listed=table is None)
        )
        if table is not None:
            self._assign(self._listed_groups(table), members=self._listed_members(table))

    @property
    def batch_count(self) -> int:
        """Return the number of batches seen so far."""
        return len(self.group_of_batch)

    def extend(self, count: int) -> None:
        """Make room for batches that the results name and the table does not, up to `count` in all."""
        fresh = count - self.batch_count
        if fresh > 0:
            assert self._default is not None  # noqa: S101 - families are formed only where every batch is listed
            self._assign(np.full(fresh, self._default, dtype=np.int32))

    def batches_of(self, specification: int) -> list[int]:
        """Return the codes of the batches that a specification speaks about."""
        speaks = np.array([specification in group.specifications for group in self.groups], dtype=np.bool_)
        codes: list[int] = np.flatnonzero(speaks[self.group_of_batch]).tolist()
        return codes

    def attribute_codes(self, name: str, batches: NDArray[np.integer]) -> tuple[NDArray[np.integer[Any]], list[str]]:
        """Return an attribute of some batches as indices into a list of its distinct values, the first of which is empty."""
        if self.table is None or name not in self.table.attributes:
            return np.zeros(len(batches), dtype=np.int64), [""]
        known = self._attribute_codes.get(name)
        if known is None:
            codes, values = self.table.coded(name)
            known = self._attribute_codes[name] = np.append(codes, codes.dtype.type(0)), values
        codes_of_batch, distinct = known
        return codes_of_batch[np.minimum(batches, len(codes_of_batch) - 1)], distinct

    def are_judged_by(self, slot: int, batches: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return for each batch whether a slot applies to it."""
        applies = np.array([slot in group.column_of_slot for group in self.groups], dtype=np.bool_)
        judged: NDArray[np.bool_] = applies[self.group_of_batch[batches]]
        return judged

    def cells_of(self, batch: NDArray[np.integer], slot: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the index in `cells` of each (batch, slot); every slot must apply to its batch's group."""
        keys, columns = self._columns_by_slot
        if len(keys) != sum(len(group.column_of_slot) for group in self.groups):
            keys, columns = self._columns_by_slot = self._all_columns()
        key = self.group_of_batch[batch] * np.int64(len(self.plan.slots)) + slot
        cells: NDArray[np.int64] = self.first_cells(batch) + columns[np.searchsorted(keys, key)]
        return cells

    def first_cells(self, batches: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the index in `cells` of the first cell of each batch."""
        first: NDArray[np.int64] = self.batch_at[3 * batches.astype(np.int64) + 1].astype(np.int64)
        return first

    def manufactured_at(self, batches: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return when each batch was made, in seconds; `NO_TIME` where that is not stated or cannot be read."""
        date, dates = self.attribute_codes("manufactured_at", batches)
        if len(self._seconds) != len(dates):
            seconds = [parse_time(text) for text in dates]
            self._seconds = np.array([NO_TIME if moment is None else moment for moment in seconds], dtype=np.int64)
        made: NDArray[np.int64] = self._seconds[date]
        return made

    def _all_columns(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the columns of all groups, by group and slot."""
        width = len(self.plan.slots)
        entries = sorted(
            (number * width + slot, column)
            for number, group in enumerate(self.groups)
            for slot, column in group.column_of_slot.items()
        )
        keys, columns = np.array(entries, dtype=np.int64).reshape(-1, 2).T
        return np.ascontiguousarray(keys), np.ascontiguousarray(columns)

    def places(self, *, only: tuple[int, ...] | None = None) -> Places:
        """Return the slots of every place: of each line, for each group so far.

        Args:
            only: the specifications for which results were computed; no other judges them, and a computed result
                that no requirement names is not an unlisted test of the laboratory.

        Raises:
            InternalError: `RQC-X063`, more places than the kernel can number.
        """
        plan = self.plan
        if len(self.groups) * plan.line_count > _MOST_PLACES:
            raise InternalError(
                Fault(
                    code="RQC-X063",
                    what="These specifications are too many to be judged in one run.",
                    got=f"{len(self.groups):,} groups of batches by {plan.line_count:,} tests and stages",
                    expected=f"at most {_MOST_PLACES:,} of both together",
                    action="Judge by fewer specifications at a time.",
                )
            )
        per_stage = len(plan.tests) + 1
        stage_of_line = np.repeat(np.arange(len(STAGES)), per_stage)
        begins, slot_parts, column_parts = [np.zeros(1, dtype=np.int64)], [], []
        offset = 0
        for group in self.groups:
            lines: list[NDArray[np.int64]] = []
            slots: list[NDArray[np.int64]] = []
            for position, index in enumerate(group.specifications):
                if only is not None and index not in only:
                    continue
                named = [
                    slot
                    for requirement, members in plan.slots_of[index].items()
                    if requirement < 0 or group.applies[position][requirement] is not Applies.NO
                    for slot in members
                ]
                own = np.array([plan.line(plan.slots[slot]) for slot in named], dtype=np.int64)
                # A test that only requirements for other batches name is still a listed test of the specification.
                known = np.zeros(plan.line_count, dtype=np.bool_)
                known[
                    [plan.line(plan.slots[slot]) for members in plan.slots_of[index].values() for slot in members]
                ] = True
                is_whole = only is None and plan.specifications[index].unlisted_tests != "not_asked"
                others = np.flatnonzero(~known) if is_whole else np.empty(0, dtype=np.int64)
                lines += [own, others]
                slots += [
                    np.array(named, dtype=np.int64),
                    np.array(plan.unlisted_slot[index], dtype=np.int64)[stage_of_line[others]],
                ]
            all_lines = np.concatenate(lines) if lines else np.empty(0, dtype=np.int64)
            all_slots = np.concatenate(slots) if slots else np.empty(0, dtype=np.int64)
            order = np.argsort(all_lines, kind="stable")
            counts = np.bincount(all_lines, minlength=plan.line_count)
            begins.append(offset + np.cumsum(counts))
            offset += len(all_slots)
            ordered = all_slots[order]
            slot_parts.append(ordered)
            column_parts.append(np.array([group.column_of_slot[slot] for slot in ordered.tolist()], dtype=np.int32))
        slot_at = np.concatenate(slot_parts)
        column_at = np.concatenate(column_parts)
        begin = np.concatenate(begins)
        return Places(
            begin.astype(np.uint64),
            slot_at.astype(np.uint32),
            column_at.astype(np.uint32),
            *self._settling(begin, slot_at, column_at),
        )

    def _settling(
        self, begin: NDArray[np.int64], slot_at: NDArray[np.int64], column_at: NDArray[np.int32]
    ) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        known: dict[tuple[int, ...], Settling] = {}
        settling = np.zeros((len(begin) - 1, 4), dtype=np.uint32)
        settling[:, 0] = self.plan.settling(()).slot
        receiving = np.zeros((len(begin) - 1, 4), dtype=np.uint32)
        edges = begin.tolist()
        for place in np.flatnonzero(np.diff(begin)).tolist():
            slots = tuple(slot_at[edges[place] : edges[place + 1]].tolist())
            entry = known.get(slots)
            if entry is None:
                entry = known[slots] = self.plan.settling(slots)
            column = column_at[edges[place] + entry.position]
            settling[place] = entry.slot, column, entry.conforms, entry.is_received
            row = (Verdict.CONFORMS, Reason.CONFORMS) if entry.conforms else (Verdict.MISSING, entry.mark)
            receiving[place] = entry.receiver, entry.mark, *row
        return settling.ravel(), receiving.ravel()

    def _assign(self, groups: NDArray[np.int32], *, members: NDArray[np.int64] | None = None) -> None:
        widths = np.array([group.width for group in self.groups], dtype=np.int64)[groups]
        starts = self._used + np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(widths)])
        self.group_of_batch = np.append(self.group_of_batch, groups)
        first_places = groups.astype(np.int64) * self.plan.line_count
        members = np.zeros(len(groups), dtype=np.int64) if members is None else members
        self.batch_at = np.append(
            self.batch_at, np.column_stack([first_places, starts[:-1], members]).ravel().astype(np.uint64)
        )
        self._used = int(starts[-1])
        if self._used > len(self.cells):
            grown = np.zeros(max(self._used, 2 * len(self.cells)), dtype=np.uint8)
            grown[: len(self.cells)] = self.cells
            self.cells = grown

    def _listed_groups(self, table: BatchTable) -> NDArray[np.int32]:
        date, dates = table.coded("manufactured_at")
        seconds = [parse_time(text) for text in dates]
        # A batch that states no date is judged by what is valid now; a date that cannot be read decides nothing.
        seconds[0] = int(self.as_of.timestamp())
        period = np.array([0 if moment is None else 1 + bisect_right(self._boundaries, moment) for moment in seconds])
        columns = [self._told_apart(name, *table.coded(name)) for name in self._names]
        found = distinct_combinations(period[date], *(codes for codes, _ in columns))
        group_of = np.empty(len(found.first), dtype=np.int32)
        for combination in np.argsort(found.first).tolist():
            row = found.first[combination]
            stated = {name: values[codes[row]] for name, (codes, values) in zip(self._names, columns, strict=True)}
            group_of[combination] = self._group(stated, seconds[date[row]], listed=True)
        groups: NDArray[np.int32] = group_of[found.of_row]
        return groups

    def _told_apart(
        self, name: str, codes: NDArray[np.integer[Any]], values: list[str]
    ) -> tuple[NDArray[np.integer[Any]], list[str]]:
        """Return codes and values of an attribute, those that only tell the members of a family apart as one of them."""
        stands_for: dict[str, str] = {}
        for family in self.plan.families:
            if family.attribute == name:
                first = next(iter(family.member_of))
                stands_for |= dict.fromkeys(family.member_of, first)
        if not stands_for:
            return codes, values
        for family, specification in zip(self.plan.families, self.plan.specifications, strict=True):
            if family.attribute != name:
                named = {specification.product.get(name, ""), *specification.attributes.get(name, ())}
                for requirement in specification.requirements:
                    named.update(requirement.when.get(name, ()))
                for value in named:
                    stands_for.pop(value, None)
        known: dict[str, int] = {}
        place = [known.setdefault(stands_for.get(value, value), len(known)) for value in values]
        return np.array(place, dtype=np.int64)[codes], list(known)

    def _listed_members(self, table: BatchTable) -> NDArray[np.int64]:
        """Return which member of its family the specification of each listed batch is."""
        attribute = next((family.attribute for family in self.plan.families if family.attribute), None)
        if attribute is None:
            return np.zeros(len(table.texts), dtype=np.int64)
        member_of: dict[str, int] = {}
        for family in self.plan.families:
            member_of |= family.member_of
        codes, values = table.coded(attribute)
        members: NDArray[np.int64] = np.array([member_of.get(value, 0) for value in values], dtype=np.int64)[codes]
        return members

    def members_of(self, batches: NDArray[np.integer]) -> NDArray[np.uint64]:
        """Return which member of its family the specification of each batch is; of one that is alone, whatever."""
        members: NDArray[np.uint64] = self.batch_at[3 * batches.astype(np.int64) + 2]
        return members

    def judged_by(self, specification: int, batches: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the index in `Plan.judged_by` of the specification by which each batch was judged.

        Args:
            specification: index of a family that speaks about the batches.
            batches: batch codes.
        """
        members = np.array(self.plan.families[specification].members, dtype=np.int64)
        chosen: NDArray[np.int64] = members[self.members_of(batches) if len(members) > 1 else np.zeros_like(batches)]
        return chosen

    def judged_by_each(self, specifications: NDArray[np.integer], batches: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the same for batches of several families, by the index of each one's family."""
        judged_by = np.empty(len(batches), dtype=np.int64)
        for index in np.unique(specifications).tolist():
            members = specifications == index
            judged_by[members] = self.judged_by(index, batches[members])
        return judged_by

    def _group(self, attributes: dict[str, str], moment: int | None, *, listed: bool) -> int:
        indices: list[int] = []
        spoken: list[Applies] = []
        valid: list[Applies] = []
        applies: list[tuple[Applies, ...]] = []
        for index, specification in enumerate(self.plan.specifications):
            speaks = _speaks(specification, attributes, family=self.plan.families[index])
            if speaks is Applies.NO:
                continue
            indices.append(index)
            spoken.append(speaks)
            valid.append(_is_valid(specification.valid_from, specification.valid_to, moment))
            applies.append(
                tuple(
                    _applies(requirement, specification, attributes, moment)
                    for requirement in specification.requirements
                )
            )
        key = (tuple(indices), tuple(spoken), tuple(valid), tuple(applies), listed)
        if key not in self._keys:
            columns: dict[int, int] = {}
            for position, index in enumerate(indices):
                for requirement, members in self.plan.slots_of[index].items():
                    if requirement < 0 or applies[position][requirement] is not Applies.NO:
                        for slot in members:
                            columns[slot] = len(columns)
                for slot in self.plan.unlisted_slot[index]:
                    columns[slot] = len(columns)
            self._keys[key] = len(self.groups)
            self.groups.append(
                Group(
                    tuple(indices), tuple(spoken), tuple(valid), tuple(applies), columns, max(len(columns), 1), listed
                )
            )
        return self._keys[key]


def _speaks(specification: Specification, attributes: dict[str, str], *, family: Family) -> Applies:
    """Return whether a family speaks about a batch; a value outside a closed vocabulary leaves it unknown."""
    answer = Applies.YES
    for name, value in specification.product.items():
        stated = attributes.get(name, "")
        if name == family.attribute:
            if stated not in family.member_of:
                return Applies.NO
            continue
        if stated in {"", value}:
            continue
        closed = specification.attributes.get(name)
        if closed is None or stated in closed:
            return Applies.NO
        answer = Applies.UNKNOWN
    return answer


def _selectors(specification: Specification) -> Iterable[str]:
    yield from specification.product
    for requirement in specification.requirements:
        yield from requirement.when


def _applies(
    requirement: Requirement, specification: Specification, attributes: dict[str, str], moment: int | None
) -> Applies:
    answer = _is_valid(requirement.valid_from, requirement.valid_to, moment)
    if answer is Applies.NO:
        return Applies.NO
    for name, values in requirement.when.items():
        stated = attributes.get(name, "")
        if stated in values:
            continue
        if stated in specification.attributes.get(name, ()):
            return Applies.NO
        answer = Applies.UNKNOWN
    return answer


def _boundaries(specifications: Iterable[Specification]) -> set[int]:
    edges: set[int] = set()
    for specification in specifications:
        validities = [(entry.valid_from, entry.valid_to) for entry in specification.requirements]
        for valid_from, valid_to in [(specification.valid_from, specification.valid_to), *validities]:
            if valid_from is not None:
                edges.add(_start(valid_from))
            if valid_to is not None:
                edges.add(_start(valid_to) + 86_400)
    return edges


def _start(day: date) -> int:
    moment = parse_time(day.isoformat())
    assert moment is not None  # noqa: S101 - a date object always has an ISO form
    return moment


def _is_valid(valid_from: date | None, valid_to: date | None, moment: int | None) -> Applies:
    if valid_from is None and valid_to is None:
        return Applies.YES
    if moment is None:
        return Applies.UNKNOWN
    if valid_from is not None and moment < _start(valid_from):
        return Applies.NO
    return Applies.YES if valid_to is None or moment < _start(valid_to) + 86_400 else Applies.NO
