"""What a decision must hold in itself, whoever signs it: what may be decided, what must be said, what no one may sign.

The rules read a decision alone, so that whoever receives one years later applies the same rules as whoever made it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from regenqc.decision.faults import fault
from regenqc.decision.model import Acknowledgement
from regenqc.evaluation.dates import parse_time
from regenqc.measurement.stated import is_stated, names_document
from regenqc.signing.moments import read_moment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.decision.checklist import Checklist
    from regenqc.decision.model import Decision, RequirementRow
    from regenqc.errors import Fault

__all__ = ["content_faults", "departs", "kinds_open_to", "required_acknowledgements", "time_faults"]

_RELEASED_AS: Final = {
    "release": "eligible",
    "conditional_release": "conditional",
    "exceptional_release": "reject",
}


def content_faults(decision: Decision, checklist: Checklist) -> Iterator[Fault]:
    """Yield why a decision cannot be signed; nothing when it can.

    Args:
        decision: with everything that the person said.
        checklist: that applies to its specification.

    Example:
        See the tests of decision: every rule has one.
    """
    if decision.kind == "withdrawal":
        yield from _superseding(decision)
        return
    barred = list(_permission(decision, checklist))
    yield from barred
    if any(each.code == "RQC-A001" for each in barred):
        return  # what no one may sign needs no answers
    if departs(decision.kind, decision.disposition) and not is_stated(decision.justification):
        yield fault(
            "RQC-A003",
            "The decision departs from the disposition and needs a justification.",
            where=decision.batch_id,
            got=f"{decision.kind} of a batch that is {decision.disposition}",
            expected="why, in words",
            action='State it: justification = "…"',
        )
    yield from _acknowledgements(decision)
    yield from _confirmations(decision, checklist)
    yield from _superseding(decision)


def departs(kind: str, disposition: str) -> bool:
    """Return whether a decision is another one than the data propose.

    Example:
        >>> departs("reject", "hold"), departs("reject", "reject"), departs("exceptional_release", "reject")
        (True, False, True)
    """
    proposed = {"eligible": "release", "conditional": "conditional_release", "reject": "reject"}
    return kind != "withdrawal" and proposed.get(disposition) != kind


def kinds_open_to(disposition: str, *, has_exceptional_path: bool) -> tuple[str, ...]:
    """Return the decisions that may be taken about a batch of a disposition, the proposed one first.

    Example:
        >>> kinds_open_to("hold", has_exceptional_path=True)
        ('reject',)
        >>> kinds_open_to("reject", has_exceptional_path=True)
        ('reject', 'exceptional_release')
    """
    own = tuple(kind for kind, needed in _RELEASED_AS.items() if needed == disposition)
    if disposition == "reject":
        return ("reject", *(own if has_exceptional_path else ()))
    return (*own, "reject")


def required_acknowledgements(decision: Decision) -> tuple[Acknowledgement, ...]:
    """Return what whoever lets a batch go must acknowledge by name: everything that is not simply as it should be.

    Args:
        decision: of any kind; what it acknowledges is not looked at.

    Returns:
        In the order of the cells, then what the specification removed; `by` is whoever prepared the decision.
    """
    explained: dict[str, list[str]] = {}
    for finding in decision.findings:
        explained.setdefault(finding.requirement_id, []).append(finding.explanation)
    found = [
        Acknowledgement(
            id=row.requirement_id,
            kind=kind,
            text=" ".join(explained.get(row.requirement_id, [])) or f"{row.title}: {_plainly(row)}",
            by=decision.prepared_by,
        )
        for row in decision.requirements
        for kind in _kinds_of(row)
    ]
    removed = [
        Acknowledgement(id=each.requirement_id, kind="removed", text=each.justification, by=decision.prepared_by)
        for each in decision.removed
    ]
    return (*found, *removed)


def _kinds_of(row: RequirementRow) -> Iterator[str]:
    if row.pending:
        yield "conditional"
    elif row.verdict == "fails":
        yield "failure"
    elif row.verdict != "conforms" and not (row.mark == "unverified" and row.verdict == "inconclusive"):
        yield row.verdict
    if row.mark == "unverified":
        yield "unverified_limit"


def _plainly(row: RequirementRow) -> str:
    return f"{row.verdict}; nobody has verified where this requirement comes from"


def _permission(decision: Decision, checklist: Checklist) -> Iterator[Fault]:
    where = f"{decision.batch_id} at {decision.stage}"
    if decision.kind == "reject":
        return
    made_at = read_moment(decision.made_at)
    if _RELEASED_AS[decision.kind] != decision.disposition:
        yield fault(
            "RQC-A001",
            "No one may sign this.",
            where=where,
            got=f"{decision.kind} of a batch that is {decision.disposition}: {decision.reasons or 'nothing open'}",
            expected=" or ".join(kinds_open_to(decision.disposition, has_exceptional_path=bool(checklist.exceptional))),
            action=_ACTIONS[decision.disposition],
        )
        return
    if decision.kind == "exceptional_release":
        yield from _exceptional(decision, checklist, where)
    yield from time_faults(decision, made_at)


_ACTIONS: Final = {
    "eligible": "Release it, or reject it with a justification.",
    "conditional": "Release it conditionally, with its pending results; or wait for them and judge again.",
    "hold": "Complete what is missing or not understood and judge the batch again: what is unknown cannot be signed away.",
    "reject": "Reject it, or take the exceptional path where the rules of the jurisdiction have one.",
}


def _exceptional(decision: Decision, checklist: Checklist, where: str) -> Iterator[Fault]:
    if not checklist.exceptional:
        yield fault(
            "RQC-A002",
            "There is no exceptional path here.",
            where=where,
            got=f"exceptional_release under {decision.spec.id}",
            expected="reject",
            action=f"The checklist {checklist.name} knows no rule by which a batch outside its specification is supplied.",
        )
        return
    for name, value in checklist.exceptional_when.items():
        if decision.lot_attributes.get(name) != value:
            yield fault(
                "RQC-A002",
                "The exceptional path is not open to this lot.",
                where=f"{where}, {name}",
                got=decision.lot_attributes.get(name, "not stated"),
                expected=value,
            )
    failed = [row for row in decision.requirements if row.verdict == "fails"]
    tests_of = {finding.requirement_id: finding.test for finding in decision.findings}
    for rule in checklist.no_exception:
        for row in failed:
            if {row.requirement_id, row.test, tests_of.get(row.requirement_id, "")} & set(rule.tests):
                yield fault(
                    "RQC-A002",
                    rule.text,
                    where=f"{where}, {row.requirement_id}",
                    got="fails",
                    expected="conforms",
                    action=f"Reject the batch. {rule.citation}",
                )
    for row in decision.requirements:
        if not row.pending and row.verdict in {"missing", "inconclusive"}:
            yield fault(
                "RQC-A002",
                "The exceptional path is for what is known to be outside, never for what is unknown.",
                where=f"{where}, {row.requirement_id}",
                got=row.verdict,
                expected="a result",
                action="Complete it and judge the batch again.",
            )
    given = {document.id: document.reference for document in decision.exceptional}
    for document in checklist.exceptional:
        if not names_document(given.get(document.id, "")):
            yield fault(
                "RQC-A004",
                "A document of the exceptional path is missing.",
                where=f"{where}, {document.id}",
                got=given.get(document.id, ""),
                expected=f"{document.text} {document.citation}",
                action="Name it by its identifier in the quality system.",
            )


def time_faults(decision: Decision, moment: datetime) -> Iterator[Fault]:
    """Yield why nobody lets a batch go at a moment: expired, a pending result overdue, judged in the future.

    Args:
        decision: of any kind; a rejection and a withdrawal have no time.
        moment: at which it is made, or signed.
    """
    if not decision.is_release:
        return
    where = f"{decision.batch_id} at {decision.stage}"
    shown = moment.isoformat(timespec="seconds")
    for each in decision.pending:
        due = parse_time(each.due)
        if due is None or datetime.fromtimestamp(due, UTC) <= moment:
            yield fault(
                "RQC-A008",
                "A result that may follow the release is overdue, or nobody knows when it is due.",
                where=f"{where}, {each.requirement_id}",
                got=each.due or "no date",
                expected=f"a date after {shown}",
                action="Judge the batch again as of now.",
            )
    stated = decision.lot_attributes.get("expires_at", "")
    if stated:
        expires = parse_time(stated, end_of_day=True)
        if expires is None or datetime.fromtimestamp(expires, UTC) <= moment:
            yield fault(
                "RQC-A009",
                "The batch has expired, or its expiry cannot be read.",
                where=where,
                got=stated,
                expected=f"after {shown}",
                action="Nobody releases it.",
            )
    as_of = parse_time(decision.evaluation.as_of)
    if as_of is None or datetime.fromtimestamp(as_of, UTC) > moment:
        yield fault(
            "RQC-A010",
            "The batch was judged as of a moment that has not come.",
            where=where,
            got=decision.evaluation.as_of,
            expected=f"not after {shown}",
            action="Judge the batch as of now.",
        )


def _acknowledgements(decision: Decision) -> Iterator[Fault]:
    needed = {(each.kind, each.id): each.text for each in required_acknowledgements(decision)}
    given = [(each.kind, each.id) for each in decision.acknowledged]
    if decision.is_release:
        for (kind, name), text in needed.items():
            if (kind, name) not in given:
                yield fault(
                    "RQC-A005",
                    "This must be acknowledged by name.",
                    where=f"{decision.batch_id}, {kind}:{name}",
                    got="nothing",
                    expected=text,
                    action=f'Acknowledge it: "{kind}:{name}"',
                )
    for kind, name in given:
        if (kind, name) not in needed:
            yield fault(
                "RQC-A006",
                "There is nothing of this name to acknowledge.",
                where=f"{decision.batch_id}, {kind}:{name}",
                got=f"{kind}:{name}",
                expected=", ".join(f"{each}:{other}" for each, other in needed) or "nothing",
                action="Acknowledge what this evaluation found, not what an earlier one did.",
            )


def _confirmations(decision: Decision, checklist: Checklist) -> Iterator[Fault]:
    items = {item.id: item for item in checklist.items_of(decision.kind)}
    answers = {answer.id: answer for answer in decision.checklist}
    for name in answers:
        if name not in items:
            yield fault(
                "RQC-A007",
                "The checklist has no such item.",
                where=f"{checklist.name}, {name}",
                got=name,
                expected=", ".join(items),
            )
    if not decision.is_release:
        return
    for name, item in items.items():
        answer = answers.get(name)
        where = f"{checklist.name}, {name}"
        if answer is None or answer.answer == "no":
            yield fault(
                "RQC-A007",
                "An item of the checklist is not confirmed.",
                where=where,
                got="no answer" if answer is None else "no",
                expected=f"{item.text} {item.citation}",
                action="Settle it first, or reject the batch.",
            )
        elif answer.text != item.text:
            yield fault(
                "RQC-A007", "The item was confirmed in other words.", where=where, got=answer.text, expected=item.text
            )
        elif answer.answer == "not_applicable" and not (item.may_not_apply and is_stated(answer.comment)):
            yield fault(
                "RQC-A007",
                "This item always applies." if not item.may_not_apply else "Why the item does not apply must be said.",
                where=where,
                got=f"not_applicable{': ' + answer.comment if answer.comment else ''}",
                expected="yes" if not item.may_not_apply else "a comment",
            )


def _superseding(decision: Decision) -> Iterator[Fault]:
    if decision.kind == "withdrawal" and decision.supersedes is None:
        yield fault(
            "RQC-A011",
            "A withdrawal names the decision that it withdraws.",
            where=decision.batch_id,
            expected="supersedes",
        )
    if (decision.supersedes is not None and not is_stated(decision.reason)) or (
        decision.supersedes is None and decision.reason
    ):
        yield fault(
            "RQC-A011",
            "Whoever supersedes a decision says why, and only then.",
            where=decision.batch_id,
            got=f"supersedes {decision.supersedes or 'nothing'}, reason “{decision.reason}”",
            expected="both or neither",
            action='State the reason: reason = "…"',
        )
