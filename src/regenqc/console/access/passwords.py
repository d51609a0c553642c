"""Passwords: argon2id, one computation at a time, the same effort for names that do not exist.

Parameters are the second recommended option of RFC 9106, section 4: 3 passes over 64 MiB in 4 lanes, 128 bits of salt. One
computation at a time keeps the memory of the server bounded, whoever asks.
"""

from __future__ import annotations

from threading import Lock
from typing import Final
from unicodedata import normalize

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from regenqc.errors import Fault, UsageError

__all__ = ["LONGEST", "Passwords", "check_new"]

LONGEST: Final = 1024


class Passwords:
    """Store and check passwords.

    Args:
        hasher: with its parameters; those of RFC 9106 for machines with little memory unless stated.

    Example:
        >>> from argon2.profiles import CHEAPEST
        >>> passwords = Passwords(PasswordHasher.from_parameters(CHEAPEST))
        >>> passwords.is_right(passwords.stored("correct horse"), "correct horse")
        True
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        if self._hasher.type is not Type.ID:
            raise ValueError("argon2id and nothing else")
        self._one_at_a_time = Lock()
        self._nobody = ""

    def stored(self, password: str) -> str:
        """Return what is stored of a password."""
        with self._one_at_a_time:
            return self._hasher.hash(_bytes_of(password))

    def is_right(self, stored: str, password: str) -> bool:
        """Return whether a password is the stored one; where nothing is stored, after the same effort, it is not.

        Args:
            stored: as `stored` returned it; empty for an account that does not exist or has no password.
            password: as typed.
        """
        if len(password) > LONGEST:
            return False
        if not self._nobody:
            self._nobody = self.stored("nobody has this one")
        with self._one_at_a_time:
            try:
                found = self._hasher.verify(stored or self._nobody, _bytes_of(password))
            except (VerificationError, InvalidHashError):
                return False
        return found and bool(stored)

    def is_outdated(self, stored: str) -> bool:
        """Return whether a password was stored with other parameters than those of today."""
        return self._hasher.check_needs_rehash(stored)


def check_new(password: str, *, person_id: str, shortest: int) -> None:
    """Refuse a new password that is too short, too long, or no secret.

    Args:
        password: as typed.
        person_id: whose it is to be.
        shortest: characters, as the site decided.

    Raises:
        UsageError: `RQC-U121`.

    Example:
        >>> check_new("correct horse", person_id="QP-0001", shortest=12)
    """
    if not shortest <= len(password) <= LONGEST:
        raise _refused(f"{len(password)} characters", f"{shortest} to {LONGEST} characters, as the site decided")
    if person_id.casefold() in password.casefold() and len(password) < shortest + len(person_id):
        raise _refused("little more than the name of the account", "something that others do not know")
    if len(set(password)) < 4:
        raise _refused("the same few characters again and again", "something that others do not guess")


def _refused(got: str, expected: str) -> UsageError:
    return UsageError(
        Fault(
            code="RQC-U121", what="This password cannot be used.", got=got, expected=expected, action="Choose another."
        )
    )


def _bytes_of(password: str) -> bytes:
    # As keys of people do it: however a keyboard composes a letter, the password is the same.
    return normalize("NFKC", password).encode("utf-8", errors="surrogatepass")
