"""What a person may do, by role. Every route of the console names one permission; what names none is refused at start."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from regenqc.signing.words import Role

__all__ = ["BY_ROLE", "RECORDED", "Permission", "permissions_of"]


class Permission(StrEnum):
    """One thing that somebody may do."""

    OPEN = "open"  # no sign-in: health, sign-in page, static files
    READ = "read"  # lots, results, specifications, trends, certificates
    CUSTODY = "custody"  # who held what, down to the pseudonym of a patient: each access is recorded
    UPLOAD = "upload"  # results in
    DECIDE = "decide"  # decide about a lot and sign
    REVIEW = "review"  # countersign, acknowledge signals
    RECEIVE = "receive"  # receive a shipment, inspect it
    ACCEPT = "accept"  # decide at the hospital
    GATE = "gate"  # ask whether a dose may be given
    LEDGER = "ledger"  # checkpoints, witnesses, verification
    JOURNAL = "journal"  # who had access to what, when, from where
    ADMINISTER = "administer"  # accounts, roles, keys


_EVERYBODY: Final = frozenset({Permission.OPEN, Permission.READ})

BY_ROLE: Final[dict[Role, frozenset[Permission]]] = {
    Role.ANALYST: _EVERYBODY | {Permission.UPLOAD},
    Role.REVIEWER: _EVERYBODY
    | {Permission.UPLOAD, Permission.REVIEW, Permission.CUSTODY, Permission.LEDGER, Permission.JOURNAL},
    Role.QUALIFIED_PERSON: _EVERYBODY
    | {
        Permission.DECIDE,
        Permission.REVIEW,
        Permission.CUSTODY,
        Permission.LEDGER,
        Permission.GATE,
        Permission.JOURNAL,
    },
    Role.HOSPITAL_INSPECTOR: _EVERYBODY
    | {Permission.RECEIVE, Permission.ACCEPT, Permission.CUSTODY, Permission.GATE, Permission.LEDGER},
    Role.PHYSICIAN: _EVERYBODY | {Permission.GATE, Permission.CUSTODY},
    # Whoever administers accounts reads no lot and signs nothing; a machine uploads, reads and asks.
    Role.ADMINISTRATOR: frozenset({Permission.OPEN, Permission.ADMINISTER, Permission.JOURNAL}),
    Role.SERVICE: _EVERYBODY | {Permission.UPLOAD, Permission.GATE},
}


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """Return what somebody with these roles may do; without a role, only what is open.

    Example:
        >>> sorted(permissions_of(frozenset({Role.ADMINISTRATOR})))
        [<Permission.ADMINISTER: 'administer'>, <Permission.JOURNAL: 'journal'>, <Permission.OPEN: 'open'>]
    """
    return frozenset({Permission.OPEN}).union(*(BY_ROLE[role] for role in roles))


# Whoever uses one of these comes near the chain of a person: each use is a line of the journal.
RECORDED: Final = frozenset({Permission.CUSTODY, Permission.GATE, Permission.RECEIVE, Permission.ACCEPT})
