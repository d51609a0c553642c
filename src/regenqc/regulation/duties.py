"""Retention and reporting clocks, follow-up and receipt duties: one row each, with its source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from regenqc.vocabulary import Jurisdiction

__all__ = [
    "ANCHORS",
    "FOLLOW_UPS",
    "RECEIPT_DUTIES",
    "REPORTS",
    "RETENTIONS",
    "Duty",
    "FollowUp",
    "Report",
    "Retention",
]

US, EU, JP, KR, CN = Jurisdiction.US, Jurisdiction.EU, Jurisdiction.JP, Jurisdiction.KR, Jurisdiction.CN

# Events from which a retention runs.
ANCHORS: Final[dict[str, str]] = {
    "record_created": "the record was made",
    "administered": "the product was given",
    "supplied": "the product was supplied",
    "last_supplied": "the last supply",
    "provided": "the product was provided to the institution",
    "product_expiry": "the product expires, or its shelf life ends",
    "last_lot_expiry": "the last product lot made of the material expires",
    "product_released": "the product was released",
    "study_ended": "the study ended",
    "final_report": "the final report",
    "use_period_ended": "the period of use ended",
    "committee_report": "the report to the committee",
    "not_read": "not stated in what was read",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long something is kept.

    Args:
        id: stable name.
        tracks: for which tracks of `classify`; empty for every track.
        subject: what is kept; clocks of one subject run together, and the longest counts.
        anchor: event from which the period runs, a name of `ANCHORS`.
        period: as in the register of sources; empty for ever.
        condition: attribute of the case and its value, or empty.
    """

    id: str
    jurisdiction: Jurisdiction
    tracks: tuple[str, ...] = ()
    subject: str
    anchor: str
    period: str
    source: str
    condition: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What is reported, to whom, and within which period; `period` is empty where `words` say when."""

    id: str
    jurisdiction: Jurisdiction
    tracks: tuple[str, ...] = ()
    event: str
    words: str
    period: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """For how long recipients are followed; `period` is empty where no source gives one."""

    id: str
    jurisdiction: Jurisdiction
    tracks: tuple[str, ...] = ()
    words: str
    period: str
    source: str
    condition: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What has to be done when a product arrives."""

    id: str
    jurisdiction: Jurisdiction
    tracks: tuple[str, ...] = ()
    words: str
    source: str


_ASRM: Final = ("asrm",)
_PMD: Final = ("pmd", "pmd_trial")
_ARM: Final = ("arm_research", "arm_treatment")
_KR_PRODUCT: Final = ("product",)
_ORDER: Final = ("order_818", "order_818_approved")
_DRUG: Final = ("drug", "drug_unclear")
_PRODUCT_RECORDS: Final = "product records"
_STUDY: Final = "study records and originals"
_SAMPLE: Final = "retention samples of the product"
_MATERIAL: Final = "retention samples of materials"
_TRACE: Final = "traceability data"
_DESIGNATED, _OTHER = ("designated_product", "yes"), ("designated_product", "no")


def _keep(
    identifier: str,
    jurisdiction: Jurisdiction,
    tracks: tuple[str, ...],
    subject: str,
    anchor: str,
    period: str,
    source: str,
    condition: tuple[str, str] | None = None,
) -> Retention:
    return Retention(
        id=identifier,
        jurisdiction=jurisdiction,
        tracks=tracks,
        subject=subject,
        anchor=anchor,
        period=period,
        source=source,
        condition=condition,
    )


