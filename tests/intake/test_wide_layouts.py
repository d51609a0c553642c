"""Exports with one column per test: every filled cell is a result, and names its cell; every row is counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from regenqc.errors import DataError

from .mapped import profile_of, read_text, rows_of

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = profile_of(
    columns='[columns]\nbatch_id = "Lot"\nstatus = "State"\n',
    tables='[statuses]\n"ok" = "verified"\n'
    '[[result_column]]\nname = "pH"\ntest = "ph"\nunit = "pH"\n'
    '[[result_column]]\nname = "Ster."\ntest = "sterility"\nwords = { "o.B." = "no growth" }\n'
    '[[not_data]]\ncolumn = "Lot"\ntexts = ["Limit"]\nbecause = "limits"\n'
    '[[qualifier]]\ncolumn = "Flag"\naccept = ["p"]\n',
)
HEAD = "Lot,State,pH,Ster.,Flag\n"


def test_every_filled_cell_is_a_result_that_names_its_cell(tmp_path: Path) -> None:
    rows = read_text(tmp_path, HEAD + "L1,ok,7.2,o.B.,\nL2,ok,,o.B.,p\n", PROFILE)
    found = [(row["batch_id"], row["test"], row["result"], row["file_row"], row["file_column"]) for row in rows]
    assert found == [
        ("L1", "ph", "7.2", "1", "pH (column 3)"),
        ("L1", "sterility", "no growth", "1", "Ster. (column 4)"),
        ("L2", "sterility", "no growth", "2", "Ster. (column 4)"),
    ]


def test_every_row_is_counted_once_whatever_its_cells(tmp_path: Path) -> None:
    lines = (
        "L1,ok,7.2,o.B.,",  # two results
        "L2,ok,,,",  # none, but the batch exists
        "Limit,ok,8,,",  # no data
        ",,,,",  # blank
        "L3,odd,7.2,o.B.,",  # refused as a whole
        "L4,ok,7 200.5,o.B.,",  # one cell refused
        "L5,odd,,,",  # refused although it holds no result
        "L6,ok,7.2,,v",  # refused by its flag
    )
    path = tmp_path / "export.csv"
    path.write_text(HEAD + "\n".join(lines) + "\n")
    rows, tally = rows_of(path, PROFILE)
    assert (tally.read, tally.mapped, tally.not_data, tally.refused, tally.results) == (8, 2, 2, 4, 4)
    refused = [(row["batch_id"], row["file_row"]) for row in rows if "mapping_fault" in row]
    assert refused == [("L3", "5"), ("L3", "5"), ("L4", "6"), ("L5", "7"), ("L6", "8")]
    assert next(row for row in rows if row["batch_id"] == "L5")["mapping_fault"] == "the status 'odd' is not listed"


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
def test_chunks_change_nothing(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "export.csv"
    path.write_text(HEAD + "L1,ok,7.2,o.B.,\nL2,odd,7.2,,\n,,,,\nL3,ok,7.4,x,\nL4,odd,,,\n")
    found, tally = rows_of(path, PROFILE, rows=rows)
    whole, same = rows_of(path, PROFILE)
    assert tally == same
    assert found == whole


def test_a_new_column_of_results_refuses_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="RQC-D030"):
        read_text(tmp_path, HEAD.replace("\n", ",Mycoplasma\n") + "L1,ok,7.2,o.B.,,neg\n", PROFILE)


def test_a_column_that_is_no_longer_there_refuses_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="RQC-D031"):
        read_text(tmp_path, "Lot,State,pH,Flag\nL1,ok,7.2,\n", PROFILE)


def test_a_header_without_rows_is_refused_by_the_source(tmp_path: Path) -> None:
    from regenqc.intake.table import read_results

    (tmp_path / "export.csv").write_text(HEAD)
    (source,) = read_results(tmp_path / "export.csv", profile=PROFILE).sources
    with pytest.raises(DataError, match="RQC-D001"):
        list(source.read(100, None))


def test_a_row_without_a_single_result_still_says_that_its_batch_exists(tmp_path: Path) -> None:
    (row,) = read_text(tmp_path, HEAD + "L1,ok,,,\n", PROFILE)
    assert (row["batch_id"], row["test"], "result" in row) == ("L1", "ph", False)
