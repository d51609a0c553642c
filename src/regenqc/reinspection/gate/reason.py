"""Why not: what was found where a condition does not hold."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Reason"]


@dataclass(frozen=True, slots=True)
class Reason:
    """State what stands against administration.

    Args:
        got: what the ledger says.
        expected: what it would have to say.
        action: what to do next.
    """

    got: str
    expected: str
    action: str = ""
