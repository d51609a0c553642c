"""The registry of people: every line is chained, signed by somebody who may, and makes sense; anything else is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from regenqc.errors import SignatureError
from regenqc.signing import People, Role, read_people
from regenqc.signing.people_file import PeopleFile
from regenqc.signing.statement import line_of

from .office import EXPIRY, START, certified, enrolled, founded, key_of, lines_of, opened, staffed, stated

LATER = START + timedelta(days=30)


def test_a_registry_is_read_as_it_was_stated() -> None:
    assert read_people(lines_of(staffed())).people == staffed().people


def test_roles_are_those_of_the_moment_that_is_asked_about() -> None:
    people = stated(staffed(), "role_withdrawn", at=LATER, person_id="QP-0001", role="qualified_person", reason="moved")
    assert people.at(LATER - timedelta(seconds=1))["QP-0001"] == {Role.QUALIFIED_PERSON}
    assert "QP-0001" not in people.at(LATER)
    assert "QP-0001" not in people.at(START - timedelta(seconds=1))


def test_whoever_left_holds_no_role() -> None:
    people = stated(staffed(), "person_withdrawn", at=LATER, person_id="QP-0001", reason="left the site")
    assert "QP-0001" not in people.at(LATER)


def test_another_registry_than_the_pinned_one_is_refused() -> None:
    data = lines_of(staffed())
    assert read_people(data, root=staffed().root).site == "MAKER-1"
    with pytest.raises(SignatureError, match="RQC-G028"):
        read_people(lines_of(founded(site="MAKER-2")), root=staffed().root)


DATA = lines_of(staffed())
LINES = DATA.splitlines(keepends=True)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(DATA[:-1], "RQC-G020", id="the last line is not whole"),
        pytest.param(b"".join(LINES[1:]), "RQC-G021", id="the first line is missing"),
        pytest.param(b"".join([*LINES[:3], *LINES[4:]]), "RQC-G021", id="a line in the middle is missing"),
        pytest.param(b"".join([*LINES[:2], LINES[3], LINES[2]]), "RQC-G021", id="two lines changed places"),
        pytest.param(b"".join([*LINES, LINES[-1]]), "RQC-G021", id="a line stands twice"),
        pytest.param(DATA.replace(b"Ana Example", b"Eve Example"), "RQC-G026", id="another printed name"),
        pytest.param(DATA.replace(b'"role":"reviewer"', b'"role":"qualified_person"'), "RQC-G026", id="another role"),
        pytest.param(DATA.replace(b'{"by"', b'{ "by"', 1), "RQC-G020", id="another spelling"),
        pytest.param(b"words\n", "RQC-G020", id="no statement"),
        pytest.param(DATA.replace(b"regenqc.people/1", b"regenqc.people/9"), "RQC-G020", id="another schema"),
    ],
)
def test_a_changed_registry_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(SignatureError) as refused:
        read_people(data)
    assert code in {fault.code for fault in refused.value.faults}


@pytest.mark.parametrize("number", range(len(LINES)))
@pytest.mark.parametrize("place", [0.2, 0.5, 0.8])
def test_no_flipped_bit_passes(number: int, place: float) -> None:
    line = bytearray(LINES[number])
    line[int(len(line) * place)] ^= 1
    with pytest.raises(SignatureError):
        read_people(b"".join([*LINES[:number], bytes(line), *LINES[number + 1 :]]))


@pytest.mark.parametrize(
    ("kind", "members", "code"),
    [
        pytest.param(
            "role_granted",
            {"by": "QP-0001", "person_id": "QP-0001", "role": "reviewer", "reason": "x"},
            "RQC-G025",
            id="a role by somebody who is no administrator",
        ),
        pytest.param(
            "role_granted",
            {"person_id": "ADMIN-001", "role": "qualified_person", "reason": "x"},
            "RQC-G027",
            id="an administrator who makes themselves Qualified Person",
        ),
        pytest.param(
            "role_granted",
            {"person_id": "QP-0001", "role": "administrator", "reason": "x"},
            "RQC-G027",
            id="a Qualified Person who becomes administrator",
        ),
        pytest.param(
            "role_granted",
            {"person_id": "QP-0001", "role": "service", "reason": "x"},
            "RQC-G027",
            id="a person who becomes a service account",
        ),
        pytest.param(
            "role_granted", {"person_id": "QP-0001", "role": "king", "reason": "x"}, "RQC-G027", id="an unknown role"
        ),
        pytest.param(
            "role_granted",
            {"person_id": "QP-0099", "role": "reviewer", "reason": "x"},
            "RQC-G027",
            id="a role of nobody",
        ),
        pytest.param(
            "enrolled",
            {"person_id": "QP-0001", "printed_name": "Other", "reason": "x"},
            "RQC-G027",
            id="a person who is enrolled already",
        ),
        pytest.param(
            "enrolled",
            {"person_id": "Ana Example", "printed_name": "Ana Example", "reason": "x"},
            "RQC-G023",
            id="a name where a pseudonym belongs",
        ),
        pytest.param(
            "enrolled", {"person_id": "QP-0003", "printed_name": "N. N."}, "RQC-G022", id="no word on the identity"
        ),
        pytest.param(
            "first_use_certified",
            {"person_id": "QP-0002", "key_id": key_of("QP-0002").key_id, "reason": "x"},
            "RQC-G025",
            id="a first use certified by the administrator instead of the owner",
        ),
        pytest.param("unlocked", {"person_id": "ADMIN-001", "reason": "x"}, "RQC-G027", id="who unlocks themselves"),
        pytest.param(
            "key_revoked",
            {
                "person_id": "QP-0001",
                "key_id": key_of("QP-0001").key_id,
                "basis": "lost",
                "since": "2030-01-01T00:00:00Z",
                "reason": "x",
            },
            "RQC-G027",
            id="a revocation that begins later",
        ),
        pytest.param(
            "key_revoked",
            {
                "person_id": "QP-0001",
                "key_id": key_of("QP-0002").key_id,
                "basis": "lost",
                "since": "2026-03-16T08:00:00Z",
                "reason": "x",
            },
            "RQC-G027",
            id="the key of somebody else",
        ),
        pytest.param("founded", {"person_id": "ADMIN-001", "reason": "x"}, "RQC-G022", id="a second founding"),
        pytest.param("crowned", {"person_id": "QP-0001", "reason": "x"}, "RQC-G022", id="an unknown statement"),
    ],
)
def test_a_statement_that_may_not_be_made_is_refused(kind: str, members: dict[str, str], code: str) -> None:
    with pytest.raises(SignatureError) as refused:
        stated(staffed(), kind, at=LATER, **members)
    assert code in {fault.code for fault in refused.value.faults}


def test_a_key_is_certified_only_when_its_owner_shows_that_they_hold_it() -> None:
    key = key_of("QP-0077")
    people = stated(founded(), "enrolled", person_id="QP-0077", printed_name="N. Example", reason="passport seen")
    with pytest.raises(SignatureError, match="Nothing shows that the owner of the new key holds it"):
        stated(
            people, "key_certified", person_id="QP-0077", key_id=key.key_id, public_key=key.public_key,
            valid_to=EXPIRY, reason="x",
        )  # fmt: skip


def test_a_key_is_certified_for_one_person_only() -> None:
    people = stated(staffed(), "enrolled", person_id="QP-0003", printed_name="N. Example", reason="passport seen")
    key = key_of("QP-0001")
    with pytest.raises(SignatureError, match="every key has one owner"):
        stated(
            people, "key_certified", keys=("ADMIN-001", "QP-0001"), person_id="QP-0003", key_id=key.key_id,
            public_key=key.public_key, valid_to=EXPIRY, reason="x",
        )  # fmt: skip


def test_a_service_account_gets_no_key() -> None:
    people = stated(founded(), "enrolled", person_id="ROBOT-001", printed_name="Pipeline", reason="a machine")
    people = stated(people, "role_granted", person_id="ROBOT-001", role="service", reason="evaluates")
    with pytest.raises(SignatureError, match="A service account has no key"):
        certified(people, "ROBOT-001")


def test_a_statement_older_than_the_last_one_is_refused() -> None:
    with pytest.raises(SignatureError, match="RQC-G024"):
        stated(
            staffed(), "enrolled", at=START - timedelta(seconds=1), person_id="QP-0003", printed_name="N.", reason="x"
        )


def test_a_revoked_administrator_states_nothing_more() -> None:
    key_id = key_of("ADMIN-001").key_id
    people = stated(
        staffed(), "key_revoked", at=LATER, person_id="ADMIN-001", key_id=key_id, basis="left", reason="left",
        since=LATER.isoformat(),
    )  # fmt: skip
    with pytest.raises(SignatureError, match="RQC-G026"):
        stated(people, "enrolled", at=LATER, person_id="QP-0003", printed_name="N. Example", reason="x")


def test_a_registry_without_founder_begins_with_nothing_else() -> None:
    with pytest.raises(SignatureError, match="RQC-G022"):
        stated(People(), "enrolled", person_id="QP-0003", printed_name="N. Example", reason="x")


def test_the_file_is_only_appended_to_and_never_founded_twice(tmp_path) -> None:
    place = PeopleFile(tmp_path / "people.jsonl")
    place.path.write_bytes(DATA)
    now = datetime(2026, 5, 1, tzinfo=UTC)
    place.append(
        "enrolled", by="ADMIN-001", now=now, keys=[opened("ADMIN-001")], person_id="QP-0003", printed_name="N.",
        reason="passport seen",
    )  # fmt: skip
    assert place.path.read_bytes().startswith(DATA)
    assert "QP-0003" in place.read().people
    with pytest.raises(SignatureError, match="RQC-G042"):
        place.append("founded", found=True, by="ADMIN-001", now=now, keys=[])


@pytest.mark.parametrize("name", ["Ana Example", "Аna Example", "EXAMPLE, Dr. Ána"])
def test_nobody_is_enrolled_under_a_name_that_looks_like_another(tmp_path, name: str) -> None:
    place = PeopleFile(tmp_path / "people.jsonl")
    place.path.write_bytes(DATA)
    said = {"by": "ADMIN-001", "keys": [opened("ADMIN-001")], "person_id": "QP-0003", "reason": "passport seen"}
    with pytest.raises(SignatureError, match="RQC-G029 Somebody is enrolled under a name that nobody can tell"):
        place.append("enrolled", now=LATER, printed_name=name, **said)
    assert place.path.read_bytes() == DATA
    place.append("enrolled", now=LATER, printed_name=f"{name} (2)", **said)


def test_whoever_left_and_comes_back_is_enrolled_again(tmp_path) -> None:
    place = PeopleFile(tmp_path / "people.jsonl")
    place.path.write_bytes(DATA)
    said = {"by": "ADMIN-001", "keys": [opened("ADMIN-001")], "reason": "moved"}
    place.append("person_withdrawn", now=LATER, person_id="QP-0001", **said)
    place.append("enrolled", now=LATER, person_id="QP-0003", printed_name="Ana Example", **said)


def test_a_refused_statement_leaves_the_file_as_it_was(tmp_path) -> None:
    place = PeopleFile(tmp_path / "people.jsonl")
    place.path.write_bytes(DATA)
    with pytest.raises(SignatureError):
        place.append("enrolled", by="QP-0001", now=LATER, keys=[opened("QP-0001")], person_id="X-001", reason="x")
    assert place.path.read_bytes() == DATA


def test_statements_that_leave_out_what_is_empty_have_one_spelling() -> None:
    statement = staffed().statements[1]
    padded = line_of(statement).replace(b'"by"', b'"basis":"","by"')
    with pytest.raises(SignatureError, match="RQC-G020"):
        read_people(LINES[0] + padded + b"\n")
    assert msgspec.json.decode(line_of(statement))["by"] == "ADMIN-001"


def test_somebody_enrolled_later_signs_later() -> None:
    people = enrolled(staffed(), "QP-0042", name="N. Example", role="qualified_person", at=LATER)
    assert people.person("QP-0042").roles_at(LATER) == {Role.QUALIFIED_PERSON}
    assert people.person("QP-0042").roles_at(START) == frozenset()
