"""A small product, judged for real: lots that conform, alert, fail, wait, or are not understood."""

from __future__ import annotations

from dataclasses import replace as with_members
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from tests.signing.office import STAFF, Clock, Desk, key_of, password_of, staffed

from regenqc.cli.evaluate import run_evaluation
from regenqc.decision.answers import Answers, Confirmation
from regenqc.decision.audit import audit_trail, reviewed
from regenqc.decision.checklist import Checklist, find_checklist
from regenqc.decision.dossier import Dossier, read_dossier
from regenqc.decision.drafting import draft_decision, open_draft
from regenqc.decision.evaluation_files import EvaluationFiles
from regenqc.decision.model import SCHEMA, Decision, content_bytes
from regenqc.decision.rules import departs, required_acknowledgements
from regenqc.specification import load_specification

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.signing import People

PEOPLE = staffed()
AS_OF = datetime(2026, 3, 20, 12, tzinfo=UTC)
NOW = AS_OF + timedelta(hours=1)

SPECIFICATION = """
schema       = "regenqc.specification/1"
id           = "{id}"
version      = "1.0.0"
title        = "Synthetic product of the tests"
jurisdiction = "{jurisdiction}"

[[requirement]]
id       = "viability"
test     = "viability"
stage    = "drug_product_release"
limit    = {{ min = "70", unit = "%" }}
alert    = {{ min = "75", unit = "%" }}
citation = "synthetic"
mark     = "verified"

[[requirement]]
id       = "mycoplasma"
test     = "mycoplasma"
stage    = "drug_product_release"
one_of   = ["not detected"]
citation = "synthetic"
mark     = "verified"

[[requirement]]
id       = "appearance"
test     = "appearance"
stage    = "drug_product_release"
one_of   = ["complies"]
on_fail  = "report"
citation = "synthetic"
mark     = "verified"

[[requirement]]
id       = "sterility"
test     = "sterility"
stage    = "drug_product_release"
one_of   = ["no growth"]
timing   = "after_release"
due      = "14 d"
citation = "synthetic"
mark     = "verified"
"""

GOOD = {
    "viability": ("90", "%"),
    "mycoplasma": ("Not detected", ""),
    "appearance": ("Complies", ""),
    "sterility": ("No growth", ""),
}
# Lot -> what differs from GOOD; `None` is not reported.
LOTS: dict[str, dict[str, tuple[str, str] | None]] = {
    "GOOD-1": {},
    "ALERT-1": {"viability": ("72", "%")},
    "LOW-1": {"viability": ("60", "%")},
    "MYCO-1": {"mycoplasma": ("Detected", "")},
    "WAIT-1": {"sterility": None},
    "GAP-1": {"mycoplasma": None},
    "ODD-1": {"viability": ("about 90", "%")},
    "LOOK-1": {"appearance": ("Does not comply", "")},
    "BOTH-1": {"viability": ("60", "%"), "mycoplasma": None},
    "LATE-1": {},
    "REV-1": {},
}
OPEN = {"physician_request": "REQ-1", "immediate_hazard": "HAZ-1", "risk_evaluation": "RISK-1",
        "physician_confirmation": "CONF-1", "authority_clock": "CLOCK-1"}  # fmt: skip


