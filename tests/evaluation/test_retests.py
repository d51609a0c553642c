"""Out of specification: the first result is never forgotten, and retests are allowed beforehand or not at all.

21 CFR 610.1: all results are considered; a result may be disregarded only when the test is established invalid due to
causes unrelated to the product. 21 CFR 211.192: any unexplained failure is investigated, with conclusions and follow-up.
"""

import pytest

from strategies import ENDOTOXIN, STERILITY, VIABILITY, cell, disposition, evaluate, reasons, row_verdicts, rows

ONE = ENDOTOXIN | {"retests": 1}
TWO = ENDOTOXIN | {"retests": 2}
PROOF = {"investigation_id": "OOS-1", "assignable_cause": "vial broke", "analyst": "Kim", "invalidated_by": "Park"}


def result(identity, text, **columns):
    return {"test": "endotoxin", "result": text, "unit": "EU/mL", "result_id": identity} | columns


def invalid(identity, text, **columns):
    return result(identity, text, status="invalidated", **(PROOF | columns))


FIRST = invalid("R1", "0.9")
RETEST = result("R2", "0.1", retest_of="R1")


# ---- what an invalidation needs ----


@pytest.mark.parametrize(
    ("lacks", "reason"),
    [
        ("investigation_id", "invalidation_without_investigation"),
        ("assignable_cause", "invalidation_without_cause"),
        ("invalidated_by", "invalidation_without_second_person"),
        ("analyst", "invalidation_without_second_person"),
    ],
)
@pytest.mark.parametrize(
    ("text", "wanted"), [("0.9", "fails"), ("0.1", "alert")], ids=["a failure", "a conforming one"]
)
def test_an_invalidation_that_lacks_something_takes_no_effect_and_says_so(lacks, reason, text, wanted):
    found = evaluate(rows(invalid("R1", text) | {lacks: ""}), ONE)
    assert cell(found, "endotoxin") == wanted
    assert reason in reasons(found)


@pytest.mark.parametrize("approver", ["Kim", " kim ", "KIM.", "Ｋｉｍ", "K\u200bim"])
def test_nobody_invalidates_a_result_of_their_own(approver):
    found = evaluate(rows(FIRST | {"invalidated_by": approver}, RETEST), ONE)
    assert (disposition(found), cell(found, "endotoxin")) == ("reject", "fails")


@pytest.mark.parametrize(
    ("analyst", "approver"),
    [
        pytest.param("Kim, Anna", "Anna Kim", id="the parts of the name in another order"),
        pytest.param("Kim / Park", "park", id="one of two who measured"),
        pytest.param("Kim", "Park and Kim", id="whoever measured, with somebody else"),
        pytest.param("A. Kim", "Kim", id="perhaps the same person"),
        pytest.param("n/a", "Park", id="nobody measured"),
        pytest.param("Kim", "N.A.", id="nobody approved"),
        pytest.param("unknown", "Park", id="nobody knows who measured"),
    ],
)
def test_who_may_be_the_same_person_is_no_second_one(analyst, approver):
    found = evaluate(rows(FIRST | {"analyst": analyst, "invalidated_by": approver}, RETEST), ONE)
    assert (disposition(found), cell(found, "endotoxin")) == ("reject", "fails")
    assert "invalidation_without_second_person" in reasons(found)


@pytest.mark.parametrize("approver", ["Park", "A. Park", "Anna Kim-Park, QA"])
def test_people_who_share_a_part_of_their_names_are_two(approver):
    found = evaluate(rows(FIRST | {"analyst": "Anna Kim Lee", "invalidated_by": approver}, RETEST), ONE)
    assert (disposition(found), cell(found, "endotoxin")) == ("eligible", "alert")


