"""Who held an item, without gap and without overlap (question 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.custody.kinds import KINDS, Group
from regenqc.custody.trace.reader import ALWAYS, Asking, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.record import Event
    from regenqc.custody.trace.reader import Step
    from regenqc.ledger import Snapshot

__all__ = ["CustodyFinding", "CustodySpan", "custody_findings", "custody_spans"]


@dataclass(frozen=True, slots=True)
class CustodySpan:
    """Say who held an item from when to when.

    Args:
        holder: who; empty when nobody is named for the way between two holders.
        started: when.
        ended: until when, `None` when they hold it still or it came to its end with them.
        place: last known room, tank or position, or the container around it.
        event_id: of the event by which it came to them.
        in_transit: they held it on its way to somebody else.
    """

    holder: str
    started: str
    ended: str | None
    place: str
    event_id: str
    in_transit: bool


@dataclass(frozen=True, slots=True)
class CustodyFinding:
    """Say what is wrong or open in a chain of custody.

    Args:
        kind: `nobody_named`, `still_in_transit`, `one_side_only`, `overlap`, `no_origin`.
        item: code of the item, or of the container it was in.
        event_id: of the event in question.
        started: from when.
        ended: until when, `None` when it is open still.
        explanation: one sentence.
    """

    kind: str
    item: str
    event_id: str
    started: str
    ended: str | None
    explanation: str


_SENDING: Final = frozenset({"ship", "return"})


def custody_spans(view: Snapshot, code: str, *, asking: Asking = ALWAYS) -> tuple[CustodySpan, ...]:
    """Return who held an item, one span after the other; while it was packed, who held its container.

    Args:
        view: of the ledger.
        code: of the item.
        asking: as of when.

    Raises:
        UsageError: `RQC-C221`, the log never names the code.
    """
    reader = Reader(view, asking)
    spans: list[CustodySpan] = []
    for event, holder, in_transit, place in _changes(reader, code):
        if spans and (spans[-1].holder, spans[-1].in_transit) == (holder, in_transit):
            last = spans.pop()
            spans.append(CustodySpan(holder, last.started, None, place or last.place, last.event_id, in_transit))
            continue
        if spans:
            last = spans.pop()
            spans.append(
                CustodySpan(last.holder, last.started, event.event_time, last.place, last.event_id, last.in_transit)
            )
        spans.append(CustodySpan(holder, event.event_time, None, place, event.event_id, in_transit))
    return tuple(spans)


def custody_findings(view: Snapshot, code: str, *, asking: Asking = ALWAYS) -> tuple[CustodyFinding, ...]:
    """Return gaps, overlaps and one-sided handovers in the custody of an item and of the containers it was in.

    Args:
        view: of the ledger.
        code: of the item.
        asking: as of when.

    Raises:
        UsageError: `RQC-C221`, the log never names the code.
    """
    reader = Reader(view, asking)
    found: list[CustodyFinding] = []
    steps = reader.life(code)
    if steps and steps[-1].state.created < 0:
        found.append(
            CustodyFinding(
                "no_origin",
                code,
                "",
                steps[0].event.event_time,
                None,
                "No event that stands says where the item comes from.",
            )
        )
    for item, event in _transfers(reader, code):
        found += _findings_of(reader, item, event)
    return tuple(sorted(set(found), key=lambda finding: (finding.started, finding.kind)))


# ---- the events by which custody changes -----------------------------------------------------------------------------


def _changes(reader: Reader, code: str) -> Iterator[tuple[Event, str, bool, str]]:
    """Yield each event of an item, or of the container around it, with holder, transit and place after it."""
    packed_until = ""
    for step, following in _with_following(reader.life(code)):
        state = step.state
        if step.event.event_time < packed_until:
            continue
        yield step.event, _holder(step), bool(state.heading), state.place
        if state.container:
            # Until it is unpacked, what happens to the container happens to it.
            until = following.event.event_time if following is not None else "9999"
            for event, holder, in_transit, place in _changes(reader, state.container):
                if step.event.event_time < event.event_time < until:
                    yield event, holder, in_transit, place or state.container


def _with_following(steps: list[Step]) -> Iterator[tuple[Step, Step | None]]:
    moves = [step for step in steps if KINDS[step.event.kind].changes or step.part == "outputs"]
    return zip(moves, [*moves[1:], None], strict=True)


def _holder(step: Step) -> str:
    state = step.state
    if step.event.kind in _SENDING and not step.event.carrier:
        return ""
    return state.holder


def _transfers(reader: Reader, code: str) -> Iterator[tuple[str, Event]]:
    """Yield the transfers of an item, and of the containers around it while it was in them."""
    for step, following in _with_following(reader.life(code)):
        if KINDS[step.event.kind].group == Group.TRANSFER:
            yield code, step.event
        if step.state.container and step.event.kind == "pack":
            until = following.event.event_time if following is not None else "9999"
            for item, event in _transfers(reader, step.state.container):
                if step.event.event_time <= event.event_time <= until:
                    yield item, event


def _findings_of(reader: Reader, item: str, event: Event) -> Iterator[CustodyFinding]:
    if event.kind in _SENDING:
        receipt = _closing(reader, item, event)
        ended = receipt.event_time if receipt is not None else None
        if receipt is None:
            yield CustodyFinding(
                "still_in_transit",
                item,
                event.event_id,
                event.event_time,
                None,
                f"Sent to {event.destination}; no receipt is recorded.",
            )
        elif receipt.event_time < event.event_time:
            yield CustodyFinding(
                "overlap",
                item,
                event.event_id,
                receipt.event_time,
                event.event_time,
                f"Received at {receipt.site} before it left {event.site}.",
            )
        if not event.carrier:
            yield CustodyFinding(
                "nobody_named",
                item,
                event.event_id,
                event.event_time,
                ended,
                f"Between {event.site} and {event.destination} nobody is named who held it.",
            )
    elif event.kind == "handover":
        signers = {signature.actor for signature in event.signatures}
        missing = [actor for actor in (event.actor, event.second_actor) if actor not in signers]
        if missing:
            yield CustodyFinding(
                "one_side_only",
                item,
                event.event_id,
                event.event_time,
                event.event_time,
                f"The handover is not signed by {' and '.join(missing)}.",
            )
    elif event.previous is not None and event.previous.origin:
        yield CustodyFinding(
            "one_side_only",
            item,
            event.event_id,
            event.event_time,
            event.event_time,
            f"The sending stands in the log {event.previous.origin}, entry with leaf {event.previous.leaf}.",
        )


def _closing(reader: Reader, item: str, sent: Event) -> Event | None:
    """Return the receipt, or the handover to the addressee, that closes a sending."""
    after = False
    for step in reader.life(item):
        event = step.event
        if event.event_id == sent.event_id:
            after = True
        elif (event.kind == "receive" and event.previous is not None and event.previous.event_id == sent.event_id) or (
            after and event.kind == "handover" and event.destination == sent.destination
        ):
            return event
    return None
