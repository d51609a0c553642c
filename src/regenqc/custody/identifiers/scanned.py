"""What a scanner or a camera sent: the code of the record, and what else stood in the same symbol."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from regenqc.custody.identifiers.fault import wrong_identifier
from regenqc.custody.identifiers.gs1 import parse_digital_link, parse_element_string
from regenqc.custody.identifiers.isbt128 import parse_donation_number, parse_product_code
from regenqc.custody.identifiers.spelling import is_standard, one_spelling
from regenqc.errors import DataError

__all__ = ["Scan", "read_scan"]

_SEPARATOR: Final = "\x1d"
# A keyboard cannot type the separator of GS1; scanners send, and people paste, what stands for it.
_STANDS_FOR_SEPARATOR: Final = re.compile("␝|<GS>|\\{GS\\}|\\^\\]|~1")
# Element strings without the symbology identifier that a scanner may be told to leave out: GTIN or SSCC comes first.
_BARE: Final = re.compile(r"(?:01[0-9]{14}|00[0-9]{18}|8006[0-9]{18}).*", re.DOTALL)
_DONATION: Final = re.compile(r"(=[0-9A-Z]{15})(=<[0-9A-Z]{8})?.*", re.DOTALL)
_PRODUCT: Final = re.compile(r"=<[0-9A-Z]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Hold what was scanned.

    Args:
        code: in the spelling of the record; as typed when it is a code of the laboratory.
        lot: application identifier 10, empty when there is none.
        expiry: application identifier 17 as `YYMMDD`, empty when there is none.
        product: ISBT 128 product code, empty when there is none.
    """

    code: str
    lot: str = ""
    expiry: str = ""
    product: str = ""


def read_scan(text: str) -> Scan:
    r"""Return what a scanner sent, or somebody typed: GS1 DataMatrix, GS1 Digital Link in a QR code, ISBT 128, or a plain code.

    Args:
        text: as it came; blanks around it do not count.

    Raises:
        DataError: `RQC-C030` when it has the form of a standard identifier and is wrong: a check digit tells a bad scan.

    Source: GS1 General Specifications, section 7.8; ISBT 128 Standard Technical Specification, data structures 001 and 003.

    Example:
        >>> read_scan("]d2010950600013435210ABC\x1d17261231\x1d21X1").code
        'https://id.gs1.org/01/09506000134352/21/X1'
        >>> read_scan("(01)09506000134352(10)ABC(17)261231").lot, read_scan("=G12349865432100=<S1129V00").product
        ('ABC', 'S1129V00')
        >>> read_scan(" DP-0001-1 ").code
        'DP-0001-1'
    """
    packed = _STANDS_FOR_SEPARATOR.sub(_SEPARATOR, text.strip())
    donation = _DONATION.fullmatch(packed)
    if donation is not None:
        product = donation[2] or ""
        if product:
            parse_product_code(product)
        return Scan(code=parse_donation_number(donation[1]).code, product=product.removeprefix("=<"))
    if _PRODUCT.fullmatch(packed):
        # The product alone names no thing: the donation number stands in the symbol beside it.
        raise wrong_identifier(
            "This is a product code, which many containers share.",
            got=packed,
            expected="the donation number beside it",
        )
    if _BARE.fullmatch(packed) and not is_standard(packed):
        try:
            return _gs1(packed)
        except DataError:
            # A code of the laboratory that happens to begin like one of GS1.
            return Scan(code=packed)
    if not is_standard(packed):
        return Scan(code=packed)
    if packed.startswith(("(", "]", "http")):
        return _gs1(packed)
    return Scan(code=one_spelling(packed))


def _gs1(text: str) -> Scan:
    found = parse_digital_link(text) if text.startswith("http") else parse_element_string(text)
    return Scan(code=found.uri, lot=found.value("10"), expiry=found.value("17"))
