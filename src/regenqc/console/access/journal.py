"""The journal: who had access to what, when, from where; every sign-in and every refusal. Lines are only ever added.

Each line holds the digest of the line before. The database refuses to change or remove one; whoever does so beyond the
database breaks the chain, and whoever cuts its end contradicts the head that an export printed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from threading import Lock
from typing import TYPE_CHECKING, Final
from unicodedata import normalize

from sqlalchemy import DDL, Column, Connection, Engine, Index, Integer, String, Table, event, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from regenqc.canonical import canonical_json, digest_of
from regenqc.console.store.database import METADATA
from regenqc.errors import Fault, UsageError
from regenqc.signing.moments import moment_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import Request

__all__ = ["Event", "Line", "Outcome", "every_line", "journal_faults", "lines", "record", "write"]


class Event(StrEnum):
    """What a line of the journal speaks about."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    PASSWORD = "password"  # noqa: S105 - a word of the journal
    SECOND_FACTOR = "second_factor"
    ACCOUNT = "account"
    SERVICE_KEY = "service_key"
    CUSTODY = "custody"
    GATE = "gate"
    RECEIPT = "receipt"
    SIGNATURE = "signature"
    LEDGER = "ledger"
    PEOPLE = "people"
    JOURNAL = "journal"
    NOT_ALLOWED = "not_allowed"
    FORGED = "forged"


