"""Which results are superseded is known before any row is judged, wherever the revisions lie."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import regenqc
from regenqc.errors import DataError, UsageError
from regenqc.intake.revisions import find_superseding
from regenqc.spark.parts import parts_of
from regenqc.spark.superseding import superseding_of_frame, superseding_of_parts


def results(revisions, *, first=0, **columns):
    count = len(revisions)
    table = {
        "batch_id": [f"B{(first + row) % 3}" for row in range(count)],
        "test": ["viability"] * count,
        "result": ["90"] * count,
        "unit": ["%"] * count,
        "result_id": [f"r{(first + row) % 5}" for row in range(count)],
    }
    if revisions[0] is not None:
        table["revision"] = revisions
    return pa.table(table | columns)


CASES = {
    "one file": [results(["1", "2", "1", "3", ""])],
    "a file in which the lowest is above that of another": [results(["2", "2"]), results(["1", "1", "1"])],
    "a file without revisions": [results(["1", "1"]), results([None] * 4)],
    "nothing but first revisions": [results(["1", "1"]), results(["1"])],
    "revisions that cannot be read": [results(["x", "2", "1"])],
    "results without identity": [results(["1", "2"], result_id=["", " "])],
    "the lowest comes last": [results(["3", "3", "2", "2", "1"])],
}


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("case", CASES)
def test_parts_of_files_give_what_the_files_give(case, suffix, session, tmp_path, monkeypatch):
    import pyarrow.csv

    from regenqc.spark import parts

    monkeypatch.setattr(parts, "_PART_ROWS", 1)
    paths = []
    for number, table in enumerate(CASES[case]):
        paths.append(str(tmp_path / f"{number}.{suffix}"))
        if suffix == "csv":
            pyarrow.csv.write_csv(table, paths[-1])
        else:
            pq.write_table(table, paths[-1], row_group_size=2)
    table = regenqc.read_results(*paths)
    wanted = {key: number for key, number in find_superseding(table, rows=100).items() if number}
    found = superseding_of_parts(session, parts_of(table))
    # An entry for the only revision of a result supersedes nothing.
    assert {key: found.get(key) for key in wanted} == wanted
    assert set(found) - set(wanted) == set()


def test_more_revised_results_than_fit_ask_for_several_runs(session, tmp_path):
    pq.write_table(results(["1", "2", "2", "2", "1"]), tmp_path / "a.parquet")
    table = regenqc.read_results(str(tmp_path / "a.parquet"))
    with pytest.raises(UsageError, match=r"RQC-U095 .* at most 2 revised results in one run"):
        superseding_of_parts(session, parts_of(table), most=2)
    frame = session.read.parquet(str(tmp_path / "a.parquet"))
    with pytest.raises(UsageError, match="RQC-U095"):
        superseding_of_frame(frame, most=2)
    assert len(superseding_of_frame(frame, most=3)) == 3


def test_a_file_that_is_damaged_is_named_by_the_search_as_well(session, tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(results(["1", "2"] * 500), path, row_group_size=250)
    table = regenqc.read_results(str(path))
    parts = parts_of(table)
    place = next(
        at
        for at in range(pq.ParquetFile(path).metadata.num_columns)
        if pq.ParquetFile(path).metadata.schema.column(at).path == "revision"
    )
    chunk = pq.ParquetFile(path).metadata.row_group(1).column(place)
    with path.open("r+b") as stream:
        stream.seek(chunk.dictionary_page_offset or chunk.data_page_offset)
        stream.write(b"\xff" * chunk.total_compressed_size)
    with pytest.raises(DataError, match=r"a\.parquet row group 1"):
        superseding_of_parts(session, parts)
