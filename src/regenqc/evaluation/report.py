"""The report for people: one HTML file, exceptions first, that opens offline and prints.

Everything a laboratory sent is untrusted text. It is escaped by the template, characters that cannot be seen are
spelled out, and the file forbids itself scripts and requests. What is printed is capped and says so; the complete
record is in the Parquet files beside it. The same evaluation gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.criteria_in_words import criterion_text, limit_text
from regenqc.evaluation.disposition import DISPOSITIONS
from regenqc.evaluation.report_maps import maps_of, pairs_of
from regenqc.evaluation.visible_text import in_words, visible
from regenqc.vocabulary import Disposition, OnFail

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from regenqc.evaluation.disposition_rows import DispositionIndex
    from regenqc.evaluation.engine import Evaluation
    from regenqc.specification.model import Requirement, Specification

__all__ = ["Bounds", "write_report"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much is printed; what is recorded is never capped.

    Args:
        batches: dispositions listed as exceptions.
        findings_of_one: findings of one of them.
        findings: findings in all.
        map_rows: rows of one heat map.
        map_cells: cells of all heat maps.
        causes: requirements in the list of causes.
        inputs: input files listed.
    """

    batches: int = 300
    findings_of_one: int = 40
    findings: int = 1_500
    map_rows: int = 200
    map_cells: int = 8_000
    causes: int = 12
    inputs: int = 40


_BOUNDS: Final = Bounds()

# In the order of the page. The last group holds what nobody has to look at and is never listed.
_WORDS: Final = (Disposition.REJECT, Disposition.HOLD, Disposition.CONDITIONAL, Disposition.ELIGIBLE)
_NOTED, _PLAIN = 3, 4

# Worst first: the order of findings inside a batch.
_SEVERITY: Final = ("fails", "inconclusive", "missing", "alert")

_UNIT_LENGTH, _NAME_LENGTH, _REPORTED_LENGTH, _SENTENCE_LENGTH = 40, 80, 160, 600


@dataclass(slots=True)
class _Entry:
    """A batch at a stage that somebody has to look at."""

    anchor: str
    row: dict[str, Any]
    findings: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0


@dataclass(frozen=True, slots=True)
class _Group:
    """The listed entries of one disposition, of `total` in the run."""

    word: str
    total: int
    entries: list[_Entry]


