"""ISBT 128: the donation identification number and the product code, syntax and check characters only.

The tables behind facility and product codes are licensed by ICCBBA and are not part of this software; whoever uses ISBT 128
must be registered there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from regenqc.custody.identifiers.check_characters import mod_37_2_character
from regenqc.custody.identifiers.fault import wrong_identifier

__all__ = ["DonationNumber", "ProductCode", "parse_donation_number", "parse_product_code"]

_NUMBER: Final = re.compile(r"[A-NP-Z1-9][0-9A-Z][0-9]{11}")
_SCANNED: Final = re.compile(r"=([0-9A-Z]{13})([0-9]{2})")
_CHECK_CHARACTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
_PRODUCT: Final = re.compile(r"(?:=<)?([A-Z][0-9A-Z]{4})([0-9A-Z])([0-9A-Z])([0-9A-Z])")


@dataclass(frozen=True, slots=True)
class DonationNumber:
    """Hold a donation identification number of 13 characters.

    Args:
        facility: five characters of the collecting facility.
        year: two digits.
        serial: six digits.
        flags: two flag characters of the bar code; not part of the number.
    """

    facility: str
    year: str
    serial: str
    flags: str = "00"

    @property
    def number(self) -> str:
        """Return the 13 characters of the number."""
        return self.facility + self.year + self.serial

    @property
    def check_character(self) -> str:
        """Return the character that is printed in a box behind the number."""
        return mod_37_2_character(self.number)

    @property
    def code(self) -> str:
        """Return the spelling of the record: the number and its check character, so that every copy can be checked."""
        return f"din:{self.number}{self.check_character}"


def parse_donation_number(text: str) -> DonationNumber:
    """Read a donation identification number as scanned, as typed with its check character, or as the record spells it.

    Args:
        text: `=` with number and flag characters; or number with check character, blanks allowed; or `din:` with both.

    Raises:
        DataError: `RQC-C030` when the form or the check character is wrong, or a typed number comes without one.

    Source: ISBT 128 Standard Technical Specification, data structure 001; JPAC Red Book, annex 2 (example); a flag value
        from 60 to 96 is 60 plus the value of the check character.

    Example:
        >>> parse_donation_number("G1234 98 654321 H").code
        'din:G123498654321H'
        >>> parse_donation_number("=G12349865432177").number
        'G123498654321'
    """
    scanned = _SCANNED.fullmatch(text)
    if scanned:
        number, flags = scanned[1], scanned[2]
        given = _CHECK_CHARACTERS[int(flags) - 60] if 60 <= int(flags) <= 96 else ""
    else:
        packed = text.removeprefix("din:").replace(" ", "")
        number, given, flags = packed[:13], packed[13:], "00"
        if not given:
            raise wrong_identifier(
                "A donation number that was typed needs its check character.", got=text, expected="G1234 98 654321 H"
            )
    if not _NUMBER.fullmatch(number):
        raise wrong_identifier(
            "This is no donation identification number.",
            got=text,
            expected="5 characters of the facility, 2 digits of the year, 6 digits",
        )
    expected = mod_37_2_character(number)
    if given not in {"", expected}:
        raise wrong_identifier(
            "The check character of the donation number is wrong.", got=text, expected=f"{number} {expected}"
        )
    return DonationNumber(facility=number[:5], year=number[5:7], serial=number[7:], flags=flags)


@dataclass(frozen=True, slots=True)
class ProductCode:
    """Hold a product code of eight characters.

    Args:
        description: five characters that name the product in the licensed table.
        donation_type: one character: type of donation or collection.
        divisions: two characters: the division of the donation; `00` when it is not divided.
    """

    description: str
    donation_type: str
    divisions: str

    @property
    def code(self) -> str:
        """Return the eight characters."""
        return self.description + self.donation_type + self.divisions


def parse_product_code(text: str) -> ProductCode:
    """Read an ISBT 128 product code, scanned (`=<…`) or typed.

    Raises:
        DataError: `RQC-C030`.

    Source: ISBT 128 Standard Technical Specification, data structure 003.

    Example:
        >>> parse_product_code("=<S1129V00").description
        'S1129'
    """
    match = _PRODUCT.fullmatch(text)
    if not match:
        raise wrong_identifier("This is no ISBT 128 product code.", got=text, expected="a letter and seven characters")
    return ProductCode(description=match[1], donation_type=match[2], divisions=match[3] + match[4])
