"""What states nothing is no evidence: words for nothing, amounts of nothing, days that have not come."""

import pytest

from strategies import STERILITY, VIABILITY, cell, disposition, evaluate, reasons, rows

APPROVAL = {"id": "ethics", "evidence": {"document": "@approval", "valid_until": "@approval_until"}}
VIABLE = ("viability", "90", "%")
LATE = STERILITY | {"timing": "after_release", "due": "14 d"}


@pytest.mark.parametrize(
    "text", ["n/a", "N.A.", "-", "—", "?", "none", "Unknown", "TBD", "not available", "0", "no", "ｎ／ａ", "\u200b"]
)
def test_a_word_for_nothing_is_no_document(text):
    found = evaluate(rows(VIABLE), VIABILITY, APPROVAL, batches={"approval": text, "approval_until": "2027-01-01"})
    assert (disposition(found), reasons(found)) == ("hold", {"evidence_missing"})


@pytest.mark.parametrize(
    "text", ["expired", "Withdrawn", "under review", "REJECTED", "draft", "Not approved", "yes", "to follow"]
)
def test_a_word_for_what_became_of_a_document_is_no_document(text):
    found = evaluate(rows(VIABLE), VIABILITY, APPROVAL, batches={"approval": text, "approval_until": "2027-01-01"})
    assert (disposition(found), reasons(found)) == ("hold", {"evidence_missing"})


@pytest.mark.parametrize("text", ["IRB-1", "0012", "N-A-7", "2026/unknown-3", "NO 17"])
def test_an_identifier_that_holds_such_a_word_is_a_document(text):
    found = evaluate(rows(VIABLE), VIABILITY, APPROVAL, batches={"approval": text, "approval_until": "2027-01-01"})
    assert disposition(found) == "eligible"


@pytest.mark.parametrize("day", ["2026-07-02", "2027-06-20", "9999-12-31"])
def test_a_result_is_not_waited_for_after_a_day_of_manufacture_that_has_not_come(day):
    found = evaluate(rows(VIABLE), VIABILITY, LATE, batches={"manufactured_at": day}, as_of="2026-06-30T12:00:00Z")
    assert (disposition(found), reasons(found)) == ("hold", {"due_date_unknown"})


def test_a_day_that_has_begun_somewhere_has_come():
    found = evaluate(
        rows(VIABLE), VIABILITY, LATE, batches={"manufactured_at": "2026-07-01"}, as_of="2026-06-30T12:00:00Z"
    )
    assert disposition(found) == "conditional"


DOSE = {"dose_volume": "50", "dose_volume_unit": "mL", "recipient_weight": "70", "recipient_weight_unit": "kg"}
DOSE |= {"infusion_hours": "1", "infusion_hours_unit": "h"}
ENDOTOXIN_RATE = {
    "id": "rate",
    "function": "endotoxin_per_kg_hour",
    "inputs": {
        "concentration": "endotoxin",
        "volume": "@dose_volume",
        "weight": "@recipient_weight",
        "duration": "@infusion_hours",
    },
}
RATE = {"id": "rate", "limit": {"max": "5", "unit": "EU/kg/h"}}
REPORTED = {"id": "endotoxin", "report_only": True}


@pytest.mark.parametrize("volume", ["0", "0.0", "≤0"])
@pytest.mark.parametrize(
    "lot", [("endotoxin", "1000", "EU/mL"), ("endotoxin", "<0.1", "EU/mL")], ids=["much", "little"]
)
def test_a_dose_of_no_volume_shows_nothing_about_its_endotoxin(volume, lot):
    found = evaluate(rows(lot), RATE, REPORTED, derived=[ENDOTOXIN_RATE], batches=DOSE | {"dose_volume": volume})
    assert (disposition(found), cell(found, "rate")) == ("hold", "inconclusive")
    assert any("volume is zero" in text for text in found.findings["reported"])


def test_a_dose_without_cells_shows_nothing_about_residual_cells():
    derived = {
        "id": "left",
        "function": "residual_cells_per_dose",
        "inputs": {"fraction": "residual", "dose": "@dose_cells"},
    }
    found = evaluate(
        rows(("residual", "5", "%")),
        {"id": "left", "limit": {"max": "10", "unit": "cells"}},
        {"id": "residual", "report_only": True},
        derived=[derived],
        batches={"dose_cells": "0", "dose_cells_unit": "cells"},
    )
    assert (disposition(found), cell(found, "left")) == ("hold", "inconclusive")
