"""The shipped packs: what they rest on, what they ask for, and that nothing in them becomes eligible by itself."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from packs.lots import filled, judge, open_cells, results_of, stages
from regenqc.specification import list_specifications, load_specification
from regenqc.specification.audit import audit_pack, list_packs, numbers_of
from regenqc.specification.sources import load_sources

PACKS = list_packs([identifier for identifier, _ in list_specifications()])
DEMANDED = [
    "int/cell-therapy-core",
    "int/derivatives-exosome",
    "int/derivatives-conditioned-medium",
    "us/licensed-biologic",
    "us/investigational",
    "eu/atmp",
    "eu/exceptional-supply",
    "jp/asrm-class-1",
    "jp/asrm-class-2",
    "jp/asrm-class-3",
    "jp/pmd-product",
    "kr/arm-high",
    "kr/arm-medium",
    "kr/arm-low",
    "kr/product",
    "cn/order-818-psc",
    "cn/order-818-tissue",
    "cn/drug-track",
]


def pack(name):
    return load_specification(name)


@pytest.mark.parametrize("name", DEMANDED)
def test_the_pack_is_shipped(name):
    assert name in PACKS


# ---- audit: runs in the continuous integration as a test


@pytest.mark.parametrize("name", PACKS)
def test_every_requirement_says_what_its_source_says_and_no_more(name):
    assert audit_pack(pack(name), sources=load_sources()).faults == ()


@pytest.mark.parametrize("name", PACKS)
def test_what_the_sponsor_must_set_says_why(name):
    assert [entry.id for entry in pack(name).requirements if entry.sponsor_must_set and not entry.reason] == []


def test_the_audit_counts_every_requirement_once():
    audit = audit_pack(pack("kr/product"), sources=load_sources())
    assert sum(audit.counts.values()) == len(audit.specification.requirements)


def test_every_source_has_its_numbers_with_a_unit():
    for source in load_sources().values():
        for number in source.numbers:
            assert re.fullmatch(r"[0-9.]+ \S.*", number), f"{source.id}: {number}"


def test_no_source_is_better_marked_than_it_can_be():
    unread = [
        source.id for source in load_sources().values() if "not read" in source.address and source.mark != "unverified"
    ]
    assert unread == []


# ---- nothing becomes eligible by itself


@pytest.mark.parametrize("name", PACKS)
def test_a_filled_product_with_a_perfect_lot_is_eligible_at_every_stage(name):
    assert set(stages(judge(filled(name))).values()) == {"eligible"}


@pytest.mark.parametrize("name", PACKS)
def test_the_bare_pack_never_makes_a_lot_eligible_where_something_is_to_be_set(name):
    whole = pack(name)
    blocked = {
        str(entry.stage)
        for entry in whole.requirements
        if (entry.sponsor_must_set or entry.mark == "unverified") and not entry.when
    }
    found = stages(judge(whole))
    assert {stage: found[stage] for stage in blocked} == dict.fromkeys(blocked, "hold")


@pytest.mark.parametrize(
    "name", [name for name in PACKS if any(e.mark == "unverified" for e in pack(name).requirements)]
)
def test_an_unverified_limit_alone_makes_nothing_eligible(name):
    whole = pack(name)
    alone = tuple(entry for entry in whole.requirements if entry.mark == "unverified")
    lot = results_of(replace(whole, requirements=alone))
    judged = judge(
        replace(whole, requirements=alone, derived=()),
        lot if len(lot) else results_of(whole).iloc[:1].assign(test="other", stage=str(alone[0].stage)),
        vector="lentiviral",
        release_procedure="two_step",
        modification_step="before_banking",
    )
    assert set(stages(judged).values()) == {"hold"}


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_without_any_result_makes_nothing_eligible(name):
    found = judge(filled(name), results_of(pack("us/hctp-361")).iloc[:1])
    assert "eligible" not in stages(found).get("drug_product_release", "hold")


# ---- what selects what


def cells(name, stage="drug_product_release", **change):
    """Return the requirements of the stage that are open when nothing but an unrelated result is reported."""
    whole = filled(name)
    judged = judge(whole, results_of(whole).iloc[:1].assign(test="other", stage=stage), **change)
    findings = judged.findings
    return set(findings[findings["stage"] == stage]["requirement_id"])


@pytest.mark.parametrize(
    ("vector", "demanded"),
    [
        pytest.param("lentiviral", {"rcl"}, id="a lentiviral vector demands RCL"),
        pytest.param("gammaretroviral", {"rcr"}, id="a gammaretroviral vector demands RCR"),
        pytest.param("none", set(), id="no vector demands neither"),
        pytest.param("aav", set(), id="AAV demands neither"),
    ],
)
@pytest.mark.parametrize(
    "name", ["cn/order-818-psc", "kr/product", "us/licensed-biologic", "eu/atmp", "jp/asrm-class-1"]
)
def test_the_vector_selects_the_test_for_replication_competent_virus(name, vector, demanded):
    """Pluripotent guideline V1 [CN-PSC]; MFDS approval notice Art 15 [KR-SPEC-2]."""
    assert cells(name, vector=vector) & {"rcl", "rcr"} == demanded


STRATEGY = {"off_target_assessment", "insertion_assessment", "genetic_stability"}


@pytest.mark.parametrize(
    ("step", "stage", "suffix"),
    [
        pytest.param("before_banking", "cell_bank", "_bank", id="before banking: at the bank"),
        pytest.param(
            "during_differentiation", "drug_product_release", "_product", id="during differentiation: at the product"
        ),
    ],
)
def test_the_modification_step_selects_where_three_assessments_are_due(step, stage, suffix):
    """Pluripotent guideline V1 [CN-PSC]."""
    whole = filled("cn/order-818-psc")
    wanted = {f"{name}{suffix}" for name in STRATEGY}
    missing = {f"{name}_id": "" for name in wanted}
    assert wanted <= set(open_cells(judge(whole, modification_step=step, **missing)))
    assert stages(judge(whole, modification_step=step, **missing))[stage] == "hold"


def test_an_unmodified_product_needs_none_of_the_three_assessments():
    whole = filled("cn/order-818-psc")
    missing = {f"{name}{suffix}_id": "" for name in STRATEGY for suffix in ("_bank", "_product")}
    assert open_cells(judge(whole, modification_step="none", **missing)) == {}


@pytest.mark.parametrize("name", ["int/derivatives-exosome", "int/derivatives-conditioned-medium"])
def test_a_derivative_has_no_viability_and_has_donor_and_residues(name):
    found = {entry.id for entry in pack(name).requirements}
    assert not {"viability", "dose"} & found
    assert {"donor_eligibility", "viable_cells", "residual_host_dna"} <= found


@pytest.mark.parametrize(
    ("tier", "asked"),
    [
        pytest.param("master", "bank_karyotype", id="a master bank: karyotype"),
        pytest.param("working", "working_bank_passage", id="a working bank: passage"),
    ],
)
def test_the_tier_of_the_bank_selects_its_panel(tier, asked):
    found = cells("int/cell-therapy-core", "cell_bank", cell_bank_tier=tier)
    assert asked in found
    assert len(found & {"bank_karyotype", "working_bank_passage"}) == 1


# ---- staged release


def two_step(name, *, without=("sterility", "mycoplasma"), **change):
    whole = filled(name)
    lot = results_of(whole)
    kept = lot[~((lot["stage"] == "drug_product_release") & lot["test"].isin(without))]
    return judge(whole, kept, as_of="2026-10-03T00:00:00Z", **({"release_procedure": "two_step"} | change))


@pytest.mark.parametrize("name", ["eu/atmp", "kr/product", "jp/asrm-class-2", "cn/order-818-tissue"])
def test_the_first_step_is_conditional_until_the_final_results(name):
    """MFDS Notice Annex 2, 8.2 [KR-REL-4]; PMC11461191, Table 1 [T-STER]."""
    assert stages(two_step(name))["drug_product_release"] == "conditional"


def test_a_licensed_biologic_is_not_released_before_completion_of_tests():
    """21 CFR 610.1 [US-REL-1]."""
    assert stages(two_step("us/licensed-biologic"))["drug_product_release"] == "hold"


def test_two_steps_in_korea_need_a_shelf_life_shorter_than_the_test():
    """MFDS Notice Annex 2, 8.2 [KR-REL-4]."""
    assert "short_shelf_life" in open_cells(two_step("kr/product", short_shelf_life_id=""))


def test_the_two_step_procedure_of_the_union_holds_because_its_wording_was_not_read():
    judged = judge(pack("eu/atmp"), release_procedure="two_step")
    assert open_cells(judged)["two_step_release_procedure"] == "limit_unverified"


def test_without_a_stated_procedure_both_must_be_satisfied():
    assert stages(two_step("eu/atmp", release_procedure=""))["drug_product_release"] == "hold"


# ---- prerequisites, in date, or the batch holds


PREREQUISITES = [
    ("cn/order-818-psc", "academic_review", "drug_product_release"),
    ("cn/order-818-psc", "ethics_review", "drug_product_release"),
    ("cn/order-818-psc", "filing", "drug_product_release"),
    ("cn/order-818-psc", "research_institution", "hospital_receipt"),
    ("cn/order-818-psc", "informed_consent", "administration"),
    ("cn/order-818-psc", "filed_protocol_version", "administration"),
    ("cn/order-818-psc", "donor_consent_scope", "donor"),
    ("cn/order-818-psc", "operator_qualification", "administration"),
    ("cn/order-818-psc", "filing_dossier", "drug_product_release"),
    ("cn/order-818-psc", "original_collection_approval", "donor"),
    ("cn/order-818-psc", "donor_screening", "donor"),
    ("cn/order-818-psc", "immunogenicity_assessment", "drug_product_release"),
    ("cn/order-818-psc", "special_risk_assessment", "drug_product_release"),
    ("cn/order-818-psc", "consistency_and_traceability_review", "drug_product_release"),
    ("cn/order-818-psc", "exploratory_plan", "administration"),
    ("cn/order-818-psc", "uniform_conduct", "administration"),
    ("cn/order-818-tissue", "quality_authorised_person", "drug_product_release"),
    ("cn/drug-track", "labelled_and_traceable", "drug_product_release"),
    ("cn/drug-track", "conditional_approval_studies", "drug_product_release"),
    ("cn/drug-track", "approved_hospital", "donor"),
    ("cn/drug-track", "electronic_record", "drug_product_release"),
    *(("cn/drug-track", f"release_confirmation_{number}", "drug_product_release") for number in range(1, 7)),
    ("jp/asrm-class-1", "restriction_period_elapsed", "administration"),
    ("jp/asrm-class-2", "specified_committee_review", "administration"),
    ("jp/asrm-class-3", "provision_plan", "administration"),
    ("kr/arm-high", "mfds_approval", "administration"),
    ("kr/arm-medium", "licensed_processing_facility", "in_process"),
    ("kr/product", "follow_up_plan", "follow_up"),
    ("us/licensed-biologic", "quality_unit_review", "drug_product_release"),
    ("eu/exceptional-supply", "physician_request", "administration"),
]


@pytest.mark.parametrize(("name", "document", "stage"), PREREQUISITES, ids=lambda value: value)
def test_a_missing_prerequisite_holds_the_batch(name, document, stage):
    judged = judge(filled(name), **{f"{document}_id": ""})
    assert open_cells(judged) == {document: "evidence_missing"}
    assert stages(judged)[stage] == "hold"


DATED = [
    (name, entry.id)
    for name in ("cn/order-818-psc", "cn/order-818-tissue", "jp/asrm-class-1", "kr/arm-medium", "cn/drug-track")
    for entry in pack(name).requirements
    if entry.evidence is not None and entry.evidence.valid_until is not None
]


@pytest.mark.parametrize(("name", "document"), DATED, ids=lambda value: value)
def test_an_expired_prerequisite_holds_the_batch(name, document):
    judged = judge(filled(name), **{f"{document}_valid_until": "2027-01-01"})
    assert open_cells(judged) == {document: "evidence_expired"}


def test_an_embryonic_source_needs_its_attestation():
    """Pluripotent guideline V1: surplus embryo, within 14 days [CN-PSC]; ASRM Ordinance Art 7 [JP-DON]."""
    for name in ("cn/order-818-psc", "jp/asrm-class-1"):
        judged = judge(filled(name), cell_source="hesc", embryo_source_attestation_id="")
        assert open_cells(judged) == {"embryo_source_attestation": "evidence_missing"}


@pytest.mark.parametrize(
    ("name", "document", "change"),
    [
        pytest.param(
            "cn/order-818-psc",
            "exploratory_plan",
            {"study_design": "confirmatory"},
            id="a confirmatory study needs no plan of escalation [CN-PSC]",
        ),
        pytest.param(
            "cn/order-818-psc",
            "uniform_conduct",
            {"study_sites": "single"},
            id="one centre needs no agreement of centres [CN-PSC]",
        ),
        pytest.param(
            "cn/order-818-psc",
            "cell_line_registry",
            {"cell_source": "hipsc"},
            id="induced cells need no established embryonic line [CN-ESC-LINE]",
        ),
        pytest.param(
            "cn/drug-track",
            "conditional_approval_studies",
            {"marketing_approval": "unconditional"},
            id="an unconditional approval has no studies to finish [CN-DAL-26]",
        ),
    ],
)
def test_a_prerequisite_that_does_not_apply_holds_nothing(name, document, change):
    assert open_cells(judge(filled(name), **change, **{f"{document}_id": ""})) == {}


def test_an_embryonic_line_has_to_be_an_established_one():
    """Overview of China's rules, dated 2025-11-13 [CN-ESC-LINE]."""
    judged = judge(filled("cn/order-818-psc"), cell_source="hesc", cell_line_registry_id="")
    assert open_cells(judged) == {"cell_line_registry": "evidence_missing"}


