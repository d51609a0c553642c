"""The life of an investigation can be read in one table, and what a late failure demands in another."""

import pandas as pd
import pytest

import regenqc
from regenqc.evaluation.consequences import CONSEQUENCE_FILE
from regenqc.evaluation.investigations import INVESTIGATION_FILE
from strategies import AS_OF, ENDOTOXIN, STERILITY, VIABILITY, cell, disposition, evaluate, rows, specification

ONE = ENDOTOXIN | {"retests": 1}
PROOF = {"investigation_id": "OOS-1", "assignable_cause": "vial broke", "analyst": "Kim", "invalidated_by": "Park"}


def result(identity, text, **columns):
    return {"test": "endotoxin", "result": text, "unit": "EU/mL", "result_id": identity} | columns


LIFE = [
    result("R3", "0.1", retest_of="R1", investigation_id="OOS-1", analyst="Lee"),
    result("R2", "0.2"),
    result("R1", "0.9", status="invalidated", revision="2", **PROOF),
    result("R1", "0.9", revision="1", analyst="Kim"),
]


def test_the_life_of_an_investigation_is_told_in_order():
    found = evaluate(rows(*LIFE), ONE).investigations
    columns = [
        "investigation_id",
        "result_id",
        "revision",
        "retest_of",
        "verdict_if_counted",
        "counts",
        "why",
        "row_number",
    ]
    assert found[columns].to_numpy().tolist() == [
        ["", "R1", "1", "", "fails", "no", "a later revision counts in its place", 4],
        ["OOS-1", "R1", "2", "", "fails", "no", "it was invalidated", 3],
        ["OOS-1", "R3", "", "R1", "conforms", "yes", "", 1],
    ]


def test_everything_about_a_row_is_listed():
    (row,) = evaluate(rows(LIFE[2] | {"revision": ""}), ONE).investigations.to_dict("records")
    assert row == {
        "batch_id": "B1",
        "stage": "drug_product_release",
        "test": "endotoxin",
        "requirement_id": "endotoxin",
        "investigation_id": "OOS-1",
        "result_id": "R1",
        "revision": "",
        "retest_of": "",
        "reported": "0.9",
        "unit": "EU/mL",
        "status": "invalidated",
        "analyst": "Kim",
        "invalidated_by": "Park",
        "assignable_cause": "vial broke",
        "verdict_if_counted": "fails",
        "counts": "no",
        "why": "it was invalidated",
        "row_number": 1,
        "source": "<frame>",
        "spec_id": "example/small",
    }


@pytest.mark.parametrize(
    ("columns", "verdict", "counts", "why"),
    [
        pytest.param({"investigation_id": "I"}, "fails", "yes", "", id="an investigation that found nothing"),
        pytest.param(
            {"status": "invalidated"} | PROOF | {"invalidated_by": "Kim"},
            "fails",
            "yes",
            "its invalidation takes no effect without a second person",
            id="an invalidation without effect",
        ),
        pytest.param(
            {"investigation_id": "I", "status": "unverified"},
            "fails",
            "no",
            "it is not verified by the laboratory",
            id="not verified",
        ),
        pytest.param(
            {"investigation_id": "I", "status": "cancelled"},
            "fails",
            "no",
            "it was cancelled although it has a result",
            id="cancelled",
        ),
        pytest.param(
            {"investigation_id": "I", "status": "preliminary"}, "fails", "yes", "it is preliminary", id="preliminary"
        ),
        pytest.param({"investigation_id": "I", "result": ""}, "missing", "no", "it is empty", id="empty"),
        pytest.param({"retest_of": "R0"}, "fails", "yes", "", id="a retest"),
    ],
)
def test_why_a_row_counts_or_does_not(columns, verdict, counts, why):
    (row,) = evaluate(rows(result("R1", "0.9") | columns), ONE).investigations.to_dict("records")
    assert (row["verdict_if_counted"], row["counts"], row["why"]) == (verdict, counts, why)


