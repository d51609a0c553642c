"""Limits in an XLSX workbook: the same requirements as in CSV, and nothing that a reader of the sheet would not expect."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from regenqc.errors import DataError, SpecificationError, UsageError
from regenqc.intake.workbook import read_workbook, write_workbook
from regenqc.specification import list_specifications, load_specification
from regenqc.specification.template import read_template, read_template_rows, template_rows, write_template

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = [name for name, _ in list_specifications()]
HEAD = ("id", "test", "stage", "min", "unit", "one_of", "citation")
ROW = ("a", "a", "donor", "70.0", "%", "", "a protocol")


def saved(path: Path, change: Callable[[Any], object] | None = None) -> Path:
    """Save a filled template, changed as people change sheets."""
    workbook = openpyxl.Workbook()
    for row in (HEAD, ROW):
        workbook.active.append(row)
    if change is not None:
        change(workbook.active)
    workbook.save(path)
    return path


def limits(path: Path) -> tuple[Any, ...]:
    """Read what `spec import` reads."""
    return read_template_rows(read_workbook(path), source=str(path))


@pytest.mark.parametrize("name", NAMES)
def test_a_workbook_says_what_the_same_template_says_as_csv(name: str, tmp_path: Path) -> None:
    sent = load_specification(name).requirements
    if len(template_rows(sent)) == 1:
        return
    path = tmp_path / "limits.xlsx"
    path.write_bytes(write_workbook(template_rows(sent)))
    assert limits(path) == read_template(write_template(sent))


def test_the_same_limits_give_the_same_bytes() -> None:
    assert write_workbook([HEAD, ROW]) == write_workbook([HEAD, ROW])


def test_digits_that_stand_as_text_stay(tmp_path: Path) -> None:
    assert limits(saved(tmp_path / "a.xlsx"))[0].limit.min == "70.0"


def test_cells_below_the_head_are_text_so_that_typed_digits_stay() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(write_workbook([HEAD]))).active
    assert {sheet.column_dimensions[letter].number_format for letter in "ABCDEFG"} == {"@"}


def test_a_text_that_begins_like_a_formula_is_written_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(write_workbook([HEAD, (*ROW[:6], "=1+1")]))
    assert limits(path)[0].citation == "=1+1"


# ---- numbers are read exactly as the intake reads them

NUMBERS = {
    "a number stored as binary 0.1 is 0.1": (0.1, "General", "0.1"),
    "a whole number stored as 70.0 is 70": (70.0, "General", "70"),
    "decimals of the format are not applied": (70.25, "0.0", "70.25"),
    "a small number is written out": (1e-05, "General", "0.00001"),
}


@pytest.mark.parametrize(("value", "number_format", "text"), NUMBERS.values(), ids=NUMBERS)
def test_a_number_reads_as_its_shortest_exact_text(tmp_path: Path, value: float, number_format: str, text: str) -> None:
    def change(sheet: Any) -> None:
        sheet.cell(2, 4, value).number_format = number_format

    assert limits(saved(tmp_path / "a.xlsx", change))[0].limit.min == text


def _format(text: str) -> Callable[[Any], None]:
    def change(sheet: Any) -> None:
        sheet.cell(2, 4, 0.7).number_format = text

    return change


NOT_UNDERSTOOD: dict[str, Callable[[Any], object]] = {
    "a percent format, whose sign belongs to the unit": _format("0%"),
    "an operator that only the format shows": _format('"<"0.00'),
    "an unknown unit": lambda sheet: sheet.cell(2, 5, "percent points"),
    "a word in place of a number": lambda sheet: sheet.cell(2, 4, "seventy"),
    "an unknown column": lambda sheet: sheet.cell(1, 4, "limit"),
    "a column twice": lambda sheet: sheet.cell(1, 5, "min"),
    "a column without name": lambda sheet: sheet.cell(1, 4, ""),
    "an unknown stage": lambda sheet: sheet.cell(2, 3, "nowhere"),
    "a truth value as limit": lambda sheet: sheet.cell(2, 4, True),  # noqa: FBT003 - the value of a cell
    "no requirement": lambda sheet: sheet.delete_rows(2) or sheet.cell(2, 1, " "),
}


@pytest.mark.parametrize("change", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_is_no_limit_is_refused(tmp_path: Path, change: Callable[[Any], object]) -> None:
    with pytest.raises(SpecificationError):
        limits(saved(tmp_path / "a.xlsx", change))


def test_every_row_that_is_not_understood_is_named(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        for _ in range(2):
            sheet.append(("A b", *ROW[1:]))

    with pytest.raises(SpecificationError) as caught:
        limits(saved(tmp_path / "a.xlsx", change))
    assert [fault.where.rpartition(":")[2] for fault in caught.value.faults] == ["3 id", "4 id"]


REFUSED: dict[str, tuple[Callable[[Any], object], str, str]] = {
    "a formula without value": (lambda sheet: sheet.cell(2, 4, "=70+0"), "RQC-D018", "D2"),
    "a formula without value in the head": (lambda sheet: sheet.cell(1, 4, '="min"'), "RQC-D018", "D1"),
    "an error value": (lambda sheet: sheet.cell(2, 4, "#REF!"), "RQC-D015", "D2"),
    "a merged head": (lambda sheet: sheet.merge_cells("D1:E1"), "RQC-D016", "D1:E1"),
    "merged cells below the head": (lambda sheet: sheet.merge_cells("G2:G3"), "RQC-D016", "G2:G3"),
    "a row longer than the head": (lambda sheet: sheet.cell(2, 9, "a remark"), "RQC-D004", "row 1"),
    "two sheets": (lambda sheet: sheet.parent.create_sheet("second"), "RQC-D007", "second"),
    "an empty sheet": (lambda sheet: sheet.delete_rows(1, 2), "RQC-D001", "empty"),
}


@pytest.mark.parametrize(("change", "code", "part"), REFUSED.values(), ids=REFUSED)
def test_a_sheet_that_could_say_something_else_is_refused(
    tmp_path: Path, change: Callable[[Any], object], code: str, part: str
) -> None:
    with pytest.raises(DataError, match=code) as caught:
        limits(saved(tmp_path / "a.xlsx", change))
    assert part in str(caught.value)


def test_a_formula_is_no_limit_though_it_has_a_value(tmp_path: Path) -> None:
    written = saved(tmp_path / "a.xlsx", lambda sheet: sheet.cell(2, 4, "=70+0"))
    with zipfile.ZipFile(written) as parts, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as computed:
        for name in parts.namelist():
            computed.writestr(name, parts.read(name).replace(b"<f>70+0</f><v></v>", b"<f>70+0</f><v>70</v>"))
    with pytest.raises(DataError, match=r"RQC-D015 .* D2\. Got: =70\+0"):
        limits(tmp_path / "b.xlsx")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(None, "RQC-D008", id="no file"),
        pytest.param(b"id,test\na,a\n", "RQC-D005", id="text under the name of a workbook"),
        pytest.param(b"PK\x03\x04" + b"\0" * 100, "RQC-D005", id="a broken archive"),
    ],
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "a.xlsx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=code):
        limits(path)


@pytest.mark.parametrize("text", ["\x01", "a" * 32_768], ids=["a control character", "a text that is too long"])
def test_a_text_that_no_cell_holds_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="RQC-U114"):
        write_workbook([("id",), (text,)])
