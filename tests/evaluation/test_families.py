"""Specifications of one form are judged together, and nobody can tell."""

import random

import numpy as np
import pyarrow as pa
import pytest

from regenqc.evaluation import engine
from regenqc.evaluation import evaluate as judge
from regenqc.evaluation.families import families_of, single_families
from regenqc.evaluation.plan import Plan
from regenqc.evaluation.shared_sentences import Sharing
from regenqc.specification import parse_specification
from regenqc.vocabulary import Reason

HEAD = """
schema = "regenqc.specification/1"
id = "example/{product}"
version = "{version}"
title = "Product {product}"
jurisdiction = "INT"
rounding = "{rounding}"
[product]
product = "{product}"
"""
REST = 'stage = "drug_product_release"\ncitation = "example {citation}"\nmark = "verified"\n'
FORM = """
[[requirement]]
id = "viability"
test = "viability"
limit = {{ min = "{low}", unit = "%" }}
alert = {{ min = "{alert}", unit = "%" }}
REST
[[requirement]]
id = "dna"
test = "dna"
limit = {{ max = "{high}", unit = "ug/mL" }}
when = {{ vector = ["lentiviral"] }}
REST
[[requirement]]
id = "potency"
any_of = [{{ test = "potency_a", limit = {{ min = "{low}", unit = "%" }} }}, {{ test = "potency_b", one_of = ["positive"] }}]
REST
[[requirement]]
id = "mean_count"
test = "count"
replicates = "mean"
limit = {{ min = "{high}", unit = "cells/mL" }}
REST
[[requirement]]
id = "endotoxin"
title = "{{limit}} of {{alert}}"
test = "endotoxin"
limit = {{ max = "{high}", unit = "EU/mL" }}
rounding = "usp"
controls = [{{ test = "spike", limit = {{ min = "{low}", unit = "%" }}, alert = {{ min = "{alert}", unit = "%" }} }}]
consequences = [{{ action = "Tell {{limit}}", citation = "example" }}]
timing = "after_release"
due = "14 d"
REST
[[requirement]]
id = "markers"
n_of_m = {{ n = 1, of = [{{ test = "marker_a", limit = {{ min = "{low}", unit = "%" }} }}, {{ test = "marker_b", limit = {{ max = "{high}", unit = "%" }} }}] }}
REST
[[requirement]]
id = "purity"
test = "purity"
limit = {{ min = "{low}", max_exclusive = "9E1", unit = "%" }}
rounding = "none"
stage = "drug_product_release"
citation = "example"
mark = "unverified"
[[requirement]]
id = "sterility"
test = "sterility"
one_of = ["no growth"]
timing = "after_release"
due = "14 d"
REST
"""
RESULTS = {
    "viability": (["69.9", "70", "70.05", "71", "80", "<70", ">71", "ND", "?"], ["%"]),
    "dna": (["0.1", "0.2", "100", "199", "200", "201", "<1"], ["ug/mL", "ng/mL", "mg"]),
    "potency_a": (["60", "70", "71", "<70"], ["%"]),
    "potency_b": (["positive", "negative"], [""]),
    "count": (["0.1", "0.2", "0.3"], ["cells/mL"]),
    "endotoxin": (["0.1", "0.3", "0.34", "0.6", "<0.3", "<9", ""], ["EU/mL", "", "EU/kg"]),
    "spike": (["70", "71", "75", "60"], ["%"]),
    "marker_a": (["70", "75", "60"], ["%"]),
    "marker_b": (["0.1", "0.9"], ["%"]),
    "purity": (["70", "80", "90", "high"], ["%"]),
    "sterility": (["no growth", "growth", "pending"], [""]),
    "other": (["1"], [""]),
}


def specification(number, *, rounding="none", rest="", head=HEAD):
    # Half of them have their sources in common.
    names = {
        "citation": f"of {number % 2}",
        "product": f"p{number}",
        "version": f"1.{number}",
        "low": f"70.{number % 7}",
        "alert": f"7{number % 7}",
    }
    text = (head + FORM.replace("REST\n", REST)).format(high=f"0.{number % 5 + 1}", rounding=rounding, **names)
    return parse_specification(text + rest)


