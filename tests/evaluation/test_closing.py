"""A batch is settled when its last row has passed: held no longer, and with the same outcome."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import regenqc
from intake.mapped import profile_of
from regenqc.evaluation.closing import find_last_rows
from regenqc.evaluation.together import ResultsTogether
from regenqc.intake.batch_numbers import BatchNumbers
from strategies import AS_OF, STAGE, specification

from . import test_derived_inputs as derived_inputs
from . import test_lattice as lattice


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("closing")


@pytest.fixture(autouse=True)
def _small_input_is_large(monkeypatch):
    monkeypatch.setattr("regenqc.evaluation.closing._LARGE_INPUT_BYTES", 0)
    monkeypatch.setattr("regenqc.evaluation.together._MOST_HELD", 1)


def stored(frame, path):
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
    return str(path)


def last_rows(*inputs, listed=(), rows=2):
    batch_ids = BatchNumbers()
    batch_ids.number(pa.array(list(listed), type=pa.string()))
    found = find_last_rows(regenqc.read_results(*inputs), batch_ids, rows=rows)
    return None if found is None else dict(zip(batch_ids, found.tolist(), strict=True))


def results(*batch_ids):
    return pd.DataFrame({"batch_id": pd.Series(batch_ids, dtype="str"), "test": "ph", "result": "7", "unit": "pH"})


@pytest.mark.parametrize(
    ("parts", "listed", "wanted"),
    [
        pytest.param([["A", "A", "B"]], [], {"A": 2, "B": 3}, id="one after the other"),
        pytest.param([["A", "B", "A", "B", "A"]], [], {"A": 5, "B": 4}, id="in turn"),
        pytest.param([["A", "B"], ["C", "A"]], [], {"A": 4, "B": 2, "C": 3}, id="rows count over all files"),
        pytest.param([["A", " A", "B"]], [], {"A": 2, "B": 3}, id="blanks around an identifier are no part of it"),
        pytest.param([[" A", "A ", " A"]], [], {"A": 3}, id="the last spelling of a batch is its last row"),
        pytest.param([["A", "", None, "B"]], [], {"A": 1, "B": 4}, id="rows without batch close none"),
        pytest.param([["B"]], ["A", "B"], {"A": 0, "B": 1}, id="a listed batch without rows"),
    ],
)
@pytest.mark.parametrize("rows", [1, 2, 100])
def test_the_last_row_of_every_batch_is_known_beforehand(tmp_path, parts, listed, wanted, rows):
    files = [stored(results(*part), tmp_path / f"{number}.parquet") for number, part in enumerate(parts)]
    assert last_rows(*files, listed=listed, rows=rows) == wanted


def test_a_batch_that_only_the_dictionary_names_does_not_exist(tmp_path):
    frame = results("A", "B")
    frame["batch_id"] = pd.Categorical(["A", "B"], categories=["Z", "A", "B"])
    assert last_rows(stored(frame, tmp_path / "results.parquet")) == {"A": 1, "B": 2}


def test_a_text_file_would_be_parsed_twice(tmp_path):
    path = tmp_path / "results.csv"
    results("A").to_csv(path, index=False)
    assert last_rows(str(path)) is None


def test_a_small_file_is_held_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("regenqc.evaluation.closing._LARGE_INPUT_BYTES", 1_000_000)
    assert last_rows(stored(results("A"), tmp_path / "results.parquet")) is None


REPLICATES = specification({"id": "ph", "limit": {"min": "6.8", "max": "7.4"}, "replicates": "mean"})


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        pytest.param(["A", "A", "B", "B", "C", "C"], [2, 2, 2], id="each batch once its rows have passed"),
        pytest.param(["A", "B", "C", "C", "B", "A"], [2, 4], id="the others wait for the rows to come"),
    ],
)
def test_complete_batches_are_not_held(tmp_path, monkeypatch, order, wanted):
    settled = []
    settle = ResultsTogether._settle

    def noted(self, table):
        if table.num_rows:
            settled.append(table.num_rows)
        settle(self, table)

    monkeypatch.setattr(ResultsTogether, "_settle", noted)
    frame = results(*order).assign(unit="", replicate=[str(number) for number in range(len(order))])
    found = regenqc.evaluate(
        stored(frame, tmp_path / "results.parquet"), REPLICATES, stage=STAGE, as_of=AS_OF, chunk_rows=2
    )
    assert (settled, found.rows_computed) == (wanted, 3)
    assert found.dispositions["disposition"].tolist() == ["eligible"] * 3


@lattice.MODEST
@given(lattice.TABLES, st.sampled_from([1, 2, 7]))
def test_settling_batches_as_they_become_complete_changes_nothing(folder, entries, size):
    path = stored(lattice.frame(entries), folder / "results.parquet")
    assert lattice.outcome(path, chunk_rows=size) == lattice.outcome(lattice.frame(entries))


@settings(derived_inputs.MODEST)
@given(st.lists(derived_inputs.results(), min_size=1, max_size=25), st.sampled_from([1, 2, 7]))
def test_what_is_computed_of_complete_batches_is_the_same(folder, entries, size):
    def read(frame):
        return stored(frame, folder / "results.parquet")

    assert derived_inputs.outcome(entries, read=read, chunk_rows=size) == derived_inputs.outcome(entries)


def test_what_would_have_been_computed_before_a_revision_is_known_of_complete_batches(folder):
    judged_by = specification(
        {"id": "difference", "limit": {"max": "20", "unit": "%"}},
        {"id": "first", "report_only": True},
        {"id": "second", "report_only": True},
        derived=[
            {
                "id": "difference",
                "function": "relative_difference",
                "inputs": {"result": "first", "reference": "second"},
            }
        ],
    )
    rows = [
        {"test": "second", "result": "100"},
        {"test": "first", "result": "200", "result_id": "r1", "revision": "1"},
        {"test": "first", "result": "110", "result_id": "r1", "revision": "2"},
    ]
    frame = pd.DataFrame([{"batch_id": batch, **row} for batch in ("A", "B") for row in rows]).fillna("")
    path = stored(frame.assign(unit="%").astype("str"), folder / "results.parquet")
    found = regenqc.evaluate(path, judged_by, stage=STAGE, as_of=AS_OF, chunk_rows=1)
    assert found.findings[["batch_id", "reason_code"]].to_numpy().tolist() == [
        ["A", "input_revised"],
        ["B", "input_revised"],
    ]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(["A", "A", "B", "B"], id="a complete batch is named again"),
        pytest.param(["A", "A", "A", "A"], id="a batch appears that was not there"),
    ],
)
def test_an_input_that_changes_while_it_is_read_is_refused(tmp_path, monkeypatch, before):
    path = stored(results("A", "A", "B", "A"), tmp_path / "results.parquet")
    earlier = regenqc.read_results(stored(results(*before), tmp_path / "earlier.parquet"))
    monkeypatch.setattr(
        "regenqc.evaluation.engine.find_last_rows",
        lambda _, batch_ids, rows: find_last_rows(earlier, batch_ids, rows=rows),
    )
    with pytest.raises(regenqc.DataError, match="RQC-D090 The input changed while it was read"):
        regenqc.evaluate(path, REPLICATES, stage=STAGE, as_of=AS_OF, chunk_rows=2)


def test_what_counts_of_a_mapped_file_may_depend_on_columns_that_are_not_read(tmp_path):
    pq.write_table(pa.table({"Lot": ["A", "B"], "pH": ["7", "7"]}), tmp_path / "results.parquet")
    profile = profile_of(
        top="", columns='[columns]\nbatch_id = "Lot"\n', tables='[[result_column]]\nname = "pH"\ntest = "ph"\n'
    )
    mapped = regenqc.read_results(tmp_path / "results.parquet", profile=profile)
    assert find_last_rows(mapped, BatchNumbers(), rows=2) is None
