"""Make a decision of what the engine found and what a person answered; whatever may not be signed is refused here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from regenqc.decision.checklist import required_signatures
from regenqc.decision.faults import fault, refused
from regenqc.decision.model import (
    SCHEMA,
    Acknowledgement,
    Answer,
    AuditReviewed,
    Decision,
    DocumentReference,
    RegistryName,
    decision_id_of,
)
from regenqc.decision.rules import content_faults, required_acknowledgements
from regenqc.errors import UsageError
from regenqc.signing.moments import moment_text

if TYPE_CHECKING:
    from datetime import datetime

    from regenqc.decision.answers import Answers
    from regenqc.decision.checklist import Checklist
    from regenqc.decision.dossier import Dossier
    from regenqc.signing.people import People

__all__ = ["draft_decision", "open_draft"]


def open_draft(
    dossier: Dossier,
    *,
    kind: str,
    checklist: Checklist,
    people: People,
    prepared_by: str,
    now: datetime,
    audit: AuditReviewed,
) -> Decision:
    """Return a decision to which nothing has been answered yet: what the person is shown first.

    Args:
        dossier: of the batch.
        kind: of decision.
        checklist: that applies.
        people: the registry, with the site and its settings.
        prepared_by: who answers.
        now: the present moment.
        audit: the trail that lies before them.
    """
    settings = people.settings_at(now)
    blank = Decision(
        schema=SCHEMA,
        decision_id="",
        batch_id=dossier.batch_id,
        stage=dossier.stage,
        kind=kind,  # type: ignore[arg-type] # the words were read from a closed list
        site=people.site,
        registry=RegistryName(root=people.root, head=people.head),
        spec=dossier.spec,
        disposition=dossier.disposition,
        reasons=dossier.reasons,
        counts=dossier.counts,
        evaluation=dossier.evaluation,
        lot=dossier.lot,
        requirements=dossier.requirements,
        results=dossier.results,
        findings=dossier.findings,
        removed=dossier.removed,
        pending=dossier.pending,
        checklist_id=checklist.name,
        checklist=(),
        acknowledged=(),
        justification="",
        exceptional=(),
        audit=audit,
        supersedes=None,
        reason="",
        prepared_by=prepared_by,
        made_at=moment_text(now),
        required_signatures=required_signatures(
            checklist, kind=kind, is_reviewed=settings is not None and settings.review_required
        ),
    )
    return replace(blank, decision_id=decision_id_of(blank))


def draft_decision(draft: Decision, answers: Answers, *, checklist: Checklist) -> Decision:
    """Return the decision with the answers in it, ready to be shown and signed.

    Args:
        draft: as `open_draft` returned it.
        answers: of the person who prepares it.
        checklist: that applies.

    Raises:
        UsageError: with everything that keeps it from being signed, `RQC-A001` to `RQC-A014`.
    """
    if answers.batch_id != draft.batch_id or answers.kind != draft.kind:
        raise refused(
            "RQC-A012",
            "The answers are about something else.",
            where=draft.batch_id,
            got=f"{answers.kind} of {answers.batch_id}",
            expected=f"{draft.kind} of {draft.batch_id}",
        )
    items = {item.id: item for item in checklist.items_of(draft.kind)}
    documents = {document.id: document for document in checklist.exceptional}
    strangers = [name for name in answers.checklist if name not in items]
    faults = [
        fault(
            "RQC-A007",
            "The checklist has no such item.",
            where=f"{checklist.name}, {name}",
            got=name,
            expected=", ".join(items) or "no answers",
        )
        for name in strangers
    ]
    faults += [
        fault(
            "RQC-A004",
            "The exceptional path asks for no such document.",
            where=draft.batch_id,
            got=name,
            expected=", ".join(documents) or "none",
        )
        for name in answers.exceptional
        if name not in documents or draft.kind != "exceptional_release"
    ]
    if not draft.required_signatures:
        faults.append(
            fault(
                "RQC-A013",
                "Nobody may sign a decision of this kind here.",
                where=f"{checklist.name}, {draft.kind}",
                got=draft.kind,
                expected="a kind for which the checklist names who signs",
                action="Reject the batch, or ask by which rule it could be supplied.",
            )
        )
    texts = {(each.kind, each.id): each.text for each in required_acknowledgements(draft)}
    decision = replace(
        draft,
        checklist=tuple(
            Answer(
                id=name,
                text=item.text,
                citation=item.citation,
                mark=item.mark.value,
                answer=answers.checklist[name].answer,
                comment=answers.checklist[name].comment,
                by=draft.prepared_by,
            )
            for name, item in items.items()
            if name in answers.checklist
        ),
        acknowledged=tuple(
            Acknowledgement(id=name, kind=kind, text=texts.get((kind, name), ""), by=draft.prepared_by)
            for kind, name in (_named(each) for each in answers.acknowledged)
        ),
        justification=answers.justification.strip(),
        exceptional=tuple(
            DocumentReference(
                id=name,
                text=document.text,
                citation=document.citation,
                mark=document.mark.value,
                reference=answers.exceptional[name].strip(),
            )
            for name, document in documents.items()
            if name in answers.exceptional
        ),
        supersedes=answers.supersedes,
        reason=answers.reason.strip(),
    )
    decision = replace(decision, decision_id=decision_id_of(decision))
    faults += content_faults(decision, checklist)
    if faults:
        raise UsageError(*faults)
    return decision


def _named(text: str) -> tuple[str, str]:
    kind, _, name = text.partition(":")
    return kind, name