def test_research_and_treatment_in_korea_need_different_papers():
    """Act 20331, Decree 35271 [KR-ARM-C]."""
    missing = {
        "mfds_approval_id": "",
        "completed_research_same_institution_id": "",
        "aseptic_process_validation_id": "",
    }
    found = {
        route: set(open_cells(judge(filled("kr/arm-high"), arm_route=route, **missing)))
        for route in ("research", "treatment")
    }
    assert found == {
        "research": {"mfds_approval", "aseptic_process_validation"},
        "treatment": {"completed_research_same_institution"},
    }


# ---- by date


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        pytest.param("2026-03-31", {"mycoplasma_method_validation"}, id="the last day of the old text"),
        pytest.param(
            "2026-04-01",
            {"mycoplasma_method_validation_12_2"},
            id="the first day of issue 12.2",
        ),
    ],
)
def test_the_mycoplasma_chapter_changes_with_the_date_of_the_batch(made, asked):
    """Ph. Eur. 2.6.7, issue 12.2, in force 2026-04-01 [EU-MYC]."""
    missing = {"mycoplasma_method_validation_id": "", "mycoplasma_method_validation_12_2_id": ""}
    judged = judge(filled("eu/atmp"), manufactured_at=made, mycoplasma_method="nucleic_acid", **missing)
    assert set(open_cells(judged)) == asked


