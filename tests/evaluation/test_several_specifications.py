"""Several specifications at once are as many runs: none sees what another computes or selects."""

from dataclasses import replace

import pandas as pd
import pytest

import regenqc
from regenqc.resources import packaged_path
from strategies import AS_OF, ENDOTOXIN, STAGE, STERILITY, VIABILITY, dispositions, evaluate, rows, specification

RATE_FROM = {"id": "rate", "function": "dose_per_kg", "inputs": {"dose": "dose", "weight": "@weight"}}
OTHER_RATE = {"id": "rate", "function": "dose_per_kg", "inputs": {"dose": "@total", "weight": "@weight"}}
RATE = {"id": "rate", "limit": {"min": "1", "unit": "cells/kg"}}
FIVE = [
    specification(VIABILITY, RATE, id="example/one", derived=[RATE_FROM]),
    specification(
        VIABILITY | {"replicates": "mean"}, id="example/two", product={"vector": "lentiviral"}, unlisted_tests="report"
    ),
    specification(
        VIABILITY | {"replicates": "mean", "limit": {"min": "90", "unit": "%"}}, id="example/three", rounding="usp"
    ),
    specification(
        STERILITY,
        ENDOTOXIN | {"when": {"formulation": ["fresh"]}},
        {"id": "dose", "report_only": True},
        id="example/four",
    ),
    specification(
        RATE | {"limit": {"min": "9", "unit": "cells/kg"}},
        id="example/five",
        derived=[OTHER_RATE],
        unlisted_tests="report",
    ),
]
RESULTS = pd.concat(
    [
        rows(("viability", "89.6", "%"), ("dose", "100", "cells"), ("sterility", "no growth", ""), batch_id="B1"),
        rows(("viability", "60", "%"), ("endotoxin", "<0.5", "EU/mL"), ("dose", "1", "cells"), batch_id="B2"),
        rows(("viability", "?", "%"), batch_id="B3"),
    ]
)
BATCHES = pd.DataFrame(
    {
        "batch_id": ["B1", "B2", "B3", "B4"],
        "vector": ["lentiviral", "none", "", "aav"],
        "formulation": ["fresh", "cryopreserved", "", "?"],
        "weight": "10",
        "weight_unit": "kg",
        "total": "80",
        "total_unit": "cells",
    }
)


def run(specifications):
    return regenqc.evaluate(RESULTS, specifications, batches=BATCHES, as_of=AS_OF)


def without_bare(table):
    return table[table["spec_id"] != ""] if "spec_id" in table else table


@pytest.mark.parametrize("part", ["dispositions", "findings", "matrix"])
def test_five_specifications_at_once_equal_five_runs(part):
    def table(found):
        frame = found.matrix.table().to_pandas() if part == "matrix" else getattr(found, part)
        return without_bare(frame.drop(columns=["row_number"], errors="ignore")).astype("str")

    together = table(run(FIVE))
    keys = ["spec_id", "batch_id", "stage"]
    alone = pd.concat([table(run([one])) for one in FIVE])
    pd.testing.assert_frame_equal(
        together.sort_values(keys, kind="stable", ignore_index=True),
        alone.sort_values(keys, kind="stable", ignore_index=True),
    )


@pytest.mark.parametrize("part", ["dispositions", "findings", "investigations"])
def test_two_versions_of_the_sample_product_that_collect_and_derive_in_common_equal_two_runs(part):
    old = regenqc.load_specification("example/hipsc-progenitors")
    when = {"when": {"formulation": ("cryopreserved",)}}
    requirements = [entry.model_copy(update=when if entry.id == "potency" else {}) for entry in old.requirements]
    new = replace(old, id="example/new", requirements=tuple(requirements))
    directory = packaged_path("sample_data") / "synthetic-hipsc"

    def table(specifications):
        found = regenqc.evaluate(
            directory / "results.csv", specifications, batches=directory / "batches.csv", as_of=AS_OF
        )
        frame = without_bare(getattr(found, part)).drop(columns=["row_number"], errors="ignore")
        return frame.astype("str").sort_values(list(frame.columns), ignore_index=True)

    alone = pd.concat([table([old]), table([new])])
    assert len(alone)
    pd.testing.assert_frame_equal(table([old, new]), alone.sort_values(list(alone.columns), ignore_index=True))


def test_the_order_in_which_specifications_are_given_changes_no_disposition():
    def words(found):
        return sorted(
            found.dispositions[["batch_id", "spec_id", "disposition", "reasons"]].itertuples(index=False, name=None)
        )

    assert words(run(FIVE)) == words(run(FIVE[::-1]))