def make_files(folder: Path, *, identifier: str = "maker/product", jurisdiction: str = "EU") -> Path:
    """Write results, batches and specification, and judge them; returns the directory of the evaluation."""
    lines = ["batch_id,test,result,unit,result_id,revision,analyst,reported_at"]
    for lot, changes in LOTS.items():
        for number, (test, value) in enumerate((GOOD | changes).items()):
            if value is not None:
                result, unit = value
                lines.append(f"{lot},{test},{result},{unit},R{number},1,LAB-0001,2026-03-18T09:00:00Z")
    lines.append("REV-1,viability,88,%,R0,2,LAB-0001,2026-03-19T09:00:00Z")
    (folder / "results.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    batches = [f"{lot},2026-03-16T08:00:00Z,,autologous" for lot in LOTS if lot != "LATE-1"]
    batches.append("LATE-1,2026-03-16T08:00:00Z,2026-03-20T12:30:00Z,autologous")
    head = "batch_id,manufactured_at,expires_at,donor_relation"
    (folder / "batches.csv").write_text("\n".join([head, *batches]) + "\n", encoding="utf-8")
    (folder / "product.toml").write_text(
        SPECIFICATION.format(id=identifier, jurisdiction=jurisdiction), encoding="utf-8"
    )
    judge(folder)
    return folder / "judged"


def judge(folder: Path, *, out: str = "judged", as_of: datetime = AS_OF) -> None:
    run_evaluation(
        [str(folder / "results.csv")],
        specifications=[str(folder / "product.toml")],
        batches=str(folder / "batches.csv"),
        as_of=as_of.isoformat(),
        out=folder / out,
        quiet=True,
    )


def dossier_of(folder: Path, lot: str, **spec: Any) -> Dossier:
    """Return what was found about a lot; `spec` changes how its specification is named."""
    found = read_dossier(
        EvaluationFiles(folder / "judged"), batch_id=lot, specification=load_specification(str(folder / "product.toml"))
    )
    return with_members(found, spec=replace(found.spec, **spec)) if spec else found


def checklist_of(dossier: Dossier) -> Checklist:
    return find_checklist(
        jurisdiction=dossier.spec.jurisdiction, specification=dossier.spec.id, extends=dossier.spec.extends
    )


def drafted(dossier: Dossier, kind: str, *, by: str = "QP-0001", now: datetime = NOW, people: People | None = None):
    return open_draft(
        dossier,
        kind=kind,
        checklist=checklist_of(dossier),
        people=people or PEOPLE,
        prepared_by=by,
        now=now,
        audit=reviewed(()),
    )


def full_answers(draft: Decision, checklist: Checklist, **changes: Any) -> Answers:
    """Return answers that leave nothing open; `changes` take some of it back."""
    items = checklist.items_of(draft.kind) if draft.is_release else ()
    said: dict[str, Any] = {
        "batch_id": draft.batch_id,
        "kind": draft.kind,
        "checklist": {item.id: Confirmation(answer="yes") for item in items},
        "acknowledged": tuple(f"{each.kind}:{each.id}" for each in required_acknowledgements(draft))
        if draft.is_release
        else (),
        "justification": "assessed in REPORT-7" if departs(draft.kind, draft.disposition) else "",
        "exceptional": OPEN if draft.kind == "exceptional_release" else {},
    }
    return Answers(**(said | changes))


def decided(dossier: Dossier, kind: str = "release", *, by: str = "QP-0001", now: datetime = NOW,
            people: People | None = None, **changes: Any) -> Decision:  # fmt: skip
    """Return a decision that nobody has signed yet."""
    draft = drafted(dossier, kind, by=by, now=now, people=people)
    checklist = checklist_of(dossier)
    return draft_decision(draft, full_answers(draft, checklist, **changes), checklist=checklist)


def signed(
    decision: Decision,
    folder: Path,
    *signers: str,
    clock: Clock | None = None,
    roles: dict[str, str] | None = None,
    people: People | None = None,
):
    """Return a decision with the next signatures, by these people."""
    desk = Desk(folder, people=people or PEOPLE, clock=clock or Clock(NOW + timedelta(minutes=1)))
    for person in signers:
        rule = decision.required_signatures[len(decision.signatures)]
        signature = desk.sign(
            content_bytes(decision),
            person=person,
            key=key_of(person),
            password=password_of(person),
            role=(roles or {}).get(person) or STAFF[person][1],
            meaning=rule.meaning,
            document_id=decision.decision_id,
            document_schema=SCHEMA,
        )
        decision = replace(decision, signatures=(*decision.signatures, signature))
    return decision


def trail_of(folder: Path, lot: str, *decisions: Decision):
    return audit_trail(lot, decisions=decisions, evaluations=[EvaluationFiles(folder / "judged")])
