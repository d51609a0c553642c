"""Make the synthetic outcomes in `sample_data/synthetic-outcomes`: 240 invented patients, one lot each, and what is planted in them.

`python -m tests.sample_data.synthetic_outcomes` writes the files; a test makes them again and compares.
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

SEED = 20260314
PATIENTS = 240
FOLDER = Path(__file__).resolve().parents[2] / "sample_data" / "synthetic-outcomes"
START = datetime(2025, 1, 13, 9, tzinfo=UTC)
TODAY = datetime(2026, 6, 30, tzinfo=UTC)
VISITS = (("1 mo", 30), ("6 mo", 182), ("1 y", 365))


def made() -> dict[str, str]:
    """Return the content of the three files by name."""
    dice = np.random.default_rng(SEED)
    doses: list[list[str]] = []
    results: list[list[str]] = []
    outcomes: list[list[str]] = []
    for number in range(1, PATIENTS + 1):
        lot, recipient, dose = f"SO-{number:04d}", f"PAT-{7000 + number * 7}", f"SO-{number:04d}-1"
        given = START + timedelta(days=2 * number)
        doses.append([dose, recipient, lot, given.isoformat()])
        potency, viability, residual, ph = (
            dice.normal(100, 14),
            min(dice.normal(86, 5), 99.0),
            dice.lognormal(-7.6, 0.9),
            dice.normal(7.2, 0.08),
        )
        tested = (given - timedelta(days=2)).isoformat()
        for test, value, unit in (
            ("potency", f"{potency:.0f}", "%"),
            ("viability", f"{viability:.1f}", "%"),
            ("residual_undifferentiated", f"{residual * 100:.3f}" if residual > 5e-4 else "<0.05", "%"),
            ("ph", f"{ph:.2f}", "pH"),
        ):
            results.append([lot, test, value, unit, "drug_product_release", tested])
        has_reaction = dice.random() < 0.35
        reaction = "grade 3" if has_reaction else "none"
        moment = (given + timedelta(days=int(dice.integers(2, 12)))).isoformat()
        outcomes.append(
            [recipient, "severe_reaction", "adverse_event", reaction, "", moment, dose, "", f"OUT-{number:04d}-R", ""]
        )
        # Planted: the motor score rises with the potency of the lot; nothing else goes with anything.
        own = dice.normal(0, 6)
        for visit, days in VISITS:
            seen = given + timedelta(days=days + int(dice.integers(-9, 10)))
            skipped = dice.random() < 0.08
            score = np.clip(
                58 + 0.35 * (potency - 100) + own + {30: 0, 182: 6, 365: 9}[days] + dice.normal(0, 3), 0, 132
            )
            symptom = np.clip(dice.normal(45 - days / 30, 12), 0, 100)
            if skipped or seen > TODAY:
                continue
            at = seen.astimezone(UTC).isoformat()
            outcomes.append([recipient, "motor_score", "instrument", f"{score:.0f}", "points", at, dose, visit, "", ""])
            outcomes.append(
                [recipient, "symptom_score", "patient_reported", f"{symptom:.0f}", "points", at, "", "", "", ""]
            )
    outcomes += _quirks(outcomes)
    return {
        "doses.csv": _csv(["dose", "recipient", "lot", "administered_at"], doses),
        "results.csv": _csv(["batch_id", "test", "result", "unit", "stage", "tested_at"], results),
        "outcomes.csv": _csv(
            ["recipient", "measure", "kind", "value", "unit", "observed_at", "dose", "visit", "outcome_id", "revision"],
            outcomes,
        ),
    }


def _quirks(good: list[list[str]]) -> list[list[str]]:
    """Rows as they come: each is refused with a reason, repeated, or supersedes another."""
    at = "2026-05-04T10:00:00+02:00"
    known = good[0][0]
    return [
        ["Erika Mustermann", "motor_score", "instrument", "61", "points", at, "", "", "", ""],
        [known, "motor_score", "instrument", "61", "points", at, "", "", "call +49 30 901820", ""],
        [known, "motor_score", "instrument", "61", "points", "2026-05-04T10:00:00", "", "", "", ""],
        [known, "motor_score", "instrument", "61", "points", "04.05.2026", "", "", "", ""],
        [known, "motor_score", "instrument", "61", "points", "2027-05-04T10:00:00Z", "", "", "", ""],
        [known, "motor_score", "instrument", "140", "points", at, "", "", "", ""],
        [known, "motor_score", "instrument", "6l", "points", at, "", "", "", ""],
        [known, "motor_score", "instrument", "", "points", at, "", "", "", ""],
        [known, "motor_score", "instrument", "61", "", at, "", "", "", ""],
        [known, "motor_score", "instrument", "61", "%", at, "", "", "", ""],
        [known, "motor_score", "patient_reported", "61", "points", at, "", "", "", ""],
        [known, "grip_strength", "instrument", "31", "kg", at, "", "", "", ""],
        [known, "severe_reaction", "adverse_event", "fairly bad", "", at, "", "", "", ""],
        [known, "motor_score", "instrument", "61", "points", at, "", "2 y", "", ""],
        [known, "motor_score", "instrument", "61", "points", "2025-01-02T10:00:00Z", "", "", "", ""],
        [known, "motor_score", "instrument", "61", "points", at, "SO-9999-1", "", "", ""],
        [known, "motor_score", "instrument", "61", "points", at, "SO-0002-1", "", "", ""],
        ["PAT-9999", "motor_score", "instrument", "61", "points", at, "", "", "", ""],
        [*good[0][:9], "x"],
        list(good[1]),
        ["", "", "", "", "", "", "", "", "", ""],
    ]


def _csv(header: list[str], rows: list[list[str]]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()


if __name__ == "__main__":
    for name, content in made().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
