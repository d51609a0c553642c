"""The closed word lists of regenqc: stages, verdicts, dispositions, result words, reasons.

Files, screens, documents and code use these words and no others. Whatever a laboratory writes that is not in a closed
list is not understood, and what is not understood never conforms.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final

__all__ = [
    "ATTRIBUTE_WORDS",
    "INTERIM_WORDS",
    "OPPOSITE_WORDS",
    "RESULT_WORDS",
    "UNDECIDED_WORDS",
    "Disposition",
    "Force",
    "Jurisdiction",
    "Mark",
    "OnFail",
    "Pathway",
    "Reason",
    "Replicates",
    "Stage",
    "Status",
    "Timing",
    "Verdict",
]


class Verdict(IntEnum):
    """Order of evidence; combining two pieces of evidence about one cell is `max`.

    Example:
        >>> max(Verdict.CONFORMS, Verdict.FAILS).name
        'FAILS'
    """

    MISSING = 0
    CONFORMS = 1
    ALERT = 2
    INCONCLUSIVE = 3
    FAILS = 4

    @property
    def word(self) -> str:
        """Return the word used in files and on screens, e.g. `conforms`."""
        return self.name.lower()

    @property
    def verb(self) -> str:
        """Return what follows "the result would", e.g. `conform`."""
        return ("be missing", "conform", "conform, to be acknowledged", "be inconclusive", "fail")[self]


class Disposition(StrEnum):
    """What the data allow for a batch at a stage; never a decision, which a named person signs."""

    ELIGIBLE = "eligible"
    CONDITIONAL = "conditional"
    HOLD = "hold"
    REJECT = "reject"


class Stage(StrEnum):
    """Point in the life of a batch at which it is judged, in the order in which they are passed."""

    DONOR = "donor"
    CELL_BANK = "cell_bank"
    IN_PROCESS = "in_process"
    DRUG_SUBSTANCE = "drug_substance"
    DRUG_PRODUCT_RELEASE = "drug_product_release"
    SHIPPING = "shipping"
    HOSPITAL_RECEIPT = "hospital_receipt"
    ADMINISTRATION = "administration"
    FOLLOW_UP = "follow_up"


class Status(StrEnum):
    """Standing that the laboratory gives a result."""

    VERIFIED = "verified"
    PRELIMINARY = "preliminary"
    UNVERIFIED = "unverified"
    INVALIDATED = "invalidated"
    CANCELLED = "cancelled"


class Jurisdiction(StrEnum):
    """Where the specification applies; `INT` is none in particular."""

    US = "US"
    EU = "EU"
    JP = "JP"
    KR = "KR"
    CN = "CN"
    INT = "INT"


class Pathway(StrEnum):
    """Legal track."""

    MARKETING = "marketing"
    CLINICAL_TRIAL = "clinical_trial"
    CLINICAL_RESEARCH = "clinical_research"
    TREATMENT = "treatment"
    HOSPITAL_EXEMPTION = "hospital_exemption"


class Force(StrEnum):
    """How strongly the source of a requirement binds."""

    BINDING = "binding"
    GUIDANCE = "guidance"
    PHARMACOPOEIA = "pharmacopoeia"
    TYPICAL = "typical"
    SPONSOR = "sponsor"


class Mark(StrEnum):
    """How far the source of a requirement has been checked."""

    VERIFIED = "verified"
    SECONDARY = "secondary"
    UNVERIFIED = "unverified"


class Timing(StrEnum):
    """Whether a result must be known before release."""

    BEFORE_RELEASE = "before_release"
    AFTER_RELEASE = "after_release"


class OnFail(StrEnum):
    """What a failing cell does to the batch, from strictest to mildest."""

    REJECT = "reject"
    HOLD = "hold"
    REPORT = "report"


class Replicates(StrEnum):
    """How several results of one test become one cell."""

    EACH = "each"
    MEAN = "mean"
    MEDIAN = "median"
    N_OF_M = "n_of_m"


class Reason(IntEnum):
    """Why a row or cell has its verdict; the lower-case name is the stable `reason_code` of the output files."""

    CONFORMS = 0
    # the row is no evidence
    EMPTY_RESULT = 1
    INTERIM_WORD = 2
    SUPERSEDED = 3
    INVALIDATED = 4
    CANCELLED = 5
    PRELIMINARY = 6
    JUDGED_WITH_OTHERS = 7
    OTHER_SPECIFICATION = 8
    # the row cannot be judged
    STATUS_UNVERIFIED = 20
    CANCELLED_WITH_RESULT = 21
    UNMATCHED_TEST = 22
    UNREADABLE_RESULT = 23
    UNKNOWN_WORD = 24
    NUMBER_WHERE_WORD_EXPECTED = 25
    WORD_WHERE_NUMBER_EXPECTED = 26
    NOT_DETECTED_WITHOUT_LIMIT = 27
    UNIT_MISSING = 28
    UNIT_UNKNOWN = 29
    UNIT_INCOMPATIBLE = 30
    CENSORED_UNDECIDABLE = 31
    TOO_MANY_DIGITS = 32
    METHOD_NOT_LISTED = 33
    KARYOTYPE_NOT_UNDERSTOOD = 34
    KARYOTYPE_TOO_FEW_METAPHASES = 35
    KARYOTYPE_SEX_NOT_STATED = 36
    IDENTITY_REFERENCE_MISSING = 37
    AGREEMENT_REFERENCE_MISSING = 38
    REPLICATES_INDISTINGUISHABLE = 39
    REPLICATES_TOO_FEW = 40
    ROW_REFUSED = 42
    DATE_WITHOUT_ZONE = 43
    AGREEMENT_UNCERTAIN = 44
    # the row is outside
    BELOW_MINIMUM = 60
    ABOVE_MAXIMUM = 61
    CENSORED_OUTSIDE = 62
    WORD_NOT_LISTED = 63
    KARYOTYPE_ABNORMAL = 64
    KARYOTYPE_OTHER_SEX = 65
    IDENTITY_MISMATCH = 66
    AGREEMENT_EXCEEDED = 67
    REPLICATES_NOT_CONFORMING = 68
    # the row conforms but must be acknowledged
    OUTSIDE_ALERT_LIMIT = 80
    CONFORMS_BY_ROUNDING = 81
    CENSORED_AGAINST_ALERT = 82
    # the cell, whatever its rows say
    NOT_REPORTED = 100
    PENDING = 101
    OVERDUE = 102
    DUE_DATE_UNKNOWN = 103
    LIMIT_UNVERIFIED = 104
    SPONSOR_MUST_SET = 105
    APPLICABILITY_UNKNOWN = 106
    NO_ALTERNATIVE_CONFORMS = 107
    ALTERNATIVES_UNDECIDED = 108
    PART_FAILS = 109
    TOO_FEW_CONFORM = 110
    EVIDENCE_MISSING = 111
    EVIDENCE_EXPIRED = 112
    EVIDENCE_DATE_UNREADABLE = 113
    SPECIFICATION_NOT_VALID = 114
    BATCH_EXPIRED = 115
    BATCH_DATE_UNREADABLE = 116
    NO_REQUIREMENT_AT_STAGE = 117
    NO_SPECIFICATION = 118
    BATCH_NOT_LISTED = 119
    ROW_WITHOUT_BATCH = 120
    PRODUCT_NOT_UNDERSTOOD = 121
    # the karyotype, beyond the reasons above
    KARYOTYPE_NON_CLONAL = 122
    KARYOTYPE_COUNT_NOT_STATED = 123
    KARYOTYPE_MIXED_CELL_LINES = 124
    KARYOTYPE_VARIANT_NOT_ALLOWED = 125
    KARYOTYPE_OTHER_TECHNIQUE = 126
    # the assay behind a result
    CONTROL_MISSING = 130
    CONTROL_FAILED = 131
    CONTROL_INCONCLUSIVE = 132
    CONTROL_OUTSIDE_ALERT_LIMIT = 133
    # the life of an investigation
    FAILING_RESULT_INVALIDATED = 140
    FAILING_RESULT_REVISED = 141
    FAILING_RESULT_NOT_REPLACED = 142
    INVALIDATION_WITHOUT_INVESTIGATION = 143
    INVALIDATION_WITHOUT_CAUSE = 144
    INVALIDATION_WITHOUT_SECOND_PERSON = 145
    RETEST_NOT_ALLOWED = 146
    TOO_MANY_RETESTS = 147
    RETEST_WITHOUT_FIRST_RESULT = 148
    INDIVIDUAL_RESULT_OUTSIDE = 149
    INPUT_INVALIDATED = 150
    INPUT_REVISED = 151

    @property
    def code(self) -> str:
        """Return the stable code, e.g. `below_minimum`."""
        return self.name.lower()


# Canonical word -> other spellings of exactly that word. Matching folds case, surrounding and repeated blanks and
# full-width forms, and only whole values match. Laboratory-specific words belong into a profile.
RESULT_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "growth": (),
    "no growth": (),
    "detected": (),
    "not detected": ("nd", "n.d.", "non-detect", "non-detected", "none detected"),
    "below quantitation limit": ("blq", "bql", "<loq", "< loq", "below limit of quantitation"),
    "positive": ("pos",),
    "negative": ("neg",),
    "reactive": (),
    "non-reactive": ("nonreactive", "non reactive"),
    "present": (),
    "absent": (),
    "complies": (),
    "does not comply": (),
    "conforms": (),
    "does not conform": (),
    "pass": ("passed",),
    "fail": ("failed",),
    "match": ("matches",),
    "mismatch": ("no match", "does not match"),
    "normal": (),
    "abnormal": (),
    "sterile": (),
    "not sterile": ("non-sterile",),
    "indeterminate": (),
    "equivocal": (),
    "invalid": ("invalid test",),
    "too numerous to count": ("tntc",),
    # Interim words: not evidence for a final requirement.
    "pending": (),
    "in progress": ("ongoing", "in testing"),
    "to follow": (),
    "no growth to date": (),
    "negative to date": ("negative-to-date",),
    "not detected to date": (),
}

INTERIM_WORDS: Final[frozenset[str]] = frozenset(
    {"pending", "in progress", "to follow", "no growth to date", "negative to date", "not detected to date"}
)

# These words report that the test gave no answer: not listed, they are inconclusive and never a failure of the product.
UNDECIDED_WORDS: Final[frozenset[str]] = frozenset({"indeterminate", "equivocal", "invalid"})

# Closed values of the batch attributes that requirements commonly select on. A specification declares the values of
# any further attribute it uses in `when` under [attributes].
ATTRIBUTE_WORDS: Final[dict[str, frozenset[str]]] = {
    "cell_source": frozenset(
        {"hipsc", "hesc", "msc", "t_cell", "nk_cell", "hsc", "chondrocyte", "keratinocyte", "fibroblast", "other"}
    ),
    "donor_relation": frozenset({"autologous", "allogeneic"}),
    "vector": frozenset({"none", "lentiviral", "gammaretroviral", "aav", "plasmid", "mrna"}),
    "modification_step": frozenset({"none", "before_banking", "during_differentiation"}),
    "formulation": frozenset({"fresh", "cryopreserved"}),
}

# Adverse word and its opposite: what `none_of` forbids, and what it therefore accepts.
OPPOSITE_WORDS: Final[tuple[tuple[str, str], ...]] = (
    ("growth", "no growth"),
    ("detected", "not detected"),
    ("positive", "negative"),
    ("reactive", "non-reactive"),
    ("present", "absent"),
    ("complies", "does not comply"),
    ("conforms", "does not conform"),
    ("pass", "fail"),
    ("match", "mismatch"),
    ("normal", "abnormal"),
    ("sterile", "not sterile"),
)
