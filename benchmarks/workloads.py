"""What is measured: files, specifications and engines of every workload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.engines import ENGINES, REGENQC
from benchmarks.exports import one_lot, repeated, results_in, simulated, task_for, wide, with_products
from benchmarks.specification_sets import one_for_each, side_by_side, standard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.engines import Engine
    from regenqc.specification import Specification

__all__ = ["TITLES", "Case", "Place", "cases_of", "wanted_engines"]

TITLES: Final = {
    "E": "the command itself, cold, with every output file",
    "G": "the science: statistics over a million rows, karyotypes",
    "K": "verdict kernel, decoded rows in memory",
    "P": "Parquet to dispositions and findings",
    "C": "CSV to dispositions and findings",
    "S": "specifications of 1, 40 and 4,000 products",
    "M": "one lot set against one and five specifications",
    "W": "40 columns, a fifth of the results adverse",
    "T": "one lot, cold process",
    "R": "time and memory against size",
}
_WITH_EVERY_ENGINE = 1_000_000
_LARGEST: Final = 100_000_000
# What validates rows costs the same whatever the limits are joined from: these four show how engines follow.
_FEW = ("regenqc", "DuckDB", "Polars", "pandas")
_ROWS_OF_ONE_LOT = 24


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that all engines do.

    Args:
        workload: letter.
        label: what tells it from the other cases of the workload.
        results: rows of the results.
        specifications: number of specifications.
        task: file with the task.
        folder: of the export.
        engines: that do it, regenqc first.
    """

    workload: str
    label: str
    results: int
    specifications: int
    task: Path
    folder: Path
    engines: tuple[Engine, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where exports are kept, and how large they are to be.

    Args:
        folder: exports in it are used again.
        results: of the main size.
        engines: that are wanted.
        is_large: whether sizes that take minutes are wanted as well.
    """

    folder: Path
    results: int
    engines: tuple[Engine, ...]
    is_large: bool

    def able(self, results: int, *names: str) -> tuple[Engine, ...]:
        """Return the wanted engines that take so many results, regenqc first."""
        chosen = [
            engine for engine in self.engines if engine.most_results >= results and (not names or engine.name in names)
        ]
        return (REGENQC, *(engine for engine in chosen if engine is not REGENQC))

    def export(self, results: int, *, file_format: str = "parquet") -> Path:
        """Return the simulated export of about so many results."""
        suffix: str = "csv" if file_format == "csv" else "parquet"
        return simulated(
            self.folder / f"{suffix}-{results}", results, file_format="csv" if suffix == "csv" else "parquet"
        )

    def largest(self) -> Path:
        """Return the export of a hundred million results: ten million, ten times, of other lots each time."""
        export = self.folder / "repeated"
        if not export.exists():
            repeated(export, self.export(_LARGEST // 10), 10)
        return export

    def one_lot(self) -> Path:
        """Return the export of a single lot, as text."""
        return one_lot(self.folder / "one-lot", self.export(100_000), rows=_ROWS_OF_ONE_LOT)

    def case(
        self, workload: str, label: str, export: Path, specifications: Sequence[Specification], *engines: str
    ) -> Case:
        """Return a case and write its task."""
        results = results_in(export)
        name = "".join(character if character.isalnum() else "-" for character in f"{workload}-{label}")
        task = task_for(export, specifications, self.folder / "tasks" / name)
        return Case(workload, label, results, len(specifications), task, export, self.able(results, *engines))


def cases_of(workload: str, place: Place) -> Iterator[Case]:
    """Yield the cases of a workload; files are made as they are asked for."""
    return _CASES[workload](place)


def _kernel(place: Place) -> Iterator[Case]:
    yield place.case("K", "", place.export(min(place.results, _WITH_EVERY_ENGINE)), standard())


def _sizes(place: Place) -> list[int]:
    """Return the size at which every engine runs, and the main size."""
    return sorted({min(place.results, _WITH_EVERY_ENGINE), place.results})


def _parquet(place: Place) -> Iterator[Case]:
    for results in _sizes(place):
        yield place.case("P", f"{results:,} results", place.export(results), standard())


def _csv(place: Place) -> Iterator[Case]:
    for results in _sizes(place):
        yield place.case("C", f"{results:,} results", place.export(results, file_format="csv"), standard())


def _products(place: Place) -> Iterator[Case]:
    for results in _sizes(place):
        source = place.export(results)
        for count in (1, 40, 4_000):
            export = with_products(place.folder / f"products-{count}-{source.name}", source, count)
            label = f"{count:,} product{'s' * (count > 1)}, {results:,} results"
            yield place.case("S", label, export, one_for_each(count), *_FEW)


def _several(place: Place) -> Iterator[Case]:
    for results in _sizes(place):
        for count in (1, 5):
            label = f"{count} for each lot, {results:,} results"
            yield place.case("M", label, place.export(results), side_by_side(count), *_FEW)


def _wide(place: Place) -> Iterator[Case]:
    source = place.export(min(place.results, _WITH_EVERY_ENGINE))
    yield place.case("W", "20 % adverse", wide(place.folder / f"wide-{source.name}", source), standard())


def _one(place: Place) -> Iterator[Case]:
    yield place.case("T", f"{_ROWS_OF_ONE_LOT} results", place.one_lot(), standard())


def _none(_: Place) -> Iterator[Case]:
    """Yield nothing: what is timed apart has no equal in another engine."""
    return iter(())


def _scale(place: Place) -> Iterator[Case]:
    size = 100_000
    while size <= place.results:
        yield place.case("R", f"{size:,} results", place.export(size), standard(), *_FEW)
        size *= 10
    if place.is_large:
        yield place.case("R", f"{_LARGEST:,} results", place.largest(), standard(), *_FEW)


_CASES: dict[str, Callable[[Place], Iterator[Case]]] = {
    "E": _none,
    "G": _none,
    "K": _kernel,
    "P": _parquet,
    "C": _csv,
    "S": _products,
    "M": _several,
    "W": _wide,
    "T": _one,
    "R": _scale,
}


def wanted_engines(names: Sequence[str]) -> tuple[Engine, ...]:
    """Return the installed engines, or those of these names."""
    chosen = [engine for engine in ENGINES if not names or engine.name in names or engine is REGENQC]
    return tuple(engine for engine in chosen if engine.is_installed)
