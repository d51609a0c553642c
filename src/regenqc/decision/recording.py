"""The event that says in the ledger that a decision was taken: its outcome, whose it is, and the digest of the document.

The log learns no result and no reason. Whoever holds the decision shows by its digest that it is the one, and by the place in
the log when it existed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.canonical import canonical_json, digest_of
from regenqc.custody.digest_names import digest_name
from regenqc.custody.moments import moment_of
from regenqc.custody.record import SCHEMA, Blob, Event, Item
from regenqc.decision.faults import refused
from regenqc.decision.model import decision_bytes
from regenqc.signing.moments import read_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.custody.site import Site
    from regenqc.decision.model import Decision

__all__ = ["MADE_ANEW", "decision_event_id", "decision_events"]

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
