"""What two people do at the bedside, as events of custody: identity checked, thaw begun, given; and what is not given.

The event_id follows from what was said and from the sheet it was said on, so that the same sheet sent twice is one act.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from regenqc.canonical import canonical_json
from regenqc.custody.digest_names import digest_name
from regenqc.custody.moments import is_moment
from regenqc.custody.record import SCHEMA, Event, Item
from regenqc.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.state import ItemState

__all__ = ["ACTS", "MADE_ANEW", "Sheet", "compared", "sheet_event", "sheet_faults"]

# What may be done, and whether two people do it.
ACTS: Final[dict[str, bool]] = {
    "bedside_check": True,
    "thaw_at_bedside": True,
    "administer": True,
    "discard": False,
    "return": False,
}
# What differs each time the same sheet is recorded.
MADE_ANEW: Final = ("event_time", "record_time", "signatures")
_CONFORMANT, _MISMATCH = "conformant", "mismatch_instance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Hold what people read and say about one container.

    Args:
        sheet: name of the sheet, new for each act; the same act sent again carries the same.
        item: code on the container.
        actor: who does it.
        role: in which role.
        second_actor: who does it with them; empty for what one person does.
        second_role: in which role.
        recipient: pseudonym of the patient as read at the bedside.
        coi: chain-of-identity identifier as read from the label.
        quantity: given or destroyed, in the unit of the item; empty for one whole thing.
        expires_at: until when what was thawed may be given.
        destination: to which it is returned.
        reason: in words.
    """

    sheet: str
    item: str
    actor: str
    role: str
    second_actor: str = ""
    second_role: str = ""
    recipient: str = ""
    coi: str = ""
    quantity: str = ""
    expires_at: str = ""
    destination: str = ""
    reason: str = ""


def compared(sheet: Sheet, state: ItemState) -> str:
    """Return what the check finds: `conformant`, or `mismatch_instance` when wristband or label are not the item's.

    Example:
        >>> from regenqc.custody.state import ItemState
        >>> read = Sheet(sheet="1", item="DP-1", actor="NURSE-0501", role="nurse", recipient="PATIENT-0815", coi="COI-1")
        >>> compared(read, ItemState(recipient="PATIENT-0815", coi="COI-1"))
        'conformant'
        >>> compared(read, ItemState(recipient="PATIENT-0999", coi="COI-1"))
        'mismatch_instance'
    """
    is_its_own = not state.recipient or sheet.recipient == state.recipient
    return _CONFORMANT if is_its_own and sheet.recipient and sheet.coi == state.coi else _MISMATCH


def sheet_faults(kind: str, sheet: Sheet, state: ItemState) -> Iterator[Fault]:
    """Yield what keeps a sheet from being recorded, beyond what the rules of the ledger say.

    Codes: `RQC-H420` two different people do it, `RQC-H421` something is not said, `RQC-H422` it is not this patient's.
    """
    if ACTS[kind] and sheet.second_actor in {"", sheet.actor}:
        yield _fault(
            "RQC-H420",
            "Two different people do this.",
            "second_actor",
            sheet.second_actor or "nobody",
            "another person",
        )
    needed = {
        "bedside_check": ("recipient",),
        "thaw_at_bedside": ("recipient", "expires_at"),
        "administer": ("recipient", *(("quantity",) if state.made else ())),
        "discard": ("reason", *(("quantity",) if state.made else ())),
        "return": ("reason", "destination"),
    }[kind]
    for name in needed:
        if not getattr(sheet, name).strip():
            yield _fault("RQC-H421", "Something is not said yet.", name, "nothing", name.replace("_", " "))
    if sheet.expires_at and not is_moment(sheet.expires_at):
        yield _fault("RQC-H421", "This is no moment.", "expires_at", sheet.expires_at, "as 2026-03-16T12:00Z")
    if kind in {"thaw_at_bedside", "administer"} and compared(sheet, state) != _CONFORMANT:
        yield _fault(
            "RQC-H422", "Stop: this container is not this patient's.", sheet.item, "it does not match", "a match"
        )


def sheet_event(kind: str, sheet: Sheet, state: ItemState, *, site: str, zone: str, now: str) -> Event:
    """Return the event of a sheet on which `sheet_faults` finds nothing.

    Args:
        kind: one of `ACTS`.
        sheet: what was read and said.
        state: of the item, as the ledger knows it.
        site: where.
        zone: offset of the site's wall clock.
        now: the present moment.

    A check that finds another patient names the patient and the identity of the container, not those that were read: otherwise
    the record would connect people who have nothing to do with each other.
    """
    members: dict[str, Any] = {}
    if ACTS[kind]:
        members = {
            "second_actor": sheet.second_actor,
            "second_role": sheet.second_role,
            "recipient": state.recipient or sheet.recipient,
            "coi": state.coi,
        }
    if kind == "bedside_check":
        members["outcome"] = compared(sheet, state)
    elif kind == "thaw_at_bedside":
        members["expires_at"] = sheet.expires_at
    elif kind == "return":
        members["destination"] = sheet.destination
    if kind in {"discard", "return"}:
        members["reason"] = sheet.reason.strip()
    is_measured = kind in {"administer", "discard"} and bool(state.made)
    return Event(
        schema=SCHEMA,
        kind=kind,
        event_id=digest_name("BEDSIDE", canonical_json({"kind": kind, "site": site, **asdict(sheet)})),
        event_time=now,
        record_time=now,
        zone=zone,
        actor=sheet.actor,
        role=sheet.role,
        site=site,
        items=(Item(sheet.item, sheet.quantity.strip(), state.unit) if is_measured else Item(sheet.item),),
        **members,
    )


def _fault(code: str, what: str, where: str, got: str, expected: str) -> Fault:
    return Fault(code=code, what=what, where=where, got=got, expected=expected)