RETENTIONS: Final[tuple[Retention, ...]] = (
    _keep("US-K1", US, ("361", "351"), _TRACE, "record_created", "10 y", "US-TR-2"),
    _keep("US-K2", US, ("361", "351"), _TRACE, "administered", "10 y", "US-TR-2"),
    _keep("US-K3", US, ("351",), _SAMPLE, "product_expiry", "6 mo", "US-RS-1"),
    _keep("EU-K1", EU, (), "donation data of tissue establishments and users", "not_read", "30 y", "EU-TR-1"),
    _keep("EU-K2", EU, ("atmp", "gtmp"), _TRACE, "product_expiry", "30 y", "EU-TR-3"),
    _keep("JP-K1", JP, _ASRM, "records of the provider", "not_read", "30 y", "JP-TR-1", _DESIGNATED),
    _keep("JP-K2", JP, _ASRM, "records of the provider", "not_read", "10 y", "JP-TR-1", _OTHER),
    _keep("JP-K3", JP, _ASRM, "research records", "study_ended", "5 y", "JP-TR-2"),
    _keep("JP-K4", JP, _ASRM, "documents of the processor", "record_created", "30 y", "JP-TR-3", _DESIGNATED),
    _keep("JP-K5", JP, _ASRM, "documents of the processor", "record_created", "10 y", "JP-TR-3", _OTHER),
    _keep("JP-K6", JP, _ASRM, "manufacturing records of the processor", "provided", "30 y", "JP-TR-3", _DESIGNATED),
    _keep("JP-K7", JP, _ASRM, "manufacturing records of the processor", "provided", "10 y", "JP-TR-3", _OTHER),
    _keep("JP-K8", JP, _ASRM, "training records of the processor", "record_created", "5 y", "JP-TR-3"),
    _keep("JP-K9", JP, _PMD, _PRODUCT_RECORDS, "product_expiry", "30 y", "JP-TR-4", _DESIGNATED),
    _keep("JP-K10", JP, _PMD, _PRODUCT_RECORDS, "product_expiry", "10 y", "JP-TR-4", _OTHER),
    _keep("JP-K11", JP, _PMD, "training records", "record_created", "5 y", "JP-TR-4"),
    _keep("JP-K12", JP, _PMD, _SAMPLE, "product_expiry", "10 y", "JP-RS-1", _DESIGNATED),
    _keep("KR-K1", KR, _ARM, "records of the processing facility", "supplied", "20 y", "KR-TR-1"),
    _keep("KR-K2", KR, _ARM, "source data of the institution", "final_report", "10 y", "KR-TR-2"),
    _keep("KR-K3", KR, (), "records of the cell-management business", "last_supplied", "10 y", "KR-TR-3"),
    _keep("KR-K4", KR, _KR_PRODUCT, _PRODUCT_RECORDS, "record_created", "5 y", "KR-TR-4"),
    _keep("KR-K5", KR, _KR_PRODUCT, _TRACE, "use_period_ended", "30 y", "KR-TR-5"),
    _keep("KR-K6", KR, _KR_PRODUCT, _TRACE, "use_period_ended", "", "KR-TR-5", ("cell_source", "animal")),
    _keep("KR-K7", KR, _KR_PRODUCT, "documents of the long-term follow-up", "product_expiry", "30 y", "KR-TR-6"),
    _keep("KR-K8", KR, _KR_PRODUCT, "documents of the long-term follow-up", "administered", "30 y", "KR-TR-6"),
    _keep("KR-K9", KR, _ARM, "follow-up records of the safety agency", "committee_report", "10 y", "KR-TR-7"),
    _keep("KR-K10", KR, _KR_PRODUCT, _SAMPLE, "product_expiry", "1 y", "KR-RS-1"),
    _keep("KR-K11", KR, _KR_PRODUCT, _MATERIAL, "last_lot_expiry", "1 y", "KR-RS-1"),
    _keep("CN-K1", CN, _ORDER, _STUDY, "study_ended", "30 y", "CN-818-22"),
    _keep("CN-K2", CN, _ORDER, _STUDY, "study_ended", "", "CN-818-22", ("offspring_involved", "yes")),
    _keep("CN-K3", CN, ("order_818",), _STUDY, "study_ended", "30 y", "CN-2015"),
    _keep("CN-K4", CN, _DRUG, "batch records", "product_expiry", "1 y", "CN-GMP-162"),
    _keep("CN-K5", CN, _DRUG, "distribution records", "product_expiry", "1 y", "CN-GMP-297"),
    _keep("CN-K6", CN, _DRUG, _SAMPLE, "product_expiry", "1 y", "CN-GMP-225"),
    _keep("CN-K7", CN, _DRUG, _MATERIAL, "product_released", "2 y", "CN-GMP-225"),
    _keep("CN-K8", CN, _DRUG, "specifications, process, procedures, validation, changes", "not_read", "", "CN-GMP-162"),
    _keep("CN-K9", CN, _DRUG, "back-up of electronic data, as long as the record", "not_read", "", "CN-CS-19"),
)


