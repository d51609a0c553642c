"""What the form of a profile cannot say: that its entries fit together, and that no text has two meanings."""

from __future__ import annotations

import codecs
import difflib
from typing import TYPE_CHECKING, Final

from regenqc.errors import Fault, SpecificationError
from regenqc.intake.contracts import RESULT_COLUMNS
from regenqc.intake.profiles.date_formats import read_format, zone_of
from regenqc.intake.profiles.model import Dialect, Sheet, fold_name
from regenqc.measurement.reported import WORDS, Form, NumberLocale, read_reported, word_key
from regenqc.measurement.units import closest_spellings, find_unit
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from regenqc.intake.profiles.model import Column, ProfileDocument, ResultColumn, TestEntry

    Place = Callable[..., str]

__all__ = ["DATE_COLUMNS", "OPERATORS", "check_profile"]

DATE_COLUMNS: Final = frozenset({"tested_at", "reported_at"})
OPERATORS: Final = {
    "": "",
    "=": "=",
    "<": "<",
    "<=": "<=",
    "≤": "<=",
    "≦": "<=",
    ">": ">",
    ">=": ">=",
    "≥": ">=",
    "≧": ">=",
}
_CANONICAL: Final = tuple(column.name for column in RESULT_COLUMNS)
_ACTIONS: Final = ("accept", "below", "above", "refuse", "not_data", "preliminary", "unverified", "cancelled")


def check_profile(document: ProfileDocument, *, place: Place) -> Iterator[Fault]:
    """Yield every fault of meaning.

    Args:
        document: of sound form.
        place: gives `file:line path` of a path of keys.
    """
    yield from _check_columns(document, place)
    yield from _check_layout(document, place)
    yield from _check_writing(document, place)
    yield from _check_tests(document, place)
    yield from _check_words(document, place)
    yield from _check_units(document, place)
    yield from _check_flags(document, place)


def _unknown(where: str, got: str, known: Iterable[str], what: str) -> Fault:
    names = list(known)
    near = difflib.get_close_matches(got, names, n=1, cutoff=0.5)
    return Fault(
        code="RQC-S205",
        what=what,
        where=where,
        got=got,
        expected=f"did you mean '{near[0]}'" if near else ", ".join(names)[:300],
        action="Use a word of the list.",
    )


def _contradiction(where: str, what: str, got: str, action: str) -> Fault:
    return Fault(code="RQC-S206", what=what, where=where, got=got, action=action)


def _two_meanings(where: str, text: str, first: str, second: str) -> Fault:
    return Fault(
        code="RQC-S204",
        what="A text has two meanings.",
        where=where,
        got=f"'{text}' as {first!r} and as {second!r}",
        expected="one meaning",
        action="Keep the meaning that the laboratory confirms.",
    )


def _check_columns(document: ProfileDocument, place: Place) -> Iterator[Fault]:
    for name, column in document.columns.items():
        where = place("columns", name)
        if name not in _CANONICAL:
            yield _unknown(where, name, _CANONICAL, "There is no such column of results.")
        yield from _check_column(column, where, is_date=name in DATE_COLUMNS)
    for index, column in enumerate(document.carried):
        yield from _check_column(column, place("carried", index), is_date=False)
        if column.constant is not None:
            yield _contradiction(
                place("carried", index), "A constant is not carried.", column.constant, "Name a column."
            )
    needed = ("batch_id",) if document.result_column else ("batch_id", "test", "result")
    for name in needed:
        if name not in document.columns:
            yield Fault(
                code="RQC-S202",
                what="A column of results has no source.",
                where=place("columns"),
                expected=name,
                action="Name the column of the export that holds it.",
            )


def _check_column(column: Column, where: str, *, is_date: bool) -> Iterator[Fault]:
    if (column.name is None) == (column.constant is None):
        yield _contradiction(where, "A column has a name or is constant.", "both or neither", "State one of the two.")
    if column.optional and column.constant is not None:
        yield _contradiction(where, "A constant is always there.", "optional = true", "Remove it.")
    if column.position is not None and column.name is None:
        yield _contradiction(
            where,
            "A position says which of several columns is meant.",
            f"position = {column.position}",
            "Add the name.",
        )
    if (column.format is not None or column.zone is not None) and not is_date:
        yield _contradiction(
            where, "Only dates have a format and a zone.", str(column.format or column.zone), "Remove it."
        )


