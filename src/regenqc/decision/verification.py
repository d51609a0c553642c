"""Whether a decision is in force: every required signature holds, and the content may be signed at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.decision.checklist import find_checklist, required_signatures
from regenqc.decision.faults import fault
from regenqc.decision.model import SCHEMA, content_bytes, decision_id_of
from regenqc.decision.registry import registry_faults
from regenqc.decision.rules import content_faults, time_faults
from regenqc.errors import SignatureError, SpecificationError
from regenqc.signing.moments import read_moment
from regenqc.signing.names import are_alike, look_of
from regenqc.signing.verification import signature_faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from regenqc.decision.checklist import Checklist
    from regenqc.decision.model import Decision
    from regenqc.errors import Fault
    from regenqc.signing.people import People

__all__ = ["decision_faults", "signer_faults"]


def decision_faults(
    decision: Decision,
    *,
    people: People,
    now: datetime,
    proved_at: datetime | None = None,
    checklist: Checklist | None = None,
    is_complete: bool = True,
) -> list[Fault]:
    """Return why a decision is not in force; an empty list when it is.

    Whether another decision superseded it, the folder or the ledger says: a decision alone cannot.

    Args:
        decision: as read.
        people: the registry, as pinned by whoever checks.
        now: the present moment.
        proved_at: moment by which the decision is shown to have existed.
        checklist: that it names, where it is not a packaged one; without it, only the packaged part of it is applied.
        is_complete: every required signature must be there; `False` checks those that are.

    Example:
        See the tests of decision: every attack has one.
    """
    return list(_faults(decision, people, now, proved_at, checklist, is_complete=is_complete))


def _faults(
    decision: Decision,
    people: People,
    now: datetime,
    proved_at: datetime | None,
    checklist: Checklist | None,
    *,
    is_complete: bool,
) -> Iterator[Fault]:
    if decision.decision_id != decision_id_of(decision):
        yield fault(
            "RQC-A052",
            "The identifier of the decision is not that of its content.",
            where=decision.decision_id,
            got=decision.decision_id,
            expected=decision_id_of(decision),
            action="Refuse it: the content was changed.",
        )
    try:
        made_at = read_moment(decision.made_at, where=decision.decision_id)
        settings = people.settings_at(made_at)
        yield from _content(decision, checklist, is_reviewed=settings is not None and settings.review_required)
    except (SignatureError, SpecificationError) as error:
        yield from error.faults
        return
    yield from registry_faults(decision, people=people)
    content = content_bytes(decision)
    previous = made_at
    for number, signature in enumerate(decision.signatures):
        yield from signature_faults(
            signature,
            content=content,
            document_id=decision.decision_id,
            document_schema=SCHEMA,
            people=people,
            now=now,
            proved_at=proved_at,
        )
        yield from signer_faults(
            decision,
            number,
            person_id=signature.person_id,
            printed_name=signature.printed_name,
            meaning=signature.meaning,
            role=signature.role,
        )
        try:
            signed_at = read_moment(signature.signed_at)
        except SignatureError:
            continue  # reported with the signature
        tolerance = people.settings.clock_tolerance_seconds if people.settings is not None else 0
        if (previous - signed_at).total_seconds() > tolerance:
            yield fault(
                "RQC-A055",
                "A signature is older than what it follows.",
                where=f"{decision.decision_id}, {signature.person_id}",
                got=signature.signed_at,
                expected=f"not before {previous.isoformat()}",
                action="Check the clocks of the machines.",
            )
        yield from time_faults(decision, signed_at)
        previous = signed_at
    if is_complete and len(decision.signatures) < len(decision.required_signatures):
        open_ones = decision.required_signatures[len(decision.signatures) :]
        yield fault(
            "RQC-A053",
            "Signatures are missing: the decision is not in force.",
            where=decision.decision_id,
            got=f"{len(decision.signatures)} of {len(decision.required_signatures)}",
            expected="; ".join(f"{each.meaning} by {' or '.join(each.roles)}" for each in open_ones),
            action="Run: regenqc sign",
        )


def signer_faults(
    decision: Decision, number: int, *, person_id: str, printed_name: str, meaning: str, role: str
) -> Iterator[Fault]:
    """Yield why a person cannot give the signature of some number.

    Args:
        decision: with the signatures before it.
        number: of the signature, from 0.
        person_id: who signs.
        printed_name: their name; laboratories name analysts by pseudonym or by name.
        meaning: what they sign.
        role: in which role.
    """
    where = f"{decision.decision_id}, {person_id}"
    if number >= len(decision.required_signatures):
        yield fault(
            "RQC-A054",
            "The decision has all its signatures.",
            where=where,
            got=meaning,
            expected="no further signature",
            action="Refuse the signature that was added.",
        )
        return
    rule = decision.required_signatures[number]
    if meaning != rule.meaning or role not in rule.roles:
        yield fault(
            "RQC-A054",
            "This is not the signature that comes next.",
            where=where,
            got=f"{meaning} as {role}",
            expected=f"{rule.meaning} as {' or '.join(rule.roles)}: {rule.text} {rule.citation}",
            action="Somebody in that role signs with that meaning: regenqc sign",
        )
    if person_id in {each.person_id for each in decision.signatures[:number]}:
        yield fault(
            "RQC-A057",
            "Nobody signs a decision twice: its signatures are of different people.",
            where=where,
            got=f"{rule.meaning} by somebody who signed already",
            expected="somebody else",
            action="The other person runs: regenqc sign",
        )
    alike = next((each for each in decision.signatures[:number] if are_alike(each.printed_name, printed_name)), None)
    if alike is not None and alike.person_id != person_id:
        yield fault(
            "RQC-A057",
            "Nobody can tell the names of two signers apart: they may be one person.",
            where=where,
            got=f"{printed_name}, after {alike.printed_name} ({alike.person_id})",
            expected="a name that differs to the eye",
            action="Somebody else signs, or the registry prints the two names differently.",
        )
    if number == 0 and person_id != decision.prepared_by:
        yield fault(
            "RQC-A058",
            "Whoever answered signs first.",
            where=where,
            got=person_id,
            expected=decision.prepared_by,
            action="Refuse the signature; whoever answered the checklist signs first.",
        )
    analysts = {look_of(row.analyst) for row in decision.results if row.analyst}
    if analysts & {look_of(person_id), look_of(printed_name)} and rule.meaning != "authorship":
        yield fault(
            "RQC-A059",
            "Nobody reviews or releases results of their own.",
            where=where,
            got=f"{rule.meaning} by an analyst of this batch",
            expected="somebody who measured none of its results",
            action="Somebody else reviews or releases.",
        )


def _content(decision: Decision, checklist: Checklist | None, *, is_reviewed: bool) -> Iterator[Fault]:
    named = decision.checklist_id
    base = find_checklist(
        jurisdiction=decision.spec.jurisdiction,
        specification=decision.spec.id,
        extends=decision.spec.extends,
        version=named.rpartition("@")[2],
    )
    applied = checklist if checklist is not None and checklist.name == named else base
    if named not in {applied.name, base.name} and not named.endswith(f"+{base.name}"):
        yield fault(
            "RQC-A022",
            "The decision was made with another checklist than the one that applies.",
            where=decision.decision_id,
            got=named,
            expected=base.name,
            action="Make the decision again with `regenqc decide`.",
        )
        return
    given = [(each.meaning, each.roles) for each in decision.required_signatures]
    needed = [
        (each.meaning, each.roles)
        for each in required_signatures(
            applied if applied.name == named else base, kind=decision.kind, is_reviewed=is_reviewed
        )
    ]
    if applied.name == named:
        yield from content_faults(decision, applied)
    else:
        # The site's additions are not at hand: what it adds cannot be checked, what it extends can.
        own = {item.id for item in base.item}
        yield from content_faults(_reduced(decision, own), base)
        given = [each for each in given if each in needed]
    if not needed or given != needed:
        yield fault(
            "RQC-A054",
            "The decision does not ask for the signatures that it needs.",
            where=decision.decision_id,
            got=", ".join(each.meaning for each in decision.required_signatures) or "none",
            expected=", ".join(meaning for meaning, _ in needed) or f"a kind of decision that {base.name} knows",
            action="Make the decision again with `regenqc decide`.",
        )


def _reduced(decision: Decision, items: set[str]) -> Decision:
    from msgspec.structs import replace  # noqa: PLC0415 - only for checklists of a site

    return replace(decision, checklist=tuple(answer for answer in decision.checklist if answer.id in items))
