"""Any table, however a profile says that it is written, reads back as it was; any bytes end in rows or an error of regenqc."""

from __future__ import annotations

import contextlib
import csv
import functools
import io
import json
import tempfile
import time
import tomllib
import tracemalloc
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.errors import DataError, RegenqcError
from regenqc.intake.profiles import Profile, list_profiles, load_profile, parse_profile
from regenqc.intake.profiles.drafting import draft_profile
from regenqc.intake.profiles.source import MappedFile, check_coverage
from regenqc.intake.profiles.statistic_rows import statistic_fault
from regenqc.measurement.reported import read_reported

from .mapped import COLUMNS, HEAD, LONG_SECONDS, profile_of, rows_of

SAMPLES = Path(__file__).parents[2] / "sample_data" / "exports"

# ---- the same table in every dialect, locale and encoding --------------------------------------------------------------

_LETTERS = st.characters(codec="cp1252", categories=("L", "N"))
_names = st.text(_LETTERS, min_size=1, max_size=8)
_numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**9, places=3).map(
    lambda number: f"{abs(number):f}"
)
_results = st.one_of(
    _numbers,
    st.tuples(st.sampled_from(["<", ">", "<=", ">="]), _numbers).map("".join),
    st.sampled_from(["no growth", "not detected", "positive", "46,XX[20]", "pending"]),
)
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "batch_id": _names,
            "test": _names,
            "result": _results,
            "unit": st.sampled_from(["%", "EU/mL", "cells", ""]),
            "tested_at": st.datetimes(
                min_value=__import__("datetime").datetime(1901, 1, 1),
                max_value=__import__("datetime").datetime(2199, 12, 31),
            ).map(lambda moment: moment.replace(microsecond=0, second=0).isoformat()),
        }
    ),
    min_size=1,
    max_size=12,
)
_forms = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([",", ";", "\t", "|"]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]),
        "marks": st.sampled_from([(".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", "'"), (".", " ")]),
        "separator_line": st.booleans(),
        "date": st.sampled_from(["DD.MM.YYYY hh:mm", "MM/DD/YYYY hh:mm", "YYYY-MM-DD hh:mm", "D-M-YYYY h:mm a", "ISO"]),
        "line": st.sampled_from(["\n", "\r\n"]),
    }
)


def _number_as_written(text: str, marks: tuple[str, str]) -> str:
    operator = text[: len(text) - len(text.lstrip("<>="))]
    number = text[len(operator) :]
    if read_reported(text).number is None:
        return text
    whole, _, fraction = number.partition(".")
    decimal_mark, thousands_mark = marks
    if thousands_mark and not whole.startswith("0"):
        whole = f"{int(whole):,}".replace(",", thousands_mark)
    return operator + whole + (decimal_mark + fraction if fraction else "")


def _date_as_written(text: str, form: str) -> str:
    from datetime import datetime

    moment = datetime.fromisoformat(text)
    if form == "ISO":
        return text
    half = "PM" if moment.hour >= 12 else "AM"
    parts = {
        "YYYY": f"{moment.year:04d}", "MM": f"{moment.month:02d}", "DD": f"{moment.day:02d}", "hh": f"{moment.hour:02d}",
        "mm": f"{moment.minute:02d}", "D": f"{moment.day}", "M": f"{moment.month}", "h": f"{moment.hour % 12 or 12}", "a": half,
    }  # fmt: skip
    written = ""
    rest = form
    while rest:
        token = next((name for name in parts if rest.startswith(name)), rest[0])
        written += parts.get(token, token)
        rest = rest[len(token) :]
    return written


def _profile_for(form: dict[str, Any]) -> Profile:
    dialect = {
        "delimiter": form["delimiter"],
        "encoding": "utf-8" if form["encoding"] == "utf-8-sig" else form["encoding"],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in dialect.items()]
    lines += ["separator_line = true"] if form["separator_line"] else []
    tables = "[dialect]\n" + "\n".join(lines)
    tables += (
        f"\n[numbers]\ndecimal_mark = {json.dumps(form['marks'][0])}\nthousands_mark = {json.dumps(form['marks'][1])}\n"
    )
    tables += f"[dates]\nformat = {json.dumps(form['date'])}\n"
    return profile_of(columns=COLUMNS + 'tested_at = "Tested"\n', tables=tables)


