"""A review as sections of paragraphs, tables and charts: one content for the page and for the document.

Facts, with where they come from; no section says whether the product is in order. What a section has no data for it says.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from regenqc.evaluation.visible_text import visible
from regenqc.review.headings import CITATION, HEADINGS, MARK
from regenqc.statistics.refusal import EXPLANATIONS, RefusalReason
from regenqc.trends.history import Aside
from regenqc.trends.picture import draw_series
from regenqc.vocabulary import Disposition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regenqc.review.gathering import ProductReview
    from regenqc.review.lots import Judged

__all__ = ["NOT_GIVEN", "Block", "Paragraph", "Picture", "Section", "Table", "sections_of"]

NOT_GIVEN: Final = "Not given to this review."
_MOST_ROWS: Final = 40
_MOST_CHARTS: Final = 12
_MOST_LOTS: Final = 12
_TEXT_LENGTH: Final = 300


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; `is_soft` for a remark."""

    text: str
    is_soft: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table: titles, rows of texts, and which columns are numbers; `left_out` rows are not printed."""

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart as SVG, with what it shows."""

    svg: str
    caption: str


Block = Paragraph | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """One section."""

    title: str
    blocks: tuple[Block, ...]


def sections_of(review: ProductReview) -> tuple[Section, ...]:
    """Return the sections of a review in their order.

    Args:
        review: what was gathered.
    """
    parts = (
        ("Lots", _lots(review)),
        ("Results outside their limits", _failures(review)),
        ("Trends and capability", _trends(review)),
        ("After release", _afterwards(review)),
        ("Changes of specifications", _changes(review)),
        ("Outcomes and conditions", _outcomes(review)),
        ("What the reviewer adds", _lacking()),
        ("Where this comes from", _sources(review)),
    )
    return tuple(Section(title, tuple(blocks)) for title, blocks in parts)


def _table(
    titles: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Iterable[int] = (), most: int = _MOST_ROWS
) -> Table:
    every = [tuple(visible(str(cell), longest=_TEXT_LENGTH) for cell in row) for row in rows]
    return Table(tuple(titles), tuple(every[:most]), frozenset(numbers), max(len(every) - most, 0))


def _count(number: int, one: str, several: str = "") -> str:
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def _lots(review: ProductReview) -> Iterator[Block]:
    lots = review.lots
    yield Paragraph(
        f"{_count(len(lots.lots), 'lot')} of {visible(lots.product, longest=80) or 'the product'} made from {review.start} to {review.end}."
    )
    if lots.undated:
        yield Paragraph(
            f"{_count(len(lots.undated), 'lot')} of the product without a day of manufacture that can be read, in no period: "
            f"{_names(lots.undated)}."
        )
    unjudged = set(lots.lots) - {each.batch_id for each in review.judged}
    if unjudged:
        yield Paragraph(f"{_count(len(unjudged), 'lot')} in no evaluation: {_names(sorted(unjudged))}.")
    words = [each.value for each in Disposition]
    counts = Counter((each.stage, each.disposition) for each in review.judged)
    stages = list(dict.fromkeys(each.stage for each in review.judged))
    if stages:
        yield Paragraph("What the data allow, by stage, as of the latest evaluation of each lot:")
        yield _table(
            ("Stage", *words),
            ((stage, *(counts[stage, word] for word in words)) for stage in stages),
            numbers=range(1, len(words) + 1),
        )
    if review.decisions is None:
        yield Paragraph(f"What was decided: {NOT_GIVEN.lower()}", is_soft=True)
    else:
        kinds = Counter(each.kind.replace("_", " ") for each in review.decisions.values())
        open_ones = sum((each.batch_id, each.stage, each.spec_id) not in review.decisions for each in review.judged)
        yield Paragraph(
            "What named persons decided, one standing decision for each lot, stage and specification; signatures are counted here, and checked by `regenqc verify`:"
        )
        yield _table(
            ("Decision", "Count"), [*sorted(kinds.items()), ("without a decision that has all its signatures", open_ones)],
            numbers=(1,),
        )  # fmt: skip
    others = [each for each in review.judged if each.disposition != Disposition.ELIGIBLE]
    if others:
        yield Paragraph("Lots that are not eligible:")
        titles = ("Lot", "Stage", "Disposition", *(() if review.decisions is None else ("Decided",)), "Reasons")
        rows = ((each.batch_id, each.stage, each.disposition, *_decided(review, each), each.reasons) for each in others)
        yield _table(titles, rows)