@pytest.mark.parametrize("text", ["n/a", "N.A.", "-", "—", "?", ".", "none", "Unknown", "TBD", "not known", "\u200b"])
@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("assignable_cause", "invalidation_without_cause"),
        ("investigation_id", "invalidation_without_investigation"),
    ],
)
def test_a_word_for_nothing_is_neither_a_cause_nor_an_investigation(column, reason, text):
    found = evaluate(rows(FIRST | {column: text}, RETEST), ONE)
    assert cell(found, "endotoxin") == "fails"
    assert reason in reasons(found)


def test_everything_that_is_missing_is_named():
    found = evaluate(rows(result("R1", "0.1", status="invalidated")), ONE)
    (said,) = found.findings["explanation"]
    assert "without an investigation and an assignable cause and a second person" in said
    assert reasons(found) == {"invalidation_without_investigation"}


def test_an_empty_result_needs_no_proof_to_be_invalid():
    found = evaluate(rows(result("R1", "", status="invalidated"), result("R2", "0.1")), ONE)
    assert (cell(found, "endotoxin"), len(found.findings)) == ("conforms", 0)


# ---- what stays visible ----


def test_a_failing_result_that_was_invalidated_has_to_be_acknowledged():
    found = evaluate(rows(FIRST, RETEST), ONE)
    assert (disposition(found), cell(found, "endotoxin")) == ("eligible", "alert")
    (said,) = found.findings["explanation"]
    assert "investigation OOS-1, invalidated by Park: vial broke" in said
    assert reasons(found) == {"failing_result_invalidated"}


def test_a_failing_result_that_was_revised_has_to_be_acknowledged():
    found = evaluate(rows(result("R1", "0.9", revision="1"), result("R1", "0.1", revision="2")), ENDOTOXIN)
    assert (disposition(found), cell(found, "endotoxin"), reasons(found)) == (
        "eligible",
        "alert",
        {"failing_result_revised"},
    )


@pytest.mark.parametrize("text", ["0.1", "?", "", "<0.5"], ids=["conforming", "unreadable", "empty", "censored"])
def test_a_result_that_did_not_fail_may_be_revised_without_a_word(text):
    found = evaluate(rows(result("R1", text, revision="1"), result("R1", "0.2", revision="2")), ENDOTOXIN)
    assert (cell(found, "endotoxin"), len(found.findings)) == ("conforms", 0)


def test_a_conforming_result_may_be_invalidated_without_a_word_and_without_a_retest():
    found = evaluate(rows(invalid("R1", "0.1"), result("R2", "0.2")), ENDOTOXIN)
    assert (cell(found, "endotoxin"), len(found.findings)) == ("conforms", 0)


def test_rows_say_that_they_would_fail():
    found = row_verdicts(rows(FIRST, RETEST, result("R3", "0.8", revision="1"), result("R3", "0.1", revision="2")), ONE)
    assert found == [
        ("alert", "failing_result_invalidated"),
        ("conforms", "conforms"),
        ("alert", "failing_result_revised"),
        ("conforms", "conforms"),
    ]


