"""`regenqc decide`, `sign` and `audit`: a person decides, on the terminal or with prepared answers."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.decision.workbench import OPEN, make_files

from regenqc.decision.checklist import find_checklist
from regenqc.decision.folder import DecisionFolder
from regenqc.decision.verification import decision_faults
from regenqc.signing import read_people

from .signing_office import PEOPLE, Watch, as_admin, made_office, office, regenqc, signing_as, watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from .custody_site import Done

    Command = Callable[..., Done]

__all__ = ["made_office", "office", "regenqc", "watch"]  # fixtures
pytestmark = pytest.mark.usefixtures("office")

DECIDE = ["decide", "judged", "--spec", "product.toml", *PEOPLE]
ITEMS = [item.id for item in find_checklist(jurisdiction="EU", specification="a/b", extends=()).items_of("release")]


def answers(lot: str, kind: str = "release", *, items: list[str] = ITEMS, **more: object) -> str:
    """Return a table of a file of answers in which everything is confirmed."""
    lines = ["[[decision]]", f'batch_id = "{lot}"', f'kind = "{kind}"']
    lines += [f"{name} = {json.dumps(value)}" for name, value in more.items() if not isinstance(value, dict)]
    if kind not in {"reject", "withdrawal"}:
        lines += ["[decision.checklist]", *(f'{item} = "yes"' for item in items)]
    for name, value in more.items():
        if isinstance(value, dict):
            lines += [f"[decision.{name}]", *(f"{key} = {json.dumps(text)}" for key, text in value.items())]
    return "\n".join(lines) + "\n"


def write(*tables: str) -> list[str]:
    text = 'schema = "regenqc.answers/1"\n' + "\n".join(tables)
    tomllib.loads(text)
    Path("answers.toml").write_text(text, encoding="utf-8")
    return ["--answers", "answers.toml"]


def stored() -> list:
    return list(DecisionFolder(Path("decisions")).read())


def in_force(watch: Watch) -> None:
    people = read_people(Path("people/people.jsonl").read_bytes())
    for decision in stored():
        assert decision_faults(decision, people=people, now=watch()) == []


def test_a_release_with_prepared_answers(regenqc: Command, watch: Watch) -> None:
    done = regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1")))
    assert done.code == 0, done.err
    (decision,) = stored()
    assert (decision.batch_id, decision.kind, decision.signatures[0].printed_name) == (
        "GOOD-1",
        "release",
        "Ana Example",
    )
    assert "release, in force" in done.out
    in_force(watch)


def test_exceptions_stand_before_results_and_the_checklist(regenqc: Command) -> None:
    given = write(answers("ALERT-1", acknowledged=["alert:viability"]))
    out = regenqc(*DECIDE, *signing_as("QP-0001"), *given).out
    assert out.index("Exceptions (1)") < out.index("Results (4)") < out.index("Checklist") < out.index("Signatures")
    assert "outside the alert limit" in out


def test_where_there_are_no_exceptions_no_table_says_so(regenqc: Command) -> None:
    out = regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1"))).out
    assert "no exceptions" in out
    assert "Exceptions (" not in out


def test_a_changed_result_is_marked_on_the_screen(regenqc: Command) -> None:
    out = regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("REV-1"))).out
    assert "△ changed after entry; it was “90 %” (revision 1)" in out


def test_deciding_again_adds_nothing(regenqc: Command, watch: Watch) -> None:
    given = write(answers("GOOD-1"))
    regenqc(*DECIDE, *signing_as("QP-0001"), *given)
    before = {path.name: path.read_bytes() for path in Path("decisions").iterdir()}
    watch.forward(minutes=5)
    done = regenqc(*DECIDE, *signing_as("QP-0001"), *given, "--json")
    assert (done.code, json.loads(done.out)[0]["new"]) == (0, False)
    assert {path.name: path.read_bytes() for path in Path("decisions").iterdir()} == before


def test_several_lots_are_one_session(regenqc: Command) -> None:
    given = write(answers("GOOD-1"), answers("WAIT-1", "conditional_release", acknowledged=["conditional:sterility"]))
    assert regenqc(*DECIDE, *signing_as("QP-0001"), *given).code == 0
    ceremonies = sorted(
        (each.signatures[0].ceremony.sequence, each.signatures[0].ceremony.components) for each in stored()
    )
    assert ceremonies == [(1, "person_id+password"), (2, "password")]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        pytest.param(answers("LOW-1"), "RQC-A001", id="release of what fails"),
        pytest.param(answers("GAP-1"), "RQC-A001", id="release of what is on hold"),
        pytest.param(answers("ALERT-1"), "RQC-A005", id="an alert that nobody acknowledged"),
        pytest.param(answers("GOOD-1", items=ITEMS[1:]), "RQC-A007", id="an item that nobody confirmed"),
        pytest.param(answers("GOOD-1", "reject"), "RQC-A003", id="no justification"),
        pytest.param(answers("LOW-1", "exceptional_release"), "RQC-A004", id="no documents"),
        pytest.param(answers("LATE-2"), "RQC-A034", id="a lot that was not judged"),
    ],
)
def test_what_may_not_be_signed_leaves_with_2_and_writes_nothing(regenqc: Command, given: str, code: str) -> None:
    done = regenqc(*DECIDE, *signing_as("QP-0001"), *write(given))
    assert (done.code, code in done.err) == (2, True), done.err
    assert not Path("decisions").exists() or stored() == []


def test_the_exceptional_path_with_its_documents(regenqc: Command, watch: Watch) -> None:
    items = [item for item in ITEMS if item != "specification_registered"]
    given = answers(
        "LOW-1", "exceptional_release", items=items, acknowledged=["failure:viability"],
        justification="no other treatment in time", exceptional=OPEN,
    )  # fmt: skip
    done = regenqc(*DECIDE, *signing_as("QP-0001"), *write(given))
    assert done.code == 0, done.err
    assert [document.reference for document in stored()[0].exceptional] == list(OPEN.values())
    in_force(watch)


@pytest.mark.parametrize(
    ("person", "more", "code"),
    [
        pytest.param("QP-0001", ["--password-file", "secret/QP-0002"], "RQC-G010", id="a wrong password"),
        pytest.param("QP-0001", ["--key", "keys/QP-0002.key"], "RQC-G014", id="the key of somebody else"),
        pytest.param("REV-0001", [], "RQC-G038", id="a reviewer as Qualified Person"),
        pytest.param("REV-0001", ["--role", "reviewer"], "RQC-A054", id="a reviewer as such"),
        pytest.param("ADMIN-001", ["--role", "administrator"], "RQC-A054", id="an administrator"),
        pytest.param("ADMIN-001", [], "RQC-G038", id="an administrator as Qualified Person"),
        pytest.param("QP-0001", ["--role", "service"], "RQC-A054", id="a service account"),
        pytest.param(
            "QP-0001", ["--root", f"sha256:{'0' * 64}"], "RQC-G028", id="another registry than the pinned one"
        ),
    ],
)
def test_who_may_not_sign_leaves_with_5_and_writes_nothing(
    regenqc: Command, person: str, more: list[str], code: str
) -> None:
    done = regenqc(*DECIDE, *signing_as(person), *more, *write(answers("GOOD-1")))
    assert (done.code, code in done.err) == (5, True), done.err
    assert stored() == []


def test_three_wrong_passwords_lock_out_and_an_administrator_unlocks(regenqc: Command, watch: Watch) -> None:
    given = write(answers("GOOD-1"))
    for _ in range(3):
        assert "RQC-G010" in regenqc(*DECIDE, *signing_as("QP-0001"), "--password-file", "secret/QP-0002", *given).err
    assert "RQC-G012" in regenqc(*DECIDE, *signing_as("QP-0001"), *given).err
    watch.forward(seconds=1)
    assert regenqc("people", "unlock", "QP-0001", "--reason", "identity verified", *as_admin()).code == 0
    watch.forward(seconds=1)
    assert regenqc(*DECIDE, *signing_as("QP-0001"), *given).code == 0
    assert "failed" in regenqc("people", "list", "--attempts").out


def test_a_revoked_key_signs_nothing_more(regenqc: Command, watch: Watch) -> None:
    key_id = json.loads(Path("keys/QP-0001.key").read_text())["key_id"]
    done = regenqc(
        "people", "revoke", "QP-0001", "--key-id", key_id, "--as", "lost", "--reason", "INC-7", *as_admin(),
    )  # fmt: skip
    assert done.code == 0, done.err
    watch.forward(seconds=1)
    assert "RQC-G037" in regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1"))).err
    assert "lost since" in regenqc("people", "list").out


def test_an_expired_key_signs_nothing(regenqc: Command, watch: Watch) -> None:
    watch.forward(days=1100)
    assert "RQC-G036" in regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1"))).err


def test_a_password_comes_from_a_file_descriptor(regenqc: Command) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"correct horse QP-0001\n")
    os.close(writing)
    named = ["--person", "QP-0001", "--key", "keys/QP-0001.key", "--password-fd", str(reading)]
    assert regenqc(*DECIDE, *named, *write(answers("GOOD-1"))).code == 0


def test_without_terminal_and_file_nobody_is_asked_for_a_password(regenqc: Command) -> None:
    named = ["--person", "QP-0001", "--key", "keys/QP-0001.key"]
    done = regenqc(*DECIDE, *named, *write(answers("GOOD-1")))
    assert (done.code, "RQC-U120" in done.err) == (2, True)


def test_no_option_takes_a_password_in_the_command_line(regenqc: Command) -> None:
    for command in (["decide"], ["sign"], ["people", "key"], ["people", "found"], ["people", "accept"]):
        assert re.search(r"--password(?!-)", regenqc(*command, "--help").out) is None


# ---- revision, withdrawal, two releases ---------------------------------------------------------------------------------------


def test_a_second_answer_is_a_revision_that_says_why(regenqc: Command, watch: Watch) -> None:
    regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1")))
    refused = regenqc(*DECIDE, *signing_as("QP-0002"), *write(answers("GOOD-1", "reject", justification="REPORT-9")))
    assert "RQC-A062" in refused.err
    said = {"supersedes": stored()[0].decision_id, "reason": "a complaint", "justification": "REPORT-9"}
    watch.forward(minutes=1)
    done = regenqc(*DECIDE, *signing_as("QP-0002"), *write(answers("GOOD-1", "reject", **said)))
    assert done.code == 0, done.err
    assert [each.kind for each in stored()] == ["release", "reject"]


def test_a_withdrawal_leaves_nothing_in_force(regenqc: Command, watch: Watch) -> None:
    regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1")))
    watch.forward(minutes=1)
    said = {"supersedes": stored()[0].decision_id, "reason": "signed in error"}
    done = regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1", "withdrawal", **said)))
    assert done.code == 0, done.err
    standing = DecisionFolder(Path("decisions")).standing(
        "GOOD-1", stage="drug_product_release", spec_id="maker/product"
    )
    assert standing is not None
    assert standing.kind == "withdrawal"
    in_force(watch)


CHINA = [
    item.id for item in find_checklist(jurisdiction="CN", specification="cn/drug-track", extends=()).items_of("release")
]


@pytest.fixture
def half_released(regenqc: Command) -> str:
    """A lot of the drug track with the first of two releases; returns the identifier of the decision."""
    make_files(Path(), identifier="cn/drug-track", jurisdiction="CN")
    done = regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1", items=CHINA)), "--json")
    assert done.code == 0, done.err
    (told,) = json.loads(done.out)
    assert (told["complete"], told["awaits"]) == (False, ["marketing_release"])
    return told["decision_id"]


def test_on_the_drug_track_a_second_person_releases(regenqc: Command, half_released: str, watch: Watch) -> None:
    watch.forward(minutes=1)
    done = regenqc("sign", half_released, *PEOPLE, *signing_as("QP-0002"), "--meaning", "marketing_release")
    assert (done.code, "in force" in done.out) == (0, True), done.err
    in_force(watch)


@pytest.mark.parametrize(
    ("person", "more", "code"),
    [
        pytest.param("QP-0001", ["--meaning", "marketing_release"], "RQC-A057", id="the same person twice"),
        pytest.param("QP-0002", ["--meaning", "factory_release"], "RQC-A054", id="the signature that is there"),
        pytest.param("REV-0001", ["--meaning", "marketing_release"], "RQC-G038", id="a reviewer"),
        pytest.param(
            "REV-0001", ["--meaning", "marketing_release", "--role", "reviewer"], "RQC-A054", id="a reviewer as such"
        ),
        pytest.param(
            "QP-0002",
            ["--meaning", "marketing_release", "--password-file", "secret/QP-0001"],
            "RQC-G010",
            id="a wrong password",
        ),
    ],
)
def test_on_the_drug_track_nobody_else_releases(
    regenqc: Command, half_released: str, watch: Watch, person: str, more: list[str], code: str
) -> None:
    watch.forward(minutes=1)
    done = regenqc("sign", half_released, *PEOPLE, *signing_as(person), *more)
    assert (done.code, code in done.err) == (5, True), done.err
    assert not stored()[0].is_complete


def test_a_decision_that_was_changed_gets_no_second_signature(regenqc: Command, half_released: str) -> None:
    path = Path("decisions", f"{half_released.lower()}.json")
    path.write_bytes(path.read_bytes().replace(b'"reported":"90"', b'"reported":"95"'))
    done = regenqc("sign", half_released, *PEOPLE, *signing_as("QP-0002"), "--meaning", "marketing_release")
    assert (done.code, "RQC-A052" in done.err) == (5, True)


def test_a_checklist_of_the_site_adds_items(regenqc: Command, watch: Watch) -> None:
    Path("ours.toml").write_text(
        'schema = "regenqc.checklist/1"\nid = "maker-1"\nversion = "1"\ntitle = "Maker 1"\nextends = "european-union"\n'
        '[[item]]\nid = "label"\ntext = "Compared."\ncitation = "SOP-017"\nmark = "verified"\n'
    )
    ours = ["--checklist", "ours.toml"]
    assert "RQC-A007" in regenqc(*DECIDE, *ours, *signing_as("QP-0001"), *write(answers("GOOD-1"))).err
    given = write(answers("GOOD-1", items=[*ITEMS, "label"]))
    assert regenqc(*DECIDE, *ours, *signing_as("QP-0001"), *given).code == 0
    assert stored()[0].checklist_id == "maker-1@1+european-union@1"
    in_force(watch)


def test_where_the_site_wants_a_review_the_author_signs_first(regenqc: Command, watch: Watch) -> None:
    assert regenqc("people", "settings", "--review-required", "--reason", "CC-12", *as_admin()).code == 0
    watch.forward(seconds=1)
    done = regenqc(*DECIDE, *signing_as("QP-0002"), *write(answers("GOOD-1")), "--json")
    assert done.code == 0, done.err
    (told,) = json.loads(done.out)
    assert told["awaits"] == ["review", "certification"]
    sign = ["sign", told["decision_id"], *PEOPLE]
    alone = regenqc(*sign, *signing_as("QP-0002"), "--meaning", "review")
    assert (alone.code, "RQC-A057" in alone.err) == (5, True)
    assert regenqc(*sign, *signing_as("REV-0001"), "--role", "reviewer", "--meaning", "review").code == 0
    assert regenqc(*sign, *signing_as("QP-0001"), "--meaning", "certification").code == 0
    in_force(watch)


def test_the_second_release_comes_before_the_batch_expires(regenqc: Command, watch: Watch) -> None:
    make_files(Path(), identifier="cn/drug-track", jurisdiction="CN")
    watch.forward(minutes=-50)
    done = regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("LATE-1", items=CHINA)), "--json")
    assert done.code == 0, done.err
    watch.forward(minutes=40)
    name = json.loads(done.out)[0]["file"]
    late = regenqc("sign", name, *PEOPLE, *signing_as("QP-0002"), "--meaning", "marketing_release")
    assert (late.code, "RQC-A009" in late.err) == (5, True), late.err


# ---- on the terminal ----------------------------------------------------------------------------------------------------------


class Keyboard(io.StringIO):
    """What a person types, at a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def types_it(*lines: str, password: str = "correct horse QP-0001") -> None:  # noqa: S107 - of the tests
        monkeypatch.setattr("sys.stdin", Keyboard("\n".join(lines) + "\n"))
        monkeypatch.setattr("getpass.getpass", lambda _: password)

    return types_it


