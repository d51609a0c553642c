"""Afterwards: whom a late failure or a recall reaches, who is told by when, and which follow-up is due or overdue."""

from regenqc.reinspection.aftermath.centres import PlanAt, Reaction, adverse_events, join_sites, plans_at, versions_at
from regenqc.reinspection.aftermath.consequences import Affected, consequences_of
from regenqc.reinspection.aftermath.follow_up import Visit, follow_up_visits
from regenqc.reinspection.aftermath.notices import OCCURRENCES, Notice, notices_due

__all__ = [
    "OCCURRENCES",
    "Affected",
    "Notice",
    "PlanAt",
    "Reaction",
    "Visit",
    "adverse_events",
    "consequences_of",
    "follow_up_visits",
    "join_sites",
    "notices_due",
    "plans_at",
    "versions_at",
]
