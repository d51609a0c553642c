"""What came: a record, a PDF that carries one, or a packet (zip) with one of them and what belongs to it."""

from __future__ import annotations

import hashlib
import io
import lzma
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from regenqc.certificate.offline.pdf import PdfContent, UnreadablePdfError, read_pdf

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ENTRY_NAME", "PROOF_NAME", "RECORD_NAME", "Received", "open_received"]

RECORD_NAME: Final = "certificate.json"
PAGES_NAME: Final = "certificate.pdf"
ENTRY_NAME: Final = "ledger-entry.json"
PROOF_NAME: Final = "ledger.tlog-proof"
_OWN: Final = frozenset({RECORD_NAME, PAGES_NAME, ENTRY_NAME, PROOF_NAME})
_LARGEST_MEMBER: Final = 50_000_000
_LARGEST_PACKET: Final = 1_000_000_000
_MOST_MEMBERS: Final = 10_000
_PART: Final = 1 << 20
# Sizes in bytes: APPNOTE.TXT of the ZIP format, sections 4.3.7, 4.3.9 and 4.3.16.
_NAME_LENGTHS: Final = 26
_LOCAL_HEADER: Final = 30
_DESCRIPTORS: Final = (12, 16, 20, 24)
_END_OF_DIRECTORY: Final = 22


@dataclass(frozen=True, slots=True)
class Received:
    """Hold what came: the record, and what came with it.

    Args:
        record: bytes of the record.
        pdf: the whole PDF, empty without one.
        content: what the PDF holds, `None` without one.
        entry: entry of the ledger, empty without one.
        proof: its proof, empty without one.
        others: digest of every other file of a packet, by its name.
    """

    record: bytes
    pdf: bytes = b""
    content: PdfContent | None = None
    entry: bytes = b""
    proof: bytes = b""
    others: Mapping[str, str] = field(default_factory=dict)


def open_received(data: bytes) -> Received:
    """Return what a file holds: a record, a PDF or a packet (zip).

    Raises:
        UnreadablePdfError: it is none of them.
    """
    if data.startswith(b"%PDF"):
        content = read_pdf(data)
        if RECORD_NAME not in content.files:
            raise UnreadablePdfError("the PDF carries no record: certificate.json is not embedded")
        entry, proof = content.files.get(ENTRY_NAME, b""), content.files.get(PROOF_NAME, b"")
        return Received(content.files[RECORD_NAME], data, content, entry, proof)
    if data.startswith(b"PK\x03\x04"):
        return _open_packet(data)
    if data.startswith(b"{"):
        return Received(data.removesuffix(b"\n"))
    raise UnreadablePdfError("it is neither a PDF, nor a record, nor a packet")


def _open_packet(data: bytes) -> Received:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packet:
            if not _is_seamless(data, packet):
                raise UnreadablePdfError("the packet holds bytes that belong to none of its files")
            found, others = _members(packet)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        RuntimeError,
        OSError,
        EOFError,
        ValueError,
        lzma.LZMAError,
        zlib.error,
        struct.error,
    ) as error:
        raise UnreadablePdfError(f"the packet is damaged: {error}") from error
    pdf = found.get(PAGES_NAME, b"")
    inside = open_received(pdf) if pdf else None
    record = found.get(RECORD_NAME, inside.record if inside is not None else b"").removesuffix(b"\n")
    if not record:
        raise UnreadablePdfError("the packet has neither certificate.json nor certificate.pdf")
    if inside is not None and inside.record != record:
        raise UnreadablePdfError("the packet's record is another one than that inside its PDF")
    entry, proof = found.get(ENTRY_NAME, b""), found.get(PROOF_NAME, b"")
    if inside is None:
        return Received(record, entry=entry, proof=proof, others=others)
    return Received(record, pdf, inside.content, entry or inside.entry, proof or inside.proof, others)


def _is_seamless(data: bytes, packet: zipfile.ZipFile) -> bool:
    """Return whether a packet begins with its first file, ends with its directory and has nothing between its files.

    Programmes that read from the front and programmes that read from the end would otherwise find different files.
    """
    at = 0
    for info in sorted(packet.infolist(), key=lambda info: info.header_offset):
        if info.header_offset not in {at, *(at + size for size in _DESCRIPTORS)}:
            return False
        names = struct.unpack_from("<HH", data, info.header_offset + _NAME_LENGTHS)
        at = info.header_offset + _LOCAL_HEADER + sum(names) + info.compress_size
    directory = packet.start_dir in {at, *(at + size for size in _DESCRIPTORS)}
    return directory and data[-_END_OF_DIRECTORY:].startswith(b"PK\x05\x06")


def _members(packet: zipfile.ZipFile) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the files that are judged by their names, and the digests of the others.

    What stands twice under a name that is judged, in whatever folder and case, is refused: people would open the other one.
    """
    files = [info for info in packet.infolist() if not info.is_dir()]
    names = [info.filename.rpartition("/")[2].casefold() for info in files]
    if len({info.filename for info in files}) != len(files) or any(names.count(name) > 1 for name in _OWN):
        raise UnreadablePdfError("a name stands twice in the packet")
    if len(files) > _MOST_MEMBERS or sum(info.file_size for info in files) > _LARGEST_PACKET:
        raise UnreadablePdfError(f"the packet holds more than {_MOST_MEMBERS} files or {_LARGEST_PACKET} bytes")
    found: dict[str, bytes] = {}
    others: dict[str, str] = {}
    for info, name in zip(files, names, strict=True):
        if name in _OWN:
            if info.file_size > _LARGEST_MEMBER:
                raise UnreadablePdfError(f"{info.filename} is too large")
            found[name] = packet.read(info)
        else:
            others[info.filename] = _digest(packet, info)
    return found, others


def _digest(packet: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    if info.file_size > _LARGEST_MEMBER:
        return ""  # not looked at, so that nothing vouches for it
    found = hashlib.sha256()
    with packet.open(info) as member:
        while part := member.read(_PART):
            found.update(part)
    return f"sha256:{found.hexdigest()}"