NAMED = ["--person", "QP-0001", "--key", "keys/QP-0001.key"]


def test_on_the_terminal_everything_is_asked_one_after_the_other(
    regenqc: Command, types: Callable[..., None], watch: Watch
) -> None:
    types("release", "viability", *["yes"] * len(ITEMS))
    done = regenqc(*DECIDE, *NAMED, "--batch", "ALERT-1")
    assert done.code == 0, done.err
    (decision,) = stored()
    assert [(each.kind, each.id) for each in decision.acknowledged] == [("alert", "viability")]
    assert {answer.answer for answer in decision.checklist} == {"yes"}
    in_force(watch)


def test_an_acknowledgement_is_typed_by_name(regenqc: Command, types: Callable[..., None]) -> None:
    types("release", "yes", "ok", "viability", *["yes"] * len(ITEMS))
    done = regenqc(*DECIDE, *NAMED, "--batch", "ALERT-1")
    assert done.out.count("please type viability") == 2


def test_what_no_one_may_sign_is_not_offered(regenqc: Command, types: Callable[..., None]) -> None:
    types("release", "exceptional_release", "reject", "missing for too long")
    done = regenqc(*DECIDE, *NAMED, "--batch", "GAP-1")
    assert done.code == 0, done.err
    assert "Decision (reject)?" in done.out
    assert stored()[0].justification == "missing for too long"


