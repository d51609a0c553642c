"""Check digits and characters: GS1 modulo 10, ISO 7064 modulo 37-2 and modulo 11-2."""

from __future__ import annotations

from typing import Final

__all__ = ["gs1_check_digit", "has_gs1_check_digit", "mod_11_2_character", "mod_37_2_character"]

_MOD_37_2: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
_MOD_11_2: Final = "0123456789X"


def gs1_check_digit(digits: str) -> str:
    """Return the check digit that follows the digits of a GS1 key.

    Source: GS1 General Specifications, section 7.9.1: weights 3 and 1 alternate from the right.

    Example:
        >>> gs1_check_digit("629104150021")
        '3'
    """
    total = sum(int(digit) * (1 if position % 2 else 3) for position, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def has_gs1_check_digit(digits: str) -> bool:
    """Return whether the last of the digits is the check digit of the others.

    Example:
        >>> has_gs1_check_digit("6291041500213"), has_gs1_check_digit("6291041500214")
        (True, False)
    """
    return len(digits) > 1 and gs1_check_digit(digits[:-1]) == digits[-1]


def mod_37_2_character(text: str) -> str:
    """Return the ISO 7064 modulo 37-2 check character of upper-case letters and digits.

    Source: ISO/IEC 7064; used for the ISBT 128 donation identification number. Its value plus 60 is what the flag
    characters of the bar code carry.

    Example:
        >>> mod_37_2_character("G123498654321")
        'H'
    """
    remainder = 0
    for character in text:
        remainder = (remainder + _MOD_37_2.index(character)) * 2 % 37
    return _MOD_37_2[(38 - remainder) % 37]


def mod_11_2_character(digits: str) -> str:
    """Return the ISO 7064 modulo 11-2 check character of digits, as the resident identity number of China has it.

    Example:
        >>> mod_11_2_character("0794")
        '0'
    """
    remainder = 0
    for digit in digits:
        remainder = (remainder + int(digit)) * 2 % 11
    return _MOD_11_2[(12 - remainder) % 11]
