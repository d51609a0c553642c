"""The page of a lot: exceptions first, raw text as reported, limit, source, row, history; nothing of others runs or hides."""

from __future__ import annotations

import html
import re
from fractions import Fraction

import pytest

from regenqc.console.drawings.bounds import draw_bounds
from regenqc.console.drawings.clones import draw_clones
from regenqc.console.store.current_lots import lot_key
from regenqc.specification.model import LimitText, Requirement

RELEASE = "drug_product_release"


def page_of(client, batch, spec, *, stage=RELEASE):
    answer = client.get(f"/lots/{lot_key(batch, stage, spec)}")
    assert answer.status_code == 200
    return html.unescape(answer.text)


def test_a_failing_lot_says_what_failed_by_which_limit_from_which_row(client_of):
    text = page_of(client_of("REV-0001"), "HP-00000009", "example/hipsc-progenitors")
    exceptions, _, others = text.partition("Conforming requirements")
    assert "reported “51.9 %” is below the limit ≥ 70 %" in exceptions
    assert re.search(r'class="reported">51.9 %<', exceptions)
    assert "row 195" in exceptions
    assert "≥ 70 %; compared as reported, without rounding" in exceptions
    assert 'class="requirement fails"' not in others


def test_every_reported_row_of_the_lot_stands_on_its_page(client_of, demo_home):
    import pyarrow.parquet as pq

    rows = pq.read_table(demo_home / "evaluations" / "synthetic-hipsc" / "results.parquet").to_pylist()
    own = [row for row in rows if row["batch_id"] == "HP-00000033" and row["stage"] == RELEASE and row["row_number"]]
    text = page_of(client_of("REV-0001"), "HP-00000033", "example/hipsc-progenitors")
    assert own
    assert [row["row_number"] for row in own if f"row {row['row_number']}<" not in text] == []


def test_a_change_after_entry_stands_beside_the_result_and_in_the_history(client_of):
    text = page_of(client_of("REV-0001"), "HP-00000003", "example/hipsc-progenitors")
    assert "changed after entry" in text
    assert "superseded" in text


def test_the_history_tells_both_judgements_and_both_decisions(client_of):
    text = page_of(client_of("REV-0001"), "SYNTHETIC-CD20-01", "example/car-t-cd20-two-step")
    history = text.partition('id="history"')[2]
    assert history.index("late positive sterility test") < history.index("signed: certification")
    assert "conditional → reject" in history


def test_a_lot_that_was_judged_by_five_markets_is_shown_for_each(client_of):
    text = page_of(client_of("REV-0001"), "ARI0001/01", "eu/atmp")
    assert "The same batch elsewhere" in text
    assert text.count("/lots/") >= 5


def test_an_unverified_limit_is_marked(client_of):
    assert "secondary" in page_of(client_of("REV-0001"), "ARI0001/01", "cn/drug-track")


def test_without_the_specification_the_findings_are_shown_and_nobody_decides(client_of, home):
    for path in (home / "specifications").glob("*/*.toml"):
        path.write_text(path.read_text().replace('title        = "Synthetic', 'title        = "Changed'))
    from regenqc.console.store import specifications

    specifications._loaded.cache_clear()
    client = client_of("QP-0001")
    text = page_of(client, "SYNTHETIC-MSC/08", "synthetic-maker/drug-track-msc")
    assert "is not at hand" in text
    assert "lies outside the alert limit" in text
    key = lot_key("SYNTHETIC-MSC/08", RELEASE, "synthetic-maker/drug-track-msc")
    assert client.get(f"/lots/{key}/decide").status_code == 404
    specifications._loaded.cache_clear()


@pytest.mark.parametrize("key", ["x", "0" * 24, "..%2f..%2fetc%2fpasswd", "%00", "a" * 3000])
def test_what_is_no_lot_is_not_found(client_of, key):
    assert client_of("REV-0001").get(f"/lots/{key}").status_code == 404


def test_an_administrator_of_accounts_sees_no_lot(client_of):
    key = lot_key("HP-00000009", RELEASE, "example/hipsc-progenitors")
    assert client_of("ADMIN-001").get(f"/lots/{key}").status_code == 403


LIMIT = Requirement(id="r", limit=LimitText(min="10", max="20", unit="%"), alert=LimitText(min="12", unit="%"))


def same(_unit):
    return Fraction(1)


def test_points_lie_inside_or_outside_the_permitted_range_as_they_are():
    results = [(text, "%", "") for text in ("9.99", "10", "15", "20", "20.01")]
    picture = draw_bounds(LIMIT, results, factor_of=same)
    inside = [picture.low <= point.x <= picture.high for point in picture.points]
    assert inside[1:4] == [True, True, True]
    assert [point.x for point in picture.points] == sorted(point.x for point in picture.points)
    assert [(line.text, line.is_alert) for line in picture.lines] == [("≥ 10", False), ("≤ 20", False), ("≥ 12", True)]


def test_censored_results_are_hollow_and_point_where_they_may_lie():
    picture = draw_bounds(LIMIT, [("<5", "%", ""), (">30", "%", ""), ("15", "%", "")], factor_of=same)
    assert [point.arrow for point in picture.points] == ["left", "right", ""]


@pytest.mark.parametrize("text", ["", "No growth", "about 9", "<", "1e999999", "NaN", "٣", "10-20"])
def test_what_is_no_number_is_not_drawn(text):
    assert draw_bounds(LIMIT, [(text, "%", "")], factor_of=same) is None


def test_a_result_in_another_unit_is_placed_by_the_factor():
    unit = {"%": Fraction(1), "per mille": Fraction(10)}
    one, other = draw_bounds(LIMIT, [("15", "%", ""), ("150", "per mille", "")], factor_of=unit.get).points
    assert one.x == other.x
    assert draw_bounds(LIMIT, [("15", "unknown", "")], factor_of=unit.get) is None


def test_cell_lines_are_as_long_as_their_share():
    bars = draw_clones("47,XX,+12[3]/46,XX[17]")
    assert [bar.width for bar in bars] == [24, 136]
    assert draw_clones("no karyotype") == ()
