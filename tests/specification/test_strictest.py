"""The strictest common specification: nothing is eligible under it that is not eligible under each of the others."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import regenqc
from packs.lots import batches_of, filled, results_of
from regenqc.errors import SpecificationError
from regenqc.specification import list_specifications, load_specification, parse_specification
from regenqc.specification.audit import list_packs
from regenqc.specification.comparison import compare_specifications
from regenqc.specification.conformance import Standing, check_conformance
from regenqc.specification.difference import Direction, list_changes
from regenqc.specification.strictest import make_strictest
from regenqc.specification.writing import write_specification
from strategies import AS_OF, STAGE, specification

PACKS = list_packs([identifier for identifier, _ in list_specifications()])
REPORT: dict[str, Any] = {"unlisted_tests": "report"}


def one(*requirements: Any, name: str = "one", **top: Any) -> Any:
    return specification(*requirements, id=f"example/{name}", **(REPORT | top))


def viability(**limit: str) -> dict[str, Any]:
    return {"id": "viability", "limit": {"unit": "%", **limit}}


def limits_of(strictest: Any) -> list[dict[str, str]]:
    return [entry.limit.model_dump(exclude_none=True) for entry in strictest.specification.requirements]


# ---- what is made


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        pytest.param({"min": "70"}, {"min": "80"}, [{"min": "80", "unit": "%"}], id="the narrower one"),
        pytest.param({"min": "70"}, {"max": "90"}, [{"min": "70", "max": "90", "unit": "%"}], id="both ends"),
        pytest.param(
            {"min": "70", "max": "95"},
            {"min": "60", "max": "90"},
            [{"min": "70", "max": "90", "unit": "%"}],
            id="overlap",
        ),
        pytest.param(
            {"min": "70", "max": "95"},
            {"min_exclusive": "70"},
            [{"min_exclusive": "70", "max": "95", "unit": "%"}],
            id="of equal ends the exclusive one",
        ),
    ],
)
def test_limits_of_one_name_become(first: Any, second: Any, expected: Any) -> None:
    found = make_strictest([one(viability(**first)), one(viability(**second), name="two")], identifier="example/both")
    assert limits_of(found) == expected


def test_limits_that_exclude_each_other_are_refused() -> None:
    with pytest.raises(SpecificationError, match="RQC-S082"):
        make_strictest([one(viability(min="80")), one(viability(max="70"), name="two")], identifier="example/both")


def test_what_cannot_be_compared_is_kept_twice() -> None:
    other = viability(min="60") | {"when": {"formulation": ["fresh"]}}
    found = make_strictest([one(viability(max="90")), one(other, name="two")], identifier="example/both")
    assert [entry.id for entry in found.specification.requirements] == ["viability", "viability.2"]


@pytest.mark.parametrize(
    ("second", "code"),
    [
        pytest.param({"product": {"vector": "aav"}}, "RQC-S080", id="another product"),
        pytest.param({"attributes": {"size": ["small", "huge"]}}, "RQC-S080", id="other values of an attribute"),
        pytest.param({"valid_to": pd.Timestamp("2020-01-01").date()}, "RQC-S083", id="another time"),
    ],
)
def test_contradictions_are_refused(second: Any, code: str) -> None:
    first = one(
        viability(min="70"),
        product={"vector": "none"},
        attributes={"size": ["small", "large"]},
        valid_from=pd.Timestamp("2021-01-01").date(),
    )
    with pytest.raises(SpecificationError, match=code):
        make_strictest([first, one(viability(min="70"), name="two", **second)], identifier="example/both")


def test_a_test_for_which_one_of_them_holds_is_refused() -> None:
    strict = specification(viability(min="70"), id="example/strict")
    other = one(viability(min="70"), {"id": "dose", "report_only": True}, name="two")
    with pytest.raises(SpecificationError, match="RQC-S081"):
        make_strictest([strict, other], identifier="example/both")


def test_the_worst_mark_counts() -> None:
    found = make_strictest(
        [one(viability(min="70") | {"mark": "unverified"}), one(viability(min="80"), name="two")],
        identifier="example/both",
    )
    assert [entry.mark.value for entry in found.specification.requirements] == ["unverified"]


@pytest.mark.parametrize("step", [1, -1], ids=["set first", "left open first"])
def test_a_limit_that_one_of_them_leaves_open_stays_open(step: int) -> None:
    pair = [one(viability(min="70")), one({"id": "viability", "sponsor_must_set": True}, name="two")]
    found = make_strictest(pair[::step], identifier="example/both")
    assert [entry.criterion for entry in found.specification.requirements] == ["sponsor_must_set"]


def test_the_origin_of_every_requirement_is_named() -> None:
    found = make_strictest([one(viability(min="70")), one(viability(min="80"), name="two")], identifier="example/both")
    (origin,) = found.origins
    assert (origin.given_by, origin.covers) == (("example/two",), ("example/one", "example/two"))


# ---- the proof

NUMBERS = st.sampled_from(["10", "20", "30", "40"])
WORDS = st.sampled_from([["no growth"], ["no growth", "negative"], ["negative"]])


@st.composite
def requirements(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in draw(st.sets(st.sampled_from(["a", "b", "c"]), min_size=1)):
        kind = draw(
            st.sampled_from(["min", "max", "min_exclusive", "both", "words", "report", "open", "parts", "evidence"])
        )
        entry: dict[str, Any] = {"id": name}
        if kind == "words":
            entry["one_of"] = draw(WORDS)
        elif kind == "report":
            entry["report_only"] = True
        elif kind == "open":
            entry["sponsor_must_set"] = True
        elif kind == "evidence":
            entry["evidence"] = {"document": f"@{name}_id"}
        elif kind == "parts":
            entry[draw(st.sampled_from(["any_of", "all_of"]))] = [
                {"test": "a", "limit": {"min": draw(NUMBERS), "unit": "%"}},
                {"test": "b", "one_of": draw(WORDS)},
            ]
        else:
            sides = ["min", "max"] if kind == "both" else [kind]
            entry["limit"] = {side: draw(NUMBERS) for side in sides} | {"unit": "%"}
        if kind not in {"report", "open"}:
            entry["on_fail"] = draw(st.sampled_from(["hold", "reject", "report"]))
            entry["mark"] = draw(st.sampled_from(["verified", "secondary", "unverified"]))
            entry["when"] = draw(st.sampled_from([{}, {"formulation": ["fresh"]}, {"formulation": ["cryopreserved"]}]))
        found.append(entry)
    found.append({"id": "always", "one_of": ["pass"]})
    return found


RESULTS = st.sampled_from(
    [("15", "%"), ("25", "%"), ("40", "%"), ("no growth", ""), ("negative", ""), ("<20", "%"), None]
)


@st.composite
def lots(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = [{"batch_id": "B1", "stage": STAGE, "test": "always", "result": "pass", "unit": ""}]
    rows += [
        {"batch_id": "B1", "stage": STAGE, "test": test, "result": found[0], "unit": found[1]}
        for test in ("a", "b", "c")
        if (found := draw(RESULTS)) is not None
    ]
    attributes = {
        "batch_id": "B1",
        "formulation": draw(st.sampled_from(["fresh", "cryopreserved", ""])),
        **{f"{name}_id": draw(st.sampled_from(["D", ""])) for name in "abc"},
    }
    return pd.DataFrame(rows), pd.DataFrame([attributes])


def eligible(evaluation: Any) -> set[str]:
    table = evaluation.dispositions
    return set(table[table["disposition"] == "eligible"]["spec_id"])


def loads(entries: Any, name: str) -> Any:
    try:
        return one(*entries, name=name)
    except SpecificationError:
        return None


@given(requirements(), requirements(), st.lists(lots(), min_size=4, max_size=4))
@settings(max_examples=60)
def test_what_is_eligible_under_the_strictest_is_eligible_under_each(first: Any, second: Any, drawn: Any) -> None:
    pair = [loads(first, "one"), loads(second, "two")]
    if None in pair:
        return
    try:
        common = make_strictest(pair, identifier="example/both").specification
    except SpecificationError:
        return
    for results, batches in drawn:
        found = eligible(regenqc.evaluate(results, [*pair, common], batches=batches, as_of=AS_OF))
        assert common.id not in found or {"example/one", "example/two"} <= found


PAIRS = list(
    combinations(
        ["us/licensed-biologic", "eu/atmp", "jp/asrm-class-1", "kr/product", "cn/order-818-psc", "cn/drug-track"], 2
    )
)


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_every_two_packs_have_a_strictest_one(pair: tuple[str, str]) -> None:
    found = make_strictest([load_specification(name) for name in pair], identifier="example/both")
    listed = {(entry.stage, entry.test, entry.id) for name in pair for entry in load_specification(name).requirements}
    assert len(found.specification.requirements) <= len(listed) + len(found.origins)
    assert parse_specification(found.text).fingerprint == found.specification.fingerprint


@pytest.mark.parametrize("missing", ["donor_eligibility_id", "provision_plan_id", "mfds_approval_id", "vector"])
def test_the_strictest_of_two_products_holds_whenever_one_of_them_does(missing: str) -> None:
    pair = [filled("jp/asrm-class-1"), filled("kr/arm-high")]
    named = [
        parse_specification(write_specification(entry).replace("example/filled", f"example/{at}"))
        for at, entry in enumerate(pair)
    ]
    common = make_strictest(named, identifier="example/both").specification
    lot = results_of(common)
    judged = regenqc.evaluate(lot, [*named, common], batches=batches_of(common, **{missing: ""}), as_of=AS_OF)
    table = judged.dispositions.pivot_table(index="stage", columns="spec_id", values="disposition", aggfunc="first")
    for _, row in table.iterrows():
        if row["example/both"] == "eligible":
            assert set(row.dropna()) == {"eligible"}


# ---- writing


@pytest.mark.parametrize("name", [name for name, _ in list_specifications()])
def test_a_specification_written_out_means_the_same(name: str) -> None:
    whole = load_specification(name)
    again = parse_specification(write_specification(whole))
    assert (again.requirements, again.derived, again.product, again.attributes) == (
        whole.requirements,
        whole.derived,
        whole.product,
        whole.attributes,
    )


# ---- comparison


def test_a_comparison_has_every_requirement_once() -> None:
    specifications = [load_specification(name) for name in ("jp/asrm-class-1", "kr/arm-high", "us/investigational")]
    rows = compare_specifications(specifications).rows
    assert len({(row.stage, row.id) for row in rows}) == len(rows)
    for at, entry in enumerate(specifications):
        assert {requirement.id for requirement in entry.requirements} == {row.id for row in rows if row.cells[at]}


def test_only_sources_differ_is_no_difference() -> None:
    again = viability(min="70") | {"citation": "another document"}
    (row,) = compare_specifications([one(viability(min="70")), one(again, name="two")]).rows
    assert not row.differs


def test_another_mark_is_a_difference() -> None:
    again = viability(min="70") | {"mark": "unverified"}
    (row,) = compare_specifications([one(viability(min="70")), one(again, name="two")]).rows
    assert row.differs


# ---- difference


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        pytest.param(viability(min="70"), viability(min="80"), Direction.TIGHTENED, id="a higher minimum"),
        pytest.param(viability(min="80"), viability(min="70"), Direction.LOOSENED, id="a lower minimum"),
        pytest.param(viability(min="70"), viability(min="80") | {"on_fail": "hold"}, Direction.CHANGED, id="both"),
        pytest.param(
            viability(min="70"), viability(min="70") | {"citation": "another"}, Direction.SOURCE, id="another citation"
        ),
        pytest.param(
            {"id": "viability", "sponsor_must_set": True},
            viability(min="70"),
            Direction.TIGHTENED,
            id="an open limit set",
        ),
        pytest.param(
            viability(min="70"), {"id": "dose", "report_only": True}, Direction.ADDED, id="another requirement"
        ),
    ],
)
def test_a_change_has_a_direction(before: Any, after: Any, direction: Direction) -> None:
    always = {"id": "sterility", "one_of": ["no growth"]}
    changes = list_changes(one(before, always), one(after, always))
    assert next(change.direction for change in changes if change.stage) is direction


def test_a_removed_requirement_is_listed() -> None:
    always = {"id": "sterility", "one_of": ["no growth"]}
    changes = list_changes(one(viability(min="70"), always), one(always))
    assert [(change.direction, change.id) for change in changes] == [(Direction.REMOVED, "viability")]


@pytest.mark.parametrize("name", PACKS)
def test_nothing_changes_from_a_pack_to_itself(name: str) -> None:
    assert list_changes(load_specification(name), load_specification(name)) == ()


def test_a_loosened_limit_says_in_which_respect() -> None:
    (change,) = list_changes(one(viability(min="80")), one(viability(min="70")))
    assert change.looser == ("its limit is wider",)
    assert ("limit", "min 80, unit %", "min 70, unit %") in change.parts


def test_a_change_of_the_product_is_listed() -> None:
    changes = list_changes(one(viability(min="70")), one(viability(min="70"), product={"vector": "aav"}))
    assert [(change.id, change.parts) for change in changes] == [
        ("product.vector", (("product.vector", "nothing", "aav"),))
    ]


# ---- conformance


def test_a_product_says_what_it_makes_of_every_requirement() -> None:
    product = parse_specification(
        """\
