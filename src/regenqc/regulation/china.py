"""China: the technology track of Order 818, or the drug track. Exclusions come first."""

from __future__ import annotations

from datetime import date
from typing import Final

from regenqc.regulation.tables import Row, when

__all__ = ["TRACKS"]

_ORDER: Final = date(2026, 5, 1)
_DRUG: Final = ("cn/drug-track",)

TRACKS: Final[tuple[Row, ...]] = (
    Row(
        id="CN-T1",
        conditions=when(use="cosmetic_topical"),
        answer="prohibited_cosmetic",
        words="Material of human origin stands on the prohibited list of cosmetics",
        sources=("CN-COSM",),
    ),
    Row(
        id="CN-T2",
        conditions=when(use="cosmetic_procedure aesthetic_injection"),
        answer="not_approved",
        words="Medical-beauty use of stem cells is not approved; Order 818 is enforced",
        sources=("CN-BEAUTY",),
    ),
    Row(
        id="CN-T3",
        conditions=when(setting="clinical_trial marketing approved_use", kind="cells nucleic_acid_in_vivo"),
        answer="drug",
        words="Drug track: drug trials follow drug law (Order 818 Art 55)",
        sources=("CN-818-55",),
        packs=_DRUG,
    ),
    Row(
        id="CN-T4",
        conditions=when(setting="clinical_research", kind="exosome conditioned_medium"),
        answer="order_818",
        words="Order 818: filing guideline for cell components and derivatives, whose text was not read",
        sources=("CN-FILING-14",),
        packs=("int/derivatives-exosome", "int/derivatives-conditioned-medium"),
        valid_from=_ORDER,
    ),
    Row(
        id="CN-T5",
        conditions=when(kind="exosome conditioned_medium"),
        answer="drug_unclear",
        words="Drug track; unclear",
        sources=("CN-EXO",),
    ),
    Row(
        id="CN-T6",
        conditions=when(kind="cells", cell_source="germ_cell"),
        answer="excluded",
        words="Editing of germ cells and embryos: excluded from the pluripotent guideline",
        sources=("CN-PSC-EXCL",),
    ),
    Row(
        id="CN-T7",
        conditions=when(kind="cells", cell_source="hsc"),
        answer="excluded",
        words="Transplantation of blood stem cells: excluded from the pluripotent guideline",
        sources=("CN-PSC-EXCL",),
    ),
    Row(
        id="CN-T8",
        conditions=when(kind="cells", donor_relation="autologous", manipulation="minimal", homologous_use="yes"),
        answer="excluded",
        words="Autologous, given back without manipulation in vitro: excluded from the pluripotent guideline",
        sources=("CN-PSC-EXCL",),
    ),
    Row(
        id="CN-T9",
        conditions=when(kind="cells", donor_relation="autologous", manipulation="minimal", homologous_use="no"),
        answer="unclear",
        words="Unclear: no source read decides",
        sources=("CN-PSC-EXCL",),
    ),
    Row(
        id="CN-T10",
        conditions=when(kind="cells", cell_source="hesc hipsc", setting="clinical_research"),
        answer="order_818",
        words="Order 818, pluripotent guideline V1; tertiary grade-A hospital, filing within 5 working days",
        sources=("CN-818-8", "CN-PSC"),
        packs=("cn/order-818-psc",),
        valid_from=_ORDER,
    ),
    Row(
        id="CN-T11",
        conditions=when(kind="cells", cell_source="tissue_stem", setting="clinical_research"),
        answer="order_818",
        words="Order 818, tissue stem cell guideline V1; tertiary grade-A hospital, filing within 5 working days",
        sources=("CN-818-8", "CN-TIS"),
        packs=("cn/order-818-tissue",),
        valid_from=_ORDER,
    ),
    Row(
        id="CN-T12",
        conditions=when(kind="cells", setting="clinical_research"),
        answer="order_818",
        words="Order 818: other cells, CAR-T and NK cells among them; their guideline was not read",
        sources=("CN-818-8", "CN-MARKET"),
        packs=("cn/order-818-common",),
        valid_from=_ORDER,
    ),
    Row(
        id="CN-T13",
        conditions=when(kind="cells", setting="treatment off_label"),
        answer="order_818_approved",
        words="Order 818 Art 33: only an approved technology, by its published operating specification",
        sources=("CN-818-33",),
        packs=("cn/order-818-common",),
        valid_from=_ORDER,
    ),
)
