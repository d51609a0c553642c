"""The impact of a change on history: every batch whose disposition changes, and no other."""

from __future__ import annotations

import itertools
import os
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import regenqc.evaluation.impact as impact_module
from regenqc import load_specification, read_results
from regenqc.errors import DataError
from regenqc.evaluation import evaluate as judge
from regenqc.evaluation.changed_part import changed_part
from regenqc.evaluation.clean_cuts import find_clean_cuts
from regenqc.evaluation.impact import assess_impact
from regenqc.intake.files import check_unchanged
from regenqc.simulation import simulate
from regenqc.specification.model import LimitText
from regenqc.vocabulary import Mark, OnFail, Timing
from strategies import AS_OF, evaluate, specification

VALUES = st.lists(st.sampled_from(["60", "70", "75", "80", "<75", "?", ""]), min_size=1, max_size=8)


def version(minimum, **more):
    return specification({"id": "viability", "limit": {"min": minimum, "unit": "%"}} | more)


def history(values):
    return pd.DataFrame(
        [{"batch_id": f"B{at}", "test": "viability", "result": value, "unit": "%"} for at, value in enumerate(values)]
    )


@given(
    VALUES,
    st.sampled_from(["65", "70", "75"]),
    st.sampled_from(["65", "70", "80"]),
    st.sampled_from(["hold", "reject"]),
)
@settings(max_examples=40)
def test_the_changed_batches_are_those_of_two_separate_runs(values, before, after, on_fail):
    old, new = version(before), version(after, on_fail=on_fail)
    apart = [
        dict(zip(found.dispositions["batch_id"], found.dispositions["disposition"], strict=True))
        for found in (evaluate(history(values), entry) for entry in (old, new))
    ]
    expected = {batch: (apart[0][batch], apart[1][batch]) for batch in apart[0] if apart[0][batch] != apart[1][batch]}
    impact = assess_impact(history(values), old, new, as_of=AS_OF)
    assert {batch.batch_id: (batch.before, batch.after) for batch in impact.changed} == expected
    assert impact.judged == len(values)


def test_the_requirement_that_changed_it_is_named():
    (batch,) = assess_impact(history(["75"]), version("70"), version("80"), as_of=AS_OF).changed
    assert batch.because == (("viability", "no finding", "fails (below_minimum)"),)


def test_another_consequence_of_the_same_state_is_named():
    (batch,) = assess_impact(history(["60"]), version("70"), version("70", on_fail="hold"), as_of=AS_OF).changed
    state = "fails (below_minimum)"
    assert (batch.before, batch.after) == ("reject", "hold")
    assert batch.because == (
        ("viability", f"{state}, on_fail reject, before_release", f"{state}, on_fail hold, before_release"),
    )


def test_a_batch_that_only_one_version_speaks_about_is_listed():
    old = version("70")
    new = specification({"id": "viability", "limit": {"min": "70", "unit": "%"}}, product={"vector": "aav"})
    batches = pd.DataFrame([{"batch_id": "B0", "vector": "lentiviral"}])
    (batch,) = assess_impact(history(["75"]), old, new, batches=batches, as_of=AS_OF).changed
    assert (batch.before, batch.after) == ("eligible", "not judged")


def test_nothing_changes_from_a_version_to_itself():
    assert assess_impact(history(["60", "75"]), version("70"), version("70"), as_of=AS_OF).changed == ()


# ---- only what changed is judged anew: the same answer as by two whole runs ------------------------------------------

PRODUCT = load_specification("example/hipsc-progenitors")


def changed(requirement_id, **update):
    """Return a change of one requirement of a specification."""

    def change(version):
        entries = [
            entry.model_copy(update=update) if entry.id == requirement_id else entry for entry in version.requirements
        ]
        assert entries != list(version.requirements), requirement_id
        return replace(version, requirements=tuple(entries))

    return change


def without(requirement_id):
    def change(version):
        kept = tuple(entry for entry in version.requirements if entry.id != requirement_id)
        assert len(kept) == len(version.requirements) - 1
        return replace(version, requirements=kept)

    return change


def again(requirement_id, **update):
    """Return the addition of a requirement about rows that another one asks about."""

    def change(version):
        (like,) = [entry for entry in version.requirements if entry.id == requirement_id]
        added = like.model_copy(update={"id": f"{requirement_id}_again"} | update)
        return replace(version, requirements=(*version.requirements, added))

    return change


CHANGES = {
    "a limit is tightened": changed("in_process_viability", limit=LimitText(min="85", unit="%")),
    "a limit is loosened": changed("in_process_floor_plate", limit=LimitText(min="40", unit="%"), alert=None),
    "a limit of a computed result moves": changed(
        "population_doublings", limit=LimitText(max="4", unit="population doublings")
    ),
    "a limit of a result with controls moves": changed("endotoxin", limit=LimitText(max="0.1", unit="EU/mL")),
    "a failing test only holds": changed("in_process_viability", on_fail=OnFail.HOLD),
    "a deferred test has to be there": changed("sterility", timing=Timing.BEFORE_RELEASE, due=None),
    "a word is no longer accepted": changed("appearance", one_of=("complies",)),
    "no retest is allowed": changed("in_process_cell_density", retests=0),
    "nobody has verified a limit": changed("in_process_viability", mark=Mark.UNVERIFIED),
    "a second requirement about the same rows": again("in_process_viability", limit=LimitText(min="90", unit="%")),
    "it is valid for later batches": lambda version: replace(version, valid_from=date(2026, 3, 1)),
    "only the source is another": changed("appearance", citation="another source", title="Look"),
}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("history") / "export"
    simulate(batches=90, seed=11, out=folder, file_format="parquet", troubled_share=0.6)
    return folder