@pytest.mark.parametrize(
    ("unit", "limit", "expected"),
    [
        pytest.param("CFU/mL", "10", "eligible", id="10 CFU/mL"),
        pytest.param("CFU/mL", "11", "reject", id="11 CFU/mL"),
        pytest.param("GC/mL", "99", "eligible", id="99 GC/mL"),
        pytest.param("GC/mL", "100", "reject", id="100 GC/mL"),
    ],
)
def test_a_nucleic_acid_test_must_detect_little_enough(unit, limit, expected):
    """Ph. Eur. 2.6.7, issue 12.2: at most 10 CFU/mL or less than 100 GC/mL [EU-MYC]."""
    whole = filled("eu/atmp")
    lot = results_of(whole)
    is_limit = lot["test"].str.startswith("mycoplasma_detection_limit")
    kind = "cfu" if unit == "CFU/mL" else "copies"
    other = "copies" if kind == "cfu" else "cfu"
    worse = {"cfu": "1000", "copies": "1000"}
    lot.loc[is_limit & lot["test"].str.endswith(kind), ["result", "unit"]] = [limit, unit]
    lot.loc[is_limit & lot["test"].str.endswith(other), "result"] = worse[other]
    judged = judge(whole, lot, mycoplasma_method="nucleic_acid")
    assert stages(judged)["drug_product_release"] == expected


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        pytest.param("2027-08-06", "donation_under_2004_23", id="the last day of the directive"),
        pytest.param("2027-08-07", "donation_under_soho", id="the first day of the regulation"),
    ],
)
def test_the_law_of_human_tissue_changes_with_the_date_of_the_batch(made, asked):
    """Regulation (EU) 2024/1938 applies from 2027-08-07 [EU-SOHO]."""
    missing = {"donation_under_2004_23_id": "", "donation_under_soho_id": ""}
    assert set(open_cells(judge(filled("eu/atmp"), manufactured_at=made, **missing))) == {asked}