def data(seed, *, products, rows=400, batches=60):
    dice = random.Random(seed)
    found = {name: [] for name in ("batch_id", "test", "result", "unit", "replicate")}
    for number in range(rows):
        test = dice.choice(list(RESULTS))
        texts, units = RESULTS[test]
        for name, value in zip(
            found,
            (f"B{dice.randrange(batches)}", test, dice.choice(texts), dice.choice(units), str(number)),
            strict=True,
        ):
            found[name].append(value)
    table = {
        "batch_id": [f"B{number}" for number in range(batches)],
        "product": [dice.choice(products) for _ in range(batches)],
        "vector": [dice.choice(["lentiviral", "none", ""]) for _ in range(batches)],
        "manufactured_at": [dice.choice(["2026-01-01", "2026-06-29", ""]) for _ in range(batches)],
    }
    return pa.table(found), table


def outputs(results, specifications, table):
    found = judge(results, specifications, batches=pa.table(table), as_of="2026-06-30T00:00:00Z")
    return (
        found.disposition_table.to_pylist(),
        [
            # A computed row has no place in any file.
            row | ({"row_number": None} if row["source"] == "(computed)" else {})
            for part in found.finding_batches()
            for row in part.to_pylist()
        ],
        found.matrix.table().to_pylist(),
    )


def both_ways(results, specifications, table, monkeypatch):
    together = outputs(results, specifications, table)
    monkeypatch.setattr(engine, "families_of", lambda entries, **_: single_families(entries))
    return together, outputs(results, specifications, table)


@pytest.mark.parametrize("seed", range(8))
def test_together_or_one_by_one_gives_the_same(seed, monkeypatch):
    specifications = [specification(number) for number in range(9)]
    random.Random(seed).shuffle(specifications)
    results, table = data(seed, products=[f"p{number}" for number in range(11)])
    assert len(families_of(specifications, is_stated=lambda name: "" not in table[name])) == 1
    together, alone = both_ways(results, specifications, table, monkeypatch)
    assert together == alone
    assert {row["requirement_id"] for row in together[1]} >= {"viability", "potency", "endotoxin", "markers", "purity"}


def test_sentences_that_name_several_limits_are_the_same(monkeypatch):
    specifications = [specification(number) for number in range(9)]
    results, table = data(9, products=[f"p{number}" for number in range(9)], rows=3000, batches=400)
    together, alone = both_ways(results, specifications, table, monkeypatch)
    assert together == alone
    reasons = {row["reason_code"] for row in together[1]}
    assert reasons >= {"outside_alert_limit", "individual_result_outside", "too_few_conform", "no_alternative_conforms"}
    # Of a limit that nobody has verified both are named: what the row lies outside of, and why that decides nothing.
    assert any(row["requirement_id"] == "purity" and row["explanation"].count("≥ 70.") > 1 for row in together[1])


def test_limits_that_some_write_with_an_exponent_are_worded_as_each_of_them_writes_them(monkeypatch):
    written = ["60", "6E1", "70", "60.0", "7E1", "60"]
    head = "[[requirement]]\n" + REST.format(citation="x")
    specifications = [
        specification(
            number,
            rest=f'{head}id = "rna"\ntest = "dna"\nlimit = {{ max = "{text}", unit = "ng/mL" }}\n'
            f'{head}id = "either"\ntitle = "100 %s"\nany_of = [{{ test = "marker_a", '
            f'limit = {{ min = "{text}", unit = "%" }} }}, {{ test = "marker_b", limit = {{ min = "{text}", unit = "%" }} }}]\n',
        )
        for number, text in enumerate(written)
    ]
    results, table = data(5, products=[f"p{number}" for number in range(6)], rows=2000, batches=200)
    assert len(families_of(specifications, is_stated=lambda name: "" not in table[name])) == 1
    together, alone = both_ways(results, specifications, table, monkeypatch)
    assert together == alone
    limits = {row["requirement_id"]: set() for row in together[1]}
    for row in together[1]:
        limits[row["requirement_id"]].add(row["limit"])
    assert limits["rna"] >= {"≤ 0.06 ug/mL (≤ 60 ng/mL)", "≤ 0.06 ug/mL (≤ 6E1 ng/mL)", "≤ 0.07 ug/mL (≤ 7E1 ng/mL)"}
    assert limits["either"] >= {f"marker_a ≥ {text} % or marker_b ≥ {text} %" for text in ("60", "6E1", "60.0", "7E1")}


