"""The event that says in the ledger that a certificate was issued: its number, its batch, and the digest of its record.

Whoever holds the record shows by its digest that it is the one, and by the place in the log when it existed. The log learns
nothing of what the certificate says.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from regenqc.canonical import canonical_json
from regenqc.certificate.content import certificate_bytes
from regenqc.custody.digest_names import digest_name
from regenqc.custody.moments import moment_of
from regenqc.custody.record import SCHEMA, Blob, Event, Item
from regenqc.signing.moments import read_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.certificate.content import Certificate
    from regenqc.custody.site import Site

__all__ = ["MADE_ANEW", "certificate_events"]

# Members in which the same certificate, offered again, may differ: when and by whom the record was made.
MADE_ANEW: Final = ("record_time", "zone", "actor")
_ITEMS_PER_EVENT: Final = 400


def certificate_events(
    certificate: Certificate, *, items: Sequence[str], site: Site, recorded_at: str
) -> tuple[Event, ...]:
    """Return the events of a certificate: one, or several for a batch of more than 400 items.

    Args:
        certificate: sealed.
        items: codes of the items of the batch in the log; the batch itself when empty.
        site: who records.
        recorded_at: the present moment.

    Returns:
        Events of kind `certificate`. The same certificate about the same items has the same event_id.
    """
    batch = str(certificate.decision["batch_id"])
    digest = f"sha256:{hashlib.sha256(certificate_bytes(certificate)).hexdigest()}"
    codes = tuple(dict.fromkeys(items)) or (batch,)
    parts = (codes[start : start + _ITEMS_PER_EVENT] for start in range(0, len(codes), _ITEMS_PER_EVENT))
    return tuple(
        Event(
            schema=SCHEMA,
            kind="certificate",
            event_id=digest_name("CERTIFICATE", canonical_json({"record": digest, "items": list(some)})),
            event_time=moment_of(read_moment(certificate.issued_at)),
            record_time=recorded_at,
            zone=site.zone,
            actor=site.system,
            role="system",
            site=site.code,
            items=tuple(Item(code) for code in some),
            lot=batch,
            stage=str(certificate.decision["stage"]),
            documents=tuple(filter(None, (certificate.certificate_id, str(certificate.decision["decision_id"])))),
            blobs=(Blob(digest, certificate.type),),
        )
        for some in parts
    )
