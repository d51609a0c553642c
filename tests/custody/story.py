"""Write events as a site would, and judge them without a database.

Every event gets an identifier, the next moment of a clock, and an actor unless the test says otherwise; so a test states only
what it is about. All people, sites and lots are invented.
"""

from __future__ import annotations

from typing import Any

from regenqc.custody.canonical import encode_event
from regenqc.custody.moments import milliseconds_of, moment_of_milliseconds
from regenqc.custody.projection.derivation import Derivation
from regenqc.custody.record import SCHEMA, Condition, Event, Item, Measurement, Previous, Signature
from regenqc.custody.rules import Policy, signatures_unchecked, violations
from regenqc.custody.rules.check import explained_violations

MAKER, CLINIC, HOSPITAL, COURIER = "MAKER-1", "CLINIC-1", "HOSPITAL-1", "COURIER-1"
START = "2026-03-16T08:00:00.000Z"
LATER = "2026-12-31T00:00:00.000Z"
MINUTE = 60_000

LENIENT = Policy(check_signature=signatures_unchecked, enrolled_people_only=False, signed_kinds=frozenset())


def items(*codes: str | Item) -> tuple[Item, ...]:
    """Return items by code, or as given."""
    return tuple(code if isinstance(code, Item) else Item(code) for code in codes)


class Scribe:
    """Write events one minute apart."""

    def __init__(self, *, start: str = START, prefix: str = "EV", **common: Any) -> None:
        self.clock = milliseconds_of(start)
        self.count = 0
        self.prefix = prefix
        self.common = common

    def __call__(self, kind: str, **members: Any) -> Event:
        """Return the next event."""
        self.count += 1
        self.clock += MINUTE
        moment = moment_of_milliseconds(self.clock)
        for name in ("items", "inputs", "outputs"):
            if name in members:
                members[name] = items(*members[name])
        given = {
            "schema": SCHEMA,
            "kind": kind,
            "event_id": f"{self.prefix}-{self.count:04d}",
            "event_time": moment,
            "record_time": members.get("event_time", moment),
            "zone": "+01:00",
            "actor": "STAFF-0417",
            "role": "operator",
            "site": MAKER,
        }
        return Event(**(given | self.common | members))


class Desk:
    """Judge and take events in memory, as the book does in its transaction.

    Args:
        policy: of the site.
        now: moment of judging.
    """

    def __init__(self, policy: Policy = LENIENT, *, now: str = LATER) -> None:
        self.policy = policy
        self.now = now
        self.known = Derivation(_History(self), complete=True)  # type: ignore[arg-type] # only what corrections ask
        self.events: list[Event] = []

    def judge(self, event: Event) -> list[str]:
        """Return the ids of the rules that an event violates."""
        found = violations(event, known=self.known, policy=self.policy, now=self.now)
        # The quick look admits nothing that a rule, asked one by one, refuses.
        assert found == explained_violations(event, known=self.known, policy=self.policy, now=self.now)
        return [fault.code for fault in found]

    def offer(self, event: Event) -> list[str]:
        """Take an event unless it violates a rule; return the ids of the rules."""
        found = self.judge(event)
        if not found:
            encode_event(event)
            self.known.take(event, len(self.events))
            self.events.append(event)
        return found

    def take(self, *events: Event) -> Desk:
        """Take events that violate nothing."""
        for event in events:
            assert self.offer(event) == [], event
        return self

    def state(self, code: str) -> Any:
        """Return what is known of an item."""
        return self.known.item(code)


