"""The table of dispositions: what the cells of a stage allow, and nothing else."""

import itertools

import pytest

from strategies import STAGE, VIABILITY, disposition, evaluate, rows

REPORTED = {
    "conforms": "30",
    "alert": "15",
    "inconclusive": "?",
    "fails": "5",
    "missing": "",
    "pending": "",
    "overdue": "",
}
LIMIT = {"limit": {"min": "10", "unit": "%"}, "alert": {"min": "20", "unit": "%"}}
DUE = {"pending": {"timing": "after_release", "due": "14 d"}, "overdue": {"timing": "after_release", "due": "1 h"}}


def judge(*states, **change):
    requirements = [{"id": f"r{at}"} | LIMIT | DUE.get(state, {}) | change for at, state in enumerate(states)]
    results = rows(*((f"r{at}", REPORTED[state], "%") for at, state in enumerate(states)))
    return evaluate(results, *requirements, batches={"manufactured_at": "2026-06-29"})


def wanted(states):
    """Return the disposition by the four lines of the table."""
    if "fails" in states:
        return "reject"
    if {"inconclusive", "missing", "overdue"} & set(states):
        return "hold"
    return "conditional" if "pending" in states else "eligible"


@pytest.mark.parametrize("states", list(itertools.combinations_with_replacement(REPORTED, 2)), ids=" and ".join)
def test_the_worst_cell_decides(states):
    assert disposition(judge(*states)) == wanted(states)


@pytest.mark.parametrize(
    ("states", "wanted"),
    [
        pytest.param(["fails"] + ["conforms"] * 9, "reject", id="one failure among nine that conform"),
        pytest.param(["pending"] + ["alert"] * 9, "conditional", id="one pending among nine alerts"),
        pytest.param(["missing"] + ["pending"] * 9, "hold", id="one missing among nine that may follow"),
    ],
)
def test_no_number_of_good_cells_outweighs_a_bad_one(states, wanted):
    assert disposition(judge(*states)) == wanted


def test_the_counts_and_reasons_name_every_open_cell():
    (row,) = judge("fails", "inconclusive", "missing", "pending", "alert", "conforms").dispositions.to_dict("records")
    assert [row[name] for name in ("fails", "inconclusive", "missing", "pending", "alerts")] == [1, 1, 1, 1, 1]
    assert row["reasons"] == "fails: r0; inconclusive: r1; missing: r2; pending: r3; alert: r4"


def test_an_eligible_batch_has_no_reasons():
    (row,) = judge("conforms").dispositions.to_dict("records")
    assert (row["disposition"], row["reasons"], row["pending_until"]) == ("eligible", "", "")


def test_alerts_are_listed_and_do_not_hold():
    (row,) = judge("alert").dispositions.to_dict("records")
    assert (row["disposition"], row["alerts"], row["reasons"]) == ("eligible", 1, "alert: r0")


@pytest.mark.parametrize(
    ("state", "on_fail", "wanted"),
    [
        ("fails", "reject", "reject"),
        ("fails", "hold", "hold"),
        ("fails", "report", "eligible"),
        ("inconclusive", "report", "hold"),
        ("missing", "report", "hold"),
    ],
)
def test_what_a_failure_does_is_the_requirements_to_say_and_an_open_question_always_holds(state, on_fail, wanted):
    requirement = {"id": "count"} | LIMIT | {"on_fail": on_fail}
    found = evaluate(rows(("viability", "90", "%"), ("count", REPORTED[state], "%")), VIABILITY, requirement)
    assert disposition(found) == wanted


def test_every_batch_has_one_row_for_each_stage_with_requirements():
    bank = {"id": "bank"} | LIMIT | {"stage": "cell_bank"}
    found = evaluate(rows({"test": "viability", "result": "90", "unit": "%", "stage": STAGE}), VIABILITY, bank)
    assert found.dispositions[["stage", "disposition"]].values.tolist() == [["cell_bank", "hold"], [STAGE, "eligible"]]


def test_one_wanted_stage_gives_one_row():
    bank = {"id": "bank"} | LIMIT | {"stage": "cell_bank"}
    found = evaluate(rows({"test": "viability", "result": "90", "unit": "%"}), VIABILITY, bank, stage=STAGE)
    assert found.dispositions["stage"].tolist() == [STAGE]


def test_rows_are_in_the_order_of_the_batch_identifiers():
    results = rows(
        *({"batch_id": name, "test": "viability", "result": "90", "unit": "%"} for name in ("b", "B10", "B2", "ä"))
    )
    assert evaluate(results, VIABILITY).dispositions["batch_id"].tolist() == ["B10", "B2", "b", "ä"]


def test_the_version_the_fingerprint_and_the_moment_travel_with_every_row():
    found = judge("conforms")
    (row,) = found.dispositions.to_dict("records")
    assert row["spec_fingerprint"] == found.specifications[0].fingerprint
    assert (row["spec_id"], row["spec_version"], row["evaluated_at"]) == ("example/small", "1", "2026-06-30T00:00:00Z")


@pytest.mark.parametrize(
    ("expires", "wanted"), [("2026-06-30", "eligible"), ("2026-06-30T00:00:00Z", "eligible"), ("2026-06-29", "hold")]
)
def test_a_batch_expires_at_the_end_of_the_day_that_is_stated(expires, wanted):
    assert disposition(evaluate(rows(("viability", "90", "%")), VIABILITY, batches={"expires_at": expires})) == wanted


def test_nothing_at_all_is_not_all_eligible():
    assert not evaluate(rows(("viability", "90", "%"), batch_id=""), VIABILITY).is_all_eligible
