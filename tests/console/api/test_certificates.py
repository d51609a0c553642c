"""Certificates that were issued can be listed and fetched, and one that came from elsewhere is verified."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.certificate import site
from tests.certificate.lots import decision

from regenqc.certificate.content import certificate_bytes
from regenqc.certificate.issuing import file_stem

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi.testclient import TestClient

    from regenqc.certificate.content import Certificate
    from regenqc.console.settings import ConsoleSettings

URL = "/api/v1/certificates"


@pytest.fixture
def issued(settings: ConsoleSettings) -> Certificate:
    """Put a certificate where the console keeps them, and files beside it that are none."""
    settings.certificates.mkdir(parents=True)
    made = site.certificate(made=decision())
    stem = settings.certificates / file_stem(made.certificate_id)
    stem.with_name(f"{stem.name}.json").write_bytes(certificate_bytes(made))
    stem.with_name(f"{stem.name}.pdf").write_bytes(site.pdf(made))
    (settings.certificates / "broken.json").write_text("{")
    return made


def test_a_certificate_is_listed_and_fetched_as_it_was_issued(issued: Certificate, lims: TestClient) -> None:
    (found,) = lims.get(URL).json()["certificates"]
    assert (found["certificate_id"], found["batch_id"]) == (issued.certificate_id, issued.decision["batch_id"])
    assert lims.get(f"{URL}/{issued.certificate_id}").content == certificate_bytes(issued)
    pages = lims.get(f"{URL}/{issued.certificate_id}/pdf")
    assert (pages.headers["content-type"], pages.content[:5]) == ("application/pdf", b"%PDF-")
    assert lims.get(URL, params={"batch_id": "another"}).json() == {"certificates": [], "next": None}


@pytest.mark.parametrize(
    "number", ["none", "broken", "../people/people", "..%2f..%2fetc%2fpasswd", "%2e%2e/x", "a b", "%00"]
)
def test_what_is_no_certificate_is_not_there(number: str, issued: Certificate, lims: TestClient) -> None:
    assert issued is not None
    for path in (f"{URL}/{number}", f"{URL}/{number}/pdf"):
        assert lims.get(path).status_code == 404


def test_a_certificate_of_another_site_is_not_there(
    issued: Certificate, as_person: Callable[[str], TestClient]
) -> None:
    other = as_person("LIMS-0002")
    assert other.get(URL).json()["certificates"] == []
    assert other.get(f"{URL}/{issued.certificate_id}").status_code == 404
    assert other.get(f"{URL}/{issued.certificate_id}/pdf").status_code == 404


def test_a_certificate_is_verified_by_the_keys_that_the_site_had_before(
    issued: Certificate, lims: TestClient, settings: ConsoleSettings
) -> None:
    data = site.pdf(issued)
    without = lims.post("/api/v1/verify", files={"certificate": data})
    assert (without.status_code, without.json()["faults"][0]["code"]) == (422, "RQC-W426")
    site.write_trust(settings.home / "trust")
    good = lims.post("/api/v1/verify", files={"certificate": data}).json()
    assert good["verified"], good
    changed = certificate_bytes(issued).replace(b'"remarks":""', b'"remarks":"x"')
    bad = lims.post("/api/v1/verify", files={"certificate": changed}).json()
    assert not bad["verified"]
    assert [fault for check in bad["checks"] for fault in check["faults"]]
    for nothing in (b"", b"%PDF-1.7", b"PK\x03\x04"):
        assert not lims.post("/api/v1/verify", files={"certificate": nothing}).json()["verified"]
