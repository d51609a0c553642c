"""Which EPCIS event says what a custody event says.

Two words of the vocabulary are not what they sound like: `collecting` is picking up goods for disposal or re-use, so a donation
is `commissioning`; and `accepting` is the change of possession, so it stands for a handover.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from regenqc.custody.epcis.vocabulary import NAMESPACE
from regenqc.custody.kinds import KINDS, Group

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["EXCHANGED", "KIND_OF", "Form"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Describe the EPCIS event of one kind.

    Args:
        event: type of the EPCIS event.
        step: business step, a word of CBV or a URI of ours.
        action: `ADD`, `OBSERVE`, `DELETE`; empty for transformations, which have none.
        disposition: of the things afterwards; empty when the outcome of the event says it, or nothing does.
    """

    event: str
    step: str
    action: str = ""
    disposition: str = ""


def _own(step: str) -> str:
    return f"{NAMESPACE}BizStep-{step}"


def _observed(step: str, disposition: str = "") -> Form:
    return Form(event="ObjectEvent", action="OBSERVE", step=step, disposition=disposition)


_TRANSFORMATIONS: Final = {
    name: Form(event="TransformationEvent", step=_own(name), disposition="in_progress")
    for name, kind in KINDS.items()
    if kind.group == Group.PROCESS
}

# Kinds that are exchanged. The others are about people, studies and the book itself, and stay in the house.
EXCHANGED: Final[Mapping[str, Form]] = MappingProxyType(
    {
        **_TRANSFORMATIONS,
        "banking": Form(event="TransformationEvent", step="commissioning", disposition="active"),
        "sampling": Form(event="TransformationEvent", step="sampling", disposition="in_progress"),
        "donation": Form(event="ObjectEvent", action="ADD", step="commissioning", disposition="active"),
        "receipt": Form(event="ObjectEvent", action="ADD", step="receiving", disposition="in_progress"),
        "test_result": _observed("inspecting"),
        "out_of_specification_opened": _observed("holding", "unavailable"),
        "out_of_specification_closed": _observed("inspecting", "in_progress"),
        "evaluation": _observed("inspecting"),
        "decision": _observed("inspecting"),
        "certificate": _observed(_own("certificate")),
        "label": Form(event="AssociationEvent", action="ADD", step="assembling", disposition="in_progress"),
        "pack": Form(event="AggregationEvent", action="ADD", step="packing", disposition="in_progress"),
        "unpack": Form(event="AggregationEvent", action="DELETE", step="unpacking", disposition="in_progress"),
        "store": _observed("storing", "in_progress"),
        "ship": _observed("shipping", "in_transit"),
        "return": _observed("shipping", "returned"),
        "handover": _observed("accepting", "in_progress"),
        "receive": _observed("receiving", "in_progress"),
        "reinspect": _observed("inspecting"),
        "sensor_reading": _observed("sensor_reporting"),
        "administer": Form(event="ObjectEvent", action="DELETE", step="dispensing", disposition="dispensed"),
        "discard": Form(event="ObjectEvent", action="DELETE", step="destroying", disposition="destroyed"),
        "adverse_event": _observed(_own("adverse_event")),
        "follow_up": _observed(_own("follow_up")),
        "recall": _observed("holding"),
    }
)

# The kind that an event of somebody else is, where its type, action and business step leave no doubt.
KIND_OF: Final[Mapping[tuple[str, str, str], str]] = MappingProxyType(
    {
        (form.event, form.action, form.step): kind
        for kind, form in EXCHANGED.items()
        if kind in {*_TRANSFORMATIONS, "receipt", "pack", "unpack", "store", "handover", "receive", "sensor_reading"}
        or kind in {"administer", "discard", "adverse_event", "follow_up"}
    }
    | {
        ("ObjectEvent", "ADD", "commissioning"): "receipt",
        ("ObjectEvent", "ADD", "creating_class_instance"): "receipt",
        ("ObjectEvent", "OBSERVE", "shipping"): "ship",
        ("ObjectEvent", "OBSERVE", "inspecting"): "reinspect",
        ("ObjectEvent", "OBSERVE", "transporting"): "sensor_reading",
    }
)
