"""What lies before a person who decides: everything that an evaluation found about one batch at one stage.

It is read from the files of `regenqc evaluate`, and only when they agree with one another and with the specification and the
batch table that they name: files that contradict each other are refused.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from unicodedata import normalize

from msgspec.structs import replace

from regenqc.decision.evaluation_files import contradiction
from regenqc.decision.faults import refused
from regenqc.decision.model import (
    Attribute,
    EvaluationName,
    Finding,
    InputName,
    PendingItem,
    RemovedItem,
    RequirementRow,
    SpecificationName,
)
from regenqc.decision.result_rows import result_rows
from regenqc.evaluation.criteria_in_words import criterion_text
from regenqc.vocabulary import OnFail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.decision.evaluation_files import EvaluationFiles
    from regenqc.decision.model import ResultRow
    from regenqc.specification.model import Requirement, Specification

__all__ = ["Dossier", "Judged", "read_dossier", "view_dossier"]

_ORDER: Final = ("eligible", "conditional", "hold", "reject")
_COUNTS: Final = ("fails", "inconclusive", "missing", "pending", "alerts")
_DUE: Final = re.compile(r"is due ([0-9T:-]{19}Z)")
_ATTRIBUTE: Final = re.compile(r"@([a-z][a-z0-9_]*)")
_Row = TypeVar("_Row", "RequirementRow", "ResultRow")
# Cells that every batch has, beside those of the specification.
_BUILT_IN: Final = {
    "result_record": "Every row reported was understood and belongs to a requirement",
    "specification_validity": "The specification was valid at the date of the batch",
    "expiry": "The batch has not expired",
}


class Judged(Protocol):
    """What a dossier is read from: the files of an evaluation, or a store that holds the same."""

    @property
    def directory(self) -> Path:
        """Return where the files are, for messages."""

    @property
    def run(self) -> dict[str, Any]:
        """Return what `run.json` says."""

    @property
    def moment(self) -> str:
        """Return the moment as of which was judged."""

    @property
    def digests(self) -> dict[str, str]:
        """Return the digest of every table, and of `run.json`."""

    def rows(self, name: str, **chosen: str) -> list[dict[str, Any]]:
        """Return rows of a table, as `EvaluationFiles.rows`."""

    def lot(self, batch_id: str, batches: Path | None) -> dict[str, str]:
        """Return the attributes of a batch, as the batch table states them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Hold what an evaluation found about one batch at one stage under one specification.

    Args:
        expires_at: as the batch table states it, empty when it states none.
        findings: worst first.
        requirements: one for every cell, in the order of the specification.
        results: every row of the batch at the stage, in the order of the requirements that they serve, then of the file.
    """

    batch_id: str
    stage: str
    spec: SpecificationName
    disposition: str
    reasons: str
    counts: dict[str, int]
    evaluation: EvaluationName
    lot: tuple[Attribute, ...]
    expires_at: str
    requirements: tuple[RequirementRow, ...]
    results: tuple[ResultRow, ...]
    findings: tuple[Finding, ...]
    removed: tuple[RemovedItem, ...]
    pending: tuple[PendingItem, ...]


def read_dossier(
    files: EvaluationFiles,
    *,
    batch_id: str,
    specification: Specification,
    stage: str | None = None,
    batches: Path | None = None,
) -> Dossier:
    """Return the dossier of a batch.

    Args:
        files: of the evaluation.
        batch_id: of the batch.
        specification: by which it was judged; its fingerprint must be the one of the evaluation.
        stage: at which; may be left out when there is one only.
        batches: batch table; the one that the evaluation names when it is still there.

    Raises:
        DataError: `RQC-A030` no output of an evaluation, `RQC-A031` its files contradict one another, `RQC-A032` an input is no
            longer the one that was judged, `RQC-A033` another specification.
        UsageError: `RQC-A034`, the batch was not judged so, or not at one stage only.
    """
    row, every = _disposition(files, batch_id, specification, stage)
    judged_by = {each["spec_id"]: each["spec_fingerprint"] for each in every}
    if set(judged_by) != {specification.id}:
        raise contradiction(
            "RQC-A035",
            "The batch was judged by several specifications at once, so that a row has one verdict for all of them.",
            str(files.directory),
            ", ".join(sorted(judged_by)),
            specification.id,
            f"Judge it by this one alone, and decide on that; the others belong into the annex of its certificate "
            f"(regenqc certify --annex {files.directory}): {files.command_for(specification.id)}",
        )
    files.check_inputs()
    return _put_together(files, row, specification, batches)


def view_dossier(files: Judged, *, batch_id: str, specification: Specification, stage: str | None = None) -> Dossier:
    """Return the dossier of a batch to be looked at: also where nobody could decide on it as it is.

    A batch that was judged by several specifications at once is shown, and inputs that changed since are not looked for.

    Args:
        files: of the evaluation, or what holds the same.
        batch_id: of the batch.
        specification: by which it was judged; its fingerprint must be the one of the evaluation.
        stage: at which; may be left out when there is one only.

    Raises:
        DataError: `RQC-A031` its files contradict one another, `RQC-A033` another specification.
        UsageError: `RQC-A034`, the batch was not judged so, or not at one stage only.
    """
    row, _ = _disposition(files, batch_id, specification, stage)
    return _put_together(files, row, specification, None)


def _disposition(
    files: Judged, batch_id: str, specification: Specification, stage: str | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the row of the disposition, and those of the batch by whatever specification."""
    every = files.rows("dispositions", batch_id=batch_id)
    own = [row for row in every if row["spec_id"] == specification.id and stage in {None, row["stage"]}]
    if len(own) != 1:
        raise refused(
            "RQC-A034",
            "The evaluation does not have one disposition of this batch.",
            where=f"{files.directory}: {batch_id}, {specification.id}",
            got=", ".join(row["stage"] for row in own) or "none",
            expected="one; name the stage with --stage",
            action="See dispositions.csv for what was judged.",
        )
    (row,) = own
    if row["spec_fingerprint"] != specification.fingerprint:
        raise contradiction(
            "RQC-A033",
            "The batch was judged by another text of the specification.",
            f"{specification.id} {specification.version}",
            row["spec_fingerprint"],
            specification.fingerprint,
            "Name the file by which it was judged with --spec, or judge it again.",
        )
    return row, every


