"""The audit trail of a lot: everything on record, in the order of time, with old and new value."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.signing.office import Clock, Desk

from regenqc.decision.audit import COLUMNS, AuditEntry, audit_csv, audit_trail, reviewed
from regenqc.decision.evaluation_files import EvaluationFiles
from regenqc.decision.model import SCHEMA, content_bytes
from regenqc.errors import SignatureError

from .workbench import AS_OF, NOW, decided, dossier_of, judge, signed, trail_of

if TYPE_CHECKING:
    from pathlib import Path


def test_a_result_changed_after_entry_stands_there_with_old_and_new_value(files: Path) -> None:
    (entry,) = [each for each in trail_of(files, "REV-1") if each.action == "result changed after entry"]
    assert (entry.who, entry.what) == ("LAB-0001", "viability R0")
    assert (entry.old, entry.new) == ("“90 %” (revision 1)", "88 %")
    assert entry.at == "2026-03-19T09:00:00Z"
    assert entry.source.startswith("results.csv row ")


def test_decisions_and_signatures_stand_there_with_who_when_and_why(files: Path, tmp_path: Path) -> None:
    decision = signed(decided(dossier_of(files, "GOOD-1"), "reject"), tmp_path, "QP-0001")
    prepared, made = trail_of(files, "GOOD-1", decision)[-2:]
    assert (prepared.who, prepared.old, prepared.new) == ("QP-0001", "eligible", "reject")
    assert prepared.why == "assessed in REPORT-7"
    assert (made.who, made.role, made.action) == ("QP-0001 Ana Example", "qualified_person", "signed: rejection")


def test_what_is_about_other_lots_is_left_out(files: Path, tmp_path: Path) -> None:
    decision = signed(decided(dossier_of(files, "GOOD-1")), tmp_path, "QP-0001")
    assert {each.action for each in trail_of(files, "ALERT-1", decision)} == {"evaluated"}


def test_the_disposition_is_followed_through_evaluations(own_files: Path) -> None:
    judge(own_files, out="later", as_of=AS_OF + timedelta(days=30))
    trail = audit_trail(
        "WAIT-1",
        decisions=(),
        evaluations=[EvaluationFiles(own_files / "later"), EvaluationFiles(own_files / "judged")],
    )
    assert [(each.old, each.new) for each in trail] == [("", "conditional"), ("conditional", "hold")]


def test_the_same_change_in_two_evaluations_is_one_entry(own_files: Path) -> None:
    judge(own_files, out="later", as_of=AS_OF + timedelta(days=1))
    trail = audit_trail(
        "REV-1", decisions=(), evaluations=[EvaluationFiles(own_files / "judged"), EvaluationFiles(own_files / "later")]
    )
    assert [each.action for each in trail].count("result changed after entry") == 1


def test_an_attempt_to_sign_that_failed_stands_there(files: Path, tmp_path: Path) -> None:
    decision = signed(decided(dossier_of(files, "GOOD-1")), tmp_path, "QP-0001")
    desk = Desk(tmp_path, clock=Clock(NOW + timedelta(minutes=2)))
    said = {"document_id": decision.decision_id, "document_schema": SCHEMA, "password": "wrong"}
    with pytest.raises(SignatureError):
        desk.sign(content_bytes(decision), **said)
    trail = audit_trail("GOOD-1", decisions=[decision], attempts=desk.attempts.read())
    assert [each.action for each in trail][-1] == "attempt to sign failed"


def entry(**changes: str) -> AuditEntry:
    return AuditEntry(**(dict.fromkeys(COLUMNS, "") | changes))


def test_csv_gives_a_spreadsheet_nothing_to_compute() -> None:
    rows = list(csv.reader(io.StringIO(audit_csv([entry(why="=cmd()", old="+1", new="90 %")]))))
    assert rows[0] == list(COLUMNS)
    assert {"'=cmd()", "'+1", "90 %"} <= set(rows[1])


def test_a_decision_names_the_trail_that_was_reviewed() -> None:
    one, two = reviewed([entry(what="a")]), reviewed([entry(what="b")])
    assert (one.entries, one.digest != two.digest) == (1, True)
