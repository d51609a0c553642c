"""A result counts only with its controls: without them it is no evidence either way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strategies import ENDOTOXIN, STERILITY, VIABILITY, cell, disposition, evaluate, reasons, row_verdicts, rows

GROWTH = {"test": "growth_promotion", "one_of": ["growth"]}
BLANK = {"test": "blank", "limit": {"max": "0.05", "unit": "EU/mL"}}
SPIKE = {"column": "spike", "limit": {"min": "50", "max": "200", "unit": "%"}}
POSITIVE = {"column": "positive_control", "one_of": ["detected"]}

STERILE = STERILITY | {"controls": [GROWTH]}
SPIKED = ENDOTOXIN | {"controls": [SPIKE]}
CLEAN = ("sterility", "no growth", "")
GROWN = ("sterility", "growth", "")
GROWS = ("growth_promotion", "growth", "")
DOES_NOT_GROW = ("growth_promotion", "no growth", "")


def endotoxin(result, spike, **columns):
    return {"test": "endotoxin", "result": result, "unit": "EU/mL", "spike": spike} | columns


@pytest.mark.parametrize(
    ("results", "wanted", "reason"),
    [
        pytest.param([CLEAN, GROWS], "conforms", None, id="the result conforms and so does the control"),
        pytest.param([GROWN, GROWS], "fails", "word_not_listed", id="the result fails and the control conforms"),
        pytest.param([CLEAN, DOES_NOT_GROW], "inconclusive", "control_failed", id="the control fails"),
        pytest.param(
            [GROWN, DOES_NOT_GROW], "inconclusive", "control_failed", id="the result would fail, but its control failed"
        ),
        pytest.param([CLEAN], "inconclusive", "control_missing", id="the control is missing"),
        pytest.param([GROWN], "inconclusive", "control_missing", id="the result would fail without a control"),
        pytest.param(
            [CLEAN, ("growth_promotion", "", "")], "inconclusive", "control_missing", id="the control is empty"
        ),
        pytest.param(
            [CLEAN, ("growth_promotion", "pending", "")],
            "inconclusive",
            "control_missing",
            id="the control is still running",
        ),
        pytest.param(
            [CLEAN, dict(zip(("test", "result", "unit"), GROWS, strict=True)) | {"status": "preliminary"}],
            "inconclusive",
            "control_missing",
            id="the control is preliminary",
        ),
        pytest.param(
            [CLEAN, ("growth_promotion", "see report", "")],
            "inconclusive",
            "control_inconclusive",
            id="the control cannot be read",
        ),
        pytest.param([CLEAN, GROWS, DOES_NOT_GROW], "inconclusive", "control_failed", id="one of two controls failed"),
        pytest.param([GROWS], "missing", "not_reported", id="there is a control and no result"),
        pytest.param([DOES_NOT_GROW], "inconclusive", "control_failed", id="the control failed before any result"),
        pytest.param(
            [CLEAN, GROWS, ("sterility", "?", "")], "inconclusive", "unknown_word", id="a result cannot be read"
        ),
    ],
)
def test_a_control_in_rows_of_its_own_decides_whether_the_result_counts(results, wanted, reason):
    found = evaluate(rows(*results), STERILE)
    assert cell(found, "sterility") == wanted
    assert reason is None or reason in reasons(found)


@pytest.mark.parametrize(
    ("result", "spike", "wanted", "reason"),
    [
        pytest.param("0.1", "100 %", "conforms", None, id="both conform"),
        pytest.param("0.1", "50%", "conforms", None, id="the control lies exactly at its limit"),
        pytest.param("0.9", "100 %", "fails", "above_maximum", id="the result fails with a valid control"),
        pytest.param("0.1", "49.9 %", "inconclusive", "control_failed", id="the control fails"),
        pytest.param(
            "0.9", "201%", "inconclusive", "control_failed", id="the result would fail, but so did its control"
        ),
        pytest.param("0.1", "", "inconclusive", "control_missing", id="the control is empty"),
        pytest.param("0.9", " ", "inconclusive", "control_missing", id="a blank is no control"),
        pytest.param("0.1", "pending", "inconclusive", "control_missing", id="the control is still running"),
        pytest.param("0.1", "100", "inconclusive", "control_inconclusive", id="the control has no unit"),
        pytest.param("0.1", ">40 %", "inconclusive", "control_inconclusive", id="the control is censored"),
        pytest.param("0.1", "ok", "inconclusive", "control_inconclusive", id="the control is no number"),
        pytest.param("", "10 %", "missing", "empty_result", id="an empty result is missing, whatever its control says"),
        pytest.param("pending", "", "missing", "interim_word", id="an interim answer is missing without a control"),
        pytest.param("?", "10 %", "inconclusive", "control_failed", id="neither can be read"),
    ],
)
def test_a_control_in_a_column_decides_whether_the_result_of_its_row_counts(result, spike, wanted, reason):
    found = evaluate(rows(endotoxin(result, spike)), SPIKED)
    assert cell(found, "endotoxin") == wanted
    assert reason is None or reason in reasons(found)


def test_an_absent_column_is_a_missing_control():
    found = evaluate(rows(("endotoxin", "0.1", "EU/mL")), SPIKED)
    assert (cell(found, "endotoxin"), reasons(found)) == ("inconclusive", {"control_missing"})


@pytest.mark.parametrize(
    ("spike", "unit", "wanted"),
    [
        ("100", "%", "conforms"),
        ("100%", "%", "conforms"),
        ("100", "", "inconclusive"),
        ("100", "EU/mL", "inconclusive"),
    ],
    ids=["its own unit", "a percent sign beside percent", "no unit", "another kind of unit"],
)
def test_the_unit_of_a_control_stands_in_a_column_of_its_own(spike, unit, wanted):
    assert cell(evaluate(rows(endotoxin("0.1", spike, spike_unit=unit)), SPIKED), "endotoxin") == wanted


def test_no_row_heals_the_control_of_another_row():
    found = evaluate(rows(endotoxin("0.1", "100 %"), endotoxin("0.2", "10 %")), SPIKED)
    assert (cell(found, "endotoxin"), reasons(found)) == ("inconclusive", {"control_failed"})


def test_a_row_with_a_valid_control_fails_beside_one_without():
    found = evaluate(rows(endotoxin("0.9", "100 %"), endotoxin("0.2", "10 %")), SPIKED)
    assert disposition(found) == "reject"


def test_a_control_that_fails_is_no_failure_of_the_batch():
    found = evaluate(rows(GROWN, DOES_NOT_GROW), STERILE)
    assert disposition(found) == "hold"
    assert "fails" not in set(found.findings["verdict"])


def test_the_finding_says_what_the_result_would_have_been():
    test, column = (
        evaluate(rows(GROWN, DOES_NOT_GROW), STERILE),
        evaluate(rows(endotoxin("0.9", "10 %")), SPIKED),
    )
    said = [found.findings.query("reason_code == 'control_failed'")["explanation"].iloc[0] for found in (test, column)]
    assert "it would fail" in said[0]
    assert "spike reports “10 %”; the result would fail: above maximum" in said[1]


def test_the_row_of_a_control_that_failed_is_inconclusive():
    found = row_verdicts(rows(CLEAN, DOES_NOT_GROW), STERILE)
    assert found == [("conforms", "conforms"), ("inconclusive", "control_failed")]


def test_a_row_that_is_a_control_here_and_a_result_there_has_the_worse_verdict():
    own = {"id": "growth_promotion", "one_of": ["growth"]}
    found = row_verdicts(rows(CLEAN, DOES_NOT_GROW), STERILE, own)
    assert found[1] == ("fails", "word_not_listed")


def test_the_test_of_a_control_is_a_listed_test():
    assert "unmatched_test" not in reasons(evaluate(rows(CLEAN, GROWS), STERILE))


def test_why_a_control_is_missing_is_said():
    found = evaluate(rows(CLEAN, ("growth_promotion", "pending", "")), STERILE)
    assert reasons(found) == {"control_missing", "interim_word"}


@pytest.mark.parametrize(
    ("blank", "wanted"), [("0.01", "conforms"), ("0.03", "alert"), ("0.06", "inconclusive"), ("<0.02", "conforms")]
)
def test_a_control_outside_its_alert_limit_has_to_be_acknowledged(blank, wanted):
    alert = BLANK | {"alert": {"max": "0.02", "unit": "EU/mL"}}
    found = evaluate(rows(("endotoxin", "0.1", "EU/mL"), ("blank", blank, "EU/mL")), ENDOTOXIN | {"controls": [alert]})
    assert cell(found, "endotoxin") == wanted
    column = {"column": "blank", **{key: alert[key] for key in ("limit", "alert")}}
    found = evaluate(rows(endotoxin("0.1", "", blank=blank, blank_unit="EU/mL")), ENDOTOXIN | {"controls": [column]})
    assert cell(found, "endotoxin") == wanted
    assert (wanted != "alert") or reasons(found) == {"control_outside_alert_limit"}


def test_controls_are_not_rounded():
    spiked = SPIKED | {"rounding": "usp"}
    assert cell(evaluate(rows(endotoxin("0.1", "49.9 %")), spiked), "endotoxin") == "inconclusive"


def test_of_several_controls_all_must_conform():
    both = ENDOTOXIN | {"controls": [SPIKE, BLANK, POSITIVE]}
    good = endotoxin("0.1", "100 %", positive_control="detected")
    blank = ("blank", "0.01", "EU/mL")
    assert cell(evaluate(rows(good, blank), both), "endotoxin") == "conforms"
    for damage in ({"spike": ""}, {"positive_control": "not detected"}):
        assert cell(evaluate(rows(good | damage, blank), both), "endotoxin") == "inconclusive"
    assert cell(evaluate(rows(good), both), "endotoxin") == "inconclusive"


def test_listed_methods_are_those_of_the_result_and_not_of_its_control():
    listed = STERILE | {"methods": ["culture"]}
    result = {"test": "sterility", "result": "no growth", "method": "culture"}
    control = {"test": "growth_promotion", "result": "growth", "method": "plate"}
    assert cell(evaluate(rows(result, control), listed), "sterility") == "conforms"


# ---- with every kind of criterion ----

MEAN = VIABILITY | {"replicates": "mean"}
TWO_OF_THREE = VIABILITY | {"replicates": "n_of_m", "replicates_conforming": 2, "replicates_total": 3}
KARYOTYPE = {"id": "karyotype", "karyotype": {"min_metaphases": "20"}}
IDENTITY = {"id": "identity", "identity": {"equals": "@code"}}
AGREEMENT = {"id": "viability", "agreement": {"stage": "cell_bank", "absolute": "5", "unit": "%"}}
POTENCY = {
    "id": "potency",
    "any_of": [
        {"test": "a", "limit": {"min": "70", "unit": "%"}},
        {"test": "b", "limit": {"min": "70", "unit": "%"}},
    ],
}


def replicates(*results):
    return [
        {"test": "viability", "result": text, "unit": "%", "replicate": str(at), "stage": "drug_product_release"}
        for at, text in enumerate(results)
    ]


def two_stages(here, there):
    (row,) = replicates(here)
    return [row, row | {"result": there, "stage": "cell_bank"}]


CRITERIA = [
    pytest.param(MEAN, replicates("80", "90"), replicates("50", "60"), id="the mean of replicates"),
    pytest.param(TWO_OF_THREE, replicates("80", "90", "5"), replicates("1", "2", "3"), id="two of three replicates"),
    pytest.param(
        KARYOTYPE,
        [{"test": "karyotype", "result": "46,XX[20]"}],
        [{"test": "karyotype", "result": "46,XX[19]"}],
        id="a karyotype",
    ),
    pytest.param(
        IDENTITY, [{"test": "identity", "result": "abc"}], [{"test": "identity", "result": "abd"}], id="an identity"
    ),
    pytest.param(AGREEMENT, two_stages("90", "92"), two_stages("90", "60"), id="an agreement with another stage"),
    pytest.param(
        POTENCY,
        [{"test": "a", "result": "80", "unit": "%"}],
        [{"test": "a", "result": "8", "unit": "%"}, {"test": "b", "result": "8", "unit": "%"}],
        id="an alternative",
    ),
]


def judge(requirement, results, *, control):
    controlled = requirement | {"controls": [POSITIVE, GROWTH]}
    named = [row | {"positive_control": control} for row in results]
    grows = {"test": "growth_promotion", "result": "growth", "stage": "drug_product_release"}
    options = {"batches": {"code": "abc"}, "stage": "drug_product_release"}
    return evaluate(rows({"stage": "drug_product_release"} | grows, *named), controlled, **options)


@pytest.mark.parametrize(("requirement", "good", "bad"), CRITERIA)
def test_controls_work_with(requirement, good, bad):
    found = {
        name: cell(judge(requirement, results, control=control), requirement["id"])
        for name, results, control in (
            ("good", good, "detected"),
            ("bad", bad, "detected"),
            ("good without control", good, "not detected"),
            ("bad without control", bad, ""),
        )
    }
    failing = "inconclusive" if requirement is KARYOTYPE else "fails"
    assert found == {
        "good": "conforms",
        "bad": failing,
        "good without control": "inconclusive",
        "bad without control": "inconclusive",
    }


@pytest.mark.parametrize(("requirement", "good", "bad"), CRITERIA)
def test_controls_in_rows_of_their_own_work_with(requirement, good, bad):
    controlled = requirement | {"controls": [GROWTH]}
    for results in (good, bad):
        named = [{"stage": "drug_product_release"} | row for row in results]
        failed = {"test": "growth_promotion", "result": "no growth", "stage": "drug_product_release"}
        found = evaluate(rows(failed, *named), controlled, batches={"code": "abc"}, stage="drug_product_release")
        assert cell(found, requirement["id"]) == "inconclusive"


def test_one_replicate_without_control_makes_the_mean_inconclusive():
    results = [row | {"positive_control": "detected" * at} for at, row in enumerate(replicates("80", "90"))]
    found = evaluate(rows(*results), MEAN | {"controls": [POSITIVE]})
    assert cell(found, "viability") == "inconclusive"
    assert {"control_missing"} <= reasons(found)


RATE = {"id": "rate", "limit": {"max": "5", "unit": "EU/kg/h"}}
DERIVED = {
    "id": "rate",
    "function": "endotoxin_per_kg_hour",
    "inputs": {"concentration": "endotoxin", "volume": "@volume", "weight": "@weight", "duration": "@hours"},
}
RECIPIENT = {"volume": "50", "volume_unit": "mL", "weight": "7", "weight_unit": "kg", "hours": "1", "hours_unit": "h"}


@pytest.mark.parametrize(
    ("result", "spike", "wanted"),
    [
        ("0.5", "100 %", "conforms"),
        ("0.5", "10 %", "inconclusive"),
        ("9", "100 %", "fails"),
        ("9", "10 %", "inconclusive"),
    ],
)
def test_a_computed_result_is_worth_what_the_controls_of_its_inputs_say(result, spike, wanted):
    blank = [("blank", "0.01", "EU/mL")] if spike == "100 %" else []
    for controls, rest in (([SPIKE], []), ([BLANK], blank)):
        given = ENDOTOXIN | {"controls": controls, "limit": {"max": "90", "unit": "EU/mL"}}
        results = rows(endotoxin(result, spike), *rest)
        found = evaluate(results, given, RATE, derived=[DERIVED], batches=RECIPIENT)
        assert cell(found, "rate") == wanted
        said = found.findings.query("requirement_id == 'rate'")["explanation"].tolist()
        assert any("the result is no evidence" in text for text in said) == (wanted == "inconclusive")


def test_a_requirement_without_controls_does_not_ask_for_those_of_another():
    other = ENDOTOXIN | {"id": "other", "test": "endotoxin"}
    found = evaluate(rows(endotoxin("0.1", "10 %")), SPIKED, other)
    assert (cell(found, "endotoxin"), cell(found, "other")) == ("inconclusive", "conforms")


def test_a_result_that_the_sponsor_must_judge_stays_open():
    unset = {"id": "sterility", "sponsor_must_set": True, "controls": [GROWTH]}
    found = evaluate(rows(CLEAN, GROWS), unset)
    assert (cell(found, "sterility"), reasons(found)) == ("inconclusive", {"sponsor_must_set"})


def test_a_late_result_is_waited_for_while_its_control_conforms_or_is_missing():
    late = STERILE | {"timing": "after_release", "due": "14 d"}
    made = {"manufactured_at": "2026-06-20"}
    words = [
        disposition(evaluate(rows(("other", "1", ""), *results), late, batches=made, unlisted_tests="report"))
        for results in ([], [GROWS], [DOES_NOT_GROW], [CLEAN], [CLEAN, GROWS])
    ]
    assert words == ["conditional", "conditional", "hold", "hold", "eligible"]


# ---- a model of its own ----

VALUES = {"80": "conforms", "60": "fails", "": "missing", "?": "inconclusive", "pending": "missing"}
WORDS = {"growth": "conforms", "no growth": "fails", "": "missing", "sprouts": "inconclusive", "pending": "missing"}
SPIKES = {"100 %": "conforms", "10 %": "fails", "": "missing", "?": "inconclusive", "pending": "missing"}
ORDER = ["missing", "conforms", "alert", "inconclusive", "fails"]


def standing(verdict, status, text):
    if status == "preliminary":
        return "missing" if verdict == "conforms" else verdict
    if status in {"unverified", "cancelled"}:
        return "inconclusive" if text else "missing"
    return verdict


def expected(results, controls):
    """Return what the cell must be, by the words of the specification format and nothing else."""
    of_rows = []
    for value, spike, status in results:
        verdict = standing(VALUES[value], status, value)
        if verdict != "missing" and status not in {"unverified", "cancelled"} and SPIKES[spike] != "conforms":
            verdict = "inconclusive"
        of_rows.append(verdict)
    result = max(of_rows, key=ORDER.index, default="missing")
    control = max(
        (standing(WORDS[word], status, word) for word, status in controls), key=ORDER.index, default="missing"
    )
    if control == "conforms":
        return result
    if control == "missing":
        return "missing" if result == "missing" else "inconclusive"
    return "inconclusive"


STATUSES = st.sampled_from(["verified", "verified", "preliminary", "unverified", "cancelled"])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(list(VALUES)), st.sampled_from(list(SPIKES)), STATUSES), max_size=4),
    st.lists(st.tuples(st.sampled_from(list(WORDS)), STATUSES), max_size=3),
)
def test_controls_agree_with_a_model_of_their_own(results, controls):
    entries = [
        {"test": "viability", "result": value, "unit": "%" if value.isdigit() else "", "spike": spike, "status": status}
        for value, spike, status in results
    ]
    entries += [{"test": "growth_promotion", "result": word, "status": status} for word, status in controls]
    entries.append({"test": "other", "result": "1"})
    requirement = VIABILITY | {"controls": [SPIKE, GROWTH]}
    found = evaluate(rows(*entries), requirement, {"id": "other", "limit": {"min": "1"}})
    assert cell(found, "viability") == expected(results, controls)
