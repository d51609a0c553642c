"""Code the cells of plain separated text as machine code: lines that end as lines do, fields that are quoted whole or not at all.

Whatever is written otherwise (a line break within quotes, a quote within a field, another number of fields, a control
character) is not judged here: the place is returned, and a reader that knows every form of such files takes over.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from regenqc.compiled import CompiledFunction
from regenqc.intake.readers.text import TEXT_CODES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["CODE_CELLS", "COPY_WORDS", "CellCoder", "Words", "code_cells", "copy_words", "room_bytes"]

_BASIS: Final = np.uint64(14_695_981_039_346_656_037)
_PRIME: Final = np.uint64(11_400_714_819_323_198_485)  # 2^64 divided by the golden ratio, odd
_HALF: Final = np.uint64(32)
_ALL: Final = np.uint64(0xFFFF_FFFF_FFFF_FFFF)

# What a byte means; within quotes, nothing from the end of a line on is plain.
_PLAIN, _DELIMITER, _QUOTE, _END, _RETURN, _CONTROL = range(6)
# Returned instead of a number of records.
_NOT_PLAIN: Final = -1
_NO_ROOM: Final = -2
# So few that what tells them apart stays near the processor; where there are more, blocks are coded again with more room.
_FIRST_WORDS: Final = 1 << 15

# What is kept of a word, one number each: its first bytes, of a longer word its hash; its column and size; its place and code.
_START, _NEXT, _LAST, _COLUMN_SIZE, _PLACE_CODE, _ENTRY_SIZE = range(6)
# Longer words are compared where they stand.
_MOST_KEPT_BYTES: Final = 24
_SLACK_BYTES: Final = 8


class Words(NamedTuple):
    """Distinct words of all columns of a block; one entry for each.

    Args:
        entries: (entries, `_ENTRY_SIZE`) what is kept of each.
        slots: by hash, one more than the number of an entry; 0 where there is none. A power of two of them, at least twice
            as many as entries.
        counts: for each column, how many words it has; behind the last one, how many there are in all.
        last: for each column, one more than the entry of its last word; 0 where there is none.
    """

    entries: NDArray[np.uint64]
    slots: NDArray[np.uint32]
    counts: NDArray[np.uint64]
    last: NDArray[np.uint32]


def room_bytes(length: int) -> int:
    """Return how many bytes a text of this length takes together with the room behind it.

    Words are copied there without their doubled quotes, and eight bytes are read wherever a word ends.

    Example:
        >>> room_bytes(1_000)
        2008
    """
    return 2 * length + _SLACK_BYTES


def _eight_bytes(text: NDArray[np.uint8], at: np.uint64) -> np.uint64:
    """Return eight bytes as one number, which is one instruction as machine code."""
    word = np.uint64(text[at])
    word |= np.uint64(text[at + np.uint64(1)]) << np.uint64(8)
    word |= np.uint64(text[at + np.uint64(2)]) << np.uint64(16)
    word |= np.uint64(text[at + np.uint64(3)]) << np.uint64(24)
    word |= np.uint64(text[at + np.uint64(4)]) << np.uint64(32)
    word |= np.uint64(text[at + np.uint64(5)]) << np.uint64(40)
    word |= np.uint64(text[at + np.uint64(6)]) << np.uint64(48)
    word |= np.uint64(text[at + np.uint64(7)]) << np.uint64(56)
    return word


def _some_bytes(text: NDArray[np.uint8], at: np.uint64, count: np.uint64) -> np.uint64:
    """Return one to eight bytes as one number; what stands behind them is read and left out."""
    return _eight_bytes(text, at) & (_ALL >> ((np.uint64(8) - count) << np.uint64(3)))


def _are_equal(text: NDArray[np.uint8], first: np.uint64, begin: np.uint64, end: np.uint64) -> bool:
    """Return whether the bytes from `first` on are those from `begin` to `end`."""
    one, eight = np.uint64(1), np.uint64(8)
    while begin + eight <= end:
        if _eight_bytes(text, first) != _eight_bytes(text, begin):
            return False
        first += eight
        begin += eight
    while begin < end:
        if text[first] != text[begin]:
            return False
        first += one
        begin += one
    return True


def code_cells(
    text: NDArray[np.uint8],
    length: int,
    kind: NDArray[np.uint8],
    place: NDArray[np.uint32],
    codes: NDArray[np.uint32],
    words: Words,
) -> int:
    """Code the cells of whole records.

    Args:
        text: of which the first bytes are whole records; `room_bytes` long, or longer.
        length: of the records; the last byte of them ends a line.
        kind: what each byte means.
        place: for each field of a record, its row in `codes`, or one beyond the last for one that is not wanted.
        codes: (wanted fields, records) gets the number of each word in its column.
        words: gets the distinct words; `counts`, `slots` and `last` are clear.

    Returns:
        The number of records; `_NOT_PLAIN` for text of another form, `_NO_ROOM` where there are more words than entries.
    """
    # Unsigned throughout: of a signed index it is asked every time whether it counts from the end.
    one, eight, sixteen, whole = np.uint64(1), np.uint64(8), np.uint64(16), np.uint64(length)
    kept, low = np.uint64(_MOST_KEPT_BYTES), _ALL >> _HALF
    mask = np.uint64(words.slots.size - 1)
    most = np.uint64(words.entries.shape[0])
    fields, wanted = np.uint64(place.size), np.uint64(words.last.size)
    room = whole
    records = 0
    row = total = at = np.uint64(0)
    while at < whole:
        what = kind[text[at]]
        if what == _END:  # an empty line is no record
            at += one
            continue
        if what == _RETURN and kind[text[at + one]] == _END:
            at += one + one
            continue
        field = np.uint64(0)
        while True:
            begin = at
            free = room
            if what == _QUOTE:
                at += one
                begin = at
                is_copied = False
                while True:
                    byte = text[at]
                    what = kind[byte]
                    if what >= _END:
                        return _NOT_PLAIN
                    if what == _QUOTE:
                        at += one
                        if kind[text[at]] != _QUOTE:
                            break
                        # A doubled quote is one: from here on the word is copied.
                        if not is_copied:
                            is_copied = True
                            for copied in range(begin, at - one):
                                text[free] = text[copied]
                                free += one
                    at += one
                    if is_copied:
                        text[free] = byte
                        free += one
                end = at - one
                if is_copied:
                    begin, end = room, free
                what = kind[text[at]]
                if what == _PLAIN:
                    return _NOT_PLAIN
            else:
                while what == _PLAIN:
                    at += one
                    what = kind[text[at]]
                if what == _QUOTE:
                    return _NOT_PLAIN
                end = at
            if what == _RETURN:
                at += one
                what = kind[text[at]]
                if what != _END:
                    return _NOT_PLAIN
            if what == _CONTROL or field >= fields:
                return _NOT_PLAIN
            column = np.uint64(place[field])
            if column < wanted:
                size = end - begin
                column_size = (column << _HALF) | size
                start = following = final = np.uint64(0)
                if size > kept:
                    left = begin
                    while left + eight < end:
                        start = (start ^ _eight_bytes(text, left)) * _PRIME
                        start ^= start >> _HALF
                        left += eight
                    start = (start ^ _some_bytes(text, left, end - left)) * _PRIME
                elif size > sixteen:
                    start = _eight_bytes(text, begin)
                    following = _eight_bytes(text, begin + eight)
                    final = _some_bytes(text, begin + sixteen, size - sixteen)
                elif size > eight:
                    start = _eight_bytes(text, begin)
                    following = _some_bytes(text, begin + eight, size - eight)
                elif size != 0:
                    start = _some_bytes(text, begin, size)
                # A word often stands below an equal one.
                entry = np.uint64(words.last[column])
                at_slot = whole
                while True:
                    if entry != 0:
                        candidate = entry - one
                        if (
                            words.entries[candidate, _START] == start
                            and words.entries[candidate, _COLUMN_SIZE] == column_size
                            and words.entries[candidate, _NEXT] == following
                            and words.entries[candidate, _LAST] == final
                            and (
                                size <= kept
                                or _are_equal(text, words.entries[candidate, _PLACE_CODE] >> _HALF, begin, end)
                            )
                        ):
                            break
                    if at_slot == whole:
                        told = ((column_size ^ _BASIS) * _PRIME) ^ start
                        told = (told ^ (told >> _HALF)) * _PRIME
                        told = ((told ^ (told >> _HALF)) + following) * _PRIME
                        told = ((told ^ (told >> _HALF)) + final) * _PRIME
                        at_slot = (told ^ (told >> _HALF)) & mask
                    elif entry == 0:
                        if total >= most:
                            return _NO_ROOM
                        words.entries[total, _START] = start
                        words.entries[total, _NEXT] = following
                        words.entries[total, _LAST] = final
                        words.entries[total, _COLUMN_SIZE] = column_size
                        words.entries[total, _PLACE_CODE] = (begin << _HALF) | words.counts[column]
                        words.counts[column] += one
                        total += one
                        entry = total
                        words.slots[at_slot] = entry
                        room = free  # what was copied stays
                        break
                    else:
                        at_slot = (at_slot + one) & mask
                    entry = np.uint64(words.slots[at_slot])
                words.last[column] = entry
                codes[column, row] = words.entries[entry - one, _PLACE_CODE] & low
            field += one
            at += one
            if what == _END:
                break
            what = kind[text[at]]
        if field != fields:
            return _NOT_PLAIN
        row += one
        records += 1
    words.counts[wanted] = total
    return records


def copy_words(
    text: NDArray[np.uint8], begin: NDArray[np.uint64], size: NDArray[np.uint64], joined: NDArray[np.uint8]
) -> int:
    """Copy words one behind the other.

    Args:
        text: in which they stand.
        begin: of each.
        size: of each.
        joined: gets them.

    Returns:
        How many words.
    """
    to = np.uint64(0)
    for word in range(begin.size):
        for at in range(begin[word], begin[word] + size[word]):
            joined[to] = text[at]
            to += np.uint64(1)
    return begin.size


def _no_words() -> Words:
    whole, wide = np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint64)
    return Words(np.empty((0, _ENTRY_SIZE), dtype=np.uint64), whole, wide, whole)


def _no_cells() -> tuple[Any, ...]:
    byte, whole = np.empty(0, dtype=np.uint8), np.empty(0, dtype=np.uint32)
    return byte, 0, byte, whole, np.empty((0, 0), dtype=np.uint32), _no_words()


def _nothing_to_copy() -> tuple[Any, ...]:
    byte, wide = np.empty(0, dtype=np.uint8), np.empty(0, dtype=np.uint64)
    return byte, wide, wide, byte


CODE_CELLS: Final = CompiledFunction(code_cells, like=_no_cells)
COPY_WORDS: Final = CompiledFunction(copy_words, like=_nothing_to_copy)


class CellCoder:
    r"""Turn blocks of plain separated text into dictionary-coded columns; several threads may do so at once.

    Args:
        names: of the fields of a record.
        delimiter: between fields.
        quote: around fields, or nothing.
        wanted: names of the columns to code, in order.

    Example:
        >>> coder = CellCoder(["batch_id", "result"], delimiter=",", quote='"', wanted=["result", "batch_id"])
        >>> lines = b'B1,"46,XX[20]"\nB2,0.5\n'
        >>> room = bytearray(lines.ljust(room_bytes(len(lines))))
        >>> coder.code(np.frombuffer(room, dtype=np.uint8), len(lines)).to_pydict()
        {'result': ['46,XX[20]', '0.5'], 'batch_id': ['B1', 'B2']}
    """

    def __init__(self, names: Sequence[str], *, delimiter: str, quote: str, wanted: Sequence[str]) -> None:
        self._wanted = list(wanted)
        position = {name: at for at, name in enumerate(wanted)}
        self._place = np.array([position.get(name, len(position)) for name in names], dtype=np.uint32)
        self._kind = np.full(256, _PLAIN, dtype=np.uint8)
        self._kind[0] = _CONTROL
        if quote:
            self._kind[ord(quote)] = _QUOTE
        self._kind[ord(delimiter)] = _DELIMITER
        self._kind[ord("\n")] = _END
        self._kind[ord("\r")] = _RETURN
        self._most_words = _FIRST_WORDS
        self._own = threading.local()

    def code(self, text: NDArray[np.uint8], length: int) -> pa.RecordBatch | None:
        """Return the records of a block as columns, or nothing where the text is not plain.

        Args:
            text: of which the first bytes are whole lines, in UTF-8; what stands behind them is written over.
            length: of the lines. The end of a line is what every search in the compiled code ends at.

        Raises:
            ValueError: less room than `room_bytes`, or a last line without end.
        """
        if len(text) < room_bytes(length) or (length and text[length - 1] != ord("\n")):
            raise ValueError(f"{len(text)} bytes of room for {length} bytes of whole lines")
        # A record takes a byte for every field at least. What is not used of this room is not touched.
        most_records = length // len(self._place) + 1
        codes = np.empty((len(self._wanted), most_records), dtype=np.uint32)
        while True:
            words = self._no_words()
            rows = CODE_CELLS(text, length, self._kind, self._place, codes, words)
            if rows != _NO_ROOM:
                break
            self._most_words = 4 * len(words.entries)
        if rows == _NOT_PLAIN:
            return None
        return pa.record_batch(self._columns(text, codes, rows, words), names=self._wanted)

    def _no_words(self) -> Words:
        """Return the room of this thread for words, without any."""
        words: Words | None = getattr(self._own, "words", None)
        most = self._most_words
        if words is None or len(words.entries) < most:
            words = self._own.words = Words(
                entries=np.empty((most, _ENTRY_SIZE), dtype=np.uint64),
                slots=np.empty(2 * most, dtype=np.uint32),
                counts=np.empty(len(self._wanted) + 1, dtype=np.uint64),
                last=np.empty(len(self._wanted), dtype=np.uint32),
            )
        for array in (words.slots, words.counts, words.last):
            array[:] = 0
        return words

    def _columns(
        self, text: NDArray[np.uint8], codes: NDArray[np.uint32], rows: int, words: Words
    ) -> list[pa.DictionaryArray]:
        entries = words.entries[: int(words.counts[-1])]
        entries = entries[np.argsort(entries[:, _COLUMN_SIZE] >> _HALF, kind="stable")]
        begin, size = entries[:, _PLACE_CODE] >> _HALF, entries[:, _COLUMN_SIZE] & (_ALL >> _HALF)
        edges = [0, *np.cumsum(words.counts[:-1]).tolist()]
        columns = []
        for number in range(len(self._wanted)):
            own = slice(edges[number], edges[number + 1])
            offsets = np.zeros(edges[number + 1] - edges[number] + 1, dtype=np.int32)
            np.cumsum(size[own], out=offsets[1:])
            joined = np.empty(int(offsets[-1]), dtype=np.uint8)
            COPY_WORDS(text, begin[own], size[own], joined)
            texts = pa.Array.from_buffers(
                pa.string(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(joined)]
            )
            indices = pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(codes[number, :rows])])
            columns.append(pa.DictionaryArray.from_arrays(indices, texts, safe=False).cast(TEXT_CODES))
        return columns
