"""The grammar of reported values, sentence by sentence."""

from __future__ import annotations

import re
import time
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from regenqc.errors import SpecificationError
from regenqc.measurement import (
    PLAIN_NUMBER,
    WORDS,
    Form,
    NumberLocale,
    Reported,
    fold_text,
    fold_word,
    read_reported,
)
from regenqc.vocabulary import RESULT_WORDS

from .strategies import number_like

NUMBERS = [
    ("a plain number", "92.4", Form.NUMBER, "92.4"),
    ("an integer", "0", Form.NUMBER, "0"),
    ("leading zeros", "007", Form.NUMBER, "7"),
    ("trailing zeros, which are kept", "0.10", Form.NUMBER, "0.10"),
    ("a plus sign", "+5", Form.NUMBER, "5"),
    ("a negative number", "-0.0024", Form.NUMBER, "-0.0024"),
    ("a typographic minus sign", "−5", Form.NUMBER, "-5"),
    ("a full-width number", "０．５", Form.NUMBER, "0.5"),
    ("a number without leading zero", ".5", Form.NUMBER, "0.5"),
    ("surrounding blanks", "  3.933\t", Form.NUMBER, "3.933"),
    ("a no-break blank", "\u00a05\u00a0", Form.NUMBER, "5"),
    ("an equals sign", "= 5", Form.NUMBER, "5"),
    ("an upper-case power of ten", "2.45E6", Form.NUMBER, "2.45E6"),
    ("a padded power of ten", "2.45e+06", Form.NUMBER, "2.45E6"),
    ("a spelled power of ten", "2.45 x 10^6", Form.NUMBER, "2.45E6"),
    ("a power of ten without blanks", "2.45×10^6", Form.NUMBER, "2.45E6"),
    ("a negative power of ten", "5x10^-3", Form.NUMBER, "5E-3"),
    ("fifteen significant digits", "123456789.012345", Form.NUMBER, "123456789.012345"),
    ("fifteen significant digits among zeros", "0.00123456789012345000", Form.NUMBER, "0.00123456789012345000"),
    ("many zeros", "1" + "0" * 100, Form.NUMBER, "1E100"),
    ("zero with a power of ten", "0e5", Form.NUMBER, "0E5"),
    ("sixteen significant digits", "1234567890.123456", Form.LONG_NUMBER, "1234567890.123456"),
    ("one tenth as a spreadsheet prints it", "0.1000000000000000055", Form.LONG_NUMBER, "0.1000000000000000055"),
    ("the largest magnitude", "1e290", Form.NUMBER, "1E290"),
    ("the smallest magnitude", "1e-290", Form.NUMBER, "1E-290"),
    ("less than", "<0.001", Form.LESS, "0.001"),
    ("less than, with a blank", "< 0.100", Form.LESS, "0.100"),
    ("full-width less than", "＜５", Form.LESS, "5"),
    ("less than a negative number", "<-5", Form.LESS, "-5"),
    ("less than zero", "< 0", Form.LESS, "0"),
    ("at most, as a sign", "≤ 5", Form.LESS_OR_EQUAL, "5"),
    ("at most, as two characters", "<=5", Form.LESS_OR_EQUAL, "5"),
    ("at most, full-width", "＜＝５", Form.LESS_OR_EQUAL, "5"),
    ("at most, Japanese form", "≦5", Form.LESS_OR_EQUAL, "5"),
    ("greater than", ">822.00", Form.GREATER, "822.00"),
    ("at least, as a sign", "≥1E6", Form.GREATER_OR_EQUAL, "1E6"),
    ("at least, as two characters", ">= 1", Form.GREATER_OR_EQUAL, "1"),
    ("at least, Japanese form", "≧ 1", Form.GREATER_OR_EQUAL, "1"),
]


@pytest.mark.parametrize(("text", "form", "number"), [case[1:] for case in NUMBERS], ids=[case[0] for case in NUMBERS])
def test_is_read_as_a_number(text, form, number):
    read = read_reported(text)

    assert (read.raw, read.form, read.word, read.unit, read.problem) == (text, form, "", "", "")
    assert read.number == Decimal(number)


