"""Who acts: enrolled, in a role of theirs, with a signature where one is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.custody.canonical import signed_bytes
from regenqc.custody.rules.case import refusal
from regenqc.custody.rules.policy import ENROLLING_ROLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.custody.rules.case import Case
    from regenqc.errors import Fault

__all__ = ["people_violations"]


def people_violations(case: Case) -> Iterator[Fault]:
    """Yield violations of RQC-C162 to RQC-C167."""
    event, policy = case.event, case.policy
    if policy.enrolled_people_only and not _is_first_enrolment(case):
        yield from _enrolled(case, event.actor, event.role)
        if event.second_actor:
            yield from _enrolled(case, event.second_actor, event.second_role)
    if event.second_actor and event.second_actor == event.actor:
        yield refusal("RQC-C167", "second_actor", got=event.second_actor, expected="somebody else")
    if event.person and event.role not in ENROLLING_ROLES:
        yield refusal("RQC-C164", event.actor, got=event.role, expected=", ".join(sorted(ENROLLING_ROLES)))
    if event.signatures or event.kind in policy.signed_kinds:
        yield from _signed(case)


def _is_first_enrolment(case: Case) -> bool:
    # The first person of a log enrols themselves; everybody after them is enrolled by somebody.
    event = case.event
    return event.kind == "actor_enrolled" and event.person == event.actor and not case.known.has_people()


def _enrolled(case: Case, code: str, role: str) -> Iterator[Fault]:
    person = case.known.person(code)
    if person is None or person.withdrawn:
        yield refusal(
            "RQC-C162",
            code,
            got="withdrawn" if person else "not enrolled",
            expected="an enrolled person",
            action="Enrol them with an event actor_enrolled.",
        )
    elif role not in person.roles:
        yield refusal("RQC-C163", code, got=role, expected=", ".join(person.roles))


def _signed(case: Case) -> Iterator[Fault]:
    event, policy = case.event, case.policy
    signers = {signature.actor for signature in event.signatures}
    if event.kind in policy.signed_kinds:
        for actor in filter(None, (event.actor, event.second_actor)):
            if actor not in signers:
                yield refusal(
                    "RQC-C165",
                    actor,
                    got="no signature",
                    expected="a signature over the event without signatures",
                    action="Sign it with an enrolled key of theirs; `regenqc ledger append --sign KEY` does.",
                )
    if not event.signatures:
        return
    message = signed_bytes(event)
    for signature in event.signatures:
        person = case.known.person(signature.actor)
        if signature.actor not in {event.actor, event.second_actor}:
            got = "a signature of somebody who did not act"
        elif person is not None and signature.key in person.revoked:
            got = "a revoked key"
        elif policy.enrolled_people_only and (person is None or signature.key not in person.keys):
            got = "a key that is not enrolled"
        elif not policy.check_signature(signature.key, message, signature.value):
            got = "a signature that does not verify"
        else:
            continue
        yield refusal("RQC-C166", signature.actor, got=f"{got}: {signature.key}", expected="a valid signature")
