"""Retests: as many as the specification allows beforehand, each in the place of a first result that was invalidated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.evidence import INVESTIGATION_COLUMNS
from regenqc.evaluation.taking import RowsOfTable
from regenqc.intake.coding import Standing
from regenqc.measurement.reported import read_reported
from regenqc.specification.criteria import canonical_word
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from regenqc.evaluation.judge import Judge
    from regenqc.specification.model import Requirement

__all__ = ["identity_of", "in_number", "is_not_understood", "record_retests", "requirement_of", "settle_retests"]

_BATCHES_AT_ONCE: Final = 20_000
_SEPARATOR: Final = "\x1f"


class _Row(NamedTuple):
    """One recorded row.

    Args:
        at: its position among the records.
        identity: of the result; its revisions have one.
        is_invalidated: whether it was invalidated with effect.
        is_investigated: whether it names an investigation.
        fails: whether it would fail if it counted, or says what nobody understands.
        retests: identity of the result that it says to retest, empty for none.
        is_retest: whether it is a result in the place of another.
    """

    at: int
    identity: str
    is_invalidated: bool
    is_investigated: bool
    fails: bool
    retests: str
    is_retest: bool


def settle_retests(judge: Judge) -> None:
    """Make a cell inconclusive in which more was retested than its requirement allows, or without a first result.

    A failing result that was invalidated has to be replaced by a retest; so the number of either must not be larger than what
    the specification allows. Results count, not rows: revisions and copies of one result are one.

    Args:
        judge: after all rows; its cells are raised and its findings get further ones.
    """
    everything = judge.investigated.table()
    batch, rows = everything["batch"].to_numpy(), RowsOfTable(everything)
    # Texts are looked at as Python strings, those of some batches at a time.
    for first in range(0, int(batch.max(initial=-1)) + 1, _BATCHES_AT_ONCE):
        own = np.flatnonzero((batch >= first) & (batch < first + _BATCHES_AT_ONCE))
        if len(own):
            _settle(judge, rows.take(own))


def _settle(judge: Judge, records: pa.Table) -> None:
    concerned = pc.or_(pc.equal(records["standing"], int(Standing.INVALIDATED)), pc.not_equal(records["retest_of"], ""))
    slots = records["slot"].to_numpy()
    usable = (judge.plan.requirement_of_slot[slots] >= 0) & ~judge.plan.is_control[slots]
    cells = _cells(records.filter(pc.and_(concerned, pa.array(usable))))
    if not cells:
        return
    found: list[tuple[int, Reason, str]] = []
    for (_, slot), rows in _by_cell(judge, records, cells):
        requirement = requirement_of(judge, slot)
        if requirement is not None and not requirement.report_only:
            found += _violations(rows, allowed=requirement.retests)
    if found:
        at = np.array([entry[0] for entry in found], dtype=np.int64)
        record_retests(judge, records, at, slots[at], [(Verdict.INCONCLUSIVE, *entry[1:]) for entry in found])


def _cells(records: pa.Table) -> set[tuple[int, int]]:
    return set(zip(records["batch"].to_pylist(), records["slot"].to_pylist(), strict=True))


def _by_cell(
    judge: Judge, records: pa.Table, cells: set[tuple[int, int]]
) -> Iterator[tuple[tuple[int, int], list[_Row]]]:
    """Yield the records of each of some cells."""
    by_cell: dict[tuple[int, int], list[_Row]] = {cell: [] for cell in cells}
    names = ("batch", "slot", "standing", "verdict", "is_empty", *INVESTIGATION_COLUMNS)
    batch, slot = (records[name].to_numpy() for name in ("batch", "slot"))
    near = np.isin(batch, [cell[0] for cell in cells]) & np.isin(slot, [cell[1] for cell in cells])
    part = records.take(pa.array(np.flatnonzero(near)))
    for at, values in zip(
        np.flatnonzero(near).tolist(), zip(*(part[name].to_pylist() for name in names), strict=True), strict=True
    ):
        fields: dict[str, Any] = dict(zip(names, values, strict=True))
        rows = by_cell.get((fields["batch"], fields["slot"]))
        if rows is not None:
            rows.append(
                _Row(
                    at,
                    identity_of(fields),
                    fields["standing"] == Standing.INVALIDATED,
                    fields["investigation_id"] != "",
                    fields["verdict"] == Verdict.FAILS or is_not_understood(judge, fields),
                    fields["retest_of"],
                    fields["retest_of"] != "" and fields["standing"] != Standing.SUPERSEDED and not fields["is_empty"],
                )
            )
    yield from by_cell.items()


def is_not_understood(judge: Judge, fields: dict[str, Any]) -> bool:
    """Return whether an invalidated result is neither a number nor a word of the vocabulary, such as `growth in bottle 2`.

    Nobody has shown that it did not fail. A karyotype and an identity are texts of their own.
    """
    requirement = requirement_of(judge, fields["slot"])
    return (
        fields["verdict"] == Verdict.INCONCLUSIVE
        and fields["standing"] == Standing.INVALIDATED
        and requirement is not None
        and requirement.karyotype is None
        and requirement.identity is None
        and read_reported(fields["result"]).number is None
        and canonical_word(fields["result"]) is None
    )


def identity_of(fields: dict[str, Any]) -> str:
    """Return the identity of a result; one without `result_id` is what its row says."""
    if fields["result_id"]:
        return str(fields["result_id"])
    return _SEPARATOR.join(["", *(str(fields[name]) for name in INVESTIGATION_COLUMNS)])


def _violations(rows: Sequence[_Row], *, allowed: int) -> list[tuple[int, Reason, str]]:
    """Return position, reason and detail of every row that breaks a rule of retesting.

    Example:
        >>> first = _Row(0, "R1", is_invalidated=True, is_investigated=True, fails=True, retests="", is_retest=False)
        >>> second = _Row(1, "R2", is_invalidated=False, is_investigated=False, fails=False, retests="R1", is_retest=True)
        >>> _violations([first, second], allowed=1)
        []
        >>> [reason.code for _, reason, _ in _violations([first, second], allowed=0)]
        ['retest_not_allowed', 'retest_not_allowed']
    """
    # A failing result stays failing when it is invalidated by a revision that blanks it.
    failing = {row.identity for row in rows if row.fails}
    replaced = {row.identity for row in rows if row.is_invalidated} & failing
    retests = {row.identity for row in rows if row.is_retest}
    firsts = {row.identity for row in rows if row.is_investigated}
    found: list[tuple[int, Reason, str]] = []
    reason = Reason.RETEST_NOT_ALLOWED if allowed == 0 else Reason.TOO_MANY_RETESTS
    for row in rows:
        if len(replaced) > allowed and row.is_invalidated and row.identity in replaced:
            said = in_number(len(replaced), "failing or unreadable result")
            found.append((row.at, reason, f"{said} invalidated, {allowed} allowed"))
        if len(retests) > allowed and row.is_retest:
            found.append(
                (row.at, reason, f"{in_number(len(retests), 'retest')}, {allowed} allowed; this one of {row.retests}")
            )
        if row.is_retest and row.retests not in firsts - {row.identity}:
            found.append((row.at, Reason.RETEST_WITHOUT_FIRST_RESULT, f"a retest of {row.retests}"))
    return found


def in_number(number: int, what: str) -> str:
    """Return a number of things in words.

    Example:
        >>> in_number(1, "retest"), in_number(2, "retest")
        ('1 retest', '2 retests')
    """
    return f"{number} {what}{'' if number == 1 else 's'}"


def requirement_of(judge: Judge, slot: int) -> Requirement | None:
    """Return the requirement that a slot belongs to, `None` for an input that is nothing else."""
    entry = judge.plan.slots[slot]
    if entry.requirement < 0:
        return None
    return judge.plan.specifications[entry.specification].requirements[entry.requirement]


def record_retests(
    judge: Judge,
    records: pa.Table,
    at: NDArray[np.int64],
    slot: NDArray[np.integer],
    found: Sequence[tuple[Verdict, Reason, str]],
) -> None:
    """Raise cells and explain them by records; an alert is raised where the cell is settled, see `Marks`."""
    part = records.take(pa.array(at))
    batch, row = (part[name].to_numpy() for name in ("batch", "row"))
    verdict = np.array([entry[0] for entry in found], dtype=np.uint8)
    raised = verdict > Verdict.ALERT
    judge.raise_cells(batch[raised], slot[raised], verdict[raised])
    judge.explain(
        batch=batch,
        slot=slot,
        verdict=verdict,
        reason=np.array([entry[1] for entry in found], dtype=np.uint8),
        unit_code=np.zeros(len(found), dtype=np.int16),
        row=row,
        reported=part["result"].combine_chunks(),
        unit=part["unit"].combine_chunks(),
        detail=pa.array([entry[2] for entry in found], type=pa.string()),
    )