def words_of(folder, version):
    found = judge(folder / "results.parquet", version, batches=folder / "batches.parquet", as_of=AS_OF)
    rows = found.disposition_table.select(["batch_id", "stage", "spec_id", "disposition"]).to_pylist()
    return {(row["batch_id"], row["stage"]): row["disposition"] for row in rows if row["spec_id"]}


@pytest.fixture(scope="module")
def by_old(simulated):
    return words_of(simulated, PRODUCT)


def by_two_runs(folder, by_old, new):
    by_new = words_of(folder, new)
    places = by_old.keys() | by_new.keys()
    pairs = {place: (by_old.get(place, "not judged"), by_new.get(place, "not judged")) for place in places}
    return len(places), {place: pair for place, pair in pairs.items() if pair[0] != pair[1]}


@given(st.sets(st.sampled_from(sorted(CHANGES)), min_size=2, max_size=5))
@settings(max_examples=8)
def test_judging_what_changed_gives_what_two_whole_runs_give(simulated, by_old, names):
    new = PRODUCT
    for name in sorted(names):
        new = CHANGES[name](new)
    assert changed_part(PRODUCT, new) is not None
    impact = assess_impact(
        simulated / "results.parquet", PRODUCT, new, batches=simulated / "batches.parquet", as_of=AS_OF
    )
    count, expected = by_two_runs(simulated, by_old, new)
    assert {(each.batch_id, each.stage): (each.before, each.after) for each in impact.changed} == expected
    assert impact.judged == count


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_change_names_what_changed_its_batches(simulated, by_old, name):
    new = CHANGES[name](PRODUCT)
    impact = assess_impact(
        simulated / "results.parquet", PRODUCT, new, batches=simulated / "batches.parquet", as_of=AS_OF
    )
    count, expected = by_two_runs(simulated, by_old, new)
    assert {(each.batch_id, each.stage): (each.before, each.after) for each in impact.changed} == expected
    assert impact.judged == count
    part = changed_part(PRODUCT, new)
    assert {entry for each in impact.changed for entry, _, _ in each.because} <= part.anew | {"specification_validity"}
    assert all(each.because for each in impact.changed)


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(without("in_process_viability")(PRODUCT), id="a test is listed no longer"),
        pytest.param(replace(PRODUCT, unlisted_tests="report"), id="unlisted tests no longer hold"),
        pytest.param(replace(PRODUCT, derived=PRODUCT.derived[1:]), id="something is computed no longer"),
        pytest.param(changed("sterility", controls=())(PRODUCT), id="the rows of a control are asked about no longer"),
    ],
)
def test_versions_that_ask_about_other_rows_are_judged_whole(new):
    assert changed_part(PRODUCT, new) is None


# ---- a large history is judged by several processes ------------------------------------------------------------------


def test_two_processes_give_what_one_gives(simulated, by_old, monkeypatch):
    monkeypatch.setattr(impact_module, "_WORTH_PROCESSES_BYTES", 0)
    new = CHANGES["a limit is tightened"](CHANGES["it is valid for later batches"](PRODUCT))
    files = {"batches": simulated / "batches.parquet", "as_of": AS_OF}
    alone, together = (
        assess_impact(simulated / "results.parquet", PRODUCT, new, processes=count, **files) for count in (1, 2)
    )
    assert together == alone
    assert len(alone.changed) > 10
    count, _ = by_two_runs(simulated, by_old, new)
    assert together.judged == count


def test_a_file_that_changes_meanwhile_is_refused(simulated, tmp_path, monkeypatch):
    monkeypatch.setattr(impact_module, "_WORTH_PROCESSES_BYTES", 0)
    history = shutil.copy(simulated / "results.parquet", tmp_path / "results.parquet")
    files = {"batches": simulated / "batches.parquet", "as_of": AS_OF}
    table = read_results(history)
    tasks = impact_module._tasks(
        table, PRODUCT, PRODUCT, batches=files["batches"], moment=datetime(2026, 6, 30, tzinfo=UTC), processes=2
    )
    assert len(tasks) == 2
    before = Path(history).stat()
    os.utime(history, (1, 1))
    with pytest.raises(DataError, match="RQC-D014"):
        check_unchanged(Path(history), before)


def cuts_of(batch_ids, parts=2):
    count = len(batch_ids)
    columns = {"batch_id": list(batch_ids), "test": ["ph"] * count, "result": ["7"] * count, "unit": [""] * count}
    return find_clean_cuts(read_results(pa.table(columns)), parts=parts, rows=3)


@given(st.lists(st.sampled_from(["A", "B", " B", "C", "D"]), min_size=1, max_size=30), st.integers(2, 4))
def test_no_batch_lies_on_both_sides_of_a_cut(batch_ids, parts):
    cuts = cuts_of(batch_ids, parts)
    if cuts is None:
        return
    sides = [{name.strip() for name in batch_ids[first:end]} for first, end in itertools.pairwise(cuts.edges)]
    assert cuts.edges[0] == 0
    assert cuts.edges[-1] == len(batch_ids)
    assert all(sides)
    assert sum(map(len, sides)) == len(set.union(*sides))
    assert [set(ids.to_pylist()) for ids in cuts.batch_ids] == sides


def test_a_history_of_batches_apart_is_cut_in_the_middle():
    assert cuts_of("AAABBBCCCDDD").edges == (0, 6, 12)


@pytest.mark.parametrize(
    "batch_ids",
    [
        pytest.param("ABABABAB", id="rows of all batches are mixed"),
        pytest.param("AAAAAAAB", id="one batch has most of the rows"),
        pytest.param(["A", "A", "", "B", "B"], id="a row names no batch and holds all of them"),
    ],
)
def test_a_history_that_cannot_be_cut_is_judged_whole(batch_ids):
    assert cuts_of(batch_ids) is None
