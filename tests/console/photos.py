"""Photos as people take them of labels and certificates: the symbols that regenqc draws, turned, blurred, noisy."""

from __future__ import annotations

import random
import struct
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

from PIL import Image, ImageFilter
from zxingcpp import BarcodeFormat

from regenqc.certificate.symbols import module_rows

if TYPE_CHECKING:
    from pathlib import Path

DATA_MATRIX: Final = "[01]09506000134352[17]261231[10]ABC[21]X1"
CONTAINER: Final = "https://id.gs1.org/01/09506000134352/10/ABC/21/X1"
DONATION: Final = "=G12349865432100"
_TABLE: Final = 178  # how grey the table is on which the label lies


def data_matrix(text: str = DATA_MATRIX) -> Image.Image:
    """Draw a GS1 DataMatrix."""
    return _drawn(module_rows(text, BarcodeFormat.DataMatrix, gs1=True), height=1)


def qr(text: str = CONTAINER) -> Image.Image:
    """Draw a QR code."""
    return _drawn(module_rows(text, BarcodeFormat.QRCode, ecLevel="M"), height=1)


def bars(text: str = DONATION) -> Image.Image:
    """Draw a Code 128 symbol, as ISBT 128 uses it."""
    return _drawn(module_rows(text, BarcodeFormat.Code128)[:1], height=45)


def _drawn(rows: list[bytes], *, height: int) -> Image.Image:
    """Return modules of four pixels with a margin of ten modules."""
    symbol = Image.frombytes("L", (len(rows[0]), len(rows)), b"".join(rows))
    symbol = symbol.resize((symbol.width, symbol.height * height))
    label = Image.new("L", (symbol.width + 20, symbol.height + 20), 255)
    label.paste(symbol, (10, 10))
    return label.resize((label.width * 4, label.height * 4), Image.Resampling.NEAREST)


def photo(
    *labels: Image.Image,
    degrees: float = 0,
    blur: float = 0,
    noise: float = 0,
    size: tuple[int, int] = (1600, 1200),
    kind: str = "JPEG",
    **how: Any,
) -> bytes:
    """Return a photo of labels that lie beside each other on a table."""
    seen = Image.new("L", size, _TABLE)
    across, down = 80, 120
    for label in labels:
        if across + label.width > size[0]:
            across, down = 80, down + size[1] // 2
        seen.paste(label, (across, down))
        across += label.width + 80
    seen = seen.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=_TABLE)
    if blur:
        seen = seen.filter(ImageFilter.GaussianBlur(blur))
    if noise:
        chance = random.Random(7)
        grain = Image.frombytes("L", seen.size, chance.randbytes(seen.width * seen.height))
        seen = Image.blend(seen, grain, noise)
    told = BytesIO()
    seen.convert("RGB").save(told, kind, **how)
    return told.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG that says it is large, and is."""

    def part(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packed = zlib.compressobj(9)
    rows = b"".join(packed.compress(bytes(width // 8 + 1) * 100) for _ in range(height // 100)) + packed.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")


def filmed(path: Path, picture: bytes) -> Path:
    """Write what Chromium's false camera shows: pictures after each other."""
    path.write_bytes(picture * 2)
    return path
