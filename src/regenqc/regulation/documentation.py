"""Write docs/jurisdictions.md from the packs, the tables and the register of sources.

`python -m regenqc.regulation.documentation docs/jurisdictions.md`
"""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from regenqc.evaluation.side_by_side import cell_text
from regenqc.regulation.checklist import CHECKLIST, DOCUMENTS
from regenqc.regulation.classification import JURISDICTIONS, TABLES, classify
from regenqc.regulation.clocks import read_period
from regenqc.regulation.description import ProductDescription
from regenqc.regulation.duties import ANCHORS, FOLLOW_UPS, RECEIPT_DUTIES, REPORTS, RETENTIONS
from regenqc.specification import list_specifications, load_specification
from regenqc.specification.audit import audit_pack, list_packs
from regenqc.specification.comparison import compare_specifications
from regenqc.specification.sources import cited_sources, load_sources
from regenqc.vocabulary import Jurisdiction, Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from regenqc.regulation.tables import Row
    from regenqc.specification.model import Requirement

__all__ = ["TYPICAL_PRODUCTS", "jurisdictions_page", "main"]

MARKS: Final = {Mark.VERIFIED: "✓", Mark.SECONDARY: "○", Mark.UNVERIFIED: "?"}
_MARKETED: Final = ("us/licensed-biologic", "eu/atmp", "jp/pmd-product", "kr/product", "cn/drug-track")
_TREATMENT: Final = ("jp/asrm-class-1", "kr/arm-high", "cn/order-818-psc")
_NAMES: Final = {
    Jurisdiction.US: "United States",
    Jurisdiction.EU: "European Union",
    Jurisdiction.JP: "Japan",
    Jurisdiction.KR: "Korea",
    Jurisdiction.CN: "China",
}
_AS_OF: Final = date(2026, 11, 1)
_USUAL: Final[dict[str, str]] = {
    "kind": "cells",
    "cell_source": "tissue_stem",
    "donor_relation": "autologous",
    "manipulation": "minimal",
    "gene_modification": "none",
    "homologous_use": "yes",
    "aim": "other",
    "us_remaining_criteria": "met",
    "altered_or_derived": "no",
    "designated_institution": "yes",
    "severe_rare_or_intractable": "yes",
}

# What people ask about first: title -> what differs from autologous stem cells, minimally manipulated, homologous use.
TYPICAL_PRODUCTS: Final[dict[str, dict[str, str]]] = {
    "hiPSC-derived cells": {"cell_source": "hipsc", "manipulation": "cultured", "donor_relation": "allogeneic"},
    "hESC-derived cells": {"cell_source": "hesc", "manipulation": "cultured", "donor_relation": "allogeneic"},
    "Autologous MSC, minimal and homologous": {},
    "Autologous MSC, minimal and non-homologous": {"homologous_use": "no"},
    "Cultured MSC, autologous": {"manipulation": "cultured"},
    "Cultured MSC, allogeneic": {"manipulation": "cultured", "donor_relation": "allogeneic"},
    "CAR-T cells": {"cell_source": "immune", "gene_modification": "introduced", "manipulation": "cultured"},
    "Exosomes, therapeutic": {"kind": "exosome"},
    "Conditioned medium, therapeutic": {"kind": "conditioned_medium"},
    "Topical cosmetic with human cells": {"use": "cosmetic_topical"},
    "Topical cosmetic with culture medium": {"use": "cosmetic_topical", "kind": "conditioned_medium"},
    "Injected aesthetic cells": {"use": "aesthetic_injection"},
}


def describe_typical(title: str, *, jurisdiction: Jurisdiction) -> ProductDescription:
    """Return the description of a typical product, given as treatment; in China, where that needs approval, in research.

    Example:
        >>> describe_typical("CAR-T cells", jurisdiction=Jurisdiction.JP).setting
        'treatment'
    """
    setting = "clinical_research" if jurisdiction is Jurisdiction.CN else "treatment"
    return ProductDescription(**(_USUAL | {"setting": setting} | TYPICAL_PRODUCTS[title]))


def jurisdictions_page() -> str:
    """Return the page as Markdown."""
    return (
        "\n".join((*_introduction(), *_packs(), *_requirements(), *_classes(), *_clocks(), *_checklist(), *_sources()))
        + "\n"
    )


