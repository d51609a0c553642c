"""The ward of the demonstration: invented people of a hospital with keys, and two containers that have just arrived there."""

from __future__ import annotations

import secrets
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from regenqc.cli.demo_office import PASSWORD, WORK_FACTOR
from regenqc.cli.demo_shipment import CONDITION, HOSPITAL, MAKER, leaf_of, logger_file
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from regenqc.custody import Book
    from regenqc.signing.keys import OpenKey

__all__ = ["ARRIVED", "COI", "PACKET", "RECIPIENT", "STAFF", "WARD_LOT", "furnish_ward", "shipment_of"]

WARD_LOT: Final = "HP-00000057"
PACKET: Final = "hp-00000057-release.pdf"
ARRIVED: Final = ("HP-00000057-2", "HP-00000057-3")
RECIPIENT: Final = "PATIENT-0815"
COI: Final = "COI-00000057"
# Pseudonym: name, role in the registry of people, roles in the ledger.
STAFF: Final[dict[str, tuple[str, Role, tuple[str, ...]]]] = {
    "STAFF-0418": ("Cam Example (synthetic)", Role.ANALYST, ("operator",)),
    "PHARM-0201": ("Dana Example (synthetic)", Role.HOSPITAL_INSPECTOR, ("pharmacist", "receiver")),
    "PHARM-0202": ("Eli Example (synthetic)", Role.HOSPITAL_INSPECTOR, ("pharmacist",)),
    "QA-0204": ("Gil Example (synthetic)", Role.HOSPITAL_INSPECTOR, ("quality_assurance",)),
    "NURSE-0203": ("Fay Example (synthetic)", Role.HOSPITAL_INSPECTOR, ("nurse",)),
    "PHYS-0205": ("Hana Example (synthetic)", Role.PHYSICIAN, ("physician",)),
    "REV-0301": ("Ivo Example (synthetic)", Role.REVIEWER, ()),
}
_ADMINISTRATOR: Final = "ADMIN-001"
_SITE: Final = 'site   = "{}"'.format
_GATE: Final = 'schema = "regenqc.gate/1"\nstudy_required = false\nbedside_check_minutes = 30\n'


def furnish_ward(home: Path, *, hospital: Path, now: datetime) -> None:
    """Make the home of a maker's console one of a hospital, at which two containers have just arrived.

    Args:
        home: of the console, with people, keys and ledger of the demonstration.
        hospital: folder that the demonstration wrote: certificates, and the keys that a hospital had before.
        now: the present moment, with zone; the containers arrived a day before.

    What the hospital trusts stands in `trust`, what a product permits on its way in `conditions`, logger files to be read in
    `loggers`, and the release packet in `packets`.
    """
    settings = home / "console.toml"
    stated = settings.read_text(encoding="utf-8")
    settings.write_text(stated.replace(_SITE(MAKER), _SITE(HOSPITAL)), encoding="utf-8")
    ledger = home / "ledger-home"
    (ledger / "gate.toml").write_text(_GATE, encoding="utf-8")
    for name, text in (("conditions/demonstration-frozen.toml", CONDITION), *_loggers(now)):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    if hospital.exists():
        shutil.copytree(hospital / "trust", home / "trust")
        (home / "packets").mkdir()
        shutil.copyfile(hospital / PACKET, home / "packets" / PACKET)
    _record(ledger, _enrol(home, now - timedelta(minutes=30)), now)


def shipment_of(home: Path, item: str) -> tuple[str, str]:
    """Return the identifier of the shipment by which an item arrived, and when it was received."""
    from regenqc.custody.trace import Reader
    from regenqc.ledger import Log

    with Log.open(f"sqlite:///{home / 'ledger-home' / 'ledger.db'}", read_only=True) as log, log.read() as view:
        life = {step.event.kind: step.event for step in Reader(view).life(item)}
    return life["ship"].event_id, life["receive"].event_time


def _enrol(home: Path, now: datetime) -> dict[str, OpenKey]:
    """Enrol the staff in the registry of people, each with a key, and return the opened keys."""
    from regenqc.signing.keys import create_key, key_file_bytes, open_key, read_key_file
    from regenqc.signing.moments import moment_text
    from regenqc.signing.people_file import PeopleFile

    people = PeopleFile(home / "people" / "people.jsonl")
    folder = home / "keys"
    admin = open_key(read_key_file((folder / f"{_ADMINISTRATOR}.key").read_bytes()), password=PASSWORD)
    by: dict[str, Any] = {"by": _ADMINISTRATOR}
    opened = {}
    for number, (person, (name, role, _)) in enumerate(STAFF.items()):
        made = create_key(person, password=PASSWORD, random=secrets.token_bytes, made_at=now, work_factor=WORK_FACTOR)
        (folder / f"{person}.key").write_bytes(key_file_bytes(made))
        own = opened[person] = open_key(made, password=PASSWORD)
        about: dict[str, Any] = {"person_id": person, "reason": "demonstration"}
        moment = now + timedelta(seconds=10 * number)
        people.append("enrolled", now=moment, keys=[admin], printed_name=name, **about, **by)
        people.append("role_granted", now=moment, keys=[admin], role=role.value, **about, **by)
        people.append(
            "key_certified", now=moment, keys=[admin, own], key_id=made.key_id, public_key=made.public_key,
            valid_to=moment_text(now + timedelta(days=3650)), **about, **by,
        )  # fmt: skip
        people.append("first_use_certified", by=person, now=moment, keys=[own], key_id=made.key_id, **about)
    return opened


