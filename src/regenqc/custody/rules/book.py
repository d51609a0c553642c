"""Corrections and replacements: what may be made void, and what may stand in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.custody.kinds import KINDS, Group
from regenqc.custody.rules.case import refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.rules.case import Case
    from regenqc.errors import Fault

__all__ = ["book_violations"]


def book_violations(case: Case) -> Iterator[Fault]:
    """Yield violations of RQC-C181 to RQC-C183."""
    event = case.event
    if event.corrects:
        target = case.known.recorded(event.corrects)
        if target is None:
            yield refusal("RQC-C181", event.corrects, got="no event of this log", expected="an event_id of this log")
        elif target.void >= 0 or KINDS[target.kind].group == Group.BOOK:
            yield refusal(
                "RQC-C182",
                event.corrects,
                got=f"void since event {target.void}" if target.void >= 0 else target.kind,
                expected="an event that stands, and is not about the book itself",
                action="Record the event anew instead of correcting a correction.",
            )
    if event.replaces:
        target = case.known.recorded(event.replaces)
        if target is None or target.void < 0 or target.replaced:
            got = "no event of this log" if target is None else "already replaced" if target.replaced else "not void"
            yield refusal("RQC-C183", event.replaces, got=got, expected="a void event")