class Outcome(StrEnum):
    """How it went."""

    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the journal.

    Args:
        number: from 1, without gaps.
        at: moment with zone.
        person_id: who; empty where nobody was signed in.
        session_id: digest of the session or identifier of the key.
        address: from where.
        event: a word of `Event`.
        outcome: a word of `Outcome`.
        subject: what it was about: an item, a lot, an account, a path.
        detail: anything else, in words.
        previous: digest of the line before; empty in the first.
        digest: of this line.
    """

    number: int
    at: str
    person_id: str
    session_id: str
    address: str
    event: str
    outcome: str
    subject: str
    detail: str
    previous: str
    digest: str = ""


_LONGEST: Final = 500
_ATTEMPTS: Final = 20
_JOURNAL: Final = Table(
    "access_journal",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    *(Column(name, String, nullable=False) for name in Line.__dataclass_fields__ if name != "number"),
)
Index("access_journal_person", _JOURNAL.c.person_id, _JOURNAL.c.number)
Index("access_journal_subject", _JOURNAL.c.subject, _JOURNAL.c.number)
for _what in ("UPDATE", "DELETE"):
    event.listen(
        _JOURNAL,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER access_journal_no_{_what.lower()} BEFORE {_what} ON access_journal "
            "BEGIN SELECT RAISE(ABORT, 'lines of the journal are only added'); END"
        ).execute_if(dialect="sqlite"),
    )
event.listen(
    _JOURNAL,
    "after_create",
    DDL(  # type: ignore[no-untyped-call]
        "CREATE OR REPLACE FUNCTION access_journal_kept() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''lines of the journal are only added''; END'; "
        "CREATE TRIGGER access_journal_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON access_journal "
        "FOR EACH STATEMENT EXECUTE FUNCTION access_journal_kept()"
    ).execute_if(dialect="postgresql"),
)
# Lines of one process are written one after the other; those of several processes find a number taken and try the next.
_ONE_AT_A_TIME: Final = Lock()


def record(
    request: Request,
    what: Event,
    *,
    subject: str,
    outcome: Outcome = Outcome.DONE,
    detail: str = "",
    person_id: str = "",
) -> None:
    """Add a line about whoever sends a request, on the disk before this returns.

    Call it before the answer is made: what cannot be recorded is not shown.

    Args:
        request: that is answered.
        what: happened.
        subject: item, lot, recipient or account that it is about.
        outcome: how it went.
        detail: anything else, in words.
        person_id: who, where the session does not say it.

    Raises:
        UsageError: `RQC-U157`, it cannot be written.
    """
    from regenqc.console.access.person import person_of  # noqa: PLC0415 - the check of every route records, too

    console = request.app.state.console
    person = person_of(request)
    write(
        console.store,
        now=console.clock(),
        event=what,
        outcome=outcome,
        person_id=person_id or (person.person_id if person is not None else ""),
        session_id=person.session_id if person is not None else "",
        address=request.client.host if request.client is not None else "",
        subject=subject,
        detail=detail,
    )


def write(
    store: Engine,
    *,
    now: datetime,
    event: Event,
    outcome: Outcome = Outcome.DONE,
    person_id: str = "",
    session_id: str = "",
    address: str = "",
    subject: str = "",
    detail: str = "",
) -> Line:
    """Add a line, on the disk before this returns.

    Args:
        store: database of the console.
        now: the present moment, with zone.
        event: what happened.
        outcome: how it went.
        person_id: who.
        session_id: digest of the session or identifier of the key.
        address: from where.
        subject: what it was about.
        detail: anything else, in words.

    Raises:
        UsageError: `RQC-U157`, it cannot be written.

    Example:
        >>> from datetime import UTC, datetime
        >>> from regenqc.console.store.database import open_store
        >>> moment = datetime(2026, 6, 30, tzinfo=UTC)
        >>> write(open_store("sqlite://"), now=moment, event=Event.GATE, person_id="PHYS-0001", subject="DIN-1").number
        1
    """
    said = {
        "at": moment_text(now),
        "person_id": _kept(person_id),
        "session_id": session_id,
        "address": _kept(address),
        "event": event.value,
        "outcome": outcome.value,
        "subject": _kept(subject),
        "detail": _kept(detail),
    }
    try:
        with _ONE_AT_A_TIME:
            for _ in range(_ATTEMPTS):
                try:
                    with store.begin() as connection:
                        return _added(connection, said)
                except IntegrityError:
                    continue
    except SQLAlchemyError as error:
        raise _unwritten(str(error.__cause__ or error)) from error
    raise _unwritten(f"{_ATTEMPTS} times another process was first")


def lines(
    store: Engine,
    *,
    person_id: str = "",
    event: str = "",
    subject: str = "",
    before: int | None = None,
    count: int = 100,
) -> list[Line]:
    """Return lines of the journal, the last one first.

    Args:
        store: database of the console.
        person_id: only of this person, where stated.
        event: only of this kind, where stated.
        subject: only about this, where stated.
        before: only lines with a smaller number, for the next page.
        count: at most so many.

    Example:
        >>> from regenqc.console.store.database import open_store
        >>> lines(open_store("sqlite://"))
        []
    """
    query = select(_JOURNAL).order_by(_JOURNAL.c.number.desc()).limit(count)
    if person_id:
        query = query.where(_JOURNAL.c.person_id == person_id)
    if event:
        query = query.where(_JOURNAL.c.event == event)
    if subject:
        query = query.where(_JOURNAL.c.subject == subject)
    if before is not None:
        query = query.where(_JOURNAL.c.number < before)
    with store.connect() as connection:
        return [Line(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - public by its documentation


def every_line(store: Engine) -> Iterator[Line]:
    """Yield every line of the journal in order, without holding all of them.

    Example:
        >>> from regenqc.console.store.database import open_store
        >>> list(every_line(open_store("sqlite://")))
        []
    """
    with store.connect().execution_options(yield_per=1000) as connection:
        for row in connection.execute(select(_JOURNAL).order_by(_JOURNAL.c.number)):
            yield Line(**row._mapping)  # noqa: SLF001 - public by its documentation


def journal_faults(found: Iterator[Line], *, head: str = "") -> Iterator[Fault]:
    """Yield where the chain of the journal is broken.

    Args:
        found: lines in order.
        head: digest of a line that was the last one once, as an export printed it; empty for none.

    Example:
        >>> [fault.code for fault in journal_faults(iter([]), head="sha256:0")]
        ['RQC-U158']
    """
    previous, number, is_head_there = "", 0, not head
    for line in found:
        number += 1
        if line.number != number or line.previous != previous or line.digest != _digest(line):
            yield _broken(f"line {line.number}", "another line than the one that was written")
            return
        previous = line.digest
        is_head_there = is_head_there or previous == head
    if not is_head_there:
        yield _broken(f"after line {number}", "an end without the line that an export names")


def _added(connection: Connection, said: dict[str, str]) -> Line:
    last = connection.execute(
        select(_JOURNAL.c.number, _JOURNAL.c.digest).order_by(_JOURNAL.c.number.desc()).limit(1)
    ).first()
    number, previous = (last[0], last[1]) if last is not None else (0, "")
    line = Line(number=number + 1, previous=previous, **said)
    whole = asdict(line) | {"digest": _digest(line)}
    connection.execute(insert(_JOURNAL).values(**whole))
    return Line(**whole)


def _digest(line: Line) -> str:
    said = asdict(line)
    del said["digest"]
    return digest_of(canonical_json(said))


def _kept(text: str) -> str:
    return normalize("NFC", text.encode("utf-8", errors="backslashreplace").decode().replace("\0", "\\0"))[:_LONGEST]


def _unwritten(got: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U157",
            what="The journal cannot be written.",
            got=got,
            expected="a database that can be written, with room",
            action="Nothing is shown that cannot be recorded.",
        )
    )


def _broken(where: str, got: str) -> Fault:
    return Fault(
        code="RQC-U158",
        what="The journal was changed.",
        where=where,
        got=got,
        expected="lines chained by digest",
        action="Find out who changed it, and restore the database from its copy.",
    )