@pytest.mark.parametrize("text", ["4.60%", "4.60 %", "４．６０％", " 4.60  % "])
def test_a_percent_sign_is_a_unit_and_never_a_factor(text):
    assert read_reported(text) == Reported(text, Form.NUMBER, Decimal("4.60"), "", "%")


def test_a_censored_percentage_keeps_operator_and_unit():
    assert read_reported("<0.1%") == Reported("<0.1%", Form.LESS, Decimal("0.1"), "", "%")


def test_written_digits_are_kept():
    assert str(read_reported("5.00").number) == "5.00"


UNREADABLE = [
    ("a number with a bare decimal mark", "5.", "incomplete number"),
    ("a digit separator of a programming language", "1_000", "digit separator"),
    ("digits of another script", "١٢", "digit outside 0-9"),
    ("a superscript, which is not a digit", "10⁶", "digit outside 0-9"),
    ("a vulgar fraction", "½", "digit outside 0-9"),
    ("a hexadecimal number", "0x10", "text after number"),
    ("two decimal marks", "1.5.", "text after number"),
    ("three parts", "1.5.2", "text"),
    ("not a number", "nan", "not finite"),
    ("infinity", "-Infinity", "not finite"),
    ("the infinity of a spreadsheet", "1.#INF", "not finite"),
    ("a number beyond doubles", "1e400", "out of range"),
    ("a number just too large", "1.1e290", "out of range"),
    ("a number just too small", "9e-291", "out of range"),
    ("a number too small without exponent", "0." + "0" * 300 + "1", "out of range"),
    ("a number too large without exponent", "1" + "0" * 300, "out of range"),
    ("zero with an absurd exponent", "0e99999", "out of range"),
    ("an exponent of ten thousand digits", "1e" + "9" * 900, "out of range"),
    ("negative zero", "-0", "negative zero"),
    ("negative zero with decimals", "-0.0", "negative zero"),
    ("censored negative zero", "< -0.00", "negative zero"),
    ("a range", "5-10", "range"),
    ("a range in words", "5 to 10", "range"),
    ("a range with a dash", "5–10", "range"),
    ("a range with ellipsis", "5...10", "range"),
    ("an approximation", "~5", "approximate"),
    ("an approximation in letters", "ca. 5", "approximate"),
    ("a value with tolerance", "5 ± 1", "approximate"),
    ("a number with its unit", "5 EU/mL", "text after number"),
    ("a number with a remark", "13.2 (uncertain)", "text after number"),
    ("a number with a footnote letter", "08:46c,d", "range"),
    ("two percent signs", "5%%", "text after number"),
    ("a decimal comma that is not declared", "1,5", "decimal mark not declared"),
    ("a thousands comma that is not declared", "6,240.398", "thousands mark not declared"),
    ("a thousands blank that is not declared", "274 000", "thousands mark not declared"),
    ("a list", '["1"]', "list"),
    ("markup", "&lt; 5", "markup"),
    ("a line break inside", "5\n6", "line break"),
    ("a line break at the end", "5\n", "line break"),
    ("a control character", "5\x00", "control character"),
    ("two operators", "<<5", "two operators"),
    ("two different operators", "> <5", "two operators"),
    ("an operator alone", "<", "operator without number"),
    ("an operator before a word", "<ND", "operator before text"),
    ("a censored number with too many digits", "<1234567890123456", "too many digits"),
    ("a sign apart from its number", "- 5", "text"),
    ("a power of ten alone", "10^6", "text after number"),
    ("two powers of ten", "2E3 x 10^6", "text after number"),
    ("a lost superscript", "2.45 x 106", "text after number"),
    ("dashes", "-----", "text"),
    ("an instrument remark", "see report", "text"),
    ("a verdict inside a sentence", "SARS-CoV-2 NEGATIVE", "text"),
    ("a word with an ending", "not detected.", "text"),
    ("an abbreviation for not available", "N/A", "text"),
    ("a karyotype, which has a grammar of its own", "46,XX[20]", "text after number"),
    ("a lone surrogate", "\ud800", "text"),
]


