"""The audit trail of a lot: who did what, when, why, old and new value.

It is put together from what is on record anyway: the decisions and their signatures, what the laboratory changed after
entry, how the disposition went from one evaluation to the next, and who tried to sign. Nothing here can be edited.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Struct

from regenqc.canonical import canonical_json, digest_of
from regenqc.decision.model import AuditReviewed
from regenqc.decision.result_rows import result_rows
from regenqc.evaluation.dates import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.decision.dossier import Judged
    from regenqc.decision.model import Decision
    from regenqc.signing.attempts import Attempt

__all__ = ["COLUMNS", "AuditEntry", "audit_csv", "audit_json", "audit_trail", "reviewed"]


class AuditEntry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One act.

    Args:
        at: when, as its source states it; empty when the source states no time.
        who: pseudonym or name, as its source states it.
        role: in which they acted; empty when the source states none.
        action: what was done.
        what: to what.
        old: value before.
        new: value after.
        why: reason stated.
        source: file or document in which it stands.
    """

    at: str
    who: str
    role: str
    action: str
    what: str
    old: str
    new: str
    why: str
    source: str


COLUMNS: Final = AuditEntry.__struct_fields__


def audit_trail(
    batch_id: str,
    *,
    decisions: Sequence[Decision],
    evaluations: Sequence[Judged] = (),
    attempts: Sequence[Attempt] = (),
) -> tuple[AuditEntry, ...]:
    """Return everything on record about a lot, in the order of time.

    Args:
        batch_id: the lot.
        decisions: of the folder; those of other lots are left out.
        evaluations: in which the lot was judged.
        attempts: to sign; those for documents of other lots are left out.

    Returns:
        Entries without time first: a change whose time nobody recorded must not be overlooked at the end.

    Raises:
        DataError: `RQC-A030`, a directory is no output of an evaluation.
    """
    own = [decision for decision in decisions if decision.batch_id == batch_id]
    entries = [
        *(entry for decision in own for entry in _of_decision(decision)),
        *_of_evaluations(batch_id, evaluations),
        *_of_attempts(attempts, {decision.decision_id for decision in own}),
    ]
    # The same change stands in every evaluation made after it.
    return tuple(sorted(dict.fromkeys(entries), key=lambda entry: (_seconds(entry.at), entry.at)))


def reviewed(entries: Sequence[AuditEntry]) -> AuditReviewed:
    """Return what a decision records of the trail that lay before the person.

    Example:
        >>> reviewed([]).entries
        0
    """
    return AuditReviewed(
        entries=len(entries), digest=digest_of(canonical_json([msgspec.to_builtins(entry) for entry in entries]))
    )


def audit_csv(entries: Sequence[AuditEntry]) -> str:
    """Return a trail as CSV with a head.

    Example:
        >>> audit_csv([]).split(",")[:3]
        ['at', 'who', 'role']
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_cell(getattr(entry, name)) for name in COLUMNS] for entry in entries)
    return out.getvalue()


def audit_json(entries: Sequence[AuditEntry]) -> str:
    r"""Return a trail as JSON, one object for each entry.

    Example:
        >>> audit_json([])
        '[]\n'
    """
    return json.dumps([msgspec.to_builtins(entry) for entry in entries], ensure_ascii=False, indent=2) + "\n"


def _cell(text: str) -> str:
    # A spreadsheet would compute what begins like a formula.
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def _seconds(moment: str) -> int:
    seconds = parse_time(moment)
    return -(2**62) if seconds is None else seconds


def _of_decision(decision: Decision) -> Iterator[AuditEntry]:
    number = len(decision.required_signatures)
    yield AuditEntry(
        at=decision.made_at,
        who=decision.prepared_by,
        role="",
        action="withdrawal prepared" if decision.kind == "withdrawal" else "decision prepared",
        what=f"{decision.stage}, {decision.spec.id} {decision.spec.version}",
        old=decision.supersedes or decision.disposition,
        new=decision.kind,
        why="; ".join(filter(None, (decision.reason, decision.justification))),
        source=decision.decision_id,
    )
    for position, signature in enumerate(decision.signatures, start=1):
        yield AuditEntry(
            at=signature.signed_at,
            who=f"{signature.person_id} {signature.printed_name}",
            role=signature.role,
            action=f"signed: {signature.meaning}",
            what=f"{decision.kind} of {decision.batch_id}",
            old=f"{position - 1} of {number}",
            new=f"{position} of {number} signatures",
            why=decision.required_signatures[position - 1].text if position <= number else "",
            source=decision.decision_id,
        )


def _of_evaluations(batch_id: str, evaluations: Sequence[Judged]) -> Iterator[AuditEntry]:
    before: dict[tuple[str, str], str] = {}
    for files in sorted(evaluations, key=lambda each: (each.moment, str(each.directory))):
        for row in files.rows("dispositions", batch_id=batch_id):
            question = (row["spec_id"], row["stage"])
            if before.get(question) != row["disposition"]:
                yield AuditEntry(
                    at=row["evaluated_at"],
                    who="regenqc",
                    role="system",
                    action="evaluated",
                    what=f"{row['stage']}, {row['spec_id']} {row['spec_version']}",
                    old=before.get(question, ""),
                    new=row["disposition"],
                    why=row["reasons"],
                    source=files.directory.name,
                )
            before[question] = row["disposition"]
        yield from _of_results(files.rows("results", batch_id=batch_id))


def _of_results(rows: Sequence[dict[str, Any]]) -> Iterator[AuditEntry]:
    by_row = zip(rows, result_rows(rows, ()), strict=True)
    for row, result in by_row:
        if not result.changed:
            continue
        value = f"{result.reported} {result.unit}".strip()
        is_revised = result.reason_code == "superseded"
        if result.status == "invalidated":
            action, who, old, new = "result set aside", row.get("invalidated_by") or "", value, "does not count"
        elif is_revised:
            action, who, old, new = "result superseded", "", value, result.changed.partition("by ")[2]
        elif result.changed.startswith("retest"):
            action, who, old, new = "retested", result.analyst, row.get("retest_of") or "", value
        else:
            action, who, old, new = "result changed after entry", result.analyst, _earlier(result.changed), value
        yield AuditEntry(
            at=result.reported_at or result.tested_at,
            who=who or result.analyst,
            role="",
            action=action,
            what=f"{result.test} {result.result_id}".strip(),
            old=old,
            new=new,
            why=row.get("assignable_cause") or row.get("remark") or "",
            source=f"{result.source} row {result.row_number}",
        )


def _earlier(changed: str) -> str:
    return changed.partition("it was ")[2] or "not in the export"


def _of_attempts(attempts: Sequence[Attempt], documents: set[str]) -> Iterator[AuditEntry]:
    for attempt in attempts:
        if attempt.purpose in documents and attempt.outcome == "failed":
            yield AuditEntry(
                at=attempt.at,
                who=attempt.person_id,
                role="",
                action="attempt to sign failed",
                what=attempt.purpose,
                old="",
                new="",
                why="wrong password or person, or a changed key file",
                source=f"attempts.jsonl line {attempt.number + 1}",
            )
