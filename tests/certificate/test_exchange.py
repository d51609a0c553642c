"""Certificates for other programmes, and packages with all their evidence."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from fhir.resources.bundle import Bundle

from certificate import site
from certificate.lots import TESTS, identified, result, signature, unsigned_decision
from regenqc.certificate.content import certificate_bytes, certificate_digest
from regenqc.certificate.fhir import certificate_bundle
from regenqc.certificate.package import MANIFEST_NAME, evidence_package
from regenqc.certificate.tabular import XML_NAMESPACE, certificate_xml, results_csv
from regenqc.errors import DataError


def with_results(*rows: dict[str, Any], **changes: Any) -> Any:
    content = identified(unsigned_decision("HP-1", results=list(rows)) | changes)
    return site.certificate(made=content | {"signatures": [signature(content)]})


def test_every_result_is_a_row() -> None:
    certificate = site.certificate()
    rows = list(csv.DictReader(io.StringIO(results_csv([certificate, site.certificate("HP-2")]))))
    assert len(rows) == 2 * len(TESTS)
    assert (rows[1]["reported"], rows[1]["unit"], rows[1]["verdict"]) == ("92.4", "%", "conforms")
    assert rows[0]["content_digest"] == certificate_digest(certificate)


@pytest.mark.parametrize("start", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1"])
def test_a_result_is_no_formula(start: str) -> None:
    (row,) = csv.DictReader(io.StringIO(results_csv([with_results(result(*TESTS[1]) | {"reported": start})])))
    assert row["reported"] == f"'{start}"


@pytest.mark.parametrize("number", ["-1.50", "+2", "-1e-3"])
def test_a_negative_number_stays_a_number(number: str) -> None:
    (row,) = csv.DictReader(io.StringIO(results_csv([with_results(result(*TESTS[1]) | {"reported": number})])))
    assert row["reported"] == number


def test_xml_holds_what_the_record_says_whatever_it_is() -> None:
    hostile = '<a href="x">&amp; ]]> \x01\x00'
    root = ET.fromstring(certificate_xml(with_results(result(*TESTS[1]) | {"reported": hostile})))  # noqa: S314 - written here
    (row,) = root.findall(f"{{{XML_NAMESPACE}}}result")
    assert row.get("reported") == '<a href="x">&amp; ]]> [U+0001][U+0000]'


@pytest.mark.parametrize(
    "certificate",
    [
        pytest.param(site.certificate, id="a release"),
        pytest.param(with_results, id="without results"),
        pytest.param(
            lambda: with_results(result(*TESTS[1], counts=False, status="invalidated", changed="replaced")),
            id="not counting",
        ),
        pytest.param(
            lambda: with_results(
                result(*TESTS[1]) | {"reported": "", "method": "", "limit": ""},
                pending=[{"requirement_id": "sterility", "title": "", "due": ""}],
            ),
            id="little stated",
        ),
    ],
)
def test_a_bundle_is_valid_fhir(certificate: Any) -> None:
    made = certificate()
    bundle = Bundle.model_validate(json.loads(json.dumps(certificate_bundle(made))))
    assert bundle.identifier.value == certificate_digest(made)
    assert len(bundle.entry) == 3 + len(made.decision["results"])
    addresses = {entry.fullUrl for entry in bundle.entry}
    assert all(reference.reference in addresses for reference in bundle.entry[0].resource.result or [])


def test_the_same_certificate_gives_the_same_bundle() -> None:
    assert certificate_bundle(site.certificate()) == certificate_bundle(site.certificate())


def test_a_package_is_verified_like_a_certificate() -> None:
    certificate = site.certificate()
    package = evidence_package(certificate, pdf=site.pdf(certificate), files={"out/results.csv": b"a,b\n"})
    assert site.verify(package).ok
    with zipfile.ZipFile(io.BytesIO(package)) as files:
        assert sorted(files.namelist()) == [
            "certificate.json", "certificate.pdf", "out/results.csv", MANIFEST_NAME, "verify_certificate.py",
        ]  # fmt: skip
        assert files.read("certificate.json") == certificate_bytes(certificate)


def test_the_manifest_names_every_file_with_its_digest() -> None:
    from hashlib import sha256

    package = evidence_package(site.certificate(), files={"specification.toml": b"x"})
    with zipfile.ZipFile(io.BytesIO(package)) as files:
        graph = {entry["@id"]: entry for entry in json.loads(files.read(MANIFEST_NAME))["@graph"]}
        names = set(files.namelist()) - {MANIFEST_NAME}
        assert {part["@id"] for part in graph["./"]["hasPart"]} == names
        assert all(graph[name]["sha256"] == sha256(files.read(name)).hexdigest() for name in names)


def test_the_same_files_give_the_same_package() -> None:
    files = {"b.csv": b"1", "a.csv": b"2"}
    one = evidence_package(site.certificate(), files=files)
    assert one == evidence_package(site.certificate(), files=dict(reversed(files.items())))


@pytest.mark.parametrize("name", ["../x", "certificate.json", "a/certificate.json", "/x", "a//b", "a\\b", "."])
def test_a_file_does_not_leave_its_package_or_pass_for_another(name: str) -> None:
    with pytest.raises(DataError, match="RQC-V092"):
        evidence_package(site.certificate(), files={name: b""})