def _put_together(files: Judged, row: dict[str, Any], specification: Specification, batches: Path | None) -> Dossier:
    run, batch_id = files.run, row["batch_id"]
    chosen = {"batch_id": batch_id, "spec_id": specification.id, "stage": row["stage"]}
    verdicts = {each["requirement_id"]: each["verdict"] for each in files.rows("verdicts", **chosen)}
    findings = files.rows("findings", **chosen)
    rows = [each for each in files.rows("results", batch_id=batch_id) if _is_at(each, row["stage"])]
    judged = [entry for entry in specification.requirements if entry.id in verdicts and entry.stage == row["stage"]]
    _check_agreement(files.directory, row, verdicts, findings, judged)
    pending = {each["requirement_id"]: each["explanation"] for each in findings if each["reason_code"] == "pending"}
    lot = files.lot(batch_id, batches)
    return Dossier(
        batch_id=_text(batch_id),
        stage=row["stage"],
        spec=SpecificationName(
            id=specification.id,
            version=specification.version,
            fingerprint=specification.fingerprint,
            title=_text(specification.title),
            jurisdiction=specification.jurisdiction.value,
            pathway=specification.pathway.value if specification.pathway is not None else "",
            extends=specification.extends,
        ),
        disposition=row["disposition"],
        reasons=_text(row["reasons"]),
        counts={name: row[name] for name in _COUNTS},
        evaluation=EvaluationName(
            as_of=row["evaluated_at"],
            engine=f"regenqc {run['engine']['regenqc']}",
            inputs=tuple(
                InputName(name=Path(entry["name"]).name, digest=entry["digest"] or "")
                for entry in [*run["inputs"], *([run["batches"]] if run["batches"] else [])]
            ),
            **files.digests,
        ),
        lot=tuple(Attribute(name=_text(name), value=_text(value)) for name, value in lot.items() if value),
        expires_at=lot.get("expires_at", ""),
        requirements=tuple(_of_lot(each, lot) for each in _requirement_rows(judged, verdicts, frozenset(pending))),
        results=_in_order([_of_lot(each, lot) for each in result_rows(rows, judged)], judged),
        findings=tuple(_finding(each) for each in findings),
        removed=tuple(
            RemovedItem(requirement_id=each.id, justification=_text(each.justification))
            for each in specification.removed
        ),
        pending=tuple(
            PendingItem(
                requirement_id=entry.id,
                title=_text(entry.name),
                due=found[1] if (found := _DUE.search(pending[entry.id])) else "",
            )
            for entry in judged
            if entry.id in pending
        ),
    )


