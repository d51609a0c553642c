"""Derived results against published and independently computed figures, to the digits printed."""

import subprocess
import sys
from decimal import Decimal

import pytest

from regenqc.evaluation.derivation.statistic_rules import STATISTICS
from regenqc.specification.derived_functions import FUNCTIONS, Rule

from .derived_results import bound_of, text_of

DOSE = {"dose": "100 mL", "efficiency": "100 %"}
LOW = {"detection_limit": "0.001 %", "dose": "1E8 cells"}


@pytest.mark.parametrize(
    ("amount", "efficiency", "printed"),
    [
        pytest.param("50 mL", "100 %", "39.347", id="half a dose"),
        pytest.param("100 mL", "100 %", "63.212", id="one dose"),
        pytest.param("300 mL", "100 %", "95.021", id="300 mL where one dose is 100 mL, as commonly asked"),
        pytest.param("299.573227356 mL", "100 %", "95.000", id="the amount that gives 95 %"),
        pytest.param("599.146454711 mL", "50 %", "95.000", id="twice as much where half of them are seen"),
        pytest.param("0 mL", "100 %", "0.000", id="nothing"),
    ],
)
def test_probability_to_detect_one_virus_per_dose(amount, efficiency, printed):
    # 1 - exp(-c V e): Poisson distribution.
    text = text_of("virus_detection_probability", amount=amount, dose="100 mL", efficiency=efficiency)
    assert f"{Decimal(text):.3f}" == printed


def test_a_probability_never_becomes_certainty():
    text = text_of("virus_detection_probability", amount="1E6 mL", dose="1 mL", efficiency="100 %")
    assert text == "99.9999999999"


@pytest.mark.parametrize(
    ("positives", "amount", "printed"),
    [
        pytest.param("0", "1 mL", "299.57", id="none in one hundredth of the dose"),
        pytest.param("not detected", "1 mL", "299.57", id="not detected in one hundredth of the dose"),
        pytest.param("0", "100 mL", "3.00", id="none in one dose"),
        pytest.param("1", "100 mL", "4.74", id="one"),
        pytest.param("2", "100 mL", "6.30", id="two"),
        pytest.param("3", "100 mL", "7.75", id="three"),
        pytest.param("4", "100 mL", "9.15", id="four"),
        pytest.param("5", "100 mL", "10.51", id="five"),
    ],
)
def test_upper_bound_of_virus_per_dose(positives, amount, printed):
    # Garwood 1936, Biometrika 28:437: one-sided 95 % bounds 2.9957, 4.7439, 6.2958, 7.7537, 9.1535, 10.5130.
    assert (
        f"{Decimal(bound_of('virus_upper_bound_per_dose', positives=positives, amount=amount, **DOSE)):.2f}" == printed
    )


@pytest.mark.parametrize(
    ("metaphases", "printed"),
    [("10", "25.9"), ("15", "18.1"), ("20", "13.9"), ("25", "11.3"), ("30", "9.5"), ("50", "5.8"), ("100", "3.0")],
)
def test_mosaicism_that_normal_metaphases_exclude(metaphases, printed):
    # Hook 1977, Am J Hum Genet 29:94: 1 - 0.05^(1/n).
    assert f"{Decimal(bound_of('excluded_mosaicism', karyotype=f'46,XX[{metaphases}]')):.1f}" == printed


@pytest.mark.parametrize(
    ("karyotype", "reason"),
    [
        pytest.param("46,XX", "states no number of metaphases", id="no count"),
        pytest.param("47,XX,+12[3]/46,XX[17]", "is of several cell lines", id="two cell lines"),
        pytest.param("46~47,XX,+8[3],-7[1][cp5]", "is of several cell lines", id="a composite"),
        pytest.param("47,XX[20]", "cannot be read", id="a karyotype that does not add up"),
        pytest.param("normal", "cannot be read", id="a word"),
    ],
)
def test_a_karyotype_of_which_the_metaphases_are_not_known_excludes_nothing(karyotype, reason):
    assert text_of("excluded_mosaicism", karyotype=karyotype) == f"not computable: karyotype {reason}"


def test_metaphases_may_be_stated_as_an_amount():
    assert text_of("excluded_mosaicism", karyotype="20 metaphases") == text_of(
        "excluded_mosaicism", karyotype="46,XY[20]"
    )


@pytest.mark.parametrize(
    ("containers", "contaminated", "printed"),
    [("20", "1", "18.21"), ("20", "5", "64.15"), ("20", "10", "87.84"), ("4", "10", "34.39"), ("10", "10", "65.13")],
)
def test_probability_to_meet_a_contaminated_container(containers, contaminated, printed):
    # 1 - (1 - p)^n: binomial distribution.
    found = text_of("contamination_detection_probability", containers=containers, contaminated=f"{contaminated} %")
    assert f"{Decimal(found):.2f}" == printed