def _check_layout(document: ProfileDocument, place: Place) -> Iterator[Fault]:
    if document.result_column:
        for name in ("test", "result", "unit"):
            if name in document.columns:
                yield _contradiction(
                    place("columns", name),
                    "A wide layout states test, result and unit by column of results.",
                    name,
                    "Remove it, or the result columns.",
                )
        for name, entries in (
            ("tests", document.tests),
            ("operator", document.operator),
            ("statistic", document.statistic),
        ):
            if entries:
                yield _contradiction(
                    place(name),
                    "This is for layouts with one result per row.",
                    name,
                    "Remove it, or the result columns.",
                )
        seen: dict[tuple[str, int | None], int] = {}
        for index, entry in enumerate(document.result_column):
            if seen.setdefault((fold_name(entry.name), entry.position), index) != index:
                yield _two_meanings(
                    place("result_column", index, "name"),
                    entry.name,
                    document.result_column[seen[fold_name(entry.name), entry.position]].test,
                    entry.test,
                )
            for name in ("method", "stage"):
                if getattr(entry, name) and name in document.columns:
                    yield _contradiction(
                        place("result_column", index, name),
                        f"The column '{name}' states it too.",
                        name,
                        "Keep one of them.",
                    )
    is_text = document.format in {"table", "delimited"}
    if document.dialect != Dialect() and not is_text:
        yield _contradiction(place("dialect"), "Only text files have a dialect.", document.format, "Remove the table.")
    if document.sheet != Sheet() and document.format not in {"table", "xlsx"}:
        yield _contradiction(place("sheet"), "Only workbooks have sheets.", document.format, "Remove the table.")


def _check_writing(document: ProfileDocument, place: Place) -> Iterator[Fault]:
    try:
        NumberLocale(document.numbers.decimal_mark, document.numbers.thousands_mark)
    except SpecificationError as error:
        yield Fault(code="RQC-S203", what=error.faults[0].what, where=place("numbers"), got=error.faults[0].got, expected=error.faults[0].expected, action="Correct the marks.")  # fmt: skip
    dates: list[tuple[str, str | None, str | None, str | None]] = [
        ("dates", None, document.dates.format, document.dates.zone)
    ]
    dates += [("columns", name, column.format, column.zone) for name, column in document.columns.items()]
    for table, name, text, zone in dates:
        path = (table,) if name is None else (table, name)
        if text is not None and (problem := read_format(text).problem):
            yield Fault(
                code="RQC-S209",
                what="The format of a date cannot be read.",
                where=place(*path, "format"),
                got=f"{text}: {problem}",
                expected="ISO, serial, or YYYY MMM MM M DD D hh h mm ss a with the marks between them",
                action="Write the format as the export has it.",
            )
        if zone is not None and zone_of(zone) is None:
            yield Fault(
                code="RQC-S209",
                what="The zone is not known.",
                where=place(*path, "zone"),
                got=zone,
                expected='an offset such as "+09:00", or a name such as "Europe/Berlin"',
                action="Correct the zone.",
            )
    dialect = document.dialect
    try:
        is_text = codecs.lookup(dialect.encoding)._is_text_encoding  # noqa: SLF001 - what bytes.decode itself looks at
        b"".decode(dialect.encoding)
    except (LookupError, ValueError):
        is_text = False
    if not is_text:
        yield Fault(
            code="RQC-S205",
            what="The encoding is not known.",
            where=place("dialect", "encoding"),
            got=dialect.encoding,
            expected="utf-8, utf-16, cp1252, latin-1, gb18030, shift_jis, euc_kr or another text encoding of Python",
            action="Name the encoding.",
        )
    if (
        dialect.delimiter in {dialect.quote, "\n", "\r", "\0"}
        or not dialect.delimiter.isascii()
        or not dialect.quote.isascii()
    ):
        yield _contradiction(
            place("dialect", "delimiter"),
            "The delimiter cannot separate fields.",
            repr(dialect.delimiter),
            "Use another mark.",
        )


