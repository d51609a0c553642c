"""Korea: track and risk class under Act 20331. Exclusions come first, then the rows in their order."""

from __future__ import annotations

from datetime import date
from typing import Final

from regenqc.regulation.tables import Row, when

__all__ = ["CLASSES", "CONSEQUENCES", "TRACKS"]

_ACT: Final = date(2025, 2, 21)
_MORE: Final = "cultured other_substantial"
_HIGH, _MEDIUM, _LOW = (("kr/arm-high",), ("kr/arm-medium",), ("kr/arm-low",))

TRACKS: Final[tuple[Row, ...]] = (
    Row(
        id="KR-T1",
        conditions=when(use="cosmetic_topical", kind="cells"),
        answer="prohibited_cosmetic",
        words="Cosmetics with cells or tissue are prohibited",
        sources=("KR-COSM",),
    ),
    Row(
        id="KR-T2",
        conditions=when(use="cosmetic_topical", kind="exosome conditioned_medium"),
        answer="cosmetic",
        words="Allowed as a cosmetic ingredient if the standard of Annex 3 is met",
        sources=("KR-COSM", "DERIV-KR"),
    ),
    Row(
        id="KR-T3",
        conditions=when(use="cosmetic_procedure", kind="cells", manipulation="minimal"),
        answer="outside_arm",
        words="Non-covered cosmetic procedure with minimally manipulated cells: Medical Service Act",
        sources=("KR-DEC-2",),
    ),
    Row(
        id="KR-T4",
        conditions=when(setting="same_surgery", kind="cells", donor_relation="autologous", manipulation="minimal"),
        answer="outside_product",
        words="Made at the hospital from the patient's cells for that surgery, minimally manipulated: no cell therapy product",
        sources=("KR-PM-2",),
    ),
    Row(
        id="KR-T5",
        conditions=when(setting="approved_use assessed_technology"),
        answer="no_treatment_plan",
        words="Approved product within its approval, or assessed technology: no treatment plan",
        sources=("KR-DEC-4-2",),
    ),
    Row(
        id="KR-T6",
        conditions=when(kind="exosome conditioned_medium"),
        answer="pharmaceutical",
        words="No cells: a biologic under the Pharmaceutical Affairs Act; the Ministry may add items by notice",
        sources=("KR-DEC-3",),
    ),
    Row(
        id="KR-T7",
        conditions=when(setting="clinical_trial marketing"),
        answer="product",
        words="Product track: MFDS, Act chapter 4",
        sources=("KR-ACT-4",),
        packs=("kr/product",),
    ),
    Row(
        id="KR-T8",
        conditions=when(setting="clinical_research", designated_institution="yes"),
        answer="arm_research",
        words="Research plan of advanced regenerative medicine",
        sources=("KR-ARM",),
        valid_from=_ACT,
    ),
    Row(
        id="KR-T9",
        conditions=when(setting="treatment", designated_institution="yes", severe_rare_or_intractable="yes"),
        answer="arm_treatment",
        words="Treatment plan of advanced regenerative medicine",
        sources=("KR-ARM",),
        valid_from=_ACT,
    ),
)


def _class(identifier: str, answer: str, words: str, packs: tuple[str, ...], **conditions: str) -> Row:
    return Row(
        id=identifier,
        conditions=when(**conditions),
        answer=answer,
        words=words,
        sources=("KR-DEC-4",),
        packs=packs,
    )


CLASSES: Final[tuple[Row, ...]] = (
    _class("KR-B0a", "medium", "High-risk item down-classified by notice", _MEDIUM, reclassified_by_notice="medium"),
    _class("KR-B0b", "low", "Medium-risk item down-classified by notice", _LOW, reclassified_by_notice="low"),
    _class("KR-B1", "high", "ES or iPS cells", _HIGH, kind="cells", cell_source="hesc hipsc"),
    _class("KR-B2", "high", "Animal cells", _HIGH, kind="cells", cell_source="animal"),
    _class(
        "KR-B3",
        "high",
        "Allogeneic, manipulated more than minimally",
        _HIGH,
        donor_relation="allogeneic",
        manipulation=_MORE,
    ),
    _class("KR-B4", "high", "Any use of genes", _HIGH, gene_modification="introduced edited"),
    _class("KR-B5", "high", "Any use of genes, in the body", _HIGH, kind="nucleic_acid_in_vivo"),
    _class("KR-B6", "high", "Organ or tissue for complete replacement", _HIGH, form="organ_for_complete_replacement"),
    _class(
        "KR-B7",
        "medium",
        "Autologous, manipulated more than minimally",
        _MEDIUM,
        donor_relation="autologous",
        manipulation=_MORE,
    ),
    _class(
        "KR-B8",
        "medium",
        "Allogeneic, minimally manipulated",
        _MEDIUM,
        donor_relation="allogeneic",
        manipulation="minimal",
    ),
    _class("KR-B9", "medium", "Artificial tissue for structural restoration", _MEDIUM, form="tissue_for_restoration"),
    _class(
        "KR-B10", "low", "Autologous, minimally manipulated", _LOW, donor_relation="autologous", manipulation="minimal"
    ),
)

# (track, class) -> what follows; all of it from Act 20331, Decree 35271 and MOHW Rule 1090.
CONSEQUENCES: Final[dict[tuple[str, str], tuple[tuple[str, str], ...]]] = {
    ("arm_research", "high"): (("Review by the committee and approval by the MFDS, 120 days", "KR-ARM-C"),),
    ("arm_research", "medium"): (("Review by the committee, 90 days", "KR-ARM-C"),),
    ("arm_research", "low"): (("Review by the committee, 90 days", "KR-ARM-C"),),
    ("arm_treatment", "high"): (
        ("Review by the committee, 120 days", "KR-ARM-C"),
        ("Only after research of the same purpose was completed at the same institution", "KR-ARM-C"),
        ("Plan valid for at most 5 years, then reviewed again", "KR-ARM-C"),
    ),
    ("arm_treatment", "medium"): (
        ("Review by the committee, 120 days", "KR-ARM-C"),
        ("Only after research of the same purpose was completed at this or another institution", "KR-ARM-C"),
        ("Plan valid for 5 years", "KR-ARM-C"),
    ),
    ("arm_treatment", "low"): (
        ("Review by the committee, 120 days", "KR-ARM-C"),
        ("Plan valid for 5 years", "KR-ARM-C"),
    ),
}
EVERY_CLASS: Final[tuple[tuple[str, str], ...]] = (
    ("The institution confirms before use that the cells were processed by the approved plan", "KR-ARM-C"),
)
CELL_SOURCE: Final[dict[str, tuple[str, str]]] = {
    "high": ("Cells from a licensed processing facility", "KR-ARM-C"),
    "medium": ("Cells from a licensed processing facility", "KR-ARM-C"),
    "low": ("Cells may be processed at the institution by the standards that apply", "KR-ARM-C"),
}
CHARGE: Final[dict[str, tuple[str, str]]] = {
    "arm_research": ("The patient is not charged", "KR-ARM-C"),
    "arm_treatment": ("The patient may be charged, which is reported", "KR-ARM-C"),
}