def test_whoever_answers_no_does_not_release(regenqc: Command, types: Callable[..., None]) -> None:
    types("release", "no", *["yes"] * len(ITEMS))
    done = regenqc(*DECIDE, *NAMED, "--batch", "GOOD-1")
    assert (done.code, "RQC-A007" in done.err, stored()) == (2, True, [])


def test_who_leaves_in_the_middle_has_decided_nothing(regenqc: Command, types: Callable[..., None]) -> None:
    types("release", "yes")
    assert regenqc(*DECIDE, *NAMED, "--batch", "GOOD-1").code == 130
    assert not Path("decisions").exists() or stored() == []


def test_without_terminal_and_answers_nothing_is_asked(regenqc: Command) -> None:
    done = regenqc(*DECIDE, *signing_as("QP-0001"), "--batch", "GOOD-1")
    assert (done.code, "RQC-U125" in done.err) == (2, True)


def test_what_a_laboratory_sent_cannot_steer_the_terminal(regenqc: Command) -> None:
    text = (
        Path("results.csv").read_text().replace("GOOD-1,appearance,Complies", "GOOD-1,appearance,\x1b[2J[red]Complies")
    )
    Path("results.csv").write_text(text)
    from tests.decision.workbench import judge

    judge(Path())
    done = regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1", "reject", justification="unreadable")))
    assert done.code == 0, done.err
    assert "\x1b[2J" not in done.out
    assert "[red]Complies" in done.out


