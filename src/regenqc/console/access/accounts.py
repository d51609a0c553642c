"""Accounts: a password and a second factor for a person of the registry of people. An account holds no role.

What somebody may do follows from the registry at the moment of each request; whoever was withdrawn there is out at once.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Boolean, Column, Integer, LargeBinary, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from regenqc.console.access.journal import Event, write
from regenqc.console.access.passwords import check_new
from regenqc.console.access.sessions import close_sessions
from regenqc.console.store.database import METADATA
from regenqc.errors import Fault, UsageError
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Update

    from regenqc.console.access.office import Office

__all__ = [
    "ACCOUNTS",
    "Account",
    "account_of_subject",
    "accounts",
    "change_password",
    "close_account",
    "create_account",
    "find_account",
    "joined_sites",
    "known_account",
    "link_subject",
    "one_time_password",
    "reset_account",
    "restrict_to_sites",
    "sites_of",
    "unchanged",
]

ACCOUNTS: Final = Table(
    "access_accounts",
    METADATA,
    Column("person_id", String, primary_key=True),
    Column("password", String, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("proposed_secret", LargeBinary, nullable=False),
    Column("last_step", Integer, nullable=False),
    Column("subject", String, unique=True),
    Column("sites", String, nullable=False),
    Column("made_at", Integer, nullable=False),
    Column("changed_at", Integer, nullable=False),
    Column("closed_at", Integer),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as the database holds it.

    Args:
        person_id: of the registry of people; also the name to sign in with.
        password: as it is stored; empty where the identity provider asks for it.
        must_change: the password was given by an administrator and opens nothing but its change.
        secret: of the second factor, sealed; empty before it is enrolled.
        proposed_secret: shown for enrolment and not yet confirmed, sealed.
        last_step: time step of the last code that counted.
        subject: of the identity provider, `None` for none.
        sites: identifiers of the sites that the account is restricted to; empty means every one.
        made_at: seconds since 1970.
        changed_at: when the password was changed, seconds since 1970.
        closed_at: seconds since 1970, `None` while it is open.
    """

    person_id: str
    password: str
    must_change: bool
    secret: bytes
    proposed_secret: bytes
    last_step: int
    subject: str | None
    sites: frozenset[str]
    made_at: int
    changed_at: int
    closed_at: int | None


def create_account(
    office: Office,
    person_id: str,
    *,
    password: str,
    by: str,
    sites: Iterable[str] = (),
    must_change: bool = True,
    address: str = "",
) -> Account:
    """Create the account of a person and return it.

    Args:
        office: of the console.
        person_id: of the registry of people.
        password: of the first sign-in.
        by: who creates it.
        sites: that it is restricted to; none for every one.
        must_change: the password is changed at the first sign-in.
        address: from where, for the journal.

    Raises:
        UsageError: `RQC-U160` nobody of that identifier is in the registry or it is a machine, `RQC-U161` there is an account,
            `RQC-U121` the password cannot be used.
    """
    _check_person(office, person_id)
    check_new(password, person_id=person_id, shortest=office.shortest_password)
    now = office.clock()
    row = {
        "person_id": person_id,
        "password": office.passwords.stored(password),
        "must_change": must_change,
        "secret": b"",
        "proposed_secret": b"",
        "last_step": 0,
        "sites": joined_sites(sites),
        "made_at": int(now.timestamp()),
        "changed_at": int(now.timestamp()),
    }
    try:
        with office.store.begin() as connection:
            connection.execute(insert(ACCOUNTS).values(**row))
    except IntegrityError as error:
        raise UsageError(
            Fault(
                code="RQC-U161",
                what="This person has an account.",
                where=person_id,
                action="Give a new password instead: regenqc console reset",
            )
        ) from error
    write(
        office.store, now=now, event=Event.ACCOUNT, person_id=by, address=address, subject=person_id, detail="created"
    )
    return known_account(office, person_id)


def find_account(office: Office, person_id: str) -> Account | None:
    """Return the account of a person, `None` when there is none."""
    with office.store.connect() as connection:
        row = connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id)).first()
    return _account(row) if row is not None else None