@pytest.mark.parametrize(
    ("requirement", "first", "then"),
    [
        pytest.param(STERILITY, ("sterility", "growth", ""), ("sterility", "no growth", ""), id="a word"),
        pytest.param(
            {"id": "identity", "identity": {"equals": "@code"}},
            ("identity", "abd", ""),
            ("identity", "abc", ""),
            id="an identity",
        ),
        pytest.param(
            VIABILITY | {"replicates": "mean"},
            ("viability", "50", "%"),
            ("viability", "90", "%"),
            id="a replicate of a mean",
        ),
        pytest.param(
            VIABILITY | {"replicates": "n_of_m", "replicates_conforming": 1, "replicates_total": 1},
            ("viability", "50", "%"),
            ("viability", "90", "%"),
            id="a replicate of n of m",
        ),
        pytest.param(
            {
                "id": "purity",
                "all_of": [
                    {"test": "a", "limit": {"min": "70", "unit": "%"}},
                    {"test": "b", "limit": {"max": "70", "unit": "%"}},
                ],
            },
            ("a", "50", "%"),
            ("a", "90", "%"),
            id="a part of a composite requirement",
        ),
    ],
)
def test_failures_of_every_kind_stay_visible(requirement, first, then):
    first, then = (dict(zip(("test", "result", "unit"), entry, strict=True)) for entry in (first, then))
    other = {"test": "b", "result": "1", "unit": "%"}
    others = [other] if requirement["id"] == "purity" else []
    batches = {"code": "abc"}
    revised = rows(first | {"result_id": "R", "revision": "1"}, then | {"result_id": "R", "revision": "2"}, *others)
    found = evaluate(revised, requirement, batches=batches)
    assert (cell(found, requirement["id"]), reasons(found)) == ("alert", {"failing_result_revised"})
    replaced = rows(
        first | PROOF | {"result_id": "R1", "status": "invalidated"},
        then | {"result_id": "R2", "retest_of": "R1"},
        *others,
    )
    found = evaluate(replaced, requirement | {"retests": 1}, batches=batches)
    assert (cell(found, requirement["id"]), reasons(found)) == ("alert", {"failing_result_invalidated"})
    found = evaluate(replaced, requirement, batches=batches)
    assert (cell(found, requirement["id"]), disposition(found)) == ("inconclusive", "hold")


def test_a_karyotype_that_was_revised_stays_visible():
    karyotype = {"id": "karyotype", "karyotype": {"min_metaphases": "20", "expected_sex": "female"}}
    first = {"test": "karyotype", "result": "46,XY[20]", "result_id": "R", "revision": "1"}
    found = evaluate(rows(first, first | {"result": "46,XX[20]", "revision": "2"}), karyotype)
    assert (cell(found, "karyotype"), reasons(found)) == ("alert", {"failing_result_revised"})


def test_a_failing_control_that_was_revised_stays_visible():
    controlled = STERILITY | {"controls": [{"test": "growth_promotion", "one_of": ["growth"]}]}
    control = {"test": "growth_promotion", "result": "no growth", "result_id": "C", "revision": "1"}
    found = evaluate(
        rows(("sterility", "no growth", ""), control, control | {"result": "growth", "revision": "2"}), controlled
    )
    assert (cell(found, "sterility"), reasons(found)) == ("alert", {"failing_result_revised"})
    assert "control growth_promotion" in found.findings["explanation"].iloc[0]


def test_a_failure_whose_own_control_failed_is_no_failure_that_has_to_be_acknowledged():
    controlled = ENDOTOXIN | {"controls": [{"column": "spike", "one_of": ["pass"]}]}
    found = evaluate(rows(FIRST | {"spike": "fail"}, result("R2", "0.1", spike="pass")), controlled)
    assert (cell(found, "endotoxin"), len(found.findings)) == ("conforms", 0)


# ---- how many retests ----


def retests(*texts):
    return [result(f"R{number}", text, retest_of="R1") for number, text in enumerate(texts, start=2)]


