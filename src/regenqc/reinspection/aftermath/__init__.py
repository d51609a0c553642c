"""Afterwards: whom a late failure or a recall reaches, who is told by when, and which follow-up is due or overdue."""

from regenqc.reinspection.aftermath.consequences import Affected, consequences_of
from regenqc.reinspection.aftermath.follow_up import Visit, follow_up_visits
from regenqc.reinspection.aftermath.notices import OCCURRENCES, Notice, notices_due

__all__ = ["OCCURRENCES", "Affected", "Notice", "Visit", "consequences_of", "follow_up_visits", "notices_due"]
