"""Where inputs come from: columns of a row, rows of a method, attributes, constants, and every result of a test."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import regenqc
from strategies import AS_OF, STAGE, cell, evaluate, rows, specification

from .derived_results import computed

MODEST = settings(max_examples=30, deadline=None)

VIRUS = {"id": "virus", "limit": {"max": "1"}}
VIRUS_FROM = {
    "id": "virus",
    "function": "virus_upper_bound_per_dose",
    "inputs": {
        "positives": "rcl",
        "amount": {"test": "rcl", "column": "sample_amount"},
        "dose": "@dose_cells",
        "efficiency": "100 %",
    },
}
DOSE = {"dose_cells": "1E8", "dose_cells_unit": "cells"}
CULTURE = {"test": "rcl", "result": "not detected", "sample_amount": "3E8", "sample_amount_unit": "cells"}


def virus(*results, limit=None, **recipient):
    requirement = VIRUS | ({"limit": limit} if limit else {})
    return cell(evaluate(rows(*results), requirement, derived=[VIRUS_FROM], batches=DOSE | recipient), "virus")


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        pytest.param({}, "conforms", id="three doses without a response"),
        pytest.param({"sample_amount": "2E8"}, "inconclusive", id="two doses without a response leave it open"),
        pytest.param(
            {"sample_amount": "3", "sample_amount_unit": "10^8 cells"}, "conforms", id="another unit of the kind"
        ),
        pytest.param({"sample_amount": "> 3E8"}, "conforms", id="more than three doses"),
        pytest.param(
            {"result": "detected"}, "inconclusive", id="a response: at least one in three doses, and no bound"
        ),
        pytest.param({"result": "1"}, "inconclusive", id="one response: at most 1.58 in a dose"),
        pytest.param(
            {"result": "6"}, "inconclusive", id="six responses: two in a dose, at least 0.87 and at most 3.95"
        ),
        pytest.param({"result": "7"}, "fails", id="seven responses: at least 1.095 in a dose"),
        pytest.param({"result": "> 6"}, "fails", id="more than six responses"),
        pytest.param({"sample_amount_unit": "mL"}, "inconclusive", id="an amount of another kind than the dose"),
        pytest.param({"sample_amount_unit": ""}, "inconclusive", id="an amount without unit"),
        pytest.param({"sample_amount": "about 3E8"}, "inconclusive", id="an amount that cannot be read"),
        pytest.param({"result": "equivocal"}, "inconclusive", id="an answer that is none"),
        pytest.param({"result": "pending"}, "missing", id="an answer that is pending"),
        pytest.param({"sample_amount": ""}, "missing", id="no amount"),
        pytest.param({"sample_amount": "  "}, "missing", id="a blank amount"),
    ],
)
def test_a_bound_from_the_result_and_the_amount_tested(row, wanted):
    assert virus(CULTURE | row) == wanted


def test_without_the_column_nothing_is_computed():
    row = {"test": "rcl", "result": "not detected"}
    found = evaluate(rows(row), VIRUS, derived=[VIRUS_FROM], batches=DOSE)
    assert (cell(found, "virus"), found.rows_computed) == ("missing", 0)
    assert "rcl (sample_amount)" in " ".join(found.findings["explanation"])


def test_without_the_attribute_nothing_is_computed():
    assert virus(CULTURE, dose_cells="") == "missing"


def test_result_and_amount_belong_together_row_by_row():
    good, short = CULTURE | {"result_id": "r1"}, CULTURE | {"result_id": "r2", "result": "1", "sample_amount": "9E8"}
    found = computed(rows(good, short), VIRUS, derived=[VIRUS_FROM], batches=DOSE)
    bounds = ["≤0.5270960576", "≤0.998577424519"]
    assert sorted(text for _, _, text, _ in found) == ["0.00569925493194", *bounds]


def test_a_row_without_amount_beside_one_with_it_holds():
    assert virus(CULTURE, CULTURE | {"result": "detected", "sample_amount": ""}) == "inconclusive"


def test_amounts_that_differ_are_both_judged_though_the_results_are_alike():
    assert virus(CULTURE, CULTURE | {"sample_amount": "1E8"}) == "inconclusive"


def test_a_preliminary_row_can_fail_and_cannot_release():
    assert virus(CULTURE | {"status": "preliminary"}) == "missing"
    assert virus(CULTURE | {"status": "preliminary", "result": "7"}) == "fails"


def test_text_that_holds_the_separator_of_columns_is_not_read():
    assert virus(CULTURE | {"method": "a\x1fb"}) == "inconclusive"


# ---- methods ----

DIFFERENCE = {"id": "difference", "limit": {"max": "20", "unit": "%"}}
DIFFERENCE_FROM = {
    "id": "difference",
    "function": "relative_difference",
    "inputs": {
        "result": {"test": "residual", "method": "flow cytometry"},
        "reference": {"test": "residual", "method": "ddPCR"},
    },
}
REPORTED = {"id": "residual", "report_only": True}


def difference(*results):
    found = evaluate(rows(*results), DIFFERENCE, REPORTED, derived=[DIFFERENCE_FROM])
    return cell(found, "difference")


def measured(result, method, unit="%", **more):
    return {"test": "residual", "result": result, "unit": unit, "method": method} | more


@pytest.mark.parametrize(
    ("results", "wanted"),
    [
        pytest.param([("0.8", "flow cytometry"), ("1", "ddPCR")], "conforms", id="exactly twenty percent apart"),
        pytest.param([("0.79999999", "flow cytometry"), ("1", "ddPCR")], "fails", id="a hair more"),
        pytest.param([("0.8", "Flow  Cytometry"), ("1", "DDPCR")], "conforms", id="case and blanks do not matter"),
        pytest.param([("0.8", "flow cytometry")], "missing", id="one method only"),
        pytest.param([("0.8", "flow cytometry"), ("1", "qPCR")], "missing", id="another method"),
        pytest.param([("0.8", "flow cytometry"), ("1", "")], "missing", id="a method that is not stated"),
        pytest.param([("< 0.8", "flow cytometry"), ("1", "ddPCR")], "inconclusive", id="a censored result"),
        pytest.param(
            [("0.8", "flow cytometry"), ("1", "ddPCR"), ("9", "qPCR")], "conforms", id="a third method beside them"
        ),
        pytest.param(
            [("0.8", "flow cytometry"), ("0.5", "flow cytometry"), ("1", "ddPCR")], "fails", id="one of two differs"
        ),
    ],
)
def test_two_methods_of_one_test(results, wanted):
    assert difference(*(measured(*entry) for entry in results)) == wanted


# ---- uncertainty and detection limit ----

RESIDUAL = {"id": "residual_per_dose", "limit": {"max": "1000", "unit": "cells"}}
RESIDUAL_FROM = {
    "id": "residual_per_dose",
    "function": "residual_cells_bound_by_fraction",
    "inputs": {
        "fraction": "residual",
        "uncertainty": {"test": "residual", "column": "uncertainty"},
        "detection_limit": {"test": "residual", "column": "lod"},
        "dose": "@dose_cells",
    },
}


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        pytest.param({"result": "ND", "lod": "0.001"}, "conforms", id="not detected, the limit leaves a thousand"),
        pytest.param({"result": "ND", "lod": "0.002"}, "inconclusive", id="not detected, the limit leaves more"),
        pytest.param({"result": "ND", "lod": ""}, "missing", id="not detected, no limit stated"),
        pytest.param({"result": "< 0.0001", "lod": "0.002"}, "inconclusive", id="less than the limit can tell"),
        pytest.param({"result": "0.0005", "lod": "0.001", "uncertainty": "0.0001"}, "conforms", id="a number"),
        pytest.param({"result": "0.0005", "lod": "0.001", "uncertainty": "0.001"}, "inconclusive", id="uncertain"),
        pytest.param({"result": "0.0011", "lod": "0.001", "uncertainty": "0"}, "fails", id="a number above the limit"),
        pytest.param({"result": "> 0.0011", "lod": "0.001", "uncertainty": "0"}, "fails", id="more than the limit"),
        pytest.param({"result": "BLQ", "lod": "0.0001", "loq": "0.001"}, "conforms", id="below quantitation"),
        pytest.param({"result": "BLQ", "lod": "0.0001", "loq": "0.002"}, "inconclusive", id="perhaps more than that"),
        pytest.param({"result": "BLQ", "lod": "0.0001"}, "missing", id="below a limit that is not stated"),
        pytest.param({"result": "0.0005", "lod": "0.001"}, "missing", id="a number without uncertainty"),
        pytest.param({"result": "0", "lod": "0.001", "uncertainty": "0"}, "conforms", id="zero is the limit"),
        pytest.param(
            {"result": "0", "lod": "0.002", "uncertainty": "0"}, "inconclusive", id="zero is as much as can be missed"
        ),
    ],
)
def test_residual_cells_from_the_columns_of_a_row(row, wanted):
    result = {"test": "residual", "unit": "%"} | row
    found = evaluate(rows(result), RESIDUAL, REPORTED, derived=[RESIDUAL_FROM], batches=DOSE)
    assert cell(found, "residual_per_dose") == wanted


# ---- every result of a test ----

STORAGE = {"id": "out_of_storage", "limit": {"max": "30", "unit": "min"}}
STORAGE_FROM = {"id": "out_of_storage", "function": "out_of_storage_time", "inputs": {"interval": "excursion"}}


def storage(*results, **options):
    named = [
        {"test": "excursion", "unit": "min", "result_id": f"r{number}"} | result
        for number, result in enumerate(results, start=1)
    ]
    return cell(evaluate(rows(*named), STORAGE, derived=[STORAGE_FROM], **options), "out_of_storage")


@pytest.mark.parametrize(
    ("results", "wanted"),
    [
        pytest.param([{"result": "10"}, {"result": "20"}], "conforms", id="exactly at the limit"),
        pytest.param([{"result": "10"}, {"result": "20.1"}], "fails", id="above the limit together"),
        pytest.param(
            [{"result": "10"}, {"result": "10"}, {"result": "10"}], "conforms", id="three equal ones are three"
        ),
        pytest.param([{"result": "0.25", "unit": "h"}, {"result": "900", "unit": "s"}], "conforms", id="other units"),
        pytest.param([{"result": "< 10"}, {"result": "20"}], "conforms", id="less than, together at the limit"),
        pytest.param([{"result": "> 10"}, {"result": "20"}], "fails", id="more than, together at the limit"),
        pytest.param([{"result": "< 10"}, {"result": "> 1"}], "inconclusive", id="censored both ways"),
        pytest.param([{"result": "10"}, {"result": "?"}], "inconclusive", id="one that cannot be read"),
        pytest.param([{"result": "10"}, {"result": "pending"}], "inconclusive", id="one that is pending"),
        pytest.param([{"result": "10"}, {"result": ""}], "inconclusive", id="one that is not reported"),
        pytest.param([{"result": "pending"}], "missing", id="all pending"),
        pytest.param([{"result": "10"}, {"result": "1", "status": "preliminary"}], "missing", id="one preliminary"),
        pytest.param(
            [{"result": "10"}, {"result": "21", "status": "preliminary"}], "fails", id="one preliminary, too long"
        ),
        pytest.param(
            [{"result": "10"}, {"result": "90", "status": "unverified"}], "conforms", id="an open question beside"
        ),
        pytest.param(
            [{"result": "10", "result_id": ""}, {"result": "10", "result_id": ""}], "inconclusive", id="no identities"
        ),
        pytest.param([{"result": "10", "result_id": ""}], "inconclusive", id="one without identity, perhaps two"),
        pytest.param(
            [{"result": "9", "result_id": "", "sample_id": "S"}, {"result": "8", "result_id": "", "sample_id": "S"}],
            "inconclusive",
            id="two of one sample",
        ),
        pytest.param(
            [{"result": "10", "result_id": "", "replicate": "1"}, {"result": "10", "result_id": "", "replicate": "2"}],
            "conforms",
            id="numbered",
        ),
        pytest.param(
            [{"result": "10", "result_id": "r"}, {"result": "25", "result_id": "r"}],
            "inconclusive",
            id="one identity twice",
        ),
    ],
)
def test_time_out_of_storage_is_the_sum_of_all_intervals(results, wanted):
    assert storage(*results) == wanted


def test_an_open_interval_holds_the_batch():
    results = [
        {"test": "excursion", "unit": "min", "result_id": "r1", "result": "10"},
        {"test": "excursion", "unit": "min", "result_id": "r2", "result": "90", "status": "unverified"},
    ]
    found = evaluate(rows(*results), STORAGE, derived=[STORAGE_FROM])
    assert cell(found, "result_record") == "inconclusive"


def test_a_row_that_comes_twice_is_one_interval():
    row = {"test": "excursion", "unit": "min", "result": "30", "result_id": "r1"}
    assert cell(evaluate(rows(row, row), STORAGE, derived=[STORAGE_FROM]), "out_of_storage") == "conforms"


@MODEST
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=8))
def test_sums_are_exact(thousandths):
    results = [
        {"test": "excursion", "unit": "min", "result_id": str(number), "result": f"{value // 1000}.{value % 1000:03}"}
        for number, value in enumerate(thousandths)
    ]
    ((_, _, text, _),) = computed(rows(*results), STORAGE, derived=[STORAGE_FROM])
    assert float(text) == sum(thousandths) / 1000


def test_a_sum_of_lengths_that_no_machine_word_holds_is_exact():
    results = [
        {"test": "excursion", "unit": "min", "result_id": str(number), "result": text}
        for number, text in enumerate(["1E20", "0.000000000000001", "2E20"])
    ]
    ((_, _, text, _),) = computed(rows(*results), STORAGE, derived=[STORAGE_FROM])
    assert text == "3.0000000000000000001E+20"


# ---- order, chunks, repetition ----

SPECIFICATION = specification(
    VIRUS,
    DIFFERENCE,
    RESIDUAL,
    STORAGE,
    {"id": "mosaicism", "limit": {"max": "15", "unit": "%"}},
    REPORTED,
    derived=[
        VIRUS_FROM,
        DIFFERENCE_FROM,
        RESIDUAL_FROM,
        STORAGE_FROM,
        {"id": "mosaicism", "function": "excluded_mosaicism", "inputs": {"karyotype": "banding"}},
    ],
)
BATCHES = pd.DataFrame({"batch_id": ["B1", "B2", "B3"], "dose_cells": ["1E8", "3E8", ""], "dose_cells_unit": "cells"})
MEASURED = {
    "rcl": (["not detected", "0", "1", "detected", "pending", "< 2"], [""]),
    "residual": (["0.0005", "ND", "< 0.001", "0", "1", "> 2", "?"], ["%", "%", "cells/10^6 cells"]),
    "excursion": (["10", "20", "< 5", "0.5", "pending"], ["min", "h"]),
    "banding": (["46,XX[20]", "46,XX[19]", "47,XX,+8[2]/46,XX[18]", "46,XX"], [""]),
}


@st.composite
def results(draw):
    test = draw(st.sampled_from(sorted(MEASURED)))
    texts, units = MEASURED[test]
    return {
        "batch_id": draw(st.sampled_from(["B1", "B1", "B2", "B3", "B4"])),
        "test": test,
        "result": draw(st.sampled_from(texts)),
        "unit": draw(st.sampled_from(units)),
        "status": draw(st.sampled_from(["", "", "", "preliminary", "unverified"])),
        "result_id": draw(st.sampled_from(["", "r1", "r2", "r3"])),
        "method": draw(st.sampled_from(["ddPCR", "flow cytometry", ""])),
        "lod": draw(st.sampled_from(["", "0.001", "0.002"])),
        "uncertainty": draw(st.sampled_from(["", "0.0001", "x"])),
        "sample_amount": draw(st.sampled_from(["", "3E8", "1E8", "> 5E8"])),
        "sample_amount_unit": draw(st.sampled_from(["cells", "cells", "mL"])),
    }


def outcome(entries, *, read=lambda frame: frame, **options):
    texts = []

    def keep(judged, source):
        if source:
            names = ("batch_id", "test", "result", "status")
            texts.extend(zip(*(judged.coded.rows[name].to_pylist() for name in names), strict=True))

    found = regenqc.evaluate(
        read(pd.DataFrame(entries).astype("str")),
        SPECIFICATION,
        batches=BATCHES,
        as_of=AS_OF,
        stage=STAGE,
        on_rows=keep,
        **options,
    )
    findings = found.findings.drop(columns=["row_number", "source"]).to_dict("records")
    return sorted(texts), found.matrix.table().to_pylist(), findings


@MODEST
@given(st.lists(results(), min_size=1, max_size=25), st.randoms(use_true_random=False), st.sampled_from([1, 3, 100]))
def test_order_chunks_and_repetition_change_nothing(entries, random, size):
    shuffled = [*entries, *random.sample(entries, min(3, len(entries)))]
    random.shuffle(shuffled)
    assert outcome(shuffled, chunk_rows=size) == outcome(entries)


@MODEST
@given(st.lists(results(), min_size=1, max_size=25), st.sampled_from([1, 2]))
def test_the_number_of_batches_at_once_changes_nothing(entries, count):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("regenqc.evaluation.collected._BATCHES_AT_ONCE", count)
        few = outcome(entries)
    assert few == outcome(entries)