@pytest.mark.parametrize(
    ("results", "requirement", "wanted", "reason"),
    [
        pytest.param([FIRST, RETEST], ENDOTOXIN, "inconclusive", "retest_not_allowed", id="none is allowed"),
        pytest.param([FIRST], ENDOTOXIN, "inconclusive", "retest_not_allowed", id="none is allowed and none reported"),
        pytest.param([FIRST, RETEST], ONE, "alert", None, id="one is allowed"),
        pytest.param([FIRST, *retests("0.1", "0.2")], ONE, "inconclusive", "too_many_retests", id="two where one is"),
        pytest.param([FIRST, *retests("0.1", "0.2")], TWO, "alert", None, id="two where two are"),
        pytest.param([FIRST, *retests("0.1", "0.7")], TWO, "fails", "above_maximum", id="a retest fails"),
        pytest.param(
            [FIRST, invalid("R2", "0.8", retest_of="R1"), result("R3", "0.1", retest_of="R2")],
            ONE,
            "inconclusive",
            "too_many_retests",
            id="the retest was invalidated and retested",
        ),
        pytest.param(
            [FIRST, invalid("R2", "0.8", retest_of="R1"), result("R3", "0.1", retest_of="R2")],
            TWO,
            "alert",
            None,
            id="the retest was invalidated and retested, and two are allowed",
        ),
        pytest.param(
            [FIRST, invalid("R2", "0.8"), result("R3", "0.1")],
            ONE,
            "inconclusive",
            "too_many_retests",
            id="two failures were invalidated, and nothing says that it is a retest",
        ),
        pytest.param(
            [FIRST, result("R2", "0.1")], ONE, "alert", None, id="one failure, and the retest does not say so"
        ),
        pytest.param(
            [RETEST], ONE, "inconclusive", "retest_without_first_result", id="the first result is not reported"
        ),
        pytest.param(
            [result("R1", "0.1"), RETEST],
            ONE,
            "inconclusive",
            "retest_without_first_result",
            id="the first result conforms and nobody investigates it",
        ),
        pytest.param([RETEST], ENDOTOXIN, "inconclusive", "retest_not_allowed", id="a retest alone, none allowed"),
        pytest.param(
            [result("R1", "0.9"), RETEST], ONE, "fails", "above_maximum", id="the first result was not invalidated"
        ),
        pytest.param(
            [result("R1", "0.9", investigation_id="OOS-1"), RETEST],
            ONE,
            "fails",
            "above_maximum",
            id="the investigation found no cause, so that the first result counts",
        ),
        pytest.param(
            [FIRST, result("R1", "0.1", retest_of="R1")],
            ONE,
            "inconclusive",
            "retest_without_first_result",
            id="a result that retests itself",
        ),
        pytest.param(
            [
                FIRST,
                result("R2", "0.2", retest_of="R1", revision="1"),
                result("R2", "0.1", retest_of="R1", revision="2"),
            ],
            ONE,
            "alert",
            None,
            id="revisions of one retest are one retest",
        ),
        pytest.param([FIRST, RETEST, RETEST], ONE, "alert", None, id="a retest that is written twice is one"),
        pytest.param(
            [FIRST, result("R2", "", retest_of="R1"), result("R3", "0.1", retest_of="R1")],
            ONE,
            "alert",
            None,
            id="an empty row is no retest",
        ),
        pytest.param(
            [result("R1", "0.9", revision="1"), invalid("R1", "", revision="2"), RETEST],
            ENDOTOXIN,
            "inconclusive",
            "retest_not_allowed",
            id="a failure that its invalidation blanks is a failure still",
        ),
    ],
)
def test_retests_are_counted(results, requirement, wanted, reason):
    found = evaluate(rows(*results), requirement)
    assert cell(found, "endotoxin") == wanted
    assert reason is None or reason in reasons(found)


def test_a_sterility_positive_is_never_retested_into_compliance():
    first = {"test": "sterility", "result": "growth", "result_id": "R1", "status": "invalidated"} | PROOF
    later = {"test": "sterility", "result": "no growth", "result_id": "R2"}
    for then in (later, later | {"retest_of": "R1"}):
        assert disposition(evaluate(rows(first, then), STERILITY)) == "hold"


@pytest.mark.parametrize("text", ["Growth in bottle 2", "Bacillus cereus", "growth (aerobic)", "growht"])
def test_a_positive_in_words_of_its_own_is_never_retested_into_compliance(text):
    first = {"test": "sterility", "result": text, "result_id": "S1", "status": "invalidated"} | PROOF
    found = evaluate(rows(first, {"test": "sterility", "result": "no growth", "result_id": "S2"}), STERILITY)
    assert (disposition(found), reasons(found)) == ("hold", {"retest_not_allowed"})


