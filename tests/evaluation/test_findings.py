"""Every cell that does not conform is explained in one sentence that a reviewer can sign."""

import re
from datetime import date

import pytest

import regenqc
from regenqc.evaluation import explanations
from regenqc.vocabulary import Reason
from strategies import ENDOTOXIN, STERILITY, VIABILITY, evaluate, reasons, rows

ROUNDED = VIABILITY | {"rounding": "usp"}
MADE = {"manufactured_at": "2026-06-29"}


def findings(results, *requirements, **options):
    return evaluate(results, *requirements, **options).findings.to_dict("records")


def one(results, *requirements, **options):
    (finding,) = findings(results, *requirements, **options)
    return finding


def test_a_failing_number_is_quoted_with_its_limit_rule_and_source():
    finding = one(rows(("viability", "69.9", "%")), VIABILITY)
    assert finding["explanation"] == (
        "Viability: reported “69.9 %” is below the limit ≥ 70 %, compared as reported, without rounding [Source 1, Table 2]."
    )
    assert (finding["verdict"], finding["reason_code"], finding["limit"]) == ("fails", "below_minimum", "≥ 70 %")


def test_the_limit_is_given_in_the_reported_unit_and_in_its_own():
    dna = {"id": "dna", "limit": {"max": "0.2", "unit": "ug/mL"}}
    assert "≤ 200 ng/mL (≤ 0.2 ug/mL)" in one(rows(("dna", "201", "ng/mL")), dna)["explanation"]


def test_the_title_and_the_edition_are_named_where_they_are_stated():
    finding = one(rows(("viability", "1", "%")), VIABILITY | {"title": "Cell viability", "edition": "2019"})
    assert finding["explanation"].startswith("Cell viability: ")
    assert "[Source 1, Table 2, 2019]" in finding["explanation"]


def test_a_value_that_conforms_only_by_rounding_says_so_and_by_which_rule():
    finding = one(rows(("viability", "69.5", "%")), ROUNDED)
    assert (finding["verdict"], finding["reason_code"]) == ("alert", "conforms_by_rounding")
    assert "only because of rounding" in finding["explanation"]
    assert "USP General Notices 7.20" in finding["explanation"]


def test_a_value_that_fails_in_spite_of_rounding_names_the_rule():
    assert "USP" in one(rows(("viability", "69.4", "%")), ROUNDED)["explanation"]


def test_an_alert_names_both_limits():
    finding = one(rows(("viability", "72", "%")), VIABILITY | {"alert": {"min": "75", "unit": "%"}})
    assert "≥ 70 %" in finding["explanation"]
    assert "≥ 75 %" in finding["explanation"]


def test_the_reported_text_is_quoted_as_it_was_written():
    assert "reported “＜　100 %”" in one(rows(("viability", "＜　100", "%")), VIABILITY)["explanation"]


def test_a_long_reported_text_is_shortened_in_the_sentence_and_kept_in_its_column():
    text = "x" * 500
    finding = one(rows(("viability", text, "%")), VIABILITY)
    assert finding["reported"] == text
    assert len(finding["explanation"]) < 400


SITUATIONS = {
    "a missing result": (rows(("viability", "90", "%")), [VIABILITY, STERILITY], {}),
    "a pending result": (
        rows(("viability", "90", "%")),
        [VIABILITY, STERILITY | {"timing": "after_release", "due": "14 d"}],
        {"batches": MADE},
    ),
    "an overdue result": (
        rows(("viability", "90", "%")),
        [VIABILITY, STERILITY | {"timing": "after_release", "due": "1 h"}],
        {"batches": MADE},
    ),
    "an unset limit": (
        rows(("x", "1", "")),
        [{"id": "x", "sponsor_must_set": True, "reason": "No limit is published."}],
        {},
    ),
    "an unverified limit": (rows(("viability", "90", "%")), [VIABILITY | {"mark": "unverified"}], {}),
    "a missing document": (
        rows(("viability", "90", "%")),
        [VIABILITY, {"id": "ethics", "evidence": {"document": "@approval"}}],
        {"batches": MADE},
    ),
    "no alternative": (
        rows(("a", "1", "%"), ("b", "1", "%")),
        [{"id": "x", "any_of": [{"test": name, "limit": {"min": "2", "unit": "%"}} for name in "ab"]}],
        {},
    ),
}


@pytest.mark.parametrize("situation", list(SITUATIONS))
def test_a_finding_about_a_cell_cites_its_source_too(situation):
    results, requirements, options = SITUATIONS[situation]
    for finding in findings(results, *requirements, **options):
        assert "[Source 1, Table 2]" in finding["explanation"], finding
        assert finding["explanation"].endswith(".")


@pytest.mark.parametrize("situation", list(SITUATIONS))
def test_a_finding_is_one_line_without_open_ends(situation):
    results, requirements, options = SITUATIONS[situation]
    for finding in findings(results, *requirements, **options):
        assert not re.search(r"[{}\n]|\bNone\b|\.\.|;\s*[.;]|\(\)|  ", finding["explanation"]), finding["explanation"]


