"""A benchmark whose engines disagree says so."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from benchmarks.agreement import compare

_DISPOSITIONS = {
    "batch_id": ["A", "B"],
    "spec_id": ["s", "s"],
    "stage": ["release"] * 2,
    "disposition": ["eligible", "hold"],
}
_FINDINGS = {
    "batch_id": ["B"],
    "spec_id": ["s"],
    "stage": ["release"],
    "requirement_id": ["viability"],
    "verdict": ["missing"],
    "reported": [""],
}


def _written(folder: Path, **changes: list[str]) -> Path:
    folder.mkdir()
    for name, columns in (("dispositions", _DISPOSITIONS), ("findings", _FINDINGS)):
        changed = {
            key: changes.get(key, values) if len(changes.get(key, values)) == len(values) else values
            for key, values in columns.items()
        }
        pq.write_table(pa.table(changed), folder / f"{name}.parquet")
    return folder


def test_equal_outcomes_agree_whatever_their_order(tmp_path: Path) -> None:
    first = _written(tmp_path / "first")
    second = _written(tmp_path / "second", batch_id=["B", "A"], disposition=["hold", "eligible"])
    assert compare(first, second, names=("one", "other")).is_complete


@pytest.mark.parametrize(
    ("changes", "example"),
    [
        pytest.param({"disposition": ["eligible", "reject"]}, "only other: B  s  release  reject", id="a disposition"),
        pytest.param({"verdict": ["fails"]}, "only other: B  s  release  viability  fails  ", id="a verdict"),
        pytest.param({"reported": ["69"]}, "only other: B  s  release  viability  missing  69", id="a reported text"),
    ],
)
def test_one_difference_is_shown_as_it_stands(tmp_path: Path, changes: dict[str, list[str]], example: str) -> None:
    found = compare(_written(tmp_path / "first"), _written(tmp_path / "second", **changes), names=("one", "other"))
    assert found.differing == 2
    assert example in found.examples


def test_an_engine_may_not_give_a_disposition_twice(tmp_path: Path) -> None:
    first = _written(tmp_path / "first")
    second = _written(tmp_path / "second", batch_id=["A", "A"], disposition=["eligible", "eligible"])
    with pytest.raises(ValueError, match="twice"):
        compare(first, second, names=("one", "other"))