def _requirement_rows(
    judged: Sequence[Requirement], verdicts: dict[str, str], pending: frozenset[str]
) -> list[RequirementRow]:
    built_in = [
        RequirementRow(
            requirement_id=name,
            title=title,
            test="",
            limit="",
            method="",
            citation="",
            force="",
            mark="verified",
            verdict=verdicts[name],
            pending=False,
        )
        for name, title in _BUILT_IN.items()
        if name in verdicts
    ]
    return built_in + [
        RequirementRow(
            requirement_id=entry.id,
            title=_text(entry.name),
            test=entry.test or "",
            limit=_text(criterion_text(entry)),
            method=_text(entry.method),
            citation=_text(entry.citation),
            force=entry.force.value,
            mark=entry.mark.value,
            verdict=verdicts[entry.id],
            pending=entry.id in pending,
        )
        for entry in judged
    ]


def _of_lot(row: _Row, lot: dict[str, str]) -> _Row:
    """Return a row whose limit names the lot's own value where the specification names an attribute."""
    limit = _ATTRIBUTE.sub(lambda found: _text(lot.get(found[1]) or found[0]), row.limit)
    return row if limit == row.limit else replace(row, limit=limit)


def _in_order(rows: Sequence[ResultRow], judged: Sequence[Requirement]) -> tuple[ResultRow, ...]:
    place = {entry.id: number for number, entry in enumerate(judged)}

    def key(row: ResultRow) -> tuple[int, str, str, int]:
        served = [place[name] for name in row.requirement_id.split(", ") if name in place]
        return (min(served, default=len(place)), row.test, row.result_id, row.row_number)

    return tuple(sorted(rows, key=key))


def _finding(row: dict[str, Any]) -> Finding:
    return Finding(**{name: _text(row[name] or "") for name in Finding.__struct_fields__})


def _check_agreement(
    directory: Path,
    row: dict[str, Any],
    verdicts: dict[str, str],
    findings: Sequence[dict[str, Any]],
    judged: Sequence[Requirement],
) -> None:
    """Refuse files of which one says less than another."""
    pending = {each["requirement_id"] for each in findings if each["reason_code"] == "pending"}
    counted = Counter(word for name, word in verdicts.items() if name not in pending)
    stated = {"fails": row["fails"], "inconclusive": row["inconclusive"], "missing": row["missing"]}
    seen = {name: counted[name] for name in stated}
    explained = {each["requirement_id"] for each in findings}
    silent = sorted(name for name, word in verdicts.items() if word != "conforms" and name not in explained)
    consequences = {entry.id: entry.consequence for entry in judged}
    steps = [_step(word, consequences.get(name, OnFail.HOLD), name in pending) for name, word in verdicts.items()]
    follows = _ORDER[max(steps, default=2) if judged else 2]
    strangers = set(verdicts) - set(consequences) - set(_BUILT_IN)
    if stated != seen or silent or strangers or row["disposition"] != follows:
        raise contradiction(
            "RQC-A031",
            "The files of the evaluation contradict one another.",
            str(directory),
            f"{follows}, {seen} in verdicts.parquet" + (f", without finding: {', '.join(silent)}" if silent else ""),
            f"{row['disposition']}, {stated} as in dispositions.parquet, every exception explained",
            "Somebody changed a file: judge the batch again.",
        )


def _step(verdict: str, consequence: OnFail, is_pending: bool) -> int:  # noqa: FBT001 - a column of the table of dispositions
    """Return how far a cell takes its batch from `eligible`."""
    if verdict == "fails":
        return {OnFail.REJECT: 3, OnFail.HOLD: 2, OnFail.REPORT: 0}[consequence]
    if verdict == "inconclusive":
        return 2
    if verdict == "missing":
        return 1 if is_pending else 2
    return 0


def _is_at(row: dict[str, Any], stage: str) -> bool:
    # Words of stages are read without regard to case and blanks around them; a row that states none is at the one stage.
    return (row.get("stage") or "").strip().casefold() in {stage, ""}


def _text(text: str) -> str:
    # What is signed is in Form C, in which equal texts have equal bytes; nothing that a person could see changes by it.
    return normalize("NFC", text)
