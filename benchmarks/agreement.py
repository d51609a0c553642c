"""Compare what two engines found, lot by lot: dispositions, and every cell that does not conform with what was reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Agreement", "compare"]

_KEYS = {
    "dispositions": ("batch_id", "spec_id", "stage", "disposition"),
    "findings": ("batch_id", "spec_id", "stage", "requirement_id", "verdict", "reported"),
}
_MOST_EXAMPLES = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two engines found.

    Args:
        dispositions: number of (lot, specification, stage) that the first one has.
        findings: number of findings that the first one has.
        differing: entries that only one of them has, dispositions and findings together.
        examples: some of them, in words.
    """

    dispositions: int
    findings: int
    differing: int
    examples: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Return whether they agree in everything."""
        return self.differing == 0


def compare(first: Path, second: Path, *, names: tuple[str, str]) -> Agreement:
    """Compare two folders of `dispositions.parquet` and `findings.parquet`.

    Args:
        first: folder of the engine that the other is compared with.
        second: folder of the other.
        names: of both, for the examples.
    """
    counts: dict[str, int] = {}
    differing = 0
    examples: list[str] = []
    for name, keys in _KEYS.items():
        tables = [pq.read_table(folder / f"{name}.parquet").select(list(keys)) for folder in (first, second)]
        counts[name] = tables[0].num_rows
        for table, other, has in ((tables[0], tables[1], names[0]), (tables[1], tables[0], names[1])):
            only = _only(table, other, keys)
            differing += only.num_rows
            shown = only.slice(0, _MOST_EXAMPLES).to_pylist()
            examples += [f"only {has}: " + "  ".join(str(entry[key]) for key in keys) for entry in shown]
        if any(_repeats(table, keys) for table in tables):
            raise ValueError(f"an engine gives one of its {name} twice")
    return Agreement(counts["dispositions"], counts["findings"], differing, tuple(examples))


def _only(table: pa.Table, other: pa.Table, keys: tuple[str, ...]) -> pa.Table:
    only = table.join(other, keys=list(keys), join_type="left anti")
    return only.sort_by([(key, "ascending") for key in keys])


def _repeats(table: pa.Table, keys: tuple[str, ...]) -> bool:
    counted = table.group_by(list(keys)).aggregate([([], "count_all")])
    return bool(counted.num_rows) and pc.max(counted["count_all"]).as_py() > 1
