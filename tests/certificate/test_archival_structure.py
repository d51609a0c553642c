"""What ISO 19005-3 asks of the structure of a file, read by another library than the one that wrote it.

This is no validator of PDF/A: it checks the rules named here and no others.
"""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from certificate import site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module", params=[True, False], ids=["signed", "not signed"])
def document(request: pytest.FixtureRequest) -> bytes:
    return site.pdf(site.certificate("HP-1", "en", "zh"), signed=request.param)


def objects(document: bytes) -> Iterator[Any]:
    """Yield every dictionary of a file, whatever refers to it."""
    reader = PdfFileReader(BytesIO(document))
    waiting, seen = [reader.trailer.flatten()], set()
    while waiting:
        found = waiting.pop()
        if hasattr(found, "get_object") and hasattr(found, "idnum"):
            if found.idnum in seen:
                continue
            seen.add(found.idnum)
            found = found.get_object()
        if isinstance(found, dict):
            yield found
            waiting += [found.raw_get(name) for name in found]
        elif isinstance(found, list):
            waiting += list(map(found.raw_get, range(len(found))))


def test_every_font_is_embedded_and_says_which_characters_it_shows(document: bytes) -> None:
    fonts = [each for each in objects(document) if each.get("/Type") == "/Font"]
    shown = [each for each in fonts if each["/Subtype"] == "/Type0"]
    inside = [each["/FontDescriptor"] for each in fonts if each["/Subtype"].startswith("/CIDFont")]
    assert len(shown) == len(inside) >= 3
    assert all("/ToUnicode" in each for each in shown)
    assert all(each.keys() & {"/FontFile2", "/FontFile3"} for each in inside)


def test_colours_have_a_profile_and_the_file_has_an_identifier(document: bytes) -> None:
    reader = PdfFileReader(BytesIO(document))
    intent = reader.root["/OutputIntents"][0]
    assert len(reader.root["/OutputIntents"]) == 1
    assert (intent["/S"], intent["/DestOutputProfile"].data[36:40]) == ("/GTS_PDFA1", b"acsp")
    assert len(reader.trailer["/ID"]) == 2
    assert reader.root["/Lang"] == "en"


def test_every_file_inside_says_how_it_belongs_to_the_document(document: bytes) -> None:
    root = PdfFileReader(BytesIO(document)).root
    files = [root["/AF"][at] for at in range(len(root["/AF"]))]
    assert {each["/UF"]: each["/AFRelationship"] for each in files} == {
        "certificate.json": "/Data",
        "rendering.json": "/Supplement",
    }
    for each in files:
        assert each["/F"] == each["/UF"]
        assert each["/EF"]["/F"]["/Subtype"] == "/application/json"


def test_nothing_is_there_that_an_archive_refuses(document: bytes) -> None:
    assert b"/Encrypt" not in document
    for each in objects(document):
        assert each.get("/S") not in {"/JavaScript", "/Launch", "/Sound", "/Movie", "/ImportData", "/ResetForm"}
        assert each.get("/Filter") != "/LZWDecode"
        assert not each.get("/Interpolate")
        assert "/AA" not in each
        assert "/XFA" not in each


@pytest.mark.skipif(shutil.which("qpdf") is None, reason="qpdf is not installed")
def test_qpdf_finds_no_error(document: bytes, tmp_path: Path) -> None:
    path = tmp_path / "certificate.pdf"
    path.write_bytes(document)
    done = subprocess.run(["qpdf", "--check", str(path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
