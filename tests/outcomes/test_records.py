"""Rows of outcomes: what is read, and what is refused by which name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.outcomes.conftest import NOW

from regenqc.errors import DataError
from regenqc.outcomes.faults import EXPLANATIONS, RowRefusal
from regenqc.outcomes.records import OUTCOME_COLUMNS, OutcomeTable, read_outcomes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from regenqc.outcomes.plan import FollowUpPlan

    Reports = Callable[..., OutcomeTable]

REACTION = {"measure": "reaction", "kind": "adverse_event", "unit": ""}


@pytest.mark.parametrize(
    ("row", "ends"),
    [
        ({"value": "4100"}, (4100, 4100)),
        ({"value": "4.1", "unit": "L"}, (4100, 4100)),
        ({"value": "0.3", "unit": "L"}, (300, 300)),
        ({"value": "< 500"}, (0, 500)),
        ({"value": "> 8000"}, (8000, 9000)),
        ({"value": "9000"}, (9000, 9000)),
        ({"value": "４１００"}, None),
        ({"measure": "score", "kind": "Patient reported", "value": "12", "unit": "Points"}, (12, 12)),
        ({"measure": "score", "kind": "patient_reported", "value": "> 12", "unit": "points"}, (12, float("inf"))),
    ],
    ids=[
        "as planned",
        "another unit",
        "a decimal is exact",
        "censored below",
        "censored above",
        "the most it can be",
        "full-width digits",
        "a unit of the plan's own, any case",
        "censored without a maximum",
    ],
)
def test_numbers_are_read_in_the_unit_of_the_plan(
    reports: Reports, row: dict[str, str], ends: tuple[float, float] | None
) -> None:
    table = reports(row)
    if ends is None:
        assert [each.reason for each in table.refused] in ([], [RowRefusal.VALUE_UNREADABLE])
        return
    assert [(each.lowest, each.highest) for each in table.outcomes] == [ends]


def test_words_are_those_of_the_plan_whatever_their_case(reports: Reports) -> None:
    table = reports(REACTION | {"value": " Severe "}, REACTION | {"value": "none", "recipient": "PAT-0002"})
    assert [(each.word, each.is_event) for each in table.outcomes] == [("severe", True), ("none", False)]


@pytest.mark.parametrize(
    ("row", "reason", "column"),
    [
        (dict.fromkeys((column.name for column in OUTCOME_COLUMNS), ""), RowRefusal.BLANK_ROW, ""),
        ({"value": "call 212 555 0123"}, RowRefusal.IDENTIFIES_A_PERSON, "value"),
        ({"outcome_id": "erika@example.org"}, RowRefusal.IDENTIFIES_A_PERSON, "outcome_id"),
        ({"dose": "11010519491231002X"}, RowRefusal.IDENTIFIES_A_PERSON, "dose"),
        ({"recipient": "Erika Mustermann"}, RowRefusal.NO_PSEUDONYM, "recipient"),
        ({"recipient": ""}, RowRefusal.NO_PSEUDONYM, "recipient"),
        ({"recipient": "P-19840312"}, RowRefusal.NO_PSEUDONYM, "recipient"),
        ({"measure": "grip"}, RowRefusal.UNKNOWN_MEASURE, "measure"),
        ({"kind": "patient_reported"}, RowRefusal.OTHER_KIND, "kind"),
        ({"kind": ""}, RowRefusal.OTHER_KIND, "kind"),
        ({"observed_at": ""}, RowRefusal.DATE_UNREADABLE, "observed_at"),
        ({"observed_at": "10/02/2026"}, RowRefusal.DATE_UNREADABLE, "observed_at"),
        ({"observed_at": "46063"}, RowRefusal.DATE_UNREADABLE, "observed_at"),
        ({"observed_at": "2026-02-30T10:00:00Z"}, RowRefusal.DATE_UNREADABLE, "observed_at"),
        ({"observed_at": "2026-02-10"}, RowRefusal.DATE_WITHOUT_ZONE, "observed_at"),
        ({"observed_at": "2026-02-10T10:00:00"}, RowRefusal.DATE_WITHOUT_ZONE, "observed_at"),
        ({"observed_at": "2026-06-30T22:00:00Z"}, RowRefusal.AFTER_TODAY, "observed_at"),
        ({"revision": "b"}, RowRefusal.UNREADABLE_REVISION, "revision"),
        ({"value": ""}, RowRefusal.VALUE_MISSING, "value"),
        ({"value": "ND"}, RowRefusal.VALUE_UNREADABLE, "value"),
        ({"value": "4,1"}, RowRefusal.VALUE_UNREADABLE, "value"),
        ({"value": "4000-4200"}, RowRefusal.VALUE_UNREADABLE, "value"),
        ({"value": "=4100"}, None, ""),
        ({"unit": ""}, RowRefusal.UNIT_MISSING, "unit"),
        ({"unit": "ml/min/kg?"}, RowRefusal.UNKNOWN_UNIT, "unit"),
        ({"unit": "%"}, RowRefusal.UNIT_OF_ANOTHER_KIND, "unit"),
        ({"value": "41 %"}, RowRefusal.UNIT_OF_ANOTHER_KIND, "unit"),
        ({"value": "-1"}, RowRefusal.OUTSIDE_RANGE, "value"),
        ({"value": "< 0"}, RowRefusal.OUTSIDE_RANGE, "value"),
        ({"value": "> 9000"}, RowRefusal.OUTSIDE_RANGE, "value"),
        ({"value": "9001"}, RowRefusal.OUTSIDE_RANGE, "value"),
        ({"visit": "2 y"}, RowRefusal.UNKNOWN_VISIT, "visit"),
        ({"visit": "spring"}, RowRefusal.UNKNOWN_VISIT, "visit"),
        (REACTION | {"value": "fairly bad"}, RowRefusal.UNKNOWN_WORD, "value"),
        (REACTION | {"value": "severely"}, RowRefusal.UNKNOWN_WORD, "value"),
        (REACTION | {"value": "severe", "unit": "mL"}, RowRefusal.UNIT_OF_ANOTHER_KIND, "unit"),
        (REACTION | {"value": "severe", "visit": "6 mo"}, RowRefusal.UNKNOWN_VISIT, "visit"),
    ],
)
def test_a_row_is_refused_by_name_and_what_it_says_is_not_repeated(
    reports: Reports, row: dict[str, str], reason: RowRefusal | None, column: str
) -> None:
    table = reports(row)
    found = [(each.reason, each.column) for each in table.refused]
    assert found == ([] if reason is None else [(reason, column)])
    assert table.rows_read == len(table.outcomes) + len(table.refused) == 1


def test_every_reason_has_an_explanation() -> None:
    assert set(EXPLANATIONS) == set(RowRefusal) - {RowRefusal.NONE}


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        (({}, {}), (1, 0, 0, 1)),
        (({}, {"value": "4200"}), (0, 2, 0, 0)),
        (({"outcome_id": "A1"}, {"outcome_id": "A1", "revision": "2", "value": "4200"}), (1, 0, 1, 0)),
        (({"outcome_id": "A1"}, {"outcome_id": "A1", "value": "4200"}), (0, 2, 0, 0)),
        (({"outcome_id": "A1"}, {"outcome_id": "A2", "value": "4200"}), (0, 2, 0, 0)),
        (({"outcome_id": "A1"}, {"outcome_id": "A1"}), (1, 0, 0, 1)),
        (({"value": "4.1", "unit": "L"}, {}), (1, 0, 0, 1)),
        (({}, {"recipient": "PAT-0002", "value": "4200"}), (2, 0, 0, 0)),
        (({"outcome_id": "A1"}, {"outcome_id": "A1", "revision": "2", "recipient": "PAT-0002"}), (0, 2, 0, 0)),
        (({"outcome_id": "A1"}, {"outcome_id": "A1"} | REACTION | {"value": "none"}), (0, 2, 0, 0)),
    ],
    ids=[
        "said twice",
        "two values at one moment",
        "a revision",
        "two values of one identity",
        "two identities at one moment",
        "one identity said twice",
        "the same in two units",
        "two patients",
        "one identity of two patients",
        "one identity of two measures",
    ],
)
def test_rows_that_speak_of_the_same_are_settled(
    reports: Reports, rows: tuple[dict[str, str], ...], counts: tuple[int, int, int, int]
) -> None:
    for order in (rows, rows[::-1]):
        table = reports(*order)
        assert (len(table.outcomes), len(table.refused), table.superseded, table.repeated) == counts
        assert {each.reason for each in table.refused} <= {RowRefusal.CONFLICTING}


def test_a_column_beyond_the_contract_refuses_the_file(plan: FollowUpPlan) -> None:
    names = [column.name for column in OUTCOME_COLUMNS if column.required]
    table = pa.table({name: ["x"] for name in [*names, "patient_name"]})
    with pytest.raises(DataError, match="RQC-O010"):
        read_outcomes(table, plan=plan, now=NOW)


def test_every_form_of_file_says_the_same(plan: FollowUpPlan, tmp_path: Path) -> None:
    rows = [
        {"recipient": "PAT-0001", "measure": "capacity", "kind": "instrument", "value": "4100", "unit": "mL",
         "observed_at": "2026-02-10T10:00:00+09:00"},
        {"recipient": "PAT-0002", "measure": "capacity", "kind": "instrument", "value": "", "unit": "mL",
         "observed_at": "2026-02-10T10:00:00+09:00"},
    ]  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join([",".join(rows[0]), *(",".join(row.values()) for row in rows)]))
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    found = [read_outcomes(tmp_path / f"a.{ending}", plan=plan, now=NOW) for ending in ("csv", "jsonl", "parquet")]
    said = {
        (tuple((each.recipient, each.highest) for each in table.outcomes), tuple((row.row_number, row.reason) for row in table.refused))
        for table in found
    }  # fmt: skip
    assert said == {((("PAT-0001", 4100.0),), ((2, RowRefusal.VALUE_MISSING),))}


TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["capacity", "PAT-0001", "instrument", "mL", "2026-02-10T10:00:00Z", "1", "severe", "6 mo", "reaction"]
    ),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries({column.name: TEXTS for column in OUTCOME_COLUMNS}), min_size=1, max_size=6))
def test_rows_add_up_whatever_stands_in_them(plan: FollowUpPlan, rows: list[dict[str, str]]) -> None:
    table = read_outcomes(pa.Table.from_pylist(rows), plan=plan, now=NOW)
    total = len(table.outcomes) + len(table.refused) + table.superseded + table.repeated
    assert table.rows_read == total == len(rows)
