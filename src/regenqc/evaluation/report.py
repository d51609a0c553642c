"""The report for people: one HTML file, exceptions first, that opens offline and prints.

Everything a laboratory sent is untrusted text. It is escaped by the template, characters that cannot be seen are
spelled out, and the file forbids itself scripts and requests. What is printed is capped and says so; the complete
record is in the Parquet files beside it. The same evaluation gives the same bytes.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from regenqc.evaluation.disposition import count_batches
from regenqc.evaluation.explanations import criterion_text, limit_text
from regenqc.evaluation.plan import STAGES
from regenqc.vocabulary import Disposition, OnFail, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from regenqc.evaluation.cells import FinalColumn
    from regenqc.evaluation.engine import Evaluation
    from regenqc.specification.model import Requirement, Specification

__all__ = ["Bounds", "visible", "write_report"]


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

_PENDING: Final = 5
_NO_CELL: Final = 255
_MARKS: Final = {int(verdict): verdict.word for verdict in Verdict} | {_PENDING: "pending", _NO_CELL: "none"}
# Worst first: the order of findings inside a batch.
_SEVERITY: Final = ("fails", "inconclusive", "missing", "alert")

_UNIT_LENGTH, _NAME_LENGTH, _REPORTED_LENGTH, _SENTENCE_LENGTH = 40, 80, 160, 600

# Letters that look Latin and are not: the one way in which a word can differ from the word that a person reads.
_LOOKALIKE: Final = ("CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "MATHEMATICAL")


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


@dataclass(frozen=True, slots=True)
class _Map:
    """Batches by requirements at one stage of one specification; `rows` are (batch, disposition, anchor, marks)."""

    specification: str
    stage: str
    columns: list[tuple[str, str]]
    rows: list[tuple[str, str, str, list[str]]]
    total: int


@dataclass(frozen=True, slots=True)
class _Cause:
    """A requirement, and how many batches do not conform to it."""

    name: str
    specification: str
    stage: str
    counts: list[int]
    open: int
    batches: int


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
    table = evaluation.disposition_table
    groups_of_rows = _groups_of_rows(table)
    groups = _exceptions(evaluation, groups_of_rows, bounds)
    entries = [entry for group in groups for entry in group.entries]
    maps, causes = _maps(evaluation, groups_of_rows, entries, bounds)
    html = environment.get_template("report.html.jinja").render(
        evaluation=evaluation,
        version=regenqc.__version__,
        batches=count_batches(table),
        dispositions=table.num_rows,
        inputs=list(inputs) or [(name, "") for name in evaluation.sources],
        bounds=bounds,
        bars=_bars(table, groups_of_rows),
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


def visible(text: str, *, longest: int, edges: bool = False) -> str:
    r"""Return a text with nothing hidden in it: controls, invisible and look-alike characters are spelled out.

    Args:
        text: anything.
        longest: characters to keep, spelled out or not; the whole is counted.
        edges: whether blanks at the ends are shown too.

    Example:
        >>> visible("neg\u202eative ", longest=80, edges=True)
        'neg⟨U+202E⟩ative␣'
        >>> visible("0" * 90, longest=10)
        '0000000000… (90 characters)'
    """
    shown = text[:longest]
    is_cut = len(text) > longest
    if not (shown.isascii() and shown.isprintable()):
        parts = [_spelled(shown, at) for at in range(len(shown))]
        ends = np.cumsum([len(part) for part in parts])
        kept = int(np.searchsorted(ends, max(longest, ends[0]), side="right"))
        is_cut |= kept < len(parts)
        shown = "".join(parts[:kept])
    if edges and shown != shown.strip(" "):
        left, right = len(shown) - len(shown.lstrip(" ")), len(shown) - len(shown.rstrip(" "))
        shown = "␣" * left + shown.strip(" ") + "␣" * (right if left < len(shown) else 0)
    return f"{shown}… ({len(text):,} characters)" if is_cut else shown


def _spelled(text: str, at: int) -> str:
    mark = text[at]
    if mark.isascii() and mark.isprintable():
        return mark
    code = f"⟨U+{ord(mark):04X}⟩"
    category = unicodedata.category(mark)
    if category in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"}:
        return code
    # One mark on a letter is writing; a third one in a row is a smear over the lines around it.
    if (
        category in {"Mn", "Me"}
        and at > 1
        and all(unicodedata.category(text[at - back]) == category for back in (1, 2))
    ):
        return code
    if unicodedata.name(mark, "").startswith(_LOOKALIKE) and any("a" <= letter <= "z" for letter in text.lower()):
        return mark + code
    return mark


def _in_words(identifier: str) -> str:
    return identifier.replace("_", " ").capitalize()


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


def _groups_of_rows(table: pa.Table) -> NDArray[np.uint8]:
    """Return the group of each disposition: reject, hold, conditional, eligible with findings, eligible without."""
    words = pa.array([word.value for word in _WORDS])
    group = pc.index_in(table["disposition"], value_set=words).to_numpy().astype(np.uint8)
    noted = np.zeros(len(group), dtype=np.bool_)
    for name in ("fails", "inconclusive", "missing", "alerts"):
        noted |= table[name].to_numpy() > 0
    return np.where((group == _NOTED) & ~noted, np.uint8(_PLAIN), group)


def _totals(groups_of_rows: NDArray[np.uint8]) -> list[int]:
    counts = np.bincount(groups_of_rows, minlength=_PLAIN + 1).tolist()
    return [*counts[:_NOTED], counts[_NOTED] + counts[_PLAIN]]


def _bars(table: pa.Table, groups_of_rows: NDArray[np.uint8]) -> list[tuple[str, str, int, list[int]]]:
    """Return specification, stage, number and counts by disposition for every pair that was judged."""
    return [(pair[0], pair[1], len(pair[2]), _totals(groups_of_rows[pair[2]])) for pair in _pairs(table)]


def _pairs(table: pa.Table) -> list[tuple[str, str, NDArray[np.intp]]]:
    """Return every specification and stage with the rows of the table that are theirs, in the order of stages."""
    specification, stage = (table[name].combine_chunks().dictionary_encode() for name in ("spec_id", "stage"))
    width = max(len(stage.dictionary), 1)
    code = specification.indices.to_numpy().astype(np.int64) * width + stage.indices.to_numpy()
    words = [entry.value for entry in STAGES]
    pairs = []
    for number in np.unique(code).tolist():
        names = (specification.dictionary[number // width].as_py(), stage.dictionary[number % width].as_py())
        pairs.append((*names, np.flatnonzero(code == number)))
    return sorted(pairs, key=lambda pair: (pair[0], words.index(pair[1]) if pair[1] in words else -1))


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
        for row in evaluation.disposition_table.take(pa.array(rows)).to_pylist():
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
            finding["name"] = names.get((finding["spec_id"], requirement_id)) or _in_words(requirement_id)
            is_pending = finding["verdict"] == "missing" and requirement_id in pending
            finding["shown"] = "pending" if is_pending else finding["verdict"]
    return [group for group in groups if group.total]


def _collect_findings(evaluation: Evaluation, entries: Sequence[_Entry], bounds: Bounds) -> None:
    """Fill in the findings of the listed entries, worst first, while all findings stream by."""
    if not entries:
        return
    chosen = sorted({entry.row["batch_id"] for entry in entries})
    entry_of = {_key(entry.row): entry for entry in entries}
    value_set = pa.array(chosen, type=pa.string())
    for batch in evaluation.finding_batches():
        if batch.num_rows and batch["batch_id"][0].as_py() > chosen[-1]:
            break
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


# ---- heat maps and causes --------------------------------------------------------------------------------------------


def _maps(
    evaluation: Evaluation, groups_of_rows: NDArray[np.uint8], entries: Sequence[_Entry], bounds: Bounds
) -> tuple[list[_Map], list[_Cause]]:
    table = evaluation.disposition_table
    matrix = evaluation.matrix
    numbers = {specification.id: at for at, specification in enumerate(evaluation.specifications)}
    anchors = {_key(entry.row): entry.anchor for entry in entries}
    pairs = [pair for pair in _pairs(table) if pair[0] in numbers]
    maps: list[_Map] = []
    causes: list[_Cause] = []
    cells_left = bounds.map_cells
    for left, (specification, stage, at) in zip(range(len(pairs), 0, -1), pairs, strict=True):
        number = numbers[specification]
        parts = [
            (matrix.rank[batches], [column for column in columns if STAGES[column.stage].value == stage])
            for batches, columns in matrix.cells_of(number)
        ]
        columns = _columns(evaluation.specifications[number], [column for _, part in parts for column in part])
        causes += _causes(specification, stage, len(at), columns, parts)
        share = min(bounds.map_rows, cells_left // left // max(len(columns), 1), len(at))
        rows = at[np.argsort(groups_of_rows[at], kind="stable")[:share]]
        cells_left -= share * len(columns)
        shown = table.take(pa.array(rows)).select(["batch_id", "spec_id", "stage", "disposition"]).to_pylist()
        marks = _marks_of(matrix.ranks_of([row["batch_id"] for row in shown]), list(columns), parts)
        words = [[_MARKS[mark] for mark in row] for row in marks.tolist()]
        maps.append(
            _Map(
                specification,
                stage,
                [(visible(name, longest=_NAME_LENGTH), key) for key, name in columns.items()],
                [
                    (row["batch_id"], row["disposition"], anchors.get(_key(row), ""), word)
                    for row, word in zip(shown, words, strict=True)
                ],
                len(at),
            )
        )
    return maps, sorted(causes, key=lambda cause: tuple(-count for count in (cause.open, *cause.counts)))


_Parts = list[tuple["NDArray[np.int64]", list["FinalColumn"]]]


def _columns(specification: Specification, columns: Sequence[FinalColumn]) -> dict[str, str]:
    """Return the requirement ids with their names, built-in ones first, then in the order of the specification."""
    ordered = sorted(
        {column.requirement_id: column.requirement for column in columns}.items(), key=lambda item: item[1]
    )
    return {name: specification.requirements[at].name if at >= 0 else _in_words(name) for name, at in ordered}


def _marks(column: FinalColumn) -> NDArray[np.uint8]:
    return np.where(column.pending, np.uint8(_PENDING), column.verdict)


def _causes(specification: str, stage: str, batches: int, columns: dict[str, str], parts: _Parts) -> list[_Cause]:
    """Return the requirements that some batch does not conform to, counted over all batches."""
    counts = {key: np.zeros(_PENDING + 1, dtype=np.int64) for key in columns}
    for _, part in parts:
        for column in part:
            counts[column.requirement_id] += np.bincount(_marks(column), minlength=_PENDING + 1)
    order = [Verdict.FAILS, Verdict.INCONCLUSIVE, Verdict.MISSING, _PENDING, Verdict.ALERT]
    causes = []
    for key, name in columns.items():
        count = counts[key][order].tolist()
        if sum(count):
            causes.append(_Cause(name, specification, stage, count, sum(count), batches))
    return causes


def _marks_of(ranks: NDArray[np.int64], columns: Sequence[str], parts: _Parts) -> NDArray[np.uint8]:
    """Return the marks of some batches, batch by requirement."""
    marks = np.full((len(ranks), len(columns)), _NO_CELL, dtype=np.uint8)
    for members, part in parts:
        if not len(members):
            continue
        place = np.minimum(np.searchsorted(members, ranks), len(members) - 1)
        rows = np.flatnonzero(members[place] == ranks)
        for column in part:
            marks[rows, columns.index(column.requirement_id)] = _marks(column)[place[rows]]
    return marks


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
