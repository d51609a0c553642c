"""Receipts as they are filled in: kept at once, page by page, and never written over what somebody else wrote meanwhile."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, LargeBinary, String, Table, Text, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from regenqc.canonical import digest_of
from regenqc.console.store.database import METADATA
from regenqc.errors import DataError, Fault
from regenqc.reinspection.receipt import Receipt, read_receipt, receipt_bytes

if TYPE_CHECKING:
    from sqlalchemy import Engine, RowMapping

__all__ = [
    "KeptReceipt",
    "check_shown",
    "find_receipt",
    "keep_receipt",
    "list_receipts",
    "open_receipt",
    "start_receipt",
]

_RECEIPTS: Final = Table(
    "receipt",
    METADATA,
    Column("receipt_id", String(32), primary_key=True),
    Column("item", String(400), nullable=False, index=True),
    Column("site", String(200), nullable=False),
    Column("specification", String(200), nullable=False),
    Column("begun_at", String(40), nullable=False),
    Column("changed_at", String(40), nullable=False, index=True),
    Column("changed_by", String(120), nullable=False),
    Column("digest", String(80), nullable=False),
    Column("body", LargeBinary, nullable=False),
    # What the engine said about this digest; empty once anything changed.
    Column("judged", Text, nullable=False),
    Column("inspection", String(120), nullable=False),
    Column("decision", String(120), nullable=False),
    Column("outcome", String(40), nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReceipt:
    """Hold a receipt and how far it came.

    Args:
        receipt_id: in addresses of pages.
        receipt: as far as it was filled in.
        specification: by which it is judged.
        begun_at: moment.
        changed_at: moment of the last change.
        changed_by: who made it.
        judged: what the engine said about it as it is now, as values of JSON; `None` when it was not asked since.
        inspection: event by which the inspection is recorded, empty before.
        decision: event by which it was decided about, empty before.
        outcome: of the decision.
    """

    receipt_id: str
    receipt: Receipt
    specification: str
    begun_at: str
    changed_at: str
    changed_by: str
    judged: dict[str, Any] | None
    inspection: str
    decision: str
    outcome: str

    @property
    def digest(self) -> str:
        """Return the digest of the receipt, which a form names so that nothing is written over."""
        return digest_of(receipt_bytes(self.receipt))

    @property
    def is_open(self) -> bool:
        """Return whether it may still be filled in: nothing of it is recorded."""
        return not self.inspection


def start_receipt(store: Engine, receipt: Receipt, *, specification: str, person_id: str, now: str) -> str:
    """Keep a new receipt and return its identifier; of a container that is still undecided, that of the one there is."""
    before = open_receipt(store, receipt.item)
    if before is not None:
        return before.receipt_id
    body = receipt_bytes(receipt)
    upsert = sqlite.insert if store.dialect.name == "sqlite" else postgresql.insert
    with store.begin() as connection:
        decided = select(func.count()).where(_RECEIPTS.c.item == receipt.item, _RECEIPTS.c.decision != "")
        earlier = connection.execute(decided).scalar_one()
        # Two that begin at the same moment count the same decided receipts before theirs: they begin one.
        receipt_id = hashlib.sha256(f"{receipt.item}\n{earlier}".encode()).hexdigest()[:24]
        connection.execute(
            upsert(_RECEIPTS).values(
                receipt_id=receipt_id, item=receipt.item, site=receipt.site, specification=specification,
                begun_at=now, changed_at=now, changed_by=person_id, digest=digest_of(body), body=body,
                judged="", inspection="", decision="", outcome="",
            ).on_conflict_do_nothing()
        )  # fmt: skip
    return receipt_id


def open_receipt(store: Engine, item: str) -> KeptReceipt | None:
    """Return the receipt of a container that is not decided about yet."""
    query = select(_RECEIPTS).where(_RECEIPTS.c.item == item, _RECEIPTS.c.decision == "")
    with store.connect() as connection:
        row = connection.execute(query).mappings().first()
    return _kept(row) if row is not None else None


def find_receipt(store: Engine, receipt_id: str) -> KeptReceipt | None:
    """Return a receipt by its identifier."""
    with store.connect() as connection:
        row = connection.execute(select(_RECEIPTS).where(_RECEIPTS.c.receipt_id == receipt_id)).mappings().first()
    return _kept(row) if row is not None else None


def list_receipts(store: Engine, *, site: str, count: int = 100) -> list[KeptReceipt]:
    """Return the receipts of a site, the one changed last first."""
    query = select(_RECEIPTS).where(_RECEIPTS.c.site == site).order_by(_RECEIPTS.c.changed_at.desc()).limit(count)
    with store.connect() as connection:
        return [_kept(row) for row in connection.execute(query).mappings()]


def keep_receipt(
    store: Engine,
    kept: KeptReceipt,
    *,
    seen: str,
    person_id: str,
    now: str,
    receipt: Receipt | None = None,
    judged: dict[str, Any] | None = None,
    inspection: str = "",
    decision: str = "",
    outcome: str = "",
) -> None:
    """Keep what changed.

    Args:
        store: database of the console.
        kept: as it was read.
        seen: digest of the receipt that was on the page.
        person_id: who changes it.
        now: the present moment.
        receipt: as it is now; the same when `None`.
        judged: what the engine said about it.
        inspection: event that records it.
        decision: event that records the decision.
        outcome: of the decision.

    Raises:
        DataError: `RQC-H416`, somebody else changed it meanwhile; nothing was kept.
    """
    body = receipt_bytes(receipt if receipt is not None else kept.receipt)
    values = {
        "body": body,
        "digest": digest_of(body),
        "changed_at": now,
        "changed_by": person_id,
        "judged": json.dumps(judged) if judged is not None else "" if receipt is not None else json.dumps(kept.judged),
        "inspection": inspection or kept.inspection,
        "decision": decision or kept.decision,
        "outcome": outcome or kept.outcome,
    }
    there = (
        _RECEIPTS.c.receipt_id == kept.receipt_id,
        _RECEIPTS.c.digest == seen,
        _RECEIPTS.c.inspection == kept.inspection,
        _RECEIPTS.c.decision == kept.decision,
    )
    with store.begin() as connection:
        changed = connection.execute(update(_RECEIPTS).where(*there).values(**values)).rowcount
    if changed != 1:
        raise _changed(kept)


def check_shown(kept: KeptReceipt, *, seen: str) -> None:
    """Refuse to go on about a receipt that is no longer the one on the page: nobody signs what they were not shown.

    Args:
        kept: as it is.
        seen: digest of the receipt that was on the page.

    Raises:
        DataError: `RQC-H416`.
    """
    if kept.digest != seen:
        raise _changed(kept)


def _changed(kept: KeptReceipt) -> DataError:
    return DataError(
        Fault(
            code="RQC-H416",
            what="Somebody else changed this receipt meanwhile.",
            where=kept.receipt.item,
            action="Nothing of this page was kept. Open the page again, and look at what stands there now.",
        )
    )


def _kept(row: RowMapping) -> KeptReceipt:
    return KeptReceipt(
        receipt_id=row["receipt_id"],
        receipt=read_receipt(bytes(row["body"]), where=row["item"]),
        specification=row["specification"],
        begun_at=row["begun_at"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
        judged=json.loads(row["judged"]) if row["judged"] else None,
        inspection=row["inspection"],
        decision=row["decision"],
        outcome=row["outcome"],
    )