def _decided(review: ProductReview, lot: Judged) -> tuple[str, ...]:
    if review.decisions is None:
        return ()
    decision = review.decisions.get((lot.batch_id, lot.stage, lot.spec_id))
    return ("" if decision is None else decision.kind.replace("_", " "),)


def _failures(review: ProductReview) -> Iterator[Block]:
    found = review.failures
    failing = [each for each in found.requirements if each.counts.get("fails")]
    yield Paragraph(
        f"{_count(len(found.findings), 'finding that fails', 'findings that fail')} in {_count(len(failing), 'requirement')}; "
        f"{_count(len(found.invalidated), 'result')} invalidated, {_count(len(found.retests), 'retest')}, "
        f"{_count(found.revised, 'result')} revised."
    )
    if found.requirements:
        words = ("fails", "inconclusive", "missing", "alert")
        yield Paragraph("Requirements that were not simply met, by number of lots:")
        yield _table(
            ("Stage", "Requirement", *words, "Lots that fail"),
            (
                (
                    each.stage,
                    each.requirement_id,
                    *(each.counts.get(word, 0) for word in words),
                    _names(each.failing, most=6),
                )
                for each in found.requirements
            ),
            numbers=range(2, 6),
        )
    if found.findings:
        yield Paragraph("What failed:")
        yield _table(
            ("Lot", "Requirement", "Finding"),
            ((row["batch_id"], row["requirement_id"], row["explanation"]) for row in found.findings),
        )
    if found.invalidated:
        yield Paragraph("Invalidated results:")
        yield _table(
            ("Lot", "Test", "Result", "Investigation", "Cause", "By"),
            (
                (
                    row["batch_id"],
                    row["test"],
                    f"{row['result']} {row['unit']}".rstrip(),
                    *(
                        row.get(name, "") or "not stated"
                        for name in ("investigation_id", "assignable_cause", "invalidated_by")
                    ),
                )
                for row in found.invalidated
            ),
        )
    if found.retests:
        yield Paragraph("Retests:")
        yield _table(
            ("Lot", "Test", "Result", "Retest of"),
            (
                (row["batch_id"], row["test"], f"{row['result']} {row['unit']}".rstrip(), row["retest_of"])
                for row in found.retests
            ),
        )


