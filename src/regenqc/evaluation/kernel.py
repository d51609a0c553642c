"""The verdict kernel: rows against requirements, in the order of decisions.

For each row and each requirement that speaks about it:

    R1 standing   superseded, invalidated, cancelled and unverified rows are no evidence, or open questions
    R2 missing    an empty result is no evidence
    R3 word       the word table of the requirement decides
    R4 unit       the reported unit must be one of the limit's kind; the limit was converted to it, exactly
    R5 censored   `< a` and its kin are compared as the sets of values they stand for
    R6 limit      lo <= number <= hi, then the alert limit
    R7 interim    a preliminary result that conforms is no evidence for a final requirement

Rounding, strictness and units were compiled into the intervals, so that R6 is a comparison of doubles that is exact for
every reported decimal of up to 15 significant digits. The function is ordinary Python; large inputs run it compiled by
numba, small ones run it as it stands. Text criteria (karyotype, identity) and criteria over several rows leave the loop
with a mark and are judged by the modules that know them.

Most rows are final, plain and inside every limit, or a listed word. A first pass settles these without a branch that a
processor would have to guess, by sufficient conditions only; R1 to R7 decide about every row that it leaves, and would
give the same answer about those that it settles. The passes go block by block, each with few arrays, so that addresses
stay in registers and the rows in the nearest cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from regenqc.compiled import CompiledFunction
from regenqc.intake.coding import UNKNOWN_UNIT, Standing
from regenqc.measurement.reported import WORDS, Form
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = [
    "COLLECTED",
    "COMPILE_FROM_ROWS",
    "DELEGATED",
    "EACH_MEMBER",
    "EMPTY_COLUMN",
    "NO_WORD_COLUMN",
    "REFUSED",
    "BlockArrays",
    "PlanArrays",
    "RowArrays",
    "SlotKind",
    "block_arrays",
    "judge_rows",
    "kernel_for",
    "load_compiled",
]

COMPILE_FROM_ROWS: Final = 100_000
# Compiling takes as long as that many rows of plain code, loading what has been compiled as long as these, a call some ten.
_WORTH_LOADING_ROWS: Final = 10_000
_WORTH_A_CALL: Final = 20
DELEGATED: Final = 255
COLLECTED: Final = 254
REFUSED: Final = 255
# The higher bits of an interval, see `PlanArrays.interval_at`.
EACH_MEMBER: Final = np.uint64(2**64 - 2**32)
NO_WORD_COLUMN: Final = len(WORDS)
EMPTY_COLUMN: Final = NO_WORD_COLUMN + 1
_BLOCK_ROWS: Final = 4_096


class SlotKind:
    """How a slot is judged; plain integers, because compiled code holds them."""

    VALUE: Final = 0
    UNMATCHED: Final = 1
    UNLISTED_REPORTED: Final = 2
    REPORT_ONLY: Final = 3
    UNSET: Final = 4
    DELEGATED: Final = 5
    COLLECTED: Final = 6
    # These two judge nothing: they only settle, no row or every row with a result.
    NEVER: Final = 7
    STATED: Final = 8


class RowArrays(NamedTuple):
    """The rows of one chunk; see `regenqc.intake.coding.CodedRows`.

    What is used as an index is unsigned: compiled code then need not ask whether it counts from the end.

    Args:
        batch: code of the batch.
        line: stage and test.
        reading: index into `form`, `number`, `word` and `reach`.
        unit: code of the unit.
        standing: `Standing`, or `REFUSED`.
        form: `Form` of each reading.
        number: number of each reading.
        word: word of each reading, `NO_WORD_COLUMN` or `EMPTY_COLUMN`.
        reach: (reading, 2) flattened: the least and the greatest value that the reading may stand for; no numbers where
            that takes more than a comparison.
    """

    batch: NDArray[np.uint32]
    line: NDArray[np.uint32]
    reading: NDArray[np.uint32]
    unit: NDArray[np.uint16]
    standing: NDArray[np.uint8]
    form: NDArray[np.uint8]
    number: NDArray[np.float64]
    word: NDArray[np.uint8]
    reach: NDArray[np.float64]


class PlanArrays(NamedTuple):
    """The compiled specifications.

    Args:
        batch_at: (batch, 3) flattened: first place of the batch's group, index of the batch's first cell, and which member of
            its family its specification is.
        begin: slots of a place (group and line) stand at `begin[place] : begin[place + 1]`.
        slot_at: slot numbers in that order.
        column_at: column of each such slot in the cells of a batch.
        settling_at: (place, 4) flattened: the slot that settles most rows of the place, its column, whether settled rows
            conform to it, and whether another slot of the place receives them.
        receiving_at: (place, 4) flattened: that other slot, the mark with which it receives rows, and the verdict and the
            reason that such a row then has.
        settling_bounds: (interval, 2) flattened: readings that reach no further conform; no numbers where none do.
        settling_words: by slot, one bit for each word that settles a row.
        unit_at: where the column of each unit code begins in `interval_at`, 0 for units that no limit was converted to.
        kind: `SlotKind` of each slot.
        accept_preliminary: whether a preliminary result is evidence for the slot.
        has_limit: whether the slot judges numbers.
        interval_at: (unit column, slot) flattened: number of the compiled interval, 0 where the unit is of another kind; every
            higher bit is set where that is the interval of the first member of a family and those of the others follow.
        bounds: (interval, 16) doubles, see `regenqc.evaluation.limit_bounds.BOUNDS`; nothing lies inside interval 0.
        word_verdict: verdict for (slot, word); the last two columns are no word.
        word_reason: reason for (slot, word).
    """

    batch_at: NDArray[np.uint64]
    begin: NDArray[np.uint64]
    slot_at: NDArray[np.uint32]
    column_at: NDArray[np.uint32]
    settling_at: NDArray[np.uint32]
    receiving_at: NDArray[np.uint32]
    settling_bounds: NDArray[np.float64]
    settling_words: NDArray[np.uint64]
    unit_at: NDArray[np.uint32]
    kind: NDArray[np.uint8]
    accept_preliminary: NDArray[np.uint8]
    has_limit: NDArray[np.uint8]
    interval_at: NDArray[np.uint64]
    bounds: NDArray[np.float64]
    word_verdict: NDArray[np.uint8]
    word_reason: NDArray[np.uint8]


class BlockArrays(NamedTuple):
    """What the kernel notes of the rows of a block; compiled code makes no arrays of its own.

    Args:
        place: group and line of each row, and in the highest bit whether the first pass settled it.
        passed_on: settled rows that another slot receives.
        left: rows that are not settled.
    """

    place: NDArray[np.uint32]
    passed_on: NDArray[np.uint32]
    left: NDArray[np.uint32]


# Compiled code reads plain integers.
_MISSING, _CONFORMS, _ALERT = int(Verdict.MISSING), int(Verdict.CONFORMS), int(Verdict.ALERT)
_INCONCLUSIVE, _FAILS = int(Verdict.INCONCLUSIVE), int(Verdict.FAILS)
_EMPTY, _WORD, _NUMBER, _LONG = int(Form.EMPTY), int(Form.WORD), int(Form.NUMBER), int(Form.LONG_NUMBER)
_LESS, _LESS_OR_EQUAL = int(Form.LESS), int(Form.LESS_OR_EQUAL)
_GREATER, _UNREADABLE = int(Form.GREATER), int(Form.UNREADABLE)
_PRELIMINARY, _UNVERIFIED, _CANCELLED = int(Standing.PRELIMINARY), int(Standing.UNVERIFIED), int(Standing.CANCELLED)
_SUPERSEDED, _INVALIDATED = int(Standing.SUPERSEDED), int(Standing.INVALIDATED)
_UNKNOWN_UNIT = int(UNKNOWN_UNIT)
_NO_WORD = NO_WORD_COLUMN
_ONE, _TWO, _THREE, _FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
_HALF, _LOW_BITS = np.uint64(32), np.uint64(2**32 - 1)
_SETTLED_BIT, _PLACE_BITS = np.uint32(31), np.uint32((1 << 31) - 1)
_KIND_UNMATCHED, _KIND_UNLISTED_REPORTED = SlotKind.UNMATCHED, SlotKind.UNLISTED_REPORTED
_KIND_REPORT_ONLY, _KIND_UNSET = SlotKind.REPORT_ONLY, SlotKind.UNSET
_KIND_DELEGATED, _KIND_COLLECTED = SlotKind.DELEGATED, SlotKind.COLLECTED
_R_INTERIM = int(Reason.INTERIM_WORD)
_R_CONFORMS, _R_EMPTY, _R_SUPERSEDED = int(Reason.CONFORMS), int(Reason.EMPTY_RESULT), int(Reason.SUPERSEDED)
_R_INVALIDATED, _R_CANCELLED = int(Reason.INVALIDATED), int(Reason.CANCELLED)
_R_CANCELLED_WITH_RESULT, _R_UNVERIFIED = int(Reason.CANCELLED_WITH_RESULT), int(Reason.STATUS_UNVERIFIED)
_R_PRELIMINARY, _R_OTHER_SPECIFICATION = int(Reason.PRELIMINARY), int(Reason.OTHER_SPECIFICATION)
_R_UNMATCHED, _R_SPONSOR = int(Reason.UNMATCHED_TEST), int(Reason.SPONSOR_MUST_SET)
_R_UNREADABLE, _R_UNKNOWN_WORD = int(Reason.UNREADABLE_RESULT), int(Reason.UNKNOWN_WORD)
_R_NUMBER_FOR_WORD = int(Reason.NUMBER_WHERE_WORD_EXPECTED)
_R_UNIT_MISSING, _R_UNIT_UNKNOWN = int(Reason.UNIT_MISSING), int(Reason.UNIT_UNKNOWN)
_R_UNIT_INCOMPATIBLE = int(Reason.UNIT_INCOMPATIBLE)
_R_UNDECIDABLE, _R_TOO_MANY_DIGITS = int(Reason.CENSORED_UNDECIDABLE), int(Reason.TOO_MANY_DIGITS)
_R_CENSORED_OUTSIDE, _R_CENSORED_ALERT = int(Reason.CENSORED_OUTSIDE), int(Reason.CENSORED_AGAINST_ALERT)
_R_REFUSED = int(Reason.ROW_REFUSED)
_R_BELOW, _R_ABOVE = int(Reason.BELOW_MINIMUM), int(Reason.ABOVE_MAXIMUM)
_R_OUTSIDE_ALERT, _R_BY_ROUNDING = int(Reason.OUTSIDE_ALERT_LIMIT), int(Reason.CONFORMS_BY_ROUNDING)


def judge_rows(
    rows: RowArrays,
    plan: PlanArrays,
    cells: NDArray[np.uint8],
    row_verdict: NDArray[np.uint8],
    row_reason: NDArray[np.uint8],
    found_row: NDArray[np.int32],
    found_slot: NDArray[np.int32],
    found_verdict: NDArray[np.uint8],
    found_reason: NDArray[np.uint8],
    of_block: BlockArrays,
) -> int:
    """Judge every row of a chunk, raise the cells of its batches and list what has to be explained.

    Args:
        rows: coded rows, any order.
        plan: compiled specifications.
        cells: verdicts by cell; raised in place, never lowered.
        row_verdict: `conforms` throughout; set to the worst verdict of each row.
        row_reason: `Reason.CONFORMS` throughout; set to the reason of that verdict.
        found_row: filled with (row, slot, verdict, reason) of every judgement that is not `conforms`, and of rows marked
            `DELEGATED` or `COLLECTED`; must hold rows × the most slots of any line.
        found_slot: see `found_row`.
        found_verdict: see `found_row`.
        found_reason: see `found_row`.
        of_block: room to work in, see `block_arrays`.

    Returns:
        The number of entries filled in `found_row` and its companions.
    """
    # Local names: compiled code reads each array's address once, not once per row.
    batches, lines, readings, units, standings = rows.batch, rows.line, rows.reading, rows.unit, rows.standing
    forms, numbers, words, reach = rows.form, rows.number, rows.word, rows.reach
    batch_at, begins, slots, columns, kinds = plan.batch_at, plan.begin, plan.slot_at, plan.column_at, plan.kind
    settling_at, settling_bounds, settling_words = plan.settling_at, plan.settling_bounds, plan.settling_words
    receiving_at = plan.receiving_at
    unit_at, interval_at, bounds, has_limit = plan.unit_at, plan.interval_at, plan.bounds, plan.has_limit
    word_verdicts, word_reasons = plan.word_verdict, plan.word_reason
    place_of, passed_on, left = of_block
    found = np.uint64(0)
    for start in range(0, batches.size, _BLOCK_ROWS):
        stop = min(start + _BLOCK_ROWS, batches.size)
        first = np.uint64(start)
        # Views of the block: an index from 0 upwards cannot count from the end.
        block = slice(start, stop)
        batch_of, line_of, reading_of = batches[block], lines[block], readings[block]
        unit_of, standing_of = units[block], standings[block]
        verdict_of, reason_of = row_verdict[block], row_reason[block]
        for row in range(stop - start):
            at_batch = _THREE * batch_of[row]
            place = batch_at[at_batch] + line_of[row]
            slot = settling_at[_FOUR * place]
            reading = reading_of[row]
            entry = interval_at[unit_at[unit_of[row]] + slot]
            # A specification that is alone has the same limits for every batch.
            low = _TWO * ((entry & _LOW_BITS) + (batch_at[at_batch + _TWO] & (entry >> _HALF)))
            least = _TWO * reading
            inside = (settling_bounds[low] <= reach[least]) & (reach[least + _ONE] <= settling_bounds[low + _ONE])
            listed = (settling_words[slot] >> np.uint64(words[reading])) & _ONE != 0
            # Noted together: fewer stores and loads of many rows.
            place_of[row] = np.uint32(place) | np.uint32((standing_of[row] == 0) & (inside | listed)) << _SETTLED_BIT
        passed_on_count, left_count = np.uint64(0), np.uint64(0)
        for row in range(stop - start):
            noted = place_of[row]
            settling = _FOUR * (noted & _PLACE_BITS)
            settled = np.uint8(noted >> _SETTLED_BIT)
            cell = batch_at[_THREE * batch_of[row] + _ONE] + settling_at[settling + _ONE]
            cells[cell] = max(cells[cell], settled & np.uint8(settling_at[settling + _TWO]))
            passed_on[passed_on_count] = row
            passed_on_count += np.uint64(settled & settling_at[settling + _THREE])
            left[left_count] = row
            left_count += np.uint64(settled ^ 1)
        for at in range(passed_on_count):
            row = passed_on[at]
            receiving = _FOUR * (place_of[row] & _PLACE_BITS)
            next_found = found + np.uint64(at)
            found_row[next_found] = first + row
            found_slot[next_found] = receiving_at[receiving]
            found_verdict[next_found] = _MISSING
            found_reason[next_found] = receiving_at[receiving + _ONE]
            verdict_of[row] = receiving_at[receiving + _TWO]
            reason_of[row] = receiving_at[receiving + _THREE]
        found += passed_on_count
        for at in range(left_count):
            row = first + left[at]
            standing = standings[row]
            if standing == REFUSED:
                row_verdict[row] = _INCONCLUSIVE
                row_reason[row] = _R_REFUSED
                continue
            at_batch = _THREE * batches[row]
            place = place_of[left[at]]  # not settled, so that the highest bit is none
            first_cell, member = batch_at[at_batch + _ONE], batch_at[at_batch + _TWO]
            reading, unit = readings[row], units[row]
            form, number, word = forms[reading], numbers[reading], words[reading]
            is_evidence = standing <= _PRELIMINARY and form != _EMPTY
            worst = _MISSING
            worst_reason = _R_OTHER_SPECIFICATION
            for position in range(begins[place], begins[place + np.uint32(1)]):
                slot = slots[position]
                kind = kinds[slot]
                entry = interval_at[unit_at[unit] + slot]
                interval = (entry & _LOW_BITS) + (member & (entry >> _HALF))
                is_listed = word_verdicts[slot, word] == _CONFORMS
                verdict = _MISSING
                if kind >= _KIND_DELEGATED and standing == 0 and form != _EMPTY:
                    found_row[found] = row
                    found_slot[found] = slot
                    found_verdict[found] = _MISSING
                    found_reason[found] = DELEGATED if kind == _KIND_DELEGATED else COLLECTED
                    if worst_reason == _R_OTHER_SPECIFICATION:
                        worst_reason = found_reason[found]
                    found += _ONE
                    continue
                # R1 standing, R2 missing
                if not is_evidence:
                    if standing == _SUPERSEDED:
                        reason = _R_SUPERSEDED
                    elif standing == _INVALIDATED:
                        reason = _R_INVALIDATED
                    elif form == _EMPTY:
                        reason = _R_CANCELLED if standing == _CANCELLED else _R_EMPTY
                    else:
                        verdict = _INCONCLUSIVE
                        reason = _R_CANCELLED_WITH_RESULT if standing == _CANCELLED else _R_UNVERIFIED
                elif kind != 0:
                    if kind == _KIND_DELEGATED:
                        reason = DELEGATED
                    elif kind == _KIND_COLLECTED:
                        reason = COLLECTED
                    elif kind == _KIND_REPORT_ONLY:
                        verdict, reason = _CONFORMS, _R_CONFORMS
                        if form == _WORD and word_reasons[slot, word] == _R_INTERIM:
                            verdict, reason = _MISSING, _R_INTERIM
                    elif kind == _KIND_UNSET:
                        verdict, reason = _INCONCLUSIVE, _R_SPONSOR
                    elif kind == _KIND_UNLISTED_REPORTED:
                        reason = _R_UNMATCHED
                    else:
                        verdict, reason = _INCONCLUSIVE, _R_UNMATCHED
                # R3 word; a word read as `< lod` stays the word where that conforms, or where no number is asked for
                elif form == _WORD or (word != _NO_WORD and (is_listed or has_limit[slot] == 0)):
                    verdict, reason = int(word_verdicts[slot, word]), int(word_reasons[slot, word])
                elif form == _UNREADABLE:
                    verdict = _INCONCLUSIVE
                    reason = _R_UNREADABLE if has_limit[slot] else _R_UNKNOWN_WORD
                elif has_limit[slot] == 0:
                    verdict, reason = _INCONCLUSIVE, _R_NUMBER_FOR_WORD
                else:
                    # R4 unit
                    if entry == 0:
                        verdict = _INCONCLUSIVE
                        if unit == 0:
                            reason = _R_UNIT_MISSING
                        elif unit == _UNKNOWN_UNIT:
                            reason = _R_UNIT_UNKNOWN
                        else:
                            reason = _R_UNIT_INCOMPATIBLE
                    elif form == _NUMBER:
                        # R6 limit
                        if bounds[interval, 6] <= number <= bounds[interval, 7]:
                            verdict, reason = _CONFORMS, _R_CONFORMS
                        elif number < bounds[interval, 0]:
                            verdict, reason = _FAILS, _R_BELOW
                        elif number > bounds[interval, 1]:
                            verdict, reason = _FAILS, _R_ABOVE
                        elif bounds[interval, 12] <= number <= bounds[interval, 13]:
                            verdict, reason = _ALERT, _R_OUTSIDE_ALERT
                        else:
                            verdict, reason = _ALERT, _R_BY_ROUNDING
                    else:
                        # R5 censored: once against the limit, once against the alert limit
                        verdict, reason = _CONFORMS, _R_CONFORMS
                        for offset in range(0, 12, 6):
                            low, high = bounds[interval, offset], bounds[interval, offset + 1]
                            low_closed, low_open = bounds[interval, offset + 2], bounds[interval, offset + 3]
                            high_closed, high_open = bounds[interval, offset + 4], bounds[interval, offset + 5]
                            if form == _LONG:
                                inside = low_open < number < high_open
                                outside = number < bounds[interval, 14] or number > bounds[interval, 15]
                            elif form == _LESS:
                                inside = low == -np.inf and number <= high_closed
                                outside = number < low_open
                            elif form == _LESS_OR_EQUAL:
                                inside = low == -np.inf and number <= high
                                outside = number < low
                            elif form == _GREATER:
                                inside = high == np.inf and number >= low_closed
                                outside = number > high_open
                            else:
                                inside = high == np.inf and number >= low
                                outside = number > high
                            if inside:
                                continue
                            if offset != 0:
                                verdict, reason = _ALERT, _R_CENSORED_ALERT
                            elif not outside:
                                verdict = _INCONCLUSIVE
                                reason = _R_TOO_MANY_DIGITS if form == _LONG else _R_UNDECIDABLE
                            else:
                                verdict = _FAILS
                                if form != _LONG:
                                    reason = _R_CENSORED_OUTSIDE
                                else:
                                    reason = _R_BELOW if number < low else _R_ABOVE
                            break
                # R7 interim
                if standing == _PRELIMINARY and (verdict == _CONFORMS or verdict == _ALERT):
                    if plan.accept_preliminary[slot] == 0:
                        verdict, reason = _MISSING, _R_PRELIMINARY
                if verdict > worst or worst_reason == _R_OTHER_SPECIFICATION:
                    worst, worst_reason = verdict, reason
                if verdict > _MISSING:
                    cell = first_cell + columns[position]
                    if verdict > cells[cell]:
                        cells[cell] = verdict
                if verdict != _CONFORMS and reason != _R_SUPERSEDED:
                    found_row[found] = row
                    found_slot[found] = slot
                    found_verdict[found] = verdict
                    found_reason[found] = reason
                    found += _ONE
            row_verdict[row] = worst
            row_reason[row] = worst_reason
    return int(found)


def block_arrays() -> BlockArrays:
    """Return room for what the kernel notes of a block of rows; every call of it needs one of its own.

    Example:
        >>> block_arrays().left.dtype
        dtype('uint32')
    """
    place, passed_on, left = np.empty((3, _BLOCK_ROWS), dtype=np.uint32)
    return BlockArrays(place, passed_on, left)


def _no_rows() -> tuple[Any, ...]:
    """Return arguments of the types of every call."""
    code, byte = np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint8)
    unit, double, place = np.empty(0, dtype=np.uint16), np.empty(0), np.empty(0, dtype=np.uint64)
    table = np.empty((0, 0), dtype=np.uint8)
    plan = PlanArrays(
        batch_at=place,
        begin=place,
        slot_at=code,
        column_at=code,
        settling_at=code,
        receiving_at=code,
        settling_bounds=double,
        settling_words=place,
        unit_at=code,
        kind=byte,
        accept_preliminary=byte,
        has_limit=byte,
        interval_at=place,
        bounds=np.empty((0, 0)),
        word_verdict=table,
        word_reason=table,
    )
    number = np.empty(0, dtype=np.int32)
    rows = RowArrays(code, code, code, unit, byte, byte, double, byte, double)
    return rows, plan, byte, byte, byte, number, number, byte, byte, block_arrays()


_COMPILED: Final = CompiledFunction(judge_rows, like=_no_rows)


def load_compiled() -> None:
    """Load the compiled kernel, or compile it the first time, so that the first large chunk need not wait for it."""
    _COMPILED.load()


def kernel_for(rows: int, *, compiled: bool | None = None) -> Callable[..., int]:
    """Return the kernel for an input of so many rows: the same function, compiled or as it stands.

    Args:
        rows: rows of the chunk.
        compiled: force one of the two; `None` decides by size, and takes the compiled one also where it
            is loaded, or quickly loaded, already.

    Example:
        >>> kernel_for(20, compiled=False) is judge_rows
        True
    """
    if compiled is None:
        compiled = (
            rows >= COMPILE_FROM_ROWS
            or (rows >= _WORTH_A_CALL and _COMPILED.is_loaded)
            or (rows >= _WORTH_LOADING_ROWS and _COMPILED.is_kept)
        )
    return _COMPILED if compiled else judge_rows
