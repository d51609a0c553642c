"""A DataFrame is judged like the table that it is."""

from __future__ import annotations

import pyarrow as pa
import pytest

import regenqc
from regenqc.errors import DataError, UsageError
from regenqc.spark import evaluate
from regenqc.spark.chunks import SEPARATOR
from spark.partitions import plain, tables_of
from strategies import AS_OF, STAGE, VIABILITY, specification

SPECIFICATIONS = [regenqc.load_specification(name) for name in ("example/hipsc-bank", "example/hipsc-progenitors")]
ONE = specification(VIABILITY, {"id": "ph", "limit": {"max": "7.4", "unit": "pH"}})


def tables_from_spark(evaluation):
    return tuple(
        plain(table.toArrow())
        for table in (
            evaluation.dispositions,
            evaluation.findings,
            evaluation.verdicts,
            evaluation.investigations,
            evaluation.consequences,
        )
    )


@pytest.fixture
def frame_of(session):
    def make(table):
        return session.createDataFrame(table).repartition(3)

    return make


@pytest.mark.usefixtures("small_ranges")
def test_rows_with_numbers_and_sources_give_what_the_files_give(session, export):
    from pyspark.sql import functions as F  # noqa: N812

    paths = sorted([str(export / "first.parquet"), str(export / "second.parquet")])
    batches = session.read.parquet(str(export / "whole" / "batches.parquet"))
    name = F.regexp_replace("_metadata.file_path", "^file:", "")
    frame = session.read.parquet(*paths)
    frame = frame.select("*", (F.col("_metadata.row_index") + 1).alias("number"), name.alias("file")).repartition(5)
    found = evaluate(frame, SPECIFICATIONS, batches=batches, as_of=AS_OF, row_number="number", source="file")
    local = regenqc.evaluate(
        regenqc.read_results(*paths), SPECIFICATIONS, batches=str(export / "whole" / "batches.parquet"), as_of=AS_OF
    )
    assert tables_from_spark(found) == tables_of(local)
    assert (found.rows_judged, found.rows_refused) == (local.rows_judged, local.rows_refused)
    assert found.counts() == {
        "batches": local.batch_count,
        "computed": local.rows_computed,
        "dispositions": local.disposition_counts,
    }


@pytest.mark.usefixtures("small_ranges")
def test_without_numbers_only_the_place_of_the_rows_is_missing(session, export):
    frame = session.read.parquet(str(export / "first.parquet"))
    found = evaluate(frame, SPECIFICATIONS, batches=str(export / "whole" / "batches.parquet"), as_of=AS_OF)
    local = regenqc.evaluate(
        str(export / "first.parquet"), SPECIFICATIONS, batches=str(export / "whole" / "batches.parquet"), as_of=AS_OF
    )
    expected = tables_of(local)
    dispositions, findings, verdicts, *_ = tables_from_spark(found)
    assert (dispositions, verdicts) == (expected[0], expected[2])
    places = ["row_number", "source"]
    computed = pa.compute.equal(findings["source"], "(computed)")
    assert findings.drop_columns(places) == expected[1].drop_columns(places)
    assert set(findings.filter(pa.compute.invert(computed))["source"].to_pylist()) == {""}


TYPED = {
    "numbers as doubles": pa.table({"result": [7.0, 7.5], "unit": ["pH", "pH"], "test": ["ph", "ph"]}),
    "numbers as whole numbers": pa.table({"result": [71, 69], "unit": ["%", "%"], "test": ["viability"] * 2}),
    "nulls": pa.table({"result": ["71", None], "unit": ["%", None], "test": ["viability"] * 2}),
    "a test nobody knows and a unit nobody knows": pa.table(
        {"result": ["71", "80"], "unit": ["%", "parsec"], "test": ["unheard_of", "viability"]}
    ),
    "words nobody knows": pa.table({"result": ["fine", "71"], "unit": ["", "%"], "test": ["viability"] * 2}),
    "another column of lists": pa.table(
        {"result": ["71", "80"], "unit": ["%"] * 2, "test": ["viability"] * 2, "raw": [[1.0], [2.0, 3.0]]}
    ),
    "a column with a name of marks": pa.table(
        {"result": ["71", "80"], "unit": ["%"] * 2, "test": ["viability"] * 2, "a`b.c d": ["x", "y"]}
    ),
}


@pytest.mark.parametrize("name", TYPED)
def test_a_column_of_any_type_reads_as_it_does_locally(name, frame_of):
    table = TYPED[name].append_column("batch_id", pa.array(["B1", "B2"]))
    table = table.append_column("number", pa.array([1, 2]))
    found = evaluate(frame_of(table), ONE, as_of=AS_OF, row_number="number")
    dispositions, findings, verdicts, *_ = tables_from_spark(found)
    expected = tables_of(regenqc.evaluate(table.drop_columns(["number"]), ONE, as_of=AS_OF))
    assert (dispositions, verdicts) == (expected[0], expected[2])
    assert findings.drop_columns(["source"]) == expected[1].drop_columns(["source"])


def test_a_text_with_the_separator_of_joined_texts_is_no_matter(frame_of):
    table = pa.table(
        {
            "batch_id": ["B1", "B2"],
            "test": ["viability"] * 2,
            "result": ["90", "60"],
            "unit": ["%", f"%{SEPARATOR}"],
            "method": ["a", f"b{SEPARATOR}{SEPARATOR}c"],
            "number": [1, 2],
        }
    )
    found = evaluate(frame_of(table), ONE, as_of=AS_OF, row_number="number")
    expected = tables_of(regenqc.evaluate(table.drop_columns(["number"]), ONE, as_of=AS_OF))
    assert tables_from_spark(found)[0] == expected[0]


