"""Every row of the decision tables is a test; the row's source stands in the answer and in the identifier of the test."""

from __future__ import annotations

from datetime import date

import pytest

from regenqc.errors import UsageError
from regenqc.regulation import ProductDescription, classify
from regenqc.regulation.classification import JURISDICTIONS, TABLES
from regenqc.regulation.description import MEANINGS, WORDS, describe_product
from regenqc.specification import load_specification
from regenqc.specification.sources import load_sources
from regenqc.vocabulary import Jurisdiction, Mark

TODAY = date(2026, 11, 1)
US, EU, JP, KR, CN = JURISDICTIONS
CELLS = {
    "kind": "cells",
    "donor_relation": "autologous",
    "manipulation": "minimal",
    "gene_modification": "none",
    "cell_source": "other",
    "homologous_use": "yes",
    "aim": "other",
    "us_remaining_criteria": "met",
    "altered_or_derived": "no",
    "designated_institution": "yes",
    "severe_rare_or_intractable": "yes",
    "setting": "treatment",
}


def read(jurisdiction: Jurisdiction, as_of: date = TODAY, **change: str):
    return classify(ProductDescription(**(CELLS | change)), jurisdiction=jurisdiction, as_of=as_of)


def row_ids(found):
    return found.track and found.track.row, found.risk_class and found.risk_class.row


# ---- Japan, step A and B: ASRM Act and Ordinance Art 2-3

JAPAN_TRACKS = {
    "JP-T1 [JP-COSM] a topical cosmetic": ({"use": "cosmetic_topical"}, "JP-T1", "cosmetic"),
    "JP-T2 [JP-ACT-2] a clinical trial": ({"setting": "clinical_trial"}, "JP-T2", "pmd_trial"),
    "JP-T3 [JP-ACT-2] approved use": ({"setting": "approved_use"}, "JP-T3", "pmd"),
    "JP-T4 [JP-PMD-COND] marketing": ({"setting": "marketing"}, "JP-T4", "pmd"),
    "JP-T5 [JP-ORDER-1] germ cells": ({"cell_source": "germ_cell"}, "JP-T5", "neither"),
    "JP-T6 [JP-ORDER-1] a blood stem cell transplant": ({"cell_source": "hsc"}, "JP-T6", "neither"),
    "JP-T6 [JP-ORDER-1] a transfusion": ({"cell_source": "blood_component"}, "JP-T6", "neither"),
    "JP-T6 [JP-ORDER-1] not excluded: blood components made from other cells": (
        {"cell_source": "blood_component", "altered_or_derived": "yes"},
        "JP-T10",
        "asrm",
    ),
    "JP-T7 [JP-178] a listed nucleic acid": (
        {"kind": "nucleic_acid_in_vivo", "listed_for_infection_prevention": "yes"},
        "JP-T7",
        "neither",
    ),
    "JP-T8 [JP-2025] gene therapy in the body": (
        {"kind": "nucleic_acid_in_vivo", "listed_for_infection_prevention": "no"},
        "JP-T8",
        "asrm",
    ),
    "JP-T9 [JP-EXO] an exosome": ({"kind": "exosome"}, "JP-T9", "outside_asrm"),
    "JP-T9 [JP-EXO] conditioned medium": ({"kind": "conditioned_medium"}, "JP-T9", "outside_asrm"),
    "JP-T10 [JP-ACT-2] off-label use of an approved product": ({"setting": "off_label"}, "JP-T10", "asrm"),
    "JP-T10 [JP-ACT-2] treatment": ({"setting": "treatment"}, "JP-T10", "asrm"),
}


@pytest.mark.parametrize(("change", "row", "answer"), JAPAN_TRACKS.values(), ids=JAPAN_TRACKS)
def test_japan_track(change, row, answer):
    track = read(JP, **change).track
    assert (track.row, track.answer) == (row, answer)


