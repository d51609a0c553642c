"""One reported value by the rules of a profile: operator, number locale, power of ten, words; or why it is refused.

What comes out says, in the writing of canonical files, exactly what the laboratory's text says with what its columns add to it.
Digits are kept: a decimal mark is exchanged and an exponent is put behind, nothing is computed in binary numbers.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from regenqc.measurement.reported import DEFAULT_LOCALE, Form, NumberLocale, read_reported, word_key

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Value", "ValueRules", "map_value"]

_SIGNS: Final = {
    Form.NUMBER: "",
    Form.LONG_NUMBER: "",
    Form.LESS: "<",
    Form.LESS_OR_EQUAL: "<=",
    Form.GREATER: ">",
    Form.GREATER_OR_EQUAL: ">=",
}
# What cannot be read and looks like a number: the profile has to say how it is written, or the laboratory to correct it.
_REFUSED: Final = {
    "negative zero": "a negative zero is no result",
    "thousands mark not declared": "the number has a thousands mark that the profile does not declare",
    "thousands mark misplaced": "the thousands mark stands where none belongs",
    "decimal mark not declared": "the number has a mark that the profile does not declare",
    "markup": "the text holds markup that the profile does not take out",
    "line break": "the text holds a line break",
    "control character": "the text holds a control character",
    "two operators": "the text holds two operators",
    "list": "the text is a list",
}


@dataclass(frozen=True, slots=True)
class ValueRules:
    """What a profile says about values.

    Args:
        number_locale: how numbers are written.
        not_measured: keys of texts that say that nothing was measured.
        is_html: whether character references of HTML are resolved, once.
    """

    number_locale: NumberLocale = DEFAULT_LOCALE
    not_measured: frozenset[str] = frozenset()
    is_html: bool = False


@dataclass(frozen=True, slots=True)
class Value:
    """What a text became.

    Args:
        text: as canonical files have it; where it is refused, as reported.
        fault: why it is refused, else empty.
    """

    text: str
    fault: str = field(default="")


def map_value(
    text: str,
    *,
    rules: ValueRules,
    words: Mapping[str, str],
    operator: str = "",
    bound: str = "",
    power_of_ten: int = 0,
) -> Value:
    """Return what a reported text says with what stands beside it.

    Args:
        text: as reported.
        rules: of the profile.
        words: words of the vocabulary by key of the laboratory's own.
        operator: of a column of operators.
        bound: `<` or `>` where a flag says that the number is the limit that the result lies below or above.
        power_of_ten: of the unit of the column.

    Example:
        >>> comma = ValueRules(NumberLocale(",", "."))
        >>> map_value("6.240,50", rules=comma, words={}, operator="<").text
        '<6240.50'
        >>> map_value("2.45", rules=ValueRules(), words={}, power_of_ten=6).text
        '2.45E+6'
        >>> map_value("-0.0", rules=ValueRules(), words={}, bound="<").fault
        'a negative zero is no result'
    """
    shown = html.unescape(text) if rules.is_html else text
    key = word_key(shown)
    beside = operator or bound
    if key in rules.not_measured:
        return Value(text, f"'{beside}' stands beside a text that says nothing was measured") if beside else Value("")
    if (word := words.get(key)) is not None:
        return Value(text, f"'{beside}' stands beside a word") if beside else Value(word)
    reported = read_reported(shown, number_locale=rules.number_locale)
    if reported.form is Form.EMPTY:
        return Value(text, f"'{beside}' stands beside no number") if beside else Value("")
    if reported.form is Form.WORD:
        return Value(text, f"'{beside}' stands beside a word") if beside else Value(shown)
    if reported.number is None:
        if (refusal := _REFUSED.get(reported.problem)) is not None:
            return Value(text, refusal)
        if beside or power_of_ten:
            return Value(text, f"what stands beside {repr(beside) if beside else 'a power of ten'} is no number")
        if rules.number_locale != DEFAULT_LOCALE and read_reported(shown).number is not None:
            return Value(text, "the number is not written as the profile declares")
        return Value(shown)
    sign = _SIGNS[reported.form]
    # What a flag and a column of operators say beside the operator of the text itself must not differ from it.
    for other in (operator, bound):
        if not other or other == "=":
            continue
        if sign and sign != other and not (other is bound and sign[0] == bound):
            return Value(text, f"'{other}' stands beside a result with '{sign}'")
        sign = sign or other
    if bound and reported.number <= 0:
        return Value(text, "the flag says that the number is a limit, and it is not above zero")
    if operator == "=" and sign:
        return Value(text, f"'=' stands beside a result with '{sign}'")
    is_as_written = rules.number_locale == DEFAULT_LOCALE and not power_of_ten and not operator and not bound
    if is_as_written:
        return Value(shown)
    number = reported.number.scaleb(power_of_ten) if power_of_ten else reported.number
    if power_of_ten and len(reported.number.as_tuple().digits) > 28:
        return Value(text, "the number has too many digits to be multiplied")
    if reported.unit and power_of_ten:
        return Value(text, "a percentage stands in a column with a power of ten")
    return Value(f"{sign}{number}{reported.unit}")
