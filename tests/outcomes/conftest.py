"""Plans, doses and reports written by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from regenqc.outcomes.doses import DoseTable, read_doses
from regenqc.outcomes.plan import FollowUpPlan, parse_plan
from regenqc.outcomes.records import OUTCOME_COLUMNS, OutcomeTable, read_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
PLAN = """
schema = "regenqc.follow-up-plan/1"
id = "test/plan"
version = "1"
title = "A plan"
[schedule]
visits = ["1 mo", "6 mo"]
window = "14 d"
citation = "protocol"
mark = "unverified"
[[measure]]
id = "capacity"
title = "Vital capacity"
kind = "instrument"
unit = "mL"
minimum = "0"
maximum = "9000"
[[measure]]
id = "score"
title = "Score"
kind = "patient_reported"
unit = "points"
visits = ["6 mo"]
[[measure]]
id = "reaction"
title = "Reaction"
kind = "adverse_event"
one_of = ["none", "mild", "severe"]
event = ["severe"]
"""


@pytest.fixture
def plan() -> FollowUpPlan:
    return parse_plan(PLAN)


@pytest.fixture
def reports(plan: FollowUpPlan) -> Callable[..., OutcomeTable]:
    """Return a reader of rows that are given as what differs from a good one."""

    def make(*rows: dict[str, str], of: FollowUpPlan | None = None) -> OutcomeTable:
        good = {
            "recipient": "PAT-0001",
            "measure": "capacity",
            "kind": "instrument",
            "value": "4100",
            "unit": "mL",
            "observed_at": "2026-02-10T10:00:00+09:00",
        }
        names = [column.name for column in OUTCOME_COLUMNS]
        filled = [dict.fromkeys(names, "") | good | row for row in rows]
        table = pa.table({name: pa.array([row[name] for row in filled], pa.string()) for name in names})
        return read_outcomes(table, plan=of or plan, now=NOW)

    return make


@pytest.fixture
def given() -> Callable[..., DoseTable]:
    """Return a maker of doses: code, recipient, lot, day."""

    def make(*rows: tuple[str, str, str, str]) -> DoseTable:
        columns: dict[str, Any] = {
            "dose": [row[0] for row in rows],
            "recipient": [row[1] for row in rows],
            "lot": [row[2] for row in rows],
            "administered_at": [f"{row[3]}T09:00:00+09:00" for row in rows],
        }
        return read_doses(pa.table(columns))

    return make