CULTURED = {"manipulation": "cultured"}
JAPAN_CLASSES = {
    "JP-B1 [JP-ORD-2] ES cells": ({"cell_source": "hesc"}, "JP-B1", "I"),
    "JP-B1 [JP-ORD-2] iPS cells": ({"cell_source": "hipsc"}, "JP-B1", "I"),
    "JP-B2 [JP-ORD-2] an introduced gene": ({"gene_modification": "introduced"}, "JP-B2", "I"),
    "JP-B2a [JP-GENE-2020] altered genes": ({"gene_modification": "edited"}, "JP-B2a", "I"),
    "JP-B2b [JP-2025] gene therapy in the body": (
        {"kind": "nucleic_acid_in_vivo", "listed_for_infection_prevention": "no"},
        "JP-B2b",
        "I",
    ),
    "JP-B3 [JP-ORD-2] animal cells": ({"cell_source": "animal"}, "JP-B3", "I"),
    "JP-B4 [JP-ORD-2] allogeneic cells": ({"donor_relation": "allogeneic"}, "JP-B4", "I"),
    "JP-B5 [JP-ORD-2] cultured stem cells": ({"cell_source": "tissue_stem"} | CULTURED, "JP-B5", "II"),
    "JP-B6 [JP-ORD-2] cultured cells for structure": (
        {"aim": "restore_structure_or_function"} | CULTURED,
        "JP-B6",
        "II",
    ),
    "JP-B7 [JP-ORD-2] non-homologous use": ({"homologous_use": "no"}, "JP-B7", "II"),
    "JP-B8 [JP-ORD-2] everything else": ({}, "JP-B8", "III"),
    "JP-B4 before JP-B5 allogeneic cultured stem cells": (
        {"cell_source": "tissue_stem", "donor_relation": "allogeneic"} | CULTURED,
        "JP-B4",
        "I",
    ),
    "JP-B5 before JP-B7 cultured stem cells, non-homologous": (
        {"cell_source": "tissue_stem", "homologous_use": "no"} | CULTURED,
        "JP-B5",
        "II",
    ),
}


@pytest.mark.parametrize(("change", "row", "answer"), JAPAN_CLASSES.values(), ids=JAPAN_CLASSES)
def test_japan_class(change, row, answer):
    found = read(JP, **change)
    assert (found.risk_class.row, found.risk_class.answer) == (row, answer)
    assert found.packs == (f"jp/asrm-class-{len(answer)}",)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            {"cell_source": "hipsc"},
            {"JP-ACT-7", "JP-ACT-4", "JP-ACT-8", "JP-ORD-5", "JP-ACT-28"},
            id="Class I: specified committee, plan, 90 days, lead",
        ),
        pytest.param(
            {"homologous_use": "no"},
            {"JP-ACT-7", "JP-ACT-4", "JP-ORD-5", "JP-ACT-28"},
            id="Class II: no wait",
        ),
        pytest.param({}, {"JP-ACT-7", "JP-ACT-4", "JP-ACT-28"}, id="Class III: neither wait nor lead"),
    ],
)
def test_japan_consequences(change, expected):
    assert {source for _, source in read(JP, **change).consequences} == expected


def test_gene_therapy_in_the_body_came_under_the_act_on_2025_05_31():
    """[JP-2025]."""
    product = {"kind": "nucleic_acid_in_vivo", "listed_for_infection_prevention": "no"}
    assert read(JP, date(2025, 5, 30), **product).track is None
    assert read(JP, date(2025, 5, 31), **product).risk_class.answer == "I"


# ---- Korea: Decree Art 2, 4

