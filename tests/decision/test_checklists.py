"""Checklists are data with sources: no item without one, and none that claims more than its source."""

from __future__ import annotations

import pytest

from regenqc.decision.checklist import (
    Checklist,
    extended_checklist,
    find_checklist,
    packaged_checklists,
    required_signatures,
)
from regenqc.errors import SpecificationError
from regenqc.specification import list_specifications, load_specification
from regenqc.specification.sources import cited_sources, load_sources
from regenqc.vocabulary import Jurisdiction, Mark

ORDER = [Mark.VERIFIED, Mark.SECONDARY, Mark.UNVERIFIED]
PARTS = [
    pytest.param(part, id=f"{checklist.id}: {part.text[:50]}")
    for checklist in packaged_checklists()
    for part in (*checklist.item, *checklist.signature, *checklist.exceptional, *checklist.no_exception)
]


@pytest.mark.parametrize("part", PARTS)
def test_every_part_cites_a_source_and_claims_no_better_mark(part) -> None:
    cited = cited_sources(part.citation)
    if not cited:
        # What rests on no rule says that it is the software's own.
        assert part.citation.startswith("regenqc: ")
        return
    for name in cited:
        source = load_sources()[name]
        assert source.citation in part.citation
        assert ORDER.index(part.mark) >= ORDER.index(source.mark)


@pytest.mark.parametrize("name", [name for name, _ in list_specifications() if name != "example/hostile"])
def test_every_packaged_specification_has_one_checklist(name: str) -> None:
    specification = load_specification(name)
    found = find_checklist(
        jurisdiction=specification.jurisdiction.value, specification=specification.id, extends=specification.extends
    )
    assert specification.jurisdiction.value in found.jurisdictions


@pytest.mark.parametrize("jurisdiction", list(Jurisdiction))
def test_the_review_of_the_audit_trail_is_an_item_everywhere(jurisdiction: Jurisdiction) -> None:
    found = find_checklist(jurisdiction=jurisdiction.value, specification="a/b", extends=())
    assert "audit_trail" in {item.id for item in found.items_of("release")}


@pytest.mark.parametrize("pack", ["cn/drug-track", "cn/order-818-psc", "cn/order-818-tissue"])
def test_chinese_packs_ask_for_the_six_confirmations(pack: str) -> None:
    specification = load_specification(pack)
    found = find_checklist(jurisdiction="CN", specification=pack, extends=specification.extends)
    numbers = [citation for item in found.item for citation in cited_sources(item.citation) if "GMP-230" in citation]
    assert numbers == [f"CN-GMP-230-{number}" for number in range(1, 7)]


def test_only_the_drug_track_has_two_releases() -> None:
    meanings = {
        checklist.id: [each.meaning for each in required_signatures(checklist, kind="release", is_reviewed=False)]
        for checklist in packaged_checklists()
    }
    assert meanings.pop("china-drug-track") == ["factory_release", "marketing_release"]
    assert set(map(tuple, meanings.values())) == {("certification",)}


@pytest.mark.parametrize("checklist", packaged_checklists(), ids=lambda checklist: checklist.id)
def test_every_decision_that_can_be_made_has_somebody_who_signs(checklist: Checklist) -> None:
    kinds = ["release", "conditional_release", "reject", "withdrawal"]
    for kind in [*kinds, *(["exceptional_release"] if checklist.exceptional else [])]:
        assert required_signatures(checklist, kind=kind, is_reviewed=False)
    assert [each.meaning for each in required_signatures(checklist, kind="reject", is_reviewed=False)] == ["rejection"]
    if not checklist.exceptional:
        assert not required_signatures(checklist, kind="exceptional_release", is_reviewed=False)


HEAD = 'schema = "regenqc.checklist/1"\nid = "ours"\nversion = "1"\ntitle = "Ours"\n'
ITEM = '[[item]]\nid = "{id}"\ntext = "Words."\ncitation = "{citation}"\nmark = "verified"\n'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(HEAD + ITEM.format(id="label", citation="SOP-1"), id="extends nothing"),
        pytest.param(HEAD + 'extends = "japan"\n' + ITEM.format(id="label", citation="SOP-1"), id="extends another"),
        pytest.param(
            HEAD + 'extends = "general"\n' + ITEM.format(id="audit_trail", citation="x"), id="replaces an item"
        ),
        pytest.param(HEAD + 'extends = "general"\n' + ITEM.format(id="label", citation=" "), id="without source"),
        pytest.param(HEAD + 'extends = "general"\njurisdictions = ["EU"]\n', id="applies elsewhere"),
        pytest.param(HEAD + 'extends = "general"\nreplaces = "general"\n', id="an unknown key"),
        pytest.param(
            HEAD + 'extends = "general"\n[[exceptional]]\nid = "a"\ntext = "A."\ncitation = "x"\nmark = "verified"\n',
            id="opens an exceptional path",
        ),
        pytest.param(
            HEAD + 'extends = "general"\n[[signature]]\nkinds = ["release"]\nmeaning = "review"\nroles = ["service"]\n'
            'text = "A."\ncitation = "x"\nmark = "verified"\n',
            id="lets a service account sign",
        ),
        pytest.param("= =", id="no TOML"),
    ],
)
def test_a_site_takes_nothing_away(text: str) -> None:
    base = find_checklist(jurisdiction="INT", specification="a/b", extends=())
    with pytest.raises(SpecificationError, match="RQC-A021"):
        extended_checklist(base, text, where="ours.toml")


def test_an_unknown_jurisdiction_has_no_checklist() -> None:
    with pytest.raises(SpecificationError, match="RQC-A020"):
        find_checklist(jurisdiction="XX", specification="a/b", extends=())
