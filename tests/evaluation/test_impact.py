"""The impact of a change on history: every batch whose disposition changes, and no other."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from regenqc.evaluation.impact import assess_impact
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


def test_a_batch_that_only_one_version_speaks_about_is_listed():
    old = version("70")
    new = specification({"id": "viability", "limit": {"min": "70", "unit": "%"}}, product={"vector": "aav"})
    batches = pd.DataFrame([{"batch_id": "B0", "vector": "lentiviral"}])
    (batch,) = assess_impact(history(["75"]), old, new, batches=batches, as_of=AS_OF).changed
    assert (batch.before, batch.after) == ("eligible", "not judged")


def test_nothing_changes_from_a_version_to_itself():
    assert assess_impact(history(["60", "75"]), version("70"), version("70"), as_of=AS_OF).changed == ()
