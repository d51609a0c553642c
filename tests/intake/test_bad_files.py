"""A broken file is refused as a whole, and the message says what, where, got, expected and what to do."""

from __future__ import annotations

import base64
import os
import pickle
import zlib
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regenqc.errors import DataError, SpecificationError, UsageError
from regenqc.intake import files
from regenqc.intake.readers import csv as csv_reader
from regenqc.intake.table import read_results

from .tables import PLAIN, code, coder_of, columns_of, csv_text, refusals, write

if TYPE_CHECKING:
    from pathlib import Path

HEADER = b"batch_id,test,result,unit\n"
PLAIN_CSV = csv_text(columns_of({}, {})).encode()


def read_all(*inputs: Any) -> int:
    """Read every row of every source."""
    return sum(batch.num_rows for source in read_results(*inputs).sources for batch in source.read(1000, None))


def refusal_of(*inputs: Any) -> DataError:
    """Return the error with which the input is refused; it says everything that a reader needs."""
    with pytest.raises(DataError) as caught:
        read_all(*inputs)
    for fault in caught.value.faults:
        assert fault.where
        assert fault.expected
        assert fault.action.endswith(".")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own bytes
    return caught.value


BAD_CSV = {
    "an empty file": (b"", "RQC-D001", "empty"),
    "a file of blank lines": (b"\xef\xbb\xbf\r\n\n  \n", "RQC-D001", "empty"),
    "a header without rows": (HEADER, "RQC-D001", "no rows"),
    "a header without line end": (HEADER.strip(), "RQC-D001", "no rows"),
    "UTF-16 with a byte order mark": (PLAIN_CSV.decode().encode("utf-16"), "RQC-D002", "UTF-16"),
    "UTF-16 without a byte order mark": (PLAIN_CSV.decode().encode("utf-16-le"), "RQC-D002", "UTF-16"),
    "Latin-1 in a row": (PLAIN_CSV + b"B1,ph,7\xb5,pH,shipping\n", "RQC-D002", "line 4"),
    "Latin-1 in a broken row": (PLAIN_CSV + b"B1,ph,7\xb5\n", "RQC-D002", "line 4"),
    "half of a character at the end": (PLAIN_CSV + b"B1,ph,7,pH,\xe2\x89", "RQC-D002", "line 4"),
    "Latin-1 in the header": (b"batch_id,test,result,unit,gr\xf6\xdfe\n", "RQC-D002", "header"),
    "a NUL in a late row": (PLAIN_CSV * 1 + b"B,ph,7.2,pH,x\n" * 500 + b"B,p\0h,7,pH,x\n", "RQC-D002", "line 504"),
    "a damaged workbook under a text name": (b"PK\x03\x04" + b"\0" * 100, "RQC-D005", "XLSX"),
    "damaged Parquet under a text name": (b"PAR1" + b"\0" * 100, "RQC-D005", "Parquet"),
    "a compressed file": (b"\x1f\x8b\x08\0\0", "RQC-D002", "Unpack"),
    "semicolons between fields": (PLAIN_CSV.replace(b",", b";"), "RQC-D013", "semicolons"),
    "tabs between fields": (PLAIN_CSV.replace(b",", b"\t"), "RQC-D013", "tabs"),
    "a hint for spreadsheet programs": (b"sep=,\n" + PLAIN_CSV, "RQC-D013", "line 1"),
    "a hint with commas behind it": (b"sep=,,,,,\n" + PLAIN_CSV, "RQC-D013", "line 1"),
    "a hint with a semicolon": (b"sep=;\n" + PLAIN_CSV, "RQC-D013", "Remove the line"),
    "a missing column": (b"batch_id,test,results,unit\nB,ph,7,pH\n", "RQC-D010", "'results'"),
    "a column in other case": (b"batch_id,test,Result ,unit\nB,ph,7,pH\n", "RQC-D010", "'Result '"),
    "a column twice": (b"batch_id,test,result,unit,unit\nB,ph,7,pH,pH\n", "RQC-D011", "unit"),
    "two columns of one unnamed position": (b"batch_id,test,result,unit,,unnamed_5\nB,ph,7,pH,,\n", "RQC-D011", "unnamed_5"),
    "a header that is not closed": (b'batch_id,test,"result,unit\nB,ph,7,pH\n', "RQC-D003", "header"),
    "a quotation that is not closed in the last field": (
        HEADER + b'B1,ph,7,pH\nB2,ph,7,"pH\nB3,ph,9,pH\n',
        "RQC-D003",
        "row 2",
    ),
    "a quotation that is not closed in the first field": (HEADER + b'B1,ph,7,pH\n"B2,ph,7,pH\n', "RQC-D003", "row 2"),
    "a quotation opened by the last character": (HEADER + b'B1,ph,7,pH\nB2,ph,7,"', "RQC-D003", "row 2"),
    "a short first row": (HEADER + b"B1,ph,7\nB2,ph,7,pH\n", "RQC-D004", "row 1"),
    "a short last row": (HEADER + b"B1,ph,7,pH\nB2,ph,7\n", "RQC-D004", "row 2"),
    "a decimal comma in the middle": (HEADER + b"B1,ph,7,pH\n\nB2,ph,7,2,pH\nB3,ph,7,pH\n", "RQC-D004", "row 2"),
    "broken rows next to each other and apart": (
        HEADER + b"B,ph,7\n" * 3 + b"B,ph,7,pH\n" * 6 + b"B\nB,ph,7,pH\nB,ph,7,pH,x\n",
        "RQC-D004",
        "rows 1-3, 10, 12",
    ),
    "more broken rows than are listed": (HEADER + b"B,ph,7,pH\nB,ph\n" * 60, "RQC-D004", "100 and further ones up to row 120"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "code", "part"), BAD_CSV.values(), ids=BAD_CSV)