class _History:
    """Answer a derivation that holds everything: only void events are asked for."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def voids(self) -> dict[int, int]:
        return {}

    def places(self) -> dict[int, int]:
        return {}

    def events_naming(self, _numbers: Any) -> list[Any]:
        return []

    def recorded(self, _event_id: str) -> None:
        return None


def condition(
    *, excursion: str = "0", gap: str = "0", started: str = START, ended: str = START, **more: str
) -> Condition:
    """Return the summary of a temperature logger."""
    return Condition(
        "temperature",
        "°C",
        started,
        ended,
        minimum="-196",
        maximum="-150",
        excursion_seconds=excursion,
        gap_seconds=gap,
        **more,
    )


COI = "COI-0001"
PATIENT = "PATIENT-0815"


def collected(write: Scribe, *, name: str = "0001", coi: str = COI) -> list[Event]:
    """Return collection at a clinic and its receipt by the maker, with a lot of medium."""
    shipped = write("ship", site=CLINIC, items=(f"AP-{name}",), destination=MAKER, carrier=COURIER, coi=coi)
    donated = write(
        "donation",
        site=CLINIC,
        role="nurse",
        donor=f"DONOR-{name}",
        outputs=(Item(f"AP-{name}", "120", "mL"),),
        coi=coi,
        event_time=START,
        record_time=START,
    )
    return [
        donated,
        shipped,
        write("receive", items=(f"AP-{name}",), previous=Previous(shipped.event_id), coi=coi, place="ROOM-1"),
        write("receipt", outputs=(Item(f"MEDIUM-{name}", "1000", "mL"),), lot=f"ML-{name}", source="SUPPLIER-1"),
    ]


def made(write: Scribe, *, name: str = "0001", coi: str = COI, doses: int = 2) -> list[Event]:
    """Return the making of doses from what was collected."""
    lot = f"LOT-{name}"
    filled = tuple(Item(f"DP-{name}-{number}", "10", "mL") for number in range(1, doses + 1))
    return [
        write(
            "modification",
            inputs=(Item(f"AP-{name}", "120", "mL"), Item(f"MEDIUM-{name}", "200", "mL")),
            outputs=(Item(f"CU-{name}", "500", "mL"),),
            coi=coi,
            lot=lot,
            stage="in_process",
            equipment=("BSC-01",),
        ),
        write(
            "expansion",
            items=(f"CU-{name}",),
            inputs=(Item(f"MEDIUM-{name}", "300", "mL"),),
            coi=coi,
            equipment=("INC-07",),
            stage="in_process",
        ),
        write(
            "sampling",
            inputs=(Item(f"CU-{name}", "5", "mL"),),
            outputs=(Item(f"SA-{name}", "5", "mL"),),
            coi=coi,
            lot=lot,
        ),
        write("test_result", site="LAB-1", role="quality_control", items=(f"SA-{name}",), measurements=(_STERILITY,)),
        write(
            "formulation",
            inputs=(Item(f"CU-{name}", "495", "mL"),),
            outputs=(Item(f"DS-{name}", "100", "mL"),),
            coi=coi,
            lot=lot,
        ),
        write(
            "filling",
            inputs=(Item(f"DS-{name}", str(10 * doses), "mL"),),
            outputs=filled,
            coi=coi,
            lot=lot,
            expires_at="2027-03-16T00:00:00.000Z",
        ),
    ]


_STERILITY = Measurement("sterility", "No growth")


def released(write: Scribe, *, name: str = "0001", coi: str = COI, doses: int = 2) -> list[Event]:
    """Return labelling, release decision and storing of the doses."""
    codes = tuple(f"DP-{name}-{number}" for number in range(1, doses + 1))
    return [
        write("label", items=codes, labels=(f"LABEL-{name}",), coi=coi, recipient=PATIENT),
        write("evaluation", role="system", actor="SYSTEM-0001", items=codes, outcome="eligible"),
        write("decision", role="qualified_person", actor="QP-0001", items=codes, outcome="release"),
        write("store", items=codes, place="TANK-3/R2"),
    ]


def delivered(write: Scribe, *, name: str = "0001", coi: str = COI, dose: int = 1) -> list[Event]:
    """Return packing, shipping, receipt, re-inspection and acceptance of one dose."""
    code, box = f"DP-{name}-{dose}", f"BOX-{name}-{dose}"
    packed = write("pack", items=(code,), container=box, equipment=("LOGGER-55",))
    shipped = write("ship", items=(box,), destination=HOSPITAL, carrier=COURIER)
    read = write("sensor_reading", site=COURIER, role="courier", items=(box,), conditions=(condition(excursion="60"),))
    hospital = {"site": HOSPITAL, "role": "pharmacist", "actor": "PHARM-0099"}
    return [
        packed,
        shipped,
        read,
        write("receive", items=(box,), previous=Previous(shipped.event_id), place="PHARMACY-1", **hospital),
        write("unpack", items=(code,), container=box, **hospital),
        write("reinspect", items=(code,), outcome="conformant", coi=coi, **hospital),
        write("decision", items=(code,), outcome="accept", **hospital),
    ]


def treated(write: Scribe, *, name: str = "0001", coi: str = COI, dose: int = 1) -> list[Event]:
    """Return thaw at the bedside, administration and follow-up of one dose."""
    code = f"DP-{name}-{dose}"
    two = {
        "site": HOSPITAL,
        "actor": "NURSE-0501",
        "role": "nurse",
        "second_actor": "PHYS-0077",
        "second_role": "physician",
    }
    return [
        write("thaw_at_bedside", items=(code,), coi=coi, **two),
        write("administer", items=(Item(code, "10", "mL"),), recipient=PATIENT, coi=coi, **two),
        write("follow_up", site=HOSPITAL, actor="PHYS-0077", role="physician", recipient=PATIENT),
    ]


def life(write: Scribe, *, name: str = "0001", coi: str = COI) -> list[Event]:
    """Return the whole life of a lot of two doses, one of which stays in the tank."""
    return [
        *collected(write, name=name, coi=coi),
        *made(write, name=name, coi=coi),
        *released(write, name=name, coi=coi),
        *delivered(write, name=name, coi=coi),
        *treated(write, name=name, coi=coi),
    ]


def signed(event: Event, *actors: str) -> Event:
    """Return an event with a signature of each actor, as `signatures_unchecked` takes it."""
    from msgspec.structs import replace

    names = actors or tuple(filter(None, (event.actor, event.second_actor)))
    return replace(event, signatures=tuple(Signature(name, f"{name}+key1", "AAAA") for name in names))