def known_account(office: Office, person_id: str) -> Account:
    """Return the account of a person.

    Raises:
        UsageError: `RQC-U162`, there is none.
    """
    found = find_account(office, person_id)
    if found is None:
        raise UsageError(
            Fault(
                code="RQC-U162",
                what="This person has no account.",
                where=person_id,
                action="Create one: regenqc console add",
            )
        )
    return found


def accounts(office: Office) -> list[Account]:
    """Return every account, by identifier."""
    with office.store.connect() as connection:
        return [_account(row) for row in connection.execute(select(ACCOUNTS).order_by(ACCOUNTS.c.person_id))]


def change_password(office: Office, account: Account, *, password: str, but: str = "", address: str = "") -> None:
    """Give an account the password that its owner chose, and end its sessions.

    Args:
        office: of the console.
        account: as it was when its owner showed the present password.
        password: that the owner chose.
        but: digest of the one session that goes on.
        address: from where, for the journal.

    Raises:
        UsageError: `RQC-U121`, the password cannot be used, or is the one that is to be changed; `RQC-U168`, somebody else
            changed the account meanwhile.
    """
    person_id = account.person_id
    check_new(password, person_id=person_id, shortest=office.shortest_password)
    if office.passwords.is_right(account.password, password):
        raise UsageError(
            Fault(
                code="RQC-U121",
                what="This password cannot be used.",
                got="the present one",
                expected="another",
                action="Choose another.",
            )
        )
    now = int(office.clock().timestamp())
    changed = unchanged(account).values(password=office.passwords.stored(password), must_change=False, changed_at=now)
    with office.store.begin() as connection:
        if connection.execute(changed).rowcount != 1:
            raise UsageError(
                Fault(
                    code="RQC-U168",
                    what="Somebody changed this account meanwhile.",
                    where=person_id,
                    action="Sign in again.",
                )
            )
        close_sessions(connection, person_id, but=but)
    write(
        office.store,
        now=office.clock(),
        event=Event.PASSWORD,
        person_id=person_id,
        address=address,
        detail="changed by its owner",
    )


def reset_account(
    office: Office, person_id: str, *, password: str, by: str, second_factor: bool = False, address: str = ""
) -> None:
    """Give an account a password for one sign-in, open it again if it was closed, and end all its sessions.

    Args:
        office: of the console.
        person_id: whose account.
        password: for one sign-in.
        by: who resets it.
        second_factor: take the second factor away as well; its owner enrols another one.
        address: from where, for the journal.

    Raises:
        UsageError: `RQC-U162` there is no account, `RQC-U160` nobody of that identifier is in the registry, `RQC-U121`.
    """
    known_account(office, person_id)
    _check_person(office, person_id)
    check_new(password, person_id=person_id, shortest=office.shortest_password)
    changes: dict[str, Any] = {
        "password": office.passwords.stored(password),
        "must_change": True,
        "changed_at": int(office.clock().timestamp()),
        "closed_at": None,
    }
    if second_factor:
        changes |= {"secret": b"", "proposed_secret": b""}
    _change(office, person_id, **changes)
    with office.store.begin() as connection:
        close_sessions(connection, person_id)
    detail = "password and second factor reset" if second_factor else "password reset"
    write(
        office.store,
        now=office.clock(),
        event=Event.ACCOUNT,
        person_id=by,
        address=address,
        subject=person_id,
        detail=detail,
    )


def close_account(office: Office, person_id: str, *, by: str, address: str = "") -> None:
    """Close an account and end all its sessions.

    Raises:
        UsageError: `RQC-U162`, there is no account.
    """
    known_account(office, person_id)
    now = office.clock()
    _change(office, person_id, closed_at=int(now.timestamp()))
    with office.store.begin() as connection:
        close_sessions(connection, person_id)
    write(office.store, now=now, event=Event.ACCOUNT, person_id=by, address=address, subject=person_id, detail="closed")