def test_what_differs_in_limits_only_is_said_by_one_of_them():
    specifications = [specification(number) for number in range(6)]
    found = families_of(specifications, is_stated=bool)
    plan = Plan(specifications, families=found)
    assert plan.shared_sentences.speaker.tolist() == [0, 1, 0, 1, 0, 1, 6]
    names = [entry.id for entry in specifications[0].requirements]

    def how(requirement, reason, *, of_cell=False):
        index = names.index(requirement)
        return plan.shared_sentences.how(
            np.array([2]), np.array([index]), reason=np.array([reason]), of_cell=np.array([of_cell])
        ).tolist()

    assert how("viability", Reason.BELOW_MINIMUM) == [Sharing.ALL_BUT_LIMITS]
    assert how("viability", Reason.NOT_REPORTED, of_cell=True) == [Sharing.ALL_BUT_LIMITS]
    assert how("endotoxin", Reason.CONTROL_FAILED) == [Sharing.ALL_BUT_LIMITS]
    assert how("markers", Reason.TOO_FEW_CONFORM, of_cell=True) == [Sharing.ALL_BUT_LIMITS]
    assert how("sterility", Reason.WORD_NOT_LISTED) == [Sharing.ALL]
    # What is named here are the limits of controls.
    assert how("endotoxin", Reason.CONTROL_MISSING, of_cell=True) == [Sharing.NOTHING]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("place", [0, 3, 5])
def test_a_specification_for_every_product_is_judged_beside_a_family_by_its_own_limits(seed, place, monkeypatch):
    specifications = [specification(number) for number in range(5)]
    for_every_product = HEAD.replace('product = "{product}"\n', 'modality = "cells"\n')
    specifications.insert(place, specification(8, head=for_every_product))
    results, table = data(seed, products=[f"p{number}" for number in range(5)])
    table["modality"] = ["cells"] * 60
    found = families_of(specifications, is_stated=lambda name: "" not in table[name])
    assert sorted(len(family.members) for family in found) == [1, 5]
    together, alone = both_ways(results, specifications, table, monkeypatch)
    assert together == alone
    assert [row["spec_id"] for row in together[0]].count("example/p8") == 60


FURTHER = (
    "[[requirement]]\n" + REST.format(citation="x") + 'id = "ph"\ntest = "ph"\nlimit = { min = "7", unit = "pH" }\n'
)


@pytest.mark.parametrize("seed", range(4))
def test_another_form_for_one_product_of_a_family_is_judged_by_its_own_limits(seed, monkeypatch):
    specifications = [specification(number) for number in range(5)]
    of_the_third = HEAD.replace('product = "{product}"', 'product = "p3"')
    specifications.append(specification(8, head=of_the_third, rest=FURTHER))
    results, table = data(seed, products=[f"p{number}" for number in range(5)])
    found = families_of(specifications, is_stated=lambda name: "" not in table[name])
    assert [family.members for family in found] == [(0, 1, 2, 3, 4), (5,)]
    together, alone = both_ways(results, specifications, table, monkeypatch)
    assert together == alone
    judged = {(row["batch_id"], row["spec_id"]) for row in together[0]}
    of_p3 = [f"B{number}" for number, product in enumerate(table["product"]) if product == "p3"]
    assert {(batch, spec) for batch in of_p3 for spec in ("example/p3", "example/p8")} <= judged


def test_two_forms_are_two_families(monkeypatch):
    specifications = [specification(number, rest=FURTHER if number % 2 else "") for number in range(6)]
    results, table = data(1, products=[f"p{number}" for number in range(6)])
    assert [family.members for family in families_of(specifications, is_stated=lambda name: "" not in table[name])] == [
        (0, 2, 4),
        (1, 3, 5),
    ]
    together, alone = both_ways(results, specifications, table, monkeypatch)
    assert together == alone


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"product": [""] * 60}, id="a batch that states no product"),
        pytest.param({"batch_id": [f"X{number}" for number in range(60)]}, id="results of a batch that is not listed"),
    ],
)
def test_a_batch_that_may_belong_to_several_is_judged_by_all(change, monkeypatch):
    specifications = [specification(number) for number in range(3)]
    results, table = data(2, products=["p0", "p1"])
    together, alone = both_ways(results, specifications, table | change, monkeypatch)
    assert together == alone
    assert {row["spec_id"] for row in together[0]} == {"example/p0", "example/p1", "example/p2"} | (
        set() if "product" in change else {"example/p0"}
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"rounding": "usp"}, id="another rounding"),
        pytest.param({"rest": '[attributes]\nsize = ["small"]\n'}, id="other attributes"),
    ],
)
def test_what_is_not_of_one_form_is_not_judged_together(other):
    specifications = [specification(1), specification(2, **other)]
    assert len(families_of(specifications, is_stated=lambda name: name == "product")) == 2


def test_two_specifications_for_one_product_are_not_judged_together():
    specifications = [specification(1), specification(2), specification(2)]
    assert families_of(specifications, is_stated=lambda name: name == "product") == single_families(specifications)
