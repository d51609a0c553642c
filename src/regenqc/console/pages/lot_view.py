"""What the page of a lot shows, put together from the store: exceptions first, then every requirement with its results."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from regenqc.console.drawings.bounds import BoundsPicture, draw_bounds
from regenqc.console.drawings.clones import CloneBar, draw_clones
from regenqc.console.refusals import NotFound
from regenqc.console.store.specifications import judged_by
from regenqc.console.store.stored_evaluation import evaluations_of
from regenqc.console.store.tables import DECISIONS, LIMITS, LOTS
from regenqc.decision.audit import AuditEntry, audit_trail
from regenqc.decision.dossier import Dossier, view_dossier
from regenqc.decision.folder import DecisionFolder
from regenqc.decision.reading import read_decision
from regenqc.errors import RegenqcError
from regenqc.evaluation.explanations import controls_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Engine

    from regenqc.console.access.person import SignedIn
    from regenqc.console.settings import ConsoleSettings
    from regenqc.decision.model import Decision, Finding, RequirementRow, ResultRow
    from regenqc.errors import Fault
    from regenqc.specification.model import Requirement, Specification

__all__ = ["LotView", "RequirementView", "ResultView", "find_lot", "read_lot"]

_ORDER: Final = ("fails", "inconclusive", "missing", "pending", "alert", "conforms")


@dataclass(frozen=True, slots=True)
class ResultView:
    """Hold one result of a requirement.

    Args:
        row: as a decision shows it.
        limit: in the reported unit.
        clones: cell lines, where it is a karyotype.
    """

    row: ResultRow
    limit: str
    clones: tuple[CloneBar, ...]


@dataclass(frozen=True, slots=True)
class RequirementView:
    """Hold one requirement of a lot.

    Args:
        row: as a decision shows it.
        word: its verdict, or `pending`.
        rule: what decides, in one sentence.
        controls: what the controls of its assay must show; empty without controls.
        findings: about it.
        results: that serve it.
        bounds: picture of its results against the limit.
    """

    row: RequirementRow
    word: str
    rule: str
    controls: str
    findings: tuple[Finding, ...]
    results: tuple[ResultView, ...]
    bounds: BoundsPicture | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LotView:
    """Hold everything about one lot.

    Args:
        lot: row of the table of lots.
        dossier: what was found; `None` where the specification is not at hand.
        exceptions: requirements that do not simply conform, worst first.
        others: requirements that conform, in the order of the specification.
        strays: results that serve no requirement.
        findings: where there is no dossier, all of them.
        trail: who did what, the newest first.
        decisions: about the lot, the newest first.
        siblings: the same batch at other stages and under other specifications.
        faults: why something cannot be shown.
    """

    lot: Any
    dossier: Dossier | None
    exceptions: tuple[RequirementView, ...]
    others: tuple[RequirementView, ...]
    strays: tuple[ResultRow, ...]
    findings: Sequence[Mapping[str, Any]]
    trail: tuple[AuditEntry, ...]
    decisions: tuple[Decision, ...]
    siblings: Sequence[Any]
    faults: tuple[Fault, ...]


def find_lot(connection: Connection, key: str, person: SignedIn) -> Any:
    """Return the row of a lot.

    Raises:
        NotFound: there is none, or the person may not see its site.
    """
    lot = connection.execute(select(LOTS).where(LOTS.c.key == key)).one_or_none()
    if lot is None or not person.sees(lot.site):
        raise NotFound("lot", key)
    return lot


def read_lot(store: Engine, settings: ConsoleSettings, key: str, *, person: SignedIn) -> LotView:
    """Return everything about a lot.

    Args:
        store: of the console.
        settings: of the console.
        key: of the lot.
        person: who looks.

    Raises:
        NotFound: there is none, or the person may not see its site.
    """
    with store.connect() as connection:
        lot = find_lot(connection, key, person)
        evaluations = evaluations_of(connection, key, settings.evaluations)
        current = evaluations[-1]
        decisions, faults = _decisions(connection, settings, key)
        (judged,) = current.rows("dispositions", spec_id=lot.spec_id, stage=lot.stage)
        dossier = None
        specification = judged_by(settings, lot.spec_id, fingerprint=judged["spec_fingerprint"])
        if specification is not None:
            try:
                dossier = view_dossier(current, batch_id=lot.batch_id, specification=specification, stage=lot.stage)
            except RegenqcError as error:
                faults += error.faults
        limits = _limits(connection, judged["spec_fingerprint"])
        trail = audit_trail(lot.batch_id, decisions=decisions, evaluations=evaluations)
        siblings = connection.execute(
            select(LOTS).where(LOTS.c.folded == lot.folded, LOTS.c.id != lot.id).order_by(LOTS.c.id).limit(40)
        ).all()
        views = () if dossier is None or specification is None else _views(dossier, specification, limits)
        served = {name for view in views for name in [view.row.requirement_id]}
        return LotView(
            lot=lot,
            dossier=dossier,
            exceptions=tuple(
                sorted((view for view in views if view.word != "conforms"), key=lambda view: _ORDER.index(view.word))
            ),
            others=tuple(view for view in views if view.word == "conforms"),
            strays=tuple(
                row for row in dossier.results if not served & set(row.requirement_id.split(", "))
            ) if dossier is not None else (),
            findings=current.rows("findings", spec_id=lot.spec_id, stage=lot.stage) if dossier is None else (),
            trail=tuple(reversed(trail)),
            decisions=tuple(reversed(decisions)),
            siblings=[row for row in siblings if person.sees(row.site)],
            faults=tuple(faults),
        )  # fmt: skip


def _decisions(connection: Connection, settings: ConsoleSettings, key: str) -> tuple[list[Decision], list[Fault]]:
    folder = DecisionFolder(settings.decisions)
    made: list[Decision] = []
    faults: list[Fault] = []
    query = select(DECISIONS).where(DECISIONS.c.key == key).order_by(DECISIONS.c.made_at, DECISIONS.c.decision_id)
    for row in connection.execute(query):
        try:
            made.append(read_decision(folder.file_of(row.decision_id)))
        except RegenqcError as error:
            faults += error.faults
    return made, faults


def _limits(connection: Connection, fingerprint: str) -> dict[tuple[str, str], tuple[str, Fraction]]:
    return {
        (row.requirement_id, row.unit): (row.worded, Fraction(row.factor))
        for row in connection.execute(select(LIMITS).where(LIMITS.c.spec_fingerprint == fingerprint))
    }


def _views(
    dossier: Dossier, specification: Specification, limits: Mapping[tuple[str, str], tuple[str, Fraction]]
) -> tuple[RequirementView, ...]:
    by_name = {entry.id: entry for entry in specification.requirements if entry.stage == dossier.stage}
    findings: dict[str, list[Finding]] = {}
    for finding in dossier.findings:
        findings.setdefault(finding.requirement_id, []).append(finding)
    results: dict[str, list[ResultRow]] = {}
    for row in dossier.results:
        for name in row.requirement_id.split(", "):
            results.setdefault(name, []).append(row)
    return tuple(
        _view(row, by_name.get(row.requirement_id), findings.get(row.requirement_id, []),
              results.get(row.requirement_id, []), limits)
        for row in dossier.requirements
    )  # fmt: skip


def _view(
    row: RequirementRow,
    requirement: Requirement | None,
    findings: Sequence[Finding],
    results: Sequence[ResultRow],
    limits: Mapping[tuple[str, str], tuple[str, Fraction]],
) -> RequirementView:
    own_unit = requirement.limit.unit if requirement is not None and requirement.limit is not None else ""

    def factor_of(unit: str) -> Fraction | None:
        if unit.strip() == own_unit.strip():
            return Fraction(1)
        known = limits.get((row.requirement_id, unit))
        return known[1] if known is not None else None

    counted = [each for each in results if each.counts and requirement is not None and each.test == requirement.test]
    is_karyotype = requirement is not None and requirement.karyotype is not None
    return RequirementView(
        row=row,
        word="pending" if row.pending else row.verdict,
        rule=_rule(row, requirement),
        controls=controls_text(requirement) if requirement is not None else "",
        findings=tuple(findings),
        results=tuple(
            ResultView(
                each,
                # A control, or a part of several, has a limit of its own.
                limits.get((row.requirement_id, each.unit), (row.limit,))[0]
                if requirement is None or each.test == requirement.test
                else each.limit,
                draw_clones(each.reported) if is_karyotype else (),
            )
            for each in results
        ),
        bounds=None
        if requirement is None
        else draw_bounds(
            requirement, [(each.reported, each.unit, each.verdict) for each in counted], factor_of=factor_of
        ),
    )


_ROUNDINGS: Final = {
    "usp": "compared after rounding to the limit's decimals (USP General Notices 7.20)",
    "ph_eur": "compared after rounding to the limit's significant figures (Ph. Eur. 1.4)",
}


def _rule(row: RequirementRow, requirement: Requirement | None) -> str:
    """Return what decides, in one sentence."""
    if requirement is None or not row.limit:
        return f"{row.title}."
    parts = [f"{row.title}: {row.limit}"]
    if requirement.limit is not None:
        parts.append(_ROUNDINGS.get(requirement.rounding or "", "compared as reported, without rounding"))
    if requirement.timing.value == "after_release":
        parts.append(f"may follow the release, due within {requirement.due}")
    parts.append({"reject": "a failure rejects the lot", "hold": "a failure holds the lot",
                  "report": "a failure is reported and decides nothing"}[requirement.consequence.value])  # fmt: skip
    return "; ".join(parts) + "."
