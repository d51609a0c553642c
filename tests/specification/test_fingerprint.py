"""The fingerprint follows the meaning of a specification: every change of it, and nothing else."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.specification import list_specifications, load_specification, parse_specification

from .texts import header

GOLDEN = Path(__file__).parent / "golden" / "fingerprints.json"

# Uses every key that a file may have, none of them at its default.
WHOLE = (
    header(
        more="""\
pathway = "marketing"
valid_from = 2019-01-01
valid_to = 2035-12-31
unlisted_tests = "report"
[product]
vector = "aav"
[attributes]
size = ["small", "large"]
"""
    )
    + """
[[requirement]]
id = "viability"
test = "viability"
stage = "drug_product_release"
title = "Viable cells"
method = "flow cytometry"
methods = ["flow", "dye"]
limit = { min = "70", max = "99", unit = "%" }
alert = { min_exclusive = "75", max_exclusive = "98", unit = "%" }
one_of = ["complies", "pass"]
rounding = "usp"
controls = [
  { test = "spike", limit = { min = "50", unit = "%" }, alert = { min = "60", unit = "%" }, one_of = ["pass"] },
  { column = "blank", none_of = ["detected"] },
]
retests = 1
timing = "after_release"
due = "14 d"
on_fail = "hold"
consequences = [{ action = "Inform the physician", citation = "a procedure", within = "48 h" }]
when = { size = ["small"] }
accept_preliminary = true
force = "guidance"
citation = "a document"
edition = "first"
mark = "verified"
valid_from = 2020-01-01
valid_to = 2030-12-31
reason = "shown"

[[requirement]]
id = "identity"
test = "identity"
stage = "cell_bank"
identity = { equals = "@donor" }
citation = "a document"

[[requirement]]
id = "agreement"
test = "agreement"
stage = "cell_bank"
agreement = { stage = "donor", absolute = "5", unit = "%" }
citation = "a document"

[[requirement]]
id = "karyotype"
test = "karyotype"
stage = "cell_bank"
karyotype = { min_metaphases = "20", expected_sex = "@donor_sex", allow = ["inv(9)(p12q13)"], second_method = ["mean"] }
citation = "a document"

[[requirement]]
id = "potency"
stage = "cell_bank"
n_of_m = { n = 1, of = [{ test = "a", limit = { min = "1" } }, { test = "b", none_of = ["growth"] }] }
citation = "a document"

[[requirement]]
id = "ethics"
stage = "cell_bank"
evidence = { document = "@approval", valid_until = "@until" }
citation = "a document"

[[requirement]]
id = "mean"
test = "mean"
stage = "cell_bank"
limit = { min = "1" }
replicates = "n_of_m"
replicates_conforming = 2
replicates_total = 3
citation = "a document"

[[derived]]
id = "rate"
function = "dose_per_kg"
inputs = { dose = "dose", weight = "@recipient_weight" }
stage = "cell_bank"
"""
)
ORIGINAL = parse_specification(WHOLE).fingerprint


def fingerprint(text: str) -> str:
    return parse_specification(text).fingerprint


# ---- stable ----

FORMS = [
    pytest.param(lambda text: text, id="the same text"),
    pytest.param(lambda text: text.replace("\n", " # a note\n").replace('""" # a note', '"""'), id="comments"),
    pytest.param(lambda text: text.replace("\n", "\n\n  "), id="blank lines and indentation"),
    pytest.param(lambda text: text.replace("\n", "\r\n"), id="other line ends"),
    pytest.param(lambda text: text.replace(" = ", "="), id="no blanks around equals signs"),
    pytest.param(
        lambda text: text.replace('"verified"', "'verified'").replace("mark =", '"mark" ='), id="other quotes"
    ),
    pytest.param(
        lambda text: text.replace(
            'limit = { min = "70", max = "99", unit = "%" }', 'limit = { unit = "%", max = "99", min = "70" }'
        ),
        id="another order in an inline table",
    ),
    pytest.param(
        lambda text: text.replace(
            'limit = { min = "70", max = "99", unit = "%" }', 'limit.min = "70"\nlimit.max = "99"\nlimit.unit = "%"'
        ),
        id="dotted keys for an inline table",
    ),
    pytest.param(
        lambda text: text.replace(
            'evidence = { document = "@approval", valid_until = "@until" }\ncitation = "a document"',
            'citation = "a document"\n[requirement.evidence]\ndocument = "@approval"\nvalid_until = "@until"',
        ),
        id="a table for an inline table",
    ),
    pytest.param(
        lambda text: text.replace('[product]\nvector = "aav"\n', "").replace(
            "pathway", 'product = { vector = "aav" }\npathway'
        ),
        id="an inline table for a table",
    ),
    pytest.param(
        lambda text: text.replace("[derived]", "[derived]").replace(
            'id = "rate"\nfunction = "dose_per_kg"', 'function = "dose_per_kg"\nid = "rate"'
        ),
        id="another order of keys",
    ),
    pytest.param(
        lambda text: text.replace('size = ["small", "large"]', 'size = ["large", "small"]'),
        id="another order of attribute values",
    ),
    pytest.param(
        lambda text: text.replace('id = "mean"', 'timing = "before_release"\nid = "mean"'), id="a default written out"
    ),
    pytest.param(
        lambda text: text.replace('id = "mean"', 'rounding = "none"\nid = "mean"'), id="no rounding written out"
    ),
]