def _report(
    identifier: str,
    jurisdiction: Jurisdiction,
    tracks: tuple[str, ...],
    event: str,
    words: str,
    period: str,
    source: str,
) -> Report:
    return Report(
        id=identifier, jurisdiction=jurisdiction, tracks=tracks, event=event, words=words, period=period, source=source
    )


REPORTS: Final[tuple[Report, ...]] = (
    _report(
        "EU-R1",
        EU,
        ("atmp", "gtmp"),
        "batch outside its specification administered",
        "EMA and the authorities of the manufacturing authorisation",
        "48 h",
        "EU-OOS-3",
    ),
    _report(
        "JP-R1", JP, _ASRM, "death, or what may lead to death, suspected", "committee and Minister", "7 d", "JP-AE-1"
    ),
    _report(
        "JP-R2",
        JP,
        _ASRM,
        "hospitalisation, disability, serious or congenital event",
        "committee and Minister",
        "15 d",
        "JP-AE-2",
    ),
    _report("JP-R3", JP, _ASRM, "other events", "every 60 days, within 10 days after", "10 d", "JP-AE-3"),
    _report("JP-R4", JP, _ASRM, "periodic report of the provider", "yearly, within 90 days", "90 d", "JP-PER-1"),
    _report("JP-R5", JP, _ASRM, "periodic report of the processor", "yearly, within 60 days", "60 d", "JP-PER-2"),
    _report("JP-R6", JP, _ASRM, "minor change of the plan, or stop", "Minister", "10 d", "JP-CHG"),
    _report("KR-R1", KR, _KR_PRODUCT, "serious adverse event", "MFDS", "15 d", "KR-AE-1"),
    _report(
        "KR-R2", KR, _KR_PRODUCT, "analysis of a serious adverse event", "MFDS; 3 months more once", "6 mo", "KR-AE-1"
    ),
    _report("KR-R3", KR, _KR_PRODUCT, "administration", "register recipient and administration", "7 d", "KR-REG-1"),
    _report(
        "KR-R4",
        KR,
        _ARM,
        "serious adverse reaction",
        "without delay, also to the ethics board of the institution",
        "",
        "KR-AE-2",
    ),
    _report("KR-R5", KR, _ARM, "other adverse reaction noticed", "safety agency", "30 d", "KR-AE-2"),
    _report(
        "KR-R6",
        KR,
        _ARM,
        "study approved",
        "registered in the information system; within 7 days of the first consent if that is earlier",
        "30 d",
        "KR-REG-2",
    ),
    _report("KR-R7", KR, _ARM, "first consent", "study registered, if that is earlier", "7 d", "KR-REG-2"),
    _report("KR-R8", KR, _ARM, "subject or administration recorded", "information system", "7 d", "KR-REG-2"),
    _report("KR-R9", KR, _ARM, "yearly status report", "by the end of January", "", "KR-PER-1"),
    _report("KR-R10", KR, _ARM, "data asked for by the committee", "committee", "20 d", "KR-REP-1"),
    _report("KR-R11", KR, _ARM, "close-out", "committee", "20 d", "KR-REP-1"),
    _report("KR-R12", KR, _ARM, "last observation", "report of the results", "90 d", "KR-REP-1"),
    _report(
        "KR-R13",
        KR,
        _KR_PRODUCT,
        "first supply",
        "first report of the long-term follow-up, then yearly",
        "1 y",
        "KR-LTFU-4",
    ),
    _report("KR-R14", KR, _KR_PRODUCT, "completion of the long-term follow-up", "final report", "6 mo", "KR-LTFU-4"),
    _report("KR-R15", KR, _ARM, "recall decided", "plan of the recall", "5 d", "KR-RECALL"),
    _report("KR-R16", KR, _ARM, "recall completed", "report of completion", "30 d", "KR-RECALL"),
    _report("KR-R17", KR, _ARM, "yearly report of the processing facility", "by the end of February", "", "KR-TR-1"),
    _report(
        "CN-R1",
        CN,
        _ORDER,
        "academic and ethics review passed",
        "filing with the national health authority",
        "5 wd",
        "CN-818-15",
    ),
    _report("CN-R2", CN, _ORDER, "substantive change", "review again and change filing", "5 wd", "CN-818-18"),
    _report("CN-R3", CN, _ORDER, "study terminated", "report to the authority", "5 wd", "CN-818-25"),
    _report(
        "CN-R4",
        CN,
        _ORDER,
        "serious adverse reaction, study suspended",
        "report to the authority; the ethics committee decides",
        "5 wd",
        "CN-818-25",
    ),
    _report("CN-R5", CN, _ORDER, "study already running on 2026-05-01", "filing", "1 mo", "CN-818-57"),
    _report("CN-R6", CN, _DRUG, "disputed test result received", "request for a re-test", "7 d", "CN-DAL-102"),
    _report(
        "CN-R7",
        CN,
        _DRUG,
        "quality problem found at the hospital",
        "control at once; supplier, holder and county authority",
        "",
        "CN-828-61",
    ),
    _report("CN-R8", CN, _DRUG, "suspected adverse reaction, clusters", "drug and health authorities", "", "CN-828-60"),
    _report("CN-R9", CN, _ORDER, "study running", "periodic reports; the period is not stated", "", "CN-818-24"),
    _report("CN-R10", CN, _ORDER, "study ended", "report of the results", "", "CN-818-26"),
)

