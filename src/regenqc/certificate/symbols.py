"""Symbols that scanners read: the QR code of the verification data, the barcode of the batch in GS1 form.

Both are drawn as one path of squares or bars, so that the page and the web page show the same.

Source of Code 128 and GS1-128: ISO/IEC 15417; GS1 General Specifications, section 5.4.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import segno

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Barcode", "batch_barcode", "code128_values", "qr_svg"]

# Widths of bars and spaces of the symbol characters 0 to 106 of Code 128.
_WIDTHS: Final = [
    "212222",
    "222122",
    "222221",
    "121223",
    "121322",
    "131222",
    "122213",
    "122312",
    "132212",
    "221213",
    "221312",
    "231212",
    "112232",
    "122132",
    "122231",
    "113222",
    "123122",
    "123221",
    "223211",
    "221132",
    "221231",
    "213212",
    "223112",
    "312131",
    "311222",
    "321122",
    "321221",
    "312212",
    "322112",
    "322211",
    "212123",
    "212321",
    "232121",
    "111323",
    "131123",
    "131321",
    "112313",
    "132113",
    "132311",
    "211313",
    "231113",
    "231311",
    "112133",
    "112331",
    "132131",
    "113123",
    "113321",
    "133121",
    "313121",
    "211331",
    "231131",
    "213113",
    "213311",
    "213131",
    "311123",
    "311321",
    "331121",
    "312113",
    "312311",
    "332111",
    "314111",
    "221411",
    "431111",
    "111224",
    "111422",
    "121124",
    "121421",
    "141122",
    "141221",
    "112214",
    "112412",
    "122114",
    "122411",
    "142112",
    "142211",
    "241211",
    "221114",
    "413111",
    "241112",
    "134111",
    "111242",
    "121142",
    "121241",
    "114212",
    "124112",
    "124211",
    "411212",
    "421112",
    "421211",
    "212141",
    "214121",
    "412121",
    "111143",
    "111341",
    "131141",
    "114113",
    "114311",
    "411113",
    "411311",
    "113141",
    "114131",
    "311141",
    "411131",
    "211412",
    "211214",
    "211232",
    "2331112",
]
_CODE_C, _FNC1, _CODE_B = 99, 102, 100
_START_B, _START_C, _STOP = 104, 105, 106
_QUIET_MODULES: Final = 10
_BAR_HEIGHT: Final = 40
# GS1 General Specifications, figure 7.11-1: the characters of a batch number.
_GS1_BATCH: Final = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}")
_GTIN: Final = re.compile(r"[0-9]{14}")
_PRINTABLE: Final = re.compile(r"[ -~]{1,30}")


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
    # The mask is fixed: choosing the best of eight takes longer than the page, and every mask is readable.
    code = segno.make_qr(text, error="m", mask=2, boost_error=False)
    path = []
    for y, row in enumerate(code.matrix):
        for found in _DARK.finditer(row):
            width = found.end() - found.start()
            path.append(f"M{found.start()} {y}h{width}v1h-{width}z")
    return _svg(len(code.matrix), len(code.matrix), "".join(path))


_DARK: Final = re.compile(rb"\x01+")


def batch_barcode(batch: str, *, gtin: str = "", expiry_date: str = "") -> Barcode | None:
    """Return the barcode of a batch: GS1-128 where there is a GTIN, otherwise Code 128 of the number alone.

    GS1 lets a batch number stand only beside a GTIN; without one nothing is made up.

    Args:
        batch: batch number.
        gtin: fourteen digits, or empty; its check digit was verified before.
        expiry_date: `YYMMDD`, or empty.

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
        data = "".join(code + value for code, value in elements)
        shown = "".join(f"({code}){value}" for code, value in elements)
        return Barcode(_bars(code128_values(data, is_gs1=True)), shown, is_gs1=True)
    if not _PRINTABLE.fullmatch(batch):
        return None
    return Barcode(_bars(code128_values(batch, is_gs1=False)), batch, is_gs1=False)


def code128_values(text: str, *, is_gs1: bool) -> list[int]:
    """Return the symbol characters of a text, from start to stop.

    Args:
        text: printable ASCII.
        is_gs1: whether the symbol starts with FNC1, which makes it GS1-128.

    Example:
        >>> code128_values("12", is_gs1=False)
        [105, 12, 14, 106]
    """
    in_c = _digits(text, 0) >= (2 if len(text) == 2 else 4)
    values = [_START_C if in_c else _START_B]
    if is_gs1:
        values.append(_FNC1)
    at = 0
    while at < len(text):
        run = _digits(text, at)
        if in_c and run >= 2:
            values.append(int(text[at : at + 2]))
            at += 2
        elif in_c or (run >= 4 and run % 2 == 0):
            values.append(_CODE_B if in_c else _CODE_C)
            in_c = not in_c
        else:
            values.append(ord(text[at]) - 32)
            at += 1
    check = (values[0] + sum(at * value for at, value in enumerate(values))) % 103
    return [*values, check, _STOP]


def _digits(text: str, at: int) -> int:
    end = at
    while end < len(text) and "0" <= text[end] <= "9":
        end += 1
    return end - at


def _bars(values: Sequence[int]) -> str:
    path, x = [], _QUIET_MODULES
    for value in values:
        for position, width in enumerate(_WIDTHS[value]):
            if position % 2 == 0:
                path.append(f"M{x} 0h{width}v{_BAR_HEIGHT}h-{width}z")
            x += int(width)
    return _svg(x + _QUIET_MODULES, _BAR_HEIGHT, "".join(path))


def _svg(width: int, height: int, path: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" shape-rendering="crispEdges"><path d="{path}"/></svg>'