def test_a_broken_text_file_is_refused(tmp_path: Path, content: bytes, code: str, part: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    error = refusal_of(tmp_path / "a.csv")
    assert error.code == code
    assert part in str(error)
    assert str(tmp_path / "a.csv") in error.faults[0].where


def test_the_rows_of_a_file_count_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "_BLOCK_BYTES", 100)
    (tmp_path / "a.csv").write_bytes(HEADER + b"B,ph,7,pH\n" * 100 + b"B,ph\n" + b"B,ph,7,pH\n" * 100 + b"B\n")
    assert "rows 101, 202" in str(refusal_of(tmp_path / "a.csv"))


def test_every_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"lot,value\nB,7\n")
    expected = [fault.expected.split()[0] for fault in refusal_of(tmp_path / "a.csv").faults]
    assert expected == ["batch_id", "test", "result", "unit"]


def test_an_empty_file_among_others_is_named(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", columns_of({}))
    (tmp_path / "b.csv").write_bytes(HEADER)
    error = refusal_of(str(tmp_path / "*.csv"))
    assert (error.code, error.faults[0].where) == ("RQC-D001", str(tmp_path / "b.csv"))


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".arrows", ".xlsx"])
def test_a_table_file_without_rows_is_refused(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a{suffix}", {name: [] for name in PLAIN})
    assert refusal_of(path).code == "RQC-D001"


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".xlsx"])
@pytest.mark.parametrize("part", [0, 1, 4, 0.2, 0.5, 0.9, -1, -8])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, part: float) -> None:
    path = write(tmp_path / f"a{suffix}", columns_of(*[{"batch_id": f"B{n}"} for n in range(500)]))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part) if isinstance(part, float) else part])
    error = refusal_of(path)
    assert error.code == "RQC-D005"
    assert "complete" in error.faults[0].expected