def _trends(review: ProductReview) -> Iterator[Block]:
    trends = review.trends
    if trends is None:
        yield Paragraph("No result of a lot of the period can be charted.")
        return
    own = set(review.lots.lots)
    charted = trends.history.counts[Aside.CHARTED]
    signals = [each for each in trends.signals if each.batch_id in own or (not each.batch_id and each.series >= 0)]
    yield Paragraph(
        f"{_count(charted, 'result')} of {_count(trends.history.rows_read, 'row')} charted in {_count(len(trends.points.series), 'series', 'series')}, "
        f"of all lots given that were made until {review.end}. {_count(len(signals), 'signal')} at lots of the period or between groups. "
        "A signal names what calls for a look and changes no disposition; chance alone raises some."
    )
    aside = {reason: count for reason, count in trends.history.counts.items() if count and reason != Aside.CHARTED}
    if aside:
        reasons = ", ".join(f"{count:,} {reason.name.lower().replace('_', ' ')}" for reason, count in aside.items())
        yield Paragraph(f"Not charted: {reasons}.", is_soft=True)
    general = [each for each in signals if each.rule in {"unlike_its_history", "comparison"}]
    if general:
        yield Paragraph("Lots unlike their history, and groups that differ:")
        yield _table(("Signal", "What"), ((each.rule.replace("_", " "), each.sentence) for each in general))
    by_series = Counter(each.series for each in signals if each.point >= 0)
    if trends.capabilities:
        yield Paragraph(
            "Capability against the limits of the specifications, with the lower bound at 95 % confidence, or why there is none:"
        )
        yield _table(
            ("Series", "Limit", "Lots", "Ppk", "At least", "Signals"),
            (
                (
                    trends.points.series[each.series].name,
                    each.limit,
                    f"{each.lots:,}",
                    "" if np.isnan(each.ppk) else f"{each.ppk:.2f}",
                    each.refusal.partition(". ")[0] if np.isnan(each.ppk) else f"{each.lower_bound:.2f}",
                    by_series[each.series],
                )
                for each in trends.capabilities
            ),
            numbers=(2, 3, 5),
        )
    refused = Counter(code for code in trends.charts.refusal.tolist() if code != RefusalReason.NONE)
    for code, times in sorted(refused.items()):
        yield Paragraph(f"{times:,} series without limits: {EXPLANATIONS[RefusalReason(code)][0]}", is_soft=True)
    for series, times in by_series.most_common(_MOST_CHARTS):
        limits = {side for each in trends.capabilities if each.series == series for side in (each.lower, each.upper)}
        rules = Counter(each.rule.replace("_", " ") for each in signals if each.series == series and each.point >= 0)
        yield Picture(
            draw_series(trends.points, trends.charts, series, limits=tuple(sorted(filter(np.isfinite, limits)))),
            f"{trends.points.series[series].name}: {', '.join(f'{name} ×{count}' for name, count in rules.most_common())} "
            f"({_count(times, 'signal')} in the period).",
        )
    if len(by_series) > _MOST_CHARTS:
        yield Paragraph(f"{len(by_series) - _MOST_CHARTS:,} further series with signals are not drawn.", is_soft=True)


def _afterwards(review: ProductReview) -> Iterator[Block]:
    late = [each for each in review.judged if each.earlier]
    if late:
        yield Paragraph("Dispositions that a later evaluation changed, such as by a late positive:")
        yield _table(
            ("Lot", "Stage", "Before", "Now", "As of", "Reasons"),
            (
                (each.batch_id, each.stage, each.earlier, each.disposition, each.evaluated_at, each.reasons)
                for each in late
            ),
        )
    else:
        yield Paragraph(
            f"No disposition changed between the {_count(len(review.evaluations), 'evaluation')} given."
            if len(review.evaluations) > 1
            else "One evaluation was given, so that no later one can have changed a disposition."
        )
    if review.afterwards is None:
        yield Paragraph(f"Containers, recalls and what stops them, from a ledger: {NOT_GIVEN.lower()}", is_soft=True)
        return
    known = {each.batch_id for each in review.afterwards}
    yield Paragraph(
        f"{_count(len(known), 'lot')} of {len(review.lots.lots):,} in the ledger: "
        f"{_count(sum(each.containers for each in review.afterwards), 'container')} of product, "
        f"{sum(each.given for each in review.afterwards):,} given."
    )
    stopped = [each for each in review.afterwards if each.stops]
    if stopped:
        yield _table(
            ("Lot", "Containers", "Given", "What the ledger holds against them"),
            (
                (
                    each.batch_id,
                    each.containers,
                    each.given,
                    "; ".join(f"{stop} ({times})" for stop, times in sorted(each.stops.items())),
                )
                for each in stopped
            ),
            numbers=(1, 2),
        )
    else:
        yield Paragraph("The ledger holds nothing against any of them.")