def _record(home: Path, keys: dict[str, OpenKey], now: datetime) -> None:
    """Record who acts, what holds of recipient, site and people, and the way of two containers to the hospital."""
    from regenqc.custody import SCHEMA, Book, Event, Item, Previous
    from regenqc.custody.moments import milliseconds_of, moment_of
    from regenqc.custody.people_keys import PersonSigner, signed_event
    from regenqc.custody.site import parse_site
    from regenqc.ledger import CheckpointMemory, parse_secret_key

    enrolled, sent, taken, ended = (moment_of(each) for each in _moments(now))
    present = moment_of(now)
    site = parse_site((home / "site.toml").read_text(encoding="utf-8"))
    signers = {person: PersonSigner(person, key) for person, key in keys.items()}

    def add(book: Book, kind: str, event_id: str, moment: str, *, actor: str, role: str, **members: Any) -> None:
        event = Event(
            schema=SCHEMA, kind=kind, event_id=event_id, event_time=moment, record_time=moment, zone=site.zone,
            actor=actor, role=role, **{"site": site.code} | members,
        )  # fmt: skip
        book.append_one(signed_event(event, [signers[actor]]) if actor in signers else event)

    things = tuple(map(Item, ARRIVED))
    granted: dict[str, Any] = {"outcome": "granted", "documents": ("QUALIFIED-1",), "expires_at": ended}
    by_quality: dict[str, Any] = {"actor": "QA-0204", "role": "quality_assurance", "site": HOSPITAL}
    url = f"sqlite:///{home / 'ledger.db'}"
    with Book.open(url, policy=site.policy, now=lambda: present) as book:
        for person, (_, _, roles) in STAFF.items():
            if roles:
                add(
                    book, "actor_enrolled", f"ENROL-{person}", enrolled, actor=site.system, role="system",
                    person=person, roles=roles, keys=(signers[person].verifier.text,),
                )  # fmt: skip
        add(book, "site_qualified", "QUALIFY-SITE", enrolled, destination=HOSPITAL, **granted, **by_quality)
        for person in ("NURSE-0203", "PHYS-0205"):
            add(book, "person_qualified", f"QUALIFY-{person}", enrolled, person=person, **granted, **by_quality)
        add(
            book, "consent", "CONSENT-0815", enrolled, recipient=RECIPIENT, outcome="given",
            documents=("CONSENT-2",), **by_quality,
        )  # fmt: skip
        add(
            book, "ship", "SHIP-57-2", sent, actor="STAFF-0418", role="operator", items=things,
            destination=HOSPITAL, carrier="COURIER-1", coi=COI,
        )  # fmt: skip
        add(
            book, "receive", "RECEIVE-57-2", taken, actor="PHARM-0201", role="pharmacist", site=HOSPITAL,
            items=things, coi=COI, place="PHARMACY-1", previous=Previous("SHIP-57-2", leaf_of(book, "SHIP-57-2")),
        )  # fmt: skip
        signer = parse_secret_key((home / "log.key").read_text(encoding="utf-8"))
        book.log.checkpoint(signer, memory=CheckpointMemory(home / "signed"), now=milliseconds_of(present) // 1000)


def _moments(now: datetime) -> tuple[datetime, datetime, datetime, datetime]:
    """Return when people were enrolled, when the containers were sent and received, and when qualifications end."""
    day = now.replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    return day - timedelta(hours=26), day - timedelta(hours=24), day, now + timedelta(days=700)


def _loggers(now: datetime) -> list[tuple[str, str]]:
    """Return the files of two loggers: one cold all the way, one warm for an hour."""
    from regenqc.custody.moments import moment_of

    _, sent, taken, _ = (moment_of(each) for each in _moments(now))
    return [
        (f"loggers/{item}.csv", logger_file("LOGGER-56", began=sent, ended=taken, warm=item == ARRIVED[-1]))
        for item in ARRIVED
    ]
