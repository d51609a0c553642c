"""Japan: track and class under Act 85/2013 (ASRM) and the PMD Act. Exclusions come first, then the rows in their order."""

from __future__ import annotations

from datetime import date
from typing import Final

from regenqc.regulation.tables import Row, when

__all__ = ["CLASSES", "CONSEQUENCES", "TRACKS"]

TRACKS: Final[tuple[Row, ...]] = (
    Row(
        id="JP-T1",
        conditions=when(use="cosmetic_topical"),
        answer="cosmetic",
        words="Cosmetic standards; whether material of human origin is allowed has to be asked, and the claim decides",
        sources=("JP-COSM",),
    ),
    Row(
        id="JP-T2",
        conditions=when(setting="clinical_trial"),
        answer="pmd_trial",
        words="Clinical trial under the PMD Act and GCP; outside ASRM",
        sources=("JP-ACT-2",),
        packs=("jp/pmd-product",),
    ),
    Row(
        id="JP-T3",
        conditions=when(setting="approved_use"),
        answer="pmd",
        words="Approved regenerative product used by its approval: PMD Act; outside ASRM",
        sources=("JP-ACT-2",),
        packs=("jp/pmd-product",),
    ),
    Row(
        id="JP-T4",
        conditions=when(setting="marketing"),
        answer="pmd",
        words="Regenerative medical product under the PMD Act; conditional and time-limited approval is possible",
        sources=("JP-PMD-COND",),
        packs=("jp/pmd-product",),
    ),
    Row(
        id="JP-T5",
        conditions=when(kind="cells", cell_source="germ_cell"),
        answer="neither",
        words="Germ-cell technology: excluded by Cabinet Order",
        sources=("JP-ORDER-1",),
    ),
    Row(
        id="JP-T6",
        conditions=when(
            kind="cells", cell_source="blood_component hsc", altered_or_derived="no", gene_modification="none"
        ),
        answer="neither",
        words="Transfusion or transplantation of blood stem cells that are not altered in nature: excluded by Cabinet Order",
        sources=("JP-ORDER-1",),
    ),
    Row(
        id="JP-T7",
        conditions=when(kind="nucleic_acid_in_vivo", listed_for_infection_prevention="yes"),
        answer="neither",
        words="Nucleic acid that the Minister lists for the prevention of infections",
        sources=("JP-178",),
        valid_from=date(2025, 5, 31),
    ),
    Row(
        id="JP-T8",
        conditions=when(kind="nucleic_acid_in_vivo"),
        answer="asrm",
        words="Gene therapy in the body: ASRM plan",
        sources=("JP-2025",),
        packs=("jp/asrm-class-1",),
        valid_from=date(2025, 5, 31),
    ),
    Row(
        id="JP-T9",
        conditions=when(kind="exosome conditioned_medium"),
        answer="outside_asrm",
        words="Cell-free: outside ASRM; the physician is responsible",
        sources=("JP-EXO",),
    ),
    Row(
        id="JP-T10",
        conditions=when(kind="cells", setting="off_label clinical_research treatment same_surgery"),
        answer="asrm",
        words="ASRM plan, of the class below",
        sources=("JP-ACT-2",),
    ),
)

CLASSES: Final[tuple[Row, ...]] = (
    Row(
        id="JP-B1",
        conditions=when(kind="cells", cell_source="hesc hipsc"),
        answer="I",
        words="Human ES, iPS or iPS-like cells, processed",
        sources=("JP-ORD-2",),
        packs=("jp/asrm-class-1",),
    ),
    Row(
        id="JP-B2",
        conditions=when(kind="cells", gene_modification="introduced"),
        answer="I",
        words="Cells with an introduced gene, or processed from them",
        sources=("JP-ORD-2",),
        packs=("jp/asrm-class-1",),
    ),
    Row(
        id="JP-B2a",
        conditions=when(kind="cells", gene_modification="edited"),
        answer="I",
        words="Cells whose genes were altered",
        sources=("JP-GENE-2020",),
        packs=("jp/asrm-class-1",),
    ),
    Row(
        id="JP-B2b",
        conditions=when(kind="nucleic_acid_in_vivo"),
        answer="I",
        words="Gene therapy in the body and related technologies",
        sources=("JP-2025",),
        packs=("jp/asrm-class-1",),
        valid_from=date(2025, 5, 31),
    ),
    Row(
        id="JP-B3",
        conditions=when(kind="cells", cell_source="animal"),
        answer="I",
        words="Animal cells, processed",
        sources=("JP-ORD-2",),
        packs=("jp/asrm-class-1",),
    ),
    Row(
        id="JP-B4",
        conditions=when(kind="cells", donor_relation="allogeneic"),
        answer="I",
        words="Allogeneic human cells, processed",
        sources=("JP-ORD-2",),
        packs=("jp/asrm-class-1",),
    ),
    Row(
        id="JP-B5",
        conditions=when(kind="cells", cell_source="tissue_stem hsc", manipulation="cultured"),
        answer="II",
        words="Cultured stem cells, or processed from them",
        sources=("JP-ORD-2",),
        packs=("jp/asrm-class-2",),
    ),
    Row(
        id="JP-B6",
        conditions=when(kind="cells", manipulation="cultured", aim="restore_structure_or_function"),
        answer="II",
        words="Cultured cells for reconstruction, repair or formation of structure or function",
        sources=("JP-ORD-2",),
        packs=("jp/asrm-class-2",),
    ),
    Row(
        id="JP-B7",
        conditions=when(kind="cells", homologous_use="no"),
        answer="II",
        words="Non-homologous use",
        sources=("JP-ORD-2",),
        packs=("jp/asrm-class-2",),
    ),
    Row(
        id="JP-B8",
        conditions=when(kind="cells"),
        answer="III",
        words="Everything else",
        sources=("JP-ORD-2",),
        packs=("jp/asrm-class-3",),
    ),
)

# Class -> what follows, each with its source.
CONSEQUENCES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "I": (
        ("Review by a specified certified committee", "JP-ACT-7"),
        ("Plan to the Minister before start", "JP-ACT-4"),
        ("Restriction of 90 days, which can be extended or shortened", "JP-ACT-8"),
        ("Before giving: plan submitted and period elapsed", "JP-ACT-4"),
        ("Responsible lead and emergency care", "JP-ORD-5"),
        ("Certification of the committee valid for 3 years", "JP-ACT-28"),
    ),
    "II": (
        ("Review by a specified certified committee", "JP-ACT-7"),
        ("Plan to the Minister before start", "JP-ACT-4"),
        ("Before giving: plan submitted", "JP-ACT-4"),
        ("Responsible lead and emergency care", "JP-ORD-5"),
        ("Certification of the committee valid for 3 years", "JP-ACT-28"),
    ),
    "III": (
        ("Review by a certified committee", "JP-ACT-7"),
        ("Plan to the Minister before start", "JP-ACT-4"),
        ("Before giving: plan submitted", "JP-ACT-4"),
        ("Certification of the committee valid for 3 years", "JP-ACT-28"),
    ),
}
