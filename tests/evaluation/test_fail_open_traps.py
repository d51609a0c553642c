"""The ten ways in which laboratory systems were seen to let a bad result pass, none of which regenqc has."""

import pytest

from regenqc import SpecificationError
from strategies import (
    ENDOTOXIN,
    STERILITY,
    VIABILITY,
    cell,
    disposition,
    dispositions,
    evaluate,
    reasons,
    row_verdicts,
    rows,
    specification,
)


@pytest.mark.parametrize("text", ["Positive", "TNTC", "see report"])
def test_f1_a_result_that_is_no_number_is_never_inside_a_range(text):
    assert disposition(evaluate(rows(("viability", text, "%")), VIABILITY)) == "hold"


@pytest.mark.parametrize(
    "limit",
    [
        pytest.param({"unit": "%"}, id="a limit without a number"),
        pytest.param({"min": "seventy", "unit": "%"}, id="a limit that cannot be read"),
        pytest.param({"min": "nan", "unit": "%"}, id="a limit that is not a number"),
        pytest.param({"min": "", "unit": "%"}, id="an empty limit"),
    ],
)
def test_f2_a_missing_or_unreadable_limit_passes_nothing(limit):
    with pytest.raises(SpecificationError):
        specification({"id": "viability", "limit": limit})


def test_f2_a_limit_that_the_sponsor_has_not_set_passes_nothing():
    found = evaluate(rows(("tumorigenic_cells", "0", "%")), {"id": "tumorigenic_cells", "sponsor_must_set": True})
    assert (disposition(found), cell(found, "tumorigenic_cells")) == ("hold", "inconclusive")


def test_f3_more_than_one_hundred_is_not_inside_a_maximum_of_two_hundred():
    found = evaluate(rows(("dose", "> 100", "cells")), {"id": "dose", "limit": {"max": "200", "unit": "cells"}})
    assert (disposition(found), reasons(found)) == ("hold", {"censored_undecidable"})


def test_f3_less_than_five_is_not_five():
    limit = {"id": "dose", "limit": {"min": "5", "unit": "cells"}}
    assert disposition(evaluate(rows(("dose", "< 5", "cells")), limit)) == "reject"


def test_f3_the_operator_stays_in_the_finding():
    found = evaluate(rows(("dose", "> 100", "cells")), {"id": "dose", "limit": {"max": "200", "unit": "cells"}})
    assert found.findings["reported"].tolist() == ["> 100"]


@pytest.mark.parametrize(
    "text", ["growth", '["1"]', "['2', '1']", "no growth, growth", "no growth<br/>growth", "no growth; positive"]
)
def test_f4_a_list_of_options_never_passes_by_being_a_list(text):
    assert disposition(evaluate(rows(("sterility", text, "")), STERILITY)) in {"hold", "reject"}


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "-----"])
def test_f5_an_empty_result_is_a_missing_test(text):
    assert (
        disposition(evaluate(rows(("viability", text, "%"), ("sterility", "no growth", "")), VIABILITY, STERILITY))
        == "hold"
    )


def test_f5_a_test_without_a_row_is_a_missing_test():
    found = evaluate(rows(("viability", "90", "%")), VIABILITY, STERILITY)
    assert (cell(found, "sterility"), disposition(found)) == ("missing", "hold")


def test_f6_the_reported_text_is_never_replaced_by_the_limit():
    found = evaluate(rows(("endotoxin", " 0.731", "EU/mL")), ENDOTOXIN)
    (finding,) = found.findings.to_dict("records")
    assert finding["reported"] == " 0.731"
    assert "0.731 EU/mL" in finding["explanation"]


def test_f7_a_value_below_its_detection_limit_is_compared_as_it_was_reported():
    # 0.7 lies below the stated detection limit of 2; judged as `< 2` it would be undecided.
    results = rows({"test": "endotoxin", "result": "0.7", "unit": "EU/mL", "lod": "2"})
    assert row_verdicts(results, ENDOTOXIN) == [("fails", "above_maximum")]


def test_f8_the_uncertainty_never_rounds_a_result_across_a_limit():
    results = rows({"test": "potency", "result": "9.6", "unit": "%", "uncertainty": "0.9504"})
    assert row_verdicts(results, {"id": "potency", "limit": {"min": "10", "unit": "%"}}) == [("fails", "below_minimum")]


def test_f9_of_two_requirements_that_speak_about_one_test_both_count():
    low = {"id": "viability_low", "test": "viability", "limit": {"min": "50", "unit": "%"}}
    high = {"id": "viability_high", "test": "viability", "limit": {"min": "80", "unit": "%"}}
    for requirements in ((low, high), (high, low)):
        found = evaluate(rows(("viability", "70", "%")), *requirements)
        assert (cell(found, "viability_low"), cell(found, "viability_high")) == ("conforms", "fails")


def test_f9_two_requirements_with_one_identifier_are_an_error():
    with pytest.raises(SpecificationError):
        specification(VIABILITY, VIABILITY | {"limit": {"min": "50", "unit": "%"}})


def test_f10_nothing_of_a_corrected_result_stays_on_its_correction():
    first = {"test": "endotoxin", "result": "< 0.1", "unit": "EU/mL", "result_id": "r1", "revision": "1"}
    second = first | {"result": "0.6", "revision": "2"}
    assert row_verdicts(rows(first, second), ENDOTOXIN) == [("missing", "superseded"), ("fails", "above_maximum")]


def test_f10_the_detection_limit_of_a_corrected_result_does_not_pass_to_its_correction():
    first = {"test": "endotoxin", "result": "ND", "unit": "EU/mL", "lod": "0.1", "result_id": "r1", "revision": "1"}
    second = first | {"lod": "", "revision": "2"}
    found = evaluate(rows(first, second), ENDOTOXIN)
    assert (dispositions(found), reasons(found)) == ({"hold"}, {"not_detected_without_limit"})
