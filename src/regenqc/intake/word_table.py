"""Number words in the order in which they first appear, as machine code: a hash table over the bytes of the words.

Every word is compared byte by byte with the one whose number it gets; that two have one hash decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from regenqc.compiled import CompiledFunction

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NUMBER_WORDS", "PLACE_HASHES", "WordTable", "number_words", "place_hashes", "text_buffers"]

# Hash of Fowler, Noll and Vo (FNV-1a, 64 bits, RFC 9923): where it begins, and what every step multiplies with.
_BASIS: Final = np.uint64(14_695_981_039_346_656_037)
_PRIME: Final = np.uint64(1_099_511_628_211)
_ONE: Final = np.uint64(1)
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFF_FFFF)
_FIRST_SLOTS: Final = 1 << 12


def number_words(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    slots: NDArray[np.uint32],
    hashes: NDArray[np.uint32],
    starts: NDArray[np.int64],
    known: NDArray[np.uint8],
    codes: NDArray[np.int32],
    count: int,
) -> int:
    """Number words, and add those that are new.

    Args:
        offsets: where each word begins in `data`, and where the last one ends.
        data: bytes of the words.
        slots: by hash, one more than the number of a known word; 0 where there is none. A power of two of them, more than
            twice as many as known and new words.
        hashes: of the known words, folded to 32 bits; with room for new ones, as the next two.
        starts: where each known word begins in `known`, and where the last one ends.
        known: bytes of the known words.
        codes: gets the number of each word, -1 for an empty one.
        count: known words.

    Returns:
        How many words are known then.
    """
    mask = np.uint64(slots.size - 1)
    for word in range(codes.size):
        begin, end = offsets[word], offsets[word + 1]
        length = end - begin
        if length == 0:
            codes[word] = -1
            continue
        told = _BASIS
        for at in range(begin, end):
            told = (told ^ np.uint64(data[at])) * _PRIME
        # The lowest bits of the product depend on the lowest bits of the bytes alone.
        folded = (told ^ (told >> _HALF)) & _LOW
        place = folded & mask
        code = -1
        while slots[place] != 0:
            candidate = int(slots[place]) - 1
            if np.uint64(hashes[candidate]) == folded and starts[candidate + 1] - starts[candidate] == length:
                first = starts[candidate]
                same = 0
                while same < length and known[first + same] == data[begin + same]:
                    same += 1
                if same == length:
                    code = candidate
                    break
            place = (place + _ONE) & mask
        if code < 0:
            code = count
            slots[place] = count + 1
            hashes[count] = np.uint32(folded)
            first = starts[count]
            for at in range(length):
                known[first + at] = data[begin + at]
            starts[count + 1] = first + length
            count += 1
        codes[word] = code
    return count


def place_hashes(hashes: NDArray[np.uint32], slots: NDArray[np.uint32], count: int) -> int:
    """Fill empty slots with the first `count` words, by their hashes."""
    mask = np.uint64(slots.size - 1)
    for code in range(count):
        place = np.uint64(hashes[code]) & mask
        while slots[place] != 0:
            place = (place + _ONE) & mask
        slots[place] = code + 1
    return count


def _no_words() -> tuple[Any, ...]:
    whole, byte = np.empty(0, dtype=np.int32), np.empty(0, dtype=np.uint8)
    slots = hashes = np.empty(0, dtype=np.uint32)
    return whole, byte, slots, hashes, np.empty(0, dtype=np.int64), byte, whole, 0


NUMBER_WORDS: Final = CompiledFunction(number_words, like=_no_words)
PLACE_HASHES: Final = CompiledFunction(
    place_hashes, like=lambda: (np.empty(0, dtype=np.uint32), np.empty(0, dtype=np.uint32), 0)
)


class WordTable:
    """Words and their numbers.

    Example:
        >>> table = WordTable()
        >>> table.codes_of(pa.array(["b", "a", "b", ""])).tolist(), table.codes_of(pa.array(["c", "a"])).tolist()
        ([0, 1, 0, -1], [2, 1])
        >>> table.texts(1).to_pylist()
        ['a', 'c']
    """

    def __init__(self) -> None:
        self.count = 0
        self._slots = np.zeros(_FIRST_SLOTS, dtype=np.uint32)
        self._hashes = np.empty(_FIRST_SLOTS, dtype=np.uint32)
        self._starts = np.zeros(_FIRST_SLOTS + 1, dtype=np.int64)
        self._known = np.empty(16 * _FIRST_SLOTS, dtype=np.uint8)
        self._whole: pa.StringArray = pa.array([], type=pa.string())

    def codes_of(self, texts: pa.StringArray) -> NDArray[np.int32]:
        """Return the number of each text, numbering new ones in order; -1 for an empty one."""
        offsets, data = text_buffers(texts)
        codes = np.empty(len(texts), dtype=np.int32)
        self._make_room(len(texts), int(offsets[-1]) - int(offsets[0]))
        self.count = NUMBER_WORDS(
            offsets, data, self._slots, self._hashes, self._starts, self._known, codes, self.count
        )
        return codes

    def texts(self, first: int = 0, end: int | None = None) -> pa.StringArray:
        """Return the words from number `first` on, up to `end`; what is numbered later does not change them."""
        if first == 0 and end is None:
            if len(self._whole) < self.count:
                self._whole = self._texts(0, self.count)
            return self._whole
        return self._texts(first, self.count if end is None else end)

    def _texts(self, first: int, end: int) -> pa.StringArray:
        starts = self._starts[first : end + 1]
        offsets = (starts - starts[0]).astype(np.int32)
        # Bytes are only ever added behind the known ones.
        data = self._known[starts[0] : starts[-1]]
        return pa.Array.from_buffers(pa.string(), len(starts) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])

    def _make_room(self, words: int, byte_count: int) -> None:
        most = self.count + words
        if most >= len(self._hashes):
            self._hashes = _grown(self._hashes, 2 * most)
            self._starts = _grown(self._starts, 2 * most + 1)
        used = int(self._starts[self.count])
        if used + byte_count > len(self._known):
            self._known = _grown(self._known, 2 * (used + byte_count))
        if 2 * most >= len(self._slots):
            self._slots = np.zeros(1 << (2 * most).bit_length(), dtype=np.uint32)
            PLACE_HASHES(self._hashes, self._slots, self.count)


def text_buffers(texts: pa.StringArray) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Return where each text begins, where the last one ends, and the bytes of all.

    Args:
        texts: without nulls.

    Example:
        >>> offsets, data = text_buffers(pa.array(["a", "bc", "d"])[1:])
        >>> offsets.tolist(), data[offsets[0] : offsets[-1]].tobytes()
        ([1, 3, 4], b'bcd')
    """
    _, offsets, data = texts.buffers()
    if not len(texts):
        return np.zeros(1, dtype=np.int32), np.empty(0, dtype=np.uint8)
    held = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return held, np.empty(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)


def _grown(array: NDArray[Any], size: int) -> NDArray[Any]:
    larger = np.empty(size, dtype=array.dtype)
    larger[: len(array)] = array
    return larger