@settings(max_examples=200)
@given(rows=_rows, form=_forms)
def test_a_table_reads_back_as_it_was_however_it_is_written(rows: list[dict[str, str]], form: dict[str, Any]) -> None:
    text = io.StringIO()
    if form["separator_line"]:
        text.write(f"sep={form['delimiter']}{form['line']}")
    writer = csv.writer(text, delimiter=form["delimiter"], lineterminator=form["line"])
    writer.writerow(["Lot", "Test", "Result", "Unit", "Tested"])
    for row in rows:
        result = _number_as_written(row["result"], form["marks"])
        writer.writerow([row["batch_id"], row["test"], result, row["unit"], _date_as_written(row["tested_at"], form["date"])])  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        path.write_bytes(text.getvalue().encode(form["encoding"]))
        found, tally = rows_of(path, _profile_for(form))
    assert (tally.mapped, tally.refused, tally.not_data) == (len(rows), 0, 0)
    for row, read in zip(rows, found, strict=True):
        for name, value in row.items():
            if name == "result":
                one, other = read_reported(value), read_reported(read["result"])
                # The same statement with the same digits, and `<` is not `<=`.
                assert (one.form, str(one.number), one.word) == (other.form, str(other.number), other.word)
            elif name in {"batch_id", "test"}:
                assert read[name].strip() == value
            else:
                assert read.get(name, "") == value


@settings(max_examples=100)
@given(
    numbers=st.lists(st.decimals(min_value=0, max_value=1000, places=2), min_size=2, max_size=8),
    places=st.integers(0, 4),
)
def test_a_rounded_statistic_is_never_doubted(numbers: list[Decimal], places: int) -> None:
    import statistics
    from decimal import ROUND_HALF_UP

    texts = [str(number) for number in numbers]
    computed = {
        "mean": sum(numbers) / len(numbers),
        "sd": statistics.stdev(numbers),
        "minimum": min(numbers),
        "maximum": max(numbers),
        "count": Decimal(len(numbers)),
    }
    for function, value in computed.items():
        rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
        assert statistic_fault(function, f"{rounded:f}", texts) == ""
        assert statistic_fault(function, f"{rounded + 10:f}", texts) != ""


# ---- bytes -------------------------------------------------------------------------------------------------------------


def survives(content: bytes, profile: Profile, name: str = "export.csv") -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        # Any other exception than one of regenqc fails the test.
        with contextlib.suppress(RegenqcError):
            file = MappedFile(path, profile)
            for batch in file.read(1000, None):
                batch.validate(full=True)
            assert file.tally.read == file.tally.mapped + file.tally.not_data + file.tally.refused
        with contextlib.suppress(RegenqcError):
            check_coverage(path, profile)
        with contextlib.suppress(RegenqcError):
            tomllib.loads(draft_profile(path, identifier="drafted"))


PIECES = [b'"', b",", b";", b"\n", b"\r", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"{", b"}", b"[", b"]", b":", b"null", b"1e999", b"-0.0", b"<", b"&lt;", b"\xd8\x00"]  # fmt: skip


def mutated(whole: bytes) -> st.SearchStrategy[bytes]:
    change = st.tuples(st.integers(0, len(whole)), st.integers(0, 8), st.sampled_from(PIECES) | st.binary(max_size=4))

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        content = whole
        for at, removed, added in changes:
            content = content[:at] + added + content[at + removed :]
        return content

    return st.lists(change, min_size=1, max_size=5).map(apply)


@functools.cache
def _samples() -> list[tuple[Path, Profile]]:
    return [(next(SAMPLES.glob(f"{name}.*")), load_profile(name)) for name, _ in list_profiles()]


@settings(max_examples=120)
@given(data=st.data())
def test_a_changed_export_ends_in_rows_or_an_error_of_regenqc(data: st.DataObject) -> None:
    path, profile = data.draw(st.sampled_from(_samples()))
    survives(data.draw(mutated(path.read_bytes())), profile, path.name)


