"""What the outermost layers refuse, people read as a page in their language and machines as faults."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.console.access_site import Site

from regenqc.console.access.policy import AccessPolicy

if TYPE_CHECKING:
    from pathlib import Path

    from httpx2 import Response


def is_page(answer: Response, code: str) -> bool:
    return answer.headers["content-type"].startswith("text/html") and code in answer.text and "<main" in answer.text


def is_faults(answer: Response, code: str) -> bool:
    return [each["code"] for each in answer.json()["faults"]] == [code]


def test_a_body_that_is_too_large_is_refused_in_the_form_that_is_asked_for(tmp_path: Path):
    site = Site(tmp_path, policy=AccessPolicy(second_factor=False))
    client = site.browser().client
    large = {"name": "x" * (2 << 20)}
    told = client.post("/sign-in", data=large)
    assert (told.status_code, is_page(told, "RQC-W413")) == (413, True)
    told = client.post("/api/v1/gate", json=large)
    assert (told.status_code, is_faults(told, "RQC-W413")) == (413, True)
    assert "default-src 'none'" in told.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "check"), [("/sign-in", is_page), ("/api/v1/gate", is_faults)], ids=["page", "interface"]
)
def test_too_many_requests_are_told_when_to_come_again(tmp_path: Path, path: str, check):
    site = Site(tmp_path, policy=AccessPolicy(second_factor=False, requests_per_second=0.001, burst=1))
    client = site.browser().client
    client.get(path)
    told = client.get(path, headers={"accept-language": "ko"})
    assert (told.status_code, told.headers["retry-after"], check(told, "RQC-W429")) == (429, "1", True)
    if check is is_page:
        assert '<html lang="ko">' in told.text


@pytest.mark.parametrize(
    ("path", "check"), [("/sign-in", is_page), ("/api/v1/gate", is_faults)], ids=["page", "interface"]
)
def test_a_name_of_another_host_is_refused(tmp_path: Path, path: str, check):
    site = Site(tmp_path, policy=AccessPolicy(second_factor=False, public_url="https://console.example"))
    told = site.browser().client.get(path, headers={"host": "evil.example"})
    assert (told.status_code, check(told, "RQC-W400")) == (400, True)


def test_what_no_route_answers_is_a_page_for_people(tmp_path: Path):
    client = Site(tmp_path).browser().client
    told = client.get("/nothing/of/this/name")
    assert (told.status_code, is_page(told, "/nothing/of/this/name")) == (404, True)
    told = client.put("/sign-in")
    assert (told.status_code, "GET" in told.headers["allow"], is_page(told, "/sign-in")) == (405, True, True)
    told = client.get("/api/v1/nothing")
    assert (told.status_code, is_faults(told, "RQC-W404")) == (404, True)


def test_a_field_that_is_too_long_is_a_page_for_people(tmp_path: Path):
    site = Site(tmp_path, policy=AccessPolicy(second_factor=False))
    site.account("REV-0001")
    told = site.signed_in("REV-0001").get("/custody", params={"code": "x" * 500})
    assert (told.status_code, is_page(told, "RQC-W422")) == (422, True)
