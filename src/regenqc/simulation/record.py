"""Put the rows of lots into the columns of a LIMS export."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from regenqc.simulation.dice import Dice, mix
from regenqc.simulation.export import Coded, Column, Numbered, Portion
from regenqc.simulation.lots import MAXIMUM_ORDINAL, PROOFS
from regenqc.simulation.panels import BANK, PRODUCT
from regenqc.simulation.pools import LAST_HOUR, TextPool

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from regenqc.simulation.lots import Rows
    from regenqc.simulation.pools import ReadingPool

__all__ = ["BLOCK_LOTS", "Record", "batch_names"]

# Rows are shuffled among the lots of a block, so that the order of a file does not depend on how it was produced.
BLOCK_LOTS = 20

_ANALYSTS = tuple(f"analyst-{number:02d}" for number in range(1, 13))
_APPROVERS = ("qa-01", "qa-02", "qa-03")
_CAUSES = (
    "wrong dilution, documented in the worksheet",
    "incubator outside its range overnight",
    "sample mixed up, shown by its barcode",
    "pipette outside its calibration",
)
_INVESTIGATIONS = tuple(f"OOS-2026-{number:04d}" for number in range(1, 1001))
# Free text decides nothing, whatever it says.
_REMARKS = ("repeat passed", "growth promotion test complies", "see worksheet 12, page 3", 'flagged "OK" by instrument')


class Record:
    """Turn rows into columns of one order.

    Args:
        dice: of the run.
        readings: pool of the readings.
        texts: pools of test, stage, status and tested_at.
    """

    def __init__(self, dice: Dice, readings: ReadingPool, texts: dict[str, TextPool]) -> None:
        self._row_key = np.uint64(dice.key("row"))
        self._order_key = np.uint64(dice.key("order"))
        self._bank_place = dice.bank_place
        self._readings = {name: readings.table(name) for name in readings.columns}
        slots = {False: PRODUCT.slots, True: BANK.slots}
        self._pools = {name: TextPool() for name in ("method", "laboratory", "replicate")}
        self._slots = {
            name: {bank: pool.codes([getattr(slot, name) for slot in panel]) for bank, panel in slots.items()}
            for name, pool in self._pools.items()
        }
        plain = {
            "result_id": [f"R{number:02d}" for number in range(MAXIMUM_ORDINAL)],
            "stage": texts["stage"].texts,
            "test": texts["test"].texts,
            "method": self._pools["method"].texts,
            "replicate": self._pools["replicate"].texts,
            **{name: pool.texts for name, pool in readings.columns.items()},
            "status": texts["status"].texts,
            "revision": ["", "1", "2"],
            "retest_of": ["", *(f"R{number:02d}" for number in range(1, MAXIMUM_ORDINAL))],
            "investigation_id": ["", *_INVESTIGATIONS],
            "assignable_cause": ["", *_CAUSES],
            "invalidated_by": ["", *_APPROVERS, *_ANALYSTS],
            "laboratory": self._pools["laboratory"].texts,
            "analyst": list(_ANALYSTS),
            "tested_at": texts["tested_at"].texts,
            "reported_at": texts["tested_at"].texts,
            "remark": ["", *_REMARKS],
        }
        self.columns: dict[str, Column] = {"batch_id": Numbered(lambda lots: batch_names(lots, self._bank_place))}
        self.columns |= {name: Coded(words) for name, words in plain.items()}

    def arrange(self, rows: Rows, *, is_bank: NDArray[np.bool_]) -> Portion:
        """Return the columns of rows, shuffled within blocks of lots.

        Args:
            rows: of whole blocks.
            is_bank: one entry per row.
        """
        address = rows.lot.astype(np.uint64) * np.uint64(MAXIMUM_ORDINAL) + rows.ordinal.astype(np.uint64)
        address = address * np.uint64(4) + rows.revision.astype(np.uint64)
        drawn = mix(address + self._row_key)
        place = mix((drawn ^ self._order_key) + rows.copy.astype(np.uint64)) >> np.uint64(24)
        order = np.argsort(((rows.lot // BLOCK_LOTS).astype(np.uint64) << np.uint64(40)) | place, kind="stable")
        portion: Portion = {
            "batch_id": rows.lot[order],
            "result_id": rows.ordinal[order],
            "stage": rows.stage[order],
            "test": rows.test[order],
            "status": rows.status[order],
            "revision": rows.revision[order],
            "retest_of": rows.retest_of[order],
            "tested_at": rows.tested_at[order],
        }
        drawn, slot, bank, reading = drawn[order], rows.slot[order], is_bank[order], rows.reading[order]
        for name, table in self._readings.items():
            portion[name] = table[reading]
        for name, tables in self._slots.items():
            portion[name] = np.where(bank, tables[True][np.minimum(slot, len(BANK.slots) - 1)], tables[False][slot])
        proof = rows.investigated[order]
        portion["investigation_id"] = np.where(proof > 0, _part(drawn, 0, len(_INVESTIGATIONS)) + 1, 0)
        portion["assignable_cause"] = np.where(proof > 0, _part(drawn, 28, len(_CAUSES)) + 1, 0)
        portion["analyst"] = _part(drawn, 16, len(_ANALYSTS))
        approver = np.where(
            proof == PROOFS.index("one_person"),
            len(_APPROVERS) + 1 + portion["analyst"],
            _part(drawn, 8, len(_APPROVERS)) + 1,
        )
        portion["invalidated_by"] = np.where(proof > 0, approver, 0)
        remark = _part(drawn, 24, 50)
        portion["remark"] = np.where(remark < len(_REMARKS), remark + 1, 0)
        # Reported some hours after the test; a time that is no hour of the calendar has none.
        tested = portion["tested_at"]
        portion["reported_at"] = np.where(tested <= LAST_HOUR, tested + 1 + _part(drawn, 32, 10), 0)
        return portion


def batch_names(lots: NDArray[np.int64], bank_place: int) -> pa.Array:
    """Return the identifiers of lots.

    Args:
        lots: numbers from 0.
        bank_place: which lot of ten is the cell bank.

    Example:
        >>> import numpy as np
        >>> batch_names(np.array([0, 3]), 3).to_pylist()
        ['HP-00000001', 'HB-00000004']
    """
    names = np.empty((lots.size, 11), dtype=np.uint8)
    names[:, 0] = ord("H")
    names[:, 1] = np.where(lots % 10 == bank_place, ord("B"), ord("P"))
    names[:, 2] = ord("-")
    rest = lots + 1
    for place in range(10, 2, -1):
        rest, digit = np.divmod(rest, 10)
        names[:, place] = digit + ord("0")
    offsets = np.arange(0, 11 * lots.size + 1, 11, dtype=np.int32)
    return pa.StringArray.from_buffers(lots.size, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(names)))


def _part(drawn: NDArray[np.uint64], shift: int, count: int) -> NDArray[np.int32]:
    """Return one of 0 … count-1 from 24 bits of a hash."""
    bits = (drawn >> np.uint64(shift)) & np.uint64(0xFFFFFF)
    return ((bits * np.uint64(count)) >> np.uint64(24)).astype(np.int32)