@pytest.mark.parametrize(("text", "problem"), [case[1:] for case in UNREADABLE], ids=[case[0] for case in UNREADABLE])
def test_is_not_readable(text, problem):
    assert read_reported(text) == Reported(text, Form.UNREADABLE, problem=problem)


@pytest.mark.parametrize("text", ["", " ", "\t", "\u00a0\u3000 "])
def test_blanks_are_an_empty_result(text):
    assert read_reported(text) == Reported(text, Form.EMPTY)


@pytest.mark.parametrize(
    ("spelling", "word"),
    [(spelling, word) for word, others in RESULT_WORDS.items() for spelling in (word, *others)],
)
def test_every_spelling_is_read_as_its_word(spelling, word):
    for text in (spelling, spelling.upper(), f"  {spelling}\u00a0", spelling.replace(" ", "　")):
        assert read_reported(text) == Reported(text, Form.WORD, word=word)


def test_word_codes_are_positions_in_the_vocabulary():
    assert tuple(RESULT_WORDS) == WORDS


def test_below_the_quantitation_limit_is_a_word_and_not_a_censored_number():
    assert read_reported("< LOQ").word == "below quantitation limit"


# ---- NUMBER LOCALES ----

GERMAN, ENGLISH, SWISS, FRENCH = (
    NumberLocale(",", "."),
    NumberLocale(".", ","),
    NumberLocale(".", "'"),
    NumberLocale(",", "\u202f"),
)
LOCALES = [
    ("a declared decimal comma", "1,5", NumberLocale(","), "1.5"),
    ("a number without leading zero and a decimal comma", ",5", NumberLocale(","), "0.5"),
    ("declared thousands commas", "6,240.398", ENGLISH, "6240.398"),
    ("several groups", "1,006,240", ENGLISH, "1006240"),
    ("no groups although declared", "6240.398", ENGLISH, "6240.398"),
    ("declared thousands points", "1.006.240,5", GERMAN, "1006240.5"),
    ("declared apostrophes", "6'240.5", SWISS, "6240.5"),
    ("declared blanks of any kind", "274\u00a0000,5", FRENCH, "274000.5"),
    ("a censored number with groups", "< 1,000", ENGLISH, "1000"),
]


@pytest.mark.parametrize(
    ("text", "number_locale", "number"), [case[1:] for case in LOCALES], ids=[case[0] for case in LOCALES]
)
def test_a_declared_number_locale_is_read(text, number_locale, number):
    assert read_reported(text, number_locale=number_locale).number == Decimal(number)


LOCALE_REFUSALS = [
    ("groups of two", "62,40", ENGLISH, "thousands mark misplaced"),
    ("a first group of four", "1000,000", ENGLISH, "thousands mark misplaced"),
    ("a first group of zero, which is a decimal comma", "0,123", ENGLISH, "thousands mark misplaced"),
    ("groups after the decimal mark", "1.000,000", ENGLISH, "thousands mark misplaced"),
    ("a decimal point where a comma is declared", "1.5", NumberLocale(","), "decimal mark not declared"),
    ("a misplaced point where points are thousands marks", "1.5", GERMAN, "thousands mark misplaced"),
]


@pytest.mark.parametrize(
    ("text", "number_locale", "problem"),
    [case[1:] for case in LOCALE_REFUSALS],
    ids=[case[0] for case in LOCALE_REFUSALS],
)
def test_a_number_against_its_locale_is_refused(text, number_locale, problem):
    assert read_reported(text, number_locale=number_locale) == Reported(text, Form.UNREADABLE, problem=problem)


@pytest.mark.parametrize(
    ("decimal_mark", "thousands_mark"),
    [("", ""), (".", "."), (",", ","), (";", ""), (".", "_"), (".", ",."), ("..", ""), (".", "0"), (".", "  ")],
)
def test_a_locale_that_would_need_guessing_is_refused(decimal_mark, thousands_mark):
    with pytest.raises(SpecificationError, match="RQC-S060"):
        NumberLocale(decimal_mark, thousands_mark)


# ---- FOLDING ----