def test_rows_that_say_the_same_are_one_finding_about_the_first_of_them():
    results = rows(("viability", "90", "%"), ("viability", "1", "%"), ("viability", "1", "%"))
    assert one(results, VIABILITY)["row_number"] == 2


def test_rows_that_say_different_things_are_different_findings():
    assert len(findings(rows(("viability", "2", "%"), ("viability", "1", "%")), VIABILITY)) == 2


def test_a_row_that_is_no_evidence_is_named_only_where_the_cell_stays_empty():
    pending, grown = ("sterility", "pending", ""), ("sterility", "no growth", "")
    assert reasons(evaluate(rows(pending), STERILITY)) == {"interim_word", "not_reported"}
    assert reasons(evaluate(rows(pending, grown), STERILITY)) == set()


def test_a_conforming_batch_has_no_findings():
    assert findings(rows(("viability", "90", "%")), VIABILITY) == []


def test_a_failure_that_may_not_apply_is_shown_as_undecided_and_says_why():
    frozen = VIABILITY | {"when": {"formulation": ["fresh"]}}
    found = findings(rows(("viability", "1", "%")), frozen, batches={"formulation": ""})
    assert {finding["verdict"] for finding in found} == {"inconclusive"}
    assert "does not state formulation" in found[0]["explanation"]


def test_a_failure_of_an_unverified_limit_is_shown_as_undecided_and_says_why():
    found = findings(rows(("viability", "1", "%")), VIABILITY | {"mark": "unverified"})
    assert {finding["verdict"] for finding in found} == {"inconclusive"}
    assert "has not been verified" in found[0]["explanation"]


def test_a_requirement_whose_validity_is_unknown_names_the_date_it_depends_on():
    old = VIABILITY | {"valid_to": date(2020, 12, 31)}
    results = rows(("viability", "1", "%"), ("sterility", "no growth", ""))
    found = findings(results, old, STERILITY, batches={"manufactured_at": "6/5/2020"})
    assert any("does not state a readable manufactured_at" in finding["explanation"] for finding in found)


def test_an_alert_beside_an_open_question_stays_an_alert():
    selected = VIABILITY | {"alert": {"min": "75", "unit": "%"}, "when": {"formulation": ["fresh"]}}
    found = findings(
        rows(("viability", "72", "%"), ("viability", "?", "%")), selected, batches={"formulation": "fresh"}
    )
    assert not any("applies is unknown" in finding["explanation"] for finding in found)


def test_findings_stand_in_the_order_of_batch_requirement_and_severity():
    results = rows(
        {"batch_id": "B2", "test": "endotoxin", "result": "9", "unit": "EU/mL"},
        {"batch_id": "B2", "test": "viability", "result": "?", "unit": "%"},
        {"batch_id": "B2", "test": "viability", "result": "1", "unit": "%"},
        {"batch_id": "B10", "test": "endotoxin", "result": "9", "unit": "EU/mL"},
        {"batch_id": "B10", "test": "viability", "result": "90", "unit": "%"},
        {"batch_id": "B2", "test": "unheard_of", "result": "1", "unit": ""},
    )
    found = [
        (entry["batch_id"], entry["requirement_id"], entry["verdict"])
        for entry in findings(results, VIABILITY, ENDOTOXIN)
    ]
    assert found == [
        ("B10", "endotoxin", "fails"),
        ("B2", "result_record", "inconclusive"),
        ("B2", "viability", "fails"),
        ("B2", "viability", "inconclusive"),
        ("B2", "endotoxin", "fails"),
    ]


def test_rows_are_numbered_from_one_within_their_source():
    parts = regenqc.read_results(
        rows(("viability", "90", "%")), rows(("viability", "90", "%"), ("viability", "1", "%"))
    )
    assert one(parts, VIABILITY)["row_number"] == 2


def test_a_finding_without_row_has_no_row_number():
    assert evaluate(rows(("viability", "90", "%")), VIABILITY, STERILITY).findings["row_number"].isna().tolist() == [
        True
    ]


# These never stand in a finding: the row counts, is judged elsewhere, or the disposition alone says it.
NEVER_EXPLAINED = {
    Reason.CONFORMS,
    Reason.SUPERSEDED,
    Reason.JUDGED_WITH_OTHERS,
    Reason.OTHER_SPECIFICATION,
    Reason.NO_SPECIFICATION,
}
# A control can be a matter of one row or of the whole cell.
OF_ROW_AND_CELL = {Reason.CONTROL_MISSING, Reason.CONTROL_FAILED, Reason.CONTROL_INCONCLUSIVE}


@pytest.mark.parametrize(
    "reason", [reason for reason in Reason if reason not in NEVER_EXPLAINED], ids=lambda reason: reason.code
)
def test_every_reason_that_a_finding_can_have_has_a_sentence(reason):
    of_row, of_cell = reason in explanations._ROW_ENDINGS, reason in explanations._CELL_SENTENCES
    assert (of_row and of_cell) if reason in OF_ROW_AND_CELL else (of_row != of_cell)


@pytest.mark.parametrize("reason", list(Reason), ids=lambda reason: reason.code)
def test_reason_codes_are_lower_case_words(reason):
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", reason.code)
