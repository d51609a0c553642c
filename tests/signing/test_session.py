"""The ceremony: all components first, one afterwards, nothing without a valid person, key, role and clock."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from regenqc.errors import RegenqcError, SignatureError
from regenqc.signing import signature_faults

from .office import (
    SETTINGS,
    START,
    Clock,
    Desk,
    certified,
    enrolled,
    founded,
    key_of,
    password_of,
    staffed,
    stated,
)

if TYPE_CHECKING:
    from pathlib import Path

NOW = START + timedelta(days=1)
WRONG, SECRET = "wrong", "a very secret thing"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def faults(desk: Desk, signature: Any, content: bytes = b"shown", **changes: Any) -> list[str]:
    said: dict[str, Any] = {
        "document_id": "DECISION-1",
        "document_schema": "regenqc.decision/1",
        "people": desk.people,
        "now": desk.clock(),
    }
    return [fault.code for fault in signature_faults(signature, content=content, **(said | changes))]


def test_a_signature_says_who_when_in_which_role_what_and_over_what(desk: Desk) -> None:
    made = desk.sign()
    assert (made.printed_name, made.person_id, made.role) == ("Ana Example", "QP-0001", "qualified_person")
    assert (made.meaning, made.signed_at) == ("certification", "2026-03-17T08:00:00+00:00")
    assert made.document_id == "DECISION-1"
    assert faults(desk, made) == []


def test_the_first_signing_takes_person_and_password_and_the_next_one_the_password(desk: Desk) -> None:
    first, second = desk.sign(), desk.sign(person_id=None)
    assert (first.ceremony.sequence, first.ceremony.components) == (1, "person_id+password")
    assert (second.ceremony.sequence, second.ceremony.components) == (2, "password")


def test_a_session_does_not_begin_with_a_password_alone(desk: Desk) -> None:
    with pytest.raises(SignatureError, match="RQC-G014 The first signing of a session takes person and password"):
        desk.sign(person_id=None)


def test_an_idle_session_has_ended(desk: Desk) -> None:
    desk.sign()
    desk.clock.forward(seconds=SETTINGS.session_seconds + 1)
    with pytest.raises(SignatureError, match="RQC-G014"):
        desk.sign(person_id=None)
    assert desk.sign().ceremony.sequence == 1


def test_a_session_lasts_as_long_as_it_is_used(desk: Desk) -> None:
    desk.sign()
    for sequence in (2, 3, 4):
        desk.clock.forward(seconds=SETTINGS.session_seconds)
        assert desk.sign(person_id=None).ceremony.sequence == sequence


def test_somebody_else_does_not_go_on_in_a_session(desk: Desk) -> None:
    desk.sign()
    with pytest.raises(SignatureError, match="RQC-G014"):
        desk.sign(person="QP-0002", person_id=None)


def test_every_signing_takes_the_password(desk: Desk) -> None:
    desk.sign()
    with pytest.raises(SignatureError, match="RQC-G010"):
        desk.sign(person_id=None, password=WRONG)


@pytest.mark.parametrize(
    ("person", "changes", "code"),
    [
        pytest.param("QP-0001", {"password": "wrong"}, "RQC-G010", id="a wrong password"),
        pytest.param("QP-0001", {"password": password_of("QP-0002")}, "RQC-G010", id="the password of somebody else"),
        pytest.param("QP-0001", {"key": key_of("QP-0002")}, "RQC-G014", id="the key of somebody else"),
        pytest.param("QP-0001", {"key": key_of("STRANGER-001")}, "RQC-G033", id="a key that nobody certified"),
        pytest.param("QP-0001", {"role": "reviewer"}, "RQC-G038", id="a role that the person does not hold"),
        pytest.param("LAB-0001", {"role": "qualified_person"}, "RQC-G038", id="an analyst as Qualified Person"),
        pytest.param("ADMIN-001", {"role": "administrator"}, "RQC-G038", id="an administrator as such"),
        pytest.param("ADMIN-001", {"role": "qualified_person"}, "RQC-G038", id="an administrator as Qualified Person"),
        pytest.param("QP-0001", {"role": "service"}, "RQC-G038", id="a service account"),
        pytest.param("QP-0001", {"role": "king"}, "RQC-G038", id="a role that does not exist"),
    ],
)
def test_who_may_not_sign_does_not(desk: Desk, person: str, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(SignatureError) as refused:
        desk.sign(person=person, **changes)
    assert code in {fault.code for fault in refused.value.faults}


def test_a_forged_key_file_of_a_certified_name_does_not_sign(desk: Desk) -> None:
    forged = replace(key_of("STRANGER-001"), person_id="QP-0001", key_id=key_of("QP-0001").key_id)
    with pytest.raises(SignatureError, match="RQC-G033"):
        desk.sign(key=forged, password=password_of("STRANGER-001"))


def test_without_first_use_certified_nothing_is_signed(tmp_path: Path) -> None:
    people = stated(founded(), "enrolled", person_id="QP-0001", printed_name="Ana Example", reason="passport seen")
    people = stated(people, "role_granted", person_id="QP-0001", role="qualified_person", reason="appointed")
    with pytest.raises(SignatureError, match="RQC-G039"):
        Desk(tmp_path, people=certified(people, "QP-0001")).sign()


def test_an_expired_key_does_not_sign(tmp_path: Path) -> None:
    people = enrolled(
        founded(), "QP-0001", name="Ana Example", role="qualified_person", valid_to="2026-03-17T08:00:00Z"
    )
    with pytest.raises(SignatureError, match="RQC-G036 The key had expired"):
        Desk(tmp_path, people=people).sign()


def revoked(basis: str, *, since: Any = NOW, at: Any = NOW):
    return stated(
        staffed(), "key_revoked", at=at, person_id="QP-0001", key_id=key_of("QP-0001").key_id, basis=basis,
        since=since.isoformat(), reason="INC-7",
    )  # fmt: skip


def test_a_revoked_key_does_not_sign(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="RQC-G037 The key had been revoked"):
        Desk(tmp_path, people=revoked("superseded")).sign()


def test_what_was_signed_before_a_key_was_superseded_stays_signed(desk: Desk) -> None:
    made = desk.sign()
    later = NOW + timedelta(days=1)
    desk.people = revoked("superseded", since=later, at=later)
    assert faults(desk, made, now=later) == []


@pytest.mark.parametrize("basis", ["lost", "compromised"])
def test_after_a_loss_only_what_is_shown_to_be_older_stays_signed(desk: Desk, basis: str) -> None:
    made = desk.sign()
    later = NOW + timedelta(days=1)
    desk.people = revoked(basis, since=later, at=later)
    assert faults(desk, made, now=later) == ["RQC-G037"]
    assert faults(desk, made, now=later, proved_at=later) == ["RQC-G037"]
    assert faults(desk, made, now=later, proved_at=later - timedelta(hours=1)) == []


def test_a_role_withdrawn_later_does_not_undo_a_signature_and_one_withdrawn_before_does(desk: Desk) -> None:
    made = desk.sign()
    withdrawn = {"person_id": "QP-0001", "role": "qualified_person", "reason": "moved"}
    later = NOW + timedelta(days=1)
    assert faults(desk, made, people=stated(staffed(), "role_withdrawn", at=later, **withdrawn), now=later) == []
    before = stated(staffed(), "role_withdrawn", at=START + timedelta(hours=1), **withdrawn)
    assert faults(desk, made, people=before) == ["RQC-G038"]


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        pytest.param({"content": b"shown, and more"}, ["RQC-G031"], id="content changed after signing"),
        pytest.param({"document_id": "DECISION-2"}, ["RQC-G032"], id="signature moved to another decision"),
        pytest.param(
            {"document_schema": "regenqc.certificate/1"}, ["RQC-G032"], id="moved to another kind of document"
        ),
        pytest.param({"now": NOW - timedelta(seconds=61)}, ["RQC-G035"], id="dated in the future"),
        pytest.param({"now": NOW - timedelta(seconds=60)}, [], id="clocks within the tolerance"),
        pytest.param({"proved_at": NOW - timedelta(hours=1)}, ["RQC-G035"], id="dated after it was recorded"),
    ],
)
def test_a_signature_holds_only_where_and_when_it_was_made(
    desk: Desk, changed: dict[str, Any], codes: list[str]
) -> None:
    made = desk.sign()
    assert faults(desk, made, **changed) == codes


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("printed_name", "Eve Example", "RQC-G033"),
        ("person_id", "QP-0002", "RQC-G033"),
        ("role", "reviewer", "RQC-G034"),
        ("meaning", "review", "RQC-G034"),
        ("signed_at", "2026-03-17T07:59:59+00:00", "RQC-G034"),
        ("signed_at", "2026-03-17T08:00:00", "RQC-G003"),
        ("digest", "sha256:00", "RQC-G031"),
        ("document_id", "DECISION-2", "RQC-G032"),
        ("algorithm", "none", "RQC-G030"),
        ("schema", "regenqc.signature/2", "RQC-G030"),
        ("value", "AAAA", "RQC-G034"),
        ("key_id", key_of("QP-0002").key_id, "RQC-G033"),
    ],
)
def test_no_member_of_a_signature_can_be_changed(desk: Desk, member: str, value: str, code: str) -> None:
    assert code in faults(desk, replace(desk.sign(), **{member: value}))


def test_a_signature_put_under_another_name_does_not_hold(desk: Desk) -> None:
    made = desk.sign()
    moved = replace(made, person_id="QP-0002", printed_name="Wei Example", key_id=key_of("QP-0002").key_id)
    assert faults(desk, moved) == ["RQC-G034"]


def test_too_many_failures_lock_a_person_out_and_nobody_else(desk: Desk) -> None:
    for _ in range(SETTINGS.lockout_after):
        with pytest.raises(SignatureError, match="RQC-G010"):
            desk.sign(password=WRONG)
    with pytest.raises(SignatureError, match="RQC-G012 This person is locked out"):
        desk.sign()
    assert desk.sign(person="QP-0002").person_id == "QP-0002"


def test_guesses_at_the_same_moment_are_counted_one_by_one(desk: Desk) -> None:
    guesses = 4 * SETTINGS.lockout_after
    together = Barrier(guesses)

    def guess(_: int) -> str:
        together.wait()
        with pytest.raises(SignatureError) as told:
            desk.sign(password=WRONG)
        return told.value.faults[0].code

    with ThreadPoolExecutor(guesses) as pool:
        said = Counter(pool.map(guess, range(guesses)))
    assert said == {"RQC-G010": SETTINGS.lockout_after, "RQC-G012": guesses - SETTINGS.lockout_after}


def test_an_administrator_unlocks(desk: Desk, tmp_path: Path) -> None:
    for _ in range(SETTINGS.lockout_after):
        with pytest.raises(SignatureError):
            desk.sign(password=WRONG)
    desk.clock.forward(seconds=1)
    people = stated(staffed(), "unlocked", at=desk.clock(), person_id="QP-0001", reason="identity verified again")
    assert Desk(tmp_path, people=people, clock=desk.clock).sign().person_id == "QP-0001"


def test_a_success_begins_the_count_anew(desk: Desk) -> None:
    for _ in range(4):
        for _ in range(SETTINGS.lockout_after - 1):
            with pytest.raises(SignatureError, match="RQC-G010"):
                desk.sign(password=WRONG)
        desk.sign()


def test_an_attempt_is_on_record_before_the_password_is_tried(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("regenqc.signing.session.open_any_key", killed)
    with pytest.raises(KeyboardInterrupt):
        desk.sign()
    assert [attempt.outcome for attempt in desk.attempts.read()] == ["started"]
    assert desk.attempts.failures("QP-0001", since=None) == 1


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda lines: lines[:1] + lines[2:], id="a line removed"),
        pytest.param(
            lambda lines: [lines[0], lines[1].replace(b"failed", b"succeeded"), *lines[2:]], id="a line changed"
        ),
        pytest.param(lambda lines: [lines[1], lines[0], *lines[2:]], id="lines exchanged"),
        pytest.param(lambda lines: [*lines, b'{"half":'], id="half a line"),
    ],
)
def test_with_a_changed_log_of_attempts_nobody_signs(desk: Desk, harm: Any) -> None:
    with pytest.raises(SignatureError, match="RQC-G010"):
        desk.sign(password=WRONG)
    desk.sign()
    lines = desk.attempts.path.read_bytes().splitlines(keepends=True)
    desk.attempts.path.write_bytes(b"".join(harm(lines)))
    with pytest.raises(SignatureError, match="RQC-G040"):
        desk.sign()


@pytest.mark.parametrize("left", [1, 3, 4], ids="{} lines left".format)
def test_a_log_of_attempts_that_was_cut_lacks_the_line_of_a_signature(desk: Desk, left: int) -> None:
    with pytest.raises(SignatureError, match="RQC-G010"):
        desk.sign(password=WRONG)
    desk.sign()
    with pytest.raises(SignatureError, match="RQC-G010"):
        desk.sign(password=WRONG)
    signature = desk.sign()
    assert list(desk.attempts.faults([signature])) == []
    lines = desk.attempts.path.read_bytes().splitlines(keepends=True)
    assert len(lines) == 8
    desk.attempts.path.write_bytes(b"".join(lines[:left]))
    (found,) = desk.attempts.faults([signature])
    assert f"{found.code} {found.what}" == (
        "RQC-G044 The log of attempts was cut: it ends before the line beside which a signature was given."
    )


def test_a_signature_given_beside_another_log_says_nothing_about_this_one(desk: Desk, tmp_path: Path) -> None:
    other = Desk(tmp_path / "other")
    other.clock.forward(seconds=7)
    signature = other.sign(person="QP-0002")
    desk.sign()
    assert list(desk.attempts.faults([signature])) == []


def test_nobody_moves_a_signature_beside_another_line_of_the_log(desk: Desk) -> None:
    made = desk.sign()
    moved = replace(made, ceremony=replace(made.ceremony, attempt=made.ceremony.attempt_log))
    assert faults(desk, moved) == ["RQC-G034"]


def test_with_a_clock_that_went_back_nobody_signs(desk: Desk) -> None:
    desk.sign()
    desk.clock.forward(seconds=-61)
    with pytest.raises(SignatureError, match="RQC-G016 The clock of this machine went back"):
        desk.sign()


def test_before_the_registry_was_made_nobody_signs(tmp_path: Path) -> None:
    with pytest.raises(SignatureError, match="RQC-G016"):
        Desk(tmp_path, clock=Clock(START - timedelta(days=1))).sign()


def test_no_name_of_the_secret_appears_in_messages(desk: Desk) -> None:
    with pytest.raises(SignatureError) as refused:
        desk.sign(password=SECRET)
    assert "secret thing" not in str(refused.value)
    assert b"secret thing" not in desk.attempts.path.read_bytes()


def test_what_cannot_be_recorded_is_not_signed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.attempts.path.mkdir()  # where the log should be stands something else
    with pytest.raises(RegenqcError, match="RQC-G0"):
        desk.sign()