def test_a_result_that_one_specification_computes_is_no_unlisted_test_of_another():
    found = run(
        [
            FIVE[0],
            specification(
                VIABILITY,
                {"id": "dose", "report_only": True},
                {"id": "sterility", "report_only": True},
                id="example/plain",
            ),
        ]
    )
    assert "unmatched_test" not in set(
        found.findings.query("spec_id == 'example/plain' and batch_id == 'B1'")["reason_code"]
    )


def test_a_specification_speaks_only_about_its_product():
    table = run([FIVE[1]]).dispositions
    spoken = dict(zip(table["batch_id"], table["spec_id"], strict=True))
    assert spoken == {"B1": "example/two", "B2": "", "B3": "example/two", "B4": ""}


def test_a_batch_that_no_specification_speaks_about_holds_and_says_so():
    table = run([FIVE[1]]).dispositions.query("spec_id == ''")
    assert set(table["disposition"]) == {"hold"}
    assert set(table["reasons"]) == {"inconclusive: no_specification"}


@pytest.mark.parametrize(
    ("formulation", "wanted"),
    [
        pytest.param("fresh", {"reject"}, id="it applies"),
        pytest.param("cryopreserved", {"eligible"}, id="it does not apply"),
        pytest.param("", {"hold"}, id="whether it applies is not stated"),
        pytest.param("Fresh", {"hold"}, id="whether it applies is stated in another spelling"),
    ],
)
def test_a_requirement_applies_to_what_it_selects(formulation, wanted):
    results = rows(("viability", "90", "%"), ("endotoxin", "9", "EU/mL"))
    selected = ENDOTOXIN | {"when": {"formulation": ["fresh"]}}
    assert dispositions(evaluate(results, VIABILITY, selected, batches={"formulation": formulation})) == wanted


def test_a_requirement_that_may_not_apply_conforms_where_its_result_does():
    results = rows(("viability", "90", "%"), ("endotoxin", "0.1", "EU/mL"))
    selected = ENDOTOXIN | {"when": {"formulation": ["fresh"]}}
    assert dispositions(evaluate(results, VIABILITY, selected, batches={"formulation": ""})) == {"eligible"}


def test_free_attributes_select_by_their_declared_values():
    selected = STERILITY | {"when": {"size": ["large"]}}
    for size, wanted in (("small", {"eligible"}), ("large", {"hold"}), ("medium", {"hold"})):
        found = evaluate(
            rows(("viability", "90", "%")),
            VIABILITY,
            selected,
            attributes={"size": ["small", "large"]},
            batches={"size": size},
        )
        assert dispositions(found) == wanted


def test_one_specification_judges_each_stage_by_itself():
    results = rows(
        {"test": "viability", "result": "90", "unit": "%", "stage": STAGE},
        {"test": "viability", "result": "1", "unit": "%", "stage": "cell_bank"},
    )
    found = evaluate(
        results, VIABILITY, VIABILITY | {"id": "bank_viability", "test": "viability", "stage": "cell_bank"}
    )
    assert dict(zip(found.dispositions["stage"], found.dispositions["disposition"], strict=True)) == {
        "cell_bank": "reject",
        STAGE: "eligible",
    }


def test_the_same_specification_twice_is_refused():
    with pytest.raises(regenqc.UsageError):
        run([FIVE[0], FIVE[0]])


def test_what_one_batch_reports_at_a_stage_nobody_speaks_about_changes_no_finding_of_another():
    proof = {"investigation_id": "OOS-1", "assignable_cause": "vial broke", "analyst": "Kim", "invalidated_by": "Park"}
    stray = {"test": "viability", "result": "80", "unit": "%", "stage": "shipping"}
    nameless = rows({"test": "viability", "result": "80", "unit": "%"}, batch_id="")
    own = rows(stray | proof | {"status": "invalidated"}, batch_id="B2")
    other = rows(stray, batch_id="B1")

    def said(*parts):
        found = regenqc.evaluate(pd.concat(parts), specification(VIABILITY), as_of=AS_OF).findings
        own = found[found["batch_id"] == "B2"].drop(columns="row_number")
        return own.astype("str").to_numpy().tolist()

    assert said(own, nameless) == said(own, nameless, other) != []


@pytest.mark.parametrize(
    ("other", "computed"),
    [
        pytest.param(FIVE[0], 2, id="what two versions compute alike is computed and judged once"),
        pytest.param(FIVE[4], 6, id="a result of the same name that follows from something else is another"),
    ],
)
def test_computed_results_are_shared_where_they_are_the_same(other, computed):
    found = run([FIVE[0], replace(other, id="example/other")])
    assert found.rows_computed == computed
    alone = [run([FIVE[0]]), run([replace(other, id="example/other")])]
    both = pd.concat([entry.dispositions for entry in alone]).sort_values(["batch_id", "spec_id"], ignore_index=True)
    pd.testing.assert_frame_equal(found.dispositions, both)
