"""Lots that are not endless: a share of the volume, some of the containers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from regenqc.errors import UsageError
from regenqc.statistics import binomial
from regenqc.statistics.sampling import (
    container_detection_probability,
    containers_needed,
    events_detected_by_share,
    share_detection_probability,
)

probabilities = st.floats(0.01, 0.9999)


@st.composite
def lots(draw: st.DrawFn) -> tuple[int, int, int]:
    containers = draw(st.integers(1, 300))
    return draw(st.integers(0, containers)), draw(st.integers(0, containers)), containers


def test_one_percent_of_a_lot_needs_299_events():
    """[C] Smallest m that 1 % of a lot shows with 95 %, exact form."""
    assert events_detected_by_share(0.01, probability=0.95) == 299
    assert share_detection_probability(299, share_tested=0.01) >= 0.95
    assert share_detection_probability(298, share_tested=0.01) < 0.95


@settings(deadline=None)
@given(st.integers(0, 1000), st.floats(0, 1))
def test_a_share_shows_events_with_the_complement_of_missing_each(events, share):
    assert share_detection_probability(events, share_tested=share) == pytest.approx(
        1 - (1 - share) ** events, abs=1e-12
    )


@pytest.mark.parametrize(
    ("events", "share", "probability"),
    [(0, 0.5, 0), (5, 0, 0), (5, 1, 1), (0, 1, 0)],
    ids=["no events", "nothing tested", "everything tested", "everything tested of nothing"],
)
def test_a_share_at_the_ends(events, share, probability):
    assert share_detection_probability(events, share_tested=share) == probability


@settings(deadline=None)
@given(lots())
def test_containers_are_drawn_without_being_put_back(lot):
    tested, contaminated, containers = lot
    missed = math.comb(containers - contaminated, tested) / math.comb(containers, tested)

    assert container_detection_probability(tested, contaminated=contaminated, containers=containers) == pytest.approx(
        1 - missed, rel=1e-9, abs=1e-12
    )


@settings(deadline=None)
@given(lots())
def test_a_small_lot_shows_no_less_than_an_endless_one(lot):
    tested, contaminated, containers = lot
    endless = binomial.detection_probability(contaminated / containers, trials=tested)

    assert container_detection_probability(tested, contaminated=contaminated, containers=containers) >= endless - 1e-12


@settings(deadline=None)
@given(lots(), probabilities)
def test_the_containers_are_the_fewest_that_are_enough(lot, probability):
    _, contaminated, containers = lot
    assume(contaminated)
    needed = int(containers_needed(contaminated, containers=containers, probability=probability))
    enough, fewer = (
        container_detection_probability(n, contaminated=contaminated, containers=containers)
        for n in (needed, needed - 1)
    )

    assert enough >= probability - 1e-12
    assert fewer < probability


def test_a_probability_reached_exactly_needs_no_further_container():
    assert containers_needed(1, containers=20, probability=0.95) == 19


@pytest.mark.parametrize(
    ("contaminated", "containers", "probability", "needed"),
    [(0, 20, 0.95, math.inf), (0, 20, 0, 0), (20, 20, 0.95, 1), (0, 0, 0.95, math.inf), (3, 20, 0, 0)],
    ids=["nothing contaminated", "nothing asked of nothing", "everything contaminated", "no lot", "nothing asked"],
)
def test_containers_at_the_ends(contaminated, containers, probability, needed):
    assert containers_needed(contaminated, containers=containers, probability=probability) == needed


def test_columns_of_lots_keep_their_order_and_gaps():
    contaminated = np.array([2.0, np.nan, 1.0, 2.0])

    found = containers_needed(contaminated, containers=np.array([20, 20, 20, 40]), probability=0.95)

    assert np.array_equal(found, [16, np.nan, 19, 31], equal_nan=True)


@pytest.mark.parametrize(
    ("tested", "contaminated"),
    [(21, 1), (1, 21)],
    ids=["more tested than there are", "more contaminated than there are"],
)
def test_a_lot_smaller_than_its_parts_is_refused(tested, contaminated):
    with pytest.raises(UsageError, match="RQC-U082"):
        container_detection_probability(tested, contaminated=contaminated, containers=20)
