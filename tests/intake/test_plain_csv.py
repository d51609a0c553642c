"""Plain separated text read by machine code is what the other reader reads, and what is not plain is left to it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.errors import DataError
from regenqc.intake.readers import csv as reader
from regenqc.intake.readers import csv_lines, csv_plain
from regenqc.intake.readers.csv import CsvForm, csv_header, read_csv
from regenqc.intake.readers.csv_cells import CellCoder, room_bytes
from regenqc.intake.readers.csv_lines import LinesOfFile

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("a", "b", "c")
PLAIN = {
    "nothing is quoted": (b"1,2,3\n4,5,6\n", [("1", "2", "3"), ("4", "5", "6")]),
    "fields are quoted": (b'"1","2,2",3\n"","x",""\n', [("1", "2,2", "3"), ("", "x", "")]),
    "a doubled quote is one": (
        b'"""1""","a ""b"" c",3\n"""1""",2,""""\n',
        [('"1"', 'a "b" c', "3"), ('"1"', "2", '"')],
    ),
    "lines end as in Windows": (b'1,2,3\r\n4,5,"6"\r\n', [("1", "2", "3"), ("4", "5", "6")]),
    "empty lines are no records": (b"\n1,2,3\n\n\r\n4,5,6\n\n", [("1", "2", "3"), ("4", "5", "6")]),
    "fields are empty": (b",,\n,2,\n", [("", "", ""), ("", "2", "")]),
    "the last line has no end": (b"1,2,3\n4,5,6", [("1", "2", "3"), ("4", "5", "6")]),
    "words are longer than eight bytes": (
        b"abcdefgh,abcdefghi,abcdefgh\nabcdefgi,abcdefghj,\xc2\xb5\n",
        [("abcdefgh", "abcdefghi", "abcdefgh"), ("abcdefgi", "abcdefghj", "µ")],
    ),
}
NOT_PLAIN = {
    "a field too few": b"1,2\n",
    "a field too many": b"1,2,3,4\n",
    "an end of line within quotes": b'1,"2\n2",3\n',
    "a quote within a field": b'1,2"2,3\n',
    "text behind a quote": b'1,"2"2,3\n',
    "an open quotation": b'1,2,"3\n',
    "a return alone": b"1,2,3\r4,5,6\n",
    "a NUL character": b"1,2\x00,3\n",
    "a NUL character within quotes": b'1,"\x00",3\n',
    "two returns": b"1,2,3\r\r\n",
}


def records_of(batch):
    return list(zip(*(column.to_pylist() for column in batch.columns), strict=True))


def coder(**options):
    return CellCoder(NAMES, **({"delimiter": ",", "quote": '"', "wanted": NAMES} | options))


def code(cells: CellCoder, lines: bytes):
    lines = lines if lines.endswith(b"\n") else lines + b"\n"
    room = bytearray(lines.ljust(room_bytes(len(lines)), b"?"))
    return cells.code(np.frombuffer(room, dtype=np.uint8), len(lines))


@pytest.mark.parametrize("case", PLAIN)
def test_plain_text_is_coded(case):
    text, expected = PLAIN[case]
    assert records_of(code(coder(), text)) == expected


@pytest.mark.parametrize("case", NOT_PLAIN)
def test_other_text_is_left_alone(case):
    assert code(coder(), b"1,2,3\n" + NOT_PLAIN[case]) is None


def test_columns_are_those_that_are_wanted_in_their_order():
    batch = code(coder(wanted=["c", "a"]), b"1,2,3\n4,5,3\n")
    assert (batch.schema.names, records_of(batch)) == (["c", "a"], [("3", "1"), ("3", "4")])
    assert batch["c"].dictionary.to_pylist() == ["3"]


def test_another_delimiter_and_no_quotes():
    assert records_of(code(coder(delimiter=";", quote=""), b'1;2,"2;3\n')) == [("1", '2,"2', "3")]


def test_more_words_than_there_was_room_for():
    rows = [(str(number), f"x{number}", f"word number {number}") for number in range(70_000)]
    batch = code(coder(), "".join(",".join(row) + "\n" for row in rows).encode())
    assert records_of(batch) == rows
    assert [len(column.dictionary) for column in batch.columns] == [70_000] * 3


def test_empty_lines_ask_for_no_room():
    names = [f"c{number}" for number in range(20_000)]
    wide = CellCoder(names, delimiter=",", quote='"', wanted=names)
    assert code(wide, b"\n" * (4 << 20)).num_rows == 0


@pytest.mark.parametrize("fields", [1, 2, 3, 7])
@pytest.mark.parametrize("text", [b"", b"x", b",", b"x,", b"\n", b"x\n"])
def test_the_shortest_records_have_room(fields, text):
    names = [f"c{number}" for number in range(fields)]
    least = CellCoder(names, delimiter=",", quote='"', wanted=names)
    record = b'""' + b"," * (fields - 1) + b"\n" if fields == 1 else b"," * (fields - 1) + b"\n"
    batch = code(least, record * 1_000 + text)
    assert batch is None or batch.num_rows >= 1_000


# ---- beside the other reader -----------------------------------------------------------------------------------------


