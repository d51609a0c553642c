"""A draft of a profile for a file that nobody has described yet: for a person to read, correct and complete.

A draft proposes; it never runs. What is found by name, and what only looks so, is said beside every line.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.errors import DataError, Fault
from regenqc.intake.formats import format_of
from regenqc.intake.profiles.coded import Coded
from regenqc.intake.profiles.date_formats import iso_date
from regenqc.intake.profiles.model import SCHEMA, Profile, ProfileDocument, fold_name
from regenqc.intake.profiles.opening import open_file
from regenqc.measurement.reported import Form, NumberLocale, read_reported
from regenqc.measurement.units import closest_spellings, find_unit
from regenqc.vocabulary import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["draft_profile"]

# Titles under which laboratories export what a canonical column holds; a draft proposes them and a person confirms.
_TITLES: Final[dict[str, tuple[str, ...]]] = {
    "batch_id": ("batch", "batch id", "batch_id", "lot", "lot no", "lot number", "charge", "lote", "批号", "ロット番号", "배치번호"),
    "test": ("test", "analysis", "parameter", "analyte", "assay", "keyword", "prüfung", "prüfcode", "prüfparameter", "essai", "ensayo", "检验项目", "試験項目", "시험항목"),
    "result": ("result", "value", "reported result", "ergebnis", "messwert", "résultat", "resultado", "结果", "結果", "결과"),
    "unit": ("unit", "units", "uom", "einheit", "unité", "unidad", "单位", "単位", "단위"),
    "sample_id": ("sample", "sample id", "sample_id", "specimen", "probe", "échantillon", "muestra", "样品", "検体", "검체"),
    "replicate": ("replicate", "rep", "rep #"),
    "result_id": ("result id", "result_id", "uid"),
    "revision": ("revision",),
    "method": ("method", "methode", "méthode", "método", "方法"),
    "laboratory": ("laboratory", "lab", "labor", "laboratoire", "laboratorio"),
    "analyst": ("analyst", "tested by", "prüfer", "bearbeiter", "analyste", "analista"),
    "instrument_id": ("instrument", "instrument id", "device"),
    "tested_at": ("tested", "tested at", "tested_at", "date tested", "geprüft am", "prüfdatum", "datum", "date", "date & time"),
    "reported_at": ("reported", "reported at", "reported_at", "verified at"),
    "status": ("status", "review state", "review_state", "state"),
    "stage": ("stage",),
    "lod": ("lod", "ldl"),
    "loq": ("loq", "lloq"),
    "uncertainty": ("uncertainty",),
}  # fmt: skip
_DELIMITERS: Final = (",", ";", "\t", "|")
_DATES: Final = (
    "YYYY-MM-DD hh:mm:ss", "YYYY-MM-DD hh:mm", "YYYY-MM-DD", "DD.MM.YYYY hh:mm:ss", "DD.MM.YYYY hh:mm", "DD.MM.YYYY",
    "DD/MM/YYYY hh:mm:ss", "DD/MM/YYYY hh:mm", "DD/MM/YYYY", "MM/DD/YYYY hh:mm:ss", "MM/DD/YYYY hh:mm", "MM/DD/YYYY",
    "D/M/YYYY h:mm:ss a", "M/D/YYYY h:mm:ss a", "D-M-YYYY hh:mm:ss", "M-D-YYYY hh:mm:ss", "DD-MMM-YYYY hh:mm", "DD-MMM-YYYY",
    "YYYY/MM/DD hh:mm:ss", "YYYY/MM/DD hh:mm", "YYYY/MM/DD",
)  # fmt: skip
_LONGEST_LINE: Final = 1 << 20
_SHOWN: Final = 200
_OPERATORS: Final = frozenset({"operator", "op", "sign", "detectionlimitoperand"})
_FLAGS: Final = frozenset({"flag", "flags", "qualifier", "remark", "detection condition", "kennz.", "kennzeichen"})
_BRACKETED: Final = re.compile(r"^(.*?)[ ]*[\[(]([^\])]+)[\])]$")


def draft_profile(path: Path, *, identifier: str) -> str:
    """Return the text of a draft for a file.

    Args:
        path: the export.
        identifier: of the profile.

    Raises:
        DataError: the file cannot be read as a table.
    """
    document = _provisional(path)
    file = open_file(path, Profile(document=document, fingerprint="", source=str(path)))
    columns: list[Counter[str]] = [Counter() for _ in file.titles]
    rows = 0
    for batch in file.read(65_536):
        rows += batch.num_rows
        for counter, array in zip(columns, batch.columns, strict=True):
            coded = Coded.of(array)
            counts = np.bincount(coded.codes, minlength=len(coded.words))
            counter.update(
                {word: int(count) for word, count in zip(coded.words, counts.tolist(), strict=False) if count}
            )
    return "\n".join(_lines(path, identifier, document, file.titles, columns, rows)) + "\n"


def _provisional(path: Path) -> ProfileDocument:
    """Return a profile that says only how the file is written."""
    kind = format_of(path)
    if kind == "json":
        raise DataError(
            Fault(
                code="RQC-D009",
                what="Of a JSON document no draft is made: its columns are those of its kind.",
                where=str(path),
                expected="a table",
                action="Copy the packaged profile of its kind (`regenqc profile show`), and list your codes in it.",
            )
        )
    content: dict[str, object] = {
        "schema": SCHEMA, "id": "draft", "version": "0", "title": "draft", "format": kind,
        "columns": {"batch_id": {"constant": "?"}, "test": {"constant": "?"}, "result": {"constant": "?"}}, "other_tests": "keep",
    }  # fmt: skip
    if kind == "delimited":
        content["dialect"] = _dialect(path)
    return ProfileDocument.model_validate(content)


def _dialect(path: Path) -> dict[str, object]:
    with path.open("rb") as stream:
        start = stream.read(_LONGEST_LINE)
    encoding = "utf-16" if start.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    try:
        text = start.decode(encoding, "strict")
    except UnicodeDecodeError as error:
        if len(start) - error.start <= 4:  # a character that the end of the part has cut
            text = start[: error.start].decode(encoding, "replace")
        else:
            encoding, text = "cp1252", start.decode("cp1252", "replace")
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if line.strip()]
    dialect: dict[str, object] = {} if encoding == "utf-8" else {"encoding": encoding}
    if lines and lines[0].casefold().replace('"', "").startswith("sep="):
        dialect["separator_line"] = True
        lines = lines[1:]
    first = lines[0] if lines else ""
    delimiter = max(_DELIMITERS, key=lambda mark: len(next(csv.reader([first], delimiter=mark), [])))
    return dialect if delimiter == "," else dialect | {"delimiter": delimiter}


def _lines(
    path: Path,
    identifier: str,
    document: ProfileDocument,
    titles: Sequence[str],
    columns: Sequence[Counter[str]],
    rows: int,
) -> Iterator[str]:
    roles = _roles(titles)
    named = {role: position for position, role in roles.items()}
    is_wide = "test" not in named or "result" not in named
    yield f"# A draft made from {_text(path.name)}: {rows} rows, {len(titles)} columns. It never runs."
    yield "# Check every line against the export and the laboratory, complete it, then remove `draft = true`."
    yield "draft   = true"
    yield f"schema  = {_text(SCHEMA)}"
    yield f"id      = {_text(identifier)}"
    yield 'version = "1.0.0"'
    yield f"title   = {_text(f'Export like {path.name}')}"
    yield f"format  = {_text(document.format)}"
    results = (
        columns[named["result"]]
        if not is_wide
        else sum((columns[at] for at in range(len(titles)) if at not in roles), Counter())
    )
    if not is_wide:
        yield 'other_tests = "refuse"   # a code that is not listed below refuses its row'
    rest = [at for at in range(len(titles)) if at not in roles]
    numeric: list[int] = []
    special = {at for at in rest if fold_name(titles[at]).casefold() in _OPERATORS | _FLAGS}
    if is_wide:
        numeric = [at for at in rest if at not in special and _looks_like_results(columns[at])]
        rest = [at for at in rest if at not in numeric]
    carried = [at for at in rest if at not in special and titles[at].strip()]
    if carried:
        yield ""
        yield "# Columns that decide nothing and are carried through; remove what decides something, and declare it below."
        yield f"carried = [{', '.join(_reference(titles, at) for at in carried)}]"
    yield from _dialect_lines(document)
    yield from _number_lines(results)
    yield from _date_lines({name: columns[at] for name, at in named.items() if name in {"tested_at", "reported_at"}})
    yield ""
    yield "[columns]"
    for role, at in sorted(named.items(), key=lambda entry: [*_TITLES].index(entry[0])):
        if not is_wide or role not in {"test", "result", "unit"}:
            yield f"{role} = {_reference(titles, at)}"
    if "batch_id" not in named:
        yield '# batch_id = "?"        # which column holds the manufactured lot?'
    if is_wide and not numeric:
        yield '# test = "?"            # which column holds the code of the test?'
        yield '# result = "?"          # which column holds the result?'
    if is_wide:
        for at in numeric:
            yield from _result_column(titles, at)
    else:
        yield from _test_lines(columns[named["test"]])
        if "unit" in named:
            yield from _unit_lines(columns[named["unit"]])
    if not is_wide or numeric:
        yield from _word_lines(results)
    if "status" in named:
        yield from _status_lines(columns[named["status"]])
    for at in sorted(special):
        yield from _flag_lines(titles, at, columns[at])


def _roles(titles: Sequence[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for role, names in _TITLES.items():
        at = [position for position, title in enumerate(titles) if fold_name(title).casefold() in names]
        if len(at) == 1 and at[0] not in found:
            found[at[0]] = role
    return found


def _reference(titles: Sequence[str], at: int) -> str:
    title = titles[at].strip()
    if [fold_name(other) for other in titles].count(fold_name(title)) > 1:
        return f"{{ name = {_text(title)}, position = {at + 1} }}"
    return _text(title)


def _text(text: str) -> str:
    # A basic string of TOML has the escapes of JSON; DEL is the one character that JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _looks_like_results(column: Mapping[str, int]) -> bool:
    stated = [text for text in column if text.strip()]
    read = [read_reported(text) for text in stated]
    return bool(read) and all(entry.number is not None or entry.form is Form.WORD for entry in read)


def _dialect_lines(document: ProfileDocument) -> Iterator[str]:
    stated = document.dialect.model_dump(exclude_defaults=True)
    if stated:
        yield ""
        yield "[dialect]"
        for name, value in stated.items():
            yield f"{name} = {'true' if value is True else _text(str(value))}"
        if "encoding" in stated:
            yield "# The bytes are no UTF-8; ask the laboratory which encoding it writes."


def _number_lines(results: Mapping[str, int]) -> Iterator[str]:
    point = sum(1 for text in results if read_reported(text).number is not None)
    for decimal, thousands in ((",", "."), (",", " "), (".", ","), (".", " ")):
        locale = NumberLocale(decimal, thousands)
        if sum(1 for text in results if read_reported(text, number_locale=locale).number is not None) > point:
            yield ""
            yield "# More results can be read as numbers with these marks than without; ask the laboratory."
            yield "[numbers]"
            yield f"decimal_mark = {_text(decimal)}"
            yield f"thousands_mark = {_text(thousands)}"
            return


def _date_lines(dates: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    texts = [text for column in dates.values() for text in column if text.strip()]
    if not texts or all(re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T|$)", text.strip()) for text in texts):
        return
    fitting = [form for form in _DATES if all(iso_date(text, declared=form, zone=None) is not None for text in texts)]
    yield ""
    yield "[dates]"
    if len(fitting) == 1:
        yield f"format = {_text(fitting[0])}"
    elif fitting:
        yield f"# Several formats fit every date: {', '.join(fitting)}. Ask the laboratory which of them it writes."
        yield '# format = "?"'
    else:
        yield f"# No usual format fits every date, for example {texts[0].strip()[:40]!r}."
        yield '# format = "?"'
    yield '# zone = "+00:00"       # of the laboratory\'s clock'


def _test_lines(codes: Mapping[str, int]) -> Iterator[str]:
    yield ""
    yield "# Code of the laboratory = test of the specifications."
    yield "[tests]"
    for code, count in _listed(codes):
        proposal = re.sub("[^a-z0-9]+", "_", fold_name(code).casefold()).strip("_")
        yield f"{_text(code.strip())} = {_text(proposal or 'unnamed')}   # {count} rows; proposed from the code"


def _unit_lines(units: Mapping[str, int]) -> Iterator[str]:
    unknown = [(text, count) for text, count in _listed(units) if text.strip() and find_unit(text) is None]
    if unknown:
        yield ""
        yield "# Units that the dictionary does not have. Unit of the laboratory = unit of the dictionary."
        yield "[units]"
        for text, count in unknown:
            near = ", ".join(closest_spellings(text)) or "none"
            yield f'# {_text(text.strip())} = "?"   # {count} rows; similar spellings, not meanings: {near}'


def _word_lines(results: Mapping[str, int]) -> Iterator[str]:
    unknown = [(text, count) for text, count in _listed(results) if read_reported(text).form is Form.UNREADABLE]
    marked = [(text, count) for text, count in unknown if not re.search("[0-9]", text)]
    if marked:
        yield ""
        yield "# Results that are neither number nor word of the vocabulary. Word of the laboratory = word of the vocabulary."
        yield "[words]"
        for text, count in marked:
            yield f'# {_text(text)} = "?"   # {count} rows'


def _status_lines(statuses: Mapping[str, int]) -> Iterator[str]:
    yield ""
    yield f"# Status of the laboratory = {', '.join(Status)}."
    yield "[statuses]"
    for text, count in _listed(statuses):
        known = fold_name(text).casefold()
        if known in set(Status):
            yield f"{_text(text.strip())} = {_text(known)}   # {count} rows"
        else:
            yield f'# {_text(text.strip())} = "?"   # {count} rows'


def _flag_lines(titles: Sequence[str], at: int, texts: Mapping[str, int]) -> Iterator[str]:
    yield ""
    if fold_name(titles[at]).casefold() in _OPERATORS:
        yield "[operator]"
        yield f"column = {_reference(titles, at)}"
        return
    yield "# Flags: move each of them to what it says: accept, below, above, preliminary, unverified, cancelled, not_data."
    yield "[[qualifier]]"
    yield f"column = {_reference(titles, at)}"
    listed = [text for text, _ in _listed(texts) if text.strip()]
    yield f"refuse = [{', '.join(_text(text.strip()) for text in listed)}]"


def _result_column(titles: Sequence[str], at: int) -> Iterator[str]:
    title = titles[at].strip()
    match = _BRACKETED.match(title)
    name, unit = (match[1], match[2]) if match and find_unit(match[2]) is not None else (title, "")
    test = re.sub("[^a-z0-9]+", "_", fold_name(name).casefold()).strip("_") or f"column_{at + 1}"
    yield ""
    yield "[[result_column]]"
    yield f"name = {_text(title)}"
    if [fold_name(other) for other in titles].count(fold_name(title)) > 1:
        yield f"position = {at + 1}"
    yield f"test = {_text(test)}   # proposed from the title"
    yield f"unit = {_text(unit)}"


def _listed(texts: Mapping[str, int]) -> list[tuple[str, int]]:
    merged: Counter[str] = Counter()
    for text, count in texts.items():
        merged[text.strip()] += count
    return sorted(merged.items(), key=lambda entry: (-entry[1], entry[0]))[:_SHOWN]