@pytest.mark.parametrize(
    ("name", "before", "first"),
    [
        pytest.param("cn/order-818-psc", "2026-04-30", "2026-05-01", id="Order 818, pluripotent"),
        pytest.param("cn/order-818-tissue", "2026-04-30", "2026-05-01", id="Order 818, tissue"),
        pytest.param("kr/arm-low", "2025-02-20", "2025-02-21", id="Act 20331"),
    ],
)
def test_a_batch_made_before_the_law_was_in_force_is_not_judged_by_it(name, before, first):
    """Order 818, in force 2026-05-01 [CN-818-9]; Act 20331, in force 2025-02-21 [KR-ARM]."""
    assert set(stages(judge(filled(name), manufactured_at=before)).values()) == {"hold"}
    assert set(stages(judge(filled(name), manufactured_at=first)).values()) == {"eligible"}


def test_electronic_records_are_asked_for_since_order_828():
    """Order 828 Art 34, in force 2026-05-15 [CN-828-34]."""
    found = {
        day: set(open_cells(judge(filled("cn/drug-track"), manufactured_at=day, electronic_record_id="")))
        for day in ("2026-05-14", "2026-05-15")
    }
    assert found == {"2026-05-14": set(), "2026-05-15": {"electronic_record"}}


# ---- endotoxin by route