def restrict_to_sites(office: Office, person_id: str, *, sites: Iterable[str], by: str, address: str = "") -> None:
    """State whose lots and chains an account may see; no site means every one.

    Raises:
        UsageError: `RQC-U162`, there is no account.
    """
    known_account(office, person_id)
    text = joined_sites(sites)
    _change(office, person_id, sites=text)
    detail = f"sites: {text.replace(chr(10), ', ') or 'every one'}"
    write(
        office.store,
        now=office.clock(),
        event=Event.ACCOUNT,
        person_id=by,
        address=address,
        subject=person_id,
        detail=detail,
    )


def link_subject(office: Office, person_id: str, *, subject: str, by: str) -> None:
    """State which subject of the identity provider an account belongs to; empty for none.

    Raises:
        UsageError: `RQC-U162` there is no account, `RQC-U163` another one belongs to that subject.
    """
    known_account(office, person_id)
    try:
        _change(office, person_id, subject=subject or None)
    except IntegrityError as error:
        raise UsageError(
            Fault(code="RQC-U163", what="Another account belongs to this subject.", where=person_id, got=subject)
        ) from error
    write(
        office.store,
        now=office.clock(),
        event=Event.ACCOUNT,
        person_id=by,
        subject=person_id,
        detail="linked to a subject of the identity provider"
        if subject
        else "no longer linked to the identity provider",
    )


def account_of_subject(office: Office, subject: str) -> Account | None:
    """Return the account that belongs to a subject of the identity provider, `None` for none: none is ever made."""
    if not subject:
        return None
    with office.store.connect() as connection:
        row = connection.execute(select(ACCOUNTS).where(ACCOUNTS.c.subject == subject)).first()
    return _account(row) if row is not None else None


def one_time_password() -> str:
    """Return a password for one sign-in, in groups that are read aloud without mistakes.

    Example:
        >>> len(one_time_password())
        29
    """
    letters = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that look alike
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(5))


def joined_sites(sites: Iterable[str]) -> str:
    """Return identifiers of sites as a table holds them: one a line."""
    return "\n".join(sorted({each.strip() for each in sites if each.strip()}))


def sites_of(text: str) -> frozenset[str]:
    """Return the identifiers of sites that a table holds.

    Example:
        >>> sorted(sites_of(joined_sites(["SITE-B", "SITE-A"])))
        ['SITE-A', 'SITE-B']
    """
    return frozenset(text.split("\n")) - {""}


def unchanged(account: Account) -> Update:
    """Return a statement that holds the row of an account and changes none when it is no longer as it was read.

    Whoever showed a password shows it for the account as it was then: what an administrator does meanwhile, counts. It compares
    what they change, and not the password, which is stored anew when its parameters are old.
    """
    return (
        update(ACCOUNTS)
        .where(
            ACCOUNTS.c.person_id == account.person_id,
            ACCOUNTS.c.changed_at == account.changed_at,
            ACCOUNTS.c.must_change == account.must_change,
            ACCOUNTS.c.secret == account.secret,
            ACCOUNTS.c.subject == account.subject,
            ACCOUNTS.c.closed_at.is_(None),
        )
        .values(person_id=account.person_id)
    )


def _change(office: Office, person_id: str, **values: Any) -> None:
    with office.store.begin() as connection:
        connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.person_id == person_id).values(**values))


def _check_person(office: Office, person_id: str) -> None:
    person = office.registry.person(person_id)
    if person is None or person.withdrawn_at is not None:
        raise _nobody(person_id, "nobody who is enrolled", "a person whom an administrator enrolled")
    if Role.SERVICE in person.roles_at(office.clock()):
        raise _nobody(person_id, "a service account", "a person; machines have keys: regenqc console key")


def _nobody(person_id: str, got: str, expected: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U160",
            what="An account belongs to a person of the registry.",
            where=person_id,
            got=got,
            expected=expected,
            action="Run: regenqc people enrol",
        )
    )


def _account(row: Any) -> Account:
    said = dict(row._mapping)  # noqa: SLF001 - public by its documentation
    return Account(**(said | {"sites": sites_of(said["sites"])}))
