"""The synthetic product uses everything that the engine knows about release tests, and the sample shows each of it."""

import pytest

import regenqc
from regenqc.resources import packaged_path
from regenqc.simulation import AS_OF
from regenqc.specification.derived_functions import FUNCTIONS
from regenqc.vocabulary import Replicates

BANK, PRODUCT = (regenqc.load_specification(f"example/hipsc-{name}") for name in ("bank", "progenitors"))
REQUIREMENTS = [*BANK.requirements, *PRODUCT.requirements]


@pytest.fixture(scope="module")
def sample():
    directory = packaged_path("sample_data") / "synthetic-hipsc"
    computed = {}

    def keep(judged, source):
        if source:
            names = ("batch_id", "test", "result")
            for batch, test, result in zip(*(judged.coded.rows[name].to_pylist() for name in names), strict=True):
                computed.setdefault(test, []).append((batch, result))

    evaluation = regenqc.evaluate(
        regenqc.read_results(directory / "results.csv"),
        [BANK, PRODUCT],
        batches=directory / "batches.csv",
        as_of=AS_OF,
        on_rows=keep,
    )
    return evaluation, computed


def test_every_function_is_used():
    assert {entry.function for entry in (*BANK.derived, *PRODUCT.derived)} == set(FUNCTIONS)


@pytest.mark.parametrize("derived", PRODUCT.derived, ids=lambda entry: entry.id)
def test_every_derived_result_is_judged_and_computed_for_lots_of_the_sample(sample, derived):
    assert derived.id in {requirement.test for requirement in REQUIREMENTS}
    assert any(not result.startswith("not computable") for _, result in sample[1][derived.id])


@pytest.mark.parametrize("derived", PRODUCT.derived, ids=lambda entry: entry.id)
def test_every_derived_result_is_trouble_in_some_lot(sample, derived):
    findings = sample[0].findings
    found = findings[(findings["requirement_id"] == derived.id) & findings["verdict"].isin(["inconclusive", "fails"])]
    assert len(found)


@pytest.mark.parametrize(
    "used",
    [
        pytest.param(lambda entry: any(control.test for control in entry.controls), id="a control that is a row"),
        pytest.param(lambda entry: any(control.column for control in entry.controls), id="a control that is a column"),
        pytest.param(lambda entry: entry.n_of_m is not None, id="n of m"),
        pytest.param(lambda entry: entry.any_of is not None, id="alternatives"),
        pytest.param(lambda entry: entry.replicates is Replicates.MEAN, id="a mean"),
        pytest.param(lambda entry: entry.retests == 1, id="a retest"),
        pytest.param(lambda entry: entry.consequences, id="consequences of a late failure"),
        pytest.param(lambda entry: entry.karyotype is not None, id="a karyotype"),
        pytest.param(lambda entry: entry.identity is not None, id="an identity"),
        pytest.param(lambda entry: entry.alert is not None, id="an alert limit"),
    ],
)
def test_the_product_asks_for(used):
    assert any(used(entry) for entry in PRODUCT.requirements)


@pytest.mark.parametrize(
    ("derived", "beginning", "verdict"),
    [
        pytest.param("residual_cells_bound", "≤", "inconclusive", id="measured cells: the upper bound is not shown"),
        pytest.param("residual_cells_bound", "", "fails", id="measured cells: the lower bound is too much"),
        pytest.param("residual_culture_bound", "≤", "inconclusive", id="counted cells: the upper bound is not shown"),
        pytest.param("residual_culture_bound", "", "fails", id="counted cells: the lower bound is too much"),
        pytest.param("rcl_per_dose", "≤", "inconclusive", id="virus: the upper bound is not shown"),
        pytest.param("mosaicism", "≤", "inconclusive", id="mosaicism: the upper bound is not shown"),
    ],
)
def test_bounds_of_both_kinds_are_in_the_sample(sample, derived, beginning, verdict):
    findings = sample[0].findings
    own = findings[(findings["requirement_id"] == derived) & (findings["verdict"] == verdict)]["reported"]
    assert any(text.startswith(beginning or tuple("0123456789")) for text in own)


def test_nothing_that_can_hide_is_computed_as_nothing(sample):
    # Two methods that agree differ by nothing.
    tests = {entry.id for entry in PRODUCT.derived if entry.function != "relative_difference"}
    texts = {result for test in tests for _, result in sample[1][test]}
    assert not {text for text in texts if text.lstrip("<≤>≥") in {"0", "0.0"}}