@settings(max_examples=60)
@given(content=st.binary(max_size=300), data=st.data())
def test_random_bytes_end_in_an_error_of_regenqc(content: bytes, data: st.DataObject) -> None:
    path, profile = data.draw(st.sampled_from(_samples()))
    start = data.draw(
        st.sampled_from([b"", b"PK\x03\x04", b"PAR1", b"ARROW1", b"\xff\xff\xff\xff", b"{", b"[{", b"\xff\xfe"])
    )
    survives(start + content, profile, path.name)


@settings(max_examples=60)
@given(text=st.text(max_size=200) | st.sampled_from([HEAD, HEAD + COLUMNS]).flatmap(lambda whole: mutated(whole.encode()).map(lambda found: found.decode("utf-8", "replace"))))  # fmt: skip
def test_a_changed_profile_is_a_profile_or_a_fault(text: str) -> None:
    with contextlib.suppress(RegenqcError):
        parse_profile(text)


@pytest.mark.long
def test_nothing_is_found_in_many_minutes_of_changed_exports() -> None:
    until = time.monotonic() + LONG_SECONDS

    @settings(max_examples=200, database=None)
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        path, profile = data.draw(st.sampled_from(_samples()))
        survives(data.draw(mutated(path.read_bytes()) | st.binary(max_size=2000)), profile, path.name)

    while time.monotonic() < until:
        run()


# ---- bounds ------------------------------------------------------------------------------------------------------------


def refused(path: Path, profile: Profile, *, megabytes: int = 256) -> DataError:
    """Return the refusal of a file, which must not take much memory to reach."""
    tracemalloc.start()
    try:
        with pytest.raises(DataError) as caught:
            rows_of(path, profile)
        assert tracemalloc.get_traced_memory()[1] < megabytes << 20
    finally:
        tracemalloc.stop()
    return caught.value


def _workbook(path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (("Lot", "Test", "Result", "Unit"), ("L1", "ph", 7.2, "pH")):
        workbook.active.append(row)
    workbook.save(path)


def _replaced(path: Path, part: str, content: bytes) -> Path:
    changed = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, content if name == part else source.read(name))
    return changed


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    _workbook(tmp_path / "a.xlsx")
    bomb = _replaced(tmp_path / "a.xlsx", "xl/theme/theme1.xml", b" " * (200 << 20))
    assert "are packed into" in refused(bomb, profile_of()).faults[0].got


def test_entities_of_xml_are_refused(tmp_path: Path) -> None:
    _workbook(tmp_path / "a.xlsx")
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'
    error = refused(_replaced(tmp_path / "a.xlsx", "xl/worksheets/sheet1.xml", laughs), profile_of())
    assert "document type" in error.faults[0].got


def test_a_formula_without_value_is_refused(tmp_path: Path) -> None:
    workbook = openpyxl.Workbook()
    for row in (("Lot", "Test", "Result", "Unit"), ("L1", "ph", "=1+6.2", "pH")):
        workbook.active.append(row)
    workbook.save(tmp_path / "a.xlsx")
    error = refused(tmp_path / "a.xlsx", profile_of())
    assert (error.code, "C2" in error.faults[0].where) == ("RQC-D018", True)


@pytest.mark.parametrize("kind", ["senaite-json", "allotrope-asm", "fhir-batch-analysis"])
def test_deeply_nested_documents_are_refused(tmp_path: Path, kind: str) -> None:
    for depth in (70, 5000):
        text = '{"resourceType": "Bundle", "$asm.manifest": "m", "items": ' + '{"a":' * depth + "1" + "}" * depth + "}"
        (tmp_path / "deep.json").write_text(text)
        refused(tmp_path / "deep.json", load_profile(kind))


def test_a_million_columns_are_refused(tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_bytes(b"a," * 400_000 + b"b\n")
    refused(tmp_path / "wide.csv", profile_of())
    (tmp_path / "wider.csv").write_bytes(b"a," * 1_000_000 + b"b\n")
    refused(tmp_path / "wider.csv", profile_of())


def test_a_page_of_several_is_no_export(tmp_path: Path) -> None:
    (tmp_path / "page.json").write_text(json.dumps({"count": 40, "next": "http://…", "items": [{"Keyword": "a"}]}))
    assert "pull all pages" in refused(tmp_path / "page.json", load_profile("senaite-json")).faults[0].got
