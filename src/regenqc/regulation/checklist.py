"""What five documents on the rules of China ask of a release system, row by row, and what in regenqc answers each row.

A row is answered by requirements of packs, by rows of the tables of classification and obligations, or, for what is no matter of
the data of a batch, by the reason why it stands outside. Some rows have both: a part that is judged, and a part that is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CHECKLIST", "DOCUMENTS", "ChecklistRow"]

# The documents whose capabilities the rows list.
DOCUMENTS: Final[dict[str, str]] = {
    "000": "Review of the two tracks of Japan and Korea, with advice for China: China Pharmacy 2025;36(15):1832-1836",
    "001": "Overview of cell therapy products in Japan and Korea, a trade page",
    "002": "Overview of China's rules for stem cells, an article dated 2025-11-13, out of date where it says that none is approved",
    "003": "Abstract on the regulation of stem cells for cosmetic use in five jurisdictions",
    "004": "Pluripotent stem cell filing guideline, version 1: a translated page of 2026-05-25 whose tables are pictures",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistRow:
    """One capability that a document describes, and what accounts for it.

    Args:
        number: position in the checklist, from 1.
        document: key of `DOCUMENTS`.
        words: the capability.
        sources: identifiers of the register on which the answer rests; all that the named entries cite and no other.
        requirements: `pack:requirement`.
        rules: identifiers of classification, retention, report, follow-up and receipt rows.
        outside: why the row, or the part of it that is not named, is no matter of batch data; empty when nothing is.
    """

    number: int
    document: str
    words: str
    sources: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    outside: str = ""


def _row(
    number: int,
    document: str,
    words: str,
    *,
    on: str = "",
    psc: str = "",
    packs: str = "",
    rules: str = "",
    outside: str = "",
) -> ChecklistRow:
    # `psc` names requirements of the pack for pluripotent cells without repeating its name.
    named = (*(f"cn/order-818-psc:{name}" for name in psc.split()), *packs.split())
    return ChecklistRow(
        number=number,
        document=document,
        words=words,
        sources=tuple(on.split()),
        requirements=named,
        rules=tuple(rules.split()),
        outside=outside,
    )


_MODIFIED: Final = (
    "off_target_assessment_bank insertion_assessment_bank genetic_stability_bank "
    "off_target_assessment_product insertion_assessment_product genetic_stability_product"
)
_JAPAN: Final = "JP-B1 JP-B2 JP-B2a JP-B2b JP-B3 JP-B4 JP-B5 JP-B6 JP-B7 JP-B8"
_KOREA: Final = "KR-B0a KR-B0b KR-B1 KR-B2 KR-B3 KR-B4 KR-B5 KR-B6 KR-B7 KR-B8 KR-B9 KR-B10"
_DERIVATIVES: Final = "int/derivatives-exosome:{0} int/derivatives-conditioned-medium:{0}"

CHECKLIST: Final[tuple[ChecklistRow, ...]] = (
    _row(
        1,
        "000",
        "Two tracks: trials of a registered product, research on a treatment",
        on="CN-818-55 CN-818-8 CN-PSC CN-TIS CN-MARKET",
        rules="CN-T3 CN-T10 CN-T11 CN-T12",
    ),
    _row(
        2,
        "000",
        "Risk stratification",
        on="JP-ORD-2 JP-GENE-2020 JP-2025 KR-DEC-4",
        rules=f"{_JAPAN} {_KOREA}",
        outside="No source read gives risk classes for China; packs select by declared attributes instead.",
    ),
    _row(
        3,
        "000",
        "Oversight over the full life cycle",
        on="CN-CTG-P5",
        packs="cn/drug-track:labelled_and_traceable",
        outside="The graph from donor to follow-up is the record of custody, not a result of a batch.",
    ),
    _row(
        4,
        "000",
        "A clear process for each pathway",
        outside="The order of events of a case belongs to the record of custody; no order is a property of a batch.",
    ),
    _row(
        5,
        "000",
        "Clear jurisdiction of the regulators",
        on="CN-818-15 CN-818-18 CN-818-25 CN-818-57 CN-828-61 CN-828-60",
        rules="CN-R1 CN-R2 CN-R3 CN-R4 CN-R5 CN-R7 CN-R8",
    ),
    _row(
        6,
        "000",
        "Explicit scope of products and of treatments",
        on="CN-COSM CN-BEAUTY CN-818-55 CN-PSC-EXCL",
        rules="CN-T1 CN-T2 CN-T3 CN-T6 CN-T7 CN-T8 CN-T9",
    ),
    _row(
        7,
        "000",
        "A scope that standardises and leaves room",
        outside="How packs are made: versioned data, which a product may tighten; what it removes needs a justification.",
    ),
    _row(
        8,
        "001",
        "Definitions of a cell product differ by country",
        outside="The tables decide from declared properties; the name that a country gives a product decides nothing.",
    ),
    _row(
        9,
        "001",
        "Adult cells and stem cells by their proliferation",
        on="CN-PSC-IMG CN-818-8 CN-PSC CN-TIS CN-MARKET",
        psc="karyotype tumourigenicity",
        rules="CN-T10 CN-T11 CN-T12",
    ),
    _row(
        10,
        "001",
        "Autologous and allogeneic",
        on="DON-COMMON KYM-RCV",
        psc="donor_eligibility receipt_identity administration_identity",
    ),
    _row(
        11,
        "001",
        "Allogeneic cells: rejection, uncertain effect",
        on="CN-PSC-CORE TEST-COMMON CN-TIS",
        psc="immunogenicity_assessment potency",
        packs="cn/order-818-tissue:potency",
    ),
    _row(12, "002", "Only registered tertiary hospitals", on="CN-818-11", psc="research_institution"),
    _row(
        13,
        "002",
        "Clinical research only, no charged service",
        on="CN-818-15 CN-818-33",
        psc="filing",
        rules="CN-T13",
        outside="Fees: what a subject pays is no property of a batch.",
    ),
    _row(14, "002", "Signed informed consent", on="CN-818-19", psc="informed_consent"),
    _row(15, "002", "Data on efficacy go to the authority", on="CN-818-24 CN-818-26", rules="CN-R9 CN-R10"),
    _row(
        16,
        "002",
        "Stem cells as biological products, trials in three phases",
        on="CN-818-55",
        rules="CN-T3",
        outside="The phase of a trial changes no requirement of the sources read.",
    ),
    _row(
        17,
        "002",
        "Complete non-clinical data on safety, carcinogenicity among them",
        on="CN-818-9 CN-PSC-IMG",
        psc="nonclinical_evidence tumourigenicity",
    ),
    _row(
        18,
        "002",
        "Risks of tumour formation and of rejection",
        on="CN-PSC-IMG CN-PSC-CORE",
        psc="tumourigenicity residual_undifferentiated immunogenicity_assessment",
    ),
    _row(19, "002", "Embryonic stem cells of established lines only", on="CN-ESC-LINE", psc="cell_line_registry"),
    _row(
        20,
        "002",
        "Infections from illegal injections",
        on="PH-STER-1 PH-MYC PH-BET-1 CN-CHP-1101 CN-CHP-3301 CN-CHP-1143",
        psc="sterility mycoplasma endotoxin_dose_rate",
        packs="cn/drug-track:sterility cn/drug-track:mycoplasma cn/drug-track:endotoxin_dose_rate",
    ),
    _row(
        21,
        "002",
        "Licence revoked after violations",
        outside="Parties: the state of a licence is known of its holder, not of a batch; dated evidence lapses by its date only.",
    ),
    _row(
        22,
        "002",
        "No promise of efficacy to patients",
        outside="Words to patients are no property of a batch.",
    ),
    _row(
        23,
        "002",
        "Boundary between research and application",
        on="CN-818-55 CN-818-8 CN-PSC CN-818-33",
        rules="CN-T3 CN-T10 CN-T13",
    ),
    _row(
        24,
        "003",
        "Core definitions and classes in common",
        outside="Advice to authorities; the tables of each jurisdiction keep its own answers.",
    ),
    _row(
        25,
        "003",
        "Derivatives: conditioned media, exosomes",
        on="DERIV-KR DERIV-INT CN-FILING-14 CN-EXO",
        packs=f"{_DERIVATIVES.format('viable_cells')} {_DERIVATIVES.format('residual_host_dna')}",
        rules="CN-T4 CN-T5",
    ),
    _row(26, "003", "Medical use apart from cosmetic use", on="CN-COSM CN-BEAUTY", rules="CN-T1 CN-T2"),
    _row(
        27,
        "003",
        "Standards of efficacy: instruments, reports of patients",
        outside="Outcomes are observed in recipients, after the batch was given.",
    ),
    _row(
        28,
        "003",
        "Conditional approval and evidence from use",
        on="CN-DAL-26",
        packs="cn/drug-track:conditional_approval_studies",
        outside="Outcomes are observed in recipients, after the batch was given.",
    ),
    _row(
        29,
        "003",
        "International coordination",
        outside="A comparison of packs (`evaluate --matrix`, `spec compare`, `spec strictest`), no requirement of one.",
    ),
    _row(30, "004", "The guideline applies from 2026-05-01", on="CN-818-8 CN-PSC", rules="CN-T10"),
    _row(
        31,
        "004",
        "Scope: hiPSC, hESC, modified cells, cells derived of them",
        on="CN-818-8 CN-PSC",
        rules="CN-T10",
    ),
    _row(32, "004", "Four excluded situations", on="CN-818-55 CN-PSC-EXCL", rules="CN-T3 CN-T6 CN-T7 CN-T8"),
    _row(
        33,
        "004",
        "Institution and personnel (a picture)",
        on="CN-PSC-IMG CN-818-11 CN-818-13 CN-818-21",
        psc="institution_and_personnel research_institution project_leader operator_qualification",
    ),
    _row(34, "004", "Cell-bank management (a picture)", on="CN-PSC-IMG", psc="bank_management"),
    _row(35, "004", "Process control (a picture)", on="CN-PSC-IMG", psc="process_control"),
    _row(
        36,
        "004",
        "Core indicators of quality (a picture)",
        on="CN-PSC-IMG",
        psc="viability residual_undifferentiated karyotype tumourigenicity",
    ),
    _row(37, "004", "Control of gene modification by its step", on="CN-PSC", psc=_MODIFIED),
    _row(38, "004", "RCL for lentiviral, RCR for gammaretroviral vectors", on="CN-PSC", psc="rcl rcr"),
    _row(39, "004", "Off-target editing, insertion, stability of the target gene", on="CN-PSC", psc=_MODIFIED),
    _row(40, "004", "Four points of safety (a picture)", on="CN-PSC-IMG", psc="safety_assessment"),
    _row(41, "004", "Efficacy in at least one species or model", on="CN-PSC", psc="efficacy_model"),
    _row(42, "004", "Exploratory design: escalation, sentinel, batches", on="CN-PSC", psc="exploratory_plan"),
    _row(
        43,
        "004",
        "Confirmatory design: randomised, controlled, double-blind",
        outside="A preference for the design of a study; who knows which lot was given is no property of the lot.",
    ),
    _row(44, "004", "Children and adolescents after adults", on="CN-PSC", psc="adult_safety_data"),
    _row(
        45,
        "004",
        "Plan for withdrawal and stop",
        on="CN-PSC CN-818-25",
        psc="stop_plan",
        rules="CN-R3 CN-R4",
        outside="Stop rules act on a study and its subjects; the batch shows only that the plan exists.",
    ),
    _row(
        46,
        "004",
        "Long-term follow-up, by product (a picture)",
        on="CN-818-26 CN-PSC-IMG",
        psc="follow_up_plan follow_up_years",
        rules="CN-F1",
    ),
    _row(47, "004", "Re-inspection at the hospital", on="CN-PSC", psc="receipt_reinspection", rules="CN-D1"),
    _row(48, "004", "Several centres: one plan, procedures, training", on="CN-PSC", psc="uniform_conduct"),
    _row(
        49,
        "004",
        "Source: approval, donor screening, scope of consent",
        on="CN-PSC DON-COMMON",
        psc="original_collection_approval donor_screening donor_consent_scope donor_eligibility",
    ),
    _row(50, "004", "Embryo: surplus, voluntary, within 14 days", on="CN-PSC", psc="embryo_source_attestation"),
    _row(
        51,
        "004",
        "Autologous source: collection, cross-contamination, privacy",
        on="CN-PSC KYM-RCV",
        psc="collection_and_privacy receipt_identity administration_identity",
    ),
    _row(52, "004", "Special risks, graded", on="CN-PSC", psc="special_risk_assessment"),
    _row(
        53,
        "004",
        "Review of quality control, consistency and traceability",
        on="CN-PSC",
        psc="consistency_and_traceability_review",
    ),
    _row(54, "004", "Filing", on="CN-818-15 CN-818-16", psc="filing filing_dossier", rules="CN-R1"),
)
