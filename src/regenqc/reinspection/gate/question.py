"""What is asked at the bedside: may this item be given to this recipient, here, now, by these two people."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from regenqc.errors import Fault, SpecificationError

__all__ = ["RULES_SCHEMA", "GateRules", "Question", "parse_gate_rules"]

RULES_SCHEMA: Final = "regenqc.gate/1"
_MEMBERS: Final = {
    "schema": str,
    "study_required": bool,
    "serious_reactions_stop": bool,
    "bedside_check_minutes": int,
    "checkpoint_hours": int,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """State what is asked.

    Args:
        item: code on the container.
        recipient: pseudonym of the patient, as read at the bedside.
        coi: chain-of-identity identifier as read from the label; empty when the label has none.
        site: where it would be given.
        actor: who would give it.
        role: in which capacity.
        second_actor: who checks it with them.
        second_role: in which capacity.
        now: the present moment, `2026-03-16T12:00:00.000Z`.
    """

    item: str
    recipient: str
    coi: str
    site: str
    actor: str
    role: str
    second_actor: str
    second_role: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """Hold what a site decides about its gate; what it has not decided blocks where it is needed.

    Args:
        study_required: nothing is given outside a study.
        serious_reactions_stop: nothing is given in a study in which a serious reaction waits for an answer.
        bedside_check_minutes: how long an identity check at the bedside holds.
        checkpoint_hours: how old the last checkpoint may be while the network is down.
    """

    study_required: bool = True
    serious_reactions_stop: bool = True
    bedside_check_minutes: int | None = None
    checkpoint_hours: int | None = None


def parse_gate_rules(text: str, *, where: str = "gate.toml") -> GateRules:
    r"""Return what a site decides about its gate.

    Args:
        text: of the file, TOML.
        where: its name, for messages.

    Raises:
        SpecificationError: `RQC-H001`, with every fault of the file.

    Example:
        >>> parse_gate_rules('schema = "regenqc.gate/1"\nbedside_check_minutes = 15').bedside_check_minutes
        15
    """
    try:
        value: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecificationError(_fault(where, str(error), "a TOML file")) from error
    faults = []
    for name, stated in value.items():
        if name not in _MEMBERS:
            near = get_close_matches(name, _MEMBERS, n=1)
            faults.append(_fault(f"{where} {name}", name, near[0] if near else ", ".join(_MEMBERS)))
        elif type(stated) is not _MEMBERS[name]:
            faults.append(_fault(f"{where} {name}", repr(stated), _MEMBERS[name].__name__))
        elif isinstance(stated, int) and not isinstance(stated, bool) and stated <= 0:
            faults.append(_fault(f"{where} {name}", str(stated), "more than 0"))
    if value.get("schema") != RULES_SCHEMA:
        faults.append(_fault(f"{where} schema", str(value.get("schema", "nothing")), RULES_SCHEMA))
    if faults:
        raise SpecificationError(*faults)
    return GateRules(**{name: stated for name, stated in value.items() if name != "schema"})


def _fault(where: str, got: str, expected: str) -> Fault:
    return Fault(
        code="RQC-H001",
        what="The file with the rules of the gate is not valid.",
        where=where,
        got=got,
        expected=expected,
        action="Correct the file.",
    )
