"""Every retention and reporting clock is a test with its source; what is not known runs for ever."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.errors import UsageError
from regenqc.regulation import list_obligations
from regenqc.regulation.clocks import Period, WorkingCalendar, add_working_days, read_period
from regenqc.regulation.duties import ANCHORS, FOLLOW_UPS, RECEIPT_DUTIES, REPORTS, RETENTIONS
from regenqc.specification.sources import load_sources
from regenqc.vocabulary import Jurisdiction

DAY = date(2026, 5, 6)
YES, NO = {"designated_product": "yes"}, {"designated_product": "no"}

# rule: (case, day until which what is kept if the anchor is 2026-05-06; None for ever)
CLOCKS = {
    "US-K1": ({}, date(2036, 5, 6), "US-TR-2"),
    "US-K2": ({}, date(2036, 5, 6), "US-TR-2"),
    "US-K3": ({}, date(2026, 11, 6), "US-RS-1"),
    "EU-K1": ({}, None, "EU-TR-1"),
    "EU-K2": ({}, date(2056, 5, 6), "EU-TR-3"),
    "JP-K1": (YES, None, "JP-TR-1"),
    "JP-K2": (NO, None, "JP-TR-1"),
    "JP-K3": ({}, date(2031, 5, 6), "JP-TR-2"),
    "JP-K4": (YES, date(2056, 5, 6), "JP-TR-3"),
    "JP-K5": (NO, date(2036, 5, 6), "JP-TR-3"),
    "JP-K6": (YES, date(2056, 5, 6), "JP-TR-3"),
    "JP-K7": (NO, date(2036, 5, 6), "JP-TR-3"),
    "JP-K8": ({}, date(2031, 5, 6), "JP-TR-3"),
    "JP-K9": (YES, date(2056, 5, 6), "JP-TR-4"),
    "JP-K10": (NO, date(2036, 5, 6), "JP-TR-4"),
    "JP-K11": ({}, date(2031, 5, 6), "JP-TR-4"),
    "JP-K12": (YES, date(2036, 5, 6), "JP-RS-1"),
    "KR-K1": ({}, date(2046, 5, 6), "KR-TR-1"),
    "KR-K2": ({}, date(2036, 5, 6), "KR-TR-2"),
    "KR-K3": ({}, date(2036, 5, 6), "KR-TR-3"),
    "KR-K4": ({}, date(2031, 5, 6), "KR-TR-4"),
    "KR-K5": ({"cell_source": "stem"}, date(2056, 5, 6), "KR-TR-5"),
    "KR-K6": ({"cell_source": "animal"}, None, "KR-TR-5"),
    "KR-K7": ({}, date(2056, 5, 6), "KR-TR-6"),
    "KR-K8": ({}, date(2056, 5, 6), "KR-TR-6"),
    "KR-K9": ({}, date(2036, 5, 6), "KR-TR-7"),
    "KR-K10": ({}, date(2027, 5, 6), "KR-RS-1"),
    "KR-K11": ({}, date(2027, 5, 6), "KR-RS-1"),
    "CN-K1": ({"offspring_involved": "no"}, date(2056, 5, 6), "CN-818-22"),
    "CN-K2": ({"offspring_involved": "yes"}, None, "CN-818-22"),
    "CN-K3": ({"offspring_involved": "no"}, date(2056, 5, 6), "CN-2015"),
    "CN-K4": ({}, date(2027, 5, 6), "CN-GMP-162"),
    "CN-K5": ({}, date(2027, 5, 6), "CN-GMP-297"),
    "CN-K6": ({}, date(2027, 5, 6), "CN-GMP-225"),
    "CN-K7": ({}, date(2028, 5, 6), "CN-GMP-225"),
    "CN-K8": ({}, None, "CN-GMP-162"),
    "CN-K9": ({}, None, "CN-CS-19"),
}
EVERY_ANCHOR = {name: DAY for name in ANCHORS if name != "not_read"}


def ask(rule, **options):
    track = rule.tracks[0] if rule.tracks else {"EU": "tissue", "KR": "arm_treatment"}[rule.jurisdiction]
    return list_obligations(jurisdiction=rule.jurisdiction, track=track, **options)


def test_every_retention_has_its_test():
    assert set(CLOCKS) == {rule.id for rule in RETENTIONS}


@pytest.mark.parametrize("rule", RETENTIONS, ids=lambda rule: f"{rule.id} [{rule.source}] {rule.subject}")
def test_a_retention_clock(rule):
    case, until, source = CLOCKS[rule.id]
    found = ask(rule, anchors=EVERY_ANCHOR, case=case)
    (clock,) = (clock for kept in found.retention for clock in kept.clocks if clock.rule.id == rule.id)
    assert (clock.until, rule.source) == (until, source)


@pytest.mark.parametrize("rule", RETENTIONS, ids=lambda rule: rule.id)
def test_without_its_anchor_a_clock_never_ends(rule):
    found = ask(rule, anchors={name: DAY for name in EVERY_ANCHOR if name != rule.anchor}, case=CLOCKS[rule.id][0])
    (kept,) = (kept for kept in found.retention if rule.id in {clock.rule.id for clock in kept.clocks})
    assert kept.until is None


def test_the_longest_of_all_clocks_counts():
    """Follow-up documents: 30 years from expiry or administration [KR-TR-6]."""
    found = list_obligations(
        jurisdiction=Jurisdiction.KR,
        track="product",
        anchors={"product_expiry": date(2026, 1, 1), "administered": date(2027, 1, 1)},
    )
    (kept,) = (kept for kept in found.retention if "follow-up" in kept.subject)
    assert kept.until == date(2057, 1, 1)


def test_one_unknown_clock_makes_the_whole_endless():
    found = list_obligations(jurisdiction=Jurisdiction.KR, track="product", anchors={"product_expiry": DAY})
    (kept,) = (kept for kept in found.retention if "follow-up" in kept.subject)
    assert kept.until is None


@pytest.mark.parametrize(
    ("jurisdiction", "track", "subject"),
    [
        pytest.param("CN", "order_818", "study records and originals", id="offspring not stated: for ever [CN-818-22]"),
        pytest.param("KR", "product", "traceability data", id="animal source not stated: for ever [KR-TR-5]"),
    ],
)
def test_a_fact_that_is_not_stated_applies_the_stricter_clock(jurisdiction, track, subject):
    found = list_obligations(jurisdiction=Jurisdiction(jurisdiction), track=track, anchors=EVERY_ANCHOR)
    (kept,) = (kept for kept in found.retention if kept.subject == subject)
    assert kept.until is None


def test_a_designated_product_that_is_not_stated_keeps_the_longer_time():
    """[JP-TR-4]."""
    found = list_obligations(jurisdiction=Jurisdiction.JP, track="pmd", anchors=EVERY_ANCHOR)
    (kept,) = (kept for kept in found.retention if kept.subject == "product records")
    assert kept.until == date(2056, 5, 6)


DUE = {
    "EU-R1": (None, "EU-OOS-3"),
    "JP-R1": (date(2026, 5, 13), "JP-AE-1"),
    "JP-R2": (date(2026, 5, 21), "JP-AE-2"),
    "JP-R3": (date(2026, 5, 16), "JP-AE-3"),
    "JP-R4": (date(2026, 8, 4), "JP-PER-1"),
    "JP-R5": (date(2026, 7, 5), "JP-PER-2"),
    "JP-R6": (date(2026, 5, 16), "JP-CHG"),
    "KR-R1": (date(2026, 5, 21), "KR-AE-1"),
    "KR-R2": (date(2026, 11, 6), "KR-AE-1"),
    "KR-R3": (date(2026, 5, 13), "KR-REG-1"),
    "KR-R4": (None, "KR-AE-2"),
    "KR-R5": (date(2026, 6, 5), "KR-AE-2"),
    "KR-R6": (date(2026, 6, 5), "KR-REG-2"),
    "KR-R7": (date(2026, 5, 13), "KR-REG-2"),
    "KR-R8": (date(2026, 5, 13), "KR-REG-2"),
    "KR-R9": (None, "KR-PER-1"),
    "KR-R10": (date(2026, 5, 26), "KR-REP-1"),
    "KR-R11": (date(2026, 5, 26), "KR-REP-1"),
    "KR-R12": (date(2026, 8, 4), "KR-REP-1"),
    "KR-R13": (date(2027, 5, 6), "KR-LTFU-4"),
    "KR-R14": (date(2026, 11, 6), "KR-LTFU-4"),
    "KR-R15": (date(2026, 5, 11), "KR-RECALL"),
    "KR-R16": (date(2026, 6, 5), "KR-RECALL"),
    "KR-R17": (None, "KR-TR-1"),
    "CN-R1": (date(2026, 5, 13), "CN-818-15"),
    "CN-R2": (date(2026, 5, 13), "CN-818-18"),
    "CN-R3": (date(2026, 5, 13), "CN-818-25"),
    "CN-R4": (date(2026, 5, 13), "CN-818-25"),
    "CN-R5": (date(2026, 6, 6), "CN-818-57"),
    "CN-R6": (date(2026, 5, 13), "CN-DAL-102"),
    "CN-R7": (None, "CN-828-61"),
    "CN-R8": (None, "CN-828-60"),
    "CN-R9": (None, "CN-818-24"),
    "CN-R10": (None, "CN-818-26"),
}


def test_every_report_has_its_test():
    assert set(DUE) == {rule.id for rule in REPORTS}


@pytest.mark.parametrize("rule", REPORTS, ids=lambda rule: f"{rule.id} [{rule.source}] {rule.event}")
def test_a_reporting_clock(rule):
    found = ask(rule, events={rule.id: DAY}, calendar=WorkingCalendar())
    (report,) = (report for report in found.reports if report.rule.id == rule.id)
    assert (report.due, rule.source) == DUE[rule.id]


def test_working_days_without_a_calendar_have_no_date():
    """Order 818 Art 15: 5 working days [CN-818-15]; no calendar of holidays is bundled."""
    found = list_obligations(jurisdiction=Jurisdiction.CN, track="order_818", events={"CN-R1": DAY})
    assert next(report for report in found.reports if report.rule.id == "CN-R1").due is None


TABLES = [*RETENTIONS, *REPORTS, *FOLLOW_UPS, *RECEIPT_DUTIES]


@pytest.mark.parametrize("rule", TABLES, ids=lambda rule: rule.id)
def test_a_rule_has_a_source_that_gives_its_period(rule):
    source = load_sources()[rule.source]
    period = getattr(rule, "period", "")
    assert not period or period in source.numbers
    assert source.jurisdiction in {rule.jurisdiction, Jurisdiction.INT}


def test_identifiers_are_unique():
    assert len({rule.id for rule in TABLES}) == len(TABLES)


@pytest.mark.parametrize(
    ("jurisdiction", "track", "case", "expected"),
    [
        pytest.param("US", "351", {"gene_modification": "any"}, ["15 y"], id="US, integrating [US-LTFU]"),
        pytest.param("US", "351", {"gene_modification": "none"}, [], id="US, not modified"),
        pytest.param(
            "KR", "product", {"gene_modification": "any", "cell_source": "other"}, ["15 y"], id="KR, gene [KR-LTFU-1]"
        ),
        pytest.param(
            "KR", "product", {"gene_modification": "none", "cell_source": "stem"}, ["5 y"], id="KR, stem [KR-LTFU-1]"
        ),
        pytest.param(
            "KR",
            "product",
            {"gene_modification": "none", "cell_source": "animal"},
            ["30 y"],
            id="KR, animal [KR-LTFU-1]",
        ),
        pytest.param("CN", "order_818", {}, [""], id="CN: no number of years in any source [CN-818-26]"),
    ],
)
def test_follow_up(jurisdiction, track, case, expected):
    found = list_obligations(jurisdiction=Jurisdiction(jurisdiction), track=track, case=case)
    assert [rule.period for rule in found.follow_up] == expected


@pytest.mark.parametrize("rule", RECEIPT_DUTIES, ids=lambda rule: f"{rule.id} [{rule.source}]")
def test_a_duty_on_receipt(rule):
    assert rule in ask(rule).on_receipt


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"anchors": {"expiry": DAY}}, id="an unknown anchor"),
        pytest.param({"anchors": {"not_read": DAY}}, id="an anchor that nobody has read"),
        pytest.param({"events": {"CN-R99": DAY}}, id="an unknown event"),
        pytest.param({"case": {"offspring": "no"}}, id="an unknown fact"),
        pytest.param({"case": {"offspring_involved": "maybe"}}, id="an unknown word"),
    ],
)
def test_what_no_table_knows_is_refused(options):
    with pytest.raises(UsageError, match="RQC-U102"):
        list_obligations(jurisdiction=Jurisdiction.CN, track="order_818", **options)


@pytest.mark.parametrize(
    ("jurisdiction", "track"),
    [
        pytest.param("CN", "order818", id="a misspelt track"),
        pytest.param("JP", "order_818", id="a track of another jurisdiction"),
        pytest.param("INT", "drug", id="no jurisdiction"),
    ],
)
def test_a_track_that_no_table_gives_is_refused(jurisdiction, track):
    with pytest.raises(UsageError, match="RQC-U102"):
        list_obligations(jurisdiction=Jurisdiction(jurisdiction), track=track)


def test_every_track_of_a_rule_is_an_answer_of_the_tables():
    from regenqc.regulation.classification import TABLES as DECISIONS

    for rule in TABLES:
        assert set(rule.tracks) <= {row.answer for row in DECISIONS[rule.jurisdiction][0]}, rule.id


# ---- periods


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        pytest.param("1 y", date(2024, 2, 29), date(2025, 3, 1), id="a leap day is never kept too short"),
        pytest.param("4 y", date(2024, 2, 29), date(2028, 2, 29), id="leap day to leap day"),
        pytest.param("1 mo", date(2026, 1, 31), date(2026, 3, 1), id="a month without a 31st"),
        pytest.param("6 mo", date(2026, 10, 31), date(2027, 5, 1), id="across the year"),
        pytest.param("2 mo", date(2026, 10, 15), date(2026, 12, 15), id="December is a month of this year"),
        pytest.param("7 d", date(2026, 12, 28), date(2027, 1, 4), id="days across the year"),
        pytest.param("48 h", date(2026, 12, 28), None, id="hours need a moment"),
    ],
)
def test_a_period_ends(period, start, end):
    assert read_period(period).end(start) == end


@given(st.dates(date(2020, 1, 1), date(2100, 1, 1)), st.integers(1, 40))
def test_a_longer_period_never_ends_earlier(start, years):
    assert Period(years, "y").end(start) < Period(years + 1, "y").end(start)


def test_working_days_leave_out_holidays_and_take_worked_weekends():
    calendar = WorkingCalendar(holidays=frozenset({date(2026, 5, 7)}), working_weekends=frozenset({date(2026, 5, 9)}))
    assert [add_working_days(DAY, amount, calendar=calendar) for amount in (1, 2, 3)] == [
        date(2026, 5, 8),
        date(2026, 5, 9),
        date(2026, 5, 11),
    ]


@given(
    st.dates(date(2020, 1, 1), date(2100, 1, 1)),
    st.integers(1, 30),
    st.sets(st.dates(date(2020, 1, 1), date(2100, 12, 31))),
)
def test_holidays_never_bring_a_deadline_forward(start, amount, holidays):
    plain = add_working_days(start, amount, calendar=WorkingCalendar())
    assert add_working_days(start, amount, calendar=WorkingCalendar(holidays=frozenset(holidays))) >= plain


@pytest.mark.parametrize("text", ["", "5", "5 years", "5 wd ", "-1 d"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(ValueError, match="no period"):
        read_period(text)
