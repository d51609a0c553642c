"""One spelling for every identifier: two ways of writing the same thing must not become two things in a trace.

Identifiers of GS1 and ISBT 128 are recognised by their form, checked, and written in one way; anything else is a code of the
laboratory and stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from regenqc.custody.identifiers.epc import parse_epc
from regenqc.custody.identifiers.gs1 import parse_digital_link, parse_element_string
from regenqc.custody.identifiers.isbt128 import parse_donation_number
from regenqc.custody.identifiers.single_european_code import parse_single_european_code
from regenqc.errors import DataError, Fault

__all__ = ["is_standard", "one_spelling", "spelling_fault"]

_BRACKETS: Final = re.compile(r"\([0-9]{2,4}\)")
_SCAN: Final = re.compile(r"\](?:C1|e[0-3]|d2|Q3|J1)")
_LINK: Final = re.compile(
    r"https?://[^?#]*/(?:01|gtin|8006|itip|8010|cpid|414|gln|417|party|8017|gsrnp|8018|gsrn|255|gcn|00|sscc|253|gdti|401|ginc"
    r"|402|gsin|8003|grai|8004|giai)/[^/?#]"
)
_DONATION_SCAN: Final = re.compile(r"=[0-9A-Z]{15}")
# A form that begins in none of these ways is a code of the laboratory.
_MAY_BE_STANDARD: Final = ("din:", "sec:", "SEC:", "urn:epc:", "http", "(", "]", "=")


def is_standard(text: str) -> bool:
    """Return whether a text has the form of a GS1 or ISBT 128 identifier, right or wrong.

    Example:
        >>> is_standard("din:G123498654321H"), is_standard("WCB-1/V001")
        (True, False)
    """
    return text.startswith(_MAY_BE_STANDARD) and (
        text.startswith(("din:", "sec:", "SEC:", "urn:epc:"))
        or bool(_BRACKETS.match(text) or _SCAN.match(text) or _LINK.match(text) or _DONATION_SCAN.fullmatch(text))
    )


def one_spelling(text: str) -> str:
    """Return the spelling that the record uses.

    Args:
        text: as scanned, typed, or received from a partner.

    Returns:
        The canonical GS1 Digital Link URI, `din:` or `sec:` form; the same text when it is a code of the laboratory.

    Raises:
        DataError: `RQC-C030` when it has the form of a standard identifier and is wrong.

    Example:
        >>> one_spelling("(01)09506000134352(21)12"), one_spelling("urn:epc:id:sscc:0614141.1234567890")
        ('https://id.gs1.org/01/09506000134352/21/12', 'https://id.gs1.org/00/106141412345678908')
        >>> one_spelling("=G12349865432100"), one_spelling("CULTURE-1")
        ('din:G123498654321H', 'CULTURE-1')
    """
    if not is_standard(text):
        return text
    if text.startswith("urn:epc:"):
        return parse_epc(text).uri
    if text.startswith(("sec:", "SEC:")):
        return parse_single_european_code(text).code
    if text.startswith(("din:", "=")):
        return parse_donation_number(text).code
    if text.startswith("http"):
        return parse_digital_link(text).uri
    return parse_element_string(text).uri


@lru_cache(maxsize=65_536)
def spelling_fault(text: str) -> Fault | None:
    """Return what is wrong with an identifier, `None` when it is right and in its one spelling, or a local code.

    Codes: `RQC-C030` wrong, `RQC-C031` right, but in another spelling than the one of the record.
    """
    if not text.startswith(_MAY_BE_STANDARD):
        return None
    try:
        expected = one_spelling(text)
    except DataError as error:
        return error.faults[0]
    if expected == text:
        return None
    return Fault(
        code="RQC-C031",
        what="The identifier is not in the spelling of the record.",
        got=text,
        expected=expected,
        action="Record the expected spelling, so that the same thing is not traced as two.",
    )
