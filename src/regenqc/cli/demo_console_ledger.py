"""What the ledger of `regenqc demo --serve` knows of the lots that wait: from which donation, with which medium, filled into what."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from regenqc.custody import Event
    from regenqc.custody.site import Site
    from regenqc.signing.keys import OpenKey

__all__ = ["WAITING_LOTS", "record_waiting_lots"]

# Lot, product, the names of its items, and the chain of identity of an autologous one.
WAITING_LOTS: Final = (
    ("SYNTHETIC-CD20-11", "SYNTHETIC-CD20-CAR-T", "CD20-11", "COI-CD20-11"),
    ("SYNTHETIC-CD20-12", "SYNTHETIC-CD20-CAR-T", "CD20-12", "COI-CD20-12"),
    ("SYNTHETIC-CD20-13", "SYNTHETIC-CD20-CAR-T", "CD20-13", "COI-CD20-13"),
    ("SYNTHETIC-MSC/07", "SYNTHETIC-MSC", "MSC-07", ""),
    ("SYNTHETIC-MSC/08", "SYNTHETIC-MSC", "MSC-08", ""),
)
_OPERATOR: Final = "STAFF-0417"
_MEDIUM: Final = "MEDIUM-0533"


def record_waiting_lots(folder: Path, *, person: str, key: OpenKey, moment: datetime) -> None:
    """Record who else releases, and the lots from donation to filling.

    Args:
        folder: of the ledger, with its `site.toml`.
        person: who releases beside the one of the story.
        key: of that person, opened.
        moment: of everything; before it, nothing is known of these lots.

    Raises:
        LedgerError: the rules refuse an event.
    """
    from regenqc.custody import Book, Declined
    from regenqc.custody.moments import moment_of
    from regenqc.custody.site import parse_site
    from regenqc.ledger.note import Ed25519Verifier

    site = parse_site((folder / "site.toml").read_text(encoding="utf-8"))
    enrolled = {
        "person": person,
        "roles": ("qualified_person",),
        "keys": (Ed25519Verifier(person, key.public_key).text,),
    }
    events = [
        _event(
            site, "actor_enrolled", f"ENROL-{person}", moment_of(moment), actor=site.system, role="system", **enrolled
        ),
        *_lots(site, moment),
    ]
    with Book.open(f"sqlite:///{folder / 'ledger.db'}", policy=site.policy, now=lambda: moment_of(moment)) as book:
        for outcome in book.append(events):
            if isinstance(outcome, Declined):
                raise LedgerError(*outcome.faults)


def _lots(site: Site, moment: datetime) -> Iterator[Event]:
    from regenqc.custody import Item
    from regenqc.custody.moments import moment_of

    def at(days: int) -> str:
        return moment_of(moment - timedelta(days=days))

    expires = moment_of(moment + timedelta(days=365))
    yield _event(
        site, "receipt", "WAITING-MEDIUM", at(30), outputs=(Item(_MEDIUM, "5000", "mL"),), lot="ML-0533",
        source="SUPPLIER-1", expires_at=expires,
    )  # fmt: skip
    for number, (lot, product, name, coi) in enumerate(WAITING_LOTS, start=1):
        own: dict[str, Any] = {"coi": coi} if coi else {}
        yield _event(
            site, "donation", f"WAITING-{name}-1", at(20), donor=f"DONOR-9{number:02}", lot=f"DONATION-{name}",
            outputs=(Item(f"DONATION-{name}", "150", "mL"),), **own,
        )  # fmt: skip
        yield _event(
            site, "expansion", f"WAITING-{name}-2", at(14), inputs=(Item(_MEDIUM, "400", "mL"),),
            items=(Item(f"DONATION-{name}"),), **own,
        )  # fmt: skip
        yield _event(
            site, "formulation", f"WAITING-{name}-3", at(5), inputs=(Item(f"DONATION-{name}", "120", "mL"),),
            outputs=(Item(f"SUSPENSION-{name}", "100", "mL"),), **own,
        )  # fmt: skip
        yield _event(
            site, "filling", f"WAITING-{name}-4", at(4), inputs=(Item(f"SUSPENSION-{name}", "100", "mL"),),
            outputs=(Item(f"{name}-1", "50", "mL"), Item(f"{name}-2", "50", "mL")), lot=lot, product=product,
            expires_at=moment_of(moment + timedelta(days=170)), **own,
        )  # fmt: skip


def _event(
    site: Site, kind: str, event_id: str, moment: str, *, actor: str = _OPERATOR, role: str = "operator", **said: Any
) -> Event:
    from regenqc.custody import SCHEMA, Event

    return Event(
        schema=SCHEMA, kind=kind, event_id=event_id, event_time=moment, record_time=moment, zone=site.zone, actor=actor,
        role=role, site=site.code, **said,
    )  # fmt: skip