def test_folding_keeps_what_compatibility_normalisation_would_destroy():
    assert fold_text(" 10⁶ ½ ") == "10⁶ ½"


def test_folding_keeps_line_breaks():
    assert fold_text(" a\nb ") == "a\nb"


def test_folding_keeps_case_and_word_folding_does_not():
    assert (fold_text(" Ｎｏ  Growth "), fold_word(" Ｎｏ  Growth ")) == ("No Growth", "no growth")


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold_text(fold_text(text)) == fold_text(text)
    assert fold_word(fold_word(text)) == fold_word(text)


# ---- PLAIN NUMBERS FOR THE BULK READER ----

plain_texts = st.from_regex(PLAIN_NUMBER, fullmatch=True).filter(lambda text: not text.endswith("\n"))


@settings(max_examples=500)
@given(plain_texts)
def test_every_plain_number_is_read_with_the_very_same_value(text):
    read = read_reported(text)

    assert read == Reported(text, Form.NUMBER, Decimal(text))
    assert float(text) == float(read.number)


@settings(max_examples=200)
@given(st.lists(st.one_of(plain_texts, number_like, st.text(max_size=5)), max_size=30))
@example(["5\n", "\n5", "a\n5", "-0", "-0.0", "+0", "-00.1", "-0.0000000000001", "1" * 16, "0." + "0" * 15])
def test_arrow_matches_and_casts_plain_numbers_as_python_does(texts):
    texts = [text for text in texts if text.isprintable() or "\n" in text]
    matches = pc.match_substring_regex(pa.array(texts, pa.string()), PLAIN_NUMBER).to_pylist()

    assert matches == [re.fullmatch(PLAIN_NUMBER, text) is not None for text in texts]
    plain = [text for text, matched in zip(texts, matches, strict=True) if matched]
    cast = pc.cast(pa.array(plain, pa.string()), pa.float64()).to_pylist()
    assert cast == [float(read_reported(text).number) for text in plain]


@settings(max_examples=300)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=5))
def test_ordinary_numbers_take_the_plain_way(number):
    text = f"{number:f}"

    assert (re.fullmatch(PLAIN_NUMBER, text) is not None) == (read_reported(text).problem != "negative zero")


# ---- ANY TEXT ----


@settings(max_examples=500)
@given(st.one_of(number_like, st.text(), st.text(st.characters(codec=None), max_size=10)))
def test_any_text_is_read_without_error_and_alike_after_folding(text):
    read, folded = read_reported(text), read_reported(fold_text(text))

    assert read.raw == text
    assert (read.form, read.number, read.word, read.unit) == (folded.form, folded.number, folded.word, folded.unit)
    assert (read.problem != "") == (read.form is Form.UNREADABLE)
    assert (read.word != "") == (read.form is Form.WORD)
    assert (read.number is not None) == (Form.NUMBER <= read.form <= Form.GREATER_OR_EQUAL)
    assert read.number is None or read.number == 0 or Decimal("1e-290") <= abs(read.number) <= Decimal("1e290")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e290"), max_value=Decimal("1e290")))
def test_every_number_that_decimal_prints_is_read_back(number):
    read = read_reported(str(number))

    if read.form is Form.UNREADABLE:
        assert read.problem in {"negative zero", "out of range"}
    else:
        assert read.number == number


HOSTILE = {
    "ten million digits": "5" * 10**7,
    "ten million blanks": " " * 10**7,
    "a number between ten million blanks": " " * 10**7 + "5" + "\u3000" * 10**6,
    "ten million letters": "x" * 10**7,
    "ten million zero bytes": "\x00" * 10**7,
    "a thousand thousands marks": ",".join(["111"] * 250),
    "a thousand decimal marks": "1." * 500,
    "a thousand operators": "<" * 1000,
    "digits and a separator": "1" * 998 + "_",
    "blanks and digits": "1 " * 499,
}


@pytest.mark.parametrize("text", list(HOSTILE.values()), ids=list(HOSTILE))
def test_hostile_lengths_take_no_hostile_time(text):
    started = time.perf_counter()

    read_reported(text)

    assert time.perf_counter() - started < 5
