"""Chunks of reported rows, from a Spark DataFrame or from parts of files, each row with its place in the input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.errors import DataError, Fault
from regenqc.evaluation.evidence import ROW_BITS
from regenqc.intake.readers.text import as_text_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["ROW_COLUMN", "SEPARATOR", "SEPARATOR_IN_TEXT", "SOURCE_COLUMN", "Chunk", "FrameFormat", "chunks_of_frame"]

# Names that no laboratory gives to a column.
ROW_COLUMN: Final = "\x1frow_number"
SOURCE_COLUMN: Final = "\x1fsource"

# Stands between joined texts; a text that holds it cannot be joined.
SEPARATOR: Final = "\x1f"
SEPARATOR_IN_TEXT: Final = "RQC-X092"

_NO_ROW: Final = -1
_ROWS_AT_ONCE: Final = 131_072


class Chunk(NamedTuple):
    """Rows of one source.

    Args:
        rows: dictionary-coded text.
        source: number of the source.
        first_row: number of the first row in it; the others follow.
        places: source and number of each row where they do not follow, `source << ROW_BITS | number`; -1 for a row without
            number.
    """

    rows: pa.RecordBatch
    source: int
    first_row: int
    places: NDArray[np.int64] | None = None

    def places_of(self, positions: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the places of some rows of the chunk."""
        if self.places is not None:
            placed: NDArray[np.int64] = self.places[positions]
            return placed
        return positions.astype(np.int64) + ((np.int64(self.source) << ROW_BITS) + self.first_row)


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """How the rows of a DataFrame reach the tasks.

    Columns that repeat few texts travel joined: handing a value from Spark to Python costs more than judging it.

    Args:
        columns: of the results, in order.
        joined: name of each joined column, with the columns it holds; `SOURCE_COLUMN` may be one of them.
        sources: names of the sources.
    """

    columns: tuple[str, ...]
    joined: dict[str, tuple[str, ...]]
    sources: tuple[str, ...]


def chunks_of_frame(batches: Iterable[pa.RecordBatch], row_format: FrameFormat) -> Iterator[Chunk]:
    r"""Yield the rows of a DataFrame's partition in chunks that are worth a call.

    Args:
        batches: as Spark hands them over, a few thousand rows each: first the columns that stand alone, in the order of the
            results and under any name, then the joined ones; `ROW_COLUMN` and `SOURCE_COLUMN` say where a row comes
            from, where the user gave such columns.
        row_format: of the rows.

    Raises:
        DataError: text that is not UTF-8, or that holds the separator of joined texts.

    Example:
        >>> batch = pa.record_batch({"a": ["1", "2"], "few": ["x\x1fy", "x\x1fz"], ROW_COLUMN: pa.array([7, None])})
        >>> row_format = FrameFormat(("b", "a", "c"), {"few": ("b", "c")}, ("file",))
        >>> (chunk,) = chunks_of_frame([batch], row_format)
        >>> chunk.rows.to_pylist(), chunk.places.tolist()
        ([{'b': 'x', 'a': '1', 'c': 'y'}, {'b': 'x', 'a': '2', 'c': 'z'}], [7, -1])
    """
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        if count >= _ROWS_AT_ONCE:
            yield _chunk(pa.Table.from_batches(waiting), row_format)
            waiting, count = [], 0
    if count:
        yield _chunk(pa.Table.from_batches(waiting), row_format)


def _chunk(table: pa.Table, row_format: FrameFormat) -> Chunk:
    apart = {name for parts in row_format.joined.values() for name in parts}
    alone = [name for name in row_format.columns if name not in apart]
    try:
        coded = as_text_codes(table.select(list(range(len(alone)))))
        columns = dict(zip(alone, coded.columns, strict=True))
        for name, parts in row_format.joined.items():
            columns |= dict(zip(parts, _parted(table[name], len(parts)), strict=True))
    except pa.ArrowInvalid as error:
        raise DataError(
            Fault(
                code="RQC-D005",
                what="The table cannot be read.",
                where=", ".join(row_format.sources),
                got=next(iter(str(error).splitlines()), ""),
                expected="text in UTF-8",
                action="Make the table again from its source.",
            )
        ) from error
    rows = pa.record_batch([columns[name] for name in row_format.columns], names=list(row_format.columns))
    if SOURCE_COLUMN not in columns and SOURCE_COLUMN in table.column_names:
        columns[SOURCE_COLUMN] = pc.fill_null(table[SOURCE_COLUMN], "").combine_chunks().dictionary_encode()
    numbers = table[ROW_COLUMN] if ROW_COLUMN in table.column_names else None
    return Chunk(rows, 0, 0, _places(rows.num_rows, numbers, columns.get(SOURCE_COLUMN), row_format.sources))


def _parted(column: pa.ChunkedArray, count: int) -> list[pa.DictionaryArray]:
    """Return the columns that were joined into one; each distinct combination is taken apart once."""
    coded = column.combine_chunks().dictionary_encode()
    words, codes = coded.dictionary, coded.indices.to_numpy()
    words.validate(full=True)
    parts = pc.split_pattern(words, SEPARATOR)
    if not pc.all(pc.equal(pc.list_value_length(parts), count)).as_py():
        raise DataError(Fault(code=SEPARATOR_IN_TEXT, what="A text holds the separator of joined texts."))
    texts = parts.flatten()
    found = []
    for place in range(count):
        own = texts.take(pa.array(np.arange(place, len(texts), count))).dictionary_encode()
        found.append(pa.DictionaryArray.from_arrays(pa.array(own.indices.to_numpy()[codes]), own.dictionary))
    return found


def _places(
    count: int, numbers: pa.ChunkedArray | None, source: pa.DictionaryArray | None, sources: Sequence[str]
) -> NDArray[np.int64]:
    places = np.full(count, _NO_ROW, dtype=np.int64)
    if numbers is None:
        return places
    place = np.zeros(count, dtype=np.int64)
    if source is not None:
        known_as = pc.index_in(source.dictionary, value_set=pa.array(sources, type=pa.string())).to_numpy()
        place = known_as.astype(np.int64)[source.indices.to_numpy()]
    known = pc.is_valid(numbers).to_numpy()
    places[known] = (place[known] << ROW_BITS) + pc.fill_null(numbers, 0).to_numpy()[known]
    return places
