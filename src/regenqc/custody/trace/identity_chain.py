"""Whether it is the same person's at every point (question 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from regenqc.custody.kinds import KINDS
from regenqc.custody.projection.tables import Part
from regenqc.custody.state import stated_identity
from regenqc.custody.trace.reader import ALWAYS, Asking, Reader

if TYPE_CHECKING:
    from regenqc.ledger import Snapshot

__all__ = ["IdentityPoint", "identity_points"]


@dataclass(frozen=True, slots=True)
class IdentityPoint:
    """Say what was stated of the identity of an item at one event.

    Args:
        event_id: of the event.
        event_time: when.
        kind: what happened.
        site: where.
        item: code of the item.
        stated: the chain-of-identity identifier that was stated, empty when none was.
        required: it had to be stated there.
        verified_by: who stated it, the second person included.
        agrees: it is the identifier asked about, or was not stated where it need not be.
    """

    event_id: str
    event_time: str
    kind: str
    site: str
    item: str
    stated: str
    required: bool
    verified_by: tuple[str, ...]
    agrees: bool


def identity_points(view: Snapshot, coi: str, *, asking: Asking = ALWAYS) -> tuple[IdentityPoint, ...]:
    """Return every event of every item of a chain of identity, with what was stated there.

    Args:
        view: of the ledger.
        coi: chain-of-identity identifier.
        asking: as of when.

    Returns:
        The points in order of time. The chain is whole when `agrees` is true of all of them.

    Raises:
        UsageError: `RQC-C221`, the log never names the identifier.
    """
    reader = Reader(view, asking)
    number = reader.number(coi)
    codes: dict[str, None] = {}
    for _, event in reader.events_naming([number], parts=(Part.IDENTITY,)):
        for item in (*event.inputs, *event.items, *event.outputs):
            if stated_identity(event, item) == coi:
                codes[item.id] = None
    points: dict[tuple[str, str], IdentityPoint] = {}
    for code in codes:
        for step in reader.life(code):
            # A material that the item was made with states no identity of its own.
            if step.part == "container" or (step.part == "inputs" and not step.state.coi):
                continue
            event, kind = step.event, KINDS[step.event.kind]
            item = next(item for item in getattr(event, step.part) if item.id == code)
            stated = stated_identity(event, item)
            required = kind.identity_point or step.part == "outputs"
            points[event.event_id, code] = IdentityPoint(
                event.event_id,
                event.event_time,
                event.kind,
                event.site,
                code,
                stated,
                required,
                tuple(filter(None, (event.actor, event.second_actor))),
                stated == coi or (not stated and not required),
            )
    members = {point.item for point in points.values() if point.stated == coi}
    return tuple(
        sorted(
            (point for point in points.values() if point.item in members),
            key=lambda point: (point.event_time, point.item),
        )
    )
