"""The same content gives the same coded rows, whatever it comes in."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regenqc.intake.readers.text import as_text_codes, text_chunks
from regenqc.intake.table import read_results
from regenqc.vocabulary import Stage

from .tables import coder_of, columns_of, csv_text, facts, write

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = columns_of(
    {"result": "92.4", "tested_at": "2026-01-31T10:00:00Z", "revision": "1", "result_id": "r1", "lod": ""},
    {"result": "<0.5", "test": "endotoxin", "unit": "EU/mL", "tested_at": "2026-01-31", "status": "verified"},
    {"result": "ND", "test": "endotoxin", "unit": "EU/mL", "lod": "0.1", "comment": 'said "fine", then\nleft'},
    {"result": "No growth", "test": "sterility", "unit": "", "batch_id": "B2", "status": "preliminary"},
    {"result": "93 %", "unit": "", "revision": "2", "result_id": "r1"},
    {"result": "-0.2", "unit": "%"},
    {"result": "5 – 10", "unit": "µg/mL", "batch_id": " B2 "},
    {"result": "7.2", "batch_id": "", "test": "ph", "unit": "pH"},
    {"result": "nan", "status": "unheard of"},
)
WITHOUT_STAGE = {name: values for name, values in CONTENT.items() if name != "stage"}


def frame(dtype: str) -> pd.DataFrame:
    table = pd.DataFrame(CONTENT, dtype=object)
    if dtype == "arrow":
        return table.astype(pd.ArrowDtype(pa.string()))
    return table.astype(dtype)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[tuple]:
    return facts(*coder_of(write(tmp_path_factory.mktemp("plain") / "a.csv", CONTENT)))


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".arrow", ".arrows", ".jsonl", ".xlsx"])
@pytest.mark.parametrize("rows", [1, 2, 1000])
def test_every_file_format_gives_the_same_rows(expected: list[tuple], tmp_path: Path, suffix: str, rows: int) -> None:
    assert facts(*coder_of(write(tmp_path / f"a{suffix}", CONTENT), rows=rows)) == expected


@pytest.mark.parametrize("dtype", ["str", "object", "category", "string[python]", "string[pyarrow]", "arrow"])
@pytest.mark.parametrize("rows", [2, 1000])
def test_every_text_type_of_pandas_gives_the_same_rows(expected: list[tuple], dtype: str, rows: int) -> None:
    assert facts(*coder_of(frame(dtype), rows=rows)) == expected


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.uint16(), pa.large_string()),
        pa.dictionary(pa.int64(), pa.string()),
    ],
    ids=str,
)
@pytest.mark.parametrize("rows", [2, 1000])
def test_every_text_type_of_arrow_gives_the_same_rows(expected: list[tuple], kind: pa.DataType, rows: int) -> None:
    table = pa.table({name: pa.array(values, pa.string()).cast(kind) for name, values in CONTENT.items()})
    assert facts(*coder_of(table, rows=rows)) == expected


def test_chunks_with_dictionaries_of_their_own_give_the_same_rows(expected: list[tuple]) -> None:
    table = pa.table({name: pa.array(values, pa.string()) for name, values in CONTENT.items()})
    parts = [
        pa.table(
            {name: table[name].slice(start, 2).combine_chunks().dictionary_encode() for name in table.column_names}
        )
        for start in range(0, table.num_rows, 2)
    ]
    assert facts(*coder_of(pa.concat_tables(parts))) == expected


def test_a_record_batch_gives_the_same_rows(expected: list[tuple]) -> None:
    table = pa.table({name: pa.array(values, pa.string()) for name, values in CONTENT.items()})
    assert facts(*coder_of(table.to_batches()[0])) == expected


def test_null_gives_the_same_row_as_empty_text(expected: list[tuple]) -> None:
    nulled = {name: pa.array([value or None for value in values], pa.string()) for name, values in CONTENT.items()}
    assert facts(*coder_of(pa.table(nulled))) == expected
    assert facts(*coder_of(pa.table({name: v.dictionary_encode() for name, v in nulled.items()}))) == expected


@pytest.mark.parametrize("missing", [None, math.nan, pd.NA, pd.NaT, np.float64("nan")], ids=str)
@pytest.mark.parametrize("dtype", ["object", "str", "category"])
def test_a_missing_value_of_pandas_gives_the_same_row_as_empty_text(
    expected: list[tuple], missing: object, dtype: str
) -> None:
    table = pd.DataFrame(
        {name: pd.Series([value or missing for value in v], dtype=object) for name, v in CONTENT.items()}
    )
    assert facts(*coder_of(table.astype(dtype))) == expected


@pytest.mark.parametrize("index", [[5] * 9, list("ihgfedcba"), pd.MultiIndex.from_product([[0, 1, 2], [0, 1, 2]])])
def test_the_index_of_a_frame_does_not_matter(expected: list[tuple], index: object) -> None:
    assert facts(*coder_of(frame("str").set_axis(index, axis="index"))) == expected


def test_categories_that_no_row_uses_make_no_batch() -> None:
    table = frame("category")
    coder, _ = coder_of(table[table["batch_id"] == "B1"])
    assert list(coder.batch_ids) == ["B1"]


def test_dictionary_entries_that_no_row_uses_make_no_batch(tmp_path: Path) -> None:
    content = {name: pa.array(values).dictionary_encode() for name, values in CONTENT.items()}
    coder, _ = coder_of(pa.table(content).slice(0, 1))
    assert list(coder.batch_ids) == ["B1"]
    pq.write_table(pa.table(content).slice(0, 1), tmp_path / "a.parquet")
    assert list(coder_of(tmp_path / "a.parquet")[0].batch_ids) == ["B1"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").replace("then\r\n", "then\n").encode(),
        lambda text: b"\n\r\n" + text.encode(),
        lambda text: text.removesuffix("\n").encode(),
        lambda text: text.encode() + b"\n\n",
        lambda text: text.replace("B2,", "\n\nB2,").encode(),
        lambda text: text.replace("batch_id", '"batch_id"', 1).encode(),
    ],
    ids=[
        "a byte order mark",
        "line ends of two characters",
        "blank lines before the header",
        "no line end after the last record",
        "blank lines at the end",
        "blank lines between records, which are no rows",
        "a quoted header",
    ],
)
def test_the_form_of_a_text_file_does_not_matter(expected: list[tuple], tmp_path: Path, change) -> None:
    (tmp_path / "a.csv").write_bytes(change(csv_text(CONTENT)))
    assert facts(*coder_of(tmp_path / "a.csv")) == expected


def test_standard_input_gives_the_same_rows_and_leaves_no_file(
    expected: list[tuple], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "a.csv", CONTENT)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    with (tmp_path / "a.csv").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert facts(*coder_of("-")) == expected
        assert list(scratch.iterdir()) == []
        stream.seek(0)
        table = read_results("-")
    assert table.sources[0].name == "<standard input>"
    assert len(list(scratch.iterdir())) == 1
    del table
    assert list(scratch.iterdir()) == []


def test_a_header_may_span_lines(tmp_path: Path) -> None:
    text = 'batch_id,test,result,unit,"a long\nname"\nB1,ph,7.2,pH,x\nB1,ph\n'
    (tmp_path / "a.csv").write_text(text.replace("B1,ph\n", ""))
    source = read_results(tmp_path / "a.csv").sources[0]
    assert source.columns[-1] == "a long\nname"
    assert [row["result"] for batch in source.read(10, None) for row in batch.to_pylist()] == ["7.2"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_column_without_name_is_carried_under_its_position(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"a{suffix}", {"batch_id": ["B"], "": ["x"]} | columns_of({}))
    assert read_results(path).sources[0].columns[:2] == ("batch_id", "unnamed_2")


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([92.4, 7.0, 1e-7, 0.00001, 1e20, None]), ["92.4", "7", "1e-7", "0.00001", "1e+20", ""]),
        (pa.array([math.nan, math.inf, -0.0]), ["nan", "inf", "-0"]),
        (pa.array([0.1, 2.5], pa.float32()), ["0.1", "2.5"]),
        (pa.array([5, -3, None], pa.int16()), ["5", "-3", ""]),
        (pa.array([Decimal("0.10"), Decimal("12.00")]), ["0.10", "12.00"]),
        (pa.array([True, False, None]), ["true", "false", ""]),
        (pa.array([None, None], pa.null()), ["", ""]),
        (pa.array([5, 7, 5]).dictionary_encode(), ["5", "7", "5"]),
        (pa.array([0.5, None]).dictionary_encode(), ["0.5", ""]),
        (pa.array([dt.date(2026, 1, 31)]), ["2026-01-31"]),
        (pa.array([1], pa.timestamp("s")), ["1970-01-01T00:00:01"]),
        (pa.array([1500], pa.timestamp("ms", "Asia/Tokyo")), ["1970-01-01T00:00:01.5Z"]),
        (pa.array([1000001], pa.timestamp("us", "UTC")), ["1970-01-01T00:00:01.000001Z"]),
        (pa.array([10**9 + 1, 10**10], pa.timestamp("ns")), ["1970-01-01T00:00:01.000000001", "1970-01-01T00:00:10"]),
        (pa.array([None, 0], pa.timestamp("ns", "+09:00")), ["", "1970-01-01T00:00:00Z"]),
        (pa.array([["5"], None]), ["['5']", ""]),
        (pa.array([{"a": 1}]), ["{'a': 1}"]),
        (pa.array([b"\xff"]), ["b'\\xff'"]),
        (pa.array([b"\xff"]).dictionary_encode(), ["b'\\xff'"]),
        (pa.array([dt.timedelta(seconds=5)]), ["datetime.timedelta(seconds=5)"]),
        (pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), pa.array(["a", "b", "a"])), ["a", "b", "a"]),
        (pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", None])), ["a", ""]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_values_become_their_text(values: pa.Array, texts: list[str]) -> None:
    coded = as_text_codes(pa.table({"column": values}))["column"]
    assert coded.type == pa.dictionary(pa.int32(), pa.string())
    assert coded.to_pylist() == texts
    assert len(set(coded.dictionary.to_pylist())) == len(coded.dictionary)
    assert [text for part in text_chunks(pa.table({"c": values}), rows=1) for text in part["c"].to_pylist()] == texts


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pd.Series([92.4, 7.0, None]), ["92.4", "7", ""]),
        (pd.Series([5, None], dtype="Int64"), ["5", ""]),
        (pd.Series([0.5, None], dtype="Float64"), ["0.5", ""]),
        (pd.Series([92.4, 7.0, 5, np.int64(3), np.float64(1e-5), None], dtype=object), ["92.4", "7", "5", "3", "0.00001", ""]),
        (pd.Series([Decimal("0.10"), True, np.False_], dtype=object), ["0.10", "true", "false"]),
        (pd.Series([5.0, 7.5]).astype("category"), ["5", "7.5"]),
        (pd.Series([1.5, None], dtype=pd.ArrowDtype(pa.float64())), ["1.5", ""]),
        (pd.Series([True, False]), ["true", "false"]),
        (pd.Series(pd.to_datetime(["2026-01-31 10:00", None])), ["2026-01-31T10:00:00", ""]),
        (pd.Series(pd.to_datetime(["2026-01-31 10:00"]).tz_localize("Asia/Tokyo")), ["2026-01-31T01:00:00Z"]),
        (pd.Series([dt.date(2026, 1, 31), pd.Timestamp("2026-01-31T10:00Z")], dtype=object), ["2026-01-31", "2026-01-31T10:00:00+00:00"]),
    ],
    ids=lambda value: str(value.dtype) if isinstance(value, pd.Series) else "",
)  # fmt: skip
def test_values_of_a_frame_become_their_text(values: pd.Series, texts: list[str]) -> None:
    table = pd.DataFrame({"batch_id": "B", "test": "ph", "unit": "pH", "result": values})
    batch = next(iter(read_results(table).sources[0].read(100, None)))
    assert batch["result"].to_pylist() == texts


def test_labels_of_a_frame_become_text() -> None:
    table = frame("str").assign(**{"7": "x"}).rename(columns={"7": 7})
    assert read_results(table).columns[-1] == "7"


def test_number_cells_of_a_sheet_read_like_numbers_of_parquet(tmp_path: Path) -> None:
    values = [92.4, 7.0, 1e-7, 0.00001, 1e20, 5]
    write(tmp_path / "a.xlsx", {"batch_id": ["B"] * 6, "test": ["ph"] * 6, "unit": [""] * 6, "result": values})
    batch = next(iter(read_results(tmp_path / "a.xlsx").sources[0].read(100, None)))
    assert (
        batch["result"].to_pylist()
        == as_text_codes(pa.table({"a": [float(value) for value in values]}))["a"].to_pylist()
    )


def test_numbers_of_json_keep_their_digits(tmp_path: Path) -> None:
    line = '{"batch_id": "B", "test": "ph", "unit": null, "result": %s}\n'
    texts = ["7.00", "1E400", "NaN", "true", "12345678901234567890123"]
    (tmp_path / "a.jsonl").write_text("".join(line % text for text in texts))
    batch = next(iter(read_results(tmp_path / "a.jsonl").sources[0].read(100, None)))
    assert batch["result"].to_pylist() == texts
    assert batch["unit"].to_pylist() == [""] * 5


def test_the_stage_being_judged_stands_for_a_missing_column(tmp_path: Path) -> None:
    with_column = {**WITHOUT_STAGE, "stage": ["shipping"] * 9}
    without = facts(*coder_of(write(tmp_path / "a.csv", WITHOUT_STAGE), default_stage=Stage.SHIPPING))
    assert [row[:-1] for row in without] == [
        row[:-1] for row in facts(*coder_of(write(tmp_path / "b.csv", with_column)))
    ]


def test_a_pattern_reads_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        write(tmp_path / f"{name}.csv", CONTENT)
    names = [source.name for source in read_results(str(tmp_path / "*.csv")).sources]
    assert names == [str(tmp_path / f"{name}.csv") for name in "abc"]


def test_a_source_knows_the_digest_of_its_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", CONTENT)
    source = read_results(path).sources[0]
    assert source.byte_count == path.stat().st_size
    assert source.digest == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
