"""Limits go out and come back digit by digit; what a shape cannot say is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regenqc.errors import SpecificationError
from regenqc.measurement.units import UNITS
from regenqc.specification import list_specifications, load_specification
from regenqc.specification.model import LimitText
from regenqc.specification.quality_specification import export_quality_specification, read_quality_specification
from regenqc.specification.template import COLUMNS, read_template, write_template
from regenqc.specification.writing import write_requirements
from strategies import decimals, specification

FOLDER = Path(__file__).parent / "exchange"
NAMES = [name for name, _ in list_specifications()]


# ---- PQ-CMC


@pytest.mark.parametrize("name", NAMES)
def test_what_is_exported_comes_back_without_loss(name: str) -> None:
    whole = load_specification(name)
    exported = export_quality_specification(whole)
    left_out = {identifier for identifier, _ in exported.left_out}
    sent = {entry.id: entry for entry in whole.requirements if entry.id not in left_out}
    if not sent:
        return
    back = {entry.id: entry for entry in read_quality_specification(exported.text)}
    assert {key: (entry.test, entry.limit, entry.one_of) for key, entry in back.items()} == {
        key: (entry.test, entry.limit, entry.one_of) for key, entry in sent.items()
    }
    assert len(sent) + len(left_out) == len(whole.requirements)


SYMBOLS = st.sampled_from([unit.symbol for unit in UNITS])


@given(decimals(), st.sampled_from(["min", "max", "min_exclusive", "max_exclusive"]), SYMBOLS)
def test_a_limit_keeps_its_digits(number: str, side: str, unit: str) -> None:
    entry = {"id": "value", "limit": {side: number, **({"unit": unit} if unit else {})}}
    exported = export_quality_specification(specification(entry))
    (back,) = read_quality_specification(exported.text)
    assert back.limit == LimitText(**{side: number}, unit=unit)


@pytest.mark.parametrize("low", ["min", "min_exclusive"])
@pytest.mark.parametrize("high", ["max", "max_exclusive"])
def test_a_range_keeps_which_ends_conform(low: str, high: str) -> None:
    exported = export_quality_specification(
        specification({"id": "a", "limit": {low: "1.0", high: "2.50", "unit": "%"}})
    )
    (back,) = read_quality_specification(exported.text)
    assert back.limit == LimitText(**{low: "1.0", high: "2.50"}, unit="%")


@pytest.mark.parametrize("name", ["cn/order-818-psc", "kr/product"])
def test_what_the_shape_cannot_say_is_named(name: str) -> None:
    left_out = dict(export_quality_specification(load_specification(name)).left_out)
    assert left_out["viability"] == "criterion sponsor_must_set"
    assert left_out["bank_karyotype"] == "stage cell_bank"
    assert left_out["sterility"] == "applies to some batches only"


def test_a_published_instance_is_read() -> None:
    """HL7 FHIR-us-pq-cmc-fda, ExampleSpecification2 (CC0-1.0)."""
    found = read_quality_specification((FOLDER / "pq-cmc-microbial-limits.json").read_text(encoding="utf-8"))
    assert [(entry.title, entry.one_of, entry.limit) for entry in found] == [
        ("Staphylococcus aureus", ("negative",), None),
        ("Pseudomonas aeruginosa", ("negative",), None),
        ("Bacillus subtilis", ("negative",), None),
        ("Total Aerobic Microbial Count (TAMC)", None, LimitText(max="10", unit="CFU")),
        ("Total Yeasts and Molds Count (TYMC)", None, LimitText(max="100", unit="CFU")),
    ]


def test_a_published_range_is_read() -> None:
    """HL7 FHIR-us-pq-cmc-fda, ExampleSpecification, first goal (CC0-1.0)."""
    (found,) = read_quality_specification((FOLDER / "pq-cmc-range.json").read_text(encoding="utf-8"))
    assert found.limit == LimitText(min="2", max_exclusive="3", unit="[pH]")


def test_nothing_that_is_read_is_verified() -> None:
    found = read_quality_specification((FOLDER / "pq-cmc-microbial-limits.json").read_text(encoding="utf-8"))
    assert {entry.mark.value for entry in found} == {"unverified"}


def damaged(change: Any) -> str:
    document = json.loads((FOLDER / "pq-cmc-range.json").read_text(encoding="utf-8"))
    change(document)
    return json.dumps(document)


def _quantity(document: Any) -> Any:
    return document["goal"][0]["target"][0]["modifierExtension"][0]["extension"][0]["valueQuantity"]


DAMAGES: dict[str, Any] = {
    "another resource": lambda document: document.update(resourceType="Patient"),
    "no goal": lambda document: document.update(goal=[]),
    "no action": lambda document: document.update(action=[]),
    "two targets": lambda document: document["goal"][0]["target"].append({"detailString": "Conforms"}),
    "no target": lambda document: document["goal"][0].update(target=[]),
    "no comparator": lambda document: _quantity(document).pop("comparator"),
    "an unknown comparator": lambda document: _quantity(document).update(comparator="ad"),
    "an unknown unit": lambda document: _quantity(document).update(unit="[furlong]", code="[furlong]"),
    "two units": lambda document: _quantity(document).update(unit="%", code="%"),
    "a number as text": lambda document: _quantity(document).update(value="2"),
    "a truth as number": lambda document: _quantity(document).update(value=True),
    "one end twice": lambda document: _quantity(document).update(comparator="<"),
    "a range of one end": lambda document: document["goal"][0]["target"][0]["modifierExtension"][0]["extension"].pop(),
    "another extension": lambda document: document["goal"][0]["target"][0]["modifierExtension"][0].update(
        url="http://x"
    ),
}


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_what_is_not_understood_is_refused(change: Any) -> None:
    with pytest.raises(SpecificationError, match="RQC-S090"):
        read_quality_specification(damaged(change))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"PlanDefinition"'])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(SpecificationError, match="RQC-S090"):
        read_quality_specification(text)


# ---- the spreadsheet


@pytest.mark.parametrize("name", NAMES)
def test_the_template_comes_back_without_loss(name: str) -> None:
    sent = [
        entry
        for entry in load_specification(name).requirements
        if entry.criterion in {"limit", "one_of"} and entry.test
    ]
    if not sent:
        return
    back = read_template(write_template(sent))
    kept = ("id", "test", "stage", "title", "method", "limit", "one_of", "force", "citation", "edition", "mark")
    assert [[getattr(entry, key) for key in kept] for entry in back] == [
        [getattr(entry, key) for key in kept] for entry in sent
    ]


HEAD = "id,test,stage,min,unit,one_of\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(HEAD, id="no row"),
        pytest.param(HEAD + "a,a,nowhere,1,%,\n", id="an unknown stage"),
        pytest.param(HEAD + "A b,a,donor,1,%,\n", id="an identifier that is none"),
        pytest.param(HEAD + "a,a,donor,1\n", id="a short row"),
        pytest.param(HEAD + "a,a,donor,1,%,,x\n", id="a long row"),
        pytest.param("id,id\na,a\n", id="a column twice"),
        pytest.param("id,limit\na,5\n", id="an unknown column"),
    ],
)
def test_a_template_that_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(SpecificationError, match="RQC-S091"):
        read_template(text)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param("a,a,donor,70%,,", id="a sign of the unit behind the number"),
        pytest.param("a,a,donor,seventy,%,", id="a number in words"),
        pytest.param("a,a,donor,70,percents,", id="an unknown unit"),
        pytest.param("a,a,donor,,,no groth", id="a word outside the vocabulary"),
    ],
)
def test_a_limit_that_no_specification_could_state_is_refused(row: str) -> None:
    with pytest.raises(SpecificationError, match=":2 "):
        read_template(HEAD + row + "\n")


def test_several_words_are_separated_by_semicolons() -> None:
    (found,) = read_template(HEAD + "a,a,donor,,,no growth; negative\n")
    assert found.one_of == ("no growth", "negative")


def test_a_spreadsheet_may_begin_with_a_byte_order_mark() -> None:
    assert read_template("\ufeff" + HEAD + "a,a,donor,1.0,%,\n")[0].limit == LimitText(min="1.0", unit="%")


def test_every_column_of_the_template_is_a_key() -> None:
    from regenqc.specification.model import Requirement

    assert set(COLUMNS) <= {*Requirement.model_fields, *LimitText.model_fields}


def test_requirements_are_written_as_they_stand_in_a_file() -> None:
    (found,) = read_template(HEAD + "a,a,donor,1.0,%,\n")
    assert write_requirements([found]).splitlines()[1:3] == ['id    = "a"', 'test  = "a"']
