"""The grammar of reported values: what a laboratory's text says, or why it cannot be read.

Read in this order; the first rule that applies decides.

1. Nothing but blanks is `EMPTY`.
2. An optional operator, a number and an optional percent sign is a number. A number is signed digits with at most one
   decimal mark, an optional power of ten (`E6`, `x 10^6`, `×10^6`) and, only where declared, thousands marks.
3. A whole word of the closed vocabulary, in any of its spellings, is a `WORD`.
4. Anything else is `UNREADABLE`, with a short stable word for the reason.

Values are never repaired: a range is not averaged, a missing mark is not guessed, a superscript is not flattened. Unicode
compatibility normalisation (NFKC) is left out of numbers on purpose, because it turns `10⁶` into `106` and `½` into `1⁄2`;
words of the vocabulary are looked up in that form.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from functools import lru_cache
from typing import Final

from regenqc.errors import Fault, SpecificationError
from regenqc.measurement.languages import TRANSLATED_WORDS
from regenqc.vocabulary import RESULT_WORDS

__all__ = [
    "DEFAULT_LOCALE",
    "PLAIN_NUMBER",
    "SIGNIFICANT_DIGITS",
    "WORDS",
    "Form",
    "NumberLocale",
    "Reported",
    "find_word",
    "fold_text",
    "fold_word",
    "read_reported",
    "word_key",
]


class Form(IntEnum):
    """What kind of statement a reported text is; the integers are stable codes.

    Example:
        >>> Form.LESS.name, int(Form.LESS)
        ('LESS', 4)
    """

    EMPTY = 0
    WORD = 1
    NUMBER = 2
    LONG_NUMBER = 3
    LESS = 4
    LESS_OR_EQUAL = 5
    GREATER = 6
    GREATER_OR_EQUAL = 7
    UNREADABLE = 8


# Any decimal of at most this many significant digits survives the way to a double and back unchanged (IEEE 754 binary64).
SIGNIFICANT_DIGITS: Final = 15

# Two decades inside the normal doubles on either side, so that unit factors never overflow or lose digits.
_LARGEST: Final = Decimal("1e290")
_SMALLEST: Final = Decimal("1e-290")

# No number or word is longer; the rest of the grammar need not care how its time grows with length.
_LONGEST_TEXT: Final = 1000

_BLANKS: Final = "\t\u00a0\u2007\u2009\u202f\u3000"
_FOLD: Final[dict[int, str]] = {
    **{ord(blank): " " for blank in _BLANKS},
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    0x2212: "-",
}
_REPEATED_BLANKS: Final = re.compile(" {2,}")


def fold_text(text: str) -> str:
    """Return `text` without the differences that carry no meaning.

    Surrounding blanks go, runs of blanks become one; tab, no-break, figure, thin and ideographic blanks are blanks, line
    breaks are not. Full-width forms become ASCII and the minus sign U+2212 a hyphen. Case and superscripts stay.

    Example:
        >>> fold_text(" ＜　0.5 ")
        '< 0.5'
    """
    if not text.isascii() or "\t" in text:
        text = text.translate(_FOLD)
    text = text.strip(" ")
    return _REPEATED_BLANKS.sub(" ", text) if "  " in text else text


def fold_word(text: str) -> str:
    """Return the key under which words and identities are looked up: `fold_text`, without case.

    Example:
        >>> fold_word(" No  Growth")
        'no growth'
    """
    return fold_text(text).casefold()


def word_key(text: str) -> str:
    """Return the key under which words of the closed vocabulary are looked up: `fold_word` over compatibility forms (NFKC).

    Only for words: in numbers the same normalisation would turn `10⁶` into `106`.

    Example:
        >>> word_key("ＮＥＧ"), word_key("Négatif") == word_key("Ne\u0301gatif")
        ('neg', True)
    """
    folded = fold_word(text)
    return folded if folded.isascii() else fold_word(unicodedata.normalize("NFKC", folded))


WORDS: Final[tuple[str, ...]] = tuple(RESULT_WORDS)
_CANONICAL: Final[dict[str, str]] = {
    word_key(spelling): word
    for vocabulary in (RESULT_WORDS, *TRANSLATED_WORDS.values())
    for word, spellings in vocabulary.items()
    for spelling in (word, *spellings)
}


def find_word(text: str) -> str | None:
    """Return the canonical word that a text is a spelling of, in any of the languages, or `None`.

    Example:
        >>> find_word("N.D."), find_word("未检出"), find_word("looks fine")
        ('not detected', 'not detected', None)
    """
    return _CANONICAL.get(word_key(text))


@dataclass(frozen=True, slots=True)
class NumberLocale:
    """State how a laboratory writes numbers.

    Args:
        decimal_mark: `.` or `,`.
        thousands_mark: `,`, `.`, an apostrophe (`'` or `’`), a blank (any kind), or nothing.

    Raises:
        SpecificationError: a mark is not one of these, or both are the same.

    Example:
        >>> read_reported("6.240,5", number_locale=NumberLocale(",", ".")).number
        Decimal('6240.5')
    """

    decimal_mark: str = "."
    thousands_mark: str = ""

    def __post_init__(self) -> None:
        if len(self.thousands_mark) == 1 and self.thousands_mark in _BLANKS:
            object.__setattr__(self, "thousands_mark", " ")  # texts are compared after folding
        allowed = self.decimal_mark in (".", ",") and self.thousands_mark in ("", ",", ".", " ", "'", "’")
        if not allowed or self.decimal_mark == self.thousands_mark:
            raise SpecificationError(
                Fault(
                    code="RQC-S060",
                    what="The number locale is not one that can be read without guessing.",
                    got=f"decimal_mark {self.decimal_mark!r}, thousands_mark {self.thousands_mark!r}",
                    expected="decimal mark . or , and a different thousands mark: , . ' ’ a blank, or none",
                    action="Correct the marks in the profile.",
                )
            )


DEFAULT_LOCALE: Final = NumberLocale()


@dataclass(frozen=True, slots=True)
class Reported:
    """Hold what one reported text says.

    Args:
        raw: the text as reported.
        form: what kind of statement it is.
        number: the number, digits preserved, for `NUMBER`, `LONG_NUMBER` and the four censored forms; else None.
        word: the canonical word for `WORD`, else empty.
        unit: `%` when the text carries a percent sign, else empty.
        problem: why an `UNREADABLE` text cannot be read, in short stable words, else empty.

    Example:
        >>> read_reported("≤ 0.10 %")
        Reported(raw='≤ 0.10 %', form=<Form.LESS_OR_EQUAL: 5>, number=Decimal('0.10'), word='', unit='%', problem='')
    """

    raw: str
    form: Form
    number: Decimal | None = None
    word: str = ""
    unit: str = ""
    problem: str = ""


def _plain_number() -> str:
    """Spell out "at most 15 digits" and "not negative zero" without look-ahead, which RE2 does not have."""
    positive = ["[0-9]{1,15}", *(f"[0-9]{{1,{15 - k}}}\\.[0-9]{{1,{k}}}" for k in range(1, 15))]
    negative = ["[1-9][0-9]{0,14}", *(f"[1-9][0-9]{{0,{14 - k}}}\\.[0-9]{{1,{k}}}" for k in range(1, 15))]
    negative_fraction = [f"0\\.0{{{zeros}}}[1-9][0-9]{{0,{13 - zeros}}}" for zeros in range(14)]
    return f"^(?:\\+?(?:{'|'.join(positive)})|-(?:{'|'.join(negative + negative_fraction)}))$"


# The texts that may be cast to double in bulk, without Python: every match is a NUMBER under the default locale, with
# number == Decimal(text). Negative numbers with superfluous leading zeros are left to `read_reported`. RE2's `$` is the
# very end of the text; with Python's `re` use `fullmatch`, because there `$` also stands before a final line break.
PLAIN_NUMBER: Final[str] = _plain_number()

_OPERATORS: Final[dict[str | None, Form]] = {
    None: Form.NUMBER,
    "=": Form.NUMBER,
    "<": Form.LESS,
    "<=": Form.LESS_OR_EQUAL,
    "≤": Form.LESS_OR_EQUAL,
    "≦": Form.LESS_OR_EQUAL,  # the usual form in Japanese documents
    ">": Form.GREATER,
    ">=": Form.GREATER_OR_EQUAL,
    "≥": Form.GREATER_OR_EQUAL,
    "≧": Form.GREATER_OR_EQUAL,
}
_OPERATOR: Final = "<=|>=|[<>=≤≥≦≧]"


@lru_cache(maxsize=32)
def _grammar(number_locale: NumberLocale) -> re.Pattern[str]:
    decimal, thousands = re.escape(number_locale.decimal_mark), re.escape(number_locale.thousands_mark)
    # A first group of zero would let `0,123` written with a decimal comma through as 123.
    grouped = f"[1-9][0-9]{{0,2}}(?:{thousands}[0-9]{{3}})+|" if thousands else ""
    return re.compile(
        f"({_OPERATOR})? ?([+-]?)(?:({grouped}[0-9]+)(?:{decimal}([0-9]+))?|{decimal}([0-9]+))"
        "(?:[eE]([+-]?[0-9]+)| ?[xX×] ?10\\^([+-]?[0-9]+))?(?: ?(%))?"
    )


_DEFAULT_MATCH: Final = _grammar(DEFAULT_LOCALE).fullmatch


def read_reported(text: str, *, number_locale: NumberLocale = DEFAULT_LOCALE) -> Reported:
    """Read one reported text; never raises, whatever the text.

    Numbers must be 0 or between 1e-290 and 1e290 in magnitude. More than 15 significant digits make a `LONG_NUMBER`,
    which must be compared exactly, not as a double; a censored number of that length is unreadable.

    Args:
        text: the text as reported.
        number_locale: how the laboratory writes numbers; by default a decimal point and no thousands mark.

    Example:
        >>> read_reported("< 0.05").form, read_reported("N.D.").word, read_reported("5-10").problem
        (<Form.LESS: 4>, 'not detected', 'range')
    """
    fullmatch = _DEFAULT_MATCH if number_locale is DEFAULT_LOCALE else _grammar(number_locale).fullmatch
    match = fullmatch(text) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        folded = fold_text(text)
        if not folded:
            return Reported(text, Form.EMPTY)
        if len(folded) > _LONGEST_TEXT:
            return Reported(text, Form.UNREADABLE, problem="too long")
        match = fullmatch(folded)
        if match is None:
            word = find_word(folded)
            if word is not None:
                return Reported(text, Form.WORD, word=word)
            return Reported(text, Form.UNREADABLE, problem=_problem(folded, number_locale))
    operator, sign, whole, fraction, bare_fraction, exponent, power, percent = match.groups()
    form = _OPERATORS[operator]
    if whole is None:
        whole, fraction = "0", bare_fraction
    elif number_locale.thousands_mark:
        whole = whole.replace(number_locale.thousands_mark, "")
    digits = whole + fraction if fraction else whole
    significant = digits.strip("0")
    if not significant and sign == "-":
        return Reported(text, Form.UNREADABLE, problem="negative zero")
    exponent = exponent or power
    literal = f"{sign}{whole}.{fraction}" if fraction else sign + whole
    if exponent:
        if len(exponent.lstrip("+-0")) > 3:
            return Reported(text, Form.UNREADABLE, problem="out of range")
        literal = f"{literal}E{exponent}"
    number = Decimal(literal)
    if significant and (exponent or len(digits) > 280) and not _SMALLEST <= number.copy_abs() <= _LARGEST:
        return Reported(text, Form.UNREADABLE, problem="out of range")
    if len(significant) > SIGNIFICANT_DIGITS:
        if form != Form.NUMBER:
            return Reported(text, Form.UNREADABLE, problem="too many digits")
        form = Form.LONG_NUMBER
    return Reported(text, form, number, "", percent or "")


_NUMBER: Final = "[+-]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)(?:e[+-]?[0-9]+)?"
_GROUPED: Final = "[1-9][0-9]{0,2}(?:[,.'’ ][0-9]{3})+(?:[.,][0-9]+)?"

# Tried in order; the first that is found names the problem. Anchors are written out where the whole text is meant.
_PROBLEMS: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (problem, re.compile(pattern, re.IGNORECASE))
    for problem, pattern in (
        ("line break", "[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"),
        ("control character", "[\x00-\x1f\x7f-\x9f]"),
        ("markup", "&#?[a-z0-9]{1,10};|</?[a-z]{1,10} ?/?>"),
        ("list", r"^[\[{]"),
        ("operator without number", f"^(?:{_OPERATOR})$"),
        ("two operators", f"^(?:{_OPERATOR}) ?(?:{_OPERATOR})"),
        ("not finite", rf"^(?:{_OPERATOR})? ?[+-]?(?:nan|inf|infinity|∞|[0-9]\.#(?:inf|ind|nan|qnan))(?: ?%)?$"),
        ("approximate", r"^(?:[~≈≃≅±]|(?:ca|about|approx|approximately)\b)|±|\+/-"),
        ("range", rf"^(?:{_OPERATOR})? ?{_NUMBER} ?%? ?(?:[-‐‑–—~…:]|\.\.\.?|to\b|bis\b) ?{_NUMBER}"),
        ("digit separator", "[0-9]_[0-9]"),
        ("incomplete number", f"^(?:{_OPERATOR})? ?[+-]?[0-9]+[.,](?: ?%)?$"),
    )
)
_MARKED: Final = re.compile(f"(?:{_OPERATOR})? ?[+-]?([0-9]+(?:[,.'’ ][0-9]+)+)(?: ?%)?")
_SEPARATE: Final = re.compile(_GROUPED)
_SINGLE_MARK: Final = re.compile("[0-9]+[.,][0-9]+")
_LEADING_NUMBER: Final = re.compile(f"(?:{_OPERATOR})? ?{_NUMBER}")
_LEADING_OPERATOR: Final = re.compile(_OPERATOR)


def _problem(folded: str, number_locale: NumberLocale) -> str:
    """Say why `folded`, which is neither number nor word, cannot be read; only messages depend on the answer."""
    for problem, pattern in _PROBLEMS:
        if pattern.search(folded):
            return problem
    marked = _MARKED.fullmatch(folded)
    if marked is not None:
        if number_locale.thousands_mark and number_locale.thousands_mark in marked[1]:
            return "thousands mark misplaced"
        if _SEPARATE.fullmatch(marked[1]):
            return "thousands mark not declared"
        return "decimal mark not declared" if _SINGLE_MARK.fullmatch(marked[1]) else "text"
    if any(character.isnumeric() and not character.isascii() for character in folded):
        return "digit outside 0-9"
    if _LEADING_NUMBER.match(folded):
        return "text after number"
    return "operator before text" if _LEADING_OPERATOR.match(folded) else "text"
