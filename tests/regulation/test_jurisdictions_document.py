"""docs/jurisdictions.md is what the packs, tables and sources say; and no source is listed that nothing rests on."""

from __future__ import annotations

from pathlib import Path

import pytest

from regenqc.regulation import classify, duties, japan, korea
from regenqc.regulation.classification import JURISDICTIONS, TABLES
from regenqc.regulation.documentation import TYPICAL_PRODUCTS, describe_typical, jurisdictions_page, main
from regenqc.resources import packaged_path
from regenqc.specification.sources import cited_sources, load_sources

CHECKLISTS = Path(__file__).resolve().parents[2] / "src" / "regenqc" / "decision" / "checklists"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "jurisdictions.md"


def test_the_page_is_up_to_date(tmp_path):
    main([str(tmp_path / "page.md")])
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == PAGE.read_text(encoding="utf-8"), (
        "run `python -m regenqc.regulation.documentation docs/jurisdictions.md`"
    )


def test_every_row_of_a_table_has_as_many_cells_as_its_head():
    width = 0
    for line in jurisdictions_page().splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        cells = line.replace("\\|", "").count("|")
        width = width or cells
        assert cells == width, line


def rests_on():
    found = set()
    for path in packaged_path("specs").rglob("*.toml"):
        if path.name != "sources.toml":
            found |= set(cited_sources(path.read_text(encoding="utf-8")))
    for path in CHECKLISTS.glob("*.toml"):
        found |= set(cited_sources(path.read_text(encoding="utf-8")))
    for tables in TABLES.values():
        found |= {source for rows in tables for row in rows for source in row.sources}
    for rules in (duties.RETENTIONS, duties.REPORTS, duties.FOLLOW_UPS, duties.RECEIPT_DUTIES):
        found |= {rule.source for rule in rules}
    consequences = [*japan.CONSEQUENCES.values(), *korea.CONSEQUENCES.values(), korea.EVERY_CLASS]
    found |= {source for entries in consequences for _, source in entries}
    return found | {source for _, source in (*korea.CELL_SOURCE.values(), *korea.CHARGE.values())}


def test_every_source_is_cited_and_every_citation_is_a_source():
    assert rests_on() == set(load_sources())


@pytest.mark.parametrize("title", list(TYPICAL_PRODUCTS))
@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_a_typical_product_is_decided_everywhere(title, jurisdiction):
    from datetime import date

    found = classify(
        describe_typical(title, jurisdiction=jurisdiction), jurisdiction=jurisdiction, as_of=date(2026, 11, 1)
    )
    assert found.track is not None
    assert found.to_state == ()


def test_the_page_says_that_it_is_indicative():
    assert "confirm with the authority" in jurisdictions_page()
