"""What a review of a product is expected to speak of, and what of it regenqc has data for.

The list is that of EU GMP Part I, chapter 1, 1.10 (i) to (xii), in words of our own, read in a secondary copy (theqpnotebook.com); Part IV,
the guide for advanced therapies, is a document of its own whose text was not read. Whether and how the list applies to a product, its
holder decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["CITATION", "HEADINGS", "MARK", "Heading"]

CITATION: Final = "EU GMP Part I, chapter 1, 1.10, read in a secondary copy (theqpnotebook.com)"
MARK: Final = "secondary"


@dataclass(frozen=True, slots=True)
class Heading:
    """One point of the list.

    Args:
        number: in the list.
        title: in words of our own.
        answered_by: section of the review that speaks of it; empty where regenqc has no data.
        lacking: what the reviewer has to add.
    """

    number: str
    title: str
    answered_by: str
    lacking: str


HEADINGS: Final = (
    Heading(
        "i",
        "Starting and packaging materials, above all from new sources",
        "",
        "all of it; lots of reagents are compared where results state them",
    ),
    Heading(
        "ii", "Critical in-process controls and results of the finished product", "Trends and capability", "judgement"
    ),
    Heading("iii", "Batches that failed, and their investigation", "Results outside their limits", "investigations"),
    Heading("iv", "Significant deviations, their investigations and what was done", "", "all of it"),
    Heading(
        "v",
        "Changes of processes and of analytical methods",
        "Changes of specifications",
        "changes of processes and methods",
    ),
    Heading("vi", "Variations of the marketing authorisation", "", "all of it"),
    Heading("vii", "Results of the stability programme", "", "all of it"),
    Heading(
        "viii",
        "Returns, complaints and recalls for reasons of quality",
        "After release",
        "complaints, and what no ledger here records",
    ),
    Heading("ix", "Whether earlier corrective actions were adequate", "", "all of it"),
    Heading(
        "x",
        "Commitments after the approval",
        "Outcomes and conditions",
        "commitments that are no condition of the plan",
    ),
    Heading("xi", "Qualification of equipment and utilities", "", "all of it"),
    Heading("xii", "Contracts, and whether they are up to date", "", "all of it"),
)
