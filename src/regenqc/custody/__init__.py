"""Chain of custody, identity and condition of every item: events, rules, and the answers that follow from them.

`record` and `kinds` say what an event is, `canonical` which bytes it has, `rules` what may follow what. `book` joins them with
the provable log; `trace` answers from it, `picture` draws, `epcis` exchanges, `identifiers` reads what is on labels.

>>> from regenqc.custody import Book, Event, Item, Policy
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from regenqc.custody.book import Book, Declined, Keeper, Noted
    from regenqc.custody.canonical import canonical_json, decode_event, encode_event, signed_bytes
    from regenqc.custody.kinds import KINDS, Kind
    from regenqc.custody.reading import event_faults, read_event
    from regenqc.custody.record import (
        SCHEMA,
        Blob,
        Condition,
        Event,
        Item,
        Measurement,
        Previous,
        Signature,
    )
    from regenqc.custody.rules import RULES, Policy

__all__ = [
    "KINDS",
    "RULES",
    "SCHEMA",
    "Blob",
    "Book",
    "Condition",
    "Declined",
    "Event",
    "Item",
    "Keeper",
    "Kind",
    "Measurement",
    "Noted",
    "Policy",
    "Previous",
    "Signature",
    "canonical_json",
    "decode_event",
    "encode_event",
    "event_faults",
    "read_event",
    "signed_bytes",
]

# Imported on first use: whoever reads a label opens no database.
_HOMES = {
    **dict.fromkeys(("Book", "Declined", "Keeper", "Noted"), "book"),
    **dict.fromkeys(("canonical_json", "decode_event", "encode_event", "signed_bytes"), "canonical"),
    **dict.fromkeys(("KINDS", "Kind"), "kinds"),
    **dict.fromkeys(("event_faults", "read_event"), "reading"),
    **dict.fromkeys(("RULES", "Policy"), "rules"),
    **dict.fromkeys(("SCHEMA", "Blob", "Condition", "Event", "Item", "Measurement", "Previous", "Signature"), "record"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'regenqc.custody' has no attribute '{name}'")
    value = getattr(import_module(f"regenqc.custody.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