def read(path: Path, *, is_plain: bool, form: CsvForm, block: int = 40):
    """Return the records of a file, or the message of what is wrong with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "is_worth_loading", lambda _: is_plain)
        patch.setattr(csv_lines, "_BLOCK_BYTES", block)
        try:
            header = csv_header(path, form=form)
            return [record for batch in read_csv(path, header=header) for record in records_of(batch)]
        except DataError as error:
            return str(error)


PIECES = [
    "a",
    "µ",
    " ",
    ",",
    ";",
    '"',
    '""',
    "\n",
    "\r\n",
    "\r",
    "1.5",
    "long word of a laboratory",
    "\x1e",
    ",,",
    '","',
    "\n\n",
]


@given(text=st.lists(st.sampled_from([*PIECES, "\x00", "\ud800"]), max_size=60), has_quotes=st.booleans())
@settings(max_examples=400)
def test_any_text_is_read_alike_by_both(tmp_path_factory, text, has_quotes):
    path = tmp_path_factory.mktemp("text") / "a.csv"
    path.write_bytes(("x,y,z\n" + "".join(text)).encode("utf-8", "surrogatepass"))
    form = CsvForm(quote='"' if has_quotes else "")
    assert read(path, is_plain=True, form=form) == read(path, is_plain=False, form=form)


CELLS = st.text(alphabet='a1µ,;" \n', max_size=12)


@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=30),
    end=st.sampled_from(["\n", "\r\n"]),
    is_all=st.booleans(),
)
@settings(max_examples=200)
def test_records_of_any_cells_are_read_alike_by_both(tmp_path_factory, rows, end, is_all):
    def written(cell):
        return '"' + cell.replace('"', '""') + '"' if is_all or set(cell) & set(',"\n') else cell

    path = tmp_path_factory.mktemp("records") / "a.csv"
    path.write_bytes("".join(",".join(map(written, row)) + end for row in [("x", "y", "z"), *rows]).encode())
    found = read(path, is_plain=True, form=CsvForm())
    assert found == read(path, is_plain=False, form=CsvForm())
    assert found == rows


@pytest.mark.parametrize("case", NOT_PLAIN)
@pytest.mark.parametrize("block", [40, 1_000])
def test_what_is_not_plain_far_below_changes_nothing_above(tmp_path, case, block):
    path = tmp_path / "a.csv"
    plain = b"".join(b"%d,x,y\n" % number for number in range(500))
    path.write_bytes(b"a,b,c\n" + plain + NOT_PLAIN[case] + plain)
    assert read(path, is_plain=True, form=CsvForm(), block=block) == read(path, is_plain=False, form=CsvForm())


def test_a_record_longer_than_several_blocks(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b,c\n1,2,3\n" + b"x" * 1_000 + b",2,3\n4,5,6\n")
    assert read(path, is_plain=True, form=CsvForm()) == [("1", "2", "3"), ("x" * 1_000, "2", "3"), ("4", "5", "6")]


def test_a_record_that_is_too_long_is_left_to_the_other_reader(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_lines, "_BLOCK_BYTES", 10)
    monkeypatch.setattr(csv_lines, "_USUAL_LINE_BYTES", 5)
    monkeypatch.setattr(csv_lines, "_LONGEST_LINE_BYTES", 50)
    path = tmp_path / "a.csv"
    path.write_bytes(b"1,2,3\n" + b"x" * 100 + b",2,3\n")
    is_whole = []

    def read_all():
        is_whole.append((yield from csv_plain.read_plain(LinesOfFile(path, begin=0), coder())))

    assert [record for batch in read_all() for record in records_of(batch)] == [("1", "2", "3")]
    assert is_whole == [False]


def test_whoever_stops_early_leaves_no_thread_behind(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"1,2,3\n" * 1_000)
    records = csv_plain.read_plain(LinesOfFile(path, begin=0), coder())
    next(records)
    records.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("regenqc-cells")]


# ---- words of every size, and lines of every length ------------------------------------------------------------------


@pytest.mark.parametrize("size", range(1, 51))
def test_words_that_differ_in_one_byte_are_told_apart(size):
    words = [b"a" * at + b"b" + b"a" * (size - at - 1) for at in range(size)] + [b"a" * size, b"a" * (size + 1)]
    quoted = [b'""' + word for word in words]
    lines = b"".join(b'%s,%s,"%s"\n' % rows for rows in zip(words, reversed(words), quoted, strict=True))
    batch = code(coder(), lines * 2)
    plain = [word.decode() for word in words]
    assert batch["a"].to_pylist() == plain * 2
    assert batch["b"].to_pylist() == plain[::-1] * 2
    assert batch["c"].to_pylist() == [f'"{word}' for word in plain] * 2
    assert [len(column.dictionary) for column in batch.columns] == [len(words)] * 3


@pytest.mark.parametrize(("room", "length"), [(b"1,2,3\n" + bytes(13), 6), (bytes(100), 4)])
def test_text_without_room_or_without_an_end_is_refused(room, length):
    with pytest.raises(ValueError, match="of whole lines"):
        coder().code(np.frombuffer(room, dtype=np.uint8).copy(), length)


@given(
    text=st.lists(st.sampled_from([b"a", b"bb,", b"\n", b"\n\n", b"\r\n", b"long line of a laboratory"]), max_size=60),
    begin=st.integers(0, 20),
    block=st.integers(1, 60),
    usual=st.integers(1, 10),
)
@settings(max_examples=300)
def test_blocks_are_all_lines_in_order(tmp_path_factory, text, begin, block, usual):
    path = tmp_path_factory.mktemp("lines") / "a.csv"
    content = b"".join(text)
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_lines, "_BLOCK_BYTES", block)
        patch.setattr(csv_lines, "_USUAL_LINE_BYTES", usual)
        lines = LinesOfFile(path, begin=begin)
        found = []
        for at in lines.blocks:
            room, length = lines.read(at)
            found.append(room[:length].tobytes())
    assert all(part.endswith(b"\n") for part in found if part)
    rest = content[begin:]
    assert b"".join(found) == (rest if rest.endswith(b"\n") or not rest else rest + b"\n")


def test_a_file_that_became_shorter_is_left_to_the_other_reader(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"1,2,3\n" * 10)
    lines = LinesOfFile(path, begin=0)
    path.write_bytes(b"1,2,3\n")
    assert lines.read(0) is None