@pytest.mark.parametrize("text", ["invalid", "indeterminate", "pending", "no growth to date"])
def test_a_test_that_gave_no_answer_may_be_repeated(text):
    first = {"test": "sterility", "result": text, "result_id": "S1", "status": "invalidated"} | PROOF
    found = evaluate(rows(first, {"test": "sterility", "result": "no growth", "result_id": "S2"}), STERILITY)
    assert (disposition(found), len(found.findings)) == ("eligible", 0)


def test_retests_count_for_each_batch():
    frame = rows(FIRST, RETEST, FIRST | {"batch_id": "B2"}, RETEST | {"batch_id": "B2"})
    found = evaluate(frame, ONE)
    assert set(found.dispositions["disposition"]) == {"eligible"}


def test_a_first_result_of_another_test_is_none():
    other = {"id": "other", "limit": {"max": "0.5", "unit": "EU/mL"}}
    found = evaluate(rows(FIRST | {"test": "other", "result": "0.1"}, result("R9", "0.1"), RETEST), ONE, other)
    assert cell(found, "endotoxin") == "inconclusive"


# ---- a failure that nothing replaces ----


@pytest.mark.parametrize(
    "results",
    [
        pytest.param([invalid("R1", "0.9")], id="invalidated and not retested"),
        pytest.param([result("R1", "0.9", revision="1"), result("R1", "", revision="2")], id="revised to nothing"),
        pytest.param(
            [result("R1", "0.9", revision="1"), result("R1", "pending", revision="2")], id="revised to pending"
        ),
    ],
)
def test_a_failure_that_nothing_replaces_is_not_waited_for(results):
    late = ONE | {"timing": "after_release", "due": "14 d"}
    found = evaluate(rows(*results), late, batches={"manufactured_at": "2026-06-25"})
    assert (disposition(found), cell(found, "endotoxin")) == ("hold", "missing")
    assert "failing_result_not_replaced" in reasons(found)
    assert found.dispositions["pending"].tolist() == [0]


def test_an_invalidated_result_that_did_not_fail_is_waited_for():
    late = ONE | {"timing": "after_release", "due": "14 d"}
    found = evaluate(rows(invalid("R1", "0.1")), late, batches={"manufactured_at": "2026-06-25"})
    assert disposition(found) == "conditional"


def test_an_unverified_limit_stays_unverified_whatever_was_set_aside():
    found = evaluate(rows(FIRST, RETEST), ONE | {"mark": "unverified"})
    assert cell(found, "endotoxin") == "inconclusive"


# ---- averages ----

MEAN = VIABILITY | {"replicates": "mean"}


def replicates(*texts, **columns):
    return [
        {"test": "viability", "result": text, "unit": "%", "replicate": str(at)} | columns
        for at, text in enumerate(texts)
    ]


@pytest.mark.parametrize("policy", ["mean", "median"])
@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        pytest.param(("80", "90", "85"), "conforms", id="all conform"),
        pytest.param(("60", "90", "95"), "alert", id="one would fail and the average conforms"),
        pytest.param(("10", "20", "90"), "fails", id="the average fails"),
        pytest.param(("70", "70", "70"), "conforms", id="all lie exactly at the limit"),
    ],
)
def test_an_average_never_hides_a_result_outside(policy, texts, wanted):
    found = evaluate(rows(*replicates(*texts)), VIABILITY | {"replicates": policy})
    assert cell(found, "viability") == wanted
    hidden = found.findings.query("reason_code == 'individual_result_outside'")
    assert hidden["reported"].tolist() == (["60"] if wanted == "alert" else [])


def test_a_preliminary_result_outside_is_none():
    good, bad = replicates("90", "50")
    found = evaluate(rows(good, bad | {"status": "preliminary"}), MEAN)
    assert "individual_result_outside" not in reasons(found)


def test_n_of_m_says_beforehand_how_many_may_lie_outside():
    policy = VIABILITY | {"replicates": "n_of_m", "replicates_conforming": 2, "replicates_total": 3}
    found = evaluate(rows(*replicates("80", "90", "10")), policy)
    assert (cell(found, "viability"), len(found.findings)) == ("conforms", 0)


