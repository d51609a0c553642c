"""The queue: exceptions first, what is due first, every lot on exactly one page, nothing of another site."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import insert, select

from regenqc.console.store.current_lots import Regrouping, folded, lot_key
from regenqc.console.store.database import open_store
from regenqc.console.store.queue import DISPOSITIONS, Choice, read_queue
from regenqc.console.store.tables import LOTS, NEVER


def everything(_site: str) -> bool:
    return True


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store of 600 lots in many groups; due dates repeat, names collide by case."""
    engine = open_store(f"sqlite:///{tmp_path_factory.mktemp('queue') / 'store.db'}")
    with engine.begin() as connection:
        groups = Regrouping(connection)
        rows = []
        for number in range(600):
            name = f"{'lot' if number % 2 else 'LOT'}/{number:04} x"
            lot = {
                "key": lot_key(name, "drug_product_release", "a/b"),
                "batch_id": name,
                "folded": folded(name),
                "stage": ("drug_product_release", "in_process")[number % 7 == 0],
                "spec_id": "a/b",
                "product": f"PRODUCT-{number % 11}",
                "site": ("SITE-A", "SITE-B")[number % 3 == 0],
                "judgement_id": number,
                "as_of_seconds": 0,
                "disposition": DISPOSITIONS[number % 4],
                "reasons": "",
                "state": ("open", "waiting", "decided")[number % 5 % 3],
                "decision_id": "",
                "due_at": (number * 7919) % 50 if number % 13 else NEVER,
                "expires_at": NEVER,
                "pending_until": NEVER,
                **dict.fromkeys(("fails", "inconclusive", "missing", "pending", "alerts"), 0),
            }
            rows.append(lot | {"group_id": groups.enter(lot)})
        groups.finish()
        connection.execute(insert(LOTS), rows)
    yield engine
    engine.dispose()


def all_lots(store):
    with store.connect() as connection:
        return connection.execute(select(LOTS)).all()


def pages(store, choice, **how):
    after, found = "", []
    while True:
        asked = Choice(**{name: getattr(choice, name) for name in Choice.__slots__} | {"after": after})
        page = read_queue(store, asked, sees=how.get("sees", everything), per_page=how.get("per_page", 7))
        found += page.lots
        after = page.following
        if not after:
            return found, page


CHOICES = {
    "open": (Choice(), lambda lot: lot.state == "open"),
    "waiting": (Choice(show="waiting"), lambda lot: lot.state == "waiting"),
    "results to come": (Choice(show="pending"), lambda lot: lot.disposition == "conditional"),
    "one disposition": (Choice(disposition="hold"), lambda lot: lot.state == "open" and lot.disposition == "hold"),
    "a product at a stage": (
        Choice(product="PRODUCT-4", stage="in_process"),
        lambda lot: lot.state == "open" and lot.product == "PRODUCT-4" and lot.stage == "in_process",
    ),
    "a site": (Choice(site="SITE-B"), lambda lot: lot.state == "open" and lot.site == "SITE-B"),
    "nothing": (Choice(product="no such"), lambda _lot: False),
}


@pytest.mark.parametrize(("choice", "is_in"), CHOICES.values(), ids=list(CHOICES))
def test_pages_hold_every_lot_once_and_in_order(store, choice, is_in):
    found, page = pages(store, choice)
    expected = sorted(
        (lot for lot in all_lots(store) if is_in(lot)),
        key=lambda lot: (DISPOSITIONS.index(lot.disposition), lot.due_at, lot.id),
    )
    assert [lot.id for lot in found] == [lot.id for lot in expected]
    if not choice.disposition:
        assert sum(page.counts.values()) == len(expected)


def test_a_name_is_found_by_its_beginning_whatever_its_case(store):
    found, _ = pages(store, Choice(name=" Lot/00"))
    expected = sorted(
        (lot for lot in all_lots(store) if lot.state == "open" and lot.folded.startswith("lot/00")),
        key=lambda lot: (lot.folded, lot.id),
    )
    assert [lot.id for lot in found] == [lot.id for lot in expected]
    assert found


@pytest.mark.parametrize("hostile", ["%", "_", "' OR 1=1 --", "\U0010ffff", "\x00", "lot/0000 x' --"])
def test_nothing_in_a_name_is_more_than_text(store, hostile):
    assert read_queue(store, Choice(name=hostile), sees=everything).lots == []


@pytest.mark.parametrize(
    "after", ["x", "9", "1.2", "-1.-1.-1", "1e9.0.0", "9" * 400, "0.0.0.0.0", "99999999999999999999.1.1"]
)
def test_a_place_that_was_typed_is_the_beginning_or_a_place(store, after):
    page = read_queue(store, Choice(after=after), sees=everything, per_page=5)
    assert [lot.id for lot in page.lots] in ([lot.id for lot in pages(store, Choice())[0][:5]], [])


def test_lots_of_another_site_are_neither_shown_nor_counted_nor_offered(store):
    found, page = pages(store, Choice(), sees=lambda site: site == "SITE-B")
    assert {lot.site for lot in found} == {"SITE-B"}
    assert sum(page.counts.values()) == len(found)
    assert page.options["site"] == ["SITE-B"]


def test_the_page_of_the_demonstration_lists_exceptions_first(client_of):
    text = client_of("REV-0001").get("/").text
    chips = re.findall(r'class="chip (reject|hold|conditional|eligible)"', text.split("<tbody>")[1])
    assert chips == sorted(chips, key=DISPOSITIONS.index)
    assert "reject" in chips


def test_filters_stay_when_the_page_is_turned(client_of):
    client = client_of("REV-0001")
    text = client.get("/", params={"product": "SYNTHETIC-HIPSC-PROGENITORS"}).text
    following = re.search(r'rel="next" href="([^"]*)"', text)[1].replace("&amp;", "&")
    assert "product=SYNTHETIC-HIPSC-PROGENITORS" in following
    second = client.get(following).text
    first_lots, second_lots = (set(re.findall(r'href="/lots/([0-9a-f]+)"', each)) for each in (text, second))
    assert second_lots
    assert not first_lots & second_lots


def test_somebody_of_another_site_sees_an_empty_queue_and_no_lot(client_of):
    key = re.search(r'href="/lots/([0-9a-f]+)"', client_of("REV-0001").get("/").text)[1]
    stranger = client_of("REV-0001", sites="ELSEWHERE")
    assert "/lots/" not in stranger.get("/").text
    assert stranger.get(f"/lots/{key}").status_code == 404


def test_hostile_values_of_filters_are_text_on_the_page(client_of):
    text = client_of("REV-0001").get("/", params={"name": '"><script>alert(1)</script>', "product": "<b>"}).text
    assert "<script>alert" not in text
    assert "<b>" not in text
