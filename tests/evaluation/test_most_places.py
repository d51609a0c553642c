"""More places than the kernel can number are refused before a row is judged: none of them may pass as settled."""

from __future__ import annotations

import pyarrow as pa
import pytest

from regenqc.errors import InternalError
from regenqc.evaluation import batch_groups, evaluate
from regenqc.specification import parse_specification

SPECIFICATION = """
schema = "regenqc.specification/1"
id = "example/one"
version = "1"
title = "One requirement"
jurisdiction = "INT"
[[requirement]]
id = "viability"
test = "viability"
stage = "drug_product_release"
limit = { min = "70", unit = "%" }
citation = "example"
mark = "verified"
"""
RESULTS = pa.table({"batch_id": ["A"], "test": ["viability"], "result": ["1"], "unit": ["%"]})


def judged() -> list[str]:
    found = evaluate(RESULTS, parse_specification(SPECIFICATION), as_of="2026-01-01")
    return found.dispositions["disposition"].tolist()


def test_more_places_than_can_be_numbered_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batch_groups, "_MOST_PLACES", 3)
    with pytest.raises(InternalError, match="RQC-X063"):
        judged()


def test_as_many_as_can_be_numbered_are_judged():
    assert judged() == ["reject"]
    assert batch_groups._MOST_PLACES == 1 << 31
