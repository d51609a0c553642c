"""Sign-in: name, password and code in one step, one answer for whatever is wrong, a line of the journal in any case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import update

from regenqc.console.access.accounts import ACCOUNTS, find_account, unchanged
from regenqc.console.access.journal import Event, Outcome, write
from regenqc.console.access.lockout import count_attempt, forget_failures
from regenqc.console.access.second_factor import is_right
from regenqc.console.access.sessions import open_session
from regenqc.signing.words import Role

if TYPE_CHECKING:
    from regenqc.console.access.accounts import Account
    from regenqc.console.access.office import Office

__all__ = ["Opened", "Refused", "check_code", "check_password", "sign_in", "welcome"]


_FIRST: Final = {
    "": "",
    "password": "; password to be set first",
    "second_factor": "; second factor to be set first",
    "code": "; code of the second factor to be shown first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session that was opened.

    Args:
        token: for the cookie.
        pending: what must be done first: `password`, `second_factor`, `code`, or nothing.
    """

    token: str
    pending: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A sign-in that was refused.

    Args:
        why: `mismatch`, `locked` or `closed`.
        until: seconds since 1970, where it is locked.
    """

    why: str
    until: int = 0


def sign_in(office: Office, *, name: str, password: str, code: str, address: str) -> Opened | Refused:
    """Sign somebody in.

    Args:
        office: of the console.
        name: identifier of the person, as typed.
        password: as typed.
        code: of the authenticator or for recovery, as typed; empty where there is none.
        address: from where.
    """
    name = name.strip()
    account = find_account(office, name)
    refused = check_password(office, account, name=name, password=password, code=code, address=address)
    if refused is not None or account is None:
        return refused or Refused(why="mismatch")
    return welcome(office, account, address=address, by="password", has_second_factor=bool(account.secret))


def check_password(
    office: Office, account: Account | None, *, name: str, password: str, code: str, address: str
) -> Refused | None:
    """Check a password, and the second factor where there is one; every failure is counted and recorded.

    Args:
        office: of the console.
        account: of that name, `None` when there is none; the effort is the same.
        name: as typed.
        password: as typed.
        code: as typed.
        address: from where.
    """
    person_id = account.person_id if account is not None else ""
    locked = count_attempt(office, name=name, address=address)
    if locked is not None:
        if locked.is_new:  # once: nobody fills the journal by going on
            _refuse(office, person_id, address, f"locked out by {locked.what}; attempts that follow are not listed")
        return Refused(why="locked", until=locked.until)
    is_password_right = office.passwords.is_right(account.password if account is not None else "", password)
    if account is None or not is_password_right:
        _refuse(office, person_id, address, "wrong password" if account is not None else "no such account")
        return Refused(why="mismatch")
    if account.secret and not is_right(office, account, code=code, address=address):
        _refuse(office, person_id, address, "wrong or used code")
        return Refused(why="mismatch")
    forget_failures(office, name=name, address=address)
    if office.passwords.is_outdated(account.password):
        stored = office.passwords.stored(password)
        with office.store.begin() as connection:
            connection.execute(
                update(ACCOUNTS)
                .where(ACCOUNTS.c.person_id == person_id, ACCOUNTS.c.password == account.password)
                .values(password=stored)
            )
    return None


def check_code(office: Office, account: Account, *, code: str, address: str) -> Refused | None:
    """Check the second factor of somebody whom the identity provider knows; every failure is counted and recorded.

    Args:
        office: of the console.
        account: with a second factor.
        code: as typed.
        address: from where.
    """
    locked = count_attempt(office, name=account.person_id, address=address)
    if locked is not None:
        if locked.is_new:
            _refuse(
                office, account.person_id, address, f"locked out by {locked.what}; attempts that follow are not listed"
            )
        return Refused(why="locked", until=locked.until)
    if not is_right(office, account, code=code, address=address):
        _refuse(office, account.person_id, address, "wrong or used code")
        return Refused(why="mismatch")
    forget_failures(office, name=account.person_id, address=address)
    return None


def welcome(office: Office, account: Account, *, address: str, by: str, has_second_factor: bool) -> Opened | Refused:
    """Open a session for whoever has shown who they are, if they are still somebody.

    Args:
        office: of the console.
        account: theirs.
        address: from where.
        by: `password` or `identity provider`.
        has_second_factor: one was asked for.
    """
    roles = office.registry.roles(account.person_id, now=office.clock())
    if account.closed_at is not None or not roles or Role.SERVICE in roles:
        _refuse(office, account.person_id, address, "closed account" if account.closed_at is not None else "no role")
        return Refused(why="closed")
    pending = ""
    if by == "password" and account.must_change:
        pending = "password"
    elif account.secret and not has_second_factor:
        pending = "code"
    elif office.policy.second_factor and not has_second_factor:
        pending = "second_factor"
    token = open_session(office, account.person_id, address=address, pending=pending, only_if=unchanged(account))
    if not token:
        _refuse(office, account.person_id, address, "the account was changed meanwhile")
        return Refused(why="mismatch")
    detail = f"by {by}" + _FIRST[pending]
    write(
        office.store,
        now=office.clock(),
        event=Event.SIGN_IN,
        person_id=account.person_id,
        address=address,
        detail=detail,
    )
    return Opened(token=token, pending=pending)


def _refuse(office: Office, person_id: str, address: str, detail: str) -> None:
    write(
        office.store,
        now=office.clock(),
        event=Event.SIGN_IN,
        outcome=Outcome.REFUSED,
        person_id=person_id,
        address=address,
        detail=detail,
    )
