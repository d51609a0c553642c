"""A review as a page (HTML) and as a document (PDF/A by Typst): the same sections, set twice."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from regenqc.evaluation.output_directory import OutputDirectory, unwritable
from regenqc.evaluation.page import page_environment
from regenqc.evaluation.visible_text import visible
from regenqc.review.content import Paragraph, Picture, Table, sections_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.review.content import Block, Section
    from regenqc.review.gathering import ProductReview

__all__ = ["review_html", "review_pdf", "write_review"]

_TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
_NOTICE: Final = "It gathers what the data say. The person who signs it concludes, and adds what no data here speak of."
_CONCLUSION: Final = (
    "Whether corrective action, validation or a change is needed, in the words of the person who signs."
)
# Classes of charts with their colours by name of the page, and as they are printed.
_CHART_CLASSES: Final = (
    (".grid", "stroke:{line};stroke-width:1"),
    (".centre", "stroke:{ink};stroke-width:1"),
    (".sigma", "stroke:{alarm};stroke-width:1;stroke-dasharray:6 4"),
    (".limit", "stroke:{limit};stroke-width:1.6"),
    (".ewma", "fill:none;stroke:{average};stroke-width:1.6"),
    (".number", "fill:{dot};stroke:none"),
    (".hollow", "fill:{page};stroke:{dot};stroke-width:1.3"),
    (".number.marked", "fill:{alarm}"),
    (".hollow.marked", "stroke:{alarm};stroke-width:2"),
    (".name", "stroke:none;fill:{soft}"),
)
_PRINTED: Final = {
    "line": "#d5dbe3", "ink": "#1c2430", "alarm": "#9d1c14", "limit": "#b36200", "average": "#6a8f5f", "dot": "#2c5f8a",
    "page": "#ffffff", "soft": "#5a6575",
}  # fmt: skip
_WIDEST: Final = 6.0
_CODE_LENGTH: Final = 16


def write_review(
    review: ProductReview,
    directory: Path,
    *,
    made_by: str = "",
    fonts: Sequence[Path] | None = None,
    with_pdf: bool = True,
) -> dict[str, Any]:
    """Write `review.html`, `review.pdf` and `run.json`, and return the content of the last; all of it appears or nothing.

    Args:
        review: what was gathered.
        directory: where to put it; an earlier output there is replaced, anything else is left alone and refused.
        made_by: for whom it is made, as it is to be printed.
        fonts: folders of font files beyond those inside Typst; those of Debian's fonts-noto-cjk when not stated.
        with_pdf: whether to set the document.

    Raises:
        UsageError: the directory holds something else, or cannot be written.
        DataError: `RQC-V021`, a character that no font has.
    """
    sections = sections_of(review)
    with OutputDirectory(directory) as output:
        run = _record(review, made_by)
        try:
            (output.work / "review.html").write_text(review_html(review, sections, made_by=made_by), encoding="utf-8")
            if with_pdf:
                (output.work / "review.pdf").write_bytes(review_pdf(review, sections, made_by=made_by, fonts=fonts))
            text = json.dumps(run, indent=2, ensure_ascii=False) + "\n"
            (output.work / "run.json").write_text(text, encoding="utf-8")
            output.put_into_place()
        except OSError as error:
            raise unwritable(directory, error) from error
    return run


def review_html(review: ProductReview, sections: Sequence[Section], *, made_by: str = "") -> str:
    """Return the page: one file that opens offline, in dark and light, and prints.

    Args:
        review: what was gathered.
        sections: of it.
        made_by: for whom it is made.
    """
    import regenqc  # noqa: PLC0415 - the package root imports this module's users lazily

    colours = {name: f"var(--{name})" for name in _PRINTED}
    style = "\n".join(f"svg {name} {{ {rule.format(**colours)} }}" for name, rule in _CHART_CLASSES)
    return (
        page_environment(_TEMPLATES)
        .get_template("review.html.jinja")
        .render(
            version=regenqc.__version__,
            product=review.lots.product or "one product",
            start=review.start,
            end=review.end,
            made_by=made_by,
            sections=[
                {"title": each.title, "blocks": [(_kind(block), block) for block in each.blocks]} for each in sections
            ],
            chart_style=style,
        )
    )


def review_pdf(
    review: ProductReview, sections: Sequence[Section], *, made_by: str = "", fonts: Sequence[Path] | None = None
) -> bytes:
    """Return the document, PDF/A-3b, tagged; the same review gives the same bytes.

    Args:
        review: what was gathered.
        sections: of it.
        made_by: for whom it is made.
        fonts: folders of font files.

    Raises:
        DataError: `RQC-V021`, a character that no font has.
    """
    import regenqc  # noqa: PLC0415 - the package root imports this module's users lazily
    from regenqc.typesetting import DEFAULT_FONT_FOLDERS, Typesetter, families_for  # noqa: PLC0415 - Typst is optional

    setter = Typesetter(_TEMPLATES, entry="review.typ", fonts=DEFAULT_FONT_FOLDERS if fonts is None else fonts)
    families = families_for(setter.families, region="SC")
    subject = f"{review.lots.product or 'One product'}, lots made from {review.start} to {review.end}"
    content = {
        "title": "Product quality review",
        "subject": visible(f"{subject}{f', for {made_by}' if made_by else ''}", longest=200),
        "author": visible(made_by, longest=100) or "regenqc",
        "date": {"year": review.end.year, "month": review.end.month, "day": review.end.day},
        "fonts": families,
        "footer": visible(f"{subject}. Made by regenqc {regenqc.__version__}.", longest=160),
        "notice": _NOTICE,
        "sections": [
            {"title": f"{number}. {each.title}", "blocks": [_printed(block) for block in each.blocks]}
            for number, each in enumerate(sections, 1)
        ],
        "conclusion": {
            "title": f"{len(sections) + 1}. Conclusion of the reviewer",
            "text": _CONCLUSION,
            "fields": ["Name and role", "Date and time", "Signature"],
        },
    }
    try:
        made: bytes = setter.set_pages(
            {"review.json": json.dumps(content, ensure_ascii=False).encode()},
            form="pdf",
            where=subject,
            families=families,
        )
    finally:
        setter.close()
    return made


def _kind(block: Block) -> str:
    return "paragraph" if isinstance(block, Paragraph) else "table" if isinstance(block, Table) else "picture"


def _printed(block: Block) -> dict[str, Any]:
    if isinstance(block, Picture):
        return {"kind": "picture", "svg": _printed_chart(block.svg), "caption": block.caption}
    if isinstance(block, Table):
        return {
            "kind": "table",
            "titles": list(block.titles),
            "rows": [[_breakable(cell) for cell in row] for row in block.rows],
            "numbers": sorted(block.numbers),
            "widths": _widths(block),
            "left_out": block.left_out,
        }
    return {"kind": "paragraph"} | asdict(block)


def _widths(table: Table) -> list[float]:
    """Return shares of the width by the longest cells; 0 for numbers and codes, which get what they need."""
    longest = [
        max(len(cell) for cell in (title, *column)) for title, column in zip(table.titles, _columns(table), strict=True)
    ]
    return [
        0.0 if at in table.numbers or length <= _CODE_LENGTH else round(min(max(length, 6) ** 0.75 / 6, _WIDEST), 2)
        for at, length in enumerate(longest)
    ]


def _columns(table: Table) -> list[tuple[str, ...]]:
    return [tuple(row[at] for row in table.rows) for at in range(len(table.titles))]


def _breakable(text: str) -> str:
    """Return a text whose long codes may be broken over lines."""
    return text.replace("_", "_\u200b").replace("/", "/\u200b").replace(":", ":\u200b") if len(text) > 14 else text


def _printed_chart(svg: str) -> str:
    """Return a chart with colours of its own: on paper there is no page to lend them."""
    rules = "".join(f"{name}{{{rule.format(**_PRINTED)}}}" for name, rule in _CHART_CLASSES)
    style = f"<style>{rules}text{{font-family:'DejaVu Sans Mono';font-size:9px;fill:{_PRINTED['soft']};stroke:none}}</style>"
    head, mark, rest = svg.partition(">")
    named = head.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return f"{named}{mark}{style}{rest}"


def _record(review: ProductReview, made_by: str) -> dict[str, Any]:
    import regenqc  # noqa: PLC0415 - the package root imports this module's users lazily

    return {
        "schema": "regenqc.review/1",
        "engine": {"regenqc": regenqc.__version__, "python": platform.python_version()},
        "product": review.lots.product,
        "period": {"from": review.start.isoformat(), "until": review.end.isoformat()},
        "made_by": made_by,
        "inputs": {
            "evaluations": [
                {"directory": directory, "as_of": moment, "run": digest}
                for directory, moment, digest, _ in review.evaluations
            ],
            "batches": {"name": review.batches[0], "digest": review.batches[1]},
            "decisions": review.decisions is not None,
            "ledger": review.afterwards is not None,
            "outcomes": review.outcomes is not None,
        },
        "counts": {
            "lots": len(review.lots.lots),
            "lots_undated": len(review.lots.undated),
            "findings_failing": len(review.failures.findings),
            "invalidated": len(review.failures.invalidated),
            "retests": len(review.failures.retests),
            "signals": 0 if review.trends is None else len(review.trends.signals),
        },
    }