_STEM, _GENE, _ANIMAL = ("cell_source", "stem"), ("gene_modification", "any"), ("cell_source", "animal")

FOLLOW_UPS: Final[tuple[FollowUp, ...]] = (
    FollowUp(
        id="US-F1",
        jurisdiction=US,
        tracks=("351",),
        words="integrating vectors: up to the years stated",
        period="15 y",
        source="US-LTFU",
        condition=_GENE,
    ),
    FollowUp(
        id="KR-F1",
        jurisdiction=KR,
        tracks=_KR_PRODUCT,
        words="gene therapy: an upper limit",
        period="15 y",
        source="KR-LTFU-1",
        condition=_GENE,
    ),
    FollowUp(
        id="KR-F2",
        jurisdiction=KR,
        tracks=_KR_PRODUCT,
        words="stem cells: an upper limit",
        period="5 y",
        source="KR-LTFU-1",
        condition=_STEM,
    ),
    FollowUp(
        id="KR-F3",
        jurisdiction=KR,
        tracks=_KR_PRODUCT,
        words="animal cells or tissue: an upper limit",
        period="30 y",
        source="KR-LTFU-1",
        condition=_ANIMAL,
    ),
    FollowUp(
        id="CN-F1",
        jurisdiction=CN,
        tracks=_ORDER,
        words="long-term follow-up is required; no source gives a number of years, the sponsor sets it",
        period="",
        source="CN-818-26",
    ),
)

RECEIPT_DUTIES: Final[tuple[Duty, ...]] = (
    Duty(
        id="US-D1",
        jurisdiction=US,
        tracks=("361", "351"),
        words="Inspect for damage and contamination; accept, reject or quarantine by criteria set beforehand",
        source="US-REL-4",
    ),
    Duty(
        id="EU-D1",
        jurisdiction=EU,
        tracks=("atmp", "gtmp"),
        words="The hospital links product and patient",
        source="EU-TR-2",
    ),
    Duty(
        id="JP-D1",
        jurisdiction=JP,
        tracks=_ASRM,
        words="The physician confirms that the product was made by its summary document and decides whether to give it",
        source="JP-RCV-1",
    ),
    Duty(
        id="KR-D1",
        jurisdiction=KR,
        tracks=_ARM,
        words="Cells arrive together with their procurement and test records",
        source="KR-REL-2",
    ),
    Duty(
        id="KR-D2",
        jurisdiction=KR,
        tracks=_ARM,
        words="Confirm that the cells were processed by the approved plan before using them",
        source="KR-ARM-C",
    ),
    Duty(
        id="KR-D3",
        jurisdiction=KR,
        tracks=_KR_PRODUCT,
        words="The hospital was told before supply that the product is under long-term follow-up",
        source="KR-LTFU-4",
    ),
    Duty(
        id="CN-D1",
        jurisdiction=CN,
        tracks=_ORDER,
        words="Re-inspect and evaluate the delivered preparation; what fails is not used (pluripotent guideline)",
        source="CN-PSC",
    ),
    Duty(
        id="CN-D2",
        jurisdiction=CN,
        tracks=_DRUG,
        words="Verify conformity certificate and marks; what is not compliant is not bought or used",
        source="CN-DAL-70",
    ),
)
