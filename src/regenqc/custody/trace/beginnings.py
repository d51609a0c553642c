"""From where somebody may begin to ask: the last materials received, what was recalled, and what is under investigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.custody.trace.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.record import Event
    from regenqc.ledger import Snapshot

__all__ = ["BEGINNINGS", "Beginning", "recent_beginnings"]

# Kinds of events from which a question often begins, and what is then asked about, by importance.
BEGINNINGS: Final = ("recall", "out_of_specification_opened", "receipt")
# A ledger of millions is not searched through for the sake of a suggestion.
_SEARCHED_EVENTS: Final = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """Name one thing about which somebody may ask.

    Args:
        kind: of the event, one of `BEGINNINGS`.
        code: of the lot or the item.
        event_time: when it happened.
        about: reason, investigation or supplier; may be empty.
    """

    kind: str
    code: str
    event_time: str
    about: str


def recent_beginnings(view: Snapshot, *, most: int = 6) -> list[Beginning]:
    """Return the last things that were recalled, put under investigation, and received as materials, each code once a kind.

    Args:
        view: of a ledger; of a large one, only its last events are looked at.
        most: of each kind.
    """
    reader = Reader(view)
    (size,) = view.execute("SELECT COALESCE(MAX(event), -1) FROM custody_step")[0]
    found: dict[tuple[str, str], Beginning] = {}
    for kind in BEGINNINGS:
        rows = view.execute(
            "SELECT s.event FROM custody_step s WHERE s.kind = (SELECT number FROM custody_name WHERE text = ?) "
            "AND s.event > ? AND NOT EXISTS (SELECT 1 FROM custody_void v WHERE v.event = s.event) "
            "ORDER BY s.event DESC LIMIT ?",
            (kind, size - _SEARCHED_EVENTS, most),
        )
        for (index,) in rows:
            event = reader.event(int(index))
            for code in _codes(event):
                made = Beginning(kind=kind, code=code, event_time=event.event_time, about=_about(event))
                found.setdefault((kind, code), made)
    return list(found.values())


def _codes(event: Event) -> Iterator[str]:
    if event.lot:
        yield event.lot
    else:
        yield from (item.id for item in (*event.items, *event.outputs))


def _about(event: Event) -> str:
    return event.investigation or event.reason or event.source
