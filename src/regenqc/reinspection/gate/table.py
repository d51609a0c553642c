"""The conditions of the gate: each with its name, its sentence, where it comes from, and the function that judges it.

The table is the gate. A condition is judged whenever it applies, whatever the others found, so that the answer names every
reason at once. `mark` says how far the source was checked, with the words of specifications; `house` is what follows from the
design of the ledger and from no rule that was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.reinspection.gate import of_item, of_reactions, of_use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from regenqc.reinspection.gate.facts import Facts
    from regenqc.reinspection.gate.reason import Reason

__all__ = ["CONDITIONS", "Condition"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Hold one condition.

    Args:
        code: stable, `RQC-H101`.
        name: stable word.
        sentence: what must be so.
        source: of the rule; empty where it follows from the ledger alone.
        mark: `verified`, `secondary`, or `house`.
        judge: yields a reason for each thing that stands against it.
        applies: whether the condition is asked at all.
        otherwise: why it is not asked then.
    """

    code: str
    name: str
    sentence: str
    source: str = ""
    mark: str = "house"
    judge: Callable[[Facts], Iterator[Reason]]
    applies: Callable[[Facts], bool]
    otherwise: str = ""


def _known(facts: Facts) -> bool:
    return facts.state is not None and facts.state.created >= 0


def _travelled(facts: Facts) -> bool:
    return _known(facts) and facts.state is not None and facts.state.travelled


def _in_study(facts: Facts) -> bool:
    return _known(facts) and bool(facts.study)


def _needs_study(facts: Facts) -> bool:
    return _known(facts) and facts.rules.study_required


def _stops_for_reactions(facts: Facts) -> bool:
    return _in_study(facts) and facts.rules.serious_reactions_stop


def _thawed(facts: Facts) -> bool:
    return any(step.event.kind == "thaw_at_bedside" for step in facts.life)


_ALWAYS: Final = ("", lambda _: True)
_KNOWN: Final = ("the item is not known", _known)
_AFTER_TRAVEL: Final = ("it never left the site that made it", _travelled)
_OF_STUDY: Final = ("it belongs to no study", _in_study)

_PSC: Final = "Guideline on pluripotent stem cells v1 (CN): preparations delivered to the hospital are inspected again, failed ones are not used"
_ORDER: Final = "State Council Order 818 (CN)"


def _row(
    code: int,
    name: str,
    sentence: str,
    judge: Callable[[Facts], Iterator[Reason]],
    when: tuple[str, Callable[[Facts], bool]],
    source: str = "",
    mark: str = "house",
) -> Condition:
    return Condition(
        code=f"RQC-H{code}",
        name=name,
        sentence=sentence,
        judge=judge,
        applies=when[1],
        otherwise=when[0],
        source=source,
        mark=mark,
    )


