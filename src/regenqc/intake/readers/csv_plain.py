"""Read plain separated text block by block, several blocks at once; where text is not plain, reading ends before it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, Final

from regenqc.intake.readers.csv_cells import CODE_CELLS, CellCoder
from regenqc.intake.readers.encodings import check_utf8

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from concurrent.futures import Future

    import pyarrow as pa

__all__ = ["is_worth_loading", "read_plain"]

_BLOCK_BYTES: Final = 16 << 20
# A longer record is left to the other reader.
_LONGEST_RECORD_BYTES: Final = 64 << 20
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


def read_plain(stream: BinaryIO, coder: CellCoder) -> Generator[pa.RecordBatch, None, bool]:
    """Yield the records of a stream in order, and return whether these are all; other blocks than these are not plain.

    Args:
        stream: at its first record, in UTF-8.
        coder: of its records.
    """
    CODE_CELLS.load()
    with ThreadPoolExecutor(max_workers=_BLOCKS_AT_ONCE, thread_name_prefix="regenqc-cells") as pool:
        running: deque[Future[pa.RecordBatch | None]] = deque()
        blocks = _blocks(stream)
        is_read = False
        while running or not is_read:
            while not is_read and len(running) <= _BLOCKS_AT_ONCE:
                block = next(blocks, None)
                if block is None:
                    is_read = True
                else:
                    running.append(pool.submit(_coded, coder, block))
            if running:
                records = running.popleft().result()
                if records is None:
                    return False
                if records.num_rows:
                    yield records
    return True


def _coded(coder: CellCoder, block: bytes) -> pa.RecordBatch | None:
    try:
        check_utf8(block, final=True)
    except UnicodeDecodeError:
        return None
    return coder.code(block)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield whole lines, the last of which may lack its end."""
    rest = b""
    while part := stream.read(_BLOCK_BYTES):
        end = part.rfind(b"\n") + 1
        if end:
            # Copied once: a gigabyte goes through here twice.
            yield b"".join((rest, memoryview(part)[:end]))
            rest = part[end:]
            continue
        rest += part
        if len(rest) > _LONGEST_RECORD_BYTES:
            break
    if rest:
        yield rest
