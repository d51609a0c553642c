"""Loggers that travelled one after another: each leg by itself, all of them together, and clocks that do not fit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.reinspection.test_condition import COLD, FROZEN, MINUTE, WARM, trace

from regenqc.reinspection.condition import LegsInTurn, Traces, Trouble, explain_way, judge_in_turn
from regenqc.vocabulary import Verdict

SIX = replace(FROZEN, total_minutes=Decimal(6))


def in_turn(*parts: Traces, ended: int = 14) -> LegsInTurn:
    return judge_in_turn(parts, SIX, began=0, ended=ended * MINUTE, now=10**12)


FIRST, SECOND = trace(*[COLD] * 5), trace(*[COLD] * 10, start=5)


@pytest.mark.parametrize("parts", [(FIRST, SECOND), (SECOND, FIRST)], ids=["in order", "in the other order"])
def test_two_loggers_in_turn_cover_one_way(parts: tuple[Traces, ...]) -> None:
    way = in_turn(*parts)
    assert (way.whole.verdict, way.began, way.ended) == (
        Verdict.CONFORMS,
        (0, 5 * MINUTE),
        (4 * MINUTE, 14 * MINUTE),
    )


def test_what_each_leg_permits_may_be_too_much_together() -> None:
    way = in_turn(trace(COLD, *[WARM] * 3, COLD), trace(COLD, *[WARM] * 3, *[COLD] * 6, start=5))
    assert [way.findings.verdict(row) for row in (0, 1)] == [Verdict.CONFORMS, Verdict.CONFORMS]
    assert (way.whole.verdict, way.whole.trouble) == (Verdict.INCONCLUSIVE, Trouble.PERHAPS_OUTSIDE)
    assert explain_way(way, SIX) == ("Over 2 legs outside for 4 to 8 min in all; 6 min permitted.",)


def test_what_nobody_watched_between_two_loggers_is_silence() -> None:
    way = in_turn(FIRST, trace(*[COLD] * 10, start=35), ended=44)
    assert (way.whole.verdict, way.whole.trouble, way.whole.silent) == (
        Verdict.INCONCLUSIVE,
        Trouble.SILENT,
        31 * MINUTE,
    )
    assert "Nobody watched for 31 min" in explain_way(way, SIX)[-1]


@pytest.mark.parametrize("minutes", [-10_000, 10_000], ids=["in the past", "in the future"])
def test_a_logger_whose_clock_does_not_fit_the_way_holds_it(minutes: int) -> None:
    way = in_turn(FIRST, trace(*[COLD] * 10, start=minutes))
    assert way.whole.verdict is Verdict.INCONCLUSIVE
    assert way.whole.trouble & Trouble.WRONG_CLOCK


def test_a_way_that_ends_later_than_its_last_logger_is_not_watched_to_its_end() -> None:
    way = in_turn(FIRST, SECOND, ended=60)
    assert (way.whole.verdict, bool(way.whole.trouble & Trouble.ENDS_EARLY)) == (Verdict.INCONCLUSIVE, True)


def test_a_logger_without_readings_holds_the_way() -> None:
    way = in_turn(FIRST, trace(start=3), SECOND)
    assert (way.whole.verdict, bool(way.whole.trouble & Trouble.NO_READINGS)) == (Verdict.INCONCLUSIVE, True)
