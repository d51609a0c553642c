"""What a person says about a product, in closed words, so that tables can be read against it."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from regenqc.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MEANINGS", "WORDS", "ProductDescription", "describe_product"]

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "kind": ("cells", "exosome", "conditioned_medium", "nucleic_acid_in_vivo"),
    "cell_source": ("hesc", "hipsc", "animal", "tissue_stem", "blood_component", "hsc", "germ_cell", "immune", "other"),
    "donor_relation": ("autologous", "allogeneic"),
    "manipulation": ("minimal", "enzymatic", "cultured", "other_substantial"),
    "gene_modification": ("none", "introduced", "edited"),
    "homologous_use": ("yes", "no"),
    "us_remaining_criteria": ("met", "not_met"),
    "aim": ("restore_structure_or_function", "other"),
    "form": ("cells", "tissue_for_restoration", "organ_for_complete_replacement"),
    "use": ("medical", "cosmetic_topical", "cosmetic_procedure", "aesthetic_injection"),
    "drug_claim": ("yes", "no"),
    "setting": (
        "marketing",
        "clinical_trial",
        "clinical_research",
        "treatment",
        "approved_use",
        "off_label",
        "same_surgery",
        "assessed_technology",
    ),
    "altered_or_derived": ("yes", "no"),
    "listed_for_infection_prevention": ("yes", "no"),
    "designated_institution": ("yes", "no"),
    "severe_rare_or_intractable": ("yes", "no"),
    "reclassified_by_notice": ("no", "medium", "low"),
}

MEANINGS: Final[dict[str, str]] = {
    "kind": "what is given",
    "cell_source": "cells it consists of, or comes from",
    "donor_relation": "donor and recipient",
    "manipulation": "what was done with the cells",
    "gene_modification": "genes introduced into the cells, or altered in them",
    "homologous_use": "the cells do in the recipient what they did in the donor",
    "us_remaining_criteria": "criteria (3) and (4) of 21 CFR 1271.10(a), the autologous clause included",
    "aim": "reconstruction, repair or formation of structure or function",
    "form": "cells, or an artificial tissue or organ",
    "use": "medical, or one of the cosmetic uses",
    "drug_claim": "an effect of a drug is claimed",
    "setting": "under which intention it is given",
    "altered_or_derived": "blood components or blood stem cells that are altered in nature or made from other cells",
    "listed_for_infection_prevention": "on the Minister's list for the prevention of infections",
    "designated_institution": "the institution is designated for advanced regenerative medicine",
    "severe_rare_or_intractable": "patients with a severe, rare or intractable disease",
    "reclassified_by_notice": "a notice puts it into another risk class",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDescription:
    """A product as a person describes it; an empty word is not stated, and what is not stated decides nothing.

    Example:
        >>> ProductDescription(kind="cells", cell_source="hipsc").cell_source
        'hipsc'
    """

    kind: str = ""
    cell_source: str = ""
    donor_relation: str = ""
    manipulation: str = ""
    gene_modification: str = ""
    homologous_use: str = ""
    us_remaining_criteria: str = ""
    aim: str = ""
    form: str = "cells"
    use: str = "medical"
    drug_claim: str = ""
    setting: str = ""
    altered_or_derived: str = ""
    listed_for_infection_prevention: str = ""
    designated_institution: str = ""
    severe_rare_or_intractable: str = ""
    reclassified_by_notice: str = "no"

    def __post_init__(self) -> None:
        faults = [
            Fault(
                code="RQC-U100",
                what=f"The word for {field.name.replace('_', ' ')} is not known.",
                where=field.name,
                got=str(getattr(self, field.name)),
                expected=", ".join(WORDS[field.name]),
                action="Use one of the words, or leave it out.",
            )
            for field in fields(self)
            if getattr(self, field.name) not in {"", *WORDS[field.name]}
        ]
        if faults:
            raise UsageError(*faults)


def describe_product(stated: Mapping[str, str]) -> ProductDescription:
    """Return the description of named words.

    Raises:
        UsageError: an unknown name or word, with the nearest name.

    Example:
        >>> describe_product({"kind": "exosome"}).kind
        'exosome'
    """
    faults = [
        Fault(
            code="RQC-U101",
            what="The product has no such property.",
            got=name,
            expected=(difflib.get_close_matches(name, WORDS, n=1, cutoff=0.4) or [", ".join(WORDS)])[0],
            action="Correct the name.",
        )
        for name in stated
        if name not in WORDS
    ]
    if faults:
        raise UsageError(*faults)
    return ProductDescription(**stated)
