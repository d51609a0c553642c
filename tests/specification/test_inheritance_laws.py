"""Laws of inheritance: tightening is monotone, the order of packs does not matter, and `extends` is associative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import regenqc
from regenqc.errors import SpecificationError
from regenqc.specification import Specification, load_specification, parse_specification
from strategies import AS_OF, specification_text

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = st.sampled_from(["10", "20", "30", "40"])
WORDS = st.sampled_from([["no growth"], ["no growth", "negative"], ["negative", "absent"]])
ORDER = {"eligible": 0, "conditional": 1, "hold": 2, "reject": 3}


@st.composite
def requirement(draw: st.DrawFn, name: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"id": name}
    kind = draw(st.sampled_from(["min", "max", "both", "words", "open"]))
    if kind == "words":
        entry["one_of"] = draw(WORDS)
    elif kind == "open":
        entry["sponsor_must_set"] = True
    else:
        entry["limit"] = {side: draw(NUMBERS) for side in (["min", "max"] if kind == "both" else [kind])} | {
            "unit": "%"
        }
    if kind != "open" and draw(st.booleans()):
        entry["on_fail"] = draw(st.sampled_from(["report", "hold", "reject"]))
    if kind != "open" and draw(st.booleans()):
        entry |= {"timing": "after_release", "due": draw(st.sampled_from(["1 d", "30 d"]))}
    if draw(st.booleans()):
        entry["when"] = {"formulation": draw(st.sampled_from([["fresh"], ["fresh", "cryopreserved"]]))}
    return entry


def packs(draw: st.DrawFn, names: str) -> list[dict[str, Any]]:
    chosen = draw(st.sets(st.sampled_from(names), min_size=1))
    always = {"id": "always", "one_of": ["pass"]}
    return [draw(requirement(name)) for name in sorted(chosen)] + [always]


pack = st.composite(packs)
RESULTS = st.sampled_from(
    [("15", "%"), ("25", "%"), ("40", "%"), ("no growth", ""), ("absent", ""), ("<20", "%"), None]
)


def text(entries: Any, name: str, **top: Any) -> str:
    return specification_text(*entries, id=name, unlisted_tests="report", **top)


def whole(body: str, root: Path) -> Specification | None:
    try:
        return parse_specification(body, roots=(root,))
    except SpecificationError:
        return None


def demanded(specification: Specification) -> dict[str, Any]:
    return {entry.id: entry for entry in specification.requirements}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("packs")


def store(folder: Path, body: str, name: str) -> None:
    (folder / f"{name}.toml").write_text(body, encoding="utf-8")


@given(pack("abc"), pack("abc"), st.lists(st.tuples(RESULTS, RESULTS, RESULTS), min_size=4, max_size=4), st.data())
@settings(max_examples=100)
def test_tightening_never_makes_a_disposition_better(
    folder: Path, inherited: Any, own: Any, drawn: Any, data: Any
) -> None:
    store(folder, text(inherited, "pack"), "pack")
    loose, strict = whole(text(inherited, "pack"), folder), whole(text(own, "product", extends=["pack"]), folder)
    if loose is None or strict is None:
        return
    batch = {"batch_id": "B1", "formulation": data.draw(st.sampled_from(["fresh", "cryopreserved", ""]))}
    batch["manufactured_at"] = data.draw(st.sampled_from(["2026-06-29", "2026-01-01"]))
    for results in drawn:
        rows = [{"batch_id": "B1", "test": "always", "result": "pass", "unit": ""}]
        rows += [
            {"batch_id": "B1", "test": test, "result": found[0], "unit": found[1]}
            for test, found in zip("abc", results, strict=True)
            if found is not None
        ]
        judged = regenqc.evaluate(pd.DataFrame(rows), [loose, strict], batches=pd.DataFrame([batch]), as_of=AS_OF)
        found = dict(zip(judged.dispositions["spec_id"], judged.dispositions["disposition"], strict=True))
        set_by_product = {
            entry.id
            for entry in loose.requirements
            if entry.sponsor_must_set and not demanded(strict)[entry.id].sponsor_must_set
        }
        if not set_by_product:  # what the pack leaves open holds; a product that sets it may be eligible
            assert ORDER[found["product"]] >= ORDER[found["pack"]]
        assert not (found["pack"] == "reject" and found["product"] == "eligible")


@given(pack("abc"), pack("cde"))
@settings(max_examples=100)
def test_the_order_of_packs_does_not_matter(folder: Path, first: Any, second: Any) -> None:
    store(folder, text(first, "first"), "first")
    store(folder, text(second, "second"), "second")
    own = [{"id": "own", "one_of": ["pass"]}]
    one = whole(text(own, "product", extends=["first", "second"]), folder)
    other = whole(text(own, "product", extends=["second", "first"]), folder)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert demanded(one) == demanded(other)


@given(pack("ab"), pack("bc"), pack("cd"))
@settings(max_examples=100)
def test_extends_is_associative(folder: Path, first: Any, second: Any, third: Any) -> None:
    """((first, second), third) means the same as (first, (second, third)) and as (first, second, third)."""
    own = [{"id": "own", "one_of": ["pass"]}]
    for entries, name in ((first, "first"), (second, "second"), (third, "third")):
        store(folder, text(entries, name), name)
    store(folder, text(own, "left", extends=["first", "second"]), "left")
    store(folder, text(own, "right", extends=["second", "third"]), "right")
    forms = [["first", "second", "third"], ["left", "third"], ["first", "right"]]
    found = [whole(text(own, "product", extends=form), folder) for form in forms]
    assert len({entry is None for entry in found}) == 1
    meanings = [demanded(entry) for entry in found if entry is not None]
    assert all(meaning == meanings[0] for meaning in meanings)


@pytest.mark.parametrize("pair", [("kr/arm-high", "kr/arm-common"), ("jp/asrm-class-1", "int/cell-therapy-core")])
def test_what_is_extended_twice_counts_once(pair: tuple[str, str], tmp_path: Path) -> None:
    own = [{"id": "own", "one_of": ["pass"]}]
    twice = parse_specification(text(own, "product", extends=list(pair)), roots=(tmp_path,))
    assert demanded(twice).keys() == {*demanded(load_specification(pair[0])), "own"}
