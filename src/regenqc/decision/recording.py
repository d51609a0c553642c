"""The event that says in the ledger that a decision was taken: its outcome, whose it is, and the digest of the document.

The log learns no result and no reason. Whoever holds the decision shows by its digest that it is the one, and by the place in
the log when it existed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.canonical import canonical_json, digest_of
from regenqc.custody.digest_names import digest_name
from regenqc.custody.evaluation_event import items_of_batch
from regenqc.custody.moments import moment_of
from regenqc.custody.people_keys import PersonSigner, signed_event
from regenqc.custody.record import SCHEMA, Blob, Event, Item
from regenqc.custody.repeated import as_recorded
from regenqc.decision.faults import refused
from regenqc.decision.model import decision_bytes
from regenqc.signing.moments import read_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody import Book, Declined, Noted
    from regenqc.custody.site import Site
    from regenqc.decision.folder import DecisionFolder
    from regenqc.decision.model import Decision
    from regenqc.signing.keys import Opened

__all__ = [
    "MADE_ANEW",
    "append_decision",
    "append_events",
    "decision_event_id",
    "decision_events",
    "signed_events",
    "withdrawn_by",
]

# Members in which the same decision, offered again, may differ: when the record was made, and its signature.
MADE_ANEW: Final = ("record_time", "signatures")
_ITEMS_PER_EVENT: Final = 400


def decision_event_id(decision: Decision, items: Sequence[str]) -> str:
    """Return the identifier of the event of a decision about some items; the same decision has the same."""
    return digest_name("DECISION", canonical_json({"decision": decision.decision_id, "items": list(items)}))


def decision_events(
    decision: Decision, *, items: Sequence[str], site: Site, recorded_at: str, withdrawn: Decision | None = None
) -> tuple[Event, ...]:
    """Return the events of a decision: one, or several for a batch of more than 400 items.

    Args:
        decision: with all its signatures.
        items: codes of the items of the batch in the log; the batch itself when empty.
        site: who records.
        recorded_at: the present moment.
        withdrawn: decision that a withdrawal takes back.

    Returns:
        Events of kind `decision`; of kind `correction`, which makes the event of the withdrawn decision void, for a
        withdrawal. The actor is whoever gave the last signature. Whether the rules admit them, the book says.

    Raises:
        UsageError: `RQC-A070`, signatures are missing, or what is withdrawn is not given.
    """
    if not decision.is_complete or (decision.kind == "withdrawal") is not (withdrawn is not None):
        raise refused(
            "RQC-A070",
            "Only a decision with all its signatures is recorded, and a withdrawal with what it withdraws.",
            where=decision.decision_id,
            got=f"{len(decision.signatures)} of {len(decision.required_signatures)} signatures",
        )
    last = decision.signatures[-1]
    codes = tuple(dict.fromkeys(items)) or (decision.batch_id,)
    made = []
    for start in range(0, len(codes), _ITEMS_PER_EVENT):
        some = codes[start : start + _ITEMS_PER_EVENT]
        event = {
            "schema": SCHEMA,
            "event_id": decision_event_id(decision, some),
            "event_time": moment_of(read_moment(last.signed_at)),
            "record_time": recorded_at,
            "zone": site.zone,
            "actor": last.person_id,
            "role": last.role,
            "site": site.code,
            "documents": (decision.decision_id,),
            "blobs": (Blob(digest_of(decision_bytes(decision)), "decision"),),
        }
        if withdrawn is not None:
            said = {
                "corrects": decision_event_id(withdrawn, some),
                "basis": "incorrect_data",
                "reason": decision.reason,
            }
            made.append(Event(kind="correction", **event, **said))  # type: ignore[arg-type] # one type by name
        else:
            said_of_lot = {"items": tuple(Item(code) for code in some), "lot": decision.batch_id}
            made.append(
                Event(kind="decision", **event, **said_of_lot, stage=decision.stage, outcome=decision.kind)  # type: ignore[arg-type] # one type by name
            )
    return tuple(made)


def withdrawn_by(decision: Decision, folder: DecisionFolder) -> Decision | None:
    """Return the decision that a withdrawal takes back, `None` for any other decision."""
    if decision.kind != "withdrawal":
        return None
    return next(each for each in folder.of_lot(decision.batch_id) if each.decision_id == decision.supersedes)


def signed_events(
    book: Book, decision: Decision, *, site: Site, key: Opened, recorded_at: str, withdrawn: Decision | None = None
) -> list[Event]:
    """Return the events of a decision, signed by whoever gave its last signature; those on record stay as they are.

    Args:
        book: to which they will be offered.
        decision: with all its signatures.
        site: who records.
        key: opened, of whoever gave the last signature.
        recorded_at: the present moment.
        withdrawn: decision that a withdrawal takes back.
    """
    with book.read() as view:
        items = items_of_batch(view, decision.batch_id)
    made = decision_events(decision, items=items, site=site, recorded_at=recorded_at, withdrawn=withdrawn)
    signer = PersonSigner(decision.signatures[-1].person_id, key)
    offered = as_recorded(book.log, made, members=MADE_ANEW)
    return [event if event.signatures else signed_event(event, [signer]) for event in offered]


def append_events(book: Book, decision: Decision, events: Sequence[Event]) -> list[Noted | Declined]:
    """Offer the signed events of a decision to a ledger and return what became of them; offering them again changes nothing.

    Args:
        book: open for writing.
        decision: with all its signatures.
        events: of it, signed.
    """
    # Beside the ledger: what may follow a conditional release, and until when, is read from it at the bedside.
    book.log.put_blob(decision_bytes(decision))
    return [outcome for some in book.append_many(events, per_transaction=100) for outcome in some]


def append_decision(
    book: Book, decision: Decision, *, site: Site, key: Opened, recorded_at: str, withdrawn: Decision | None = None
) -> list[Noted | Declined]:
    """Offer a decision to a ledger and return what became of its events; arguments as `signed_events`."""
    events = signed_events(book, decision, site=site, key=key, recorded_at=recorded_at, withdrawn=withdrawn)
    return append_events(book, decision, events)