def _introduction() -> Iterator[str]:
    yield "<!-- Written by `python -m regenqc.regulation.documentation docs/jurisdictions.md`; do not edit. -->"
    yield "# The rules of five jurisdictions"
    yield ""
    yield (
        "What the shipped packs demand, which track and risk class the tables give, how long records are kept, and where each of "
        "these comes from. Everything here is **indicative: confirm with the authority**. Sources were read in public copies, not "
        "in the official prints."
    )
    yield ""
    yield from _table(
        ("sign", "meaning"),
        [
            ("✓", "verified: the text was read"),
            ("○", "secondary: known from another document; judged like a verified one"),
            ("?", "unverified: nobody has checked it; it can neither release nor reject, and holds the batch"),
            ("■", "no source gives a limit: the batch holds until a product specification sets and justifies it"),
            ("–", "the pack does not ask for it"),
        ],
    )


def _packs() -> Iterator[str]:
    yield "## Packs"
    yield ""
    rows = []
    for name in list_packs([identifier for identifier, _ in list_specifications()]):
        audit = audit_pack(load_specification(name), sources=load_sources())
        pack = audit.specification
        counts = [sum(number for (mark, _), number in audit.counts.items() if mark is wanted) for wanted in Mark]
        since = str(pack.valid_from or "")
        rows.append((f"`{name}`", pack.title, since, str(sum(counts)), *map(str, counts), str(len(audit.unset))))
    yield from _table(("pack", "title", "valid from", "requirements", "✓", "○", "?", "■"), rows)


def _requirements() -> Iterator[str]:
    for title, names in (
        ("## Requirements side by side: products", _MARKETED),
        ("## Requirements side by side: treatment and research", _TREATMENT),
    ):
        yield title
        yield ""
        comparison = compare_specifications([load_specification(name) for name in names])
        for stage in dict.fromkeys(row.stage for row in comparison.rows):
            yield f"### {stage.replace('_', ' ').capitalize()}"
            yield ""
            rows = [
                (f"{row.title}<br>`{row.id}`", *(_cell(entry) for entry in row.cells))
                for row in comparison.rows
                if row.stage is stage
            ]
            yield from _table(("requirement", *(f"`{name}`" for name in names)), rows)


def _cell(requirement: Requirement | None) -> str:
    if requirement is None:
        return "–"
    source = ", ".join(cited_sources(requirement.citation))
    sign = "■" if requirement.sponsor_must_set else MARKS[requirement.mark]
    what = "set by the sponsor" if requirement.sponsor_must_set else cell_text(requirement)
    return f"{sign} {what} [{source}]"


def _classes() -> Iterator[str]:
    yield "## Which track, which class"
    yield ""
    yield (
        "`regenqc classify` reads these tables from the top; the first row that applies answers, and a row that might apply, if more "
        f"were known, stops the reading. First, what they give for typical products as treatment (in China: in clinical research) on {_AS_OF}:"
    )
    yield ""
    rows = []
    for title in TYPICAL_PRODUCTS:
        found = [
            classify(describe_typical(title, jurisdiction=jurisdiction), jurisdiction=jurisdiction, as_of=_AS_OF)
            for jurisdiction in JURISDICTIONS
        ]
        decisive = [entry.risk_class or entry.track for entry in found]
        cells = [
            "no row" if answer is None else f"{MARKS[answer.mark]} {answer.answer.replace('_', ' ')} ({answer.row})"
            for answer in decisive
        ]
        rows.append((title, *cells))
    yield from _table(("product", *(_NAMES[jurisdiction] for jurisdiction in JURISDICTIONS)), rows)
    for jurisdiction in JURISDICTIONS:
        tracks, classes = TABLES[jurisdiction]
        for title, table in (("track", tracks), ("class", classes)):
            if table:
                yield f"### {_NAMES[jurisdiction]}: {title}"
                yield ""
                yield from _table(("row", "if", "then", "source"), [_row(row) for row in table])


def _row(row: Row) -> tuple[str, ...]:
    conditions = [f"{name.replace('_', ' ')}: {' or '.join(sorted(words))}" for name, words in row.conditions.items()]
    conditions += [f"from {row.valid_from}"] if row.valid_from else []
    conditions += [f"until {row.valid_to}"] if row.valid_to else []
    return row.id, "; ".join(conditions), f"**{row.answer.replace('_', ' ')}**: {row.words}", _cited(row.sources)