schema = "regenqc.specification/1"
id = "example/mine"
version = "1"
title = "Mine"
jurisdiction = "US"
extends = ["us/investigational"]
removed = [{ id = "bank_endotoxin", justification = "the bank is tested at another site" }]

[[requirement]]
id = "viability"
limit = { min = "80", unit = "%" }

[[requirement]]
id = "dose"
limit = { min = "1", unit = "10^6 cells" }
citation = "protocol"
mark = "verified"
"""
    )
    standing = {row.inherited.id: row.standing for row in check_conformance(product)}
    assert [standing[name] for name in ("sterility", "viability", "dose", "potency", "bank_endotoxin")] == [
        Standing.MEETS,
        Standing.TIGHTENS,
        Standing.SETS,
        Standing.STILL_OPEN,
        Standing.REMOVES,
    ]


@pytest.mark.parametrize("name", PACKS)
def test_a_filled_product_leaves_nothing_open(name: str) -> None:
    assert Standing.STILL_OPEN not in {row.standing for row in check_conformance(filled(name))}


def test_a_loosened_limit_is_an_error_that_prints_both() -> None:
    with pytest.raises(SpecificationError) as caught:
        parse_specification(
            """\
schema = "regenqc.specification/1"
id = "example/mine"
version = "1"
title = "Mine"
jurisdiction = "US"
extends = ["us/investigational"]

[[requirement]]
id = "viability"
limit = { min = "60", unit = "%" }
"""
        )
    assert ("min 60" in str(caught.value), "min 70" in str(caught.value)) == (True, True)
