"""The certificates that were issued: listed by lot, given byte for byte, and to nobody who may not see the site."""

from __future__ import annotations

import json
import re

import pytest


@pytest.fixture
def issued(demo_home):
    files = sorted((demo_home / "certificates").glob("*.json"))
    return {json.loads(file.read_bytes())["certificate_id"]: file for file in files}


def test_every_certificate_is_listed_with_its_lot_and_its_files(client_of, issued):
    text = client_of("REV-0001").get("/certificates").text
    assert len(issued) > 3
    assert [number for number in issued if f"/certificates/pages/{number}" not in text] == []
    assert text.count("<tr>") - 1 == len(issued)


def test_the_list_of_one_lot_holds_its_certificates_alone(client_of, issued):
    lots = [json.loads(file.read_bytes())["decision"]["batch_id"] for file in issued.values()]
    text = client_of("REV-0001").get("/certificates", params={"batch_id": lots[0]}).text
    assert text.count("<tr>") - 1 == lots.count(lots[0])
    assert "No certificate was issued yet." in client_of("REV-0001").get("/certificates?batch_id=NOBODY").text


@pytest.mark.parametrize(("kind", "suffix"), [("pages", ".pdf"), ("record", ".json")])
def test_files_are_given_byte_for_byte(client_of, issued, kind, suffix):
    for number, file in issued.items():
        answer = client_of("REV-0001").get(f"/certificates/{kind}/{number}")
        assert answer.status_code == 200
        assert answer.content == file.with_suffix(suffix).read_bytes()
        assert answer.headers["content-disposition"].startswith("attachment")


def test_a_lot_that_was_decided_leads_to_its_certificates(client_of):
    decided = client_of("REV-0001").get("/?show=decided").text
    first = re.search(r'href="(/lots/[0-9a-f]+)"', decided)
    assert first is not None
    assert "/certificates?batch_id=" in client_of("REV-0001").get(first[1]).text


@pytest.mark.parametrize("number", ["NOBODY", "../people/registry", "%2e%2e%2fkeys%2fqp", "a%00b", "é"])
def test_what_names_no_certificate_is_not_found(client_of, number):
    for kind in ("pages", "record"):
        assert client_of("REV-0001").get(f"/certificates/{kind}/{number}").status_code in {404, 422}


def test_whoever_sees_another_site_alone_sees_none(client_of, issued):
    client = client_of("REV-0001", sites="SITE-ELSEWHERE")
    assert "No certificate was issued yet." in client.get("/certificates").text
    assert {client.get(f"/certificates/record/{number}").status_code for number in issued} == {404}
