"""An office of people who sign: keys made once, a registry made of statements, a clock that is set by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from regenqc.canonical import digest_of
from regenqc.signing import AttemptLog, KeyFile, OpenKey, People, SigningSession, create_key, open_key
from regenqc.signing.people_file import make_statement
from regenqc.signing.statement import Settings, line_of

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 3, 16, 8, tzinfo=UTC)
EXPIRY = "2028-12-31T23:59:59Z"
CHEAP = 2**14
SETTINGS = Settings(
    lockout_after=3, session_seconds=900, clock_tolerance_seconds=60, shortest_password=8, review_required=False
)
STAFF = {
    "QP-0001": ("Ana Example", "qualified_person"),
    "QP-0002": ("Wei Example", "qualified_person"),
    "REV-0001": ("Kim Example", "reviewer"),
    "LAB-0001": ("Lee Example", "analyst"),
    "PHYS-0001": ("Pat Example", "physician"),
}


def password_of(person: str) -> str:
    return f"correct horse {person}"


def random_of(person: str):
    def draw(count: int) -> bytes:
        return (sha256(person.encode()).digest() * 2)[:count]

    return draw


@cache
def key_of(person: str) -> KeyFile:
    return create_key(person, password=password_of(person), random=random_of(person), made_at=START, work_factor=CHEAP)


@cache
def opened(person: str) -> OpenKey:
    return open_key(key_of(person), password=password_of(person))


@dataclass
class Clock:
    now: datetime = START + timedelta(days=1)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **lapse: float) -> None:
        self.now += timedelta(**lapse)


def stated(
    people: People,
    kind: str,
    *,
    by: str = "ADMIN-001",
    at: datetime = START,
    keys: tuple[str, ...] = (),
    **members: Any,
) -> People:
    """Return the registry with one more statement, by the administrator unless told otherwise."""
    signers = [opened(person) for person in (keys or (by,))]
    statement = make_statement(people, kind, by=by, now=at, keys=signers, **members)
    return people.with_statement(statement, digest=digest_of(line_of(statement)))


def founded(settings: Settings = SETTINGS, **members: Any) -> People:
    said = {
        "site": "MAKER-1",
        "settings": settings,
        "person_id": "ADMIN-001",
        "printed_name": "B. Example",
        "key_id": key_of("ADMIN-001").key_id,
        "public_key": key_of("ADMIN-001").public_key,
        "valid_to": "2036-12-31T23:59:59Z",
        "reason": "first administrator",
    }
    return stated(People(), "founded", **(said | members))


def enrolled(
    people: People, person: str, *, name: str, role: str, at: datetime = START, valid_to: str = EXPIRY
) -> People:
    """Return the registry with a person who may sign."""
    people = stated(people, "enrolled", at=at, person_id=person, printed_name=name, reason="passport seen")
    people = stated(people, "role_granted", at=at, person_id=person, role=role, reason="appointed")
    people = certified(people, person, at=at, valid_to=valid_to)
    key_id = key_of(person).key_id
    return stated(
        people, "first_use_certified", by=person, at=at, person_id=person, key_id=key_id, reason="binding like by hand"
    )


def certified(people: People, person: str, *, at: datetime = START, valid_to: str = EXPIRY) -> People:
    key = key_of(person)
    return stated(
        people,
        "key_certified",
        at=at,
        keys=("ADMIN-001", person),
        person_id=person,
        key_id=key.key_id,
        public_key=key.public_key,
        valid_to=valid_to,
        reason="first key",
    )


@cache
def staffed() -> People:
    """Return a registry with everybody of `STAFF`."""
    people = founded()
    for person, (name, role) in STAFF.items():
        people = enrolled(people, person, name=name, role=role)
    return people


def lines_of(people: People) -> bytes:
    return b"".join(line_of(statement) + b"\n" for statement in people.statements)


@dataclass
class Desk:
    """A machine at which somebody signs."""

    folder: Path
    people: People = field(default_factory=staffed)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.attempts = AttemptLog(self.folder / "attempts.jsonl")
        self.session = SigningSession(self.people, attempts=self.attempts, clock=self.clock)

    def sign(self, content: bytes = b"shown", *, person: str = "QP-0001", **changes: Any):
        said: dict[str, Any] = {
            "key": key_of(person),
            "password": password_of(person),
            "person_id": person,
            "role": STAFF[person][1] if person in STAFF else "qualified_person",
            "meaning": "certification",
            "document_id": "DECISION-1",
            "document_schema": "regenqc.decision/1",
        }
        return self.session.sign(content, **(said | changes))
