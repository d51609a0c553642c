"""A file read by a profile as a source of canonical rows, for the same engine that reads canonical files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.intake.profiles.coverage import Coverage
from regenqc.intake.profiles.mapping import RowMapping
from regenqc.intake.profiles.opening import open_file
from regenqc.intake.profiles.places import place_columns
from regenqc.intake.profiles.statistic_rows import doubted_rows
from regenqc.intake.profiles.tally import RowTally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa

    from regenqc.intake.profiles.model import Profile
    from regenqc.intake.profiles.opening import OpenedFile

__all__ = ["MappedFile", "check_coverage"]

_CHUNK_ROWS: Final = 262_144


class MappedFile:
    """One file and the way from its rows to canonical ones.

    Args:
        path: of the file.
        profile: what it means.

    Raises:
        DataError: the file cannot be read, or its header is not the one that the profile describes.
    """

    def __init__(self, path: Path, profile: Profile) -> None:
        self.profile = profile
        self._path = path
        self._file: OpenedFile = open_file(path, profile)
        self._places = place_columns(profile, self._file.titles, source=str(path))
        self._doubted: dict[int, str] | None = None
        self.kind = self._file.kind
        self.notes = self._file.notes
        self.tally = RowTally()
        self.names = self._mapping(None).names

    def _mapping(self, coverage: Coverage | None, doubted: dict[int, str] | None = None) -> RowMapping:
        return RowMapping(self.profile, self._places, titles=self._file.titles, doubted=doubted, coverage=coverage)

    def read(self, rows: int, only: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
        """Yield canonical rows; after the last of a pass over all columns, `tally` says what became of every row."""
        yield from self._read(rows, only, None)

    def cover(self) -> Coverage:
        """Return the coverage report."""
        coverage = Coverage(
            columns=tuple(
                (title, at + 1, self._places.roles.get(at, "")) for at, title in enumerate(self._file.titles)
            ),
            notes=self._file.notes,
        )
        for _ in self._read(_CHUNK_ROWS, None, coverage):
            pass
        coverage.tally = self.tally
        return coverage

    def _read(self, rows: int, only: Sequence[str] | None, coverage: Coverage | None) -> Iterator[pa.RecordBatch]:
        if self._doubted is None:
            self._doubted = doubted_rows(
                self.profile, self._mapping(None), self._places, self._file, source=str(self._path)
            )
        mapping = self._mapping(coverage, self._doubted)
        tally = RowTally()
        for batch in self._file.read(rows):
            mapped, became = mapping.map(batch, first_row=tally.read + 1, only=only)
            tally += became
            if mapped.num_rows or batch.num_rows:
                yield mapped
        if only is None:
            tally.check(source=str(self._path))
            self.tally = tally


def check_coverage(path: Path, profile: Profile) -> Coverage:
    """Return what a profile makes of a file.

    Raises:
        DataError: the file cannot be read, or its header is not the one that the profile describes.
    """
    return MappedFile(path, profile).cover()