# ---- attempts -----------------------------------------------------------------------------------------------------------------


def test_with_failed_attempts_cut_out_of_the_log_nobody_decides_and_the_audit_says_so(regenqc: Command) -> None:
    Path("secret/QP-0001").rename("secret/right")
    Path("secret/QP-0001").write_text("not the password")
    assert regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1"))).code == 5
    Path("secret/right").rename("secret/QP-0001")
    assert regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("GOOD-1"))).code == 0
    log = Path("people/attempts.jsonl")
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-4]))
    done = regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("REV-1")))
    assert (done.code, "RQC-G044" in done.err) == (5, True)
    assert len(stored()) == 1
    assert "RQC-G044" in regenqc("audit", "GOOD-1", *PEOPLE).err
    log.write_bytes(b"".join(lines))
    assert regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("REV-1"))).code == 0


# ---- audit --------------------------------------------------------------------------------------------------------------------


def test_the_audit_trail_is_shown_and_exported(regenqc: Command) -> None:
    regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("REV-1")))
    shown = regenqc("audit", "REV-1", "--results", "judged", *PEOPLE).out
    assert "result changed after entry" in shown
    assert "signed: certification" in shown
    told = json.loads(regenqc("audit", "REV-1", "--results", "judged", "--format", "json").out)
    rows = list(csv.DictReader(io.StringIO(regenqc("audit", "REV-1", "--results", "judged", "--format", "csv").out)))
    assert [each["action"] for each in told] == [row["action"] for row in rows]
    assert regenqc("audit", "REV-1", "--results", "judged", "--out", "trail.csv").code == 0
    assert Path("trail.csv").read_text().startswith("at,who,role,action")


def test_the_decision_names_the_trail_that_lay_before_the_person(regenqc: Command) -> None:
    regenqc(*DECIDE, *signing_as("QP-0001"), *write(answers("REV-1")))
    assert stored()[0].audit.entries == 3  # evaluated, superseded, changed after entry


def test_about_a_lot_that_nobody_decided_on_there_is_nothing(regenqc: Command) -> None:
    assert "Nothing is on record" in regenqc("audit", "NOBODY-1").out
