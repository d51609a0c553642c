"""Text files of any declared encoding as streams of UTF-8; a byte that means nothing in it is an error with its offset."""

from __future__ import annotations

import codecs
import io
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import numpy as np
import pyarrow as pa

from regenqc.errors import DataError, Fault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["check_utf8", "is_utf8", "open_utf8"]

_PART: Final = 1 << 20
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def open_utf8(path: Path, encoding: str) -> BinaryIO:
    """Open a text file such that its bytes read as UTF-8.

    Args:
        path: of the file.
        encoding: in which it is written. A byte order mark has to agree with it.

    Raises:
        DataError: RQC-D002, a byte order mark of another encoding; while reading, a byte that means nothing in it.
    """
    name = codecs.lookup(encoding).name
    with path.open("rb") as stream:
        start = stream.read(4)
    marked = next((other for mark, other in _MARKS if start.startswith(mark)), "")
    family = name.removesuffix("-le").removesuffix("-be").removesuffix("-sig")
    if (marked and marked != family) or (name in {"utf-16", "utf-32"} and not marked):
        raise DataError(
            Fault(
                code="RQC-D002",
                what="The file is not in the encoding that is declared.",
                where=str(path),
                got=f"the byte order mark of {marked}" if marked else "no byte order mark",
                expected=encoding,
                action="Correct the encoding in the profile (without mark: utf-16-le or utf-16-be), or export again.",
            )
        )
    if family == "utf-8":
        return path.open("rb")
    return cast(
        "BinaryIO", io.BufferedReader(_Transcoded(path, name if marked != family or name == family else family))
    )


def check_utf8(part: bytes, *, final: bool) -> bytes:
    """Return the bytes of a character that the end of a part has cut, after a check of everything before it.

    Args:
        part: of a stream.
        final: whether nothing follows, so that a character that is cut is an error.

    Raises:
        UnicodeDecodeError: what is not UTF-8.

    Example:
        >>> check_utf8("µ".encode()[:1], final=False) == "µ".encode()[:1]
        True
    """
    end = len(part)
    if not final:
        for back in range(1, min(4, end) + 1):
            lead = part[end - back]
            if lead & 0xC0 != 0x80:  # not a continuation
                if lead >= 0xC0 and back < (2 if lead < 0xE0 else 3 if lead < 0xF0 else 4):
                    end -= back
                break
    if not is_utf8(memoryview(part)[:end]):
        part[:end].decode()
        raise ValueError("bytes that Arrow takes for no UTF-8")  # the two agree; nothing passes where they would not
    return part[end:]


def is_utf8(text: bytes | memoryview | NDArray[np.uint8]) -> bool:
    """Return whether bytes are UTF-8 from the first to the last.

    Example:
        >>> is_utf8("µ".encode()), is_utf8("µ".encode()[:1])
        (True, False)
    """
    held = pa.Array.from_buffers(
        pa.large_string(), 1, [None, pa.py_buffer(np.array([0, len(text)], dtype=np.int64)), pa.py_buffer(text)]
    )
    try:
        held.validate(full=True)  # ten times as quick as decoding
    except pa.ArrowInvalid:
        return False
    return True


class _Transcoded(io.RawIOBase):
    """The bytes of a file as UTF-8."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._path = path
        self._stream = path.open("rb")
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._rest = b""
        self._taken = 0
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the UTF-8 text, reading up to it."""
        if whence != io.SEEK_SET:
            raise OSError("only places from the beginning are known")
        if offset < self._at:
            self._stream.seek(0)
            self._decoder = codecs.getincrementaldecoder(self._encoding)("strict")
            self._rest, self._taken, self._at = b"", 0, 0
        while self._at < offset:
            part = self._take(offset - self._at)
            if not part:
                break
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        part = self._take(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def _take(self, size: int) -> bytes:
        while not self._rest:
            raw = self._stream.read(_PART)
            before = len(self._decoder.getstate()[0])
            try:
                text = self._decoder.decode(raw, final=not raw)
                self._rest = text.encode("utf-8")
            except UnicodeError as error:
                start = getattr(error, "start", 0)
                raise DataError(
                    Fault(
                        code="RQC-D002",
                        what="A byte means nothing in the encoding that is declared.",
                        where=f"{self._path} byte {self._taken - before + start}",
                        got=repr((raw or b"")[max(0, start - before) : max(0, start - before) + 4]),
                        expected=self._encoding,
                        action="Correct the encoding in the profile, or export again.",
                    )
                ) from error
            self._taken += len(raw)
            if not raw:
                break
        part, self._rest = self._rest[:size], self._rest[size:]
        self._at += len(part)
        return part

    def close(self) -> None:
        self._stream.close()
        super().close()
