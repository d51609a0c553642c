"""Rows of a file before they are mapped, the tests that they belong to, and the first fault of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from regenqc.intake.profiles.coded import Coded, coded_constant, recoded

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from numpy.typing import NDArray

_LONGEST_FAULT = 300

__all__ = ["RawRows", "RowFaults", "RowTests"]


@dataclass(slots=True)
class RowFaults:
    """The first fault of every row, as a code into `texts`."""

    codes: NDArray[np.int32]
    texts: list[str] = field(default_factory=lambda: [""])
    known: dict[str, int] = field(default_factory=lambda: {"": 0})

    def add(self, column: Coded, text_of: Callable[[str], str]) -> None:
        """Add a fault for every row whose text has one; `text_of` gives it, or nothing."""
        found = [text_of(word) for word in column.words]
        if any(found):
            table = np.array([self.code_of(text) for text in found], dtype=np.int32)
            self.put(table[column.codes])

    def add_where(self, column: Coded, part: str, text: str) -> None:
        """Add a fault for every row whose text holds a part."""
        found = pc.match_substring(column.array, part).to_numpy(zero_copy_only=False)
        if found.any():
            self.put(np.where(found, self.code_of(text), 0).astype(np.int32)[column.codes])

    def put(self, codes: NDArray[np.int32]) -> None:
        """Keep these faults where a row has none yet."""
        self.codes = np.where(self.codes == 0, codes, self.codes)

    def of_rows(self, rows: NDArray[np.integer]) -> RowFaults:
        """Return the faults of some rows, in any order and number of times."""
        return RowFaults(self.codes[rows], self.texts, self.known)

    def code_of(self, text: str) -> int:
        """Return the code of a fault."""
        text = text if len(text) <= _LONGEST_FAULT else f"{text[: _LONGEST_FAULT - 1]}…"
        code = self.known.setdefault(text, len(self.texts))
        if code == len(self.texts):
            self.texts.append(text)
        return code


@dataclass(frozen=True, slots=True)
class RawRows:
    """Rows of the file, some of them, in any order and number of times.

    Args:
        rows: of the file.
        of: which of them.
    """

    rows: pa.RecordBatch
    of: NDArray[np.intp]

    @property
    def count(self) -> int:
        """Return the number of rows."""
        return len(self.of)

    def at(self, position: int) -> Coded:
        """Return a column of the file, by its position from 0."""
        column = Coded.of(self.rows.column(position))
        return column if len(self.of) == self.rows.num_rows and _is_whole(self.of) else column.take(self.of)


def _is_whole(of: NDArray[np.intp]) -> bool:
    return len(of) == 0 or bool(of[0] == 0 and of[-1] == len(of) - 1 and (np.diff(of) == 1).all())


@dataclass(frozen=True, slots=True)
class RowTests:
    """The test of every row.

    Args:
        names: canonical.
        entry: number of the entry of the profile, -1 for none; `None` where the profile lists no tests.
    """

    names: Coded
    entry: NDArray[np.int32] | None

    def look_up(self, texts: list[str]) -> Coded:
        """Return by row a text of its entry, empty without one."""
        if self.entry is None:
            return coded_constant("", len(self.names.codes))
        every = [*texts, ""]
        return recoded(Coded(np.where(self.entry < 0, len(texts), self.entry).astype(np.int32), every), every)