def _check_tests(document: ProfileDocument, place: Place) -> Iterator[Fault]:
    known: dict[str, str] = {}
    for code, entry in document.tests.items():
        folded = fold_name(code)
        if known.setdefault(folded, code) != code:
            yield _two_meanings(place("tests", code), code, document.tests[known[folded]].test, entry.test)
        if not folded:
            yield _contradiction(place("tests", code), "A test has a code.", "an empty code", "Remove it.")
        for name in ("unit", "method", "stage"):
            if getattr(entry, name) and name in document.columns:
                yield _contradiction(
                    place("tests", code, name),
                    f"The column '{name}' states it too.",
                    getattr(entry, name),
                    "Keep one of them.",
                )
    if not document.tests and not document.result_column and document.other_tests == "refuse":
        yield _contradiction(
            place("other_tests"),
            "No test is listed, and tests that are not listed are refused.",
            "nothing would be read",
            'List the tests, or keep codes as they are with other_tests = "keep".',
        )
    stages: list[tuple[tuple[str | int, ...], str]] = [
        (("stages", text), stage) for text, stage in document.stages.items()
    ]
    stages += [(("tests", code, "stage"), entry.stage) for code, entry in document.tests.items() if entry.stage]
    stages += [
        (("result_column", index, "stage"), entry.stage)
        for index, entry in enumerate(document.result_column)
        if entry.stage
    ]
    for path, stage in stages:
        if stage not in set(Stage):
            yield _unknown(place(*path), stage, (entry.value for entry in Stage), "There is no such stage.")


def _check_words(document: ProfileDocument, place: Place) -> Iterator[Fault]:
    yield from _check_word_table(document.words, place, ("words",), {})
    common = {word_key(text): word for text, word in document.words.items()}
    common |= {word_key(text): "not measured" for text in document.not_measured}
    # What a word means in one test is one thing, by whichever of its codes or columns the test is reported.
    by_test: dict[str, dict[str, str]] = {}
    entries: list[tuple[tuple[str | int, ...], TestEntry | ResultColumn]] = [
        (("tests", code), entry) for code, entry in document.tests.items()
    ]
    entries += [(("result_column", index), entry) for index, entry in enumerate(document.result_column)]
    for path, entry in entries:
        meanings = by_test.setdefault(entry.test, dict(common))
        yield from _check_word_table(entry.words, place, (*path, "words"), meanings)
        meanings |= {word_key(text): word for text, word in entry.words.items()}
    for index, text in enumerate(document.not_measured):
        found = read_reported(text)
        if found.form not in {Form.UNREADABLE, Form.EMPTY}:
            yield _two_meanings(place("not_measured", index), text, "a result", "not measured")
        if (word := document.words.get(text)) is not None:
            yield _two_meanings(place("not_measured", index), text, word, "not measured")


def _check_word_table(
    words: Mapping[str, str], place: Place, path: tuple[str | int, ...], meanings: Mapping[str, str]
) -> Iterator[Fault]:
    own: dict[str, str] = {}
    for text, word in words.items():
        where = place(*path, text)
        if word not in WORDS:
            yield _unknown(where, word, WORDS, "The word is not one of the vocabulary.")
            continue
        found = read_reported(text)
        if found.form is Form.WORD and found.word != word:
            yield _two_meanings(where, text, found.word, word)
        elif found.form not in {Form.WORD, Form.UNREADABLE}:
            yield _contradiction(where, "A word is no number and not empty.", text, "Remove it.")
        key = word_key(text)
        other = meanings.get(key) or own.get(key)
        if other is not None and other != word:
            yield _two_meanings(where, text, other, word)
        own[key] = word