@pytest.mark.parametrize("rewrite", FORMS)
def test_the_fingerprint_stays_with(rewrite: Any) -> None:
    assert fingerprint(rewrite(WHOLE)) == ORIGINAL


def test_rounding_of_the_file_is_the_rounding_of_its_limits() -> None:
    once = WHOLE.replace('rounding = "usp"\n', "").replace("pathway", 'rounding = "usp"\npathway')
    each = WHOLE.replace('limit = { min = "1" }\n', 'limit = { min = "1" }\nrounding = "usp"\n').replace(
        "n_of_m = { n", 'rounding = "usp"\nn_of_m = { n'
    )
    assert fingerprint(once) == fingerprint(each)


def test_the_source_is_no_part_of_a_specification() -> None:
    assert parse_specification(WHOLE, source="a") == parse_specification(WHOLE + "# a note\n", source="b")


# ---- sensitive ----

CHANGES = {
    "schema": None,
    "id": "another",
    "version": "1.0.1",
    "title": "Another title",
    "jurisdiction": "EU",
    "pathway": "treatment",
    "valid_from": "2019-01-02",
    "valid_to": "2035-12-30",
    "unlisted_tests": "hold",
    "product.vector": "none",
    "attributes.size": ["small", "medium"],
    "requirement.0.id": "viability_2",
    "requirement.0.test": "viability_2",
    "requirement.0.stage": "shipping",
    "requirement.0.title": "Cells",
    "requirement.0.method": "microscopy",
    "requirement.0.methods": ["flow"],
    "requirement.0.limit.min": "71",
    "requirement.0.limit.max": "99.0",
    "requirement.0.limit.unit": None,
    "requirement.0.alert.min_exclusive": "76",
    "requirement.0.alert.max_exclusive": "97",
    "requirement.0.alert.unit": None,
    "requirement.0.one_of": ["complies"],
    "requirement.0.rounding": "ph_eur",
    "requirement.0.controls.0.test": "spike_2",
    "requirement.0.controls.0.limit.min": "51",
    "requirement.0.controls.0.alert.min": "61",
    "requirement.0.controls.0.limit.unit": None,
    "requirement.0.controls.0.alert.unit": None,
    "requirement.0.controls.0.one_of": ["complies"],
    "requirement.0.controls.1.column": "negative_control",
    "requirement.0.controls.1.none_of": ["positive"],
    "requirement.0.retests": 2,
    "requirement.0.consequences.0.action": "Inform the hospital",
    "requirement.0.consequences.0.citation": "another procedure",
    "requirement.0.consequences.0.within": "24 h",
    "requirement.0.timing": None,
    "requirement.0.due": "13 d",
    "requirement.0.on_fail": "reject",
    "requirement.0.when.size": ["large"],
    "requirement.0.accept_preliminary": False,
    "requirement.0.force": "binding",
    "requirement.0.citation": "another document",
    "requirement.0.edition": "second",
    "requirement.0.mark": "secondary",
    "requirement.0.valid_from": "2020-01-02",
    "requirement.0.valid_to": "2030-12-30",
    "requirement.0.reason": "other",
    "requirement.1.identity.equals": "@other",
    "requirement.2.agreement.stage": "in_process",
    "requirement.2.agreement.absolute": "6",
    "requirement.2.agreement.unit": "ppm",
    "requirement.3.karyotype.min_metaphases": "21",
    "requirement.3.karyotype.expected_sex": "male",
    "requirement.3.karyotype.allow": ["9qh+"],
    "requirement.3.karyotype.second_method": ["identity"],
    "requirement.4.n_of_m.n": 2,
    "requirement.4.n_of_m.of.0.test": "c",
    "requirement.4.n_of_m.of.0.limit.min": "2",
    "requirement.4.n_of_m.of.1.none_of": ["positive"],
    "requirement.5.evidence.document": "@other",
    "requirement.5.evidence.valid_until": "@other",
    "requirement.6.replicates_conforming": 1,
    "requirement.6.replicates_total": 4,
    "derived.0.id": "rate_2",
    "derived.0.function": None,
    "derived.0.inputs.dose": "dose_2",
    "derived.0.stage": "shipping",
}


