"""Conditions of the use: whose it is, consent, study, cohort, who gives it and where, and how fresh this knowledge is."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from regenqc.custody.moments import milliseconds_of
from regenqc.custody.words import ACCEPTING_DECISIONS
from regenqc.reinspection.gate.facts import stated
from regenqc.reinspection.gate.reason import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.custody.record import Event
    from regenqc.reinspection.gate.facts import Facts

__all__ = [
    "age_permitted",
    "bedside_identity",
    "cohort_open",
    "consent_given",
    "consent_version",
    "in_a_study",
    "knowledge_fresh",
    "observation_over",
    "people_enrolled",
    "people_qualified",
    "protocol_filed",
    "right_identity",
    "right_recipient",
    "site_qualified",
    "study_goes_on",
    "subject_enrolled",
    "two_people",
]

_MINUTE = 60_000
_HOUR = 3_600_000


# ---- identity -----------------------------------------------------------------------------------------------------------


def right_recipient(facts: Facts) -> Iterator[Reason]:
    """Yield why the item is for somebody else."""
    state = facts.state
    if state is not None and state.recipient and state.recipient != facts.question.recipient:
        yield Reason(facts.question.recipient, state.recipient, "Stop: this item is for another recipient.")


def right_identity(facts: Facts) -> Iterator[Reason]:
    """Yield why the chain-of-identity identifier read from the label is not the item's."""
    state = facts.state
    if state is not None and facts.question.coi != state.coi:
        yield Reason(facts.question.coi or "none read", state.coi or "none", "Stop: this is not that item.")


def bedside_identity(facts: Facts) -> Iterator[Reason]:
    """Yield why no two people have just checked the identity at the bedside."""
    question, rules = facts.question, facts.rules
    at = facts.position(lambda event: event.kind in {"bedside_check", "thaw_at_bedside"} and bool(event.recipient))
    accepted_at = facts.position(lambda event: event.kind == "decision" and event.outcome in ACCEPTING_DECISIONS)
    if at < 0 or at < accepted_at:
        yield Reason(
            "no identity check at the bedside since it was accepted", "checked by two people", "Record the check."
        )
        return
    check = facts.life[at].event
    if check.recipient != question.recipient:
        yield Reason(f"checked for {check.recipient}", question.recipient, "Stop: this item is for another recipient.")
    elif check.outcome not in {"", "conformant"}:
        yield Reason(f"the check found {check.outcome}", "conformant", "Stop: this is not that item.")
    elif check.second_actor in {"", check.actor}:
        yield Reason(f"{check.actor} alone", "two different people")
    elif check.site != question.site:
        yield Reason(f"checked at {check.site}", question.site)
    elif rules.bedside_check_minutes is None:
        yield Reason(
            "how long a check at the bedside holds is not set",
            "`bedside_check_minutes` in gate.toml",
            "The site sets it; no source gives a number.",
        )
    elif milliseconds_of(question.now) - milliseconds_of(check.event_time) > rules.bedside_check_minutes * _MINUTE:
        yield Reason(
            f"checked at {check.event_time}",
            f"within {rules.bedside_check_minutes} minutes",
            "Check the identity again.",
        )


# ---- consent and study --------------------------------------------------------------------------------------------------


def consent_given(facts: Facts) -> Iterator[Reason]:
    """Yield why there is no consent."""
    last = _last_word(facts.consents, facts.study, against="withdrawn")
    if last is None:
        yield Reason("no consent recorded", "consent given")
    elif last.outcome != "given":
        yield Reason(f"withdrawn {last.event_time}", "consent given", "Stop: the recipient withdrew consent.")
    elif last.expires_at and last.expires_at < facts.question.now:
        yield Reason(f"held until {last.expires_at}", "consent that still holds")


def consent_version(facts: Facts) -> Iterator[Reason]:
    """Yield why the consent is not to the version that the study asks for."""
    given = [event for event in facts.consents if event.outcome == "given"]
    wanted = stated(facts.plan, "consent_version")[0]
    if facts.plan is not None and not wanted:
        yield Reason("the plan of the study names no version of the consent", "`consent_version` in the plan")
    elif given and wanted and wanted not in given[-1].documents:
        yield Reason(", ".join(given[-1].documents), wanted, "Ask for consent by the version in force.")


def in_a_study(facts: Facts) -> Iterator[Reason]:
    """Yield why the item belongs to no study, where nothing is given outside one."""
    if not facts.study:
        yield Reason("the item belongs to no study", "a study", "Label it for its study; or see `study_required`.")


def study_goes_on(facts: Facts) -> Iterator[Reason]:
    """Yield the standing of a study that does not go on."""
    if facts.standing:
        yield Reason(f"{facts.study} {facts.standing}", "a study that goes on", "Only the ethics committee resumes it.")


def subject_enrolled(facts: Facts) -> Iterator[Reason]:
    """Yield why the recipient is no subject of the study."""
    last = facts.enrolments[-1] if facts.enrolments else None
    if last is None or last.outcome != "enrolled":
        got = "never enrolled" if last is None else f"left {last.event_time}"
        yield Reason(f"{facts.question.recipient} {got}", f"enrolled in {facts.study}")


def protocol_filed(facts: Facts) -> Iterator[Reason]:
    """Yield why the recipient is not treated by the version of the protocol that was filed last."""
    filed = stated(facts.plan, "protocol_version")[0]
    if not filed:
        yield Reason("no filed version known", "`protocol_version` in the plan of the study")
    elif facts.enrolment is not None and filed not in facts.enrolment.documents:
        yield Reason(
            f"enrolled by {', '.join(facts.enrolment.documents)}", filed, "Enrol again by the version that was filed."
        )


