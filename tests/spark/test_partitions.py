"""However rows are cut into partitions, and batches into ranges, the outcome is that of a local run."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import regenqc
from evaluation.test_lattice import BATCHES, SPECIFICATIONS, TABLES, frame
from spark.partitions import judged_in_partitions, tables_of
from strategies import AS_OF, STAGE

MODEST = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@st.composite
def partitioned(draw):
    """Return rows, and their positions cut into partitions."""
    entries = draw(TABLES)
    homes = draw(st.lists(st.integers(0, 3), min_size=len(entries), max_size=len(entries)))
    return entries, [[row for row, home in enumerate(homes) if home == place] for place in sorted(set(homes))]


BOUNDS = st.sets(st.sampled_from(["A", "B2", "B3", "B4", "B5", "Z"])).map(lambda found: tuple(sorted(found)))


def local(entries, **options):
    return tables_of(regenqc.evaluate(frame(entries), SPECIFICATIONS, as_of=AS_OF, **options))


@MODEST
@given(partitioned(), BOUNDS, st.randoms(use_true_random=False))
def test_partitions_in_any_order_and_ranges_give_what_one_run_gives(case, bounds, random):
    entries, partitions = case
    random.shuffle(partitions)
    found, judged, refused = judged_in_partitions(
        frame(entries), SPECIFICATIONS, partitions, bounds=bounds, batches=BATCHES, as_of=AS_OF
    )
    assert found == local(entries, batches=BATCHES)
    assert judged + refused == len(entries)


@MODEST
@given(partitioned(), st.sampled_from([STAGE, "cell_bank", "shipping"]))
def test_one_stage_alone_and_no_batch_table_make_no_difference(case, stage):
    entries, partitions = case
    found, _, _ = judged_in_partitions(
        frame(entries), SPECIFICATIONS, partitions, bounds=("B3",), as_of=AS_OF, stage=stage
    )
    assert found == local(entries, stage=stage)


@MODEST
@given(partitioned(), st.data())
def test_a_partition_that_is_judged_twice_changes_nothing(case, data):
    entries, partitions = case
    again = data.draw(st.lists(st.sampled_from(partitions), max_size=3))
    found, _, _ = judged_in_partitions(
        frame(entries), SPECIFICATIONS, partitions + again, bounds=("B2", "B4"), batches=BATCHES, as_of=AS_OF
    )
    assert found == local(entries, batches=BATCHES)


def test_a_state_is_released_when_it_is_full_and_a_new_one_begun(monkeypatch):
    from regenqc.spark import partition

    entries = [
        dict.fromkeys(frame([]).columns, "") | {"batch_id": f"B{row % 7}", "test": "viability", "result": str(row)}
        for row in range(50)
    ]
    entries = [entry | {"unit": "%", "stage": STAGE} for entry in entries]
    partitions = [list(range(start, start + 5)) for start in range(0, 50, 5)]
    expected = local(entries)
    for name, most in (("_MOST_BATCHES", 3), ("_MOST_EVIDENCE", 4), ("_BATCHES_OF_ONE_ROW", 2)):
        monkeypatch.setattr(partition, name, most)
        assert judged_in_partitions(frame(entries), SPECIFICATIONS, partitions, as_of=AS_OF)[0] == expected


def test_a_batch_that_reports_at_a_stage_nobody_speaks_about_holds_itself_only():
    entries = [
        dict.fromkeys(frame([]).columns, "")
        | {"batch_id": batch, "test": "viability", "result": "90", "unit": "%", "stage": stage}
        for batch, stage in [("B1", STAGE), ("B2", STAGE), ("B2", "follow_up")]
    ]
    evaluation = regenqc.evaluate(frame(entries), SPECIFICATIONS, as_of=AS_OF)
    assert set(evaluation.dispositions.query("stage == 'follow_up'")["batch_id"]) == {"B2"}
    cells = tables_of(evaluation)[2].to_pandas()
    assert set(cells.query("stage == 'follow_up'")["batch_id"]) == {"B2"}


@pytest.mark.parametrize("name", ["sources", "columns", "superseding"])
def test_a_context_is_the_same_after_the_way_to_a_task(name):
    from regenqc.evaluation.terms import terms_of
    from regenqc.spark.task_context import Packed, context_of

    results = regenqc.read_results(frame([{"batch_id": "B1"}]))
    terms = terms_of(results.sources, SPECIFICATIONS, batches=BATCHES, stage=None, as_of=AS_OF)
    context = context_of(results, terms, superseding={("B1", "t", "", "r"): 2})
    packed = Packed.of(context)
    assert getattr(packed.open(), name) == getattr(context, name)
    assert packed.open() is packed.open()
