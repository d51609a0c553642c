"""A maker and a hospital with a ledger each, the receipt of one naming the shipment of the other; for tests to bend.

Every site, person and lot is invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.custody.story import COI, COURIER, HOSPITAL, LATER, LENIENT, PATIENT, Scribe, collected, made, released

from regenqc.custody.book import Book
from regenqc.custody.canonical import encode_event
from regenqc.custody.record import Event, Previous
from regenqc.ledger.merkle import leaf_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAKERS, HOSPITALS = "maker.example/shipping", "hospital.example/receipt"
ELSEWHERE, ELSEWHERES = "HOSPITAL-2", "hospital-2.example/receipt"
DOSE, OTHER, BOX = "DP-0001-1", "DP-0001-2", "BOX-7"
AT_HOSPITAL: dict[str, Any] = {"site": HOSPITAL, "actor": "PHARM-0099", "role": "pharmacist"}
AT_BEDSIDE: dict[str, Any] = {
    "site": HOSPITAL,
    "actor": "NURSE-0501",
    "role": "nurse",
    "second_actor": "PHYS-0077",
    "second_role": "physician",
}


@dataclass
class TwoLedgers:
    """Write the events of both ledgers, a minute apart, and keep them in two books."""

    folder: Path
    makers: list[Event] = field(default_factory=list)
    hospitals: list[Event] = field(default_factory=list)
    elsewhere: list[Event] = field(default_factory=list)
    write: Scribe = field(default_factory=Scribe)

    def made(self) -> TwoLedgers:
        """Make and release a lot of two doses."""
        for some in (collected, made, released):
            self.makers += some(self.write)
        return self

    def sent(self, *codes: str, packed: bool = False, **members: Any) -> Event:
        """Ship doses to the hospital, or the box in which they are packed."""
        if packed:
            self.makers.append(self.write("pack", items=codes, container=BOX, equipment=("LOGGER-55",)))
        told = {"items": (BOX,) if packed else codes, "destination": HOSPITAL, "carrier": COURIER}
        self.makers.append(self.write("ship", **(told | members)))
        return self.makers[-1]

    def received(self, *codes: str, of: Event, **members: Any) -> Event:
        """Receive doses at the hospital, naming the event that sent them."""
        leaf = f"sha256:{leaf_hash(encode_event(of)).hex()}"
        named = Previous(**({"event_id": of.event_id, "leaf": leaf, "origin": MAKERS} | members.pop("previous", {})))
        # What a container is comes with it: no event of this ledger tells.
        told = {"place": "PHARMACY-1", "stage": "drug_product_release", "coi": COI, "lot": "LOT-0001", **AT_HOSPITAL}
        event = self.write("receive", items=codes, previous=named, **(told | members))
        (self.elsewhere if event.site != HOSPITAL else self.hospitals).append(event)
        return event

    def at_hospital(self, kind: str, **members: Any) -> Event:
        """Record something else at the hospital."""
        self.hospitals.append(self.write(kind, **(AT_HOSPITAL | members)))
        return self.hospitals[-1]

    def given(self, code: str) -> Event:
        """Give a dose."""
        self.at_hospital("reinspect", items=(code,), outcome="conformant", coi=COI)
        self.at_hospital("decision", items=(code,), outcome="accept", actor="QA-0042", role="quality_assurance")
        return self.at_hospital("administer", items=(code,), recipient=PATIENT, coi=COI, **AT_BEDSIDE)

    def books(self) -> Iterator[Book]:
        """Yield the books, with everything recorded; that of another hospital only where something happened there."""
        told = [("maker", MAKERS, self.makers), ("hospital", HOSPITALS, self.hospitals)]
        told += [("elsewhere", ELSEWHERES, self.elsewhere)] if self.elsewhere else []
        for name, origin, events in told:
            path = self.folder / f"{name}.db"
            book = Book.open(f"sqlite:///{path}", policy=LENIENT, now=lambda: LATER, origin=origin)
            for event in events:
                book.append_one(event)
            yield book

    def urls(self) -> tuple[str, str]:
        """Return where the ledgers of maker and hospital are."""
        for book in self.books():
            book.close()
        return f"sqlite:///{self.folder}/maker.db", f"sqlite:///{self.folder}/hospital.db"
