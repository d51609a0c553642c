"""What a site decides about the rules, and how signatures are checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ENROLLING_ROLES", "SIGNED_KINDS", "Policy", "signatures_unchecked"]

# Kinds at which somebody answers for the item with their name.
SIGNED_KINDS: Final[frozenset[str]] = frozenset(
    {"administer", "correction", "decision", "handover", "recall", "receive", "return", "ship"}
)
ENROLLING_ROLES: Final[frozenset[str]] = frozenset({"quality_assurance", "records", "system"})


def signatures_unchecked(_key: str, _message: bytes, _signature: str) -> bool:
    """Accept every signature: for tests and for logs whose signatures were checked where they were written.

    Example:
        >>> signatures_unchecked("any key", b"anything", "AAAA")
        True
    """
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """State what a site decides about the rules.

    Args:
        check_signature: called with key, signed bytes and the signature in base64; returns whether it verifies.
        signed_kinds: kinds that need a signature of every actor.
        enrolled_people_only: refuse events of people whom no event enrolled.
        clock_tolerance_seconds: how far the clock of whoever recorded an event may be ahead of this one.
        ship_before_release: products may leave before a release decision (shipping under quarantine).
    """

    check_signature: Callable[[str, bytes, str], bool]
    signed_kinds: frozenset[str] = SIGNED_KINDS
    enrolled_people_only: bool = True
    clock_tolerance_seconds: int = 120
    ship_before_release: bool = False