KOREA_TRACKS = {
    "KR-T1 [KR-COSM] cosmetics with cells": ({"use": "cosmetic_topical"}, "KR-T1"),
    "KR-T2 [KR-COSM] cosmetics with medium": ({"use": "cosmetic_topical", "kind": "conditioned_medium"}, "KR-T2"),
    "KR-T2 [KR-COSM] cosmetics with exosomes": ({"use": "cosmetic_topical", "kind": "exosome"}, "KR-T2"),
    "KR-T3 [KR-DEC-2] a cosmetic procedure with minimally manipulated cells": ({"use": "cosmetic_procedure"}, "KR-T3"),
    "KR-T3 [KR-DEC-2] not with cultured cells": ({"use": "cosmetic_procedure"} | CULTURED, "KR-T9"),
    "KR-T4 [KR-PM-2] made during the surgery": ({"setting": "same_surgery"}, "KR-T4"),
    "KR-T5 [KR-DEC-4-2] approved use": ({"setting": "approved_use"}, "KR-T5"),
    "KR-T5 [KR-DEC-4-2] assessed technology": ({"setting": "assessed_technology"}, "KR-T5"),
    "KR-T6 [KR-DEC-3] an exosome": ({"kind": "exosome"}, "KR-T6"),
    "KR-T7 [KR-ACT-4] a clinical trial": ({"setting": "clinical_trial"}, "KR-T7"),
    "KR-T7 [KR-ACT-4] marketing": ({"setting": "marketing"}, "KR-T7"),
    "KR-T8 [KR-ARM] research": ({"setting": "clinical_research"}, "KR-T8"),
    "KR-T9 [KR-ARM] treatment": ({"setting": "treatment"}, "KR-T9"),
    "no row: research at an institution that is not designated": (
        {"setting": "clinical_research", "designated_institution": "no"},
        None,
    ),
    "no row: treatment of other patients": ({"severe_rare_or_intractable": "no"}, None),
}


@pytest.mark.parametrize(("change", "row"), KOREA_TRACKS.values(), ids=KOREA_TRACKS)
def test_korea_track(change, row):
    assert row_ids(read(KR, **change))[0] == row


ALLO = {"donor_relation": "allogeneic"}
KOREA_CLASSES = {
    "KR-B1 [KR-DEC-4] ES cells": ({"cell_source": "hesc"}, "KR-B1", "high"),
    "KR-B1 [KR-DEC-4] iPS cells": ({"cell_source": "hipsc"}, "KR-B1", "high"),
    "KR-B2 [KR-DEC-4] animal cells": ({"cell_source": "animal"}, "KR-B2", "high"),
    "KR-B3 [KR-DEC-4] allogeneic, more than minimal": (ALLO | CULTURED, "KR-B3", "high"),
    "KR-B4 [KR-DEC-4] an introduced gene": ({"gene_modification": "introduced"}, "KR-B4", "high"),
    "KR-B4 [KR-DEC-4] an edited gene": ({"gene_modification": "edited"}, "KR-B4", "high"),
    "KR-B5 [KR-DEC-4] gene therapy in the body": ({"kind": "nucleic_acid_in_vivo"}, "KR-B5", "high"),
    "KR-B6 [KR-DEC-4] complete replacement": ({"form": "organ_for_complete_replacement"}, "KR-B6", "high"),
    "KR-B7 [KR-DEC-4] autologous, more than minimal": (CULTURED, "KR-B7", "medium"),
    "KR-B8 [KR-DEC-4] allogeneic, minimal": (ALLO, "KR-B8", "medium"),
    "KR-B9 [KR-DEC-4] structural restoration": ({"form": "tissue_for_restoration"}, "KR-B9", "medium"),
    "KR-B10 [KR-DEC-4] autologous, minimal": ({}, "KR-B10", "low"),
    "KR-B0a [KR-DEC-4] high down-classified": (
        {"cell_source": "hipsc", "reclassified_by_notice": "medium"},
        "KR-B0a",
        "medium",
    ),
    "KR-B0b [KR-DEC-4] medium down-classified": (CULTURED | {"reclassified_by_notice": "low"}, "KR-B0b", "low"),
}


