"""Every kind of event: what it needs, what it may say, and what it means for the items it names.

The table is data; the rules and the projection read it. A kind that is not listed is refused.

Three questions are answered for each kind:

- which members it requires and allows beyond those that every event has;
- what it does: whether the recording site must hold the items (`custody`), whether it changes them (`changes`), whether it
  may be done to an item that is recalled, rejected, expired or suspended (`containment`), whether the chain-of-identity
  identifier is verified there (`identity_point`);
- which stages it takes and gives. Stages only move forward; an item without a stage (raw material, sample, container) can
  be used, but never becomes a product by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from regenqc.custody.words import (
    CONSENT_OUTCOMES,
    DECISION_OUTCOMES,
    ENROLMENT_OUTCOMES,
    EXAMINATION_OUTCOMES,
    GATE_OUTCOMES,
    INVESTIGATION_OUTCOMES,
    QUALIFICATION_OUTCOMES,
)
from regenqc.vocabulary import Disposition, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ALWAYS", "KINDS", "STAGE_ORDER", "SUBJECTS", "Group", "Kind"]

STAGE_ORDER: Final[Mapping[str, int]] = MappingProxyType({stage.value: order for order, stage in enumerate(Stage)})

ALWAYS: Final = ("schema", "kind", "event_id", "event_time", "record_time", "zone", "actor", "role", "site")
_ANYWHERE: Final = (
    "second_actor",
    "second_role",
    "signatures",
    "place",
    "equipment",
    "reason",
    "documents",
    "blobs",
    "replaces",
    "study",
)

_DONOR, _BANK, _PROCESS, _SUBSTANCE, _PRODUCT, _SHIPPING, _RECEIPT, _ADMINISTRATION, _FOLLOW_UP = (
    stage.value for stage in Stage
)
_MADE: Final = frozenset({_DONOR, _BANK, _PROCESS, _SUBSTANCE})
_AT_HOSPITAL: Final = frozenset({_PRODUCT, _RECEIPT, _ADMINISTRATION})


class Group:
    """What sort of thing a kind does; decides how its items change."""

    ORIGIN = "origin"  # items come from outside the log
    PROCESS = "process"  # inputs become outputs, or go into items
    OBSERVATION = "observation"  # something becomes known
    PLACING = "placing"  # where an item is
    TRANSFER = "transfer"  # who holds it
    END = "end"  # an item, or part of it, is gone
    DECISION = "decision"
    STUDY = "study"
    BOOK = "book"  # about the log itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Describe one kind of event.

    Args:
        name: value of the member `kind`.
        title: for people.
        group: what sort of thing it does.
        required: members it must have beyond `ALWAYS`.
        one_of: of each of these sets at least one member must be there.
        allowed: every member it may have.
        outcomes: permitted values of `outcome`; empty when it has none.
        custody: the recording site must hold the items and inputs.
        changes: it changes the items; such events of an item follow one another in time.
        containment: permitted on an item that is recalled, rejected, expired or suspended.
        identity_point: an item with a chain-of-identity identifier must have it stated here.
        takes: stages that inputs and items may have; empty when any will do.
        gives: stages that outputs may have; empty when outputs have no stage.
        conserves: outputs in the unit of an input cannot be more than that input.
    """

    name: str
    title: str
    group: str
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    allowed: frozenset[str]
    outcomes: frozenset[str] = frozenset()
    custody: bool = False
    changes: bool = False
    containment: bool = False
    identity_point: bool = False
    takes: frozenset[str] = frozenset()
    gives: frozenset[str] = frozenset()
    conserves: bool = False


def _kind(
    name: str,
    title: str,
    group: str,
    *,
    required: str = "",
    one_of: tuple[str, ...] = (),
    also: str = "",
    outcomes: frozenset[str] = frozenset(),
    **meaning: bool | frozenset[str],
) -> Kind:
    needed = tuple(required.split())
    choices = tuple(tuple(choice.split()) for choice in one_of)
    allowed = {*ALWAYS, *_ANYWHERE, *needed, *also.split(), *(member for choice in choices for member in choice)}
    return Kind(
        name=name,
        title=title,
        group=group,
        required=needed,
        one_of=choices,
        allowed=frozenset(allowed),
        outcomes=outcomes,
        **meaning,  # type: ignore[arg-type] # each name has one type, which the table below keeps
    )


def _process(
    name: str, title: str, takes: set[str], gives: set[str], *, conserves: bool = False, identity_point: bool = False
) -> Kind:
    return _kind(
        name,
        title,
        Group.PROCESS,
        required="inputs",
        one_of=("outputs items",),
        also="coi product lot expires_at stage measurements conditions labels container",
        custody=True,
        changes=True,
        takes=frozenset(takes),
        gives=frozenset(gives),
        conserves=conserves,
        identity_point=identity_point,
    )


