"""Every row of the checklist for China is accounted for, and what it names exists and rests on the sources of the row."""

from __future__ import annotations

import pytest

from regenqc.regulation import duties
from regenqc.regulation.checklist import CHECKLIST, DOCUMENTS, ChecklistRow
from regenqc.regulation.classification import TABLES
from regenqc.specification import load_specification
from regenqc.specification.sources import cited_sources, load_sources
from regenqc.vocabulary import Mark

# How many rows each document has, in order of the checklist.
ROWS = {"000": 7, "001": 4, "002": 12, "003": 6, "004": 25}
RULES = {
    **{row.id: row.sources for tables in TABLES.values() for rows in tables for row in rows},
    **{
        rule.id: (rule.source,)
        for rules in (duties.RETENTIONS, duties.REPORTS, duties.FOLLOW_UPS, duties.RECEIPT_DUTIES)
        for rule in rules
    },
}
PLACES = [pytest.param(row, id=f"row {row.number}") for row in CHECKLIST]
NAMED = [
    pytest.param(row, name, id=f"row {row.number} {name}") for row in CHECKLIST for name in row.requirements + row.rules
]


def sources_of(name: str) -> tuple[str, ...]:
    """Return what a requirement or rule rests on; fails when there is none of that name."""
    if ":" not in name:
        return RULES[name]
    pack, _, identifier = name.partition(":")
    (found,) = (entry for entry in load_specification(pack).requirements if entry.id == identifier)
    return cited_sources(found.citation)


def test_all_54_rows_stand_in_their_order_with_their_document() -> None:
    documents = [document for document, count in ROWS.items() for _ in range(count)]
    assert [(row.number, row.document) for row in CHECKLIST] == list(enumerate(documents, start=1))
    assert len(CHECKLIST) == 54


def test_every_document_is_described() -> None:
    assert set(DOCUMENTS) == set(ROWS)


@pytest.mark.parametrize("row", PLACES)
def test_a_row_is_answered_or_says_why_it_stands_outside(row: ChecklistRow) -> None:
    assert row.requirements or row.rules or row.outside


@pytest.mark.parametrize(("row", "name"), NAMED)
def test_what_a_row_names_exists_and_cites_the_sources_of_the_row(row: ChecklistRow, name: str) -> None:
    assert set(sources_of(name)) <= set(row.sources)


@pytest.mark.parametrize("row", PLACES)
def test_a_row_has_no_source_beside_those_of_what_it_names(row: ChecklistRow) -> None:
    assert set(row.sources) == {source for name in row.requirements + row.rules for source in sources_of(name)}
    assert set(row.sources) <= set(load_sources())


@pytest.mark.parametrize("row", [row for row in PLACES if row.values[0].document == "004" and row.values[0].sources])
def test_a_row_of_the_guideline_rests_on_it_or_on_the_order_that_it_supports(row: ChecklistRow) -> None:
    assert any(source.startswith(("CN-PSC", "CN-818-")) for source in row.sources)


@pytest.mark.parametrize("row", [row for row in PLACES if "(a picture)" in row.values[0].words])
def test_a_table_that_nobody_has_read_blocks_by_name(row: ChecklistRow) -> None:
    pictured = [
        entry
        for entry in load_specification("cn/order-818-psc").requirements
        if "CN-PSC-IMG" in cited_sources(entry.citation) and f"cn/order-818-psc:{entry.id}" in row.requirements
    ]
    assert pictured
    assert all(entry.sponsor_must_set and entry.mark is Mark.UNVERIFIED and entry.reason for entry in pictured)


def test_the_guideline_applies_from_its_date() -> None:
    assert str(load_specification("cn/order-818-psc").valid_from) == "2026-05-01"
