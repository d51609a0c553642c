"""Requirements made of parts: which combinations of parts conform, fail, wait or stay open."""

import itertools

import pytest

from strategies import AS_OF, cell, disposition, evaluate, rows

PARTS = [
    {"test": "one", "limit": {"min": "10", "unit": "%"}, "alert": {"min": "20", "unit": "%"}},
    {"test": "two", "limit": {"min": "10", "unit": "%"}, "alert": {"min": "20", "unit": "%"}},
    {"test": "three", "limit": {"min": "10", "unit": "%"}, "alert": {"min": "20", "unit": "%"}},
]
REPORTED = {"missing": None, "conforms": "30", "alert": "15", "inconclusive": "?", "fails": "5"}


def judge(states, **criterion):
    results = [
        (part["test"], REPORTED[state], "%") for part, state in zip(PARTS, states, strict=False) if REPORTED[state]
    ]
    # A batch needs some row; a report-only test is none of the parts.
    return evaluate(rows(*results, ("note", "1", "")), {"id": "both"} | criterion, {"id": "note", "report_only": True})


def wanted(states, needed):
    """Return the verdict: met, impossible, open, or nothing known against it."""
    satisfied = sum(state in {"conforms", "alert"} for state in states)
    if satisfied >= needed:
        return "conforms" if sum(state == "conforms" for state in states) >= needed else "alert"
    if len(states) - states.count("fails") < needed:
        return "fails"
    return "inconclusive" if {"fails", "inconclusive"} & set(states) else "missing"


PAIRS = list(itertools.product(REPORTED, repeat=2))


@pytest.mark.parametrize("states", PAIRS, ids=" and ".join)
def test_any_of(states):
    assert cell(judge(states, any_of=PARTS[:2]), "both") == wanted(states, 1)


@pytest.mark.parametrize("states", PAIRS, ids=" and ".join)
def test_all_of(states):
    assert cell(judge(states, all_of=PARTS[:2]), "both") == wanted(states, 2)


@pytest.mark.parametrize("states", list(itertools.combinations_with_replacement(REPORTED, 3)), ids=" and ".join)
def test_two_of_three(states):
    assert cell(judge(states, n_of_m={"n": 2, "of": PARTS}), "both") == wanted(states, 2)


def test_the_published_alternative_of_potency_is_met_by_either_of_its_tests():
    potency = {
        "id": "potency",
        "any_of": [
            {"test": "a", "limit": {"max_exclusive": "70", "unit": "%"}},
            {"test": "b", "limit": {"min_exclusive": "50", "unit": "%"}},
        ],
    }
    for a, b in (("14.9", "90.9"), ("40.4", "64.6"), ("43.0", "67.0"), ("43.0", "1"), ("99", "67.0")):
        assert disposition(evaluate(rows(("a", a, "%"), ("b", b, "%")), potency)) == "eligible"
    assert disposition(evaluate(rows(("a", "70", "%"), ("b", "50", "%")), potency)) == "reject"


def test_a_deferred_alternative_does_not_carry_a_known_failure():
    late = {"id": "both", "any_of": PARTS[:2], "timing": "after_release", "due": "14 d"}
    made = {"manufactured_at": "2026-06-29"}
    assert disposition(evaluate(rows(("one", "5", "%")), late, batches=made, as_of=AS_OF)) == "hold"


def test_parts_over_the_same_test_are_judged_each_by_its_own_limit():
    window = {
        "id": "window",
        "all_of": [
            {"test": "ph", "limit": {"min": "7.0", "unit": "pH"}},
            {"test": "ph", "limit": {"max": "7.4", "unit": "pH"}},
        ],
    }
    verdicts = [cell(evaluate(rows(("ph", text, "pH")), window), "window") for text in ("6.9", "7.2", "7.5")]
    assert verdicts == ["fails", "conforms", "fails"]


def test_words_and_numbers_can_be_alternatives():
    rcl = {
        "id": "rcl",
        "any_of": [
            {"test": "rcl_pcr", "limit": {"max": "5", "unit": "copies/ug"}},
            {"test": "rcl_culture", "one_of": ["not detected"]},
        ],
    }
    assert disposition(evaluate(rows(("rcl_pcr", "50", "copies/ug"), ("rcl_culture", "ND", "")), rcl)) == "eligible"