@pytest.mark.parametrize(
    ("route", "concentration", "expected"),
    [
        pytest.param("other", "35", "eligible", id="35 EU/mL × 10 mL / 70 kg is 5"),
        pytest.param("other", "35.1", "reject", id="a little more"),
        pytest.param("intrathecal", "1.4", "eligible", id="intrathecal: 1.4 EU/mL × 10 mL / 70 kg is 0.2"),
        pytest.param("intrathecal", "1.41", "reject", id="intrathecal: a little more"),
    ],
)
def test_the_route_selects_the_endotoxin_limit(route, concentration, expected):
    """USP <85>, K of 5 and 0.2 EU/kg [PH-BET-1]."""
    whole = filled("int/microbiology")
    lot = results_of(whole)
    lot.loc[lot["test"] == "endotoxin", ["result", "unit"]] = [concentration, "EU/mL"]
    assert stages(judge(whole, lot, route=route))["drug_product_release"] == expected


@pytest.mark.parametrize("name", ["eu/exceptional-supply", "kr/autologous-exception"])
@pytest.mark.parametrize(
    ("test", "result"),
    [pytest.param("sterility", "growth", id="growth"), pytest.param("endotoxin", "36", id="endotoxin")],
)
def test_the_exceptional_route_is_closed_where_a_test_of_safety_failed(name, test, result):
    """doi 10.1016/j.jcyt.2025.04.067 [OOS-SAFE]; PM Rule Art 20(3)6 [KR-REL-1]."""
    whole = filled(name)
    lot = results_of(whole)
    lot.loc[lot["test"] == test, "result"] = result
    assert stages(judge(whole, lot))["drug_product_release"] == "reject"


PAPERS = ["listed_case", "no_alternative_therapy", "deviating_records", "patient_information", "specialist_opinion"]


@pytest.mark.parametrize("paper", PAPERS)
def test_the_korean_exception_needs_every_reason_and_paper(paper):
    """MFDS Notice Art 9(3)(4): all three reasons, three papers [KR-REL-1]."""
    assert open_cells(judge(filled("kr/autologous-exception"), **{f"{paper}_id": ""})) == {paper: "evidence_missing"}


def test_the_korean_exception_does_not_speak_about_allogeneic_products():
    judged = judge(filled("kr/autologous-exception"), donor_relation="allogeneic")
    assert set(stages(judged).values()) == {"hold"}


@pytest.mark.parametrize("name", PACKS)
def test_every_number_has_the_form_that_the_register_has(name):
    for entry in pack(name).requirements:
        for number in numbers_of(entry):
            assert re.fullmatch(r"[0-9.]+ \S.*", number)
