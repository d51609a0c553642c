"""Write tables of numbered texts as CSV or Parquet, with the same bytes whatever the portions they arrive in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from numpy.typing import NDArray

__all__ = ["Coded", "Numbered", "TableWriter", "open_table"]

# A row group, or block of lines; constant, because it shows in the bytes of a Parquet file.
_BLOCK_ROWS = 1_000_000
_LINES_AT_ONCE = 100_000


@dataclass(frozen=True, slots=True)
class Coded:
    """A column whose numbers index a finite list of texts."""

    texts: list[str]

    def texts_of(self, codes: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int32], pa.Array]:
        """Return positions and the texts that they index."""
        return codes.astype(np.int32, copy=False), pa.array(self.texts, pa.string())


@dataclass(frozen=True, slots=True)
class Numbered:
    """A column whose texts are made from the numbers that occur.

    Args:
        describe: texts of distinct numbers, in their order.
    """

    describe: Callable[[NDArray[Any]], pa.Array]

    def texts_of(self, codes: NDArray[np.integer[Any]]) -> tuple[NDArray[np.int32], pa.Array]:
        """Return positions and the texts that they index."""
        distinct, positions = np.unique(codes, return_inverse=True)
        # Two numbers may have one text. A dictionary with repeated texts makes Arrow write uninitialised bytes to Parquet.
        encoded = self.describe(distinct).dictionary_encode()
        return encoded.indices.to_numpy()[positions], encoded.dictionary


Column = Coded | Numbered
Portion = dict[str, "NDArray[np.integer[Any]]"]


class TableWriter(Protocol):
    """Take portions of a table, in order."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, portion: Portion) -> None:
        """Add rows."""


def open_table(path: Path, columns: dict[str, Column], *, file_format: Literal["csv", "parquet"]) -> TableWriter:
    """Return a writer that is used as a context manager.

    Args:
        path: file to write.
        columns: name and meaning of the numbers, in the order of the file.
        file_format: `csv` (UTF-8, comma, LF, quoted where needed) or `parquet` (dictionary-coded text).
    """
    return _BlockWriter(_CsvFile(path, columns) if file_format == "csv" else _ParquetFile(path, columns))


class _File(Protocol):
    def write_block(self, block: Portion) -> None: ...

    def close(self) -> None: ...


class _BlockWriter:
    """Collect portions into blocks of a constant number of rows."""

    def __init__(self, file: _File) -> None:
        self._file, self._held, self._held_rows = file, list[Portion](), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._held_rows:
            self._flush(self._held_rows)
        self._file.close()

    def write(self, portion: Portion) -> None:
        self._held.append(portion)
        self._held_rows += next(iter(portion.values())).size
        while self._held_rows >= _BLOCK_ROWS:
            self._flush(_BLOCK_ROWS)

    def _flush(self, rows: int) -> None:
        whole = {name: np.concatenate([portion[name] for portion in self._held]) for name in self._held[0]}
        self._file.write_block({name: column[:rows] for name, column in whole.items()})
        rest = {name: column[rows:].copy() for name, column in whole.items()}
        self._held_rows -= rows
        self._held = [rest] if self._held_rows else []


class _ParquetFile:
    def __init__(self, path: Path, columns: dict[str, Column]) -> None:
        self._columns = columns
        self._schema = pa.schema([(name, pa.dictionary(pa.int32(), pa.string())) for name in columns])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd", use_dictionary=True)

    def write_block(self, block: Portion) -> None:
        arrays = []
        for name, column in self._columns.items():
            positions, texts = column.texts_of(block[name])
            arrays.append(pa.DictionaryArray.from_arrays(pa.array(positions), texts))
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=_BLOCK_ROWS)

    def close(self) -> None:
        self._writer.close()


class _CsvFile:
    def __init__(self, path: Path, columns: dict[str, Column]) -> None:
        self._columns = columns
        self._file: BinaryIO = path.open("wb")
        self._file.write((",".join(columns) + "\n").encode())

    def write_block(self, block: Portion) -> None:
        rows = next(iter(block.values())).size
        for start in range(0, rows, _LINES_AT_ONCE):
            fields = []
            for name, column in self._columns.items():
                positions, texts = column.texts_of(block[name][start : start + _LINES_AT_ONCE])
                fields.append(_quoted(texts).take(pa.array(positions)))
            lines = pc.binary_join_element_wise(*fields, ",")
            self._file.write(_content(pc.binary_join_element_wise(lines, "", "\n")))

    def close(self) -> None:
        self._file.close()


def _quoted(texts: pa.Array) -> pa.Array:
    """Quote the texts that would otherwise break a line of CSV (RFC 4180)."""
    needs = pc.match_substring_regex(texts, '[",\r\n]')
    escaped = pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    return pc.if_else(needs, escaped, texts)


def _content(lines: pa.Array) -> memoryview:
    """Return the bytes of all texts of an array, which stand one behind the other."""
    offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(lines.buffers()[2])[offsets[0] : offsets[-1]]
