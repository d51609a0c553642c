"""What loggers saw: excursions with two lengths, silence, clocks, units, legs."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.errors import DataError, SpecificationError, UsageError
from regenqc.reinspection.condition import (
    ChannelRequirement,
    LoggerProfile,
    Traces,
    Trouble,
    add_legs,
    condition_of_trace,
    explain_trace,
    join_traces,
    judge_traces,
    logger_profiles,
    mean_kinetic_temperatures,
    parse_condition,
    read_epcis_sensors,
    read_logger_csv,
    trace_picture,
)
from regenqc.vocabulary import Mark, Verdict

MINUTE = 60_000
FROZEN = ChannelRequirement(
    name="temperature",
    unit="°C",
    low=None,
    high=Decimal(-120),
    longest_minutes=Decimal(5),
    total_minutes=Decimal(8),
    gap_minutes=Decimal(10),
    citation="label, synthetic",
    mark=Mark.UNVERIFIED,
)


def trace(*values: float, every: float = 1, start: float = 0, unit: str = "°C", channel: str = "temperature") -> Traces:
    moments = ((np.arange(len(values)) * every + start) * MINUTE).astype(np.int64)
    return Traces(
        names=("LOGGER-55",),
        channel=channel,
        unit=unit,
        moments=moments,
        values=np.asarray(values, dtype=np.float64),
        offsets=np.asarray([0, len(values)]),
    )


def judged(
    traces: Traces,
    requirement: ChannelRequirement = FROZEN,
    *,
    began: float = 0,
    ended: float | None = None,
    now: float = 1e6,
) -> Any:
    last = float(traces.moments.max() / MINUTE) if ended is None and traces.readings else ended or 0
    ways = {
        "began": np.full(traces.count, began * MINUTE, dtype=np.int64),
        "ended": np.full(traces.count, last * MINUTE, dtype=np.int64),
    }
    return judge_traces(traces, requirement, **ways, now=int(now * MINUTE))


COLD, WARM = -150.0, -100.0


@pytest.mark.parametrize(
    ("says", "values", "every", "verdict", "trouble"),
    [
        ("in range throughout", [COLD] * 20, 1, Verdict.CONFORMS, Trouble(0)),
        ("exactly at the limit is within it", [COLD, -120.0, COLD], 1, Verdict.CONFORMS, Trouble(0)),
        ("one reading outside, surely short", [COLD, WARM, COLD], 1, Verdict.CONFORMS, Trouble(0)),
        ("long outside by every count", [COLD, *[WARM] * 8, COLD], 1, Verdict.FAILS, Trouble.OUTSIDE),
        ("between at least and at most", [COLD, *[WARM] * 5, COLD], 1, Verdict.INCONCLUSIVE, Trouble.PERHAPS_OUTSIDE),
        ("a slow logger cannot tell", [COLD, WARM, COLD], 9, Verdict.INCONCLUSIVE, Trouble.PERHAPS_OUTSIDE),
        (
            "many short ones add up",
            [COLD, *[WARM] * 4, COLD, *[WARM] * 4, COLD, *[WARM] * 4],
            1,
            Verdict.FAILS,
            Trouble.OUTSIDE,
        ),
    ],
)
def test_time_outside(says: str, values: list[float], every: float, verdict: Verdict, trouble: Trouble) -> None:
    found = judged(trace(*values, every=every))
    assert (found.verdict(0), found.trouble(0)) == (verdict, trouble), says


def test_an_excursion_has_two_lengths() -> None:
    found = judged(trace(COLD, WARM, WARM, COLD, COLD, WARM))
    assert int(found.excursions[0]) == 2
    assert (int(found.outside_at_least[0]), int(found.outside_at_most[0])) == (1 * MINUTE, 4 * MINUTE)
    assert (int(found.longest_at_least[0]), int(found.longest_at_most[0])) == (1 * MINUTE, 3 * MINUTE)


def test_what_is_outside_at_an_end_may_have_been_so_until_the_way_ended() -> None:
    found = judged(trace(WARM, COLD, WARM, start=2), began=0, ended=9)
    assert int(found.outside_at_most[0]) == (3 + 6) * MINUTE


def test_where_nothing_is_permitted_one_reading_fails() -> None:
    shock = ChannelRequirement(
        name="shock",
        unit="g",
        low=None,
        high=Decimal(15),
        longest_minutes=Decimal(0),
        total_minutes=Decimal(0),
        gap_minutes=Decimal(10),
        citation="synthetic",
        mark=Mark.UNVERIFIED,
    )
    assert judged(trace(1, 2, 30, 1, unit="g", channel="shock"), shock).verdict(0) is Verdict.FAILS


@pytest.mark.parametrize(
    ("says", "traces", "way", "trouble"),
    [
        ("silent in the middle", join_traces([trace(COLD, COLD)]), {"ended": 1}, Trouble(0)),
        ("started late", trace(COLD, COLD, start=11), {"ended": 12}, Trouble.STARTS_LATE),
        ("ended early", trace(COLD, COLD), {"ended": 12}, Trouble.ENDS_EARLY),
        ("slower than permitted", trace(COLD, COLD, COLD, every=11), {}, Trouble.SILENT),
        ("no readings", trace(), {"ended": 5}, Trouble.NO_READINGS),
        (
            "readings without any value",
            trace(float("nan"), float("nan")),
            {"ended": 1},
            Trouble.NO_READINGS | Trouble.VALUES_MISSING,
        ),
        ("all readings before the way", trace(COLD, COLD), {"began": 100, "ended": 105}, Trouble.WRONG_CLOCK),
        ("all readings after the way", trace(COLD, COLD, start=50), {"ended": 5}, Trouble.WRONG_CLOCK),
        ("readings in the future", trace(COLD, COLD), {"now": 0.5}, Trouble.WRONG_CLOCK),
    ],
)
def test_what_nobody_watched_is_inconclusive(
    says: str, traces: Traces, way: dict[str, float], trouble: Trouble
) -> None:
    found = judged(traces, **way)
    assert found.trouble(0) & ~Trouble.SILENT | (trouble & Trouble.SILENT) == trouble, says
    assert found.verdict(0) is (Verdict.INCONCLUSIVE if trouble else Verdict.CONFORMS)


def test_a_clock_that_was_set_back_is_inconclusive() -> None:
    traces = trace(COLD, COLD, COLD)
    traces.moments[2] = 0
    assert Trouble.OUT_OF_ORDER in judged(traces).trouble(0)


def test_a_missing_value_is_silence_and_is_never_filled() -> None:
    holes = [float("nan")] * 11
    found = judged(trace(COLD, *holes, COLD))
    assert found.trouble(0) == Trouble.SILENT | Trouble.VALUES_MISSING
    assert (int(found.silent[0]), int(found.readings[0])) == (12 * MINUTE, 2)


def test_readings_before_and_after_the_way_do_not_count() -> None:
    found = judged(trace(20.0, COLD, COLD, 20.0), began=1, ended=2)
    assert (found.verdict(0), int(found.readings[0]), float(found.maximum[0])) == (Verdict.CONFORMS, 2, COLD)


@pytest.mark.parametrize("name", ["longest_minutes", "total_minutes"])
def test_an_excursion_where_nobody_set_what_is_permitted_is_inconclusive(name: str) -> None:
    unset = replace(FROZEN, **{name: None})
    assert judged(trace(COLD, WARM, COLD), unset).trouble(0) == Trouble.NOT_SET
    assert judged(trace(COLD, COLD), unset).verdict(0) is Verdict.CONFORMS


@pytest.mark.parametrize("unset", [{"gap_minutes": None}, {"high": None}], ids=["silence", "limits"])
def test_without_a_limit_or_a_permitted_silence_nothing_conforms(unset: dict[str, None]) -> None:
    assert judged(trace(COLD, COLD), replace(FROZEN, **unset)).trouble(0) == Trouble.NOT_SET


def test_limits_are_converted_and_not_readings() -> None:
    assert judged(trace(-184.0, unit="°F")).verdict(0) is Verdict.CONFORMS
    assert judged(trace(-183.9, -183.9, unit="°F")).excursions[0] == 1
    assert judged(trace(153.15, unit="K")).verdict(0) is Verdict.CONFORMS
    with pytest.raises(UsageError, match="RQC-H211"):
        judged(trace(1.0, unit="g"))


# ---- against a plain reading of the rules -------------------------------------------------------------------------------


def plainly(values: list[float | None], times: list[int], began: int, ended: int) -> tuple[int, int, int, int]:
    """Return excursions, at least, at most and silence by walking through readings one by one."""
    seen = [
        (time, value) for time, value in zip(times, values, strict=True) if value is not None and began <= time <= ended
    ]
    count = at_least = at_most = silent = 0
    first = last = None
    before = began
    for time, value in seen:
        if time - before > 10 * MINUTE:
            silent += time - before
        if value > -120:
            if first is None:
                first, count, inside = time, count + 1, before
            last = time
        elif first is not None:
            at_least, at_most, first = at_least + last - first, at_most + time - inside, None
        before = time
    if first is not None:
        at_least, at_most = at_least + last - first, at_most + ended - inside
    if ended - before > 10 * MINUTE:
        silent += ended - before
    return count, at_least, at_most, silent


READING = st.one_of(st.none(), st.sampled_from([COLD, -120.0, -119.9, WARM]))


@given(
    st.lists(st.lists(st.tuples(READING, st.integers(1, 15 * MINUTE)), max_size=12), min_size=1, max_size=4),
    st.integers(0, 30 * MINUTE),
    st.integers(0, 90 * MINUTE),
)
def test_columns_say_what_walking_through_each_trace_says(
    told: list[list[tuple[float | None, int]]], began: int, length: int
) -> None:
    times = [list(map(int, np.cumsum([step for _, step in one]))) for one in told]
    traces = Traces(
        names=tuple(map(str, range(len(told)))),
        channel="temperature",
        unit="°C",
        moments=np.asarray([time for one in times for time in one], dtype=np.int64),
        values=np.asarray([np.nan if value is None else value for one in told for value, _ in one], dtype=np.float64),
        offsets=np.cumsum([0, *map(len, told)]),
    )
    ways = {"began": np.full(len(told), began), "ended": np.full(len(told), began + length)}
    found = judge_traces(traces, FROZEN, **ways, now=10**12)
    for row, one in enumerate(told):
        expected = plainly([value for value, _ in one], times[row], began, began + length)
        silent = int(found.silent[row]) if found.readings[row] else expected[3]
        told_of = (
            int(found.excursions[row]),
            int(found.outside_at_least[row]),
            int(found.outside_at_most[row]),
            silent,
        )
        assert told_of == expected


# ---- reading ------------------------------------------------------------------------------------------------------------

GENERIC = logger_profiles()["generic"]


def read(text: str, profile: LoggerProfile = GENERIC) -> Traces:
    return read_logger_csv(text.encode(), profile=profile, name="LOGGER-1")["temperature"]


def test_several_loggers_in_one_file_are_kept_apart() -> None:
    rows = "A,2026-03-16T08:00:00Z,-150\nB,2026-03-16T09:00:00+01:00,-140\nA,2026-03-16T08:01:00Z,\n"
    found = read(f"logger,moment,temperature\n{rows}")
    assert found.names == ("A", "B")
    assert found.one(0).moments.tolist() == [found.one(1).moments[0], found.one(1).moments[0] + MINUTE]
    assert np.isnan(found.one(0).values).tolist() == [False, True]


def test_a_report_with_lines_before_the_table_and_decimal_commas() -> None:
    profile = replace(logger_profiles()["shipper"], decimal=",")
    header = "Timestamp (UTC offset);Payload temperature (°C);Tilt (deg);Shock (g)"
    text = f"Shipper report\nSerial;X-1\n\n{header}\n2026-03-16T08:00:00+01:00;-190,5;3;0,2\n"
    found = read_logger_csv(text.encode(), profile=profile, name="X-1")
    assert {channel: traces.values.tolist() for channel, traces in found.items()} == {
        "temperature": [-190.5],
        "tilt": [3.0],
        "shock": [0.2],
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "RQC-H220"),
        ("moment,temperature\n", "RQC-H221"),
        ("logger,moment,temperature\nA,2026-03-16T08:00:00,-150\n", "RQC-H222"),
        ("logger,moment,temperature\nA,2026-03-16T08:00:00Z,-150\nA,2026-03-16T08:01:00,-150\n", "RQC-H222"),
        ("logger,moment,temperature\nA,yesterdayZ,-150\n", "RQC-H223"),
        ("logger,moment,temperature\nA,2026-03-16T08:00:00Z,cold\n", "RQC-H224"),
    ],
    ids=["an empty file", "a missing column", "no zone", "a zone in some rows only", "no moment", "no number"],
)
def test_a_file_that_is_not_understood_is_refused(text: str, code: str) -> None:
    with pytest.raises(DataError, match=code):
        read(text)


def test_a_zone_of_the_profile_is_used_only_where_it_is_stated() -> None:
    local = replace(GENERIC, zone="+09:00")
    assert read("logger,moment,temperature\nA,2026-03-16T09:00:00,-150\n", local).moments[0] == 1_773_619_200_000
    with pytest.raises(DataError, match="RQC-H222"):
        read("logger,moment,temperature\nA,2026-03-16T09:00:00,-150\nA,2026-03-16T09:01:00Z,-150\n", local)


def test_sensor_elements_of_epcis_are_traces() -> None:
    reports = [
        {
            "type": "Temperature",
            "value": value,
            "uom": "CEL",
            "time": f"2026-03-16T08:0{minute}:00Z",
            "deviceID": "urn:x:L-1",
        }
        for minute, value in enumerate((-150, -119.5))
    ]
    document = {
        "epcisBody": {
            "eventList": [{"eventTime": "2026-03-16T09:00:00Z", "sensorElementList": [{"sensorReport": reports}]}]
        }
    }
    found = read_epcis_sensors(document)["temperature"]
    assert (found.names, found.values.tolist()) == (("urn:x:L-1",), [-150.0, -119.5])


@pytest.mark.parametrize(
    "change",
    [
        {"uom": "A9"},
        {"value": "cold"},
        {"time": "2026-03-16T08:00:00"},
        {"value": True},
        {"value": float("nan")},
        {"value": 10**400},
    ],
    ids=["an unknown unit", "a word", "no zone", "a truth value", "not a number", "more than there is"],
)
def test_a_sensor_report_that_is_not_understood_is_refused(change: dict[str, object]) -> None:
    report = {"type": "Temperature", "value": -150, "uom": "CEL", "time": "2026-03-16T08:00:00Z"} | change
    with pytest.raises(DataError, match="RQC-H225"):
        read_epcis_sensors({"sensorElementList": [{"sensorReport": [report]}]})


@pytest.mark.parametrize(
    "document",
    [{"epcisBody": []}, {"epcisBody": {"eventList": 3}}, {"sensorElementList": [7]}, {"sensorElementList": {"a": 1}}],
)
def test_a_document_of_another_shape_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="RQC-H225"):
        read_epcis_sensors(document)


@pytest.mark.parametrize(
    "data",
    [
        b"logger,moment,temperature\nA,2026-03-16T08:00:00Z\n",
        b"logger,moment,temperature\n\xff,2026-03-16T08:00:00Z,-1\n",
        b"logger,moment,moment,temperature\nA,2026-03-16T08:00:00Z,2026-03-16T08:00:00Z,-1\n",
        b"logger,moment,temperature\nA,,-1\n",
        b"\x00\x01\x02",
    ],
    ids=["a row too short", "no UTF-8", "a column twice", "no moment", "no text"],
)
def test_a_broken_file_of_a_logger_is_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(DataError, match="RQC-H22"):
        read_logger_csv(data, profile=GENERIC, name="L")


# ---- legs, summaries, figures -------------------------------------------------------------------------------------------


def test_permitted_time_is_used_up_over_all_legs() -> None:
    legs = join_traces([trace(COLD, *[WARM] * 3, COLD), trace(COLD, *[WARM] * 3, COLD, start=10)])
    ways = {"began": np.asarray([0, 10]) * MINUTE, "ended": np.asarray([4, 14]) * MINUTE}
    found = judge_traces(legs, replace(FROZEN, total_minutes=Decimal(6)), **ways, now=10**12)
    assert [found.verdict(0), found.verdict(1)] == [Verdict.CONFORMS, Verdict.CONFORMS]
    spans = {"began": [0, 10 * MINUTE], "ended": [4 * MINUTE, 14 * MINUTE]}
    way = add_legs(found, replace(FROZEN, total_minutes=Decimal(6)), legs=[0, 1], **spans)
    assert (way.verdict, way.trouble, way.left) == (Verdict.INCONCLUSIVE, Trouble.PERHAPS_OUTSIDE, 0)
    roomy = add_legs(found, FROZEN, legs=[0, 1], **spans)
    assert (roomy.verdict, roomy.left) == (Verdict.CONFORMS, 0)


def test_time_between_two_legs_that_nobody_watched_is_silence() -> None:
    legs = join_traces([trace(COLD, COLD), trace(COLD, COLD, start=30)])
    ways = {"began": np.asarray([0, 30]) * MINUTE, "ended": np.asarray([1, 31]) * MINUTE}
    found = judge_traces(legs, FROZEN, **ways, now=10**12)
    way = add_legs(found, FROZEN, legs=[0, 1], began=[0, 30 * MINUTE], ended=[1 * MINUTE, 31 * MINUTE])
    assert (way.trouble, way.silent) == (Trouble.SILENT, 29 * MINUTE)
    assert add_legs(found, FROZEN, legs=[], began=[], ended=[]).trouble == Trouble.NO_READINGS


def test_what_the_ledger_records_is_what_was_found() -> None:
    traces = trace(COLD, WARM, COLD)
    condition = condition_of_trace(traces, judged(traces), 0, began=0, ended=2 * MINUTE, left=6 * MINUTE)
    assert (condition.minimum, condition.maximum, condition.readings) == ("-150", "-100", "3")
    assert (condition.excursion_seconds, condition.gap_seconds, condition.budget_seconds) == ("120", "0", "360")


def test_a_reviewer_reads_every_trouble() -> None:
    traces = trace(COLD, *[WARM] * 9, COLD)
    sentences = explain_trace(traces, judged(traces, began=-20), 0, FROZEN)
    assert sentences[0] == "LOGGER-55: 11 readings of temperature from -150 to -100 °C; permitted at most -120 °C."
    assert "1 excursion, outside for at least 8 and at most 10 min." in sentences
    assert "The logger began after the way began." in sentences


def test_a_mean_kinetic_temperature_only_where_it_means_something() -> None:
    def figure(traces: Traces) -> float | str:
        return mean_kinetic_temperatures(traces, judged(traces, ended=float(traces.moments.max() / MINUTE)))[0]

    assert figure(trace(5.0, 5.0, 5.0)) == pytest.approx(5.0)
    assert "ice" not in str(figure(trace(5.0, 5.0)))
    assert isinstance(figure(trace(COLD, COLD)), str)
    assert isinstance(figure(trace(5.0, 5.0, every=30)), str)
    assert isinstance(figure(trace(1.0, 1.0, unit="°F")), str)


# ---- requirement files --------------------------------------------------------------------------------------------------

RIGHT = """
schema = "regenqc.condition/1"
id = "example/synthetic"
version = "1"
title = "Synthetic"
[[channel]]
name = "temperature"
unit = "°C"
high = "-120"
citation = "label, synthetic"
mark = "unverified"
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('high = "-120"', "high = -120", "high"),
        ('high = "-120"', 'hihg = "-120"', "high"),
        ('high = "-120"', 'high = "-120"\nlow = "5"', "low"),
        ('high = "-120"', 'gap_minutes = "-1"', "gap_minutes"),
        ('mark = "unverified"', 'mark = "believed"', "mark"),
        ('schema = "regenqc.condition/1"', 'schema = "x"', "schema"),
        ("[[channel]]", "[[channels]]", "channel"),
    ],
)
def test_a_file_of_requirements_that_is_not_valid_is_refused(old: str, new: str, says: str) -> None:
    with pytest.raises(SpecificationError, match=f"RQC-H201.*{says}"):
        parse_condition(RIGHT.replace(old, new))


def test_a_picture_shows_silence_and_hides_no_excursion() -> None:
    values = [COLD] * 5_000
    values[2_500] = WARM
    traces = trace(*values)
    picture = trace_picture(
        traces, judged(traces, ended=5_100), 0, FROZEN, began=0, ended=5_100 * MINUTE, title="SHIP-1 <x>"
    )
    assert "-100 °C at" in picture
    assert "no reading for 101 min" in picture
    assert "<x>" not in picture