@pytest.mark.parametrize("setting", ["clinical_research", "treatment"])
@pytest.mark.parametrize(("change", "row", "answer"), KOREA_CLASSES.values(), ids=KOREA_CLASSES)
def test_korea_class_is_the_same_for_research_and_treatment(change, row, answer, setting):
    found = read(KR, setting=setting, **change)
    assert (found.risk_class.row, found.risk_class.answer) == (row, answer)
    assert found.packs == (f"kr/arm-{answer}",)


KOREA_CONSEQUENCES = {
    "high research needs the MFDS": ("clinical_research", {"cell_source": "hipsc"}, "approval by the MFDS, 120 days"),
    "medium research": ("clinical_research", CULTURED, "committee, 90 days"),
    "low research": ("clinical_research", {}, "committee, 90 days"),
    "high treatment after research at the same institution": (
        "treatment",
        {"cell_source": "hipsc"},
        "at the same institution",
    ),
    "medium treatment after research anywhere": ("treatment", CULTURED, "this or another institution"),
    "low treatment": ("treatment", {}, "committee, 120 days"),
    "research is free of charge": ("clinical_research", {}, "not charged"),
    "treatment may be charged": ("treatment", {}, "may be charged"),
    "high risk needs a licensed facility": ("treatment", {"cell_source": "hipsc"}, "licensed processing facility"),
    "low risk may be processed at the institution": ("treatment", {}, "at the institution by the standards"),
}


@pytest.mark.parametrize(("setting", "change", "words"), KOREA_CONSEQUENCES.values(), ids=KOREA_CONSEQUENCES)
def test_korea_consequences(setting, change, words):
    """[KR-ARM-C]."""
    assert any(words in text for text, _ in read(KR, setting=setting, **change).consequences)


def test_low_risk_treatment_needs_no_research_before_it():
    """[KR-ARM-C]."""
    assert not any("research" in text for text, _ in read(KR).consequences)


# ---- the side-by-side table: product x jurisdiction

MSC = {"cell_source": "tissue_stem"}
PRODUCTS = {
    "hiPSC-derived cells": {"cell_source": "hipsc", "manipulation": "cultured", "donor_relation": "allogeneic"},
    "hESC-derived cells": {"cell_source": "hesc", "manipulation": "cultured", "donor_relation": "allogeneic"},
    "autologous MSC, minimal and homologous": MSC,
    "autologous MSC, minimal and non-homologous": MSC | {"homologous_use": "no"},
    "cultured MSC, autologous": MSC | CULTURED,
    "cultured MSC, allogeneic": MSC | CULTURED | ALLO,
    "CAR-T": {"cell_source": "immune", "gene_modification": "introduced"} | CULTURED,
    "exosomes": {"kind": "exosome"},
    "conditioned medium": {"kind": "conditioned_medium"},
    "topical cosmetic with cells": {"use": "cosmetic_topical"},
    "topical cosmetic with medium": {"use": "cosmetic_topical", "kind": "conditioned_medium"},
    "injected aesthetic cells": {"use": "aesthetic_injection"},
}
# Research in China, treatment elsewhere: that is where the two tracks differ.
CELLS_OF_THE_TABLE = {
    "hiPSC-derived cells": ("US-T4 351", "EU-T7 atmp", "JP-B1 I", "KR-B1 high", "CN-T10 order_818"),
    "hESC-derived cells": ("US-T4 351", "EU-T6 atmp", "JP-B1 I", "KR-B1 high", "CN-T10 order_818"),
    "autologous MSC, minimal and homologous": (
        "US-T9 361",
        "EU-T10 tissue",
        "JP-B8 III",
        "KR-B10 low",
        "CN-T8 excluded",
    ),
    "autologous MSC, minimal and non-homologous": (
        "US-T7 351",
        "EU-T9 atmp",
        "JP-B7 II",
        "KR-B10 low",
        "CN-T9 unclear",
    ),
    "cultured MSC, autologous": ("US-T5 351", "EU-T8 atmp", "JP-B5 II", "KR-B7 medium", "CN-T11 order_818"),
    "cultured MSC, allogeneic": ("US-T5 351", "EU-T8 atmp", "JP-B4 I", "KR-B3 high", "CN-T11 order_818"),
    "CAR-T": ("US-T3 351", "EU-T5 gtmp", "JP-B2 I", "KR-B4 high", "CN-T12 order_818"),
    "exosomes": (
        "US-T2 drug_or_biologic",
        "EU-T3 biological",
        "JP-T9 outside_asrm",
        "KR-T6 pharmaceutical",
        "CN-T4 order_818",
    ),
    "conditioned medium": (
        "US-T2 drug_or_biologic",
        "EU-T4 biological",
        "JP-T9 outside_asrm",
        "KR-T6 pharmaceutical",
        "CN-T4 order_818",
    ),
    "topical cosmetic with cells": (
        "US-T1 claim_decides",
        "EU-T1 prohibited_cosmetic",
        "JP-T1 cosmetic",
        "KR-T1 prohibited_cosmetic",
        "CN-T1 prohibited_cosmetic",
    ),
    "topical cosmetic with medium": (
        "US-T1 claim_decides",
        "EU-T1 prohibited_cosmetic",
        "JP-T1 cosmetic",
        "KR-T2 cosmetic",
        "CN-T1 prohibited_cosmetic",
    ),
    "injected aesthetic cells": (
        "US-T1a drug_or_biologic",
        "EU-T1a medicinal",
        "JP-B8 III",
        "KR-B10 low",
        "CN-T2 not_approved",
    ),
}
FIVE = [
    pytest.param(product, jurisdiction, expected, id=f"{product} in {jurisdiction}")
    for product, row in CELLS_OF_THE_TABLE.items()
    for jurisdiction, expected in zip(JURISDICTIONS, row, strict=True)
]


