"""The second factor: codes by time (RFC 6238), each of which counts once, and recovery codes, each of which counts once."""

from __future__ import annotations

import hmac
import secrets
from base64 import b32encode
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import pyotp
from sqlalchemy import Column, String, Table, delete, insert, update

from regenqc.certificate.symbols import qr_svg
from regenqc.console.access.accounts import ACCOUNTS, known_account, unchanged
from regenqc.console.access.journal import Event, write
from regenqc.console.store.database import METADATA

if TYPE_CHECKING:
    from regenqc.console.access.accounts import Account
    from regenqc.console.access.office import Office

__all__ = ["Proposal", "confirm", "is_right", "propose"]

_STEP_SECONDS: Final = 30
# A code of the step before or after counts as well: the clock of a telephone and the time of typing (RFC 6238, section 5.2).
_STEPS: Final = (0, -1, 1)
_RECOVERY_CODES: Final = 10
_RECOVERY_BYTES: Final = 10
_RECOVERY: Final = Table(
    "access_recovery_codes",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("person_id", String, nullable=False, index=True),
)


class Proposal:
    """A new secret, shown so that an authenticator can take it.

    Args:
        secret: base32.
        person_id: whose it is to be.
        site: identifier of the site, for the label.
    """

    def __init__(self, secret: str, *, person_id: str, site: str) -> None:
        self.secret = secret
        self._address = pyotp.TOTP(secret).provisioning_uri(name=person_id, issuer_name=f"regenqc {site}")

    @property
    def picture(self) -> str:
        """Return the QR code, without margin, as the address of a picture that contains it: a page needs no other request.

        Example:
            >>> Proposal("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", person_id="QP-0001", site="SITE-A").picture[:25]
            'data:image/svg+xml,%3Csvg'
        """
        return f"data:image/svg+xml,{quote(qr_svg(self._address))}"

    @property
    def spelled(self) -> str:
        """Return the secret in groups of four, to be typed."""
        return " ".join(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))


def propose(office: Office, person_id: str, *, site: str) -> Proposal:
    """Return a new secret; it counts once a code of it was confirmed. The same one until then.

    Args:
        office: of the console.
        person_id: whose it is to be.
        site: identifier of the site, for the label in the authenticator.
    """
    account = known_account(office, person_id)
    known = _opened(office, account.proposed_secret, person_id)
    if known is None:
        known = pyotp.random_base32()
        sealed = office.seal().sealed(known.encode(), purpose=_purpose(person_id))
        with office.store.begin() as connection:
            connection.execute(
                update(ACCOUNTS)
                .where(ACCOUNTS.c.person_id == person_id, ACCOUNTS.c.proposed_secret == account.proposed_secret)
                .values(proposed_secret=sealed)
            )
        # Of two pages that are opened at once, both show the secret that counts.
        known = _opened(office, known_account(office, person_id).proposed_secret, person_id) or known
    return Proposal(known, person_id=person_id, site=site)


def confirm(office: Office, account: Account, *, code: str, address: str = "") -> list[str]:
    """Take the proposed secret when a code of it is right, and return new recovery codes; they are shown once.

    Args:
        office: of the console.
        account: as it was when its owner showed who they are, with the second factor that is replaced, or none.
        code: of the proposed secret, as typed.
        address: from where, for the journal.

    Returns:
        Recovery codes; none when the code is wrong, or the account has another second factor by now: nothing has changed.
    """
    person_id = account.person_id
    secret = _opened(office, account.proposed_secret, person_id)
    step = _step_of(office, secret, code) if secret is not None else None
    if step is None:
        return []
    codes = [
        "-".join(_groups(b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()))
        for _ in range(_RECOVERY_CODES)
    ]
    taken = unchanged(account).where(ACCOUNTS.c.proposed_secret == account.proposed_secret)
    with office.store.begin() as connection:
        # Of two requests with one code only one succeeds: the recovery codes that are shown are those that count.
        if (
            connection.execute(
                taken.values(secret=account.proposed_secret, proposed_secret=b"", last_step=step)
            ).rowcount
            != 1
        ):
            return []
        connection.execute(delete(_RECOVERY).where(_RECOVERY.c.person_id == person_id))
        connection.execute(
            insert(_RECOVERY), [{"digest": _recovery_digest(person_id, each), "person_id": person_id} for each in codes]
        )
    write(
        office.store,
        now=office.clock(),
        event=Event.SECOND_FACTOR,
        person_id=person_id,
        address=address,
        detail="enrolled",
    )
    return codes


def is_right(office: Office, account: Account, *, code: str, address: str = "") -> bool:
    """Return whether a code of the authenticator or a recovery code is right, and use it up.

    Args:
        office: of the console.
        account: with a second factor.
        code: as typed, blanks and hyphens included.
        address: from where, for the journal.
    """
    secret = _opened(office, account.secret, account.person_id)
    if secret is not None and (step := _step_of(office, secret, code)) is not None:
        # One statement, so that of two requests with one code only one succeeds.
        used = (
            update(ACCOUNTS)
            .where(ACCOUNTS.c.person_id == account.person_id, ACCOUNTS.c.last_step < step)
            .values(last_step=step)
        )
        with office.store.begin() as connection:
            return connection.execute(used).rowcount == 1
    gone = delete(_RECOVERY).where(
        _RECOVERY.c.digest == _recovery_digest(account.person_id, code), _RECOVERY.c.person_id == account.person_id
    )
    with office.store.begin() as connection:
        is_recovered = connection.execute(gone).rowcount == 1
    if is_recovered:
        write(
            office.store,
            now=office.clock(),
            event=Event.SECOND_FACTOR,
            person_id=account.person_id,
            address=address,
            detail="a recovery code was used",
        )
    return is_recovered


def _step_of(office: Office, secret: str, code: str) -> int | None:
    typed = "".join(code.split()).replace("-", "")
    if not (typed.isascii() and typed.isdigit()):
        return None
    present = int(office.clock().timestamp()) // _STEP_SECONDS
    generator = pyotp.TOTP(secret)
    found = None
    for offset in _STEPS:  # all of them, whichever is right
        if hmac.compare_digest(generator.generate_otp(present + offset), typed):
            found = present + offset
    return found


def _opened(office: Office, sealed: bytes, person_id: str) -> str | None:
    found = office.seal().opened(sealed, purpose=_purpose(person_id)) if sealed else None
    return found.decode() if found is not None else None


def _purpose(person_id: str) -> str:
    return f"second factor of {person_id}"


def _groups(text: str) -> list[str]:
    return [text[start : start + 4] for start in range(0, len(text), 4)]


def _recovery_digest(person_id: str, code: str) -> str:
    typed = "".join(code.split()).replace("-", "").lower()
    return sha256(f"{person_id}\n{typed}".encode("utf-8", errors="surrogatepass")).hexdigest()