def test_the_rows_of_an_average_have_no_verdict_of_their_own():
    assert row_verdicts(rows(*replicates("60", "90")), MEAN) == [("missing", "judged_with_others")] * 2


# ---- inputs of derived results ----

DOSE = {"dose_volume": "50", "dose_volume_unit": "mL", "recipient_weight": "70", "recipient_weight_unit": "kg"}
DOSE |= {"infusion_hours": "1", "infusion_hours_unit": "h"}
COMPUTED = {
    "id": "rate",
    "function": "endotoxin_per_kg_hour",
    "inputs": {
        "concentration": "endotoxin",
        "volume": "@dose_volume",
        "weight": "@recipient_weight",
        "duration": "@infusion_hours",
    },
}
RATE = {"id": "rate", "limit": {"max": "5", "unit": "EU/kg/h"}}
REPORTED = {"id": "endotoxin", "report_only": True}


def rate(*results, limit=RATE, test=REPORTED):
    return evaluate(rows(*results), limit, *([] if test is None else [test]), derived=[COMPUTED], batches=DOSE)


@pytest.mark.parametrize("test", [REPORTED, None], ids=["only reported", "only an input"])
def test_an_invalidated_input_of_a_derived_result_is_never_forgotten(test):
    found = rate(invalid("R1", "100"), result("R2", "0.1"), test=test)
    assert (disposition(found), cell(found, "rate"), reasons(found)) == ("hold", "inconclusive", {"input_invalidated"})


@pytest.mark.parametrize(
    ("limit", "test"),
    [
        pytest.param(RATE | {"retests": 1}, REPORTED, id="of the derived result"),
        pytest.param(
            RATE, ONE | {"limit": {"max": "1000", "unit": "EU/mL"}}, id="of the test that it is computed from"
        ),
    ],
)
def test_an_input_that_may_be_retested_is_an_alert(limit, test):
    found = rate(invalid("R1", "100"), result("R2", "0.1"), limit=limit, test=test)
    assert (disposition(found), cell(found, "rate"), reasons(found)) == ("eligible", "alert", {"input_invalidated"})
    (said,) = found.findings["explanation"]
    assert "was invalidated, and with it the requirement ≤ 5 EU/kg/h may not be met" in said


def revised(*texts, **columns):
    return [result("R1", text, revision=str(number), **columns) for number, text in enumerate(texts)]


@pytest.mark.parametrize("test", [REPORTED, None], ids=["only reported", "only an input"])
def test_an_input_with_which_a_derived_result_would_have_failed_before_its_revision_is_an_alert(test):
    found = rate(*revised("100", "0.1"), test=test)
    assert (disposition(found), cell(found, "rate"), reasons(found)) == ("eligible", "alert", {"input_revised"})
    (said,) = found.findings["explanation"]
    assert "was revised, and with what it said before the requirement ≤ 5 EU/kg/h may not be met" in said
    assert "result R1, revision 0" in said


def test_every_earlier_text_of_an_input_is_looked_at():
    found = rate(*revised("100", "0.2", "90", "0.1"))
    assert found.findings["reported"].tolist() == ["100", "90"]


def test_a_revision_of_an_input_is_no_retest():
    found = rate(*revised("100", "90", "0.1"), invalid("R2", "95"), limit=RATE | {"retests": 1})
    assert (disposition(found), reasons(found)) == ("eligible", {"input_revised", "input_invalidated"})


@pytest.mark.parametrize("text", ["0.2", "pending", "", "?"])
def test_a_revised_input_with_which_nothing_fails_needs_no_word(text):
    found = rate(*revised(text, "0.1"))
    assert (disposition(found), cell(found, "rate"), len(found.findings)) == ("eligible", "conforms", 0)


def test_revised_inputs_are_no_part_of_an_investigation():
    assert len(rate(*revised("100", "0.1")).investigations) == 0


