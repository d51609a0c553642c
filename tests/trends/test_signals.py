"""What raises a signal, what it says, and what is refused by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest

from regenqc.errors import UsageError
from regenqc.intake import read_batches
from regenqc.specification import parse_specification
from regenqc.statistics.refusal import RefusalReason
from regenqc.statistics.run_rules import WESTERN_ELECTRIC
from regenqc.statistics.tolerance import two_sided_factor
from regenqc.trends.analysis import analyse
from regenqc.trends.charts import ChartOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from regenqc.intake import ResultTable
    from regenqc.trends.analysis import TrendAnalysis

    Maker = Callable[..., ResultTable]

# NIST/SEMATECH e-Handbook 6.3.2.3: the twenty values of its cumulative sums, the shift at the thirteenth.
SHIFTED = [
    "324.925", "324.675", "324.725", "324.350", "325.350", "325.225", "324.125", "324.525", "325.225", "324.600",
    "324.625", "325.150", "328.325", "327.250", "327.825", "328.500", "326.675", "327.775", "326.875", "328.350",
]  # fmt: skip


def numbers(seed: int, count: int, *, mean: float = 50.0, sigma: float = 2.0) -> list[str]:
    return [f"{value:.2f}" for value in np.random.default_rng(seed).normal(mean, sigma, count)]


def raised(analysis: TrendAnalysis, rule: str) -> list[str]:
    return [signal.batch_id for signal in analysis.signals if signal.rule == rule]


def test_a_shift_is_found_by_sums_averages_and_rules_against_the_limits_of_the_lots_before_it(history: Maker) -> None:
    options = ChartOptions(
        baseline_until=1768204800, rules=WESTERN_ELECTRIC
    )  # 2026-01-12T08:00:00Z, before the twelfth
    analysis = analyse(history(SHIFTED, unit="10^6 cells"), options=options)
    assert analysis.charts.baseline.tolist() == [11]
    for rule in ("western_electric_1", "ewma", "cusum_high", "moving_range"):
        assert raised(analysis, rule)[0] == "LOT-013", rule
    (signal,) = [signal for signal in analysis.signals if signal.rule == "western_electric_1"]
    assert (signal.points, signal.until_batch_id, signal.value) == (8, "LOT-020", "328.325")
    assert "one point beyond 3 sigma, at lot LOT-013 of 2026-01-13" in signal.sentence
    assert signal.sentence.endswith("It goes on for 8 lots, to LOT-020.")


def test_a_lot_outside_the_tolerance_interval_of_all_others_is_out_of_trend(history: Maker) -> None:
    texts = [*numbers(4, 30), "61.00"]
    values = np.array([float(text) for text in texts])
    analysis = analyse(history(texts))
    factor = two_sided_factor(30, coverage=0.99, confidence=0.95)
    expected = []
    for at in range(len(values)):
        others = np.delete(values, at)
        if abs(values[at] - others.mean()) > factor * others.std(ddof=1):
            expected.append(f"LOT-{at + 1:03d}")
    assert raised(analysis, "out_of_trend") == expected == ["LOT-031"]


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        (numbers(1, 9), RefusalReason.TOO_FEW_VALUES),
        (["50.1"] * 12, RefusalReason.NO_SPREAD),
        ([*numbers(1, 10), *["<40"] * 11], RefusalReason.MOSTLY_CENSORED),
    ],
    ids=["nine lots", "equal results", "more censored than numbers"],
)
def test_a_series_without_limits_says_why_and_raises_nothing(
    history: Maker, results: list[str], reason: RefusalReason
) -> None:
    analysis = analyse(history(results))
    assert analysis.charts.refusal.tolist() == [reason]
    assert np.isnan(analysis.charts.centre).all()
    assert analysis.signals == []


def test_censored_points_give_a_chart_without_sums_averages_and_tolerance_and_break_no_rule(history: Maker) -> None:
    results = numbers(2, 30)
    results[3:30:5] = ["< 48"] * 6
    analysis = analyse(history(results))
    charts = analysis.charts
    assert (charts.numbers.tolist(), charts.censored.tolist(), charts.refusal.tolist()) == ([24], [6], [0])
    assert charts.tolerance_refusal.tolist() == [RefusalReason.CENSORED_VALUES]
    for column in (charts.ewma, charts.cusum_high, charts.cusum_low, charts.moving_range):
        assert np.isnan(column).all()
    assert charts.centre[0] < np.mean([float(text) for text in results if "<" not in text])


def test_an_impurity_near_its_limit_of_detection_has_no_limits_instead_of_a_centre_below_zero(history: Maker) -> None:
    results = ["<0.05", "0.2", "0.3", "<0.05", "0.1"] * 8
    results[11] = "7.5"
    analysis = analyse(history(results, unit="EU/mL", test="endotoxin"))
    assert analysis.charts.refusal.tolist() == [RefusalReason.CROWDS_A_BOUND]
    assert analysis.signals == []


def test_a_censored_result_far_below_all_others_is_a_signal_because_its_limit_proves_it(history: Maker) -> None:
    analysis = analyse(history([*numbers(3, 20), "<10"]))
    # Its own weight in the fit is small; the limit lies far below the centre less three sigma.
    assert raised(analysis, "nelson_1") == ["LOT-021"]
    assert "value < 10" in next(signal for signal in analysis.signals if signal.rule == "nelson_1").sentence


def test_a_laboratory_that_differs_is_named_with_the_size_of_the_difference(history: Maker) -> None:
    results = numbers(5, 40) + numbers(6, 20, mean=54.0)
    laboratories = ["NORTH"] * 20 + ["WEST"] * 20 + ["SOUTH"] * 20
    analysis = analyse(history(results, laboratory=laboratories, analyst=["a", "b"] * 30))
    found = {entry.factor: entry for entry in analysis.comparisons}
    assert (found["laboratory"].group, found["laboratory"].groups, found["laboratory"].lots) == ("SOUTH", 3, 60)
    assert found["laboratory"].delta > 0.8
    assert found["analyst"].q_value > 0.05
    (signal,) = [signal for signal in analysis.signals if signal.rule == "comparison"]
    assert "differs by laboratory" in signal.sentence
    assert "SOUTH lies above the others" in signal.sentence


def test_donors_banks_and_lots_of_reagents_of_the_batch_table_are_compared_and_others_on_request(
    history: Maker,
) -> None:
    lots = [f"LOT-{number:03d}" for number in range(1, 31)]
    batches = read_batches(
        pa.table(
            {
                "batch_id": lots,
                "donor_id": ["D1", "D2"] * 15,
                "reagent_lot_x": ["R1", "R2"] * 15,
                "cleanroom": ["C1", "C2"] * 15,
            }
        )
    )
    results = history(numbers(7, 30))
    assert {entry.factor for entry in analyse(results, batches=batches).comparisons} == {"donor_id", "reagent_lot_x"}
    found = analyse(results, batches=batches, compared_by=["cleanroom"])
    assert {entry.factor for entry in found.comparisons} == {"donor_id", "reagent_lot_x", "cleanroom"}
    with pytest.raises(UsageError, match="RQC-U151"):
        analyse(results, batches=batches, compared_by=["cleanrom"])


def test_products_and_sites_are_series_of_their_own(history: Maker) -> None:
    lots = [f"LOT-{number:03d}" for number in range(1, 5)]
    batches = read_batches(pa.table({"batch_id": lots[:3], "product": ["P", "Q", "P"], "site": ["S", "S", "T"]}))
    results = history(numbers(8, 4))
    names = [series.group for series in analyse(results, batches=batches).points.series]
    assert sorted(names) == ["P", "Q", "product not stated"]
    names = [series.group for series in analyse(results, batches=batches, divided_by=["site"]).points.series]
    assert sorted(names) == ["P, site S", "P, site T", "Q, site S", "product not stated, site not stated"]


def test_a_lot_unlike_its_history_names_the_tests_that_drive_it(history: Maker) -> None:
    count = 25
    texts, tests = [], []
    for test in ("viability", "purity", "recovery"):
        values = numbers(len(test), count)
        if test != "purity":
            values[11] = "75.00"
        texts, tests = texts + values, tests + [test] * count
    lots = [f"LOT-{number:03d}" for number in range(1, count + 1)] * 3
    times = [f"2026-01-{number:02d}T08:00:00Z" for number in range(1, count + 1)] * 3
    analysis = analyse(history(texts, test=tests, batch_id=lots, tested_at=times))
    (signal,) = [signal for signal in analysis.signals if signal.rule == "unlike_its_history"]
    assert signal.batch_id == "LOT-012"
    assert "in 2 of 3 tests" in signal.sentence
    assert "viability" in signal.sentence
    assert "recovery" in signal.sentence
    assert "purity" not in signal.sentence


SPECIFICATION = """
schema = "regenqc.specification/1"
id = "example/trend"
version = "1"
title = "Trend"
jurisdiction = "INT"
[[requirement]]
id = "protein"
test = "protein"
stage = "drug_product_release"
limit = { max = "80", unit = "ng/mL" }
citation = "example"
mark = "verified"
[[requirement]]
id = "protein_fresh"
test = "protein"
stage = "drug_product_release"
limit = { max = "70", unit = "ng/mL" }
when = { formulation = ["fresh"] }
citation = "example"
mark = "verified"
"""


def test_capability_uses_the_limit_in_the_unit_of_the_series_and_only_lots_it_applies_to(history: Maker) -> None:
    texts = [f"{float(text) / 1000:.5f}" for text in numbers(9, 30)]
    values = np.array([float(text) for text in texts])
    results = history(texts, unit="ug/mL", test="protein")
    specification = parse_specification(SPECIFICATION)
    every, fresh = analyse(results, specifications=[specification]).capabilities
    assert every.ppk == pytest.approx((0.08 - values.mean()) / (3 * values.std(ddof=1)))
    assert (every.upper, every.lots, every.refusal) == (0.08, 30, "")
    assert "some lots only" in fresh.refusal
    lots = [f"LOT-{number:03d}" for number in range(1, 31)]
    batches = read_batches(pa.table({"batch_id": lots, "formulation": ["fresh"] * 12 + ["cryopreserved"] * 18}))
    _, fresh = analyse(results, specifications=[specification], batches=batches).capabilities
    assert fresh.lots == 12
    assert fresh.ppk == pytest.approx((0.07 - values[:12].mean()) / (3 * values[:12].std(ddof=1)))


def test_capability_is_refused_with_its_reason(history: Maker) -> None:
    texts = [f"{float(text) / 1000:.5f}" for text in numbers(9, 30)]
    texts[4] = "<0.02"
    found = analyse(history(texts, unit="ug/mL", test="protein"), specifications=[parse_specification(SPECIFICATION)])
    assert "have no place in a mean" in found.capabilities[0].refusal


def test_the_same_history_in_another_order_gives_the_same_signals(history: Maker) -> None:
    results = [*numbers(11, 50), "70.00"]
    order = np.random.default_rng(1).permutation(51)
    columns = {
        "batch_id": [f"LOT-{number + 1:03d}" for number in range(51)],
        "tested_at": [f"2026-{1 + number // 28:02d}-{1 + number % 28:02d}T08:00:00Z" for number in range(51)],
        "laboratory": ["N", "S", "W"] * 17,
    }
    shuffled = {name: [texts[at] for at in order] for name, texts in columns.items()}
    first = analyse(history(results, **columns))
    second = analyse(history([results[at] for at in order], **shuffled))
    assert [signal.sentence for signal in first.signals] == [signal.sentence for signal in second.signals]
    assert len({signal.signal_id for signal in first.signals}) == len(first.signals) > 0


def test_results_of_any_size_that_can_be_read_are_charted(history: Maker) -> None:
    results = [f"{float(text) / 50:.3f}E{power}" for power in (289, -289) for text in numbers(13, 20)]
    tests = ["large"] * 20 + ["small"] * 20
    results[5] = "< 0.9E289"
    analysis = analyse(history(results, test=tests, unit="cells"))
    assert analysis.charts.refusal.tolist() == [0, 0]
    assert np.isfinite(analysis.charts.sigma).all()
    assert (analysis.charts.sigma > 0).all()


def test_a_column_of_identifiers_that_occur_once_is_no_comparison(history: Maker) -> None:
    lots = [f"R-{number}" for number in range(30)]
    assert analyse(history(numbers(7, 30), reagent_lot_medium=lots)).comparisons == []


def test_a_lot_with_a_censored_and_a_measured_result_is_an_interval_of_the_likelihood(history: Maker) -> None:
    results, lots = [], []
    for number, text in enumerate(numbers(17, 40, mean=20.0)):
        # Every fourth lot has `< 2` beside its number: the mean lies between half of the number and that plus one.
        results += [text, "< 2"] if number % 4 == 0 else [text]
        lots += [f"L{number:02d}"] * (2 if number % 4 == 0 else 1)
    analysis = analyse(history(results, unit="EU/mL", batch_id=lots))
    mixed = analysis.points.is_censored
    assert mixed.sum() == 10
    assert (analysis.points.highest - analysis.points.lowest)[mixed] == pytest.approx(np.ones(10))
    # Known to lie between 9 and 12, and not merely below: the centre stays that of all lots.
    assert analysis.charts.centre[0] == pytest.approx((30 * 20 + 10 * 10.5) / 40, abs=1.0)
