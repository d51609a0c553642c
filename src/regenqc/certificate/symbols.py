"""Symbols that scanners read: the QR code of the verification data, the barcode of the batch in GS1 form.

Both are drawn as one path, so that the page and the web page show the same.

Source of the contents: GS1 General Specifications, section 5.4. The symbols are encoded by zxing-cpp.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from zxingcpp import BarcodeFormat, create_barcode

__all__ = ["Barcode", "batch_barcode", "module_rows", "qr_svg"]

_QUIET_MODULES: Final = 10
_BAR_HEIGHT: Final = 40
# The mask is fixed: every mask is readable, and choosing the best of eight takes longer.
_QR_OPTIONS: Final = {"ecLevel": "M", "dataMask": 2}
# GS1 General Specifications, figure 7.11-1: the characters of a batch number.
_GS1_BATCH: Final = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")
_GTIN: Final = re.compile(r"[0-9]{14}")
_PRINTABLE: Final = re.compile(r"[ -~]{1,30}")
_DARK: Final = re.compile(rb"\x00+")


@dataclass(frozen=True, slots=True)
class Barcode:
    """Hold a barcode and what stands below it.

    Args:
        svg: the drawing.
        text: human-readable interpretation.
        is_gs1: whether it is a GS1-128 symbol with GTIN and batch, or a plain Code 128 of the batch number.
    """

    svg: str
    text: str
    is_gs1: bool


def qr_svg(text: str) -> str:
    """Return a QR code, error correction M, as a drawing without margin; capitals and digits make it smaller."""
    rows = module_rows(text, BarcodeFormat.QRCode, **_QR_OPTIONS)
    runs = [(y, *found.span()) for y, row in enumerate(rows) for found in _DARK.finditer(row)]
    # Lines one module thick need half the points of squares, and show no seams between rows.
    path = "".join(f"M{start} {y}.5h{end - start}" for y, start, end in runs)
    return _svg(len(rows), len(rows), path, ' stroke="#000"')


def batch_barcode(batch: str, *, gtin: str = "", expiry_date: str = "") -> Barcode | None:
    """Return the barcode of a batch: GS1-128 where there is a GTIN, otherwise Code 128 of the number alone.

    GS1 lets a batch number stand only beside a GTIN; without one nothing is made up.

    Args:
        batch: batch number.
        gtin: fourteen digits, or empty; its check digit was verified before.
        expiry_date: `YYMMDD`, a day that there is, or empty.

    Returns:
        The barcode, or nothing when the number has characters or a length that the symbol does not hold.

    Example:
        >>> batch_barcode("ABC1", gtin="09506000134352", expiry_date="261231").text
        '(01)09506000134352(17)261231(10)ABC1'
        >>> batch_barcode("批").__class__.__name__
        'NoneType'
    """
    if _GTIN.fullmatch(gtin) and _GS1_BATCH.fullmatch(batch):
        elements = [("01", gtin), *([("17", expiry_date)] if expiry_date else []), ("10", batch)]
        data = "".join(f"[{code}]{value}" for code, value in elements)
        shown = "".join(f"({code}){value}" for code, value in elements)
        return Barcode(_bars(data, gs1=True), shown, is_gs1=True)
    if not _PRINTABLE.fullmatch(batch):
        return None
    return Barcode(_bars(batch), batch, is_gs1=False)


def module_rows(text: str, symbology: BarcodeFormat, **options: Any) -> list[bytes]:
    """Return the modules of a symbol row by row, a byte for each: 0 is dark.

    Example:
        >>> module_rows("1", BarcodeFormat.Code128)[0][:5].hex()
        '0000ff00ff'
    """
    picture = create_barcode(text, symbology, **options).to_image(scale=1, add_quiet_zones=False)
    width, data = picture.shape[1], memoryview(picture).tobytes()  # type: ignore[arg-type] # it has the buffer protocol
    return [data[at : at + width] for at in range(0, len(data), width)]


def _bars(text: str, **options: Any) -> str:
    modules = module_rows(text, BarcodeFormat.Code128, **options)[0]
    bars = [found.span() for found in _DARK.finditer(modules)]
    path = [f"M{_QUIET_MODULES + start} 0h{end - start}v{_BAR_HEIGHT}h-{end - start}z" for start, end in bars]
    return _svg(len(modules) + 2 * _QUIET_MODULES, _BAR_HEIGHT, "".join(path))


def _svg(width: int, height: int, path: str, ink: str = "") -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" shape-rendering="crispEdges"><path{ink} d="{path}"/></svg>'
