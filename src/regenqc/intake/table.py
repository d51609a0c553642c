"""Result tables: where reported results come from, read as streams of record batches of reported text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from regenqc.errors import Fault, UsageError
from regenqc.intake.contracts import RESULT_COLUMNS, InputColumn
from regenqc.intake.files import file_sources
from regenqc.intake.frames import frame_to_arrow, is_frame
from regenqc.intake.sources import Source, table_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.intake.profiles.model import Profile

__all__ = ["CANONICAL", "ResultTable", "Source", "read_results", "source_of"]

# Of files whose columns are the canonical ones; nothing in them is mapped.
CANONICAL: Final = "canonical"


@dataclass(frozen=True, slots=True)
class ResultTable:
    """The reported results of one run, not yet judged.

    Args:
        sources: in the order given; rows keep their source and their number in it.

    Example:
        >>> import pandas
        >>> frame = pandas.DataFrame({"batch_id": ["B1"], "test": ["ph"], "result": ["7.2"], "unit": ["pH"]})
        >>> read_results(frame).sources[0].columns
        ('batch_id', 'test', 'result', 'unit')
    """

    sources: tuple[Source, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return every column of any source, in order of first appearance."""
        return tuple(dict.fromkeys(name for source in self.sources for name in source.columns))


def read_results(*inputs: Any, profile: str | Path | Profile = CANONICAL) -> ResultTable:
    """Describe results to be judged; files are opened and their headers checked, rows are read later.

    Args:
        inputs: paths, glob patterns, `-` for standard input, pandas frames, Arrow tables or record batches.
        profile: what the columns of files mean: a packaged profile by its identifier, a `.toml` file, or one that is loaded.

    Raises:
        UsageError: nothing given, something that holds no results, or a table in memory with a profile.
        SpecificationError: no such profile, a draft, or one with faults.
        DataError: a file that is missing, unreadable or lacks required columns.

    Example:
        >>> read_results("nowhere.csv")
        Traceback (most recent call last):
        ...
        regenqc.errors.DataError: RQC-D008 There is no such file. At nowhere.csv. Expected: a file with rows.
        Check the path.
    """
    loaded = None
    if profile != CANONICAL:
        from regenqc.intake.profiles.loading import load_profile  # noqa: PLC0415 - canonical files need none of it

        loaded = load_profile(profile) if isinstance(profile, (str, Path)) else profile
    sources = [source for item in inputs for source in _sources(item, RESULT_COLUMNS, loaded)]
    if not sources:
        raise UsageError(
            Fault(
                code="RQC-U002",
                what="No results were given.",
                expected="a file, a pattern that matches files, or a table",
                action="Name the export.",
            )
        )
    return ResultTable(tuple(sources))


def source_of(item: Any, *, columns: Sequence[InputColumn]) -> Source:
    """Return one input as a source whose header satisfies the contract.

    Args:
        item: as for `read_results`.
        columns: the contract.

    Raises:
        UsageError: several files, or something that holds no table.
        DataError: missing, unreadable, or another header.

    Example:
        >>> source_of(pa.table({"batch_id": ["B1"]}), columns=()).kind
        'table'
    """
    found = _sources(item, columns)
    if len(found) != 1:
        raise UsageError(
            Fault(
                code="RQC-U003",
                what="One table is expected.",
                got=f"{len(found)} tables",
                expected="one table",
                action="Name one file.",
            )
        )
    return found[0]


def _sources(item: Any, columns: Sequence[InputColumn], profile: Profile | None = None) -> list[Source]:
    if isinstance(item, ResultTable):
        return list(item.sources)
    if isinstance(item, (str, Path)):
        return file_sources(str(item), columns=columns, profile=profile)
    if profile is not None:
        raise UsageError(
            Fault(
                code="RQC-U130",
                what="A profile describes files.",
                got=type(item).__name__,
                expected="a path",
                action="Name the file, or bring the table into canonical columns.",
            )
        )
    if isinstance(item, (pa.Table, pa.RecordBatch)):
        return [table_source(item, name="<table>", kind="table", columns=columns)]
    if is_frame(item):
        table = frame_to_arrow(item, columns=columns)
        return [table_source(table, name="<frame>", kind="frame", columns=columns)]
    raise UsageError(
        Fault(
            code="RQC-U004",
            what="The input is of a type that holds no table.",
            got=type(item).__name__,
            expected="a path, a pandas DataFrame or an Arrow table",
            action="Convert it to one of these.",
        )
    )
