"""No direct identifiers of people in the record.

What is in the log stays for thirty years and cannot be erased, so people stand in it under pseudonyms whose key is kept
outside. This room refuses what would name a person: e-mail addresses, telephone numbers, identity numbers, and names in
coded members.

In text for people the shape of an identity number is enough. Codes of things are often bare digits; there a number is refused
when its check digit also fits, so that a serial number is not taken for a person. What a free text says in words cannot be
judged by a programme: `reason` must be written without names.

Shapes: resident identity number of China (GB 11643-1999, ISO 7064 modulo 11-2), Individual Number of Japan ("My Number",
order of the Ministry of Internal Affairs no. 85 of 2014, article 5), resident registration number of Korea (check digit only in
numbers issued before October 2020, hence the shape alone), Social Security number of the United States.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from regenqc.custody.grammar import named_codes, named_texts
from regenqc.custody.identifiers import is_standard, mod_11_2_character, spelling_fault
from regenqc.errors import Fault, RegenqcError
from regenqc.ledger.keys import parse_public_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.record import Event

__all__ = [
    "LOG_ACTOR",
    "has_personal_shape",
    "identifying_fault",
    "is_harmless",
    "is_pseudonym",
    "privacy_faults",
    "pseudonym_fault",
]

_EMAIL: Final = re.compile(r"[^\s@<>,;:]+@[^\s@<>,;:]+\.[A-Za-z]{2,}")
_SOCIAL_SECURITY: Final = re.compile(r"(?<![0-9])(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}(?![0-9])")
_KOREA: Final = re.compile(r"(?<![0-9])([0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])(-?)[1-8][0-9]{6}(?![0-9])")
_CHINA: Final = re.compile(
    r"(?<![0-9])(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])[0-9]{4}"
    r"(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx](?![0-9A-Za-z])"
)
_JAPAN: Final = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])|(?<![0-9])[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}(?![0-9])")
_TELEPHONE: Final = re.compile(
    r"\+[1-9][0-9]{0,3}[ ().-]{0,2}(?:[0-9][ ().-]{0,2}){6,12}[0-9](?![0-9])"  # international
    r"|(?<![0-9])1[3-9][0-9]{9}(?![0-9])"  # mobile, China
    r"|(?<![0-9])1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}(?![0-9])"
    r"|(?<![0-9])01[016789]-?[0-9]{3,4}-?[0-9]{4}(?![0-9])"  # mobile, Korea
    r"|(?<![0-9-])0[0-9]{1,4}-[0-9]{1,4}-[0-9]{4}(?![0-9])"  # Japan and Korea
    r"|(?<![0-9])\(?[2-9][0-9]{2}\)?[ .-][2-9][0-9]{2}[ .-][0-9]{4}(?![0-9])"  # North America
)
# What identifies a decision follows from a digest, in whose digits those of a number may stand by chance. It is spelled as it was,
# and not by letters as `digest_name` does, so that decisions that were signed before stay what they are.
_OF_DECISION: Final = re.compile(r"(?<![0-9A-Za-z])(DECISION|HOSPITAL)-[0-9A-F]{20}(?![0-9A-Za-z])")
# An upper-case code with digits in it; three digits at least, so that a name with a number behind it does not pass.
_PSEUDONYM: Final = re.compile(r"[A-Z][0-9A-Z]*(?:[-.:][0-9A-Z]+)*")
# Most pseudonyms are a word and a number too short for a date or for any other number of a person.
_USUAL_PSEUDONYM: Final = re.compile(r"[A-Z]+-[0-9]{3,7}")
_BIRTH_DATE: Final = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12][0-9]|3[01])(?![0-9])")

_DIGITS_ALIKE: Final = bytes.maketrans(b"0123456789", b"9999999999")
_SIGNS_ALIKE: Final = bytes.maketrans(b"0123456789. ", b"9999999999--")


_KEYS: Final = ("keys[", "signatures[")
# The log as an actor of its own book: its keys bear the origin of the log, which is no person's name.
LOG_ACTOR: Final = "LOG-0001"
_PERSONS: Final = ("actor", "second_actor", "donor", "recipient", "person")
# The members that could name a patient through a thing: a code there carries at least one digit.
_OF_THINGS: Final = re.compile(r"(?:items|inputs|outputs)\[[0-9]+\]\.(?:id|coi)|coi|container|lot")


@lru_cache(maxsize=16_384)
def is_pseudonym(text: str) -> bool:
    """Return whether a text can stand for a person.

    A pseudonym is upper-case letters and digits in groups joined by `-`, `.` or `:`, begins with a letter, has at least
    three digits, and no group of eight digits that is a date. A GSRN in its one spelling is also a pseudonym.

    Example:
        >>> [is_pseudonym(text) for text in ("STAFF-0417", "P-7F3A90C2", "ZHANG-WEI", "Müller", "P-19840312")]
        [True, True, False, False, False]
    """
    if _USUAL_PSEUDONYM.fullmatch(text) is not None:
        return True
    if text.startswith("https://id.gs1.org/801") and is_standard(text):
        return spelling_fault(text) is None
    return (
        _PSEUDONYM.fullmatch(text) is not None
        and sum(character.isdigit() for character in text) >= 3
        and _BIRTH_DATE.search(text) is None
        and identifying_fault(text, where="", coded=True) is None
    )


def pseudonym_fault(text: str, *, where: str) -> Fault | None:
    """Return `RQC-C023` when a text cannot stand for a person."""
    if is_pseudonym(text):
        return None
    return Fault(
        code="RQC-C023",
        what="A person stands here under something else than a pseudonym.",
        where=where,
        got=_masked(text),
        expected="upper-case letters and at least three digits, as STAFF-0417; no name, no date of birth",
        action="Assign a random pseudonym and keep its key outside the ledger.",
    )


def has_personal_shape(text: bytes) -> bool:
    """Return whether a text has a part in the shape of identity and telephone numbers, whatever its digits are.

    Every one of these that begins without a plus sign has ten digits in a row, or four behind a hyphen, a blank or a dot.

    Example:
        >>> has_personal_shape(b"LOT-2026-1"), has_personal_shape(b"212 555 0123")
        (False, True)
    """
    shape = text.translate(_SIGNS_ALIKE)
    if b"9999999999" in shape:
        return True
    if b"9-9999" not in shape:
        return False
    shape = text.translate(_DIGITS_ALIKE)
    return b"9-9999" in shape or b"9 9999" in shape or b"999.9999" in shape


def is_harmless(code: str) -> bool:
    """Return whether a code is certainly no identity or telephone number: a cheap look before the shapes are tried.

    Example:
        >>> is_harmless("WCB-1/V001"), is_harmless("11010519491231002X")
        (True, False)
    """
    text = code if code.isascii() else normalize("NFKC", code)
    return not (has_personal_shape(text.encode("ascii", "replace")) or "+" in text or "@" in text)


def identifying_fault(text: str, *, where: str, coded: bool) -> Fault | None:
    """Return what in a text identifies a person, `None` when nothing does that this room knows.

    Args:
        text: a code or a text for people.
        where: path of the member.
        coded: it is a code; bare digits are refused only when their check digit fits.

    Codes: `RQC-C020` e-mail address, `RQC-C021` telephone number, `RQC-C022` identity number.

    Example:
        >>> identifying_fault("call +49 30 901820", where="reason", coded=False).code
        'RQC-C021'
        >>> identifying_fault("11010519491231002X", where="lot", coded=True).code
        'RQC-C022'
        >>> identifying_fault("DECISION-8873ACD13713883993CB", where="documents[0]", coded=True) is None
        True
    """
    if not text.isascii():
        text = normalize("NFKC", text)  # full-width digits and signs are the same ones
    text = _OF_DECISION.sub(r"\1", text)
    if "@" in text and _EMAIL.search(text):
        return _identifying("RQC-C020", "an e-mail address", text, where)
    for country, found in _identity_numbers(text, coded=coded):
        if found:
            return _identifying("RQC-C022", f"an identity number ({country})", text, where)
    if _TELEPHONE.search(text):
        return _identifying("RQC-C021", "a telephone number", text, where)
    return None


def privacy_faults(event: Event) -> list[Fault]:
    """Return every member of an event that identifies a person directly.

    Codes: `RQC-C020` e-mail address, `RQC-C021` telephone number, `RQC-C022` identity number, `RQC-C023` no pseudonym,
    `RQC-C024` a code of a thing that is only letters.
    """
    return list(_faults(event))


def _faults(event: Event) -> Iterator[Fault]:
    for name in _PERSONS:
        value = getattr(event, name)
        if value and (fault := pseudonym_fault(value, where=name)):
            yield fault
    for where, value in named_codes(event):
        if where in _PERSONS:
            continue
        if where.startswith("signatures") and where.endswith(".actor"):
            if fault := pseudonym_fault(value, where=where):
                yield fault
        elif where.startswith(_KEYS) and (name := _name_of_key(value)):
            # The rest of a public key is a hash and random bytes, in which digits may stand as in a telephone number.
            is_of_log = event.person == LOG_ACTOR and where.startswith("keys[")
            if fault := (_coded_fault if is_of_log else pseudonym_fault)(name, where=where):
                yield fault
        elif not is_standard(value) and (fault := _coded_fault(value, where=where)):
            yield fault
    for where, value in named_texts(event):
        if fault := identifying_fault(value, where=where, coded=False):
            yield fault


@lru_cache(maxsize=4096)
def _name_of_key(text: str) -> str:
    """Return the name in a public key's text, empty when the text is none: its key id must follow from name and key."""
    try:
        return parse_public_key(text).name
    except RegenqcError:
        return ""