def test_a_row_that_no_requirement_names_is_listed_under_the_record():
    (row,) = evaluate(
        rows(result("R1", "0.1"), result("R2", "1", test="other", investigation_id="I")), ONE
    ).investigations.to_dict("records")
    assert (row["requirement_id"], row["verdict_if_counted"]) == ("result_record", "inconclusive")


def test_a_row_of_a_requirement_that_does_not_apply_is_listed_without_one():
    frozen = ONE | {"when": {"formulation": ["cryopreserved"]}}
    found = evaluate(rows(LIFE[2]), frozen, VIABILITY, batches={"formulation": "fresh"})
    (row,) = found.investigations.to_dict("records")
    assert (row["requirement_id"], row["spec_id"], row["counts"]) == ("", "", "no")


def test_a_row_that_two_specifications_judge_is_listed_for_each():
    judged_by = [specification(ONE, id=f"example/{name}") for name in ("b", "a")]
    found = regenqc.evaluate(rows(LIFE[2]), judged_by, as_of=AS_OF).investigations
    assert found["spec_id"].tolist() == ["example/b", "example/a"]


def test_a_run_without_investigations_lists_nothing_but_the_header():
    found = evaluate(
        rows(result("R1", "0.1"), result("R2", "0.1", revision="1"), result("R2", "0.2", revision="2")), ONE
    )
    assert (len(found.investigations), list(found.investigations.columns)) == (0, INVESTIGATION_FILE.names)
    assert (len(found.consequences), list(found.consequences.columns)) == (0, CONSEQUENCE_FILE.names)


def test_a_row_that_is_written_twice_is_listed_once():
    found = evaluate(rows(*LIFE, *LIFE), ONE).investigations
    assert found["row_number"].tolist() == [4, 3, 1]


def test_only_the_wanted_stage_is_listed():
    staged = [row | {"stage": stage} for row in LIFE for stage in ("drug_product_release", "cell_bank")]
    both = [ONE, ONE | {"id": "endotoxin_bank", "test": "endotoxin", "stage": "cell_bank"}]
    assert set(evaluate(rows(*staged), *both).investigations["stage"]) == {"cell_bank", "drug_product_release"}
    assert set(evaluate(rows(*staged), *both, stage="cell_bank").investigations["stage"]) == {"cell_bank"}


# ---- consequences ----

INFORM = {"action": "Inform the treating physician", "citation": "procedure 12", "within": "24 h"}
IDENTIFY = {"action": "Identify the organism", "citation": "procedure 13"}
LATE = STERILITY | {"timing": "after_release", "due": "14 d", "consequences": [INFORM, IDENTIFY]}
MADE = {"manufactured_at": "2026-06-20"}
VIABLE = {"test": "viability", "result": "90", "unit": "%"}


def judge(*results, requirement=LATE, batches=MADE, **options):
    return evaluate(rows(VIABLE, *results), VIABILITY, requirement, batches=batches, **options)


def test_a_late_positive_demands_its_consequences():
    found = judge(("sterility", "growth", ""))
    assert disposition(found) == "reject"
    common = {
        "batch_id": "B1",
        "spec_id": "example/small",
        "requirement_id": "sterility",
        "stage": "drug_product_release",
        "triggered_by_row": 2,
        "source": "<frame>",
    }
    assert found.consequences.to_dict("records") == [common | INFORM, common | IDENTIFY | {"within": ""}]


def test_the_finding_of_a_late_positive_says_what_has_to_be_done():
    (said,) = judge(("sterility", "growth", "")).findings["explanation"]
    assert said.endswith(
        "; to be done now: Inform the treating physician (within 24 h) [procedure 12]; Identify the organism [procedure 13]."
    )


@pytest.mark.parametrize(
    ("results", "wanted"),
    [
        pytest.param([], "conditional", id="nothing yet"),
        pytest.param([("sterility", "no growth to date", "")], "conditional", id="negative to date"),
        pytest.param([("sterility", "no growth", "")], "eligible", id="a final negative"),
        pytest.param([("sterility", "invalid", "")], "hold", id="an invalid test"),
    ],
)
def test_without_a_failure_nothing_has_to_be_done(results, wanted):
    found = judge(*results)
    assert (disposition(found), len(found.consequences)) == (wanted, 0)


