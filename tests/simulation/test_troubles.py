"""The table of troubles is consistent with the panels and the specifications."""

import tomllib

import pytest

from regenqc.resources import packaged_path
from regenqc.simulation.panels import BANK, PRODUCT
from regenqc.simulation.troubles import EVERY_STAGE, TROUBLES

BUILT_IN = {"result_record", "expiry"}
DOCUMENTS = {
    panel.product: tomllib.loads((packaged_path("specs") / f"{panel.specification}.toml").read_text(encoding="utf-8"))
    for panel in (BANK, PRODUCT)
}


@pytest.mark.parametrize("panel", [BANK, PRODUCT], ids=["cell bank", "product"])
def test_a_panel_lists_the_requirements_of_its_specification(panel):
    requirements = DOCUMENTS[panel.product]["requirement"]
    by_stage = tuple(tuple(entry["id"] for entry in requirements if entry["stage"] == stage) for stage in panel.stages)
    assert panel.requirements == by_stage


@pytest.mark.parametrize("panel", [BANK, PRODUCT], ids=["cell bank", "product"])
def test_every_reported_test_is_one_that_the_specification_names(panel):
    named = set()
    for entry in DOCUMENTS[panel.product]["requirement"]:
        parts = entry.get("any_of", []) + entry.get("n_of_m", {}).get("of", []) + entry.get("controls", [])
        named |= {(entry["stage"], part["test"]) for part in [entry, *parts] if "test" in part}
    computed = {(entry["stage"], entry["id"]) for entry in DOCUMENTS[panel.product].get("derived", [])}
    assert {(slot.stage, slot.test) for slot in panel.slots} == named - computed


@pytest.mark.parametrize("panel", [BANK, PRODUCT], ids=["cell bank", "product"])
def test_a_specification_says_that_its_product_does_not_exist(panel):
    text = (packaged_path("specs") / f"{panel.specification}.toml").read_text(encoding="utf-8")
    assert text.startswith("# Specification of a product that does not exist")
    entries = DOCUMENTS[panel.product]["requirement"]
    assert {(entry["force"], entry["mark"], entry["citation"]) for entry in entries} == {
        ("sponsor", "verified", "synthetic product, no real specification")
    }
    cited = [consequence["citation"] for entry in entries for consequence in entry.get("consequences", [])]
    assert set(cited) <= {"synthetic product, no real specification"}


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.word)
def test_a_trouble_names_known_results_and_requirements(trouble):
    stages = {PRODUCT.stages.index(trouble.stage)} if trouble.stage != EVERY_STAGE else {0, 1}
    known = {name for stage in stages for name in PRODUCT.requirements[stage]} | BUILT_IN | {"viability"}
    assert set(trouble.requirements) <= known
    assert {edit.slot for edit in trouble.edits} <= set(PRODUCT.place)
    if trouble.bank:
        assert {edit.slot for edit in trouble.edits} <= set(BANK.place)
        assert set(trouble.bank_requirements or trouble.requirements) <= {*BANK.requirements[0], *BUILT_IN}


@pytest.mark.parametrize("panel", [BANK, PRODUCT], ids=["cell bank", "product"])
def test_a_result_is_retested_where_its_specification_allows_it(panel):
    allowed = {}
    for entry in DOCUMENTS[panel.product]["requirement"]:
        for part in [entry, *entry.get("any_of", []), *entry.get("n_of_m", {}).get("of", [])]:
            allowed[entry["stage"], part.get("test")] = entry.get("retests", 0) > 0 or "report_only" in entry
    controls = {slot.name for slot in panel.slots if (slot.stage, slot.test) not in allowed}
    assert controls == {"growth_promotion"}
    assert {slot.name: slot.is_retested for slot in panel.slots if slot.name not in controls} == {
        slot.name: allowed[slot.stage, slot.test] for slot in panel.slots if slot.name not in controls
    }


def test_words_are_unique():
    words = [trouble.word for trouble in TROUBLES]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("panel", [BANK, PRODUCT], ids=["cell bank", "product"])
def test_results_that_are_drawn_together_have_tables_of_one_length(panel):
    lengths = {}
    for slot in panel.slots:
        if slot.stream:
            lengths.setdefault(slot.stream, set()).update(len(table) for table in slot.usual)
    assert all(len(found) == 1 for found in lengths.values())