_TABLE: Final = (
    _kind(
        "donation",
        "Donation",
        Group.ORIGIN,
        required="outputs donor",
        also="coi product lot expires_at labels measurements",
        changes=True,
        gives=frozenset({_DONOR}),
    ),
    _kind(
        "receipt",
        "Receipt of a material",
        Group.ORIGIN,
        required="outputs",
        also="source product lot expires_at labels measurements conditions",
        changes=True,
    ),
    _process("reprogramming", "Reprogramming", {_DONOR, _BANK}, {_BANK}),
    _process("banking", "Cell banking", {_DONOR, _BANK}, {_BANK}),
    _process("thaw", "Thaw", set(_MADE), set(_MADE), conserves=False),
    _process("expansion", "Expansion", {_DONOR, _BANK, _PROCESS}, {_DONOR, _BANK, _PROCESS}),
    _process("modification", "Gene modification", {_DONOR, _BANK, _PROCESS}, {_DONOR, _BANK, _PROCESS}),
    _process("differentiation", "Differentiation", {_DONOR, _BANK, _PROCESS}, {_PROCESS}),
    _process("formulation", "Formulation", set(_MADE), {_SUBSTANCE}),
    _process("filling", "Filling", {_PROCESS, _SUBSTANCE}, {_PRODUCT}, conserves=True),
    _kind(
        "sampling",
        "Sampling",
        Group.PROCESS,
        required="inputs outputs",
        also="coi product lot expires_at labels measurements",
        custody=True,
        changes=True,
        containment=True,
        conserves=True,
    ),
    _kind(
        "test_result",
        "Test result",
        Group.OBSERVATION,
        required="items measurements",
        also="coi lot investigation",
        containment=True,
    ),
    _kind(
        "out_of_specification_opened",
        "Investigation opened",
        Group.OBSERVATION,
        required="items investigation",
        also="coi lot measurements",
        containment=True,
    ),
    _kind(
        "out_of_specification_closed",
        "Investigation closed",
        Group.OBSERVATION,
        required="items investigation outcome reason",
        also="coi lot measurements",
        outcomes=INVESTIGATION_OUTCOMES,
        containment=True,
    ),
    _kind(
        "evaluation",
        "Evaluation",
        Group.OBSERVATION,
        required="items outcome",
        also="coi lot product stage",
        outcomes=frozenset(word.value for word in Disposition),
        containment=True,
    ),
    _kind(
        "decision",
        "Decision",
        Group.DECISION,
        required="items outcome",
        also="coi lot product stage",
        outcomes=DECISION_OUTCOMES,
        containment=True,
    ),
    _kind(
        "certificate",
        "Certificate",
        Group.OBSERVATION,
        required="items documents blobs",
        also="coi lot product stage",
        containment=True,
    ),
    _kind(
        "label",
        "Labelling",
        Group.PLACING,
        required="items labels",
        also="coi recipient lot product",
        custody=True,
        changes=True,
        identity_point=True,
    ),
    _kind("pack", "Packing", Group.PLACING, required="items container", also="coi", custody=True, changes=True),
    _kind(
        "unpack",
        "Unpacking",
        Group.PLACING,
        required="items container",
        also="coi outcome",
        outcomes=EXAMINATION_OUTCOMES,
        custody=True,
        changes=True,
        containment=True,
    ),
    _kind(
        "store",
        "Storing",
        Group.PLACING,
        required="items place",
        also="coi conditions",
        custody=True,
        changes=True,
        containment=True,
    ),
    _kind(
        "ship",
        "Shipping",
        Group.TRANSFER,
        required="items destination",
        also="coi carrier conditions labels",
        custody=True,
        changes=True,
    ),
    _kind(
        "handover",
        "Handover",
        Group.TRANSFER,
        required="items source destination second_actor second_role",
        also="coi previous conditions",
        changes=True,
        containment=True,
    ),
    _kind(
        "receive",
        "Receipt",
        Group.TRANSFER,
        required="items previous",
        also="coi source outcome conditions measurements product lot expires_at stage recipient labels",
        outcomes=EXAMINATION_OUTCOMES,
        changes=True,
        containment=True,
        identity_point=True,
    ),
    _kind(
        "return",
        "Return",
        Group.TRANSFER,
        required="items destination reason",
        also="coi carrier conditions",
        custody=True,
        changes=True,
        containment=True,
    ),
    _kind(
        "reinspect",
        "Re-inspection",
        Group.OBSERVATION,
        required="items outcome",
        also="coi lot measurements conditions recipient labels",
        outcomes=EXAMINATION_OUTCOMES,
        custody=True,
        containment=True,
        identity_point=True,
        takes=frozenset({_RECEIPT, _ADMINISTRATION}),
    ),
    _kind(
        "sensor_reading",
        "Sensor reading",
        Group.OBSERVATION,
        required="conditions",
        one_of=("items equipment",),
        also="coi measurements carrier",
        containment=True,
    ),
    _kind(
        "bedside_check",
        "Identity check at the bedside",
        Group.OBSERVATION,
        required="items recipient outcome second_actor second_role",
        also="coi labels measurements",
        outcomes=EXAMINATION_OUTCOMES,
        custody=True,
        containment=True,
        identity_point=True,
        takes=_AT_HOSPITAL,
    ),
    _kind(
        "gate_answer",
        "Answer of the gate",
        Group.OBSERVATION,
        required="items outcome second_actor second_role",
        also="measurements",
        outcomes=GATE_OUTCOMES,
        containment=True,
    ),
    _kind(
        "thaw_at_bedside",
        "Thaw at the bedside",
        Group.PROCESS,
        required="items second_actor second_role",
        also="inputs coi recipient measurements conditions expires_at",
        custody=True,
        changes=True,
        identity_point=True,
        takes=_AT_HOSPITAL,
    ),
    _kind(
        "administer",
        "Administration",
        Group.END,
        required="items recipient second_actor second_role",
        also="coi measurements",
        custody=True,
        changes=True,
        identity_point=True,
        takes=_AT_HOSPITAL,
    ),
    _kind(
        "discard",
        "Destruction",
        Group.END,
        required="items reason",
        also="coi",
        custody=True,
        changes=True,
        containment=True,
    ),
    _kind(
        "adverse_event",
        "Adverse event",
        Group.OBSERVATION,
        required="recipient",
        also="items coi measurements investigation",
        containment=True,
    ),
    _kind(
        "follow_up",
        "Follow-up",
        Group.OBSERVATION,
        required="recipient",
        also="items coi measurements",
        containment=True,
    ),
    _kind(
        "consent",
        "Consent",
        Group.OBSERVATION,
        required="recipient outcome documents",
        also="expires_at",
        outcomes=CONSENT_OUTCOMES,
        containment=True,
    ),
    _kind(
        "subject_enrolled",
        "Subject of a study",
        Group.OBSERVATION,
        required="recipient study outcome documents",
        also="measurements",
        outcomes=ENROLMENT_OUTCOMES,
        containment=True,
    ),
    _kind(
        "study_plan",
        "Plan of a study, as filed",
        Group.OBSERVATION,
        required="study documents measurements",
        containment=True,
    ),
    _kind(
        "cohort_opened",
        "Dose cohort opened",
        Group.OBSERVATION,
        required="study documents measurements",
        containment=True,
    ),
    _kind(
        "site_qualified",
        "Qualification of a site",
        Group.OBSERVATION,
        required="destination outcome documents",
        also="expires_at",
        outcomes=QUALIFICATION_OUTCOMES,
        containment=True,
    ),
    _kind(
        "person_qualified",
        "Qualification of a person",
        Group.OBSERVATION,
        required="person outcome documents",
        also="expires_at",
        outcomes=QUALIFICATION_OUTCOMES,
        containment=True,
    ),
    _kind("study_suspended", "Study suspended", Group.STUDY, required="study reason", containment=True),
    _kind("study_resumed", "Study resumed", Group.STUDY, required="study reason", containment=True),
    _kind("study_terminated", "Study terminated", Group.STUDY, required="study reason", containment=True),
    _kind(
        "recall",
        "Recall",
        Group.DECISION,
        required="reason",
        one_of=("items lot",),
        also="coi investigation",
        containment=True,
    ),
    _kind(
        "correction",
        "Correction",
        Group.BOOK,
        required="corrects basis reason",
        containment=True,
    ),
    _kind("actor_enrolled", "Person enrolled", Group.BOOK, required="person roles", also="keys", containment=True),
    _kind("actor_withdrawn", "Person withdrawn", Group.BOOK, required="person reason", containment=True),
    _kind("key_revoked", "Key revoked", Group.BOOK, required="person keys reason", containment=True),
    _kind("projection_digest", "Projection digest", Group.BOOK, required="through digest", containment=True),
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in _TABLE})

# Kinds that state something about a person, a site or a study for a time, and the members that name whom or what: what was
# stated last is found by these, however often events name the same code otherwise.
SUBJECTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "consent": ("recipient",),
        "subject_enrolled": ("recipient", "study"),
        "study_plan": ("study",),
        "cohort_opened": ("study",),
        "site_qualified": ("destination",),
        "person_qualified": ("person",),
    }
)
