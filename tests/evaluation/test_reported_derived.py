"""A derived result is computed; what a laboratory reports under its name does not stand in for it."""

import pandas as pd

import regenqc

SPECIFICATION = """
schema = "regenqc.specification/1"
id = "example/derived"
version = "1"
title = "A derived result"
jurisdiction = "INT"

[[requirement]]
id = "rate"
test = "endotoxin_dose_rate"
stage = "drug_product_release"
limit = { max = "5", unit = "EU/kg/h" }
citation = "example"
mark = "verified"

[[requirement]]
id = "endotoxin"
test = "endotoxin"
stage = "drug_product_release"
limit = { max = "5", unit = "EU/mL" }
citation = "example"
mark = "verified"

[[derived]]
id = "endotoxin_dose_rate"
function = "endotoxin_per_kg_hour"
inputs = { concentration = "endotoxin", volume = "@dose_volume", weight = "@recipient_weight", duration = "@infusion_hours" }
"""


def test_a_reported_value_does_not_replace_one_whose_inputs_are_missing():
    results = pd.DataFrame(
        {
            "batch_id": "X",
            "test": ["endotoxin", "endotoxin_dose_rate"],
            "result": ["1", "1"],
            "unit": ["EU/mL", "EU/kg/h"],
        }
    )
    specification = regenqc.parse_specification(SPECIFICATION)
    evaluation = regenqc.evaluate(results, specification, as_of="2026-01-01")
    assert evaluation.dispositions["disposition"].tolist() == ["hold"]
    assert set(evaluation.findings["reason_code"]) == {"unmatched_test", "not_reported"}
