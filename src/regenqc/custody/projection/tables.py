"""The tables of the projection: who and what each event names, and what is known of every item now.

Every row follows from the log. Codes are numbered in the order in which the log first names them, so the numbers follow from
the log too.

| table | one row for | says |
|---|---|---|
| `custody_name` | each code | its number |
| `custody_use` | each code and manner of use | that it is a site, actor, place, source, destination or carrier |
| `custody_step` | each event | kind, moments in milliseconds since 1970 UTC, site, actor, place |
| `custody_edge` | each thing an event names | in which part: input, output, container, equipment, … |
| `custody_transfer` | each item sent, handed over or received | from whom, to whom |
| `custody_condition` | each logger channel of an event | extremes, excursion and gap in seconds |
| `custody_void` | each event made void | by which correction |
| `custody_place` | each replacement | in whose place it stands |
| `custody_item` | each item | its state as JSON |
| `custody_register` | each person, study, lot | standing as JSON |
| `custody_digest` | each full block of events | digest of its rows, chained |
| `custody_refusal` | each refused event | who offered it, when, which rules it violates |

The last table is not derived: it keeps what the log did not take.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from typing import Literal

__all__ = [
    "COLUMNS",
    "DIGEST_BLOCK",
    "VERSION",
    "ConditionRow",
    "Part",
    "StepRow",
    "TransferRow",
    "Use",
    "definitions",
]

VERSION: Final = 1
# Events whose rows one digest covers.
DIGEST_BLOCK: Final = 4_096


class Part(IntEnum):
    """In which part an event names a thing; the numbers are stored and never change."""

    ITEM = 0
    INPUT = 1
    OUTPUT = 2
    CONTAINER = 3
    EQUIPMENT = 4
    LOT = 5
    DONOR = 6
    RECIPIENT = 7
    STUDY = 8
    IDENTITY = 9
    SUBJECT = 10


class Use(IntEnum):
    """As what an event names a code outside its edges; the numbers are stored and never change."""

    SITE = 0
    ACTOR = 1
    PLACE = 2
    SOURCE = 3
    DESTINATION = 4
    CARRIER = 5


class StepRow(NamedTuple):
    """One event; names are numbers, 0 stands for none."""

    event: int
    kind: int
    event_time: int
    record_time: int
    site: int
    actor: int
    place: int


class TransferRow(NamedTuple):
    """One item that changes hands; names are numbers, 0 stands for none."""

    event: int
    subject: int
    source: int
    destination: int
    carrier: int


class ConditionRow(NamedTuple):
    """One logger channel; moments in milliseconds, values as reported."""

    event: int
    position: int
    channel: int
    started: int
    ended: int
    unit: str
    minimum: str
    maximum: str
    mean: str
    excursion_seconds: str
    gap_seconds: str
    budget_seconds: str


COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "custody_name": ("number", "text"),
    "custody_use": ("number", "sort"),
    "custody_step": StepRow._fields,
    "custody_edge": ("event", "part", "subject"),
    "custody_transfer": TransferRow._fields,
    "custody_condition": ConditionRow._fields,
    "custody_void": ("event", "correction"),
    "custody_place": ("event", "replaces"),
    "custody_item": ("subject", "state"),
    "custody_register": ("sort", "code", "value"),
    "custody_digest": ("through", "names", "digest"),
    "custody_refusal": ("number", "refused_at", "offered_by", "event_id", "digest", "rules", "faults", "body", "chain"),
}


def definitions(dialect: Literal["sqlite", "postgresql"]) -> tuple[str, ...]:
    """Return the statements that create the tables.

    Example:
        >>> definitions("sqlite")[0]
        'CREATE TABLE custody_name (number INTEGER PRIMARY KEY, text TEXT NOT NULL)'
    """
    integer, binary, clustered = (
        ("INTEGER", "BLOB", " WITHOUT ROWID") if dialect == "sqlite" else ("BIGINT", "BYTEA", "")
    )
    condition = ", ".join(f"{name} TEXT NOT NULL" for name in ConditionRow._fields[5:])
    return (
        f"CREATE TABLE custody_name (number {integer} PRIMARY KEY, text TEXT NOT NULL)",
        "CREATE UNIQUE INDEX custody_name_text ON custody_name (text)",
        (
            f"CREATE TABLE custody_use (number {integer} NOT NULL, sort {integer} NOT NULL, "
            f"PRIMARY KEY (number, sort)){clustered}"
        ),
        f"CREATE TABLE custody_step (event {integer} PRIMARY KEY, "
        + ", ".join(f"{name} {integer} NOT NULL" for name in StepRow._fields[1:])
        + ")",
        (
            f"CREATE TABLE custody_edge (event {integer} NOT NULL, part {integer} NOT NULL, subject {integer} NOT NULL, "
            f"PRIMARY KEY (event, part, subject)){clustered}"
        ),
        "CREATE INDEX custody_edge_subject ON custody_edge (subject, part, event)",
        (
            f"CREATE TABLE custody_transfer (event {integer} NOT NULL, subject {integer} NOT NULL, "
            f"source {integer} NOT NULL, destination {integer} NOT NULL, carrier {integer} NOT NULL, "
            f"PRIMARY KEY (event, subject)){clustered}"
        ),
        (
            f"CREATE TABLE custody_condition (event {integer} NOT NULL, position {integer} NOT NULL, "
            f"channel {integer} NOT NULL, started {integer} NOT NULL, ended {integer} NOT NULL, {condition}, "
            f"PRIMARY KEY (event, position)){clustered}"
        ),
        f"CREATE TABLE custody_void (event {integer} PRIMARY KEY, correction {integer} NOT NULL)",
        f"CREATE TABLE custody_place (event {integer} PRIMARY KEY, replaces {integer} NOT NULL)",
        f"CREATE TABLE custody_item (subject {integer} PRIMARY KEY, state TEXT NOT NULL)",
        (
            "CREATE TABLE custody_register (sort TEXT NOT NULL, code TEXT NOT NULL, value TEXT NOT NULL, "
            f"PRIMARY KEY (sort, code)){clustered}"
        ),
        f"CREATE TABLE custody_digest (through {integer} PRIMARY KEY, names {integer} NOT NULL, digest {binary} NOT NULL)",
        (
            f"CREATE TABLE custody_refusal (number {integer} PRIMARY KEY, refused_at {integer} NOT NULL, "
            f"offered_by TEXT NOT NULL, event_id TEXT NOT NULL, digest {binary} NOT NULL, rules TEXT NOT NULL, "
            f"faults TEXT NOT NULL, body {binary}, chain {binary} NOT NULL)"
        ),
    )
