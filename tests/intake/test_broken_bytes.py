"""Whatever the bytes, reading ends in rows or in an error of regenqc."""

from __future__ import annotations

import contextlib
import io
import tempfile
import time
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.errors import RegenqcError

from .mapped import LONG_SECONDS
from .tables import coder_of, columns_of, csv_text, facts

PLAIN_CSV = csv_text(columns_of({"comment": 'a "b", c'}, {"result": "<0.5\nx"}, {"lod": "0.1"})).encode()
PIECES = [
    b'"',
    b",",
    b"\n",
    b"\r",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b'""',
    b"1",
    b"\x1e end of file \x1e",
    b"\xe2\x89",
    b" ",
]


def survives(content: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"a{suffix}"
        path.write_bytes(content)
        # Any other exception than one of regenqc fails the test.
        with contextlib.suppress(RegenqcError):
            coder, coded = coder_of(path)
            assert len(facts(coder, coded)) > 0


def mutated(whole: bytes) -> st.SearchStrategy[bytes]:
    change = st.tuples(st.integers(0, len(whole)), st.integers(0, 5), st.sampled_from(PIECES) | st.binary(max_size=4))

    def apply(changes: list[tuple[int, int, bytes]]) -> bytes:
        content = whole
        for at, removed, added in changes:
            content = content[:at] + added + content[at + removed :]
        return content

    return st.lists(change, min_size=1, max_size=4).map(apply)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".arrow", ".xlsx"])
@settings(max_examples=40)
@given(content=st.binary(max_size=300))
def test_random_bytes_end_in_an_error_of_regenqc(suffix: str, content: bytes) -> None:
    survives(content, suffix)


@settings(max_examples=150)
@given(content=mutated(PLAIN_CSV))
def test_a_changed_text_file_ends_in_rows_or_an_error_of_regenqc(content: bytes) -> None:
    survives(content, ".csv")


@settings(max_examples=60)
@given(content=mutated(b'{"batch_id": "B", "test": "ph", "result": "7", "unit": "pH", "lod": 0.1}\n' * 2))
def test_changed_json_lines_end_in_rows_or_an_error_of_regenqc(content: bytes) -> None:
    survives(content, ".jsonl")


def _parquet() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns_of(*[{"batch_id": f"B{n}"} for n in range(30)])), stream)
    return stream.getvalue()


@settings(max_examples=30)
@given(part=st.floats(0, 0.999))
def test_truncated_parquet_ends_in_an_error_of_regenqc(part: float) -> None:
    whole = _parquet()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "a.parquet"
        path.write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises(RegenqcError, match="RQC-D005"):
            coder_of(path)


@pytest.mark.parametrize("at", [b"batch_id", b"viability"], ids=["a name", "a text"])
def test_arrow_text_that_is_no_text_is_an_error_of_regenqc(at: bytes, tmp_path: Path) -> None:
    table = pa.table({name: pa.array(texts) for name, texts in columns_of({}).items()})
    table = table.set_column(1, "test", table["test"].dictionary_encode())
    with pa.ipc.new_file(tmp_path / "a.arrow", table.schema) as writer:
        writer.write_table(table)
    content = (tmp_path / "a.arrow").read_bytes()
    assert at in content
    (tmp_path / "a.arrow").write_bytes(content.replace(at, b"\xff" + at[1:]))
    with pytest.raises(RegenqcError, match="RQC-D005"):
        coder_of(tmp_path / "a.arrow")


def _arrow() -> bytes:
    stream = io.BytesIO()
    table = pa.table(columns_of(*[{"batch_id": f"B{n}"} for n in range(30)]))
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def _workbook() -> bytes:
    workbook, stream = openpyxl.Workbook(), io.BytesIO()
    for row in (["batch_id", "test", "result", "unit"], ["B1", "ph", 7.2, "pH"], ["B2", "ph", "<7", "pH"]):
        workbook.active.append(row)
    workbook.save(stream)
    return stream.getvalue()


@pytest.mark.long
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".arrow", ".xlsx"])
def test_nothing_is_found_in_minutes_of_changed_files(suffix: str) -> None:
    json_lines = b'{"batch_id": "B", "test": "ph", "result": "7", "unit": "pH", "lod": 0.1}\n' * 2
    wholes = {".csv": PLAIN_CSV, ".jsonl": json_lines, ".parquet": _parquet(), ".arrow": _arrow(), ".xlsx": _workbook()}
    until = time.monotonic() + LONG_SECONDS / 5

    @settings(max_examples=200, database=None)
    @given(content=mutated(wholes[suffix]))
    def run(content: bytes) -> None:
        survives(content, suffix)

    while time.monotonic() < until:
        run()
