"""`< a` and its kin stand for sets of values: they conform when every value does and fail when none does.

The oracle below does not look at the engine's bounds: it asks the one decimal next to each end whether it conforms.
"""

from fractions import Fraction

import pytest

from strategies import row_verdicts, rows, verdict_of

LIMITS = {
    "at most": {"max": "5.0"},
    "below": {"max_exclusive": "5.0"},
    "at least": {"min": "5.0"},
    "above": {"min_exclusive": "5.0"},
}
VALUES = [
    "4.9",
    "4.94",
    "4.95",
    "4.96",
    "4.99999999999999",
    "5.0",
    "5",
    "5.00000000000001",
    "5.04",
    "5.05",
    "5.06",
    "5.1",
]
# The ends of what conforms once results are rounded to the decimal of 5.0: half up, strictness included.
ENDS = {
    "none": {"at most": ("5", True), "below": ("5", False), "at least": ("5", True), "above": ("5", False)},
    "usp": {"at most": ("5.05", False), "below": ("4.95", False), "at least": ("4.95", True), "above": ("5.05", True)},
}
ENDS["ph_eur"] = ENDS["usp"]


def conforming_side(name: str, rounding: str) -> tuple[Fraction, bool]:
    text, included = ENDS[rounding][name]
    return Fraction(text), included


def oracle(operator: str, text: str, name: str, rounding: str) -> str:
    """Return the verdict by the sets alone: values behind `operator text` against values that conform."""
    value, (end, included) = Fraction(text), conforming_side(name, rounding)
    reported_below, reported_closed = operator in {"<", "≤"}, operator in {"≤", "≥"}
    upper = name in {"at most", "below"}
    if reported_below == upper:
        # Both sets reach to infinity on the same side: inside when the reported end lies within.
        inside = value < end or (value == end and (included or not reported_closed))
        if not upper:
            inside = value > end or (value == end and (included or not reported_closed))
        return "conforms" if inside else "inconclusive"
    # The sets face each other: apart when no value lies in both.
    apart = value < end if not upper else value > end
    if value == end:
        apart = not (included and reported_closed)
    return "fails" if apart else "inconclusive"


@pytest.mark.parametrize("rounding", ["none", "usp", "ph_eur"])
@pytest.mark.parametrize("operator", ["<", "≤", ">", "≥"])
@pytest.mark.parametrize("name", list(LIMITS))
def test_a_censored_result_is_judged_as_the_set_it_stands_for(name, operator, rounding):
    requirement = {"id": "value", "limit": LIMITS[name] | {"unit": "%"}, "rounding": rounding}
    judged = row_verdicts(rows(*(("value", f"{operator} {text}", "%") for text in VALUES)), requirement)
    for text, (found, _) in zip(VALUES, judged, strict=True):
        wanted = oracle(operator, text, name, rounding)
        # What conforms by rounding alone is an alert.
        accepted = {wanted, "alert"} if wanted == "conforms" and rounding != "none" else {wanted}
        assert found in accepted, (name, operator, text, rounding)


TABLE = [
    ("<", "at most", "4.9 conforms; 5 conforms; 5.1 inconclusive"),
    ("<", "below", "4.9 conforms; 5 conforms; 5.1 inconclusive"),
    ("<", "at least", "4.9 fails; 5 fails; 5.1 inconclusive"),
    ("<", "above", "4.9 fails; 5 fails; 5.1 inconclusive"),
    ("≤", "at most", "4.9 conforms; 5 conforms; 5.1 inconclusive"),
    ("≤", "below", "4.9 conforms; 5 inconclusive; 5.1 inconclusive"),
    ("≤", "at least", "4.9 fails; 5 inconclusive; 5.1 inconclusive"),
    ("≤", "above", "4.9 fails; 5 fails; 5.1 inconclusive"),
    (">", "at most", "4.9 inconclusive; 5 fails; 5.1 fails"),
    (">", "below", "4.9 inconclusive; 5 fails; 5.1 fails"),
    (">", "at least", "4.9 inconclusive; 5 conforms; 5.1 conforms"),
    (">", "above", "4.9 inconclusive; 5 conforms; 5.1 conforms"),
    ("≥", "at most", "4.9 inconclusive; 5 inconclusive; 5.1 fails"),
    ("≥", "below", "4.9 inconclusive; 5 fails; 5.1 fails"),
    ("≥", "at least", "4.9 inconclusive; 5 conforms; 5.1 conforms"),
    ("≥", "above", "4.9 inconclusive; 5 inconclusive; 5.1 conforms"),
]


@pytest.mark.parametrize(
    ("operator", "name", "lines"), [pytest.param(*line, id=f"{line[0]} a, limit {line[1]} 5") for line in TABLE]
)
def test_every_line_of_the_table_of_censored_results(operator, name, lines):
    found = []
    for line in lines.split("; "):
        text, _ = line.split(" ")
        found.append(f"{text} {verdict_of(operator + text, '%', limit=LIMITS[name] | {'unit': '%'})}")
    assert "; ".join(found) == lines