@pytest.mark.parametrize(("product", "jurisdiction", "expected"), FIVE)
def test_a_cell_of_the_five_jurisdictions(product, jurisdiction, expected):
    setting = "clinical_research" if jurisdiction is CN else "treatment"
    found = read(jurisdiction, setting=setting, **PRODUCTS[product])
    decides = found.risk_class or found.track
    assert f"{decides.row} {decides.answer}" == expected
    assert all(source in load_sources() for source in decides.sources)


@pytest.mark.parametrize("product", list(PRODUCTS))
def test_the_drug_track_of_china_is_drug_law(product):
    """Order 818 Art 55 [CN-818-55]."""
    found = read(CN, setting="clinical_trial", **PRODUCTS[product])
    if PRODUCTS[product].get("use") is None and PRODUCTS[product].get("kind") is None:
        assert (found.track.row, found.packs) == ("CN-T3", ("cn/drug-track",))
    else:
        assert found.track.row in {"CN-T1", "CN-T2", "CN-T5"}


@pytest.mark.parametrize(
    ("change", "row"),
    [
        pytest.param({"cell_source": "germ_cell"}, "CN-T6", id="CN-T6 [CN-PSC-EXCL] germ cells"),
        pytest.param({"cell_source": "hsc"}, "CN-T7", id="CN-T7 [CN-PSC-EXCL] a blood stem cell transplant"),
        pytest.param(CULTURED | {"setting": "off_label"}, "CN-T13", id="CN-T13 [CN-818-33] treatment"),
        pytest.param({"kind": "exosome", "setting": "treatment"}, "CN-T5", id="CN-T5 [CN-EXO] exosomes as treatment"),
    ],
)
def test_further_rows_of_china(change, row):
    assert read(CN, **change).track.row == row


@pytest.mark.parametrize(
    ("change", "row"),
    [
        pytest.param({"manipulation": "enzymatic"}, "US-T6", id="US-T6 [US-SVF] enzymatic separation"),
        pytest.param({"us_remaining_criteria": "not_met"}, "US-T8", id="US-T8 [US-351] criterion (3) or (4)"),
    ],
)
def test_further_rows_of_the_united_states(change, row):
    assert read(US, **change).track.row == row