@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".xlsx", ".arrows"])
def test_text_under_the_name_of_another_format_is_refused(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(PLAIN_CSV)
    assert refusal_of(tmp_path / f"a{suffix}").code == "RQC-D005"


def test_parquet_with_bytes_that_are_not_text_is_refused(tmp_path: Path) -> None:
    columns = {name: pa.array([value]) for name, value in PLAIN.items()}
    columns["result"] = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xff"))
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert "UTF8" in str(refusal_of(tmp_path / "a.parquet"))
    assert refusal_of(pa.table(columns)).code == "RQC-D005"


@pytest.mark.parametrize(
    "values",
    [pa.array([["5"]]), pa.array([b"5"]), pa.array([{"a": "5"}]), pa.array([b"5"]).dictionary_encode()],
    ids=["a list", "bytes", "a struct", "categories of bytes"],
)
def test_a_result_of_another_type_is_refused(tmp_path: Path, values: pa.Array) -> None:
    table = pa.table({name: pa.array([value]) for name, value in PLAIN.items()})
    table = table.set_column(2, "result", values)
    pq.write_table(table, tmp_path / "a.parquet")
    for item in (table, tmp_path / "a.parquet"):
        error = refusal_of(item)
        assert error.code == "RQC-D012"
        assert "column result" in error.faults[0].where


def test_a_column_that_decides_nothing_may_hold_anything(tmp_path: Path) -> None:
    table = pa.table(
        {name: pa.array([value]) for name, value in PLAIN.items()} | {"attachments": pa.array([["a.pdf"]])}
    )
    pq.write_table(table, tmp_path / "a.parquet")
    assert read_all(table, tmp_path / "a.parquet") == 2


def test_a_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    for item in (tmp_path, str(tmp_path / "*.csv"), ""):
        error = refusal_of(item)
        assert error.code == "RQC-D008"
        assert "directory" in str(error)


@pytest.mark.parametrize("name", ["nowhere.csv", "*.csv", "a\0b.csv", "x" * 5000 + ".csv"], ids=lambda n: n[:11])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal_of(str(tmp_path / name)).code == "RQC-D008"


@pytest.mark.parametrize("name", ["a.doc", "results", "a.csv.gz"])
def test_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(PLAIN_CSV)
    error = refusal_of(tmp_path / name)
    assert error.code == "RQC-D009"
    assert ".parquet" in error.faults[0].expected


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="this user may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", columns_of({}))
    path.chmod(0)
    assert "permissions" in str(refusal_of(path))


def test_a_file_that_the_system_refuses_to_open_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.csv", columns_of({}))

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    error = refusal_of(path)
    assert error.code == "RQC-D008"
    assert "Permission denied" in str(error)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", columns_of({}))
    table = read_results(path)
    write(path, columns_of({}, {}))
    assert refusal_of(table).code == "RQC-D014"


def test_the_digest_of_a_large_file_is_taken_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.csv", columns_of({}))
    (small,) = read_results(path).sources
    monkeypatch.setattr("regenqc.intake.files._LARGE_FILE_BYTES", 1)
    (large,) = read_results(path).sources
    assert large.digest == small.digest == f"sha256:{sha256(path.read_bytes()).hexdigest()}"


@pytest.mark.parametrize(("change", "code"), [("vanishes", "RQC-D008"), ("grows", "RQC-D014")])
def test_a_large_file_that_changes_has_no_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str, code: str
) -> None:
    path = write(tmp_path / "a.csv", columns_of({}))
    took = files._digest

    def take_late(path: Path) -> str:
        if change == "vanishes":
            path.unlink()
            return took(path)
        digest = took(path)
        write(path, columns_of({}, {}))
        return digest

    monkeypatch.setattr(files, "_LARGE_FILE_BYTES", 1)
    monkeypatch.setattr(files, "_digest", take_late)
    (source,) = read_results(path).sources
    with pytest.raises(DataError) as refused:
        source.digest  # noqa: B018 - asking is what is tested
    assert refused.value.code == code


def test_a_file_that_vanishes_before_it_is_read_is_refused(tmp_path: Path) -> None:
    for suffix in (".csv", ".parquet", ".jsonl", ".xlsx", ".arrow"):
        path = write(tmp_path / f"a{suffix}", columns_of({}))
        table = read_results(path)
        path.unlink()
        assert refusal_of(table).code in {"RQC-D008", "RQC-D005"}


# ---- OVERSIZED CELLS ----


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".jsonl"])
@pytest.mark.parametrize("name", ["result", "batch_id", "test", "unit", "comment"])
def test_a_cell_of_ten_million_characters_refuses_its_row_only(tmp_path: Path, suffix: str, name: str) -> None:
    content = columns_of({"comment": ""}, {}, {name: "9" * 10_000_000}, {"batch_id": "B3"})
    _, coded = coder_of(write(tmp_path / f"a{suffix}", content))
    assert [word for chunk in coded for word in refusals(chunk)] == ["none", "none", "oversized_cell", "none"]


def test_a_long_cell_after_many_blocks_loses_and_repeats_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_reader, "_BLOCK_BYTES", 1000)
    rows = [{"result_id": f"r{number}"} for number in range(300)]
    rows[200]["result"] = "9" * 100_000
    path = write(tmp_path / "a.csv", columns_of(*rows))
    read = [row["result_id"] for batch in read_results(path).sources[0].read(10, None) for row in batch.to_pylist()]
    assert read == [f"r{number}" for number in range(300)]


