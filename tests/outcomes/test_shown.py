"""What is shown points at nobody: by algebra over all tables of a run, and by looking for pseudonyms in every file."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.outcomes.conftest import NOW, PLAN

from regenqc.intake import read_results
from regenqc.outcomes.analysis import OutcomeAnalysis, analyse_outcomes
from regenqc.outcomes.doses import DoseTable, read_doses
from regenqc.outcomes.output import write_outcomes
from regenqc.outcomes.plan import parse_plan, showing_all
from regenqc.outcomes.records import OUTCOME_COLUMNS
from regenqc.outcomes.tables import VISIT_STATES

if TYPE_CHECKING:
    from pathlib import Path

CONDITIONS = "".join(
    f'[[condition]]\nid = "c{number}"\ntitle = "t"\ncitation = "letter"\nmark = "unverified"\nforce = "binding"\n'
    f'jurisdiction = "JP"\npatients = 30\nby = {day}\n{rest}'
    for number, (day, rest) in enumerate(
        [
            ("2026-09-30", 'visit = "6 mo"\n'),
            ("2026-09-30", ""),
            ("2026-05-15", 'measure = "capacity"\nvisit = "6 mo"\n'),
            ("2026-09-30", 'measure = "capacity"\n'),
            ("2026-09-30", 'measure = "reaction"\n'),
        ]
    )
)


def analysed(
    patients: int, *, shares: tuple[float, ...], seed: int, of_lot: int = 1, everything: bool = False
) -> OutcomeAnalysis:
    """Patients of whom some shares have each report; potency goes with capacity."""
    dice = np.random.default_rng(seed)
    given_at = NOW - timedelta(days=184)
    doses, rows, results = [], [], []
    for number in range(patients):
        recipient, lot = f"PAT-{7000 + number}", f"LOT-{number // of_lot:04d}"
        doses.append(
            {"dose": f"D-{number:04d}", "recipient": recipient, "lot": lot, "administered_at": given_at.isoformat()}
        )
        potency = dice.normal(100, 10)
        if number % of_lot == 0:
            results.append({"batch_id": lot, "test": "potency", "result": f"{potency:.1f}", "unit": "%",
                            "tested_at": given_at.isoformat()})  # fmt: skip
        value = str(round(4000 + 20 * (potency - 100) + dice.normal(0, 100)))
        for share, measure, kind, said, unit, day in zip(
            shares,
            ("capacity", "capacity", "score", "reaction"),
            ("instrument", "instrument", "patient_reported", "adverse_event"),
            (value, value, "7", "severe" if dice.random() < 0.4 else "mild"),
            ("mL", "mL", "points", ""),
            (31, 181, 181, 3),
            strict=True,
        ):
            if dice.random() < share:
                rows.append({"recipient": recipient, "measure": measure, "kind": kind, "value": said, "unit": unit,
                             "observed_at": (given_at + timedelta(days=day)).isoformat()})  # fmt: skip
    if not rows:
        rows.append(dict.fromkeys((column.name for column in OUTCOME_COLUMNS), ""))
    plan = parse_plan(PLAN + CONDITIONS)
    return analyse_outcomes(
        pa.Table.from_pylist(rows),
        doses=read_doses(pa.Table.from_pylist(doses)),
        plan=showing_all(plan) if everything else plan,
        now=NOW,
        results=read_results(pa.Table.from_pylist(results)),
        stage="drug_product_release",
    )


def told_by_algebra(shown: OutcomeAnalysis, whole: OutcomeAnalysis) -> list[str]:
    """Small counts that follow from the printed ones: everything that a reader knows to add up, solved exactly."""
    names: dict[str, int] = {}
    values: list[int | None] = []
    truth: list[int] = []

    def cell(name: str, value: int | None, true: int) -> int:
        if name not in names:
            names[name] = len(values)
            values.append(value)
            truth.append(true)
        return names[name]

    def table(analysis: OutcomeAnalysis, name: str) -> dict[str, dict[str, int | None]]:
        (found,) = (each for each in analysis.shown.tables if each.name == name)
        return {
            row: {column: each.count for column, each in zip(found.columns, cells, strict=True)}
            for row, cells in found.rows
        }

    equations: list[tuple[int, list[int]]] = []
    treated = cell("treated", shown.shown.treated.count, len(whole.joining.recipients))
    all_visits, all_reports = table(whole, "visits"), table(whole, "reports")
    for visit, row in table(shown, "visits").items():
        equations.append(
            (treated, [cell(f"{visit} {state}", row[state], all_visits[visit][state] or 0) for state in VISIT_STATES])
        )
    for place, row in table(shown, "reports").items():
        true = all_reports[place]
        with_report = cell(place, row["with a report"], true["with a report"] or 0)
        equations.append((treated, [with_report, cell(f"{place} without", row["without"], true["without"] or 0)]))
        visit = place.rpartition(", ")[2]
        if f"{visit} reported" in names:
            reported = names[f"{visit} reported"]
            rest = cell(f"{place} rest", None, truth[reported] - truth[with_report])
            equations.append((reported, [with_report, rest]))
    words, all_words = table(shown, "words reaction")["ever"], table(whole, "words reaction")["ever"]
    equations.append(
        (names["Reaction"], [cell(f"word {word}", count, all_words[word] or 0) for word, count in words.items()])
    )
    # Whom a condition counts lies in, or holds, those with a report in its places; c2 ends before today and holds fewer.
    within = {"c0": "6 mo reported", "c2": "Vital capacity, 6 mo", "c4": "Reaction"}
    holds = {
        "c1": list(all_reports),
        "c3": ["Vital capacity, 1 mo", "Vital capacity, 6 mo"],
        "c4": ["Reaction"],
    }
    for condition, count in shown.shown.reported.items():
        own = cell(condition, count.count, whole.shown.reported[condition].count or 0)
        equations.append((treated, [own, cell(f"{condition} others", None, truth[treated] - truth[own])]))
        pairs = [(names[within[condition]], own)] if condition in within else []
        pairs += [(own, names[place]) for place in holds.get(condition, ())]
        for larger, smaller in pairs:
            rest = cell(f"{larger} over {smaller}", None, truth[larger] - truth[smaller])
            equations.append((larger, [smaller, rest]))
    known = np.array([value is not None for value in values])
    assert all(value in {None, true} for value, true in zip(values, truth, strict=True))
    matrix = np.zeros((len(equations), len(values)))
    for number, (total, parts) in enumerate(equations):
        assert truth[total] == sum(truth[part] for part in parts)
        matrix[number, parts] = 1
        matrix[number, total] -= 1
    unknown = np.flatnonzero(~known)
    reduced = matrix[:, unknown]
    rank = np.linalg.matrix_rank(reduced)
    smallest = shown.shown.smallest
    return [
        name
        for number, at in enumerate(unknown.tolist())
        for name, place in names.items()
        if place == at
        and 0 < truth[at] < smallest
        and np.linalg.matrix_rank(np.vstack([reduced, np.eye(len(unknown))[number]])) == rank
    ]


@settings(max_examples=25, deadline=None)
@given(
    patients=st.integers(1, 70),
    shares=st.tuples(*[st.sampled_from([0.0, 0.1, 0.5, 0.85, 0.95, 1.0])] * 4),
    seed=st.integers(0, 10_000),
)
def test_no_small_count_follows_from_the_printed_ones(patients: int, shares: tuple[float, ...], seed: int) -> None:
    shown = analysed(patients, shares=shares, seed=seed)
    whole = analysed(patients, shares=shares, seed=seed, everything=True)
    for table in shown.shown.tables:
        assert not [cell for _, cells in table.rows for cell in cells if cell.count is not None and 0 < cell.count < 11]
    assert told_by_algebra(shown, whole) == []
    for each in shown.associations:
        assert each.estimate is None or (each.lots is not None and each.lots >= 11)
        reported = len(whole.joining.answers(each.measure, each.visit))
        if each.estimate is not None:
            assert patients - reported == 0 or patients - reported >= 11


def test_what_is_planted_is_found_and_what_is_not_is_not() -> None:
    found = analysed(80, shares=(1.0, 1.0, 1.0, 1.0), seed=1)
    answers = {(each.measure, each.visit, each.method): each for each in found.associations}
    correlation = answers["capacity", "6 mo", "rank_correlation"]
    assert correlation.estimate is not None
    assert correlation.estimate.lower > 0.7
    assert correlation.q_value < 1e-6
    odds = answers["reaction", "", "odds_ratio"]
    assert odds.estimate is not None
    assert odds.estimate.lower < 1 < odds.estimate.upper
    assert answers["score", "6 mo", "rank_correlation"].refusal is not None  # everybody has the same score


def test_patients_of_one_lot_are_one_observation() -> None:
    found = analysed(80, shares=(1.0,) * 4, seed=2, of_lot=4)
    answers = {(each.measure, each.visit, each.method): each for each in found.associations}
    assert answers["capacity", "6 mo", "rank_correlation"].lots == 20
    refusal = answers["reaction", "", "odds_ratio"].refusal
    assert refusal is not None
    assert refusal.reason.name == "SHARED_LOTS"
    assert ("reaction", "", "rank_correlation") in answers


@pytest.mark.parametrize("patients", [3, 9, 12])
def test_few_patients_are_too_few_to_say_by_name(patients: int) -> None:
    found = analysed(patients, shares=(1.0,) * 4, seed=3, everything=True)
    reasons = {each.refusal.reason.name for each in found.associations if each.refusal is not None}
    assert "TOO_FEW_EVENTS" in reasons
    assert "TOO_FEW_TO_SAY" in reasons  # a third of twelve is less than a group needs
    answered = [each.method for each in found.associations if each.estimate is not None and each.measure == "capacity"]
    assert ("rank_correlation" in answered) == (patients >= 10)
    assert all(each.estimate is not None or each.refusal is not None for each in found.associations)
    assert all("few lots" in each.warnings[0] for each in found.associations)


def test_what_may_be_passed_on_names_nobody_and_counts_no_rows(tmp_path: Path) -> None:
    found = analysed(40, shares=(0.9,) * 4, seed=4)
    write_outcomes(found, tmp_path / "out")
    for path in (tmp_path / "out" / "shown").iterdir():
        content = path.read_bytes()
        for part in (b"PAT-", b"LOT-", b"D-00", b"rows_", b"accepted"):
            assert part not in content, (path.name, part)
    assert not (tmp_path / "out" / "rows").exists()
    write_outcomes(found, tmp_path / "out", with_rows=True)
    assert b"PAT-7000" in (tmp_path / "out" / "rows" / "outcomes.csv").read_bytes()


@pytest.mark.parametrize("patients", [5, 10, 14])
def test_whether_a_withheld_count_is_enough_is_not_told(patients: int) -> None:
    found = analysed(patients, shares=(1.0,) * 4, seed=6)
    for state in found.conditions:
        is_counted = found.shown.reported[state.condition.id].count is not None
        assert found.shown.state_of(state) == (state.state if is_counted else "withheld")
    assert all(each.refusal is not None for each in found.associations) or patients > 10
    if patients <= 10:
        assert {each.refusal.reason.name for each in found.associations if each.refusal} == {"SMALL_CELLS"}
        assert not any(each.warnings for each in found.associations)
        assert {each.refusal.reason.name for each in found.summaries if each.refusal} == {"SMALL_CELLS"}


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_outcomes(analysed(60, shares=(0.9,) * 4, seed=5), tmp_path / name)
    files = [path for path in (tmp_path / "one").rglob("*") if path.is_file()]
    names = sorted(path.relative_to(tmp_path / "one").as_posix() for path in files)
    assert names == [
        "refused.csv", "run.json", "shown/associations.csv", "shown/associations.parquet", "shown/conditions.csv",
        "shown/outcomes.html", "shown/plan.csv", "shown/summaries.csv", "shown/tables.csv",
    ]  # fmt: skip
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_nobody_treated_is_shown_as_nobody() -> None:
    plan = parse_plan(PLAN + CONDITIONS)
    found = analyse_outcomes(doses=DoseTable(doses=(), source={}), plan=plan, now=NOW)
    assert found.shown.treated.count == 0
    assert {cell.count for table in found.shown.tables for _, cells in table.rows for cell in cells} == {0}
    assert {state.state for state in found.conditions} == {"open", "overdue"}
