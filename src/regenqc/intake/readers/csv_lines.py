"""Read a text file as blocks of whole lines, several of them at once, without copying what was read."""

from __future__ import annotations

import mmap
import threading
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.intake.readers.csv_cells import room_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["LinesOfFile"]

_BLOCK_BYTES: Final = 32 << 20
# A line is looked for as far before a block as most are long, then once more as far as any may begin.
_USUAL_LINE_BYTES: Final = 64 << 10
_LONGEST_LINE_BYTES: Final = 1 << 20


class LinesOfFile:
    r"""The lines of a file from some byte on, each in the block in which it ends; several threads may read at once.

    Args:
        path: of the file.
        begin: of the first line.

    Attributes:
        blocks: where each begins, in order.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "a.csv"
        ...     _ = path.write_bytes(b"a\n1\n2")
        ...     lines = LinesOfFile(path, begin=2)
        ...     text, length = lines.read(lines.blocks[0])
        >>> text[:length].tobytes()
        b'1\n2\n'
    """

    def __init__(self, path: Path, *, begin: int) -> None:
        self._path = path
        self._begin = begin
        self._end = path.stat().st_size
        self.blocks = range(begin, self._end, _BLOCK_BYTES)
        self._own = threading.local()

    def read(self, block: int) -> tuple[NDArray[np.uint8], int] | None:
        """Return the lines that end in a block, with the room of this thread behind them, and their length in bytes.

        Args:
            block: where it begins. A last line without end gets one.

        Returns:
            Nothing where a line is too long, or the file has become shorter.
        """
        end = min(block + _BLOCK_BYTES, self._end)
        for before in (_USUAL_LINE_BYTES, _LONGEST_LINE_BYTES):
            first = max(block - before, self._begin)
            room = self._room_for(end - first)
            if not self._fill(room, first, end - first):
                return None
            begin = 0 if block == self._begin else room.rfind(b"\n", 0, block - first) + 1
            if begin or first == self._begin:
                break
        else:
            return None
        until = end - first
        if end < self._end:
            until = max(room.rfind(b"\n", block - first, until) + 1, begin)
        elif room[until - 1] != ord("\n"):
            room[until] = ord("\n")
            until += 1
        return np.frombuffer(room, dtype=np.uint8)[begin:], until - begin

    def _room_for(self, length: int) -> mmap.mmap:
        """Return memory of this thread: searched like bytes, and not touched before it is used."""
        room: mmap.mmap | None = getattr(self._own, "room", None)
        needed = room_bytes(length + 1)  # with the end that a last line may lack
        if room is None or len(room) < needed:
            room = self._own.room = mmap.mmap(-1, needed)
        return room

    def _fill(self, room: mmap.mmap, first: int, length: int) -> bool:
        done = 0
        # Opened for every block: a stream that belongs to a thread would be left open with it.
        with self._path.open("rb", buffering=0) as stream, memoryview(room)[:length] as target:
            stream.seek(first)
            while done < length and (count := stream.readinto(target[done:])):
                done += count
        return done == length
