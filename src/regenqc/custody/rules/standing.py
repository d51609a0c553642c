"""No step on what is recalled, rejected, expired, suspended, in quarantine, sent back or gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.custody.kinds import Group
from regenqc.custody.rules.case import refusal
from regenqc.custody.state import Status
from regenqc.custody.words import ACCEPTING_DECISIONS, PERMITTING_DECISIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.rules.case import Case
    from regenqc.custody.state import ItemState
    from regenqc.errors import Fault

__all__ = ["standing_violations"]

_LEAVING_THE_HOUSE: Final = frozenset({"ship", "administer"})
_FROM_AFAR: Final = frozenset({Group.OBSERVATION, Group.DECISION})


def standing_violations(case: Case) -> Iterator[Fault]:
    """Yield violations of RQC-C141 to RQC-C149 and RQC-C158."""
    event, kind = case.event, case.kind
    if kind.group == Group.STUDY:
        yield from _study(case)
        return
    if not kind.containment and event.study and (standing := case.known.study(event.study)):
        yield refusal("RQC-C144", event.study, got=standing, expected="a study that goes on")
    permits = kind.name == "decision" and event.outcome in PERMITTING_DECISIONS | ACCEPTING_DECISIONS
    # What the hospital refused stays refused: otherwise a later quarantine would hide it, and open the way to accept it.
    quarantines = kind.name == "decision" and event.outcome == "quarantine"
    for item, state in (*case.items, *case.inputs):
        if state.status != Status.ACTIVE and kind.group not in _FROM_AFAR:
            yield refusal("RQC-C145", item.id, got=state.status, expected=Status.ACTIVE)
        elif not kind.containment:
            yield from _blocked(case, item.id, state)
        elif permits and (found := _without_return(case, state)):
            yield refusal("RQC-C149", item.id, got=found, expected="neither recalled nor rejected")
        elif quarantines and state.acceptance == "refuse":
            yield refusal("RQC-C149", item.id, got="refused", expected="refuse")


def _blocked(case: Case, code: str, state: ItemState) -> Iterator[Fault]:
    event = case.event
    # Nearly every item has none of these; look closer only where one is set.
    if state.recalled or (state.lot and case.known.is_recalled_lot(state.lot)):
        yield refusal("RQC-C141", code, got="recalled", expected="not recalled")
    if state.decision == "reject" or state.acceptance == "refuse":
        yield refusal("RQC-C142", code, got=f"{state.decision} {state.acceptance}".strip(), expected="not rejected")
    if state.acceptance == "quarantine":
        yield refusal("RQC-C146", code, got="quarantine", expected="accept")
    if state.expires_at and event.event_time > state.expires_at:
        yield refusal(
            "RQC-C143", code, got=f"{event.event_time}, expired {state.expires_at}", expected="before its expiry"
        )
    if state.study and (standing := case.known.study(state.study)):
        yield refusal("RQC-C144", code, got=f"{state.study} {standing}", expected="a study that goes on")
    if state.returned:
        yield refusal("RQC-C148", code, got="sent back", expected="not sent back")
    if state.investigations and case.kind.name in _LEAVING_THE_HOUSE:
        yield refusal("RQC-C147", code, got=", ".join(state.investigations), expected="every investigation closed")


def _without_return(case: Case, state: ItemState) -> str:
    if state.recalled or (state.lot and case.known.is_recalled_lot(state.lot)):
        return "recalled"
    if state.decision == "reject":
        return "rejected"
    return "refused" if state.acceptance == "refuse" else ""


def _study(case: Case) -> Iterator[Fault]:
    event = case.event
    standing = case.known.study(event.study)
    if standing == "terminated" or (event.kind == "study_resumed" and standing != "suspended"):
        yield refusal("RQC-C158", event.study, got=standing or "going on", expected="suspended")
