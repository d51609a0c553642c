"""Conditions of the item: released and still so, received, inspected, accepted, in date, thawed in time, there at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.custody.state import Status, left_of
from regenqc.custody.versions import PROCEDURE, specification_of, version_differences, versions_of
from regenqc.custody.words import ACCEPTING_DECISIONS, PERMITTING_DECISIONS, RELEASE_DECISIONS
from regenqc.reinspection.gate.facts import stated
from regenqc.reinspection.gate.reason import Reason
from regenqc.vocabulary import Disposition, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.record import Event
    from regenqc.reinspection.gate.facts import Facts

__all__ = [
    "accepted",
    "accepted_by_another",
    "available",
    "decided_event",
    "held_here",
    "identity_matched_by_two",
    "in_date",
    "in_thaw_window",
    "is_known",
    "no_late_failure",
    "no_open_investigation",
    "not_recalled",
    "not_reversed",
    "origins_stand",
    "packet_event",
    "received",
    "reinspected",
    "released",
    "results_in_time",
    "stored_in_range",
    "versions_equal",
]

_RELEASE_STAGE: Final = Stage.DRUG_PRODUCT_RELEASE.value


def is_known(facts: Facts) -> Iterator[Reason]:
    """Yield why the item is none of this ledger."""
    if facts.state is None or facts.state.created < 0:
        yield Reason(
            "not in this ledger" if facts.state is None else "its origin is void",
            "an item that was made or received",
            "Read the code on the container again; record its receipt first.",
        )


# ---- release ------------------------------------------------------------------------------------------------------------


def decided_event(facts: Facts) -> Event | None:
    """Return the last decision of the manufacturer in this ledger."""
    at = facts.position(lambda event: event.kind == "decision" and event.outcome in RELEASE_DECISIONS)
    return facts.life[at].event if at >= 0 else None


def packet_event(facts: Facts) -> Event | None:
    """Return the last re-inspection that says what the release packet of another log decided."""
    at = facts.position(lambda event: event.kind == "reinspect" and bool(stated(event, "packet_decision")[0]))
    return facts.life[at].event if at >= 0 else None


def _comes_from_elsewhere(facts: Facts) -> bool:
    return facts.state is not None and facts.state.elsewhere


def released(facts: Facts) -> Iterator[Reason]:
    """Yield why nobody released it, by this ledger or by the verified packet of the manufacturer."""
    if _comes_from_elsewhere(facts):
        packet = packet_event(facts)
        verified = stated(packet, "packet")[0]
        decided = stated(packet, "packet_decision")[0]
        if packet is None or verified != "verified":
            yield Reason(
                f"packet {verified or 'not inspected'}",
                "a release packet that was verified on receipt",
                "Verify the packet of the manufacturer, and record it with the re-inspection.",
            )
        elif decided not in PERMITTING_DECISIONS | {"reject"}:
            yield Reason(f"packet of a decision {decided}", "release")
        return
    if not any(
        step.event.kind == "decision" and step.event.outcome in PERMITTING_DECISIONS for step in facts.life
    ) and not (facts.state is not None and facts.state.decision == "reject"):
        yield Reason("no decision to release it", "release", "Ask the manufacturer for the decision.")


def not_reversed(facts: Facts) -> Iterator[Reason]:
    """Yield why a release no longer stands."""
    decided = stated(packet_event(facts), "packet_decision")[0] if _comes_from_elsewhere(facts) else ""
    if not decided and facts.state is not None:
        decided = facts.state.decision
    if decided == "reject":
        yield Reason("rejected", "a release that stands", "Do not use it; keep it apart and ask the manufacturer.")


def no_late_failure(facts: Facts) -> Iterator[Reason]:
    """Yield results that failed after somebody last answered for the item; the last word of each specification counts."""
    answered = facts.position(
        lambda event: event.kind == "decision" and event.outcome in PERMITTING_DECISIONS | {"exceptional"}
    )
    late = {
        specification_of(event): event
        for event in facts.after(answered)
        if event.kind == "evaluation" and event.stage in {"", _RELEASE_STAGE}
    }
    for event in late.values():
        if event.outcome in {Disposition.REJECT.value, Disposition.HOLD.value}:
            yield Reason(
                f"evaluated as {event.outcome} at {event.event_time}, after the decision",
                "eligible, or a decision that knew of it",
                "Do not use it. Only an exceptional acceptance, with its documents, answers for it.",
            )


def results_in_time(facts: Facts) -> Iterator[Reason]:
    """Yield results that may follow the release and are overdue, or have no day on which they are due."""
    if facts.pending is None:
        yield Reason(
            "the document of the conditional release is not beside the ledger",
            "the list of what is pending, with dates",
            "Record the decision with `regenqc decide --ledger`, or verify the packet again.",
        )
        return
    for each in facts.pending:
        if not each.due:
            yield Reason(f"{each.requirement} pending, no date", "a date on which it is due")
        elif each.due < facts.question.now:
            yield Reason(
                f"{each.requirement} was due {each.due}", "its final result", "Ask the manufacturer for the result."
            )


def no_open_investigation(facts: Facts) -> Iterator[Reason]:
    """Yield open investigations."""
    if facts.state is not None and facts.state.investigations:
        yield Reason(", ".join(facts.state.investigations), "every investigation closed")


def not_recalled(facts: Facts) -> Iterator[Reason]:
    """Yield the recall of the item or of its lot."""
    state = facts.state
    if state is not None and (state.recalled or facts.lot_recalled):
        what = "recalled" if state.recalled else f"lot {state.lot} recalled"
        yield Reason(what, "not recalled", "Keep it apart, and follow the recall.")


def origins_stand(facts: Facts) -> Iterator[Reason]:
    """Yield what it was made from that was recalled or rejected."""
    for origin in facts.fallen_origins:
        yield Reason(
            f"made from {origin}",
            "origins that stand",
            "Keep it apart; whoever recalled or rejected that decides about what came of it.",
        )


def versions_equal(facts: Facts) -> Iterator[Reason]:
    """Yield specifications and procedures by which sites worked in different versions, or not in that of the plan."""
    told = [each for step in facts.life for each in versions_of(step.event)]
    planned: dict[str, str] = {}
    for stating in facts.plan.measurements if facts.plan is not None else ():
        if stating.name in {"specification", "procedure"}:
            name, _, version = stating.value.rpartition("#")
            planned[f"{PROCEDURE}{name}" if stating.name == "procedure" else name] = version
    for different in version_differences(told):
        yield Reason(different.explanation, "one version at all sites", "Ask the lead site which of them is in force.")
    last = {(each.name, each.site): each for each in sorted(told, key=lambda one: one.event_time)}
    for name, version in planned.items():
        own = [each for (stated, _), each in last.items() if stated == name]
        for each in own:
            if each.version != version:
                yield Reason(f"{name}: {each.said}", f"{version}, as the plan of the study says")
        if not own:
            yield Reason(f"{name}: no site stated its version", f"{version}, as the plan of the study says")


# ---- receipt and acceptance ---------------------------------------------------------------------------------------------


def received(facts: Facts) -> Iterator[Reason]:
    """Yield why nobody received it where it would be given."""
    if facts.state is not None and not facts.state.travelled and facts.question.site != _maker(facts):
        yield Reason("never received", f"received at {facts.question.site}", "Record its receipt.")


def _maker(facts: Facts) -> str:
    return facts.life[0].event.site if facts.life else ""


def held_here(facts: Facts) -> Iterator[Reason]:
    """Yield where the item is instead of here."""
    where = facts.where
    if where is None:
        return
    site = facts.question.site
    if where.heading:
        yield Reason(f"on its way to {where.heading}, with {where.holder}", f"held by {site}")
    elif where.holder != site:
        yield Reason(f"held by {where.holder or 'nobody'}", f"held by {site}")
    elif where.outermost:
        yield Reason(f"packed in {where.outermost}", "unpacked")


def _receipt_position(facts: Facts) -> int:
    return facts.position(lambda event: event.kind in {"receive", "unpack", "handover"})


def reinspected(facts: Facts) -> Iterator[Reason]:
    """Yield why the re-inspection after the last receipt did not find it conformant."""
    found = [event for event in facts.after(_receipt_position(facts)) if event.kind == "reinspect"]
    if not found:
        yield Reason("not inspected since it was received", "re-inspected", "Run `regenqc reinspect`.")
    elif found[-1].outcome != "conformant" and not (
        # An exception is made for a result, never for damage, expiry, a wrong count, or whose it is.
        found[-1].outcome == "non_conformant" and facts.state is not None and facts.state.acceptance == "exceptional"
    ):
        yield Reason(f"found {found[-1].outcome or 'nothing'}", "conformant", "What fails re-inspection is not used.")


def identity_matched_by_two(facts: Facts) -> Iterator[Reason]:
    """Yield why no two people matched the identity on receipt."""
    found = [event for event in facts.after(_receipt_position(facts)) if event.kind == "reinspect"]
    if found and not (found[-1].second_actor and found[-1].second_actor != found[-1].actor):
        yield Reason(f"{found[-1].actor} alone", "two different people", "Inspect it again with a second person.")


def accepted(facts: Facts) -> Iterator[Reason]:
    """Yield why the hospital has not accepted it since it arrived."""
    state = facts.state
    if state is None:
        return
    if state.acceptance == "refuse":
        yield Reason("refused", "accepted", "What was refused is never used. Discard or return it.")
    elif state.acceptance not in ACCEPTING_DECISIONS:
        yield Reason(state.acceptance or "no decision of the hospital", "accepted")
    else:
        at = _acceptance_position(facts)
        decision = facts.life[at].event
        if at < _receipt_position(facts):
            yield Reason(f"accepted {decision.event_time}, before it arrived", "accepted since it arrived")
        elif decision.outcome == "exceptional" and not (
            decision.reason and any("#" not in document for document in decision.documents)
        ):
            yield Reason(
                "an exception without reason or documents", "the reason, and every document of the exceptional path"
            )


def _acceptance_position(facts: Facts) -> int:
    return facts.position(lambda event: event.kind == "decision" and event.outcome in ACCEPTING_DECISIONS)


def accepted_by_another(facts: Facts) -> Iterator[Reason]:
    """Yield why whoever accepted it is not independent of whoever received it."""
    at = _acceptance_position(facts)
    if at < 0:
        return
    decision = facts.life[at].event
    people = {actor for actor, _ in facts.receivers}
    roles = {role for _, role in facts.receivers}
    if decision.actor in people:
        yield Reason(f"{decision.actor} received it and accepted it", "another person")
    elif decision.role in roles:
        yield Reason(f"received and accepted by the role {decision.role}", "another role")


# ---- time, quantity, storage --------------------------------------------------------------------------------------------


def available(facts: Facts) -> Iterator[Reason]:
    """Yield why there is nothing to give."""
    state = facts.state
    if state is None:
        return
    if state.status != Status.ACTIVE:
        yield Reason(state.status, "there to be given")
    elif left_of(state) <= 0:
        yield Reason("nothing left", "something left")
    elif state.returned:
        yield Reason("sent back", "not sent back")


def in_date(facts: Facts) -> Iterator[Reason]:
    """Yield why it is not in date: by the earliest date that anybody stated; without a date nothing is."""
    dates = [step.event.expires_at for step in facts.life if step.event.kind != "thaw_at_bedside"]
    expiry = min(filter(None, dates), default="")
    if not expiry:
        yield Reason("no expiry recorded", "date and time of expiry")
    elif facts.question.now > expiry:
        yield Reason(f"expired {expiry}", "before its expiry")


def in_thaw_window(facts: Facts) -> Iterator[Reason]:
    """Yield why what was thawed may no longer be given; without a stated end no window is open."""
    at = facts.position(lambda event: event.kind == "thaw_at_bedside")
    if at < 0:
        return
    end = facts.life[at].event.expires_at
    if not end:
        yield Reason(
            "thawed, and nobody stated until when it may be given",
            "the end of the window, from the product's label",
            "Take the window from the label, and record it with the thaw.",
        )
    elif facts.question.now > end:
        yield Reason(f"window closed {end}", "within the window after thaw")


def stored_in_range(facts: Facts) -> Iterator[Reason]:
    """Yield excursions recorded since the hospital accepted it for which no permitted time was left."""
    at = _acceptance_position(facts)
    for event in facts.after(at) if at >= 0 else ():
        for condition in event.conditions:
            outside = float(condition.excursion_seconds or 0)
            if outside > 0 and float(condition.budget_seconds or 0) <= 0:
                yield Reason(
                    f"{condition.channel} outside its range for {outside:g} s until {condition.ended}",
                    "within the permitted time",
                    "Inspect it again, and let the hospital decide anew.",
                )
