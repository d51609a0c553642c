"""The ledger of the site as the screens use it: opened once for reading, for a moment for writing, signed by passwords."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from regenqc.errors import Fault, SignatureError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request

    from regenqc.console.application import Console
    from regenqc.custody import Event, Noted
    from regenqc.custody.people_keys import PersonSigner
    from regenqc.custody.site import Site
    from regenqc.ledger import Log, Policy, Snapshot
    from regenqc.signing.keys import KeyFile
    from regenqc.signing.people import People
    from regenqc.signing.tokens import TokenKeyFile

__all__ = [
    "key_file_of",
    "moment_now",
    "people_of",
    "record_event",
    "record_events",
    "roles_in_ledger",
    "signer_of",
    "site_ledger",
    "site_rules",
    "trusted_policy",
    "view_of_ledger",
]


def moment_now(console: Console) -> str:
    """Return the present moment as the record writes it."""
    from regenqc.custody.moments import moment_of  # noqa: PLC0415 - pages without a ledger need none of it

    return moment_of(console.clock())


def site_ledger(request: Request) -> Log:
    """Return the ledger of the site, opened once and for reading.

    Raises:
        UsageError: `RQC-U160`, the console has no ledger.
        LedgerError: it cannot be opened.
    """
    from regenqc.ledger import Log  # noqa: PLC0415

    console: Console = request.app.state.console
    url = console.settings.ledger_url
    if not url:
        raise _without("ledger_url", "the URL of a ledger")
    opened: Log | None = getattr(request.app.state, "site_ledger", None)
    if opened is None:
        opened = request.app.state.site_ledger = Log.open(url, read_only=True)
    return opened


def view_of_ledger(request: Request) -> AbstractContextManager[Snapshot]:
    """Return a consistent view of the ledger of the site."""
    return site_ledger(request).read()


def site_rules(console: Console) -> Site:
    """Return who records in the ledger of the site, and by which rules.

    Raises:
        UsageError: `RQC-U160`, there is no such file.
        SpecificationError: it is not valid.
    """
    from regenqc.custody.site import parse_site  # noqa: PLC0415

    path = console.settings.custody / "site.toml"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise _without(str(path), "the file with the rules of the site") from error
    return parse_site(text, where=path.name)


def trusted_policy(console: Console) -> Policy | None:
    """Return whose checkpoints this site believes, `None` when it has not said so."""
    from regenqc.ledger import parse_policy  # noqa: PLC0415

    path = console.settings.custody / "policy.txt"
    return parse_policy(path.read_text(encoding="utf-8", errors="replace")) if path.is_file() else None


def people_of(console: Console) -> People:
    """Return the registry of people."""
    from regenqc.signing.people_file import PeopleFile  # noqa: PLC0415

    return PeopleFile(console.settings.people / "people.jsonl").read()


def roles_in_ledger(request: Request, person_id: str) -> tuple[str, ...]:
    """Return the roles in which the ledger lets a person act; none for whom it does not know."""
    from regenqc.custody.projection.source import decode_person  # noqa: PLC0415

    with view_of_ledger(request) as view:
        rows = view.execute("SELECT value FROM custody_register WHERE sort = 'person' AND code = ?", (person_id,))
    person = decode_person(str(rows[0][0])) if rows else None
    return person.roles if person is not None and not person.withdrawn else ()


def signer_of(console: Console, person_id: str, *, password: str, purpose: str) -> PersonSigner:
    """Return what signs for a person, opened by their password; the attempt is on record before it is tried.

    Args:
        console: with people and keys.
        person_id: who signs.
        password: of the key file.
        purpose: what is to be signed, for the log of attempts.

    Raises:
        SignatureError: `RQC-G033` no such key, `RQC-G010` wrong password, `RQC-G012` locked out, `RQC-G034` and following: the
            key does not count now.
    """
    from regenqc.custody.people_keys import PersonSigner  # noqa: PLC0415
    from regenqc.signing.attempts import AttemptLog  # noqa: PLC0415
    from regenqc.signing.session import check_clock, unlocked_key  # noqa: PLC0415
    from regenqc.signing.verification import key_faults  # noqa: PLC0415

    people = people_of(console)
    file = key_file_of(console, person_id)
    person = people.people[person_id]
    certified = person.key(file.key_id)
    now = console.clock()
    roles = sorted(person.roles_at(now))
    if file.person_id != person_id or certified is None or certified.public_key != file.public_key or not roles:
        raise SignatureError(
            Fault(
                code="RQC-G033",
                what="The registry of people knows no such key of this person, or no role of theirs.",
                where=person_id,
                got=file.key_id,
                expected="a key that an administrator certified, and a role held now",
                action="Ask an administrator.",
            )
        )
    faults = list(key_faults(person, certified, role=roles[0].value, moment=now))
    if faults:
        raise SignatureError(*faults)
    attempts = AttemptLog(console.settings.people / "attempts.jsonl")
    check_clock(people, attempts, now)
    opened = unlocked_key(file, password=password, people=people, attempts=attempts, purpose=purpose, now=now)
    return PersonSigner(person_id, opened)


def key_file_of(console: Console, person_id: str) -> KeyFile | TokenKeyFile:
    """Return the key file of a person; it stays closed.

    Raises:
        SignatureError: `RQC-G033`, the registry of people does not know the person, or there is no key file of theirs.
    """
    from regenqc.signing.opening import read_any_key_file  # noqa: PLC0415

    path = console.settings.keys / f"{person_id}.key"
    # The registry names the person first, so that no text of a form ever becomes a path.
    if people_of(console).person(person_id) is None or not path.is_file():
        raise SignatureError(
            Fault(
                code="RQC-G033",
                what="Nobody of this pseudonym has a key here.",
                where="person",
                got=person_id or "nobody",
                action="Type the pseudonym as an administrator enrolled it.",
            )
        )
    return read_any_key_file(path.read_bytes(), where=path.name)


def record_event(
    console: Console, event: Event, *, signers: Sequence[PersonSigner], documents: Sequence[bytes] = ()
) -> Noted:
    """Record one event, signed, with the documents that it names.

    Raises:
        LedgerError: with every fault, when the rules refuse it.
    """
    return record_events(console, [event], signers=signers, documents=documents)[0]


def record_events(
    console: Console,
    events: Sequence[Event],
    *,
    signers: Sequence[PersonSigner],
    documents: Sequence[bytes] = (),
    members: Sequence[str] = (),
) -> list[Noted]:
    """Record events one after the other, signed, with the documents that they name; what stands there already is acknowledged.

    Args:
        console: with the ledger.
        events: in the order in which they happened.
        signers: keys of those who act.
        documents: that the events name.
        members: that differ when the same act is offered again, as `regenqc.custody.repeated.as_recorded` takes them.

    Raises:
        LedgerError: with every fault of the first that the rules refuse; those before it stand.
    """
    from regenqc.custody import Book  # noqa: PLC0415
    from regenqc.custody.people_keys import signed_event  # noqa: PLC0415
    from regenqc.custody.repeated import as_recorded  # noqa: PLC0415
    from regenqc.ledger import Log  # noqa: PLC0415

    site = site_rules(console)
    with Log.open(console.settings.ledger_url, read_only=True):  # what is not there is not made
        pass
    with Book.open(
        console.settings.ledger_url, policy=site.policy, now=lambda: moment_now(console), keeper=site.keeper
    ) as book:
        for document in documents:
            book.log.put_blob(document)
        offered = as_recorded(book.log, events, members=members) if members else events
        return [book.append_one(signed_event(event, signers)) for event in offered]


def _without(where: str, expected: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U160",
            what="This console has no ledger, or not all of it.",
            where=where,
            got="nothing",
            expected=expected,
            action="State it where the console is started; `regenqc ledger init` makes one.",
        )
    )
