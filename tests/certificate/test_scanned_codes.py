"""What a scanner reads from a printed page, read by another programme than the one that drew it."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
import zxingcpp
from PIL import Image

from certificate import site
from certificate.lots import identified, signature, unsigned_decision

if TYPE_CHECKING:
    from pathlib import Path

    from regenqc.certificate.content import Certificate

pytestmark = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")


def scanned(certificate: Certificate, tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "page.pdf"
    path.write_bytes(site.renderer().pdf(certificate))
    found: dict[str, str] = {}
    pages = len(site.renderer().svg(certificate))
    for number in (str(page) for page in range(1, pages + 1)):
        picture = subprocess.run(
            ["pdftoppm", "-gray", "-r", "400", "-f", number, "-l", number, str(path)], capture_output=True, check=True
        ).stdout
        with Image.open(BytesIO(picture)) as image:
            found |= {code.symbology_identifier: code.text for code in zxingcpp.read_barcodes(image)}
    return found


def of_lot(batch: str, *languages: str) -> Certificate:
    content = identified(unsigned_decision(batch))
    return site.certificate(batch, *languages, made=content | {"signatures": [signature(content)]})


@pytest.mark.parametrize(
    "certificate",
    [
        pytest.param(lambda: of_lot("HP-00000001"), id="an ordinary batch"),
        pytest.param(lambda: of_lot("HP-1", "en", "zh"), id="two languages"),
        pytest.param(lambda: of_lot("lot with a blank/é批"), id="a batch number that no barcode holds"),
    ],
)
def test_the_code_read_from_the_page_belongs_to_the_certificate(certificate: object, tmp_path: Path) -> None:
    made = certificate()  # type: ignore[operator]
    code = scanned(made, tmp_path)["]Q1"]
    assert site.verify(site.pdf(made), code=code).ok
    assert [fault.code for fault in site.verify(site.pdf(of_lot("HP-9")), code=code).faults] == ["RQC-V170"]


@pytest.mark.parametrize("batch", ["HP-00000001", "1234", "A1B22C333D4444E", "a%&/()", "ABCDEFGHIJKLMNOPQRST"])
def test_the_barcode_is_a_gs1_symbol_with_gtin_expiry_and_batch(batch: str, tmp_path: Path) -> None:
    expected = f"(01)09506000134352(17)260319(10){batch}"
    assert scanned(of_lot(batch), tmp_path)["]C1"] == expected