def test_refused_rows_are_kept_in_order_with_their_texts(frame_of):
    table = pa.table(
        {
            "batch_id": [f"B{row:02}" for row in range(20)],
            "test": ["viability"] * 20,
            "result": ["90"] * 20,
            "unit": ["%"] * 20,
            "status": ["perhaps" if row % 3 else "" for row in range(20)],
            "number": list(range(1, 21)),
        }
    )
    found = evaluate(frame_of(table), ONE, as_of=AS_OF, row_number="number")
    refused = found.refused.toArrow().to_pylist()
    assert [row["row_number"] for row in refused] == [row + 1 for row in range(20) if row % 3]
    assert {row["reason_code"] for row in refused} == {"unknown_status"}
    assert refused[0]["batch_id"] == "B01"
    assert found.rows_refused == len(refused)


REVISED = {
    "text": ["1", "2", "1", "", "3", "2"],
    "whole numbers": [1, 2, 1, None, 3, 2],
    "one that cannot be read": ["1", "2", "1", "b", "3", "2"],
    "all the same": ["1"] * 6,
}


@pytest.mark.parametrize("revisions", REVISED)
def test_the_highest_revision_counts_wherever_its_row_lies(revisions, session):
    table = pa.table(
        {
            "batch_id": ["B1", " B1", "B2", "B2", "B2", "B3"],
            "test": ["viability"] * 6,
            "result": ["60", "90", "60", "65", "80", "60"],
            "unit": ["%"] * 6,
            "result_id": ["r1", "r1", "r1", "r2", "r1", ""],
            "revision": REVISED[revisions],
            "number": list(range(1, 7)),
        }
    )
    frame = session.createDataFrame(table).repartition(6)
    found = evaluate(frame, ONE, as_of=AS_OF, row_number="number")
    local = regenqc.evaluate(table.drop_columns(["number"]), ONE, as_of=AS_OF)
    assert tables_from_spark(found)[0] == tables_of(local)[0]


def test_an_input_that_lacks_a_column_is_refused_by_name(session):
    frame = session.createDataFrame(pa.table({"batch_id": ["B1"], "test": ["ph"], "Result": ["7"], "unit": ["pH"]}))
    with pytest.raises(DataError, match=r"RQC-D010 .* Did you mean the column 'Result'"):
        evaluate(frame, ONE)


def test_a_canonical_column_of_lists_is_refused(session):
    frame = session.createDataFrame(pa.table({"batch_id": ["B"], "test": ["ph"], "result": [["7"]], "unit": ["pH"]}))
    with pytest.raises(DataError, match="RQC-D012"):
        evaluate(frame, ONE)


def test_an_empty_dataframe_releases_nothing(session):
    frame = session.createDataFrame([], "batch_id string, test string, result string, unit string")
    with pytest.raises(DataError, match="RQC-D001"):
        evaluate(frame, ONE)


def test_a_column_of_numbers_that_is_not_there_is_a_usage_error(session):
    frame = session.createDataFrame(pa.table({"batch_id": ["B"], "test": ["ph"], "result": ["7"], "unit": ["pH"]}))
    with pytest.raises(UsageError, match="RQC-U094"):
        evaluate(frame, ONE, row_number="row")


def test_results_without_stage_ask_for_one_where_several_are_possible(session):
    frame = session.createDataFrame(pa.table({"batch_id": ["B"], "test": ["ph"], "result": ["7"], "unit": ["pH"]}))
    with pytest.raises(UsageError, match="RQC-U009"):
        evaluate(frame, SPECIFICATIONS)
    assert evaluate(frame, SPECIFICATIONS, stage=STAGE, as_of=AS_OF).rows_judged == 1


FAMILY = [
    specification(
        VIABILITY | {"limit": {"min": str(60 + number), "unit": "%"}},
        id=f"example/product-{number}",
        product={"product_code": f"P{number}"},
    )
    for number in range(5)
]


@pytest.mark.parametrize("unlisted", [[], ["Q1"]], ids=["every batch is listed", "one batch is not listed"])
def test_specifications_of_one_form_give_what_they_give_locally(unlisted, session):
    ids = [f"B{number}" for number in range(10)]
    batches = pa.table({"batch_id": ids, "product_code": [f"P{number % 5}" for number in range(10)]})
    ids = ids + unlisted
    table = pa.table(
        {
            "batch_id": ids,
            "test": ["viability"] * len(ids),
            "result": [str(60 + number % 3) for number in range(len(ids))],
            "unit": ["%"] * len(ids),
            "number": list(range(1, len(ids) + 1)),
        }
    )
    frame = session.createDataFrame(table).repartition(3)
    found = evaluate(frame, FAMILY, batches=batches, as_of=AS_OF, row_number="number")
    local = regenqc.evaluate(table.drop_columns(["number"]), FAMILY, batches=batches, as_of=AS_OF)
    dispositions, findings, verdicts, *_ = tables_from_spark(found)
    expected = tables_of(local)
    assert (dispositions, verdicts) == (expected[0], expected[2])
    assert findings.drop_columns(["source"]) == expected[1].drop_columns(["source"])
