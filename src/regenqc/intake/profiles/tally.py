"""What became of the rows of a file, counted so that none is lost."""

from __future__ import annotations

from dataclasses import dataclass

from regenqc.errors import Fault, InternalError

__all__ = ["RowTally"]


@dataclass(frozen=True, slots=True)
class RowTally:
    """What became of the rows of a file: every row is mapped, declared to be no data, or refused.

    Args:
        read: rows of the file.
        mapped: rows that became results.
        not_data: rows declared to hold no result, and blank rows.
        refused: rows that the profile does not explain.
        results: canonical rows.
    """

    read: int = 0
    mapped: int = 0
    not_data: int = 0
    refused: int = 0
    results: int = 0

    def __add__(self, other: RowTally) -> RowTally:
        return RowTally(
            self.read + other.read,
            self.mapped + other.mapped,
            self.not_data + other.not_data,
            self.refused + other.refused,
            self.results + other.results,
        )

    def __str__(self) -> str:
        return f"{self.read:,} rows in file = {self.mapped:,} mapped + {self.not_data:,} declared no data + {self.refused:,} refused"

    def as_json(self) -> dict[str, int]:
        """Return the counts by name."""
        return {
            "read": self.read,
            "mapped": self.mapped,
            "not_data": self.not_data,
            "refused": self.refused,
            "results": self.results,
        }

    def check(self, *, source: str) -> None:
        """Assert that no row was lost.

        Raises:
            InternalError: the sum does not hold.

        Example:
            >>> RowTally(read=3, mapped=2, refused=1).check(source="a.csv")
        """
        if self.read != self.mapped + self.not_data + self.refused:
            raise InternalError(
                Fault(code="RQC-X020", what="Rows of a file were lost on the way.", where=source, got=str(self))
            )
