"""No direct identifiers of people in the record. All numbers here are published examples or made up."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.cn import ric
from stdnum.jp import in_
from stdnum.kr import rrn
from tests.custody.story import Scribe

from regenqc.custody.canonical import encode_event
from regenqc.custody.digest_names import digest_name
from regenqc.custody.privacy import (
    _CHINA,
    _EMAIL,
    _JAPAN,
    _KOREA,
    _SOCIAL_SECURITY,
    _TELEPHONE,
    LOG_ACTOR,
    identifying_fault,
    is_harmless,
    is_pseudonym,
    privacy_faults,
)
from regenqc.custody.reading import event_faults, judged_event
from regenqc.custody.record import Event, Item, Measurement, Signature
from regenqc.ledger.note import Ed25519Signer

if TYPE_CHECKING:
    import re


def codes(event: Event) -> set[str]:
    return {fault.code for fault in event_faults(event)}


PEOPLE = [
    ("a name", "ZHANG-WEI", False),
    ("a name in small letters", "jane.doe", False),
    ("a name with a year behind it", "ZHANG84", False),
    ("a name in another script", "张伟", False),
    ("a name with a blank", "Jane Doe", False),
    ("a date of birth", "P-19840312", False),
    ("a date of birth with hyphens", "P-1984-03-12", False),
    ("digits alone", "4711001", False),
    ("an e-mail address", "J.DOE1234@EXAMPLE.ORG", False),
    ("an identity number behind a letter", "P11010519491231002X", False),
    ("a random pseudonym", "P-7F3A90C2", True),
    ("a staff number", "STAFF-0417", True),
    ("a system", "SYSTEM-0001", True),
    ("a global service relation number", "https://id.gs1.org/8018/061414123456789012", True),
    ("a global service relation number with a wrong check digit", "https://id.gs1.org/8018/061414123456789013", False),
]


@pytest.mark.parametrize(("text", "accepted"), [case[1:] for case in PEOPLE], ids=[case[0] for case in PEOPLE])
def test_a_person_is_written_as_a_pseudonym(text: str, *, accepted: bool) -> None:
    assert is_pseudonym(text) is accepted


@pytest.mark.parametrize("member", ["actor", "second_actor", "recipient"])
def test_every_member_for_a_person_wants_a_pseudonym(member: str) -> None:
    two = {"second_actor": "NURSE-0501", "second_role": "nurse", "recipient": "PATIENT-0815"}
    event = Scribe()("administer", items=("DOSE-1",), **(two | {member: "ZHANG-WEI"}))
    assert "RQC-C023" in codes(event)


def test_a_donor_and_a_signer_want_pseudonyms() -> None:
    assert "RQC-C023" in codes(Scribe()("donation", outputs=("AP-1",), donor="MILLER-JOHN"))
    signed = Scribe()("store", items=("IT-1",), place="T-1", signatures=(Signature("MILLER-JOHN", "k", "AAAA"),))
    assert "RQC-C023" in codes(signed)


TEXTS = [
    ("an e-mail address", "ask jane.doe@hospital.example", "RQC-C020"),
    ("an international telephone number", "call +49 30 901820", "RQC-C021"),
    ("a telephone number of North America", "call (212) 555-0143", "RQC-C021"),
    ("a mobile number of China", "call 13912345678", "RQC-C021"),
    ("a mobile number of Korea", "call 010-1234-5678", "RQC-C021"),
    ("a telephone number of Japan", "call 03-1234-5678", "RQC-C021"),
    ("a telephone number in full-width digits", "call ０３-１２３４-５６７８", "RQC-C021"),
    ("a resident identity number of China", "patient 11010519491231002X", "RQC-C022"),
    ("one with a slip of the pen", "patient 110105194912310021", "RQC-C022"),
    ("an Individual Number of Japan", "number 123456789018", "RQC-C022"),
    ("one written in groups", "number 1234-5678-9018", "RQC-C022"),
    ("a resident registration number of Korea", "patient 971013-9019902".replace("-9", "-2"), "RQC-C022"),
    ("a Social Security number", "SSN 219-09-9999", "RQC-C022"),
]


@pytest.mark.parametrize(("text", "code"), [case[1:] for case in TEXTS], ids=[case[0] for case in TEXTS])
def test_text_for_people_holds_no_identifier_of_a_person(text: str, code: str) -> None:
    event = Scribe()("discard", items=("IT-1",), reason=text)
    assert codes(event) == {code}


@pytest.mark.parametrize(
    "text",
    [
        "Bag leaked; 12.5 mL lost at 14:35.",
        "Out of range 3.2-4.1 for 95 minutes on 2026-03-16",
        "Lot 20260316-001 of supplier 4711, tank 3, position 12",
        "2,450,000 cells per vial",
        "46,XX[20]",
        "≤ 0.5 EU/mL",
        "see deviation DEV-2026-0193",
        "Viability 92.4 % (limit 70 %)",
    ],
)
def test_what_a_laboratory_writes_is_taken(text: str) -> None:
    assert codes(Scribe()("discard", items=("IT-1",), reason=text)) == set()


@pytest.mark.parametrize("member", ["value", "unit"])
def test_reported_values_are_looked_at_too(member: str) -> None:
    said = {"value": "1", "unit": "mL"} | {member: "jane@hospital.example"}
    event = Scribe()("test_result", items=("S-1",), measurements=(Measurement("remark", **said),))
    assert codes(event) == {"RQC-C020"}


CODED: list[tuple[str, dict[str, Any], str]] = [
    ("an identity number as a lot", {"lot": "11010519491231002X"}, "RQC-C022"),
    ("an identity number with a prefix", {"lot": "L:11010519491231002X"}, "RQC-C022"),
    ("an Individual Number as a lot", {"lot": "123456789018"}, "RQC-C022"),
    ("a Social Security number as a lot", {"lot": "219-09-9999"}, "RQC-C022"),
    ("a mobile number as a place", {"place": "13912345678"}, "RQC-C021"),
    ("a name as an item", {"outputs": (Item("JohnSmith"),)}, "RQC-C024"),
    ("a name as a chain-of-identity identifier", {"coi": "SMITH"}, "RQC-C024"),
    ("a name as a lot", {"lot": "Smith"}, "RQC-C024"),
]


@pytest.mark.parametrize(("members", "code"), [case[1:] for case in CODED], ids=[case[0] for case in CODED])
def test_a_code_is_no_identifier_of_a_person(members: dict[str, Any], code: str) -> None:
    event = Scribe()("donation", **({"outputs": ("AP-1",), "donor": "DONOR-0001"} | members))
    assert codes(event) == {code}


@pytest.mark.parametrize(
    "lot",
    [
        pytest.param("123456789012", id="twelve digits whose check digit does not fit"),
        pytest.param("110105194912310021", id="eighteen digits whose check character does not fit"),
        pytest.param("9501011234560", id="thirteen digits that begin like a date of birth"),
        pytest.param("20260316001", id="a date and a number"),
        pytest.param("LOT-2026-0007", id="a year and a number"),
        pytest.param("https://id.gs1.org/01/09506000134352/10/A1", id="a lot of GS1"),
    ],
)
def test_a_lot_number_is_not_taken_for_a_person(lot: str) -> None:
    assert codes(Scribe()("receipt", outputs=("MAT-1",), lot=lot)) == set()


def test_a_refusal_does_not_repeat_what_it_refuses() -> None:
    event = Scribe()("discard", items=("IT-1",), reason="patient Jane Doe, 219-09-9999")
    (fault,) = event_faults(event)
    assert fault.got == "xxxxxxx xxxx xxx, 999-99-9999"


DIGITS = st.text("0123456789", min_size=1, max_size=18)


@given(DIGITS)
def test_an_identity_number_of_china_is_found_by_its_check_character(serial: str) -> None:
    stem = ("110105" + "19491231" + serial.rjust(3, "0"))[:17]
    number = stem + ric.calc_check_digit(stem + "0")
    assert ric.is_valid(number)
    assert identifying_fault(number, where="", coded=True) is not None


@given(st.text("0123456789", min_size=11, max_size=11))
def test_an_individual_number_of_japan_is_found_by_its_check_digit(stem: str) -> None:
    number = stem + in_.calc_check_digit(stem)
    assert in_.is_valid(number)
    assert identifying_fault(number, where="", coded=True) is not None


@given(st.dates(min_value=__import__("datetime").date(1930, 1, 1)), st.integers(0, 99999))
def test_a_registration_number_of_korea_is_found_by_its_check_digit(born: Any, serial: int) -> None:
    stem = f"{born:%y%m%d}{1 if born.year < 2000 else 3}{serial:05d}"
    number = stem + rrn.calc_check_digit(stem)
    assert identifying_fault(number, where="", coded=True) is not None
    assert identifying_fault(f"{number[:6]}-{number[6:]}", where="", coded=True) is not None


@given(st.text(max_size=40))
def test_what_looks_harmless_identifies_nobody(text: str) -> None:
    if is_harmless(text):
        assert identifying_fault(text, where="", coded=False) is None


@given(st.text("0123456789-+. ()Xx@a", max_size=24))
def test_what_looks_harmless_among_numbers_identifies_nobody(text: str) -> None:
    if is_harmless(text):
        assert identifying_fault(text, where="", coded=False) is None


@pytest.mark.parametrize("pattern", [_EMAIL, _SOCIAL_SECURITY, _KOREA, _CHINA, _JAPAN, _TELEPHONE])
@given(data=st.data())
def test_no_number_of_a_person_looks_harmless(data: st.DataObject, pattern: re.Pattern[str]) -> None:
    assert not is_harmless(data.draw(st.from_regex(pattern)))


def _key_with_digits_in_its_id(name: str) -> str:
    """Return a public key whose key id is digits alone, as one of forty is."""
    for number in range(100_000):
        key = Ed25519Signer(name, hashlib.sha256(b"%d" % number).digest()).verifier.text
        if key.split("+")[1].isdigit() and identifying_fault(key, where="keys[0]", coded=True):
            return key
    raise AssertionError("no such key")


def test_a_public_key_is_not_taken_for_a_telephone_number() -> None:
    key = _key_with_digits_in_its_id("STAFF-0417")
    enrolled = Scribe()("actor_enrolled", role="records", person="STAFF-0417", roles=("nurse",), keys=(key,))
    assert privacy_faults(enrolled) == []


def test_a_public_key_in_the_name_of_a_person_is_refused() -> None:
    key = Ed25519Signer("jane.roe", bytes(32)).verifier.text
    enrolled = Scribe()("actor_enrolled", role="records", person="STAFF-0417", roles=("nurse",), keys=(key,))
    assert [fault.code for fault in privacy_faults(enrolled)] == ["RQC-C023"]


@pytest.mark.parametrize("number", range(40))
def test_a_key_in_the_name_of_a_person_is_refused_whatever_its_bytes_are(number: int) -> None:
    key = Ed25519Signer("jane.roe", bytes([number]) * 32).verifier.text
    enrolled = Scribe()("actor_enrolled", role="records", person="STAFF-0417", roles=("nurse",), keys=(key,))
    assert {fault.code for fault in judged_event(encode_event(enrolled))[1]} == {"RQC-C023"}


@pytest.mark.parametrize("kind", ["actor_enrolled", "key_revoked"])
def test_a_key_of_the_log_bears_its_origin(kind: str) -> None:
    key = _key_with_digits_in_its_id("maker.example/ledger")
    members = {"roles": ("system",)} if kind == "actor_enrolled" else {"reason": "yearly change"}
    event = Scribe()(kind, role="records", person=LOG_ACTOR, keys=(key,), **members)
    assert judged_event(encode_event(event))[1] == ()
    person = Ed25519Signer("jane.roe@maker.example", bytes(32)).verifier.text
    event = Scribe()(kind, role="records", person=LOG_ACTOR, keys=(person,), **members)
    assert "RQC-C020" in {fault.code for fault in judged_event(encode_event(event))[1]}


def test_a_telephone_number_that_only_looks_like_a_key_is_refused() -> None:
    key = "STAFF-0417+80075979+AaRjAF9D/u3Rrmc0vb1MAa/CM1E3Z5L/X45rdYcvKYRO"
    enrolled = Scribe()("actor_enrolled", role="records", person="STAFF-0417", roles=("nurse",), keys=(key[:-1] + "A",))
    assert [fault.code for fault in privacy_faults(enrolled)] == ["RQC-C021"]


def test_an_identifier_made_from_a_digest_is_never_taken_for_a_number_of_a_person() -> None:
    names = [digest_name(prefix, b"%d" % number) for prefix in ("EVALUATION", "EPCIS") for number in range(2_000)]
    assert [name for name in names if identifying_fault(name, where="event_id", coded=True)] == []


@given(
    st.text("0123456789ABCDEF", min_size=20, max_size=20),
    st.sampled_from(["{}", "{}-COA", "COC_{}", "decision {} of today"]),
)
@example("8873ACD13713883993CB", "{}")  # the shape of a mobile number of China
@example("8B46EE0106744483BEF3", "{}-COA")  # of Korea
@example("F413624890123A684413", "COC_{}")
def test_what_identifies_a_decision_is_not_taken_for_a_number_of_a_person(digits: str, form: str) -> None:
    for kind in ("DECISION", "HOSPITAL"):
        text = form.format(f"{kind}-{digits}")
        assert identifying_fault(text, where="documents[0]", coded=True) is None
        assert identifying_fault(text, where="measurements[0].value", coded=False) is None


@pytest.mark.parametrize(
    "text",
    ["DECISION-8873ACD13713883993CB, call 13812345678", "LOT-8873ACD13713883993CB", "DECISION-13812345678", "PREDECISION-8873ACD13713883993CB",
     "DECISION-8873ACD13713883993CBA"],
    ids=["a number beside it", "a code of something else", "a number instead of a digest", "another word", "a longer code"],
)  # fmt: skip
def test_only_what_identifies_a_decision_is_passed_over(text: str) -> None:
    found = identifying_fault(text, where="documents[0]", coded=True)
    assert found is not None
    assert found.code == "RQC-C021"