def test_the_longest_cell_that_is_judged_has_65536_characters() -> None:
    assert refusals(code({"comment": "µ" * 65_536}, {"comment": "µ" * 65_537})) == ["none", "oversized_cell"]


# ---- JSON LINES ----

GOOD_LINE = '{"batch_id": "B", "test": "ph", "result": "7", "unit": "pH"}\n'
BAD_LINES = {
    "a broken line": '{"batch_id": "B"',
    "a list instead of an object": '["B"]',
    "a nested value": '{"result": ["7"]}',
    "a nested object": '{"result": {"value": 7}}',
    "a key that stands twice": '{"result": "7", "result": "8"}',
    "two objects in one line": '{"result": "7"} {"result": "8"}',
    "half of a character": '{"result": "\\ud800"}',
    "half of a character in a key": '{"\\ud800": "7"}',
    "very deep nesting": '{"result": ' + "[" * 100_000,
}


@pytest.mark.parametrize("line", BAD_LINES.values(), ids=BAD_LINES)
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jsonl").write_text(GOOD_LINE + "\n" + line + "\n" + GOOD_LINE)
    error = refusal_of(tmp_path / "a.jsonl")
    assert error.code == "RQC-D006"
    assert error.faults[0].where == f"{tmp_path / 'a.jsonl'} line 3"


def test_lines_that_are_not_utf8_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(GOOD_LINE.encode() * 2 + b'{"result": "\xb5"}\n')
    assert "line 3" in str(refusal_of(tmp_path / "a.jsonl"))


def test_json_lines_without_a_line_are_empty(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n")
    assert refusal_of(tmp_path / "a.jsonl").code == "RQC-D001"


# ---- SPREADSHEETS ----


def sheet(path: Path, change: Any = None) -> Path:
    workbook = openpyxl.Workbook()
    workbook.active.append(list(PLAIN))
    workbook.active.append(list(PLAIN.values()))
    if change is not None:
        change(workbook)
    workbook.save(path)
    return path


def _empty(workbook: openpyxl.Workbook) -> None:
    workbook.active.delete_rows(1, 10)


def _hidden(workbook: openpyxl.Workbook) -> None:
    workbook.create_sheet("old").sheet_state = "hidden"


def _wide(workbook: openpyxl.Workbook) -> None:
    workbook.active.append([*PLAIN.values(), "", "a remark"])


BAD_SHEETS = {
    "two sheets": (lambda workbook: workbook.create_sheet("second"), "RQC-D007", "second (visible)"),
    "a hidden sheet": (_hidden, "RQC-D007", "old (hidden)"),
    "an empty sheet": (_empty, "RQC-D001", "empty"),
    "a row with more cells than the header": (_wide, "RQC-D004", "row 2"),
    "a column twice": (lambda workbook: workbook.active.cell(1, 5, "unit"), "RQC-D011", "unit"),
    "a missing column": (lambda workbook: workbook.active.cell(1, 3, "value"), "RQC-D010", "result"),
}


@pytest.mark.parametrize(("change", "code", "part"), BAD_SHEETS.values(), ids=BAD_SHEETS)
def test_a_broken_sheet_is_refused(tmp_path: Path, change: Any, code: str, part: str) -> None:
    error = refusal_of(sheet(tmp_path / "a.xlsx", change))
    assert error.code == code
    assert part in str(error)


def results_of(path: Path) -> list[str]:
    return [row["result"] for batch in read_results(path).sources[0].read(100, None) for row in batch.to_pylist()]


FORMATTED = {
    "a percent format is the percent sign that readers see": ("0.0%", 0.05, "5%"),
    "a percent format keeps every digit": ("0%", 0.0725, "7.25%"),
    "a percent format over whole numbers": ("0%", 5, "500%"),
    "an operator in the format makes the value unreadable": ('"<"0.00', 0.05, '0.05 (shown as "<"0.00)'),
    "a condition in the format is no operator": ("[>100]0;0.0", 5.5, "5.5"),
    "decimals of the format are not applied": ("0.0", 5.25, "5.25"),
}


@pytest.mark.parametrize(("number_format", "value", "text"), FORMATTED.values(), ids=FORMATTED)
def test_a_cell_reads_as_its_value(tmp_path: Path, number_format: str, value: float, text: str) -> None:
    def change(workbook: openpyxl.Workbook) -> None:
        workbook.active.cell(2, 3, value).number_format = number_format

    assert results_of(sheet(tmp_path / "a.xlsx", change)) == [text]


def test_blank_rows_below_the_content_are_no_rows(tmp_path: Path) -> None:
    def change(workbook: openpyxl.Workbook) -> None:
        workbook.active.cell(4, 3, "after a blank row")
        workbook.active.cell(90, 1, "").number_format = "0.0"

    assert results_of(sheet(tmp_path / "a.xlsx", change)) == ["92.4", "", "after a blank row"]


def test_rows_beyond_the_recorded_size_of_the_sheet_are_read(tmp_path: Path) -> None:
    import zipfile

    path = sheet(tmp_path / "a.xlsx")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    assert b'<dimension ref="A1:E2"' in parts[name]
    parts[name] = parts[name].replace(b'<dimension ref="A1:E2"', b'<dimension ref="A1:A1"')
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in parts.items():
            archive.writestr(part, content)
    assert results_of(path) == ["92.4"]


# ---- OTHER INPUTS ----


@pytest.mark.parametrize("item", [5, None, {"batch_id": ["B"]}, [1], b"a.csv"], ids=repr)
def test_an_input_of_another_type_is_a_usage_error(item: object) -> None:
    with pytest.raises(UsageError, match="RQC-U004"):
        read_results(item)


def test_no_input_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="RQC-U002"):
        read_results()


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SpecificationError, match="RQC-S207") as caught:
        read_results("a.csv", profile="other")
    assert caught.value.exit_code == 4
    assert "generic-long-comma" in str(caught.value)


