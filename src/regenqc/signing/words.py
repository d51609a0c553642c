"""The closed words of signing: roles, what a signature means, why a key ends."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["ALONE", "BINDING", "SIGNING_ROLES", "KeyEnd", "Meaning", "Role"]


class Role(StrEnum):
    """In which capacity somebody may act."""

    ANALYST = "analyst"
    REVIEWER = "reviewer"
    QUALIFIED_PERSON = "qualified_person"
    HOSPITAL_INSPECTOR = "hospital_inspector"
    PHYSICIAN = "physician"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"

    @property
    def printed(self) -> str:
        """Return the role as it is printed beside a name.

        Example:
            >>> Role.QUALIFIED_PERSON.printed
            'Quality authorised person / Qualified Person'
        """
        return _TITLES[self]


_TITLES: Final = {
    Role.ANALYST: "Analyst",
    Role.REVIEWER: "Reviewer",
    Role.QUALIFIED_PERSON: "Quality authorised person / Qualified Person",
    Role.HOSPITAL_INSPECTOR: "Hospital inspector",
    Role.PHYSICIAN: "Physician",
    Role.ADMINISTRATOR: "Administrator of keys and roles",
    Role.SERVICE: "Service account",
}

# Whoever administers keys and roles signs no document, and a machine signs none either. Each of the two roles is held alone:
# misuse of a signature then needs two people (21 CFR 11.200(a)(3)).
ALONE: Final[frozenset[Role]] = frozenset({Role.ADMINISTRATOR, Role.SERVICE})
SIGNING_ROLES: Final[frozenset[Role]] = frozenset(Role) - ALONE


class Meaning(StrEnum):
    """What a signature says (21 CFR 11.50(a)(3))."""

    AUTHORSHIP = "authorship"
    REVIEW = "review"
    CERTIFICATION = "certification"
    FACTORY_RELEASE = "factory_release"
    MARKETING_RELEASE = "marketing_release"
    REJECTION = "rejection"
    WITHDRAWAL = "withdrawal"
    RECEIPT = "receipt"

    @property
    def printed(self) -> str:
        """Return the meaning as it is printed under a signature.

        Example:
            >>> Meaning.FACTORY_RELEASE.printed
            'Factory release'
        """
        return self.value.replace("_", " ").capitalize()


class KeyEnd(StrEnum):
    """Why a key was revoked; after `compromised` and `lost` a signature needs proof of when it was made."""

    COMPROMISED = "compromised"
    LOST = "lost"
    SUPERSEDED = "superseded"
    LEFT = "left"

    @property
    def needs_proof_of_time(self) -> bool:
        """Return whether somebody else may have signed with it and stated an earlier time."""
        return self in {KeyEnd.COMPROMISED, KeyEnd.LOST}


# 21 CFR 11.100(c): what a person certifies before the first use.
BINDING: Final = "I certify that my electronic signature is the legally binding equivalent of my handwritten signature."