def test_an_exosome_with_a_recombinant_nucleic_acid_is_a_gene_therapy_in_the_union():
    """[EU-EXO]."""
    assert read(EU, kind="exosome", gene_modification="introduced").track.answer == "gtmp"


@pytest.mark.parametrize(
    ("day", "row"),
    [
        pytest.param(date(2027, 8, 6), "EU-T10", id="the last day of the directive"),
        pytest.param(date(2027, 8, 7), "EU-T11", id="the first day of the regulation"),
    ],
)
def test_the_law_of_tissue_changes_with_the_day(day, row):
    """[EU-SOHO]."""
    assert read(EU, day).track.row == row


@pytest.mark.parametrize(
    ("day", "row"),
    [
        pytest.param(date(2026, 4, 30), None, id="the day before Order 818"),
        pytest.param(date(2026, 5, 1), "CN-T10", id="the first day of Order 818"),
    ],
)
def test_order_818_applies_from_its_first_day(day, row):
    """[CN-818-8]."""
    assert row_ids(read(CN, day, cell_source="hipsc", manipulation="cultured", setting="clinical_research"))[0] == row


def test_treatment_in_korea_began_on_2025_02_21():
    """[KR-ARM]."""
    assert read(KR, date(2025, 2, 20)).track is None
    assert read(KR, date(2025, 2, 21)).track.answer == "arm_treatment"


# ---- what is not stated


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_an_empty_description_decides_nothing(jurisdiction):
    found = classify(ProductDescription(), jurisdiction=jurisdiction, as_of=TODAY)
    assert found.track is None
    assert found.packs == ()
    assert found.to_state


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
@pytest.mark.parametrize("name", [name for name in CELLS if name != "kind"])
def test_leaving_a_property_out_never_gives_another_answer(jurisdiction, name):
    whole, without = read(jurisdiction), read(jurisdiction, **{name: ""})
    assert row_ids(without) in {row_ids(whole), (row_ids(whole)[0], None), (None, None)}
    if row_ids(without) != row_ids(whole):
        assert name in without.to_state


def test_enzymatic_separation_is_not_decided_where_no_source_decides_it():
    assert read(KR, manipulation="enzymatic").risk_class is None


def test_every_answer_says_that_it_is_indicative():
    assert all("confirm with the authority" in read(jurisdiction).note for jurisdiction in JURISDICTIONS)


def test_no_answer_claims_compliance():
    words = [row.words for tables in TABLES.values() for rows in tables for row in rows]
    assert not [text for text in words if "complian" in text.lower()]


def test_an_answer_has_the_weakest_mark_of_its_sources():
    """[EU-ATMP] is unverified, [EU-ANNEX-I] secondary, [EU-2004-23] verified."""
    assert read(EU).track.mark is Mark.UNVERIFIED


ROWS = [row for tables in TABLES.values() for rows in tables for row in rows]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_made_of_known_words_sources_and_packs(row):
    assert row.sources
    assert all(source in load_sources() for source in row.sources)
    assert all(values <= set(WORDS[name]) for name, values in row.conditions.items())
    assert all(load_specification(pack).id == pack for pack in row.packs)


def test_row_identifiers_are_unique():
    assert len({row.id for row in ROWS}) == len(ROWS)


def test_every_property_has_words_and_a_meaning():
    assert set(WORDS) == set(MEANINGS) == set(ProductDescription.__slots__)


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        pytest.param({"cell_source": "ipsc"}, "RQC-U100", id="an unknown word"),
        pytest.param({"cell_sourc": "hipsc"}, "RQC-U101", id="an unknown property"),
    ],
)
def test_a_description_that_is_not_understood_is_refused(stated, code):
    with pytest.raises(UsageError, match=code):
        describe_product(stated)
