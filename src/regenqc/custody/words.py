"""The closed words of custody: roles, outcomes, reasons of correction, standing of an item.

The words of re-inspection are those of the Core Business Vocabulary (CBV 2.0, section 7.2) where it has one, so that an
exchange partner reads the same word.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ACCEPTING_DECISIONS",
    "CONSENT_OUTCOMES",
    "CORRECTION_BASES",
    "DECISION_OUTCOMES",
    "ENROLMENT_OUTCOMES",
    "EXAMINATION_OUTCOMES",
    "GATE_OUTCOMES",
    "HOSPITAL_DECISIONS",
    "INVESTIGATION_OUTCOMES",
    "PERMITTING_DECISIONS",
    "QUALIFICATION_OUTCOMES",
    "RELEASE_DECISIONS",
    "ROLES",
]

# What a person acts as. A role says in which capacity somebody acted, not what the software lets them do.
ROLES: Final[frozenset[str]] = frozenset(
    {
        "collector",
        "courier",
        "engineer",
        "investigator",
        "nurse",
        "operator",
        "pharmacist",
        "physician",
        "qualified_person",
        "quality_assurance",
        "quality_control",
        "receiver",
        "records",
        "sponsor",
        "system",
        "warehouse",
    }
)

# Signed acts of a named person: the manufacturer's, and the hospital's.
RELEASE_DECISIONS: Final[frozenset[str]] = frozenset(
    {"release", "conditional_release", "exceptional_release", "reject"}
)
HOSPITAL_DECISIONS: Final[frozenset[str]] = frozenset(
    {"accept", "accept_for_infusion", "exceptional", "quarantine", "refuse"}
)
DECISION_OUTCOMES: Final[frozenset[str]] = RELEASE_DECISIONS | HOSPITAL_DECISIONS
PERMITTING_DECISIONS: Final[frozenset[str]] = frozenset({"release", "conditional_release", "exceptional_release"})
ACCEPTING_DECISIONS: Final[frozenset[str]] = frozenset({"accept", "accept_for_infusion", "exceptional"})

# What an examination on receipt found (CBV dispositions).
EXAMINATION_OUTCOMES: Final[frozenset[str]] = frozenset(
    {
        "conformant",
        "damaged",
        "expired",
        "mismatch_class",
        "mismatch_instance",
        "mismatch_quantity",
        "no_pedigree_match",
        "non_conformant",
    }
)

CONSENT_OUTCOMES: Final[frozenset[str]] = frozenset({"given", "withdrawn"})
ENROLMENT_OUTCOMES: Final[frozenset[str]] = frozenset({"enrolled", "left"})
QUALIFICATION_OUTCOMES: Final[frozenset[str]] = frozenset({"granted", "withdrawn"})

# What was answered to who asked at the bedside whether an item may be given.
GATE_OUTCOMES: Final[frozenset[str]] = frozenset({"go", "no_go"})

INVESTIGATION_OUTCOMES: Final[frozenset[str]] = frozenset({"confirmed", "invalidated"})

# EPCIS 2.0 error reasons.
CORRECTION_BASES: Final[frozenset[str]] = frozenset({"did_not_occur", "incorrect_data"})