def _coded_fault(value: str, *, where: str) -> Fault | None:
    if _OF_THINGS.fullmatch(where) and not any(character.isdigit() for character in value):
        return Fault(
            code="RQC-C024",
            what="A code of letters alone cannot be told from a name.",
            where=where,
            got=_masked(value),
            expected="a code with at least one digit",
            action="Use the code of the thing.",
        )
    return identifying_fault(value, where=where, coded=True)


def _identity_numbers(text: str, *, coded: bool) -> Iterator[tuple[str, bool]]:
    yield "United States", _SOCIAL_SECURITY.search(text) is not None
    yield (
        "Korea",
        any(match[4] or not coded or _korea_checks(match[0]) for match in _KOREA.finditer(text)),
    )
    yield "China", any(not coded or _china_checks(match[0]) for match in _CHINA.finditer(text))
    yield "Japan", any(_japan_checks(match[0]) for match in _JAPAN.finditer(text))


def _china_checks(number: str) -> bool:
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    return mod_11_2_character(number[:17]) == number[17].upper()


def _korea_checks(number: str) -> bool:
    weights = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
    total = sum(weight * int(digit) for weight, digit in zip(weights, number[:12], strict=True))
    return (11 - total % 11) % 10 == int(number[12])


def _japan_checks(number: str) -> bool:
    digits = [int(digit) for digit in number if digit.isdigit()]
    # Counted from the check digit: weights 2 to 7 for the first six digits, then 2 to 6.
    weights = (2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6)
    remainder = sum(weight * digit for weight, digit in zip(weights, reversed(digits[:11]), strict=True)) % 11
    return (0 if remainder <= 1 else 11 - remainder) == digits[11]


def _identifying(code: str, what: str, text: str, where: str) -> Fault:
    return Fault(
        code=code,
        what=f"The record would hold {what}.",
        where=where,
        got=_masked(text),
        expected="no direct identifier of a person",
        action="Leave it out, or use a pseudonym whose key is kept outside the ledger.",
    )


def _masked(text: str) -> str:
    """Return the shape of a text: a refusal is logged, and must not itself hold what it refuses."""
    return re.sub(r"[0-9]", "9", re.sub(r"[^\W\d_]", "x", text))[:60]
