"""Read what a certificate's PDF holds: the record and its companions, the signature, what came after the first revision.

Only the form is read in which certificates are written: one revision with an uncompressed table of objects, and at most one
more, which carries the signature. Anything else is refused, so that nothing can hide in what a reader would repair.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import Final

__all__ = ["PdfContent", "UnreadablePdfError", "read_pdf"]

_LARGEST_ATTACHMENT: Final = 50_000_000
_END: Final = b"%%EOF"
_NAMES: Final = re.compile(rb"/Names\[((?:\([\w.-]{1,60}\)\d+ 0 R)+)\]")
_NAME: Final = re.compile(rb"\(([\w.-]+)\)(\d+) 0 R")
_FILE: Final = re.compile(rb"/EF<</F (\d+) 0 R")
_RANGE: Final = re.compile(rb"/ByteRange \[0 (\d{1,12}) (\d{1,12}) (\d{1,12})\]")
_PAGE_PARTS: Final = re.compile(rb"/(Contents|Resources|MediaBox|Rotate)\s*(\d+ 0 R|\[[^\]]*\]|\d+)")


class UnreadablePdfError(Exception):
    """The file is no certificate's PDF; the text says why."""


@dataclass(frozen=True, slots=True)
class PdfContent:
    """Hold what the file holds.

    Args:
        files: embedded files by name.
        first_revision: number of bytes up to the end of the page as it was made.
        signature: CMS structure, empty without signature.
        signed: the bytes that the signature covers.
        fault: why the signature does not cover exactly the file, or what stands in the way; empty when nothing does.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    first_revision: int = 0
    signature: bytes = b""
    signed: bytes = b""
    fault: str = ""


def read_pdf(data: bytes) -> PdfContent:
    """Return what a certificate's PDF holds.

    Raises:
        UnreadablePdfError: it is no PDF in the form in which certificates are written.
    """
    if not data.startswith(b"%PDF-1."):
        raise UnreadablePdfError("the file is no PDF")
    end = data.find(_END)
    if end < 0:
        raise UnreadablePdfError("the PDF has no end")
    end += len(_END)
    end += 1 if data[end : end + 1] == b"\n" else 0
    first, rest = data[:end], data[end:]
    objects = _table(first)
    files = _files(first, objects)
    if not rest:
        return PdfContent(files, end)
    found = list(_RANGE.finditer(data))
    if data.count(b"/ByteRange") != 1 or len(found) != 1:
        return PdfContent(files, end, fault="something was appended that is no signature over the whole file")
    before, after, length = (int(number) for number in found[0].groups())
    signature = data[before:after]
    if after + length != len(data) or not before < after <= len(data):
        return PdfContent(files, end, fault=f"the signature covers {after + length} of {len(data)} bytes")
    if before < end or not re.fullmatch(rb"<[0-9A-F]+>", signature) or len(signature) % 2:
        return PdfContent(files, end, fault="the signature leaves out more than itself")
    fault = "" if rest.count(_END) == 1 and rest.rstrip().endswith(_END) else "there is more than one later revision"
    fault = fault or _appended_fault(data[end:before] + data[after:], first, objects)
    return PdfContent(files, end, bytes.fromhex(signature[1:-1].decode()), data[:before] + data[after:], fault)


def _table(data: bytes) -> dict[int, int]:
    """Return the offsets of objects as the cross-reference table states them."""
    last = re.search(rb"startxref\s+(\d{1,12})\s+%%EOF\s*\Z", data)
    if last is None:
        raise UnreadablePdfError("the PDF has no table of objects")
    head = re.compile(rb"xref\s+0 (\d{1,7})\s").match(data, int(last[1]))
    if head is None:
        raise UnreadablePdfError("the table of objects of the PDF is not written as certificates have it")
    start, count = head.end(), int(head[1])
    entries = data[start : start + 20 * count]
    found: dict[int, int] = {}
    for number in range(1, count):
        offset = entries[20 * number : 20 * number + 10]
        if not (len(offset) == 10 and offset.isdigit()):
            raise UnreadablePdfError("the table of objects of the PDF is not written as certificates have it")
        found[number] = int(offset)
    return found


def _object(data: bytes, objects: dict[int, int], number: int) -> bytes:
    """Return an object from its head on."""
    offset = objects.get(number)
    head = b"%d 0 obj\n" % number
    if offset is None or not data.startswith(head, offset):
        raise UnreadablePdfError(f"object {number} of the PDF is not where the table says")
    return data[offset + len(head) : data.find(b"endobj", offset)]


def _files(data: bytes, objects: dict[int, int]) -> dict[str, bytes]:
    trailer = data[data.rfind(b"trailer") :]
    root = re.search(rb"/Root (\d+) 0 R", trailer)
    if root is None:
        raise UnreadablePdfError("the PDF has no catalogue")
    names = _NAMES.search(_object(data, objects, int(root[1])))
    if names is None:
        raise UnreadablePdfError("the PDF carries no record: certificate.json is not embedded")
    files: dict[str, bytes] = {}
    for found in _NAME.finditer(names[1]):
        name, number = found[1].decode(), int(found[2])
        place = _FILE.search(_object(data, objects, number))
        if place is None or name in files:
            raise UnreadablePdfError(f"the embedded file {name} is not readable")
        files[name] = _stream(data, objects, int(place[1]))
    return files


def _stream(data: bytes, objects: dict[int, int], number: int) -> bytes:
    start = objects.get(number, 0)
    _object(data, objects, number)
    head = re.compile(rb"\d+ 0 obj\n<<(.*?)>>\nstream\n", re.DOTALL).match(data, start)
    length = re.search(rb"/Length (\d{1,9})", head[1]) if head is not None else None
    if head is None or length is None or b"/EmbeddedFile" not in head[1]:
        raise UnreadablePdfError("an embedded file is not readable")
    content = data[head.end() : head.end() + int(length[1])]
    if b"/FlateDecode" not in head[1]:
        return content
    try:
        opened = zlib.decompressobj()
        text = opened.decompress(content, _LARGEST_ATTACHMENT)
    except zlib.error as error:
        raise UnreadablePdfError("an embedded file is damaged") from error
    if not opened.eof:
        raise UnreadablePdfError("an embedded file is damaged or too large")
    return text


def _appended_fault(appended: bytes, first: bytes, objects: dict[int, int]) -> str:
    """Return what the later revision changes on the pages; a signature adds none of it."""
    for found in re.finditer(rb"(\d+) 0 obj\n(.*?)endobj", appended, re.DOTALL):
        number, body = int(found[1]), found[2]
        if b"stream\n" in body and b"/Type /Metadata" not in body:
            return "a later revision adds content to the pages"
        if re.search(rb"/Type /Page\b", body) and (
            number not in objects or _page_parts(body) != _page_parts(_object(first, objects, number))
        ):
            return "a later revision changes a page"
        if re.search(rb"/Type /Pages\b|/AP\b|/EmbeddedFile\b|/Filespec\b", body):
            return "a later revision changes the pages or the embedded files"
    return ""


def _page_parts(body: bytes) -> dict[bytes, bytes]:
    return {name: re.sub(rb"\s+", b"", value) for name, value in _PAGE_PARTS.findall(body)}
