"""Show specifications side by side: as text cells, CSV and a page that opens offline."""

from __future__ import annotations

import csv
import io
from html import escape
from typing import TYPE_CHECKING

from regenqc.evaluation.criteria_in_words import criterion_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from regenqc.specification.comparison import Comparison
    from regenqc.specification.model import Requirement

__all__ = ["cell_text", "comparison_csv", "comparison_html", "source_text"]

_STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem; color: #1c2430; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; } td { overflow-wrap: anywhere; } th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #dfe3e8; }
th { background: #f5f7f9; position: sticky; top: 0; } td.none { color: #9aa3ad; } tr.differs td:first-child { border-left: 3px solid #b7791f; }
small { color: #5b6672; display: block; } small.unverified { color: #b03030; } @media print { body { margin: 0; font-size: 10px; } }
"""


def cell_text(requirement: Requirement | None) -> str:
    """Return what a requirement demands, in one line: criterion, time, condition.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> cell_text(Requirement(id="sterility", one_of=("no growth",), timing="after_release", due="14 d"))
        'no growth; after release, within 14 d'
    """
    if requirement is None:
        return "–"
    parts = [_demand(requirement)]
    if requirement.due:
        parts.append(f"after release, within {requirement.due}")
    parts += [f"when {name.replace('_', ' ')} is {' or '.join(values)}" for name, values in requirement.when.items()]
    if requirement.valid_from:
        parts.append(f"from {requirement.valid_from}")
    if requirement.valid_to:
        parts.append(f"until {requirement.valid_to}")
    return "; ".join(parts)


def _demand(requirement: Requirement) -> str:
    """Return the criterion; the title says which document is meant, the attribute that names it would only repeat that."""
    if requirement.evidence is None:
        return criterion_text(requirement)
    return "document, in date" if requirement.evidence.valid_until else "document"


def source_text(requirement: Requirement) -> str:
    """Return where a requirement comes from: citation, edition, force and mark.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> source_text(Requirement(id="a", citation="USP <85>", edition="USP 35", force="pharmacopoeia", mark="verified"))
        'USP <85>, USP 35; pharmacopoeia, verified'
    """
    place = ", ".join(text for text in (requirement.citation, requirement.edition) if text)
    return f"{place}; {requirement.force}, {requirement.mark}" if place else f"{requirement.force}, {requirement.mark}"


def comparison_csv(comparison: Comparison, *, only_differences: bool = False) -> str:
    """Return one line for every requirement and specification that has it.

    Args:
        comparison: specifications side by side.
        only_differences: leave out what all of them demand alike.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = (
        "stage",
        "requirement",
        "title",
        "specification",
        "version",
        "criterion",
        "force",
        "mark",
        "citation",
        "edition",
        "differs",
    )
    writer.writerow(head)
    for row in comparison.rows:
        if only_differences and not row.differs:
            continue
        for specification, entry in zip(comparison.specifications, row.cells, strict=True):
            source = ("", "", "", "") if entry is None else (entry.force, entry.mark, entry.citation, entry.edition)
            demanded = "" if entry is None else cell_text(entry)
            cells = (row.stage, row.id, row.title, specification.id, specification.version, demanded, *source)
            writer.writerow([*map(_safe, map(str, cells)), "yes" if row.differs else "no"])
    return out.getvalue()


def _safe(text: str) -> str:
    """Return text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def comparison_html(comparison: Comparison, *, only_differences: bool = False) -> str:
    """Return a page that needs nothing else.

    Args:
        comparison: specifications side by side.
        only_differences: leave out what all of them demand alike.
    """
    names = " · ".join(f"{entry.id} {entry.version}" for entry in comparison.specifications)
    body = "\n".join(_sections(comparison, only_differences=only_differences))
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Specifications side by side</title>\n'
        f"<style>{_STYLE}</style>\n<h1>Specifications side by side</h1>\n<p>{escape(names)}</p>\n{body}\n</html>\n"
    )


def _sections(comparison: Comparison, *, only_differences: bool) -> Iterator[str]:
    head = "".join(f"<th>{escape(entry.id)}</th>" for entry in comparison.specifications)
    for stage in dict.fromkeys(row.stage for row in comparison.rows):
        rows = [row for row in comparison.rows if row.stage is stage and (row.differs or not only_differences)]
        if not rows:
            continue
        lines = (
            f'<tr class="{"differs" if row.differs else "same"}"><td>{escape(row.title)}<small>{escape(row.id)}</small></td>'
            f"{''.join(_cells(row.cells))}</tr>"
            for row in rows
        )
        yield (
            f"<h2>{escape(stage.replace('_', ' '))}</h2>\n<table><tr><th>requirement</th>{head}</tr>\n"
            + "\n".join(lines)
            + "\n</table>"
        )


def _cells(cells: Iterable[Requirement | None]) -> Iterator[str]:
    for entry in cells:
        if entry is None:
            yield '<td class="none">–</td>'
        else:
            source = f'<small class="{entry.mark}">{escape(source_text(entry))}</small>'
            yield f"<td>{escape(cell_text(entry))}{source}</td>"
