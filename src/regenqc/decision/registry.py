"""Whether a registry of people is the one by which a decision was made, or a later state of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.signing.faults import fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.decision.hospital import HospitalDecision
    from regenqc.decision.model import Decision
    from regenqc.errors import Fault
    from regenqc.signing.people import People

__all__ = ["registry_faults"]


def registry_faults(decision: Decision | HospitalDecision, *, people: People) -> Iterator[Fault]:
    """Yield why a registry does not say who could sign a decision: `RQC-A056`.

    Args:
        decision: as read.
        people: the registry of whoever checks.

    Example:
        See `regenqc verify`, which asks it of every certificate.
    """
    if decision.site != people.site:
        yield fault(
            "RQC-A056",
            "The registry of people is of another site than the decision.",
            where=decision.decision_id,
            got=people.site,
            expected=decision.site,
            action="Take the registry of the site that decided.",
        )
    if decision.registry.root != people.root or not people.reached(decision.registry.head):
        yield fault(
            "RQC-A056",
            "This registry of people is another one, or older than the decision: it may lack a revocation.",
            where=decision.decision_id,
            got=f"a registry that ends with {people.head}",
            expected=f"one that begins with {decision.registry.root} and has the line {decision.registry.head}",
            action="Ask the site for its registry as it is now.",
        )
