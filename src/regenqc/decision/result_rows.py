"""The judged rows of a batch as a decision shows them: which requirement they serve, against which limit, and what changed."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from unicodedata import normalize

from regenqc.decision.model import ResultRow
from regenqc.evaluation.criteria_in_words import criterion_text
from regenqc.evaluation.slots import MEAN_SUFFIX, composite_parts
from regenqc.intake.revisions import revision_number
from regenqc.specification.model import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["result_rows"]

# Reasons by which a row is no evidence, although it was reported.
_NO_EVIDENCE: Final = frozenset(
    {"superseded", "invalidated", "cancelled", "preliminary", "empty_result", "interim_word", "other_specification"}
)
_COMPUTED: Final = "(computed)"
# A pass through the texts of rows copies these columns where the export has them.
_COPIED: Final = (
    "result_id",
    "revision",
    "status",
    "analyst",
    "laboratory",
    "tested_at",
    "reported_at",
    "method",
    "uncertainty",
)


def result_rows(rows: Sequence[dict[str, Any]], requirements: Sequence[Requirement]) -> tuple[ResultRow, ...]:
    """Return rows of `results.parquet` as a decision holds them.

    Args:
        rows: of one batch at one stage.
        requirements: that were judged.

    Returns:
        In the order of the rows. `changed` says of a revised result what it replaced, and of a result that was set aside why.
    """
    serves = _serves(requirements)
    history = _revisions(rows)
    return tuple(_row(row, serves.get((row["test"] or "").strip(), []), history) for row in rows)


def _serves(requirements: Sequence[Requirement]) -> dict[str, list[tuple[str, str, str]]]:
    """Return requirement, title and limit by the test that they ask for, those of parts and controls included."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for entry in requirements:
        if entry.test is not None:
            found.setdefault(entry.test, []).append((entry.id, entry.name, criterion_text(entry)))
            found.setdefault(f"{entry.id}{MEAN_SUFFIX}", []).append((entry.id, entry.name, criterion_text(entry)))
        for part in composite_parts(entry):
            found.setdefault(part.test, []).append((entry.id, entry.name, _part_text(part)))
        for control in entry.controls:
            if control.test is not None:
                title = f"{entry.name}, control"
                found.setdefault(control.test, []).append((entry.id, title, _part_text(control)))
    return found


def _part_text(part: Any) -> str:
    return criterion_text(Requirement(id="part", limit=part.limit, one_of=part.one_of, none_of=part.none_of))


def _row(
    row: dict[str, Any],
    serves: Iterable[tuple[str, str, str]],
    history: dict[tuple[str, str], list[tuple[int, str]]],
) -> ResultRow:
    identifiers, titles, limits = (
        list(dict.fromkeys(column)) for column in (zip(*serves, strict=True) if serves else ((), (), ()))
    )
    reason = row["reason_code"]
    return ResultRow(
        requirement_id=", ".join(identifiers),
        title=_text("; ".join(titles)),
        test=_text(row["test"] or ""),
        reported=_text(row["result"] or ""),
        unit=_text(row["unit"] or ""),
        limit=_text("; ".join(limits)),
        verdict=row["verdict"],
        reason_code=reason,
        source=_text(PurePath(row["source"]).name),
        row_number=row["row_number"] or 0,
        computed=row["source"] == _COMPUTED,
        counts=reason not in _NO_EVIDENCE,
        changed=_text(_changed(row, reason, history)),
        **{name: _text(row.get(name) or "") for name in _COPIED},
    )


def _changed(row: dict[str, Any], reason: str, history: dict[tuple[str, str], list[tuple[int, str]]]) -> str:
    known = history.get(_identity(row), [])
    if reason == "superseded":
        return f"superseded by revision {known[-1][0]} “{known[-1][1]}”" if known else "superseded"
    if (row.get("status") or "") == "invalidated":
        by = row.get("invalidated_by") or "nobody named"
        investigation = row.get("investigation_id") or "no investigation"
        cause = row.get("assignable_cause") or "no cause stated"
        return f"set aside by {by}, {investigation}: {cause}"
    if len(known) > 1:
        earlier = ", ".join(f"“{text}” (revision {number})" for number, text in known[:-1])
        return f"changed after entry; it was {earlier}"
    if row.get("retest_of"):
        return f"retest of {row['retest_of']}"
    # Without the earlier row the old value is unknown; that it was changed is not.
    number = _revision(row)
    return f"changed after entry; revision {number}, the earlier value is not in the export" if number > 1 else ""


def _revisions(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], list[tuple[int, str]]]:
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for row in rows:
        if row.get("result_id"):
            text = f"{row['result']} {row['unit'] or ''}".strip()
            found.setdefault(_identity(row), []).append((_revision(row), text))
    return {name: sorted(entries) for name, entries in found.items()}


def _identity(row: dict[str, Any]) -> tuple[str, str]:
    return ((row["test"] or "").strip(), (row.get("result_id") or "").strip())


def _revision(row: dict[str, Any]) -> int:
    # A revision that is no number was refused with its row, and is not here.
    return revision_number(row.get("revision") or "") or 1


def _text(text: str) -> str:
    return normalize("NFC", text)