def _changes(review: ProductReview) -> Iterator[Block]:
    versions = Counter((each.spec_id, each.spec_version) for each in review.judged)
    if versions:
        yield Paragraph("Versions by which lots of the period were judged:")
        yield _table(
            ("Specification", "Version", "Lots and stages"),
            ((name or "none speaks about it", version, count) for (name, version), count in sorted(versions.items())),
            numbers=(2,),
        )
    if review.changes is None:
        yield Paragraph(f"An earlier version to compare with: {NOT_GIVEN.lower()}", is_soft=True)
        return
    for name, changes in review.changes:
        yield Paragraph(f"{visible(name, longest=160)}: {_count(len(changes), 'change')}.")
        if changes:
            yield _table(
                ("Direction", "Requirement", "What"),
                (
                    (
                        each.direction,
                        each.id,
                        "; ".join(
                            f"{key}: {before or 'nothing'} → {after or 'nothing'}" for key, before, after in each.parts
                        ),
                    )
                    for each in changes
                ),
            )


def _outcomes(review: ProductReview) -> Iterator[Block]:
    found = review.outcomes
    if found is None:
        yield Paragraph(NOT_GIVEN, is_soft=True)
        return
    smallest = int(found.run["disclosure"]["smallest"])
    yield Paragraph(
        f"From `regenqc outcomes`, plan {visible(found.run['plan']['id'], longest=80)} {visible(found.run['plan']['version'], longest=20)}, as of {found.run['as_of'][:10]}. "
        + (
            f"Counts of 1 to {smallest - 1} patients are withheld ({found.run['disclosure']['citation']}). "
            "This review names lots and containers, from which such counts may follow: it is not for the same readers."
            if smallest > 1
            else "NOTHING IS WITHHELD in these outcomes: this review is for readers who may see single patients."
        )
    )
    if found.conditions:
        yield Paragraph("Conditions of the approval:")
        names = ("title", "state", "reported", "required", "by", "citation")
        yield _table(
            [name.capitalize() for name in names],
            ([row[name] for name in names] for row in found.conditions),
            numbers=(2, 3),
        )
    if found.tables:
        yield Paragraph("Patients:")
        yield _table(
            ("Table", "Row", "Column", "Patients"),
            ([row[name] for name in ("table", "row", "column", "patients")] for row in found.tables),
            numbers=(3,),
        )
    answered = [row for row in found.associations if row["estimate"]]
    yield Paragraph(
        f"Of {_count(len(found.associations), 'question')} how attributes go with outcomes, {len(answered):,} have an answer. An association is not a cause."
    )
    if answered:
        yield _table(
            ("Attribute", "Outcome", "Method", "Estimate", "95 % interval", "Lots", "q"),
            (
                (
                    row["test"],
                    f"{row['measure']} {row['visit']}".rstrip(),
                    row["method"].replace("_", " "),
                    f"{float(row['estimate']):.3g}",
                    f"{float(row['lower']):.3g} to {float(row['upper']):.3g}",
                    row["lots"],
                    f"{float(row['q_value']):.2g}",
                )
                for row in answered
            ),
            numbers=(3, 5, 6),
            most=_MOST_LOTS,
        )


def _lacking() -> Iterator[Block]:
    yield Paragraph(
        f"What a review is expected to speak of ({CITATION}; {MARK}), in words of our own. Whether the list applies to this product, its holder decides; "
        "the section for data, where there is one, and what no data here speak of:"
    )
    yield _table(
        ("", "Point", "Section", "To be added"),
        ((each.number, each.title, each.answered_by or "none", each.lacking) for each in HEADINGS),
    )


def _sources(review: ProductReview) -> Iterator[Block]:
    yield _table(
        ("Input", "As of", "Digest"),
        [
            *((directory, moment, digest) for directory, moment, digest, _ in review.evaluations),
            (review.batches[0], "", review.batches[1]),
        ],
    )
    used = sorted({entry for *_, entries in review.evaluations for entry in entries})
    yield _table(("Specification", "Version", "Fingerprint"), used)


def _names(names: Sequence[str], *, most: int = _MOST_LOTS) -> str:
    shown = ", ".join(visible(name, longest=40) for name in names[:most])
    return f"{shown} and {len(names) - most:,} more" if len(names) > most else shown