def test_a_probability_of_few_digits_is_written_out():
    assert text_of("contamination_detection_probability", containers="4", contaminated="10 %") == "34.39"


@pytest.mark.parametrize(
    ("positives", "examined", "efficiency", "fraction"),
    [
        # Clopper and Pearson 1934, Biometrika 26:404: one-sided 95 % bounds of 0, 1 and 2 in 20, 3 in 50, 1 in 100.
        pytest.param("0", "20", "100", "0.13911", id="none of 20"),
        pytest.param("1", "20", "100", "0.21611", id="one of 20"),
        pytest.param("2", "20", "100", "0.28262", id="two of 20"),
        pytest.param("3", "50", "100", "0.14784", id="three of 50"),
        pytest.param("1", "100", "100", "0.04656", id="one of 100"),
        pytest.param("0", "375", "100", "0.00796", id="none of 375"),
        pytest.param("0", "20", "50", "0.27822", id="none of 20 where half of them grow"),
        pytest.param("0", "20", "10", "1.00000", id="never more than all cells"),
        pytest.param("20", "20", "100", "1.00000", id="all of 20"),
    ],
)
def test_residual_cells_by_count(positives, examined, efficiency, fraction):
    found = bound_of(
        "residual_cells_bound_by_count",
        positives=positives,
        examined=f"{examined} cells",
        efficiency=f"{efficiency} %",
        **LOW,
    )
    assert f"{Decimal(found) / 10**8:.5f}" == fraction


def test_a_detection_limit_of_one_in_a_hundred_thousand_leaves_a_thousand_cells_in_a_dose_of_a_hundred_million():
    found = bound_of("residual_cells_bound_by_count", positives="0", examined="1E6 cells", efficiency="100 %", **LOW)
    assert found == "1000"


@pytest.mark.parametrize(
    ("fraction", "uncertainty", "wanted"),
    [
        pytest.param("0.01 %", "0.002 %", "≤13289.707254", id="a number: the one-sided 95 % bound"),
        pytest.param("0.01 %", "0 %", "≤10000", id="a number without uncertainty"),
        pytest.param("0.0001 %", "0.0001 %", "≤1000", id="a bound below the detection limit"),
        pytest.param("0 %", "0 %", "≤1000", id="a reported zero"),
        pytest.param("not detected", "", "≤1000", id="not detected"),
        pytest.param("< 0.0005 %", "", "≤1000", id="less than half the detection limit"),
        pytest.param("< 0.002 %", "", "≤2000", id="less than twice the detection limit"),
        pytest.param("≤ 0.002 %", "", "≤2000", id="at most twice the detection limit"),
        pytest.param("< 0.002 %", "0.001 %", "≤3644.85362696", id="an uncertainty beside a bound counts"),
        pytest.param("> 0.002 %", "0 %", "≥2000", id="more than the range"),
        pytest.param("20 cells/10^6 cells", "0 cells/10^6 cells", "≤2000", id="cells per million"),
        pytest.param("99 %", "10 %", "≤100000000", id="never more than all cells"),
    ],
)
def test_residual_cells_by_fraction(fraction, uncertainty, wanted):
    # max(fraction + 1.6449 u, detection limit) × dose; 1.6449 is the 95 % point of a normal distribution.
    assert text_of("residual_cells_bound_by_fraction", fraction=fraction, uncertainty=uncertainty, **LOW) == wanted


def test_a_number_without_its_uncertainty_has_no_bound():
    found = text_of("residual_cells_bound_by_fraction", fraction="0.01 %", uncertainty="", **LOW)
    assert found == "not computable: uncertainty is not stated"


@pytest.mark.parametrize(
    ("name", "inputs", "wanted"),
    [
        pytest.param("recovery", {"after": "4.5E6 cells", "before": "5 10^6 cells"}, "90", id="recovery"),
        pytest.param("recovery", {"after": "0.48 EU/mL", "before": "0.5 EU/mL"}, "96", id="spike recovery"),
        pytest.param("tested_share", {"tested": "0.5 mL", "total": "0.05 L"}, "1", id="share of the lot tested"),
        pytest.param("relative_difference", {"result": "0.9 %", "reference": "1.2 %"}, "25", id="two methods"),
        pytest.param("relative_difference", {"result": "1.5 %", "reference": "1.2 %"}, "25", id="the other way round"),
        pytest.param(
            "population_doublings", {"harvested": "8E6 cells", "seeded": "1E6 cells"}, "3", id="three doublings"
        ),
        pytest.param(
            "population_doublings", {"harvested": "1E6 cells", "seeded": "1 10^6 cells"}, "0", id="no doubling"
        ),
        pytest.param(
            "population_doublings", {"harvested": "1E6 cells", "seeded": "4E6 cells"}, "-2", id="a loss of cells"
        ),
        pytest.param(
            "population_doublings",
            {"harvested": "1E7 cells", "seeded": "1E6 cells"},
            "3.32192809489",
            id="log2(10) = 3.321928094887…, rounded up",
        ),
    ],
)
def test_definitions(name, inputs, wanted):
    assert text_of(name, **inputs) == wanted