def _leaves(value: Any, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in _leaves(inner, f"{path}.{key}")]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [leaf for index, inner in enumerate(value) for leaf in _leaves(inner, f"{path}.{index}")]
    return [path.lstrip(".")]


def _write(value: Any) -> str:
    """Write a value as inline TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_write(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write, value)) + "]"
    if isinstance(value, bool | int):
        return str(value).lower()
    return value.isoformat() if hasattr(value, "isoformat") else json.dumps(value)


def _write_file(content: dict[str, Any]) -> str:
    return "".join(f"{key} = {_write(value)}\n" for key, value in content.items())


def _changed(path: str, value: Any) -> str:
    content = tomllib.loads(WHOLE)
    holder: Any = content
    *steps, last = path.split(".")
    for step in steps:
        holder = holder[int(step) if step.isdigit() else step]
    old = holder[last]
    holder[last] = type(old).fromisoformat(value) if hasattr(old, "fromisoformat") else value
    return _write_file(content)


def test_a_file_written_in_inline_tables_has_the_same_fingerprint() -> None:
    assert fingerprint(_write_file(tomllib.loads(WHOLE))) == ORIGINAL


def test_every_kind_of_key_is_changed_below() -> None:
    leaves = {leaf for leaf in _leaves(tomllib.loads(WHOLE)) if leaf.partition(".")[2] or leaf in CHANGES}
    repeated = {
        leaf for leaf in leaves if leaf.rpartition(".")[2] in {"id", "test", "stage", "citation", "limit", "min"}
    }
    repeated |= {leaf for leaf in leaves if leaf.endswith((".replicates", "inputs.weight"))}
    assert leaves - repeated - set(CHANGES) == set()


@pytest.mark.parametrize("path", [path for path, value in CHANGES.items() if value is not None])
def test_the_fingerprint_changes_with(path: str) -> None:
    assert fingerprint(_changed(path, CHANGES[path])) != ORIGINAL


def test_the_fingerprint_changes_with_the_order_of_requirements() -> None:
    content = tomllib.loads(WHOLE)
    content["requirement"].reverse()
    assert fingerprint(_write_file(content)) != ORIGINAL


@given(st.permutations(sorted(tomllib.loads(WHOLE))), st.integers(0, 6), st.randoms(use_true_random=False))
def test_no_order_of_keys_changes_the_fingerprint(order: list[str], index: int, shuffle: Any) -> None:
    content = {key: tomllib.loads(WHOLE)[key] for key in order}
    keys = list(content["requirement"][index].items())
    shuffle.shuffle(keys)
    content["requirement"][index] = dict(keys)
    assert fingerprint(_write_file(content)) == ORIGINAL


# ---- golden ----


def test_the_packaged_specifications_have_their_recorded_fingerprints() -> None:
    """Run with REGENQC_UPDATE_GOLDEN=1 after an intended change of a packaged specification, and review the difference."""
    found = {
        identifier: {"version": specification.version, "fingerprint": specification.fingerprint}
        for identifier, path in list_specifications()
        for specification in [load_specification(path)]
    }
    if os.environ.get("REGENQC_UPDATE_GOLDEN") == "1":
        GOLDEN.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    assert GOLDEN.is_file(), "no recorded fingerprints; set REGENQC_UPDATE_GOLDEN=1 to record them"
    assert found == json.loads(GOLDEN.read_text(encoding="utf-8"))
