"""Certificates for other programmes, and packages with all their evidence."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
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

if TYPE_CHECKING:
    from pathlib import Path


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
            "README.txt", "SHA256SUMS", "certificate.json", "certificate.pdf", "out/results.csv", MANIFEST_NAME,
            "verify_certificate.py",
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


def with_input(content: bytes) -> Any:
    from hashlib import sha256

    evaluation = unsigned_decision()["evaluation"]
    inputs = [{"name": "results.csv", "digest": f"sha256:{sha256(content).hexdigest()}"}]
    made = identified(unsigned_decision() | {"evaluation": evaluation | {"inputs": inputs}})
    return site.certificate(made=made | {"signatures": [signature(made)]})


def test_whoever_opens_a_package_without_regenqc_is_told_what_to_do_and_can_do_it(tmp_path: Path) -> None:
    content = b"batch_id,test,result,unit\n"
    certificate = with_input(content)
    package = evidence_package(certificate, pdf=site.pdf(certificate), files={"in/lot 1 \u00e9.csv": content})
    with zipfile.ZipFile(io.BytesIO(package)) as files:
        files.extractall(tmp_path)
    site.write_trust(tmp_path / "trust")
    sums = (tmp_path / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    assert {line.partition("  ")[2] for line in sums} == set(zipfile.ZipFile(io.BytesIO(package)).namelist()) - {
        "SHA256SUMS",
        MANIFEST_NAME,
    }
    if shutil.which("sha256sum"):
        done = subprocess.run(
            ["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=False
        )
        assert (done.returncode, done.stdout) == (0, b"")
    told = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert "input of the evaluation: results.csv" in told
    assert "    in/lot 1 \u00e9.csv\n" in told
    assert told.count("NOT in this package") == 5
    (command,) = (line.strip() for line in told.splitlines() if line.strip().startswith("python verify_certificate.py"))
    asked = command.replace("TRUST", "trust").replace(" FILE ...", "").split()[1:]
    done = subprocess.run(
        [sys.executable, "-I", *asked, "in/lot 1 \u00e9.csv", "--now", site.NOW.isoformat()],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "certificate.pdf: VERIFIED")
    assert "1 files are those on which the decision rests." in done.stdout


def test_the_manifest_is_a_crate_whose_every_reference_leads_somewhere() -> None:
    certificate = with_input(b"x")
    package = evidence_package(certificate, files={"in/lot 1 \u00e9.csv": b"x", "odd#name?.txt": b"y"})
    with zipfile.ZipFile(io.BytesIO(package)) as files:
        graph = {entry["@id"]: entry for entry in json.loads(files.read(MANIFEST_NAME))["@graph"]}
        names = set(files.namelist())
    assert graph[MANIFEST_NAME]["about"] == {"@id": "./"}
    assert graph[MANIFEST_NAME]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.1"}
    root = graph["./"]
    assert {"name", "description", "datePublished", "license"} <= root.keys()
    assert {unquote(part["@id"]) for part in root["hasPart"]} == names - {MANIFEST_NAME}
    named = [root["license"], root["publisher"], root["mainEntity"], *root["hasPart"]]
    assert all(reference["@id"] in graph for reference in named)
    assert all(re.fullmatch(r"[A-Za-z0-9._~/%-]+", part["@id"]) for part in root["hasPart"])
    assert graph["in/lot%201%20%C3%A9.csv"]["description"] == "Input of the evaluation: results.csv"


def test_the_same_files_give_the_same_package() -> None:
    files = {"b.csv": b"1", "a.csv": b"2"}
    one = evidence_package(site.certificate(), files=files)
    assert one == evidence_package(site.certificate(), files=dict(reversed(files.items())))


@pytest.mark.parametrize("name", ["../x", "a\nb", "certificate.json", "a/certificate.json", "/x", "a//b", "a\\b", "."])
def test_a_file_does_not_leave_its_package_or_pass_for_another(name: str) -> None:
    with pytest.raises(DataError, match="RQC-V092"):
        evidence_package(site.certificate(), files={name: b""})