def _check_units(document: ProfileDocument, place: Place) -> Iterator[Fault]:
    known: dict[str, tuple[str, int]] = {}
    for text, entry in document.units.items():
        where = place("units", text)
        unit = find_unit(entry.unit)
        if unit is None:
            yield _unknown(where, entry.unit, closest_spellings(entry.unit), "The unit is not in the dictionary.")
            continue
        own = find_unit(text) if fold_name(text) else None
        if own is not None and (own.symbol, 0) != (unit.symbol, entry.power_of_ten):
            yield _two_meanings(where, text, own.symbol, f"{entry.unit} × 10^{entry.power_of_ten}")
        meaning = (unit.symbol, entry.power_of_ten)
        if known.setdefault(fold_name(text), meaning) != meaning:
            yield _two_meanings(where, text, known[fold_name(text)][0], unit.symbol)
    if any(entry.power_of_ten for entry in document.units.values()) or any(
        entry.power_of_ten for entry in document.result_column
    ):
        for name in ("lod", "loq", "uncertainty"):
            if name in document.columns:
                yield _contradiction(
                    place("columns", name),
                    "It is in the unit of the result, and results are multiplied by a power of ten.",
                    name,
                    "Name a unit of the dictionary instead of the power, or carry the column.",
                )
    stated: list[tuple[tuple[str | int, ...], str]] = [
        (("tests", code, "unit"), entry.unit) for code, entry in document.tests.items()
    ]
    stated += [(("result_column", index, "unit"), entry.unit) for index, entry in enumerate(document.result_column)]
    for path, symbol in stated:
        if find_unit(symbol) is None:
            yield _unknown(place(*path), symbol, closest_spellings(symbol), "The unit is not in the dictionary.")


def _check_flags(document: ProfileDocument, place: Place) -> Iterator[Fault]:
    if document.operator is not None:
        yield from _check_column(document.operator.column, place("operator", "column"), is_date=False)
        for text, operator in document.operator.texts.items():
            own = OPERATORS.get(fold_name(text))
            if own is not None and own != operator:
                yield _two_meanings(place("operator", "texts", text), text, own, operator)
    for index, qualifier in enumerate(document.qualifier):
        yield from _check_column(qualifier.column, place("qualifier", index, "column"), is_date=False)
        meanings: dict[str, str] = {}
        for action in _ACTIONS:
            for text in getattr(qualifier, action):
                if meanings.setdefault(fold_name(text), action) != action:
                    yield _two_meanings(place("qualifier", index, action), text, meanings[fold_name(text)], action)
    if document.result_column:
        for index, qualifier in enumerate(document.qualifier):
            for action in ("below", "above"):
                if getattr(qualifier, action):
                    yield _contradiction(
                        place("qualifier", index, action),
                        "In a wide layout a flag is of a whole row, and cannot say which number is a limit.",
                        action,
                        "Refuse such rows.",
                    )
    for path, column in _deciding_columns(document):
        if column.optional:
            yield _contradiction(
                place(*path), "Without this column the file would say something else.", "optional = true", "Remove it."
            )
    for index, entry in enumerate(document.not_data):
        yield from _check_column(entry.column, place("not_data", index, "column"), is_date=False)
    for index, statistic in enumerate(document.statistic):
        yield from _check_column(statistic.column, place("statistic", index, "column"), is_date=False)


def _deciding_columns(document: ProfileDocument) -> Iterator[tuple[tuple[str | int, ...], Column]]:
    """Yield the columns whose absence would change what the others say."""
    if document.operator is not None:
        yield ("operator", "column"), document.operator.column
    yield from ((("qualifier", index, "column"), entry.column) for index, entry in enumerate(document.qualifier))
    yield from ((("not_data", index, "column"), entry.column) for index, entry in enumerate(document.not_data))
    yield from ((("statistic", index, "column"), entry.column) for index, entry in enumerate(document.statistic))
    needed = [
        "batch_id",
        "test",
        "result",
        *(["status"] if document.statuses else []),
        *(["stage"] if document.stages else []),
    ]
    for name in needed:
        if name in document.columns:
            yield ("columns", name), document.columns[name]
