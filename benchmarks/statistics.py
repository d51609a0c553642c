"""Time the statistics of release tests on columns of realistic arguments."""

# ruff: noqa: A005 - imported as benchmarks.statistics, never as statistics

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from regenqc.statistics import (
    binomial,
    capability,
    conformance,
    endotoxin,
    mosaicism,
    poisson,
    sampling,
    temperature,
    tolerance,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["time_statistics"]


def time_statistics(*, rows: int = 1_000_000, runs: int = 3, seed: int = 1) -> dict[str, float]:
    """Return the seconds that each statistic takes for a million rows, on one core: the median of several runs.

    Every row has arguments of its own. Those of tolerance factors and of containers are small counts, so that many rows
    share them; such functions compute each distinct combination once.

    Args:
        rows: batches.
        runs: counted runs, after one that is not.
        seed: of the arguments.
    """
    questions = _questions(rows, np.random.default_rng(seed))
    return {name: median(_times(ask, runs=runs)) * 1e6 / rows for name, ask in questions.items()}


def _times(ask: Callable[[], Any], *, runs: int) -> list[float]:
    ask()
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    return times


def _questions(rows: int, dice: np.random.Generator) -> dict[str, Callable[[], Any]]:
    share = 10.0 ** dice.uniform(-3, -0.3, rows)
    rate = 10.0 ** dice.uniform(-7, -3, rows)
    amount, efficiency = dice.uniform(0, 1000, rows), dice.uniform(0.05, 1, rows)
    events = dice.poisson(0.5, rows).astype(np.float64)
    cells = np.floor(10.0 ** dice.uniform(4, 8, rows))
    metaphases = dice.integers(5, 101, rows).astype(np.float64)
    abnormal = np.minimum(dice.integers(0, 4, rows), metaphases)
    lot = dice.integers(1, 501, rows).astype(np.float64)
    contaminated, tested = np.floor(lot * dice.uniform(0, 0.2, rows)), np.floor(lot * dice.uniform(0, 0.2, rows))
    viability, uncertainty = dice.normal(85, 6, rows), dice.uniform(0.5, 3, rows)
    sample = dice.integers(3, 201, rows).astype(np.float64)
    readings, offsets = dice.uniform(2, 30, rows * 10), np.arange(0, rows * 10 + 1, 10)
    return {
        "poisson.detection_probability": lambda: poisson.detection_probability(
            rate, amount=amount, efficiency=efficiency
        ),
        "poisson.amount_to_test": lambda: poisson.amount_to_test(rate, probability=0.95, efficiency=efficiency),
        "poisson.count_to_test": lambda: poisson.count_to_test(rate, probability=0.95, efficiency=efficiency),
        "poisson.event_bounds": lambda: poisson.event_bounds(events, confidence=0.95),
        "poisson.concentration_upper_bound": lambda: poisson.concentration_upper_bound(
            events, amount=amount, confidence=0.95, efficiency=efficiency
        ),
        "binomial.proportion_upper_bound": lambda: binomial.proportion_upper_bound(
            events, trials=cells, confidence=0.95
        ),
        "binomial.proportion_bounds": lambda: binomial.proportion_bounds(events, trials=cells, confidence=0.95),
        "binomial.zero_event_upper_bound": lambda: binomial.zero_event_upper_bound(cells, confidence=0.95),
        "binomial.detection_probability": lambda: binomial.detection_probability(share, trials=metaphases),
        "binomial.trials_needed": lambda: binomial.trials_needed(share, probability=0.95),
        "mosaicism.excluded_mosaicism": lambda: mosaicism.excluded_mosaicism(metaphases, confidence=0.95),
        "mosaicism upper bound, some abnormal": lambda: binomial.proportion_upper_bound(
            abnormal, trials=metaphases, confidence=0.95
        ),
        "mosaicism.clone_call_power": lambda: mosaicism.clone_call_power(share, metaphases=metaphases, cells=2),
        "mosaicism.smallest_mosaicism_called": lambda: mosaicism.smallest_mosaicism_called(
            metaphases, cells=3, power=0.95
        ),
        "mosaicism.metaphases_needed_to_call": lambda: mosaicism.metaphases_needed_to_call(share, cells=2, power=0.95),
        "sampling.container_detection_probability": lambda: sampling.container_detection_probability(
            tested, contaminated=contaminated, containers=lot
        ),
        "sampling.containers_needed": lambda: sampling.containers_needed(
            contaminated, containers=lot, probability=0.95
        ),
        "conformance.conformance_probability": lambda: conformance.conformance_probability(
            viability, standard_uncertainty=uncertainty, lower=70.0, upper=100.0
        ),
        "conformance.guard_band": lambda: conformance.guard_band(uncertainty, risk=0.05),
        "conformance.place_result": lambda: conformance.place_result(viability, guard_band=uncertainty, lower=70.0),
        "tolerance.one_sided_factor": lambda: tolerance.one_sided_factor(sample, coverage=0.95, confidence=0.95),
        "tolerance.two_sided_factor": lambda: tolerance.two_sided_factor(sample, coverage=0.95, confidence=0.95),
        "tolerance.howe_factor": lambda: tolerance.howe_factor(sample, coverage=0.95, confidence=0.95),
        "capability.capability_columns": lambda: capability.capability_columns(
            viability, standard_deviation=uncertainty, count=sample, lower=70.0, confidence=0.95, censored=0.0
        ),
        "temperature, 10 readings a row": lambda: temperature.mean_kinetic_temperature_columns(
            readings, hours=np.ones(rows * 10), offsets=offsets
        ),
        "endotoxin.endotoxin_limit": lambda: endotoxin.endotoxin_limit(amount, threshold=5.0, weight=viability),
        "endotoxin.maximum_valid_dilution": lambda: endotoxin.maximum_valid_dilution(amount, sensitivity=0.05),
    }
