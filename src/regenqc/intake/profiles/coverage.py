"""What a profile makes of a file: every column, code, word, unit and flag, mapped or not, with counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.intake.profiles.tally import RowTally
from regenqc.measurement.reported import Form, read_reported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from regenqc.intake.profiles.coded import Coded

__all__ = ["KINDS", "Coverage", "Met"]

# In the order in which the report shows them.
KINDS: Final = ("test", "result", "unit", "qualifier", "operator", "status", "stage")


@dataclass(slots=True)
class Met:
    """One text of the laboratory.

    Args:
        text: as exported.
        meaning: what it became, several where the test decides; empty where it means nothing in particular.
        count: rows that hold it.
        problem: why it is not understood, else empty.
    """

    text: str
    meaning: str
    count: int = 0
    problem: str = ""


@dataclass(slots=True)
class Coverage:
    """The coverage report of one file.

    Args:
        columns: title, position from 1, and what the profile makes of it.
        notes: of the file.
        tally: what became of its rows.
    """

    columns: tuple[tuple[str, int, str], ...] = ()
    notes: tuple[str, ...] = ()
    tally: RowTally = field(default_factory=RowTally)
    faults: dict[str, tuple[int, int]] = field(default_factory=dict)
    _met: dict[str, dict[tuple[str, str], Met]] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Return whether nothing in the file is left unexplained."""
        return not self.faults and not any(entry.problem for kind in KINDS for entry in self.met(kind))

    def met(self, kind: str) -> list[Met]:
        """Return the texts of one kind, what is not understood first, then by count."""
        found = self._met.get(kind, {}).values()
        return sorted(found, key=lambda entry: (not entry.problem, -entry.count, entry.text))

    def see(
        self,
        kind: str,
        texts: Coded,
        live: NDArray[np.bool_],
        meaning: Coded | None,
        *,
        explain: Callable[[str], str] | None = None,
    ) -> None:
        """Count texts and what they became.

        Args:
            kind: one of `KINDS`.
            texts: as exported, by row.
            live: rows that hold data.
            meaning: canonical, by row.
            explain: says why a canonical text is not understood, or nothing.
        """
        codes = texts.codes[live].astype(np.int64)
        width = 1 if meaning is None else max(len(meaning.words), 1)
        pairs = codes * width + (0 if meaning is None else meaning.codes[live])
        found, counts = np.unique(pairs, return_counts=True)
        met = self._met.setdefault(kind, {})
        for pair, count in zip(found.tolist(), counts.tolist(), strict=True):
            text = texts.words[pair // width]
            became = "" if meaning is None else meaning.words[pair % width]
            if kind == "result" and _is_number(became):
                text, became = "(numbers)", ""
            entry = met.setdefault((text, became), Met(text, became))
            entry.count += count
            if kind == "result" and text != "(numbers)":
                entry.problem = _result_problem(became)
            elif explain is not None:
                entry.problem = explain(became)

    def see_faults(
        self, codes: NDArray[np.int32], texts: Sequence[str], live: NDArray[np.bool_], *, rows: NDArray[np.integer]
    ) -> None:
        """Count refused rows by reason, with the first row of each."""
        at = np.flatnonzero((codes != 0) & live)
        for code, first, count in zip(*np.unique(codes[at], return_index=True, return_counts=True), strict=True):
            known = self.faults.get(texts[code])
            row = int(rows[at[first]]) if known is None else known[0]
            self.faults[texts[code]] = (row, int(count) + (0 if known is None else known[1]))

    def as_json(self) -> Mapping[str, object]:
        """Return the report as data."""
        return {
            "rows": self.tally.as_json(),
            "is_whole": self.is_whole,
            "columns": [{"title": title, "position": position, "role": role} for title, position, role in self.columns],
            "notes": list(self.notes),
            **{
                kind: [
                    {"text": entry.text, "meaning": entry.meaning, "count": entry.count, "problem": entry.problem}
                    for entry in self.met(kind)
                ]
                for kind in KINDS
                if kind in self._met
            },
            "refusals": [
                {"reason": text, "rows": count, "first_row": row} for text, (row, count) in sorted(self.faults.items())
            ],
        }


def _is_number(text: str) -> bool:
    return read_reported(text).number is not None


def _result_problem(text: str) -> str:
    return "neither number nor word of the vocabulary" if read_reported(text).form is Form.UNREADABLE else ""
