"""The Single European Code of tissues and cells (SEC), 40 characters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from regenqc.custody.identifiers.fault import wrong_identifier

__all__ = ["SingleEuropeanCode", "parse_single_european_code"]

_FORM: Final = re.compile(r"([A-Z]{2})([0-9A-Z]{6})([0-9A-Z]{13})([ABE])([0-9A-Z]{7})([0-9A-Z]{3})([0-9]{8})")


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleEuropeanCode:
    """Hold the parts of a Single European Code.

    Args:
        country: ISO 3166-1 alpha-2 code of the tissue establishment.
        establishment: its number, six characters.
        donation: unique donation number, 13 characters, leading zeros.
        coding_system: `E` EUTC, `A` ISBT 128, `B` Eurocode.
        product: product number in that system, seven characters, leading zeros.
        split: three characters.
        expires_on: expiry date, `None` when none applies (written 00000000).
    """

    country: str
    establishment: str
    donation: str
    coding_system: str
    product: str
    split: str
    expires_on: date | None

    @property
    def text(self) -> str:
        """Return the 40 characters."""
        expiry = f"{self.expires_on:%Y%m%d}" if self.expires_on else "0" * 8
        return f"{self.donation_sequence}{self.coding_system}{self.product}{self.split}{expiry}"

    @property
    def donation_sequence(self) -> str:
        """Return the first 21 characters, which identify the donation."""
        return self.country + self.establishment + self.donation

    @property
    def code(self) -> str:
        """Return the spelling of the record."""
        return f"sec:{self.text}"


def parse_single_european_code(text: str) -> SingleEuropeanCode:
    """Read a Single European Code, printed or as the record spells it.

    Args:
        text: 40 characters; blanks and a leading `SEC:` or `sec:` are taken away.

    Raises:
        DataError: `RQC-C030`.

    Source: Directive 2006/86/EC, annex VII as amended by Directive (EU) 2015/565. There is no check character.

    Example:
        >>> code = parse_single_european_code("DE000123 0000A12345678 A00S1129 000 20270131")
        >>> code.establishment, code.coding_system, code.expires_on
        ('000123', 'A', datetime.date(2027, 1, 31))
    """
    packed = re.sub(r"^(?:SEC|sec):", "", text).replace(" ", "")
    match = _FORM.fullmatch(packed)
    if not match:
        raise wrong_identifier(
            "This is no Single European Code.",
            got=text,
            expected="40 characters: country 2, establishment 6, donation 13, system E, A or B, product 7, split 3, expiry 8",
        )
    try:
        expiry = None if match[7] == "0" * 8 else date(int(match[7][:4]), int(match[7][4:6]), int(match[7][6:]))
    except ValueError:
        raise wrong_identifier(
            "The expiry date of the Single European Code does not exist.", got=match[7], expected="YYYYMMDD or 00000000"
        ) from None
    return SingleEuropeanCode(
        country=match[1],
        establishment=match[2],
        donation=match[3],
        coding_system=match[4],
        product=match[5],
        split=match[6],
        expires_on=expiry,
    )
