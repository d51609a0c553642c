"""The form of a specification: what differs in numbers, names and sources has one, and nothing else has."""

from dataclasses import replace
from datetime import date

import pytest

from regenqc.specification import load_specification
from regenqc.specification.form import SAID_ONLY, form_of
from regenqc.specification.model import (
    AlternativePart,
    Control,
    Derived,
    LimitText,
    NumberOf,
    Requirement,
    Specification,
)
from regenqc.vocabulary import Force, Stage

OTHER_STAGE = next(stage for stage in Stage if stage is not Stage.DRUG_PRODUCT_RELEASE)
OTHER_FORCE = next(force for force in Force if force is not Force.SPONSOR)
WHOLE = load_specification("example/hipsc-progenitors")
LIMIT = LimitText(max="5", unit="%")
PART = AlternativePart(test="b", limit=LIMIT, alert=LIMIT)
CONTROL = Control(test="c", limit=LIMIT, alert=LIMIT)
PLAIN = Requirement(id="a", test="a", stage="drug_product_release", limit=LIMIT, alert=LIMIT)
# Another value of every key of a requirement.
OTHERS = {
    "id": "other",
    "test": "other",
    "stage": OTHER_STAGE,
    "title": "Other",
    "method": "other",
    "methods": ("other",),
    "limit": LimitText(max="5", unit="ug/mL"),
    "alert": None,
    "one_of": ("other",),
    "none_of": ("other",),
    "karyotype": {"min_metaphases": "20"},
    "identity": {"equals": "@other"},
    "agreement": {"stage": OTHER_STAGE, "relative": "20"},
    "any_of": (PART,),
    "all_of": (PART,),
    "n_of_m": NumberOf(n=1, of=(PART,)),
    "evidence": {"document": "@other"},
    "report_only": True,
    "sponsor_must_set": True,
    "rounding": "usp",
    "replicates": "mean",
    "replicates_conforming": 1,
    "replicates_total": 2,
    "controls": (CONTROL,),
    "retests": 1,
    "timing": "after_release",
    "due": "14 d",
    "on_fail": "hold",
    "consequences": ({"action": "Tell", "citation": "other"},),
    "when": {"other": ("a",)},
    "accept_preliminary": True,
    "force": OTHER_FORCE,
    "citation": "other",
    "edition": "other",
    "mark": "verified",
    "valid_from": date(2026, 1, 1),
    "valid_to": date(2026, 1, 1),
    "reason": "other",
}


def whole(*requirements: Requirement, **changes: object) -> Specification:
    return replace(WHOLE, requirements=requirements, derived=(), **changes)


def changed(entry: Requirement, **changes: object) -> Requirement:
    return Requirement.model_validate(entry.model_dump(exclude_defaults=True) | changes)


def test_every_key_of_a_requirement_is_tried():
    assert set(OTHERS) == set(Requirement.model_fields)


@pytest.mark.parametrize("key", OTHERS)
def test_a_key_is_of_the_form_or_for_people(key: str):
    before, after = whole(PLAIN).form, whole(changed(PLAIN, **{key: OTHERS[key]})).form
    assert (before.digest == after.digest) == (key in SAID_ONLY)
    assert before.wording != after.wording


WIDER = LimitText(max="6", unit="%")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"limit": LIMIT}, {"limit": WIDER}, id="a limit"),
        pytest.param({"limit": LIMIT}, {"limit": LimitText(min_exclusive="1", unit="%")}, id="the side of a limit"),
        pytest.param({"alert": LIMIT}, {"alert": WIDER}, id="an alert limit"),
        pytest.param({"any_of": (PART,)}, {"any_of": (PART.model_copy(update={"limit": WIDER}),)}, id="an alternative"),
        pytest.param({"all_of": (PART,)}, {"all_of": (PART.model_copy(update={"alert": WIDER}),)}, id="a part"),
        pytest.param(
            {"n_of_m": NumberOf(n=1, of=(PART,))},
            {"n_of_m": NumberOf(n=1, of=(PART.model_copy(update={"limit": WIDER}),))},
            id="one of several",
        ),
        pytest.param(
            {"controls": (CONTROL,)}, {"controls": (CONTROL.model_copy(update={"limit": WIDER}),)}, id="a control"
        ),
    ],
)
def test_numbers_of_limits_are_no_part_of_the_form(before, after):
    one, other = whole(changed(PLAIN, **before)).form, whole(changed(PLAIN, **after)).form
    assert (one.digest, one.wording) == (other.digest, other.wording)
    assert one.numbers != other.numbers


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            {"any_of": (PART,)}, {"any_of": (PART.model_copy(update={"test": "x"}),)}, id="the test of a part"
        ),
        pytest.param({"any_of": (PART,)}, {"any_of": (PART, PART)}, id="the number of parts"),
        pytest.param({"any_of": (PART,)}, {"all_of": (PART,)}, id="one of them or all of them"),
        pytest.param(
            {"n_of_m": NumberOf(n=1, of=(PART, PART))},
            {"n_of_m": NumberOf(n=2, of=(PART, PART))},
            id="how many of them",
        ),
        pytest.param(
            {"controls": (CONTROL,)}, {"controls": (Control(column="c", limit=LIMIT, alert=LIMIT),)}, id="a column"
        ),
        pytest.param(
            {"replicates": "n_of_m", "replicates_conforming": 1, "replicates_total": 2},
            {"replicates": "n_of_m", "replicates_conforming": 1, "replicates_total": 2, "limit": WIDER},
            id="the limit of replicates, which is read by more than the kernel",
        ),
    ],
)
def test_everything_else_of_a_part_is_of_the_form(before, after):
    assert whole(changed(PLAIN, **before)).form.digest != whole(changed(PLAIN, **after)).form.digest


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"unlisted_tests": "report"}, id="unlisted tests"),
        pytest.param({"attributes": WHOLE.attributes | {"size": frozenset({"small"})}}, id="attributes"),
        pytest.param({"valid_from": None, "valid_to": None}, id="validity"),
        pytest.param({"derived": (Derived(id="d", function="sum", inputs={"a": "a"}),)}, id="derived results"),
    ],
)
def test_what_holds_for_the_whole_is_of_the_form(changes):
    first = replace(whole(PLAIN), valid_from=WHOLE.valid_from or date(2026, 1, 1))
    assert first.form.digest != replace(first, **changes).form.digest


def test_the_product_is_no_part_of_the_form():
    assert whole(PLAIN).form.digest == whole(PLAIN, product={"product": "other"}, id="other").form.digest


def test_a_copy_with_other_requirements_has_a_form_of_its_own():
    copy = replace(WHOLE, requirements=WHOLE.requirements[:1])
    assert copy.form.digest == form_of(copy).digest != WHOLE.form.digest
    assert len(copy.form.numbers) < len(WHOLE.form.numbers)