def test_a_preliminary_positive_demands_them_already():
    found = judge({"test": "sterility", "result": "growth", "status": "preliminary"})
    assert len(found.consequences) == 2


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"mark": "unverified"}, id="a limit that nobody has verified"),
        pytest.param({"controls": [{"column": "control", "one_of": ["pass"]}]}, id="a result without its control"),
        pytest.param({"when": {"formulation": ["fresh"]}}, id="a requirement that may not apply"),
    ],
)
def test_what_does_not_fail_demands_nothing(changes):
    found = judge(("sterility", "growth", ""), requirement=LATE | changes)
    assert (cell(found, "sterility"), len(found.consequences)) == ("inconclusive", 0)
    assert not found.findings["explanation"].str.contains("to be done").any()


def test_a_failing_composite_names_the_first_row_that_failed():
    parts = [{"test": name, "limit": {"min": "70", "unit": "%"}} for name in ("a", "b")]
    late = {"id": "both", "any_of": parts, **{key: LATE[key] for key in ("timing", "due", "consequences")}}
    found = judge(("b", "10", "%"), ("a", "20", "%"), requirement=late)
    assert found.consequences["triggered_by_row"].tolist() == [2, 2]
    assert found.findings["explanation"].str.contains("to be done").tolist() == [True, True, True]


def test_a_failing_mean_names_a_computed_row():
    late = VIABILITY | {
        "id": "late",
        "test": "count",
        "replicates": "mean",
        **{key: LATE[key] for key in ("timing", "due", "consequences")},
    }
    found = judge(("count", "10", "%"), requirement=late)
    assert found.consequences["source"].tolist() == ["(computed)"] * 2


def test_consequences_of_several_batches_stand_in_order():
    frame = pd.concat([rows(VIABLE, ("sterility", "growth", "")).assign(batch_id=name) for name in ("B2", "B1")])
    batches = pd.DataFrame({"batch_id": ["B1", "B2"], "manufactured_at": "2026-06-20"})
    found = regenqc.evaluate(frame, specification(VIABILITY, LATE), batches=batches, as_of=AS_OF)
    assert found.consequences["batch_id"].tolist() == ["B1", "B1", "B2", "B2"]
    assert found.consequences["triggered_by_row"].tolist() == [4, 4, 2, 2]


# ---- release in steps ----

RAPID = {"id": "rapid_sterility", "one_of": ["not detected"]}
GRAM = {"id": "gram_stain", "one_of": ["negative"]}
TO_DATE = {"id": "sterility_day_7", "test": "sterility_to_date", "one_of": ["no growth", "no growth to date"]}


@pytest.mark.parametrize(
    ("requirement", "negative", "positive"),
    [
        pytest.param(GRAM, ("gram_stain", "negative", ""), ("gram_stain", "positive", ""), id="a Gram stain"),
        pytest.param(RAPID, ("rapid_sterility", "ND", ""), ("rapid_sterility", "detected", ""), id="a rapid method"),
        pytest.param(
            TO_DATE,
            ("sterility_to_date", "no growth to date", ""),
            ("sterility_to_date", "growth", ""),
            id="negative to date at a day",
        ),
    ],
)
def test_a_first_step_is_satisfied_by_what_is_known_early_and_by_nothing_else(requirement, negative, positive):
    def at(*results, as_of="2026-06-22"):
        return evaluate(rows(VIABLE, *results), VIABILITY, requirement, LATE, batches=MADE, as_of=as_of)

    final = ("sterility", "no growth", "")
    assert disposition(at()) == "hold"
    assert disposition(at(positive)) == "reject"
    assert disposition(at(negative)) == "conditional"
    assert disposition(at(negative, final)) == "eligible"
    late = at(negative, ("sterility", "growth", ""), as_of="2026-07-03")
    assert (disposition(late), len(late.consequences)) == ("reject", 2)
    assert disposition(at(negative, as_of="2026-07-05")) == "hold"
