"""Release in two steps: what may follow the release, until when, and what happens when it arrives."""

import pytest

from strategies import STERILITY, VIABILITY, cell, disposition, evaluate, reasons, rows

LATE = STERILITY | {"timing": "after_release", "due": "14 d"}
VIABLE = {"test": "viability", "result": "90", "unit": "%"}
MADE = {"manufactured_at": "2026-06-16T00:00:00Z"}
DUE = "2026-06-30T00:00:00Z"


def judge(*results, as_of="2026-06-20T00:00:00Z", due="14 d", made=MADE):
    return evaluate(rows(VIABLE, *results), VIABILITY, LATE | {"due": due}, batches=made, as_of=as_of)


def final(word):
    return {"test": "sterility", "result": word, "unit": ""}


def test_before_the_final_result_the_batch_is_conditional_and_says_until_when():
    (row,) = judge().dispositions.to_dict("records")
    assert (row["disposition"], row["pending"], row["missing"]) == ("conditional", 1, 0)
    assert (row["reasons"], row["pending_until"]) == ("pending: sterility", DUE)


def test_the_pending_finding_names_the_due_date():
    (finding,) = judge().findings.to_dict("records")
    assert finding["reason_code"] == "pending"
    assert DUE in finding["explanation"]


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        pytest.param("no growth", "eligible", id="a final negative makes it eligible"),
        pytest.param("growth", "reject", id="a late positive rejects"),
        pytest.param("no growth to date", "conditional", id="an interim negative leaves it conditional"),
        pytest.param("", "conditional", id="an empty result leaves it conditional"),
        pytest.param("invalid", "hold", id="an invalid test holds"),
    ],
)
def test_the_late_result_decides(word, wanted):
    assert disposition(judge(final(word))) == wanted


@pytest.mark.parametrize("status", ["preliminary", "verified"])
def test_a_positive_rejects_even_while_it_is_preliminary(status):
    assert disposition(judge(final("growth") | {"status": status})) == "reject"


def test_a_preliminary_negative_leaves_it_conditional():
    assert disposition(judge(final("no growth") | {"status": "preliminary"})) == "conditional"


def test_a_late_positive_rejects_after_an_earlier_negative():
    assert disposition(judge(final("no growth"), final("growth"))) == "reject"


@pytest.mark.parametrize(
    ("as_of", "wanted", "reason"),
    [
        pytest.param("2026-06-29T23:59:59Z", "conditional", "pending", id="a second before it is due"),
        pytest.param(DUE, "conditional", "pending", id="exactly when it is due"),
        pytest.param("2026-06-30T00:00:01Z", "hold", "overdue", id="a second after it was due"),
        pytest.param(
            "2026-06-30T02:00:00+02:00", "conditional", "pending", id="exactly when it is due, in another zone"
        ),
        pytest.param("2026-06-30T02:00:01+02:00", "hold", "overdue", id="a second after it was due, in another zone"),
    ],
)
def test_the_due_date_is_exact_to_the_second(as_of, wanted, reason):
    found = judge(as_of=as_of)
    assert (disposition(found), reasons(found)) == (wanted, {reason})


@pytest.mark.parametrize(
    ("as_of", "wanted"), [("2026-06-17T12:00:00Z", "conditional"), ("2026-06-17T12:00:01Z", "hold")]
)
def test_a_due_period_in_hours_is_counted_in_hours(as_of, wanted):
    assert disposition(judge(as_of=as_of, due="36 h")) == wanted


@pytest.mark.parametrize(
    "made",
    [
        pytest.param({"manufactured_at": ""}, id="no date"),
        pytest.param({"manufactured_at": "16/06/2026"}, id="an ambiguous date"),
        pytest.param({"manufactured_at": "2026-06-16T10:00:00"}, id="a time of day without zone"),
        pytest.param({"vector": "none"}, id="no column for the date"),
    ],
)
def test_without_a_readable_date_of_manufacture_nothing_is_deferred(made):
    found = judge(made=made)
    assert (disposition(found), cell(found, "sterility"), reasons(found)) == ("hold", "missing", {"due_date_unknown"})


def test_a_day_without_time_is_the_beginning_of_that_day_in_utc():
    assert disposition(judge(made={"manufactured_at": "2026-06-16"}, as_of=DUE)) == "conditional"
    assert disposition(judge(made={"manufactured_at": "2026-06-16"}, as_of="2026-06-30T00:00:01Z")) == "hold"


def test_the_latest_of_several_due_dates_is_stated():
    slow = {"id": "mycoplasma", "one_of": ["not detected"], "timing": "after_release", "due": "28 d"}
    found = evaluate(rows(VIABLE), VIABILITY, LATE, slow, batches=MADE, as_of="2026-06-20")
    assert found.dispositions["pending_until"].tolist() == ["2026-07-14T00:00:00Z"]


def test_one_overdue_result_holds_although_another_is_still_pending():
    slow = {"id": "mycoplasma", "one_of": ["not detected"], "timing": "after_release", "due": "28 d"}
    assert disposition(evaluate(rows(VIABLE), VIABILITY, LATE, slow, batches=MADE, as_of="2026-07-01")) == "hold"


def test_a_failure_before_release_is_not_excused_by_a_pending_result():
    results = rows(VIABLE | {"result": "10"})
    assert disposition(evaluate(results, VIABILITY, LATE, batches=MADE, as_of="2026-06-20")) == "reject"


def test_a_due_date_behind_the_calendar_is_written_as_its_last_second():
    found = judge(made={"manufactured_at": "9999-12-31"}, as_of="9999-12-31")
    assert found.dispositions["pending_until"].tolist() == ["9999-12-31T23:59:59Z"]


@pytest.mark.parametrize(
    ("result", "wanted"), [("pending", "conditional"), ("46,XX[20]", "eligible"), ("46,XX[19]", "hold")]
)
def test_a_pending_karyotype_is_pending(result, wanted):
    late = {"id": "karyotype", "karyotype": {"min_metaphases": "20"}, "timing": "after_release", "due": "21 d"}
    assert disposition(evaluate(rows(("karyotype", result, "")), late, batches=MADE, as_of="2026-06-20")) == wanted


@pytest.mark.parametrize(
    ("result", "status", "wanted"),
    [
        ("10", "preliminary", "reject"),
        ("90", "preliminary", "conditional"),
        ("90", "verified", "eligible"),
        ("pending", "verified", "conditional"),
    ],
)
def test_a_preliminary_mean_can_fail_and_cannot_release(result, status, wanted):
    late = VIABILITY | {"replicates": "mean", "timing": "after_release", "due": "14 d"}
    results = rows(VIABLE | {"result": result, "status": status})
    assert disposition(evaluate(results, late, batches=MADE, as_of="2026-06-20")) == wanted
