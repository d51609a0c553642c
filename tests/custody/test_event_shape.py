"""What an event may hold: members of its kind, codes, moments, quantities, words; and the quick look agrees with the slow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields, replace
from tests.custody.story import START, Scribe, condition, life

from regenqc.custody.canonical import encode_event, spell_event
from regenqc.custody.form import has_usual_form
from regenqc.custody.kinds import ALWAYS, KINDS
from regenqc.custody.plainness import is_plainly_right
from regenqc.custody.reading import event_faults, event_of_usual_form, read_event
from regenqc.custody.record import Blob, Condition, Event, Item, Measurement, Previous, Signature
from regenqc.errors import DataError

DIGEST = "sha256:" + "0a" * 32
FULL: dict[str, Any] = {
    "second_actor": "NURSE-0501",
    "second_role": "nurse",
    "signatures": (Signature("STAFF-0417", "key-1", "AAAA"),),
    "items": (Item("IT-1", "2", "mL"),),
    "inputs": (Item("IN-1"),),
    "outputs": (Item("OUT-1", "0.5", "mL", coi="COI-0001"),),
    "container": "BOX-1",
    "coi": "COI-0001",
    "product": "PRODUCT-X",
    "lot": "LOT-1",
    "study": "STUDY-A",
    "donor": "DONOR-0001",
    "recipient": "PATIENT-0815",
    "expires_at": "2027-01-01T00:00:00.000Z",
    "labels": ("LABEL-1",),
    "stage": "in_process",
    "measurements": (Measurement("viability", "≥ 92.4", "%"),),
    "conditions": (condition(),),
    "place": "ROOM-1",
    "equipment": ("INC-07",),
    "source": "CLINIC-1",
    "destination": "MAKER-1",
    "carrier": "COURIER-1",
    "reason": "Bag leaked during transport.",
    "basis": "incorrect_data",
    "outcome": "",
    "investigation": "OOS-1",
    "documents": ("BR-1",),
    "corrects": "EV-0000",
    "replaces": "EV-0000",
    "previous": Previous("EV-0000", DIGEST, "clinic.example/ledger"),
    "blobs": (Blob(DIGEST, "trace", "text/csv", "10"),),
    "person": "STAFF-0418",
    "roles": ("operator",),
    "keys": ("key-1",),
    "through": "4096",
    "digest": DIGEST,
}
KIND_NAMES = sorted(KINDS)


def full(kind: str) -> Event:
    """Return an event with every member that its kind allows."""
    allowed = KINDS[kind].allowed
    members = {name: value for name, value in FULL.items() if name in allowed and value}
    if "container" in members:
        members["container"] = "BOX-1"
    outcomes = sorted(KINDS[kind].outcomes)
    if outcomes:
        members["outcome"] = outcomes[0]
    return Scribe()(kind, **members)


def codes(event: Event) -> list[str]:
    return [fault.code for fault in event_faults(event)]


def test_every_kind_of_the_chain_is_there() -> None:
    assert {
        *[
            "donation",
            "receipt",
            "reprogramming",
            "banking",
            "thaw",
            "expansion",
            "modification",
            "differentiation",
            "formulation",
            "filling",
        ],
        *[
            "sampling",
            "test_result",
            "out_of_specification_opened",
            "out_of_specification_closed",
            "evaluation",
            "decision",
            "label",
        ],
        *[
            "pack",
            "unpack",
            "ship",
            "sensor_reading",
            "handover",
            "receive",
            "reinspect",
            "store",
            "thaw_at_bedside",
            "administer",
            "discard",
        ],
        *[
            "return",
            "adverse_event",
            "follow_up",
            "study_suspended",
            "study_resumed",
            "study_terminated",
            "recall",
            "correction",
            "gate_answer",
        ],
    } <= set(KINDS)


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_an_event_with_all_members_of_its_kind_is_read(kind: str) -> None:
    event = full(kind)
    assert event_faults(event) == []
    assert read_event(encode_event(event)) == event


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_the_quick_look_accepts_an_event_with_all_members_of_its_kind(kind: str) -> None:
    event = full(kind)
    assert is_plainly_right(event, encode_event(event))


@pytest.mark.parametrize(("kind", "member"), [(kind, member) for kind in KIND_NAMES for member in KINDS[kind].required])
def test_a_missing_member_is_named(kind: str, member: str) -> None:
    empty = next(field for field in fields(Event) if field.name == member).default
    event = replace(full(kind), **{member: empty})
    assert ("RQC-C007", member) in {(fault.code, fault.where) for fault in event_faults(event)}
    assert not is_plainly_right(event, spell_event(event))


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_every_member_that_a_kind_does_not_have_is_refused(kind: str) -> None:
    foreign = [name for name in FULL if name not in KINDS[kind].allowed and FULL[name]]
    for name in foreign:
        event = replace(full(kind), **{name: FULL[name]})
        assert ("RQC-C008", name) in {(fault.code, fault.where) for fault in event_faults(event)}, name
        assert not is_plainly_right(event, spell_event(event)), name


def test_no_kind_allows_a_member_that_the_record_lacks() -> None:
    known = {field.name for field in fields(Event)}
    assert all(kind.allowed <= known for kind in KINDS.values())


@pytest.mark.parametrize("member", [name for name in ALWAYS if name not in {"schema", "kind"}])
def test_a_member_that_every_event_has_cannot_be_left_out(member: str) -> None:
    data = encode_event(full("store"))
    value = getattr(full("store"), member).encode()
    shortened = data.replace(b'"%s":"%s",' % (member.encode(), value), b"").replace(
        b',"%s":"%s"' % (member.encode(), value), b""
    )
    with pytest.raises(DataError) as caught:
        read_event(shortened)
    assert caught.value.code == "RQC-C001"


def test_an_unknown_kind_is_refused() -> None:
    assert codes(Scribe()("teleport", items=("IT-1",))) == ["RQC-C006"]


def test_an_unknown_kind_is_refused_with_the_kinds_like_it() -> None:
    (fault,) = event_faults(Scribe()("ships", items=("IT-1",)))
    assert fault.expected == "ship"


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("a blank in a code", {"place": "ROOM 1"}, "RQC-C009"),
    ("a letter outside ASCII in a code", {"place": "RÄUM-1"}, "RQC-C009"),
    ("a quotation mark in a code", {"place": 'R"1'}, "RQC-C009"),
    ("a date that does not exist", {"event_time": "2026-02-30T08:00:00.000Z"}, "RQC-C010"),
    ("an hour that does not exist", {"event_time": "2026-02-03T24:00:00.000Z"}, "RQC-C010"),
    ("a leap second", {"event_time": "2016-12-31T23:59:60.000Z"}, "RQC-C010"),
    ("a moment with offset", {"record_time": "2026-02-03T24:00:00+01:00"}, "RQC-C010"),
    ("a moment without milliseconds", {"record_time": "2026-02-03T20:00:00Z    "}, "RQC-C010"),
    ("an offset that no clock has", {"zone": "+15:00"}, "RQC-C010"),
    ("a zone by name", {"zone": "Europe/Berlin"}, "RQC-C010"),
    ("a negative quantity", {"items": (Item("IT-1", "-1", "mL"),)}, "RQC-C011"),
    ("a quantity of nothing", {"items": (Item("IT-1", "0.0", "mL"),)}, "RQC-C011"),
    ("a quantity with exponent", {"items": (Item("IT-1", "1e3", "mL"),)}, "RQC-C011"),
    ("a quantity with a comma", {"items": (Item("IT-1", "1,5", "mL"),)}, "RQC-C011"),
    ("a quantity with a leading zero", {"items": (Item("IT-1", "05", "mL"),)}, "RQC-C011"),
    ("a quantity without unit", {"items": (Item("IT-1", "5"),)}, "RQC-C011"),
    ("a unit without quantity", {"items": (Item("IT-1", "", "mL"),)}, "RQC-C011"),
    ("a role that is not listed", {"role": "wizard"}, "RQC-C012"),
    ("a second role that is not listed", {"second_actor": "NURSE-0501", "second_role": "wizard"}, "RQC-C012"),
    ("a control character in a unit", {"items": (Item("IT-1", "5", "m\x07L"),)}, "RQC-C013"),
    ("a text direction mark in a unit", {"items": (Item("IT-1", "5", "m\u202eL"),)}, "RQC-C013"),
    ("a text with blanks at its ends", {"reason": " leaked"}, "RQC-C013"),
    ("a text of two lines", {"reason": "leaked\nagain"}, "RQC-C013"),
    ("a digest in capitals", {"blobs": (Blob("sha256:" + "0A" * 32, "trace"),)}, "RQC-C014"),
    ("a digest of another algorithm", {"blobs": (Blob("md5:" + "0a" * 16, "trace"),)}, "RQC-C014"),
    ("a signature that is no base64", {"signatures": (Signature("STAFF-0417", "k", "äöü"),)}, "RQC-C014"),
    ("an item twice", {"items": (Item("IT-1"), Item("IT-1", "1", "mL"))}, "RQC-C015"),
    ("a piece of equipment twice", {"equipment": ("INC-1", "INC-1")}, "RQC-C015"),
    ("a code with brackets", {"items": (Item("IT[1]"),)}, "RQC-C009"),
    ("a telephone number with blanks", {"reason": "call 212 555 1234"}, "RQC-C021"),
    ("a telephone number with dots", {"lot": "212.555.1234", "reason": "x"}, "RQC-C021"),
    ("a code with braces", {"place": "ROOM-{1}"}, "RQC-C009"),
    ("a code with brackets beside a text", {"place": "ROOM-[1]", "reason": "Moved for cleaning."}, "RQC-C009"),
    ("a size that is no number", {"blobs": (Blob(DIGEST, "trace", "text/csv", "ten"),)}, "RQC-C011"),
]


@pytest.mark.parametrize(("members", "code"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_what_is_not_understood_is_refused(members: dict[str, Any], code: str) -> None:
    event = Scribe()("store", **({"items": ("IT-1",), "place": "ROOM-1"} | members))
    assert code in codes(event)
    assert not is_plainly_right(event, spell_event(event))


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        pytest.param("modification", {"items": ("IT-1",), "inputs": ("IT-1",)}, id="an item that is also an input"),
        pytest.param("modification", {"inputs": ("IT-1",), "outputs": ("IT-1",)}, id="an input that is also an output"),
        pytest.param("pack", {"items": ("BOX-1",), "container": "BOX-1"}, id="an item packed into itself"),
    ],
)
def test_a_thing_has_one_part_in_an_event(kind: str, members: dict[str, Any]) -> None:
    event = Scribe()(kind, **members)
    assert "RQC-C015" in codes(event)
    assert not is_plainly_right(event, spell_event(event))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"started": "2026-03-16T09:00:00.000Z", "ended": START}, id="it ends before it starts"),
        pytest.param({"minimum": "cold"}, id="its minimum is a word"),
        pytest.param({"excursion_seconds": "-1"}, id="its excursion is negative"),
        pytest.param({"readings": "1.5"}, id="it counts half a reading"),
    ],
)
def test_a_condition_that_cannot_be_is_refused(changes: dict[str, str]) -> None:
    event = Scribe()("sensor_reading", items=("IT-1",), conditions=(replace(condition(), **changes),))
    assert codes(event)
    assert not is_plainly_right(event, spell_event(event))


def test_every_fault_of_an_event_is_reported_at_once() -> None:
    event = Scribe()("store", items=(Item("IT-1", "5"),), zone="+15:00", role="wizard", lot="L-1")
    assert set(codes(event)) == {"RQC-C007", "RQC-C008", "RQC-C010", "RQC-C011", "RQC-C012"}


# ---- the quick look and the slow one ------------------------------------------------------------------------------------

FRAGMENTS = st.sampled_from(
    [
        *[
            "IT-1",
            "ROOM-1",
            "STAFF-0417",
            "Zhang",
            "2026-0007",
            "123456789012",
            "1234567890123",
            "11010519491231002X",
            "123-45-6789",
        ],
        *[
            "din:G123498654321H",
            "din:G123498654321X",
            "sec:X",
            "urn:epc:id:sscc:0614141.1234567890",
            "P:1",
            "a@b.de",
            "+49123456789",
        ],
        *[
            "https://id.gs1.org/00/106141412345678908",
            "http://example.org/x",
            "(01)09506000134352",
            "=x",
            "900101-1234567",
        ],
        "",
        "A B",
        "Ä",
        "５５５-1234-5678",
        "No growth",
        "46,XX[20]",
        " x",
        "x\t",
    ]
)
MOMENTS = st.sampled_from([START, "2026-02-30T08:00:00.000Z", "2026-03-16 08:00:00.000Z", "9999-99-99T99:99:99.999Z"])
QUANTITIES = st.sampled_from(["", "1", "0.5", "0", "-1", "1e3", "007", "1" * 40])
ITEMS = st.lists(st.builds(Item, FRAGMENTS, QUANTITIES, FRAGMENTS, FRAGMENTS), max_size=3).map(tuple)


@st.composite
def strange_events(draw: st.DrawFn) -> Event:
    """Draw an event some of whose members may be wrong."""
    kind = draw(st.sampled_from([*KIND_NAMES, "teleport"]))
    base = full(kind) if kind in KINDS else replace(full("store"), kind=kind)
    values: dict[str, st.SearchStrategy[Any]] = {
        **dict.fromkeys(
            ["event_id", "actor", "site", "role", "zone", "second_actor", "second_role", "container", "coi", "lot"],
            FRAGMENTS,
        ),
        **dict.fromkeys(
            ["product", "study", "donor", "recipient", "stage", "place", "source", "destination", "carrier"], FRAGMENTS
        ),
        **dict.fromkeys(
            ["reason", "basis", "outcome", "investigation", "corrects", "replaces", "person", "through", "digest"],
            FRAGMENTS,
        ),
        **dict.fromkeys(("event_time", "record_time", "expires_at"), MOMENTS),
        **{
            name: st.lists(FRAGMENTS, max_size=3).map(tuple)
            for name in ("labels", "equipment", "documents", "keys", "roles")
        },
        **dict.fromkeys(("items", "inputs", "outputs"), ITEMS),
        "measurements": st.lists(st.builds(Measurement, FRAGMENTS, FRAGMENTS, FRAGMENTS), max_size=2).map(tuple),
        "conditions": st.lists(
            st.builds(Condition, FRAGMENTS, FRAGMENTS, MOMENTS, MOMENTS, minimum=QUANTITIES, readings=QUANTITIES),
            max_size=2,
        ).map(tuple),
        "blobs": st.lists(
            st.builds(Blob, FRAGMENTS | st.just(DIGEST), FRAGMENTS, FRAGMENTS, QUANTITIES), max_size=2
        ).map(tuple),
        "signatures": st.lists(st.builds(Signature, FRAGMENTS, FRAGMENTS, FRAGMENTS), max_size=2).map(tuple),
        "previous": st.none() | st.builds(Previous, FRAGMENTS, FRAGMENTS, FRAGMENTS),
    }
    changed = draw(st.lists(st.sampled_from(sorted(values)), max_size=3, unique=True))
    return replace(base, **{name: draw(values[name]) for name in changed})


@settings(max_examples=600)
@given(strange_events())
def test_what_the_quick_look_accepts_has_no_fault(event: Event) -> None:
    data = spell_event(event)
    if is_plainly_right(event, data):
        assert event_faults(event) == []


SPELLINGS = [encode_event(event) for event in life(Scribe())]
SCRAPS = st.sampled_from(
    [
        b"0",
        b"9",
        b"-",
        b".",
        b" ",
        b"+",
        b":",
        b",",
        b'"',
        b"\\",
        b"{}",
        b"[1]",
        b"(",
        b"=",
        b"\xc2\xb0",
        b"\xcc\x81",
        b"\n",
        b"http",
        b"ABC",
        b"1990-01-01",
        b"212 555 1234",
        b"212.555.1234",
        b"138 1234 5678",
        b'"",',
        b'"study":"ST-1",',
    ]
)


@settings(max_examples=1500)
@given(st.sampled_from(SPELLINGS), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), SCRAPS), max_size=3))
def test_bytes_of_usual_form_are_canonical_and_without_fault(
    data: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    for at, without, scrap in changes:
        data = data[:at] + scrap + data[at + without :]
    event = event_of_usual_form(data)
    if event is not None:
        assert encode_event(event) == data
        assert event_faults(event) == []


@settings(max_examples=600)
@given(strange_events())
def test_a_strange_event_of_usual_form_has_no_fault(event: Event) -> None:
    if has_usual_form(event, spell_event(event)):
        assert event_faults(event) == []


def test_a_whole_life_has_the_usual_form() -> None:
    assert [event for event in life(Scribe()) if not has_usual_form(event, encode_event(event))] == []


@settings(max_examples=300)
@given(strange_events())
def test_an_event_is_read_or_refused_and_never_changed(event: Event) -> None:
    try:
        data = encode_event(event)
        read = read_event(data)
    except DataError:
        return
    assert encode_event(read) == data


def test_the_quick_look_accepts_a_whole_life() -> None:
    assert all(is_plainly_right(event, encode_event(event)) for event in life(Scribe()))