def write_report(
    evaluation: Evaluation, path: Path, *, inputs: Sequence[tuple[str, str]] = (), bounds: Bounds = _BOUNDS
) -> None:
    """Write `report.html`.

    Args:
        evaluation: what to report.
        path: file to write.
        inputs: name and digest of every input file.
        bounds: how much to print.

    Example:
        >>> import pandas, regenqc, tempfile
        >>> from pathlib import Path
        >>> specification = regenqc.load_specification("example/car-t-ari-0001")
        >>> frame = pandas.DataFrame({"batch_id": ["A"], "test": "viability", "result": ["69.9"], "unit": "%"})
        >>> page = Path(tempfile.mkdtemp()) / "report.html"
        >>> write_report(regenqc.evaluate(frame, specification, as_of="2026-01-01"), page)
        >>> "is below the limit ≥ 70 %" in page.read_text(encoding="utf-8")
        True
    """
    import jinja2  # noqa: PLC0415 - only a report needs it

    import regenqc  # noqa: PLC0415 - the package root imports this module's users lazily

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(PurePath(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    sources = _source_names(evaluation.sources)
    environment.filters |= {
        "count": lambda number: f"{number:,}",
        "name": lambda text: visible(text, longest=_NAME_LENGTH),
        "words": lambda text: text.replace("_", " "),
        "sentence": lambda text: visible(text, longest=_SENTENCE_LENGTH),
        "reported": lambda text: visible(text, longest=_REPORTED_LENGTH, edges=True),
        "unit": lambda text: visible(text, longest=_UNIT_LENGTH, edges=True),
        "limit": criterion_text,
        "notes": _notes,
        "valid": _valid,
        "where": lambda finding: _where(finding, sources),
    }
    index = evaluation.disposition_index
    groups_of_rows = _groups_of_rows(index)
    groups = _exceptions(evaluation, groups_of_rows, bounds)
    entries = [entry for group in groups for entry in group.entries]
    anchors = {_key(entry.row): entry.anchor for entry in entries}
    maps, causes = maps_of(
        evaluation, groups_of_rows, anchors=anchors, most_rows=bounds.map_rows, most_cells=bounds.map_cells
    )
    html = environment.get_template("report.html.jinja").render(
        evaluation=evaluation,
        version=regenqc.__version__,
        batches=index.batches,
        dispositions=len(index.severity),
        inputs=list(inputs) or [(name, "") for name in evaluation.sources],
        bounds=bounds,
        bars=_bars(index, groups_of_rows),
        totals=_totals(groups_of_rows),
        groups=groups,
        listed=len(entries),
        exceptions=int((groups_of_rows < _PLAIN).sum()),
        maps=maps,
        causes=causes[: bounds.causes],
        causes_total=len(causes),
        specifications=evaluation.specifications,
    )
    path.write_bytes(html.encode("utf-8"))


# ---- text ------------------------------------------------------------------------------------------------------------


def _source_names(sources: Sequence[str]) -> dict[str, str]:
    """Return what to call each source: its file name where no other source has the same."""
    names = [PurePath(source).name for source in sources]
    return {source: name if names.count(name) == 1 else source for source, name in zip(sources, names, strict=True)}


def _where(finding: dict[str, Any], sources: dict[str, str]) -> tuple[str, str]:
    """Return the source of a finding and its row in it, or nothing for a cell that no row explains."""
    source = finding["source"]
    if source == "(computed)":
        return "computed", ""
    if finding["row_number"] is None:
        return "", ""
    return visible(sources.get(source, source), longest=_NAME_LENGTH), f":{finding['row_number']}"


# ---- dispositions ----------------------------------------------------------------------------------------------------


def _groups_of_rows(index: DispositionIndex) -> NDArray[np.uint8]:
    """Return the group of each disposition: reject, hold, conditional, eligible with findings, eligible without."""
    group = np.array([_WORDS.index(word) for word in DISPOSITIONS], dtype=np.uint8)[index.severity]
    return np.where((group == _NOTED) & ~index.is_noted, np.uint8(_PLAIN), group)


def _totals(groups_of_rows: NDArray[np.uint8]) -> list[int]:
    counts = np.bincount(groups_of_rows, minlength=_PLAIN + 1).tolist()
    return [*counts[:_NOTED], counts[_NOTED] + counts[_PLAIN]]


def _bars(index: DispositionIndex, groups_of_rows: NDArray[np.uint8]) -> list[tuple[str, str, int, list[int]]]:
    """Return specification, stage, number and counts by disposition for every pair that was judged."""
    bars = []
    for pair, name, stage in pairs_of(index):
        own = groups_of_rows[index.pair == pair]
        bars.append((name, stage, len(own), _totals(own)))
    return bars


def _shares(counts: Sequence[int], room: int) -> list[int]:
    """Return how many of each kind to list, so that a rare kind is not crowded out by a common one.

    Example:
        >>> _shares([6000, 10, 6000, 0], 500)
        [245, 10, 245, 0]
    """
    shares = [0] * len(counts)
    for left, at in enumerate(sorted(range(len(counts)), key=lambda at: (counts[at], -at))):
        shares[at] = min(counts[at], room // (len(counts) - left))
        room -= shares[at]
    return shares


# ---- exceptions ------------------------------------------------------------------------------------------------------


def _exceptions(evaluation: Evaluation, groups_of_rows: NDArray[np.uint8], bounds: Bounds) -> list[_Group]:
    totals = np.bincount(groups_of_rows, minlength=_PLAIN + 1).tolist()[:_PLAIN]
    groups = []
    number = 0
    for at, share in enumerate(_shares(totals, bounds.batches)):
        rows = np.flatnonzero(groups_of_rows == at)[:share]
        entries = []
        for row in evaluation.dispositions_at(rows).to_pylist():
            number += 1
            entries.append(_Entry(f"b{number}", row))
        groups.append(_Group(_WORDS[at].value, totals[at], entries))
    listed = [entry for group in groups for entry in group.entries]
    _collect_findings(evaluation, listed, bounds)
    names = {
        (specification.id, requirement.id): requirement.name
        for specification in evaluation.specifications
        for requirement in specification.requirements
    }
    for entry in listed:
        # What is no evidence for a deferred requirement leaves it pending.
        pending = {finding["requirement_id"] for finding in entry.findings if finding["reason_code"] == "pending"}
        for finding in entry.findings:
            requirement_id = finding["requirement_id"]
            finding["name"] = names.get((finding["spec_id"], requirement_id)) or in_words(requirement_id)
            is_pending = finding["verdict"] == "missing" and requirement_id in pending
            finding["shown"] = "pending" if is_pending else finding["verdict"]
    return [group for group in groups if group.total]


def _collect_findings(evaluation: Evaluation, entries: Sequence[_Entry], bounds: Bounds) -> None:
    """Fill in the findings of the listed entries, worst first."""
    chosen = sorted({entry.row["batch_id"] for entry in entries})
    entry_of = {_key(entry.row): entry for entry in entries}
    value_set = pa.array(chosen, type=pa.string())
    for batch in evaluation.finding_batches(only=chosen):
        rows = batch.filter(pc.is_in(batch["batch_id"], value_set=value_set))
        if rows.num_rows:
            _take_worst(rows, entry_of, bounds.findings_of_one)
    # One cap for all keeps the page small however the findings are spread over the batches.
    cap = bounds.findings_of_one
    while cap > 1 and sum(min(len(entry.findings), cap) for entry in entries) > bounds.findings:
        cap -= 1
    for entry in entries:
        del entry.findings[cap:]


def _key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["batch_id"], row["spec_id"], row["stage"]


def _take_worst(rows: pa.RecordBatch, entry_of: dict[tuple[str, str, str], _Entry], cap: int) -> None:
    codes = [rows[name].dictionary_encode().indices.to_numpy() for name in ("batch_id", "spec_id", "stage")]
    severity = pc.index_in(rows["verdict"], value_set=pa.array(_SEVERITY)).to_numpy()
    order = np.lexsort((np.arange(rows.num_rows), severity, *reversed(codes)))
    sorted_codes = np.stack(codes, axis=1)[order]
    starts = np.flatnonzero(np.r_[True, (sorted_codes[1:] != sorted_codes[:-1]).any(axis=1)])
    lengths = np.diff(np.r_[starts, len(order)])
    place = np.arange(len(order)) - np.repeat(starts, lengths)
    keys = rows.take(pa.array(order[starts])).select(["batch_id", "spec_id", "stage"]).to_pylist()
    for row, length in zip(keys, lengths.tolist(), strict=True):
        if (entry := entry_of.get(_key(row))) is not None:
            entry.total += length
    for finding in rows.take(pa.array(order[place < cap])).to_pylist():
        if (entry := entry_of.get(_key(finding))) is not None:
            entry.findings.append(finding)
    for entry in entry_of.values():
        if len(entry.findings) > cap:
            entry.findings.sort(key=lambda finding: _SEVERITY.index(finding["verdict"]))
            del entry.findings[cap:]


# ---- specifications --------------------------------------------------------------------------------------------------


def _valid(entry: Specification | Requirement) -> str:
    sides = [f"from {entry.valid_from}" if entry.valid_from else "", f"to {entry.valid_to}" if entry.valid_to else ""]
    return " ".join(side for side in sides if side)


def _notes(requirement: Requirement) -> list[str]:
    """Return what else a reader of the limit has to know."""
    notes = []
    if requirement.alert is not None:
        notes.append(f"alert outside {limit_text(requirement.alert)}")
    if requirement.rounding not in {None, "none"}:
        notes.append(f"rounded first ({requirement.rounding})")
    if requirement.methods:
        notes.append(f"methods: {', '.join(requirement.methods)}")
    notes += [f"where {name} is {' or '.join(values)}" for name, values in requirement.when.items()]
    if requirement.consequence is OnFail.HOLD:
        notes.append("a failure holds")
    elif requirement.consequence is OnFail.REPORT:
        notes.append("a failure is reported only")
    if valid := _valid(requirement):
        notes.append(f"valid {valid}")
    return [*notes, requirement.reason] if requirement.reason else notes