CONDITIONS: Final[tuple[Condition, ...]] = (
    _row(101, "known", "The ledger knows the item.", of_item.is_known, _ALWAYS),
    # release
    _row(
        102,
        "released",
        "A named person released it.",
        of_item.released,
        _KNOWN,
        "21 CFR 610.1; 21 CFR 1271.265(c); GCTP Ordinance (JP) Art. 13",
        "verified",
    ),
    _row(
        103,
        "not_reversed",
        "The release still stands.",
        of_item.not_reversed,
        _KNOWN,
        "21 CFR 1271.265(c)",
        "verified",
    ),
    _row(
        104,
        "no_late_failure",
        "No result failed after it was decided.",
        of_item.no_late_failure,
        _KNOWN,
        "21 CFR 211.192; MFDS Notice (KR) Annex 2 8.2",
        "verified",
    ),
    _row(
        105,
        "results_in_time",
        "No result that may follow the release is overdue.",
        of_item.results_in_time,
        _KNOWN,
        "MFDS Notice (KR) Annex 2 8.2",
        "verified",
    ),
    _row(
        106,
        "no_open_investigation",
        "No investigation is open.",
        of_item.no_open_investigation,
        _KNOWN,
        "21 CFR 211.192",
        "verified",
    ),
    _row(107, "not_recalled", "It is not recalled, and neither is its lot.", of_item.not_recalled, _KNOWN),
    _row(108, "origins_stand", "Nothing that it was made from is recalled or rejected.", of_item.origins_stand, _KNOWN),
    _row(
        109,
        "versions_equal",
        "All sites worked by the same versions of specifications and procedures.",
        of_item.versions_equal,
        _KNOWN,
    ),
    # receipt
    _row(111, "received", "It was received where it is to be given.", of_item.received, _KNOWN),
    _row(112, "held_here", "It is here, and in nothing else.", of_item.held_here, _KNOWN),
    _row(
        113,
        "reinspected",
        "It was inspected again after it arrived, and conformed.",
        of_item.reinspected,
        _AFTER_TRAVEL,
        f"{_PSC}; 21 CFR 1271.265(a)",
        "secondary",
    ),
    _row(
        114,
        "identity_matched_by_two",
        "Two people matched its identity on receipt.",
        of_item.identity_matched_by_two,
        _AFTER_TRAVEL,
    ),
    _row(
        115,
        "accepted",
        "The hospital accepted it.",
        of_item.accepted,
        _AFTER_TRAVEL,
        f"{_PSC}; ASRM Ordinance (JP) Art. 10(3); Drug Administration Law (CN) Art. 70",
        "secondary",
    ),
    _row(
        116,
        "accepted_by_another",
        "Whoever accepted it did not receive it.",
        of_item.accepted_by_another,
        _AFTER_TRAVEL,
    ),
    _row(117, "available", "There is something of it to give.", of_item.available, _KNOWN),
    _row(118, "in_date", "It is in date.", of_item.in_date, _KNOWN),
    _row(
        119,
        "in_thaw_window",
        "It is within the window after thaw.",
        of_item.in_thaw_window,
        ("it was not thawed at the bedside", _thawed),
        "label of the product, for instance Kymriah and Casgevy",
        "verified",
    ),
    _row(
        120,
        "stored_in_range",
        "Since it was accepted it was stored in range.",
        of_item.stored_in_range,
        _AFTER_TRAVEL,
        "label of the product",
        "verified",
    ),
    # identity
    _row(131, "right_recipient", "It is for this recipient.", of_use.right_recipient, _KNOWN),
    _row(132, "right_identity", "The label carries its chain-of-identity identifier.", of_use.right_identity, _KNOWN),
    _row(
        133,
        "bedside_identity",
        "Two people have just checked the identity at the bedside.",
        of_use.bedside_identity,
        _KNOWN,
        "Casgevy label: check by two people before each vial",
        "verified",
    ),
    # consent and study
    _row(
        141, "consent_given", "The recipient consented.", of_use.consent_given, _KNOWN, f"{_ORDER} Art. 19", "verified"
    ),
    _row(
        142,
        "consent_version",
        "The consent is to the version in force.",
        of_use.consent_version,
        _OF_STUDY,
        f"{_ORDER} Art. 19",
        "verified",
    ),
    _row(
        143,
        "in_a_study",
        "It belongs to a study.",
        of_use.in_a_study,
        ("this site also gives outside studies", _needs_study),
        f"{_ORDER} Art. 15",
        "verified",
    ),
    _row(
        144,
        "study_goes_on",
        "The study is neither suspended nor terminated.",
        of_use.study_goes_on,
        _OF_STUDY,
        f"{_ORDER} Art. 25",
        "verified",
    ),
    _row(145, "subject_enrolled", "The recipient is a subject of the study.", of_use.subject_enrolled, _OF_STUDY),
    _row(
        146,
        "protocol_filed",
        "The recipient is treated by the protocol as filed.",
        of_use.protocol_filed,
        _OF_STUDY,
        f"{_ORDER} Art. 18",
        "verified",
    ),
    _row(
        147,
        "age_permitted",
        "The age of the recipient is within the plan.",
        of_use.age_permitted,
        _OF_STUDY,
        "Guideline on pluripotent stem cells v1 (CN): children after adults",
        "secondary",
    ),
    _row(
        148,
        "cohort_open",
        "The recipient's dose cohort is open.",
        of_use.cohort_open,
        _OF_STUDY,
        "Guideline on pluripotent stem cells v1 (CN): dose escalation",
        "secondary",
    ),
    _row(
        149,
        "observation_over",
        "The observation of the subject before is over.",
        of_use.observation_over,
        _OF_STUDY,
        "Guideline on pluripotent stem cells v1 (CN): sentinel dosing, batch enrolment",
        "secondary",
    ),
    _row(
        150,
        "reactions_answered",
        "No serious reaction in the study waits for an answer.",
        of_reactions.reactions_answered,
        ("this site gives while a serious reaction waits for an answer, or outside studies", _stops_for_reactions),
        f"{_ORDER} Art. 25: a serious adverse reaction suspends, and the ethics committee decides",
        "verified",
    ),
    # who and where
    _row(
        151,
        "site_qualified",
        "The site is qualified now.",
        of_use.site_qualified,
        _ALWAYS,
        f"{_ORDER} Art. 11",
        "verified",
    ),
    _row(152, "people_enrolled", "Both people may act in their roles.", of_use.people_enrolled, _ALWAYS),
    _row(
        153,
        "people_qualified",
        "Both people are qualified now.",
        of_use.people_qualified,
        _ALWAYS,
        f"{_ORDER} Art. 21",
        "verified",
    ),
    _row(154, "two_people", "Two people act.", of_use.two_people, _ALWAYS),
    # knowledge
    _row(
        161,
        "knowledge_fresh",
        "What is known is not too old.",
        of_use.knowledge_fresh,
        ("the network is up", lambda facts: facts.checkpoint is not None),
    ),
)
