"""Continuity of identity: whose it is stays the same from the first collection to the patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.custody.kinds import Group
from regenqc.custody.rules.case import refusal
from regenqc.custody.state import stated_identity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.rules.case import Case
    from regenqc.errors import Fault

__all__ = ["identity_violations"]


def identity_violations(case: Case) -> Iterator[Fault]:
    """Yield violations of RQC-C111 to RQC-C115."""
    event, kind = case.event, case.kind
    carried = ""
    for item, state in (*case.inputs, *case.items):
        stated = stated_identity(event, item)
        if state.coi:
            if stated and stated != state.coi:
                yield refusal(
                    "RQC-C111", item.id, got=stated, expected=state.coi, action="Stop: this is not that item."
                )
            elif not stated and kind.identity_point:
                yield refusal(
                    "RQC-C112", item.id, got="none stated", expected=state.coi, action="Read it from the label."
                )
            if carried and kind.group == Group.PROCESS and state.coi != carried:
                yield refusal("RQC-C113", item.id, got=f"{carried} and {state.coi}", expected="one chain of identity")
            carried = carried or state.coi
        if event.recipient and state.recipient and event.recipient != state.recipient:
            yield refusal("RQC-C115", item.id, got=event.recipient, expected=state.recipient)
    if carried and kind.group == Group.PROCESS:
        for item in event.outputs:
            stated = stated_identity(event, item)
            if not stated:
                yield refusal("RQC-C114", item.id, got="none stated", expected=carried)
            elif stated != carried:
                yield refusal("RQC-C111", item.id, got=stated, expected=carried)
