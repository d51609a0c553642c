"""Read plain separated text block by block, several blocks at once; where text is not plain, reading ends before it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Final

from regenqc.intake.readers.csv_cells import CODE_CELLS, CellCoder
from regenqc.intake.readers.encodings import is_utf8

if TYPE_CHECKING:
    from collections.abc import Generator
    from concurrent.futures import Future

    import pyarrow as pa

    from regenqc.intake.readers.csv_lines import LinesOfFile

__all__ = ["is_worth_loading", "read_plain"]

_BLOCKS_AT_ONCE: Final = 2
# Smaller files are read before the code is loaded; of larger ones it is compiled where no earlier run has kept it.
_WORTH_LOADING_BYTES: Final = 1 << 20
_WORTH_COMPILING_BYTES: Final = 64 << 20


def is_worth_loading(byte_count: int) -> bool:
    """Return whether a file of this size is read sooner with compiled code.

    Example:
        >>> is_worth_loading(4_000), is_worth_loading(1 << 30)
        (False, True)
    """
    return byte_count >= _WORTH_COMPILING_BYTES or (byte_count >= _WORTH_LOADING_BYTES and CODE_CELLS.is_kept)


def read_plain(lines: LinesOfFile, coder: CellCoder) -> Generator[pa.RecordBatch, None, bool]:
    """Yield the records of a file in order, and return whether these are all; other blocks than these are not plain.

    Args:
        lines: the records.
        coder: of them.
    """
    CODE_CELLS.load()
    with ThreadPoolExecutor(max_workers=_BLOCKS_AT_ONCE, thread_name_prefix="regenqc-cells") as pool:
        running: deque[Future[pa.RecordBatch | None]] = deque()
        blocks = iter(lines.blocks)
        while True:
            free = _BLOCKS_AT_ONCE + 1 - len(running)
            running.extend(pool.submit(_coded, coder, lines, block) for block in islice(blocks, free))
            if not running:
                return True
            records = running.popleft().result()
            if records is None:
                return False
            if records.num_rows:
                yield records


def _coded(coder: CellCoder, lines: LinesOfFile, block: int) -> pa.RecordBatch | None:
    found = lines.read(block)
    if found is None:
        return None
    text, length = found
    return coder.code(text, length) if is_utf8(text[:length]) else None
