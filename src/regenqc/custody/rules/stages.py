"""Order of stages, and decisions that must come before steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.custody.kinds import STAGE_ORDER, Group
from regenqc.custody.rules.case import refusal
from regenqc.custody.state import output_stage
from regenqc.custody.words import ACCEPTING_DECISIONS, HOSPITAL_DECISIONS, PERMITTING_DECISIONS
from regenqc.vocabulary import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.rules.case import Case
    from regenqc.errors import Fault

__all__ = ["stage_violations"]

_PRODUCT: Final = Stage.DRUG_PRODUCT_RELEASE.value
_BEFORE_SHIPPING: Final = STAGE_ORDER[Stage.SHIPPING]
_AFTER_RECEIPT: Final = STAGE_ORDER[Stage.HOSPITAL_RECEIPT]


def stage_violations(case: Case) -> Iterator[Fault]:
    """Yield violations of RQC-C151 to RQC-C157."""
    kind = case.kind
    if kind.takes or kind.gives:
        yield from _taken(case)
        if kind.group == Group.PROCESS:
            yield from _given(case)
    if kind.name == "ship":
        if not case.policy.ship_before_release:
            for item, state in case.items:
                if state.stage == _PRODUCT and state.decision not in PERMITTING_DECISIONS:
                    yield refusal("RQC-C154", item.id, got=state.decision or "no decision", expected="release")
    elif kind.name == "administer":
        for item, state in case.items:
            if state.decision not in PERMITTING_DECISIONS and not state.elsewhere:
                yield refusal("RQC-C155", item.id, got=state.decision or "no decision", expected="release")
            if state.travelled and state.acceptance not in ACCEPTING_DECISIONS:
                yield refusal("RQC-C156", item.id, got=state.acceptance or "no decision", expected="accept")
    elif kind.name == "decision":
        yield from _decision(case)


def _taken(case: Case) -> Iterator[Fault]:
    takes = case.kind.takes
    if not takes:
        return
    reagents_only = case.kind.group == Group.PROCESS
    for item, state in (*case.inputs, *case.items):
        if state.stage in takes:
            reagents_only = False
        elif state.stage or case.kind.group != Group.PROCESS:
            yield refusal(
                "RQC-C151",
                item.id,
                got=state.stage or "no stage",
                expected=", ".join(sorted(takes, key=STAGE_ORDER.__getitem__)),
            )
    if reagents_only:
        yield refusal("RQC-C152", "inputs", got="materials, samples or nothing known", expected="cells")


def _given(case: Case) -> Iterator[Fault]:
    event, gives = case.event, case.kind.gives
    stage = output_stage(event)
    if event.outputs and gives and not stage:
        yield refusal("RQC-C153", "stage", got="nothing", expected=", ".join(sorted(gives)))
        return
    if event.stage and event.stage not in gives:
        yield refusal("RQC-C151", "stage", got=event.stage, expected=", ".join(sorted(gives)))
        return
    if stage:
        order = STAGE_ORDER[stage]
        for item, state in (*case.inputs, *case.items):
            if state.stage and STAGE_ORDER[state.stage] > order:
                yield refusal("RQC-C151", item.id, got=f"{state.stage} to {stage}", expected=f"{state.stage} or later")


def _decision(case: Case) -> Iterator[Fault]:
    event = case.event
    for item, state in case.items:
        order = STAGE_ORDER.get(state.stage, -1)
        if event.outcome in HOSPITAL_DECISIONS:
            if order < _AFTER_RECEIPT:
                yield refusal(
                    "RQC-C157", item.id, got=f"{event.outcome} at {state.stage or 'no stage'}", expected="after receipt"
                )
        elif event.outcome in PERMITTING_DECISIONS and order >= _BEFORE_SHIPPING:
            yield refusal("RQC-C157", item.id, got=f"{event.outcome} at {state.stage}", expected="before shipping")