@pytest.mark.parametrize("stage", ["cell_bank", "drug_product_release"])
def test_a_revised_result_that_is_compared_is_an_alert(stage):
    revisions = [result("C", text, stage=stage, revision=str(at)) for at, text in enumerate(["0.1", "0.9"])]
    other = result("A", "0.9", stage="cell_bank" if stage == "drug_product_release" else "drug_product_release")
    requirement = {"id": "same", "test": "endotoxin", "agreement": {"stage": "cell_bank", "relative": "10"}}
    bank = {"id": "bank", "test": "endotoxin", "stage": "cell_bank", "limit": {"max": "100", "unit": "EU/mL"}}
    found = evaluate(rows(other, *revisions), requirement, bank)
    assert (disposition(found), cell(found, "same"), reasons(found)) == ("eligible", "alert", {"input_revised"})


def test_two_invalidated_inputs_are_more_than_one():
    found = rate(invalid("R1", "100"), invalid("R2", "90"), result("R3", "0.1"), limit=RATE | {"retests": 1})
    assert (disposition(found), cell(found, "rate")) == ("hold", "inconclusive")


def test_an_invalidated_input_with_which_nothing_fails_needs_no_word():
    found = rate(invalid("R1", "0.2"), result("R2", "0.1"))
    assert (disposition(found), cell(found, "rate"), len(found.findings)) == ("eligible", "conforms", 0)


@pytest.mark.parametrize(("amount", "wanted"), [("1E6", "hold"), ("1E9", "eligible")])
def test_an_invalidated_input_is_computed_with_the_columns_of_its_row(amount, wanted):
    derived = {
        "id": "residual",
        "function": "residual_cells_bound_by_count",
        "inputs": {
            "positives": "colonies",
            "examined": {"test": "colonies", "column": "sample_amount"},
            "efficiency": "50 %",
            "detection_limit": "0.0005 %",
            "dose": "@dose_cells",
        },
    }
    first = {"test": "colonies", "result": "50", "result_id": "C1", "status": "invalidated", "sample_amount": amount}
    second = {"test": "colonies", "result": "0", "result_id": "C2", "sample_amount": "1E6"}
    found = evaluate(
        rows(first | PROOF, second, sample_amount_unit="cells"),
        {"id": "residual", "limit": {"max": "1000", "unit": "cells"}},
        {"id": "colonies", "report_only": True},
        derived=[derived],
        batches={"dose_cells": "1E8", "dose_cells_unit": "cells"},
    )
    assert disposition(found) == wanted


@pytest.mark.parametrize("text", ["invalid", "pending", ""])
def test_an_input_that_gave_no_answer_may_be_repeated(text):
    found = rate(invalid("R1", text), result("R2", "0.1"))
    assert (disposition(found), cell(found, "rate")) == ("eligible", "conforms")


def test_an_input_whose_invalidation_takes_no_effect_still_rejects():
    found = rate(invalid("R1", "100", invalidated_by="Kim"), result("R2", "0.1"))
    assert (disposition(found), cell(found, "rate")) == ("reject", "fails")


@pytest.mark.parametrize("stage", ["cell_bank", "drug_product_release"])
@pytest.mark.parametrize(
    "criterion",
    [{"agreement": {"stage": "cell_bank", "relative": "10"}}, {"identity": {"equals_stage": "cell_bank"}}],
    ids=["agreement", "identity"],
)
def test_an_invalidated_result_that_was_to_be_compared_is_never_forgotten(criterion, stage):
    banked, released = result("A", "0.9", stage="cell_bank"), result("B", "0.9", stage="drug_product_release")
    requirement = {"id": "same", "test": "endotoxin"} | criterion
    bank = {"id": "bank", "test": "endotoxin", "stage": "cell_bank", "limit": {"max": "100", "unit": "EU/mL"}}
    found = evaluate(rows(banked, released, invalid("C", "0.1", stage=stage)), requirement, bank)
    assert (disposition(found), reasons(found)) == ("hold", {"input_invalidated"})
