"""The exports of the benchmark are what their workload says."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks.exports import one_lot, repeated, results_in, simulated, wide, with_products
from benchmarks.rule_table import build_rule_table
from benchmarks.specification_sets import one_for_each, side_by_side, standard
from pyarrow import csv

from regenqc import parse_specification
from regenqc.evaluation.slots import composite_parts

_RESULTS = 4_000


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulated(tmp_path_factory.mktemp("exports") / "small", _RESULTS)


def _texts(path: Path, name: str) -> list[str]:
    return pq.read_table(path, columns=[name])[name].cast(pa.string()).to_pylist()


def test_an_export_has_no_other_tests_than_the_specifications_and_what_went_astray(export: Path) -> None:
    stages, tests = (_texts(export / "results.parquet", name) for name in ("stage", "test"))
    known = {
        (requirement.stage, test)
        for specification in standard()
        for requirement in specification.requirements
        for test in [requirement.test, *(part.test for part in composite_parts(requirement))]
    }
    assert set(zip(stages, tests, strict=True)) - known == {
        ("drug_product_release", "osmolality"),
        ("final_release", "mycoplasma"),
    }


@pytest.mark.parametrize("name", ["positive_control", "spike_recovery", "retest_of"])
def test_an_export_says_nothing_about_controls_and_retests(export: Path, name: str) -> None:
    assert name not in pq.read_schema(export / "results.parquet").names


def test_columns_are_dictionary_coded_as_in_a_simulation(export: Path) -> None:
    assert {str(kind) for kind in pq.read_schema(export / "results.parquet").types} == {
        str(pa.dictionary(pa.int32(), pa.string()))
    }


def test_text_has_the_same_results_in_the_same_order(export: Path, tmp_path: Path) -> None:
    folder = simulated(tmp_path / "text", _RESULTS, file_format="csv")
    options = csv.ConvertOptions(
        column_types=dict.fromkeys(pq.read_schema(export / "results.parquet").names, pa.string())
    )
    text = csv.read_csv(folder / "results.csv", convert_options=options)
    coded = pq.read_table(export / "results.parquet")
    assert (
        text.to_pylist() == pa.table({name: coded[name].cast(pa.string()) for name in coded.column_names}).to_pylist()
    )


def test_a_fifth_of_the_results_of_the_wide_export_is_changed(export: Path, tmp_path: Path) -> None:
    changed = wide(tmp_path / "wide", export)
    pairs = zip(
        _texts(export / "results.parquet", "result"), _texts(changed / "results.parquet", "result"), strict=True
    )
    assert sum(before != after for before, after in pairs) / results_in(export) == pytest.approx(0.2, abs=0.02)


def test_the_wide_export_has_forty_columns(export: Path, tmp_path: Path) -> None:
    assert len(pq.read_schema(wide(tmp_path / "wide", export) / "results.parquet").names) == 40


def test_repeated_lots_have_names_of_their_own(export: Path, tmp_path: Path) -> None:
    thrice = repeated(tmp_path / "thrice", export, 3)
    once = Counter(_texts(export / "results.parquet", "batch_id"))
    assert Counter(_texts(thrice / "results.parquet", "batch_id")) == {
        f"{name}-{turn:02d}": count for turn in range(3) for name, count in once.items()
    }


def test_every_repeated_lot_is_in_the_batch_table(export: Path, tmp_path: Path) -> None:
    thrice = repeated(tmp_path / "thrice", export, 3)
    listed = set(_texts(thrice / "batches.parquet", "batch_id"))
    assert set(_texts(thrice / "results.parquet", "batch_id")) <= listed


def test_one_lot_is_one_lot_of_the_size_asked_for(export: Path, tmp_path: Path) -> None:
    lines = (one_lot(tmp_path / "one", export, rows=24) / "results.csv").read_text().splitlines()
    assert len(lines) == 25
    assert len({line.split(",")[0] for line in lines[1:]}) == 1


def test_lots_are_spread_over_all_products(export: Path, tmp_path: Path) -> None:
    spread = with_products(tmp_path / "spread", export, 40)
    assert len(set(_texts(spread / "batches.parquet", "product"))) == 41  # the bank has its own


@pytest.mark.parametrize(
    ("specifications", "count"),
    [
        pytest.param(one_for_each(5), 5, id="one for each product"),
        pytest.param(side_by_side(5), 5, id="several for one product"),
    ],
)
def test_no_two_specifications_share_their_limits(specifications, count: int) -> None:
    rules = build_rule_table(specifications, units=["%", "EU/mL", "cells"])
    limits = {(row[2], row[3]) for row in rules.rows["bounds"] if row[2] > 70 and row[3] == float("inf")}
    viability = {lower for lower, _ in limits if 79 < lower <= 80}
    assert len(viability) == count


def test_limits_come_in_the_reported_unit() -> None:
    rules = build_rule_table(standard(), units=["10^6 cells"])
    assert any(row[2:4] == (80.0, 120.0) for row in rules.rows["bounds"])


def test_a_criterion_that_no_peer_has_a_form_for_is_refused() -> None:
    text = standard()[0].text.replace('one_of   = ["no growth"]', "sponsor_must_set = true")
    with pytest.raises(NotImplementedError, match="sterility"):
        build_rule_table([parse_specification(text)], units=["%"])