def nd(criterion, *, result="ND", **columns):
    results = rows({"test": "value", "result": result, "unit": "EU/mL"} | columns)
    return row_verdicts(results, {"id": "value"} | criterion)[0]


UPPER = {"limit": {"max": "0.5", "unit": "EU/mL"}}
LOWER = {"limit": {"min": "0.5", "unit": "EU/mL"}}


@pytest.mark.parametrize(
    ("criterion", "columns", "wanted"),
    [
        pytest.param(UPPER, {}, "inconclusive", id="not detected without a detection limit is undecided"),
        pytest.param(UPPER, {"lod": "0.5"}, "conforms", id="a detection limit at the maximum conforms"),
        pytest.param(UPPER, {"lod": "0.4"}, "conforms", id="a detection limit below the maximum conforms"),
        pytest.param(UPPER, {"lod": "0.6"}, "inconclusive", id="a detection limit above the maximum is undecided"),
        pytest.param(LOWER, {}, "inconclusive", id="not detected against a minimum is undecided"),
        pytest.param(LOWER, {"lod": "0.6"}, "inconclusive", id="a detection limit above the minimum is undecided"),
        pytest.param(LOWER, {"lod": "0.5"}, "fails", id="below a detection limit at the minimum fails"),
        pytest.param(UPPER, {"lod": "about 0.1"}, "inconclusive", id="an unreadable detection limit is none"),
        pytest.param(UPPER, {"lod": "<0.1"}, "inconclusive", id="a censored detection limit is none"),
        pytest.param(UPPER, {"lod": "-0.1"}, "inconclusive", id="a negative detection limit is none"),
        pytest.param(UPPER, {"lod": "0.1 %"}, "inconclusive", id="a detection limit in a unit of its own is none"),
        pytest.param(
            UPPER, {"lod": "0.1", "unit": ""}, "inconclusive", id="a detection limit without unit is undecided"
        ),
        pytest.param(UPPER, {"loq": "0.1"}, "inconclusive", id="not detected is not below the quantitation limit"),
        pytest.param({"one_of": ["not detected"]}, {}, "conforms", id="not detected conforms where it is listed"),
        pytest.param(
            {"one_of": ["not detected"]}, {"lod": "9"}, "conforms", id="the word is listed, its detection limit is more"
        ),
        pytest.param(
            UPPER | {"one_of": ["not detected"]}, {"lod": "9"}, "conforms", id="listed beside a limit, the word decides"
        ),
        pytest.param({"one_of": ["negative"]}, {}, "fails", id="another word than those listed fails"),
    ],
)
def test_not_detected(criterion, columns, wanted):
    assert nd(criterion, **columns)[0] == wanted


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({}, "inconclusive"),
        ({"loq": "0.5"}, "conforms"),
        ({"loq": "0.6"}, "inconclusive"),
        ({"lod": "0.1"}, "inconclusive"),
    ],
)
def test_below_the_quantitation_limit_is_judged_by_the_quantitation_limit(columns, wanted):
    assert nd(UPPER, result="BLQ", **columns)[0] == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("< 10", "inconclusive", id="below the maximum, but perhaps below the minimum too"),
        pytest.param("< 5", "fails", id="below the minimum whatever it is"),
        pytest.param("≤ 5", "inconclusive", id="at the minimum or below"),
        pytest.param("> 10", "fails", id="above the maximum whatever it is"),
        pytest.param("≥ 10", "inconclusive", id="at the maximum or above"),
        pytest.param("> 5", "inconclusive", id="above the minimum, perhaps above the maximum too"),
        pytest.param("> 7", "inconclusive", id="inside at its end only"),
    ],
)
def test_two_sided_limits_are_never_met_by_a_censored_result(text, wanted):
    assert verdict_of(text, "%", limit={"min": "5", "max": "10", "unit": "%"}) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("< 3", "conforms", id="below the alert limit"),
        pytest.param("< 4", "conforms", id="at the alert limit"),
        pytest.param("< 4.5", "alert", id="perhaps above the alert limit"),
        pytest.param("< 5", "alert", id="perhaps up to the limit"),
        pytest.param("< 5.1", "inconclusive", id="perhaps above the limit"),
    ],
)
def test_a_censored_result_must_be_shown_to_lie_inside_the_alert_limit(text, wanted):
    assert verdict_of(text, "%", limit={"max": "5", "unit": "%"}, alert={"max": "4", "unit": "%"}) == wanted


def test_a_censored_result_in_another_unit_meets_the_converted_limit_exactly():
    limit = {"max_exclusive": "0.3", "unit": "ug/mL"}
    verdicts = [
        verdict_of(text, "ng/mL", limit=limit) for text in ("<300", "≤300", "≤299.999999999999", "<300.000000000001")
    ]
    assert verdicts == ["conforms", "inconclusive", "conforms", "inconclusive"]


def test_a_censored_result_with_more_digits_than_are_exact_is_undecided():
    assert verdict_of("< 0.1234567890123456", "%", limit={"max": "5", "unit": "%"}) == "inconclusive"
