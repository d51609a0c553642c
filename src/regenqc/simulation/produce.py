"""Produce the three tables of a synthetic export, chunk after chunk of lots."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.simulation.attributes import BATCH_COLUMNS, AttributeTable
from regenqc.simulation.deal import deal
from regenqc.simulation.dice import Dice
from regenqc.simulation.export import Coded, Column, Numbered, Portion, open_table
from regenqc.simulation.lots import STATUSES, Press, Rows
from regenqc.simulation.panels import BANK, PRODUCT
from regenqc.simulation.pools import HOURS, ReadingPool, TextPool
from regenqc.simulation.record import BLOCK_LOTS, Record, batch_names
from regenqc.simulation.troubles import TROUBLES
from regenqc.simulation.truth import describe_requirements, describe_trouble, expected_truth
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from regenqc.simulation.truth import Truth

__all__ = ["Production"]

_PANELS = (PRODUCT, BANK)
_STAGES = [stage for panel in _PANELS for stage in panel.stages]


class Production:
    """Hold the pools of one run, write its lots and count what was written.

    Args:
        seed: of the run.
        troubled_share: of the lots after the catalogue.

    Attributes:
        results: number of rows.
        expected: number of (lot, stage) pairs by rank of the disposition, mildest first.
        troubles: number of lots by position in `TROUBLES`.
    """

    def __init__(self, *, seed: int, troubled_share: float) -> None:
        self.results = 0
        self.expected = np.zeros(len(Disposition), dtype=np.int64)
        self.troubles = np.zeros(len(TROUBLES), dtype=np.int64)
        self._dice, self._troubled_share = Dice(seed), troubled_share
        self._attributes = AttributeTable(self._dice)
        readings = ReadingPool()
        texts = {"test": TextPool(), "stage": TextPool(), "status": TextPool(STATUSES), "tested_at": TextPool(HOURS)}
        vectors = self._attributes.pools["vector"]
        self._presses = [Press(self._dice, panel, readings=readings, texts=texts, vectors=vectors) for panel in _PANELS]
        self._record = Record(self._dice, readings, texts)
        self._bank_place = self._dice.bank_place

    def write(self, directory: Path, *, batches: int, chunk: int, file_format: Literal["csv", "parquet"]) -> None:
        """Write `results`, `batches` and `truth` and add to the counts.

        Args:
            directory: where.
            batches: number of lots.
            chunk: lots produced at a time, rounded up to whole blocks of shuffled lots.
            file_format: `csv` or `parquet`.
        """
        tables = {"results": self._record.columns, "batches": self._batch_columns(), "truth": self._truth_columns()}
        step = -(-chunk // BLOCK_LOTS) * BLOCK_LOTS
        with ExitStack() as stack:
            writers = [
                stack.enter_context(open_table(directory / f"{name}.{file_format}", columns, file_format=file_format))
                for name, columns in tables.items()
            ]
            for start in range(0, batches, step):
                lots = np.arange(start, min(start + step, batches), dtype=np.int64)
                for writer, portion in zip(writers, self._portions(lots), strict=True):
                    writer.write(portion)

    def _portions(self, lots: NDArray[np.int64]) -> tuple[Portion, Portion, Portion]:
        fate = deal(self._dice, lots, troubled_share=self._troubled_share)
        dealt = np.concatenate([fate.first, fate.second])
        self.troubles += np.bincount(dealt[dealt >= 0], minlength=len(TROUBLES))
        rows: list[Rows] = []
        attributes: list[Portion] = []
        truths: list[Portion] = []
        for press in self._presses:
            bank = press.panel is BANK
            mine = np.flatnonzero(fate.is_bank == bank)
            own, own_fate = lots[mine], fate.of(mine)
            drawn = self._attributes.draw(press.panel, own, own_fate, bank=bank)
            printed, noted = press.print(own, own_fate, drawn)
            truth = expected_truth(press.panel, own, own_fate, drawn, self._attributes.pools, noted=noted)
            rows.append(printed)
            nothing = np.full(mine.size, -1, dtype=np.int64)
            bank_lot = own_fate.line * 10 + self._bank_place
            identifiers = {
                "batch_id": own,
                "cell_bank_id": nothing if bank else bank_lot,
                "coi_id": nothing if bank else own,
            }
            attributes.append({**drawn.shown, **identifiers})
            truths.append(_truth_portion(truth, bank=bank))
            self.expected += np.bincount(truth.disposition, minlength=len(Disposition))
        joined = Rows.join(rows)
        self.results += joined.lot.size
        is_bank = np.arange(joined.lot.size) >= rows[0].lot.size
        return self._record.arrange(joined, is_bank=is_bank), _by_lot(attributes), _by_lot(truths)

    def _names(self, lots: NDArray[np.int64]) -> pa.Array:
        names = batch_names(np.maximum(lots, 0), self._bank_place)
        return pc.if_else(pa.array(lots >= 0), names, "")

    def _chains(self, lots: NDArray[np.int64]) -> pa.Array:
        names = self._names(lots)
        return pc.if_else(pc.equal(names, ""), "", pc.binary_replace_slice(names, 0, 2, "COI"))

    def _batch_columns(self) -> dict[str, Column]:
        columns: dict[str, Column] = {name: Coded(pool.texts) for name, pool in self._attributes.pools.items()}
        columns |= {
            "batch_id": Numbered(self._names),
            "cell_bank_id": Numbered(self._names),
            "coi_id": Numbered(self._chains),
        }
        return {name: columns[name] for name in BATCH_COLUMNS}

    def _truth_columns(self) -> dict[str, Column]:
        return {
            "batch_id": Numbered(self._names),
            "specification": Coded([panel.specification for panel in _PANELS]),
            "stage": Coded(_STAGES),
            "expected_disposition": Coded([word.value for word in Disposition]),
            "trouble": Numbered(lambda codes: pa.array([describe_trouble(int(code)) for code in codes], pa.string())),
            "requirement_ids": Numbered(
                lambda codes: pa.array([describe_requirements(int(code)) for code in codes], pa.string())
            ),
        }


def _truth_portion(truth: Truth, *, bank: bool) -> Portion:
    panel = BANK if bank else PRODUCT
    return {
        "batch_id": truth.lot,
        "specification": np.full(truth.lot.size, _PANELS.index(panel), dtype=np.int64),
        "stage": truth.stage + _STAGES.index(panel.stages[0]),
        "expected_disposition": truth.disposition,
        "trouble": truth.trouble,
        "requirement_ids": truth.requirements,
    }


def _by_lot(portions: list[Portion]) -> Portion:
    joined = {name: np.concatenate([portion[name] for portion in portions]) for name in portions[0]}
    order = np.argsort(joined["batch_id"], kind="stable")
    return {name: column[order] for name, column in joined.items()}