REFUSED = [
    ("recovery", {"after": "4 cells", "before": "5 mL"}, "inputs in units of different kinds"),
    ("recovery", {"after": "4 cells", "before": "0 cells"}, "division by zero"),
    ("relative_difference", {"result": "4 cells", "reference": "5 mL"}, "inputs in units of different kinds"),
    ("relative_difference", {"result": "4 cells", "reference": "0 cells"}, "division by zero"),
    ("relative_difference", {"result": "<4 cells", "reference": "5 cells"}, "result is censored"),
    ("relative_difference", {"result": "-4 degC", "reference": "5 degC"}, "result is negative"),
    (
        "virus_detection_probability",
        {"amount": "4 cells", "dose": "5 mL", "efficiency": "1 %"},
        "inputs in units of different kinds",
    ),
    (
        "virus_detection_probability",
        {"amount": "4 mL", "dose": "5 mL", "efficiency": "101 %"},
        "efficiency is above 100 %",
    ),
    ("virus_detection_probability", {"amount": "4 mL", "dose": "0 mL", "efficiency": "1 %"}, "dose is zero"),
    (
        "virus_detection_probability",
        {"amount": "<4 mL", "dose": "<5 mL", "efficiency": "1 %"},
        "inputs censored in different ways",
    ),
    ("virus_upper_bound_per_dose", {"positives": "0", "amount": "0 mL", **DOSE}, "amount is zero"),
    ("virus_upper_bound_per_dose", {"positives": "0.5", "amount": "1 mL", **DOSE}, "positives is no whole number"),
    ("virus_upper_bound_per_dose", {"positives": "-1", "amount": "1 mL", **DOSE}, "positives is negative"),
    ("virus_upper_bound_per_dose", {"positives": "equivocal", "amount": "1 mL", **DOSE}, "positives cannot be read"),
    ("virus_upper_bound_per_dose", {"positives": "0", "amount": "1", **DOSE}, "inputs in units of different kinds"),
    (
        "residual_cells_bound_by_count",
        {"positives": "21", "examined": "20 cells", "efficiency": "1 %", **LOW},
        "positives is more than examined",
    ),
    (
        "residual_cells_bound_by_count",
        {"positives": "0", "examined": "0 cells", "efficiency": "1 %", **LOW},
        "examined is zero",
    ),
    (
        "residual_cells_bound_by_count",
        {"positives": "0", "examined": "9 cells", "efficiency": "0 %", **LOW},
        "efficiency is zero",
    ),
    (
        "residual_cells_bound_by_fraction",
        {"fraction": "1 %", "uncertainty": "0 %", "detection_limit": "0 %", "dose": "1 cells"},
        "detection_limit is zero",
    ),
    (
        "residual_cells_bound_by_fraction",
        {"fraction": "1 %", "uncertainty": "0 %", "detection_limit": "1 %", "dose": "0 cells"},
        "dose is zero",
    ),
    ("residual_cells_bound_by_fraction", {"fraction": "101 %", "uncertainty": "0 %", **LOW}, "fraction is above 100 %"),
    ("residual_cells_bound_by_fraction", {"fraction": "BLQ", "uncertainty": "0 %", **LOW}, "fraction cannot be read"),
    (
        "residual_cells_bound_by_fraction",
        {"fraction": "not detected", "uncertainty": "", "detection_limit": "> 1 %", "dose": "1 cells"},
        "fraction was not detected and states no detection limit",
    ),
    ("population_doublings", {"harvested": "0 cells", "seeded": "1 cells"}, "harvested is zero"),
    ("excluded_mosaicism", {"karyotype": "0 metaphases"}, "karyotype is zero"),
    ("contamination_detection_probability", {"containers": "many", "contaminated": "1 %"}, "containers cannot be read"),
]


@pytest.mark.parametrize(
    ("name", "inputs", "reason"), REFUSED, ids=[f"{name}: {reason}" for name, _, reason in REFUSED]
)
def test_what_has_no_value_says_why(name, inputs, reason):
    assert text_of(name, **inputs) == f"not computable: {reason}"


def test_every_function_states_formula_and_source():
    assert [name for name, entry in FUNCTIONS.items() if not (entry.formula and entry.source)] == []


def test_every_statistic_has_a_computation_and_nothing_else_has():
    assert set(STATISTICS) == {name for name, entry in FUNCTIONS.items() if entry.rule is Rule.STATISTIC}


def test_exact_functions_do_not_load_scipy():
    script = "import sys; from regenqc.evaluation import derived; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_bound_of_one_metaphase_is_exact():
    assert bound_of("excluded_mosaicism", karyotype="1 metaphases") == "95"
