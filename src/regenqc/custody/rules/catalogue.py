"""The rules in words: what each id refuses."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RULES"]

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # custody
        "RQC-C101": "Only the site that holds an item may work with it.",
        "RQC-C102": "Only who holds an item can hand it over.",
        "RQC-C103": "Only an item on its way to this site can be received here.",
        "RQC-C104": "A receipt from another log names that log and the leaf hash of the event that sent the item.",
        "RQC-C105": "A receipt names the event that sent the item.",
        "RQC-C106": "An item on its way must be received before anything else is done with it.",
        "RQC-C107": "A packed item must be unpacked first, from the container that it is in.",
        "RQC-C108": "A container cannot be packed into itself.",
        # identity
        "RQC-C111": "The chain-of-identity identifier is the same at every point.",
        "RQC-C112": "At a point of verification the chain-of-identity identifier is stated.",
        "RQC-C113": "Items of different chains of identity never meet.",
        "RQC-C114": "What comes from an item with a chain-of-identity identifier carries it on.",
        "RQC-C115": "An item for one recipient goes to no other.",
        # time
        "RQC-C121": "An event does not happen before the last event that changed the item.",
        "RQC-C122": "Nothing is recorded before it happens.",
        "RQC-C123": "Nothing is recorded in the future.",
        # quantity
        "RQC-C131": "No more is used, administered, destroyed or counted than is left.",
        "RQC-C132": "A quantity is stated in the unit of the item.",
        "RQC-C133": "From a measured item a stated quantity is taken.",
        "RQC-C134": "A measured item moves as a whole.",
        "RQC-C135": "An item comes into being once.",
        "RQC-C136": "Dividing an item does not make more of it.",
        # standing
        "RQC-C141": "No step on a recalled item.",
        "RQC-C142": "No step on a rejected or refused item.",
        "RQC-C143": "No step on an expired item.",
        "RQC-C144": "No step in a suspended or terminated study.",
        "RQC-C145": "No step on an item that is used up, administered or destroyed.",
        "RQC-C146": "No step on an item in quarantine.",
        "RQC-C147": "No shipping and no administration while an investigation is open.",
        "RQC-C148": "No step on an item that was sent back.",
        "RQC-C149": "A recalled or rejected item is not released or accepted, and what was refused stays refused.",
        # stage
        "RQC-C151": "Stages only move forward, and each step takes the stages it is made for.",
        "RQC-C152": "A product comes from cells, not from materials alone.",
        "RQC-C153": "A step whose outputs could be of several stages says which.",
        "RQC-C154": "A product is released before it is shipped.",
        "RQC-C155": "A product is released before it is administered; another log may tell that.",
        "RQC-C156": "A product that came from elsewhere is accepted before it is administered.",
        "RQC-C157": "Release is decided before shipping, acceptance after receipt.",
        "RQC-C158": "A study is resumed when it is suspended; a terminated one stays so.",
        # people and items
        "RQC-C161": "Only items of this log are worked with.",
        "RQC-C162": "Only enrolled people act.",
        "RQC-C163": "People act in a role that they have.",
        "RQC-C164": "Who enrols people is entitled to.",
        "RQC-C165": "Both sides sign.",
        "RQC-C166": "A signature is by a key of its actor, not revoked, and verifies.",
        "RQC-C167": "Two people are two.",
        # the book
        "RQC-C171": "An event_id names one event.",
        "RQC-C181": "A correction names an event of this log.",
        "RQC-C182": "A correction names an event that can be corrected and still stands.",
        "RQC-C183": "A replacement names a void event whose place is free.",
        "RQC-C191": "A projection digest is the digest of this projection.",
    }
)