def test_standard_input_that_is_broken_is_named_as_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for content in (b"", HEADER, HEADER + b"B\n", b"lot\nB\n"):
        (tmp_path / "in").write_bytes(content)
        with (tmp_path / "in").open() as stream:
            monkeypatch.setattr("sys.stdin", stream)
            error = refusal_of("-")
        assert all(fault.where.startswith("<standard input>") for fault in error.faults)


# Forty rows whose description of a column states a histogram of another size than its pages have.
_CONTRADICTING_STATISTICS = (
    "eNp1lEFvEkEUx2cWsiF2m1DjTGabjSFRJj1QCjQtxmDiLJRiuuiKBanxQlsEEi0rlEJ69uChhx48ePDg0Rg/hocePPkh/AwenTcstMjyQt4sb//z"
    "m/d/sOuKSpqECSOWIxd0GyEjoSGEnLTKGYLIKrmbIC6JEp3o1jZa05wM05z0yooULKdA5mK89B1CIihZnZCW1uCm18YyjwJAeMQ0r72AI8UTznIq"
    "JG9mkxnQ5LJBLeWyLCQFC1h3CJuwbt1XPZVkQkEgr8RQMMV8vYWY3j9qN981SAQRI37OQk73NI4cC2BGXGPh/WZ/pqBXmv3B21lN9aQzKVDXtEyH"
    "I4sY5hbSo6YiEo269ALTT5g/5pHZkZsJMEI0aD4qlxz9ik3d5MiVuJsg1YoifcT0EvPfmH/BM1OfR40CSb4HxbrE9DPmfzT+Q/tv7vO0qwWNnUn/"
    "CvYBS5f8b4j/DN2c/TzJnYLotzB1eYRehZFpMUNUKs9ePhz/JuyXtqFCQDwX49gTYijsligK0RL5lqrZthBluMgL8UQVrld/a/4AruqQCqq4A6nj"
    "SvwQJFXF3505yt9frA0a9XHtDeizBZkeAKKoIHZryhsHHGW/eFV/mj4syX17+2DiwHdi25WpyO/vup/abu38WH0tlEEvi1XwKY8ogW/V3HTTovNh"
    "FHb5cFNJd3w/jxCLeY3e+0HzdP3I89YbvV53GDtr9vqd7kkss51MJS9M+A9PP+iefEpd+Tr5B0CMzEc="
)


def test_a_parquet_file_with_a_damaged_description_is_refused_and_ends_no_process(tmp_path):
    path = tmp_path / "results.parquet"
    path.write_bytes(zlib.decompress(base64.b64decode(_CONTRADICTING_STATISTICS)))
    with pytest.raises(DataError, match=r"RQC-D005 .* At \S*results\.parquet row group 0\."):
        read_results(str(path))