def age_permitted(facts: Facts) -> Iterator[Reason]:
    """Yield why the age of the recipient is not shown to be within the plan."""
    least, most = _amount(facts.plan, "minimum_age"), _amount(facts.plan, "maximum_age")
    if least is None:
        yield Reason("the plan sets no lowest age", "`minimum_age` in years in the plan")
        return
    if facts.enrolment is None:
        return
    age = _amount(facts.enrolment, "age")
    if age is None:
        yield Reason("age not recorded", f"{least} years or more", "Record it with the enrolment.")
    elif age < least:
        yield Reason(f"{age} years", f"{least} years or more", "Children only as the protocol says.")
    elif most is not None and age > most:
        yield Reason(f"{age} years", f"at most {most} years")


def cohort_open(facts: Facts) -> Iterator[Reason]:
    """Yield why the recipient's dose cohort may not be dosed yet."""
    if facts.enrolment is None:
        return
    cohort = stated(facts.enrolment, "cohort")[0]
    if not cohort:
        yield Reason("no cohort recorded", "the cohort of the recipient", "Record it with the enrolment.")
    elif cohort not in {stated(event, "cohort")[0] for event in facts.cohorts}:
        yield Reason(f"cohort {cohort} not opened", "opened", "Whoever decides on dose escalation opens it.")


def observation_over(facts: Facts) -> Iterator[Reason]:
    """Yield the observation of another subject of the cohort that is not over."""
    if facts.plan is None:
        return
    hours = _amount(facts.plan, "observation_hold")
    if hours is None:
        yield Reason(
            "the plan does not say how long a subject is observed before the next",
            "`observation_hold` in hours in the plan; 0 for none",
        )
        return
    if not hours or not facts.given_in_cohort:
        return
    recipient, moment = max(facts.given_in_cohort, key=lambda given: given[1])
    passed = Decimal(milliseconds_of(facts.question.now) - milliseconds_of(moment)) / _HOUR
    if passed < hours:
        yield Reason(
            f"{recipient} treated {moment}, {passed:.1f} h ago",
            f"{hours} h or more",
            "Wait until the observation ends.",
        )


def _amount(event: Event | None, name: str) -> Decimal | None:
    """Return a stated quantity in years or hours, `None` when it is not a plain number of that unit."""
    value, unit = stated(event, name)
    if unit != {"observation_hold": "h"}.get(name, "y"):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() and number >= 0 else None


# ---- who and where ------------------------------------------------------------------------------------------------------


def _last_word(said: Sequence[Event], study: str, *, against: str) -> Event | None:
    """Return what holds of what was stated for a study and for all studies, `None` when nothing was.

    What was stated for the study goes before what was stated for all, unless everything was withdrawn later.
    """
    own = [event for event in said if event.study and event.study == study]
    general = [event for event in said if not event.study]
    if not own:
        return general[-1] if general else None
    if general and general[-1].outcome == against and general[-1].event_time > own[-1].event_time:
        return general[-1]
    return own[-1]


def _is_qualified(said: Sequence[Event], facts: Facts) -> str:
    """Return why the last word on a qualification does not qualify, empty when it does."""
    last = _last_word(said, facts.study, against="withdrawn")
    if last is None:
        return "no qualification recorded"
    if last.outcome != "granted":
        return f"{last.outcome} {last.event_time}"
    if not last.expires_at:
        return "granted without end"
    return f"held until {last.expires_at}" if last.expires_at < facts.question.now else ""


def site_qualified(facts: Facts) -> Iterator[Reason]:
    """Yield why the site is not qualified at this moment."""
    why = _is_qualified(facts.site_qualifications, facts)
    if why:
        yield Reason(f"{facts.question.site}: {why}", "granted, and in date now")


def people_qualified(facts: Facts) -> Iterator[Reason]:
    """Yield who of the two is not qualified at this moment."""
    for person in _two(facts):
        if why := _is_qualified(facts.qualifications.get(person, ()), facts):
            yield Reason(f"{person}: {why}", "granted, and in date now")


def people_enrolled(facts: Facts) -> Iterator[Reason]:
    """Yield who of the two may not act in their role."""
    question = facts.question
    for code, role in ((question.actor, question.role), (question.second_actor, question.second_role)):
        person = facts.people.get(code)
        if not code:
            continue
        if person is None or person.withdrawn:
            yield Reason(f"{code} {'withdrawn' if person else 'not enrolled'}", "an enrolled person")
        elif role not in person.roles:
            yield Reason(f"{code} as {role or 'nothing'}", f"one of {', '.join(person.roles)}")


def two_people(facts: Facts) -> Iterator[Reason]:
    """Yield why these are not two people."""
    question = facts.question
    if not question.actor or not question.second_actor or question.actor == question.second_actor:
        yield Reason(f"{question.actor or 'nobody'} and {question.second_actor or 'nobody'}", "two different people")


def _two(facts: Facts) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (facts.question.actor, facts.question.second_actor))))


# ---- knowledge ----------------------------------------------------------------------------------------------------------


def knowledge_fresh(facts: Facts) -> Iterator[Reason]:
    """Yield why what is known while the network is down is too old, or cannot be believed."""
    known = facts.checkpoint
    if known is None:
        return
    if known.fault:
        yield Reason(known.fault, "a checkpoint of this ledger by a key that you believe", "Synchronise the ledger.")
        return
    hours = facts.rules.checkpoint_hours
    if hours is None:
        yield Reason(
            f"the last checkpoint is {known.age_text} old, and how old it may be is not set",
            "`checkpoint_hours` in gate.toml",
            "The site sets it; no source gives a number.",
        )
    elif known.age_seconds > hours * 3600:
        yield Reason(f"the last checkpoint is {known.age_text} old", f"at most {hours} h", "Synchronise the ledger.")
