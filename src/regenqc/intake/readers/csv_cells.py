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

__all__ = ["CODE_CELLS", "COPY_WORDS", "CellCoder", "Words", "code_cells", "copy_words"]

_BASIS: Final = np.uint64(14_695_981_039_346_656_037)
_PRIME: Final = np.uint64(11_400_714_819_323_198_485)  # 2^64 divided by the golden ratio, odd
_HALF: Final = np.uint64(32)

# What a byte means; within quotes, nothing from the end of a line on is plain.
_PLAIN, _DELIMITER, _QUOTE, _END, _RETURN, _CONTROL = range(6)
# Returned instead of a number of records.
_NOT_PLAIN: Final = -1
_NO_ROOM: Final = -2
_FIRST_WORDS: Final = 1 << 17


class Words(NamedTuple):
    """Distinct words of all columns of a block; one entry for each.

    Args:
        begin: of the word in the text.
        end: behind the word.
        column: that it stands in.
        code: its number among the words of the column.
        told: its hash.
        slots: by hash, one more than the number of an entry; 0 where there is none. A power of two of them, at least twice
            as many as entries.
        counts: for each column, how many words it has; behind the last one, how many there are in all.
        last: for each column, one more than the entry of its last word; 0 where there is none.
    """

    begin: NDArray[np.uint32]
    end: NDArray[np.uint32]
    column: NDArray[np.uint32]
    code: NDArray[np.uint32]
    told: NDArray[np.uint64]
    slots: NDArray[np.uint32]
    counts: NDArray[np.uint64]
    last: NDArray[np.uint32]


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
        text: of which the first bytes are whole records; the others are room for words without their doubled quotes.
        length: of the records; the last byte of them ends a line.
        kind: what each byte means.
        place: for each field of a record, its row in `codes`, or one beyond the last for one that is not wanted.
        codes: (wanted fields, records) gets the number of each word in its column.
        words: gets the distinct words; `counts`, `slots` and `last` are clear.

    Returns:
        The number of records; `_NOT_PLAIN` for text of another form, `_NO_ROOM` where there are more words than entries.
    """
    # Unsigned throughout: of a signed index it is asked every time whether it counts from the end.
    one, eight, whole = np.uint64(1), np.uint64(8), np.uint64(length)
    mask = np.uint64(words.slots.size - 1)
    most = np.uint64(words.begin.size)
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
                entry = np.uint64(words.last[column])
                is_same = False
                if entry != 0 and np.uint64(words.end[entry - one]) - np.uint64(words.begin[entry - one]) == size:
                    is_same = _are_equal(text, np.uint64(words.begin[entry - one]), begin, end)
                if not is_same:
                    told = _BASIS ^ (column * _PRIME)
                    left = begin
                    while left + eight <= end:
                        word = _eight_bytes(text, left)
                        told = (told ^ word) * _PRIME
                        told ^= told >> _HALF
                        left += eight
                    word = size
                    while left < end:
                        word = (word << eight) | np.uint64(text[left])
                        left += one
                    told = (told ^ word) * _PRIME
                    told ^= told >> _HALF
                    slot = told & mask
                    entry = np.uint64(words.slots[slot])
                    while entry != 0:
                        candidate = entry - one
                        if words.told[candidate] == told and np.uint64(words.column[candidate]) == column:
                            first = np.uint64(words.begin[candidate])
                            if np.uint64(words.end[candidate]) - first == size and _are_equal(text, first, begin, end):
                                break
                        slot = (slot + one) & mask
                        entry = np.uint64(words.slots[slot])
                    if entry == 0:
                        if total >= most:
                            return _NO_ROOM
                        words.told[total] = told
                        words.begin[total] = begin
                        words.end[total] = end
                        words.column[total] = column
                        words.code[total] = words.counts[column]
                        words.counts[column] += one
                        total += one
                        entry = total
                        words.slots[slot] = entry
                        room = free  # what was copied stays
                    words.last[column] = entry
                codes[column, row] = words.code[entry - one]
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
    text: NDArray[np.uint8], begin: NDArray[np.uint32], end: NDArray[np.uint32], joined: NDArray[np.uint8]
) -> int:
    """Copy words one behind the other.

    Args:
        text: in which they stand.
        begin: of each.
        end: behind each.
        joined: gets them.

    Returns:
        How many words.
    """
    to = np.uint64(0)
    for word in range(begin.size):
        for at in range(np.uint64(begin[word]), np.uint64(end[word])):
            joined[to] = text[at]
            to += np.uint64(1)
    return begin.size


def _no_words() -> Words:
    whole = np.empty(0, dtype=np.uint32)
    wide = np.empty(0, dtype=np.uint64)
    return Words(whole, whole, whole, whole, wide, whole, wide, whole)


def _no_cells() -> tuple[Any, ...]:
    byte, whole = np.empty(0, dtype=np.uint8), np.empty(0, dtype=np.uint32)
    return byte, 0, byte, whole, np.empty((0, 0), dtype=np.uint32), _no_words()


def _nothing_to_copy() -> tuple[Any, ...]:
    byte, whole = np.empty(0, dtype=np.uint8), np.empty(0, dtype=np.uint32)
    return byte, whole, whole, byte


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
        >>> coder.code(b'B1,"46,XX[20]"\nB2,0.5\n').to_pydict()
        {'result': ['46,XX[20]', '0.5'], 'batch_id': ['B1', 'B2']}
        >>> coder.code(b'B1,"two\nlines"\n') is None
        True
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

    def code(self, block: bytes) -> pa.RecordBatch | None:
        """Return the records of a block as columns, or nothing where the text is not plain.

        Args:
            block: whole lines, in UTF-8; a last one without end gets one.
        """
        # The end of a line is what every search in the compiled code ends at.
        block = block if block.endswith(b"\n") else block + b"\n"
        length = len(block)
        text = self._text_for(length)
        text[:length] = np.frombuffer(block, dtype=np.uint8)
        # A record takes a byte for every field at least: a block of empty lines asks for no room.
        most_records = min(block.count(b"\n"), length // len(self._place) + 1)
        codes = np.empty((len(self._wanted), most_records), dtype=np.uint32)
        while True:
            words = self._no_words()
            rows = CODE_CELLS(text, length, self._kind, self._place, codes, words)
            if rows != _NO_ROOM:
                break
            self._most_words = 4 * len(words.begin)
        if rows == _NOT_PLAIN:
            return None
        return pa.record_batch(self._columns(text, codes, rows, words), names=self._wanted)

    def _text_for(self, length: int) -> NDArray[np.uint8]:
        """Return the room of this thread for a text, and for as much again."""
        text: NDArray[np.uint8] | None = getattr(self._own, "text", None)
        if text is None or len(text) < 2 * length:
            text = self._own.text = np.empty(2 * length, dtype=np.uint8)
        return text

    def _no_words(self) -> Words:
        """Return the room of this thread for words, without any."""
        words: Words | None = getattr(self._own, "words", None)
        most, columns = self._most_words, len(self._wanted)
        if words is None or len(words.begin) < most:
            begin, end, column, code = (np.empty(most, dtype=np.uint32) for _ in range(4))
            words = self._own.words = Words(
                begin=begin,
                end=end,
                column=column,
                code=code,
                told=np.empty(most, dtype=np.uint64),
                slots=np.empty(2 * most, dtype=np.uint32),
                counts=np.empty(columns + 1, dtype=np.uint64),
                last=np.empty(columns, dtype=np.uint32),
            )
        for array in (words.slots, words.counts, words.last):
            array[:] = 0
        return words

    def _columns(
        self, text: NDArray[np.uint8], codes: NDArray[np.uint32], rows: int, words: Words
    ) -> list[pa.DictionaryArray]:
        total = int(words.counts[-1])
        order = np.argsort(words.column[:total], kind="stable")
        begin, end = words.begin[order], words.end[order]
        edges = [0, *np.cumsum(words.counts[:-1]).tolist()]
        columns = []
        for number in range(len(self._wanted)):
            own = slice(edges[number], edges[number + 1])
            offsets = np.zeros(edges[number + 1] - edges[number] + 1, dtype=np.int32)
            np.cumsum(end[own] - begin[own], out=offsets[1:])
            joined = np.empty(int(offsets[-1]), dtype=np.uint8)
            COPY_WORDS(text, begin[own], end[own], joined)
            texts = pa.Array.from_buffers(
                pa.string(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(joined)]
            )
            indices = pa.Array.from_buffers(pa.int32(), rows, [None, pa.py_buffer(codes[number, :rows])])
            columns.append(pa.DictionaryArray.from_arrays(indices, texts, safe=False).cast(TEXT_CODES))
        return columns
