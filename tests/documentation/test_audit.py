"""The audit of dependencies says what it did not look up, and fails for a known vulnerability and nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

PLACE = Path(__file__).resolve().parents[2] / ".ci" / "audit.py"


@pytest.fixture(scope="module")
def audit() -> Any:
    spec = importlib.util.spec_from_file_location("audit", PLACE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CLEAN = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "not found"}
FAULTY = {"name": "c", "version": "3", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.1"]}]}


@pytest.mark.parametrize(
    ("found", "last", "code"),
    [
        (None, "none of 2 was looked up", 0),
        ([SKIPPED, SKIPPED], "none of 2 was looked up", 0),
        ([CLEAN, CLEAN], "2 versions looked up, 0 known vulnerabilities", 0),
        ([CLEAN, SKIPPED], "1 versions looked up, 0 known vulnerabilities, 1 not looked up", 0),
        ([FAULTY, CLEAN], "2 versions looked up, 1 known vulnerabilities", 1),
    ],
    ids=["no answer", "nothing is known", "all is well", "one is not known", "one is vulnerable"],
)
def test_an_audit_says_what_it_looked_up(audit: Any, found: Any, last: str, code: int) -> None:
    said, ended = audit.report(["a==1", "b==2"], found)
    assert (said[-1].endswith(last), ended) == (True, code), said
    assert ("c 3: PYSEC-1, corrected in 3.1" in said[0]) == (found is not None and FAULTY in found)
