"""GS1 application identifiers: which exist here, what they hold, and which bear a check digit.

A part of the table of the GS1 General Specifications, section 3: keys of trade items, logistic units, places, assets,
documents, components and persons in a service, and the attributes that labels of medicines carry. An application identifier
that is not listed is not understood and therefore refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from regenqc.custody.identifiers.check_characters import gs1_check_digit, has_gs1_check_digit
from regenqc.custody.identifiers.fault import wrong_identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["APPLICATION_IDENTIFIERS", "ApplicationIdentifier", "check_element"]

# GS1 AI encodable character set 82.
_CHARACTERS: Final = r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]"
_COMPONENT_CHARACTERS: Final = r"[#\-/0-9A-Z]"  # set 39


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationIdentifier:
    """Describe one application identifier.

    Args:
        code: its two to four digits.
        title: data title of the General Specifications.
        pattern: what the value must match as a whole.
        checked: how many leading characters end in a check digit; 0 when none do.
        date: the value is a date YYMMDD, day 00 meaning the last of the month.
        separated: in a bar code a separator follows unless it is last.
    """

    code: str
    title: str
    pattern: re.Pattern[str]
    checked: int = 0
    date: bool = False
    separated: bool = True


def _digits(code: str, title: str, length: int, *, separated: bool = False) -> ApplicationIdentifier:
    return ApplicationIdentifier(
        code=code, title=title, pattern=re.compile(f"[0-9]{{{length}}}"), checked=length, separated=separated
    )


def _text(code: str, title: str, longest: int, *, characters: str = _CHARACTERS) -> ApplicationIdentifier:
    return ApplicationIdentifier(code=code, title=title, pattern=re.compile(f"{characters}{{1,{longest}}}"))


def _number(code: str, title: str, longest: int) -> ApplicationIdentifier:
    return _text(code, title, longest, characters="[0-9]")


def _date(code: str, title: str) -> ApplicationIdentifier:
    return ApplicationIdentifier(code=code, title=title, pattern=re.compile("[0-9]{6}"), date=True, separated=False)


_TABLE: Final = (
    _digits("00", "SSCC", 18),
    _digits("01", "GTIN", 14),
    _digits("02", "CONTENT", 14),
    _text("10", "BATCH/LOT", 20),
    _date("11", "PROD DATE"),
    _date("13", "PACK DATE"),
    _date("15", "BEST BEFORE"),
    _date("17", "USE BY OR EXPIRY"),
    _text("21", "SERIAL", 20),
    _text("22", "CPV", 20),
    _text("235", "TPX", 28),
    _text("240", "ADDITIONAL ID", 30),
    _text("250", "SECONDARY SERIAL", 30),
    ApplicationIdentifier(
        code="253", title="GDTI", pattern=re.compile(f"[0-9]{{13}}(?:{_CHARACTERS}{{1,17}})?"), checked=13
    ),
    _text("254", "GLN EXTENSION COMPONENT", 20),
    ApplicationIdentifier(code="255", title="GCN", pattern=re.compile("[0-9]{13}(?:[0-9]{1,12})?"), checked=13),
    _number("30", "VAR. COUNT", 8),
    _number("37", "COUNT", 8),
    _text("400", "ORDER NUMBER", 30),
    _text("401", "GINC", 30),
    _digits("402", "GSIN", 17, separated=True),
    *(
        _digits(code, title, 13)
        for code, title in (
            ("410", "SHIP TO LOC"),
            ("411", "BILL TO"),
            ("412", "PURCHASE FROM"),
            ("413", "SHIP FOR LOC"),
            ("414", "LOC No."),
            ("415", "PAY TO"),
            ("416", "PROD/SERV LOC"),
            ("417", "PARTY"),
        )
    ),
    ApplicationIdentifier(code="7003", title="EXPIRY TIME", pattern=re.compile("[0-9]{10}")),
    ApplicationIdentifier(
        code="8003", title="GRAI", pattern=re.compile(f"0[0-9]{{13}}(?:{_CHARACTERS}{{1,16}})?"), checked=14
    ),
    _text("8004", "GIAI", 30),
    ApplicationIdentifier(code="8006", title="ITIP", pattern=re.compile("[0-9]{18}"), checked=14),
    _text("8010", "CPID", 30, characters=_COMPONENT_CHARACTERS),
    _number("8011", "CPID SERIAL", 12),
    _digits("8017", "GSRN - PROVIDER", 18, separated=True),
    _digits("8018", "GSRN - RECIPIENT", 18, separated=True),
    _number("8019", "SRIN", 10),
    *(_text(str(code), "INTERNAL", 30 if code == 90 else 90) for code in range(90, 100)),
)

APPLICATION_IDENTIFIERS: Final[Mapping[str, ApplicationIdentifier]] = MappingProxyType(
    {entry.code: entry for entry in _TABLE}
)


def check_element(code: str, value: str) -> None:
    """Refuse a value that its application identifier cannot have.

    Raises:
        DataError: `RQC-C030`.

    Example:
        >>> check_element("01", "09506000134352")
        >>> check_element("01", "09506000134353")
        Traceback (most recent call last):
        ...
        regenqc.errors.DataError: RQC-C030 The check digit of GTIN (01) is wrong. Got: 09506000134353. Expected: check digit
        2. Scan or type the identifier again.
    """
    entry = APPLICATION_IDENTIFIERS.get(code)
    if entry is None:
        raise wrong_identifier(
            "This GS1 application identifier is not known here.",
            got=f"({code}){value}",
            expected="one of " + ", ".join(APPLICATION_IDENTIFIERS),
        )
    if not entry.pattern.fullmatch(value):
        raise wrong_identifier(
            f"The value of {entry.title} ({code}) does not have its form.", got=value, expected=entry.pattern.pattern
        )
    if entry.checked and not has_gs1_check_digit(value[: entry.checked]):
        raise wrong_identifier(
            f"The check digit of {entry.title} ({code}) is wrong.",
            got=value,
            expected=f"check digit {gs1_check_digit(value[: entry.checked - 1])}",
        )
    if entry.date and not ("01" <= value[2:4] <= "12" and value[4:6] <= "31"):
        raise wrong_identifier(f"The date of {entry.title} ({code}) does not exist.", got=value, expected="YYMMDD")