def _clocks() -> Iterator[str]:
    yield "## Retention, reports, follow-up, receipt"
    yield ""
    yield (
        "`regenqc obligations` takes the longest of all clocks of a subject. A clock whose event is not known has no end: what it covers "
        "is kept indefinitely. Tracks are the codes of the tables above."
    )
    yield ""
    yield "### Retention"
    yield ""
    rows = []
    for keep in RETENTIONS:
        case = f" ({keep.condition[0].replace('_', ' ')}: {keep.condition[1]})" if keep.condition else ""
        period = str(read_period(keep.period)) if keep.period else "for ever"
        after = "–" if not keep.period else ANCHORS[keep.anchor]
        rows.append(
            (
                keep.id,
                keep.jurisdiction,
                _tracks(keep.tracks),
                f"{keep.subject}{case}",
                period,
                after,
                _cited([keep.source]),
            )
        )
    yield from _table(("rule", "", "track", "what is kept", "how long", "after", "source"), rows)
    yield "### Reports"
    yield ""
    yield from _table(
        ("rule", "", "track", "event", "to whom, how", "within", "source"),
        [
            (
                report.id,
                report.jurisdiction,
                _tracks(report.tracks),
                report.event,
                report.words,
                str(read_period(report.period)) if report.period else "–",
                _cited([report.source]),
            )
            for report in REPORTS
        ],
    )
    yield "### Follow-up"
    yield ""
    yield from _table(
        ("rule", "", "track", "who", "how long", "source"),
        [
            (
                entry.id,
                entry.jurisdiction,
                _tracks(entry.tracks),
                entry.words,
                str(read_period(entry.period)) if entry.period else "■ set by the sponsor",
                _cited([entry.source]),
            )
            for entry in FOLLOW_UPS
        ],
    )
    yield "### On receipt"
    yield ""
    yield from _table(
        ("rule", "", "track", "duty", "source"),
        [
            (duty.id, duty.jurisdiction, _tracks(duty.tracks), duty.words, _cited([duty.source]))
            for duty in RECEIPT_DUTIES
        ],
    )


def _checklist() -> Iterator[str]:
    yield "## China: what five documents ask for, row by row"
    yield ""
    yield (
        "Requirements are `pack:requirement`, rules are rows of the tables above. *Outside* says why a row, or what is left of it, is no "
        "matter of the data of a batch."
    )
    yield ""
    yield from _table(("document", "what it is"), list(DOCUMENTS.items()))
    yield from _table(
        ("row", "document", "asks for", "answered by", "outside", "source"),
        [
            (
                str(row.number),
                row.document,
                row.words,
                "<br>".join((*(f"`{name}`" for name in row.requirements), ", ".join(row.rules))).removesuffix("<br>")
                or "–",
                row.outside or "–",
                _cited(row.sources) or "–",
            )
            for row in CHECKLIST
        ],
    )


def _sources() -> Iterator[str]:
    yield "## Sources"
    yield ""
    yield from _table(
        ("source", "", "document and place", "edition", "force", "where it was read", "numbers"),
        [
            (
                source.id,
                f"{MARKS[source.mark]} {source.jurisdiction}",
                source.citation,
                source.edition,
                source.force,
                source.address,
                ", ".join(source.numbers) or "–",
            )
            for source in load_sources().values()
        ],
    )


def _cited(sources: Iterable[str]) -> str:
    return ", ".join(f"{MARKS[load_sources()[name].mark]} {name}" for name in sources)


def _tracks(tracks: Sequence[str]) -> str:
    return ", ".join(tracks).replace("_", " ") or "every"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_escaped(cell) for cell in row)} |"
    yield ""


def _escaped(cell: str) -> str:
    text = cell.replace("|", "\\|").replace("<br>", "\n").replace("<", "\\<").replace("\n", "<br>")
    return text.replace("@", "&#64;")


def main(arguments: Sequence[str]) -> None:
    """Write the page to the file that is named."""
    Path(arguments[0]).write_text(jurisdictions_page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
