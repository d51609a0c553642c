"""Certificates whose pages somebody looked at; `PYTHONPATH=.:tests python -m certificate.reviewed_pages` draws them anew."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image
from tests.reinspection.test_hospital_decision import BROKEN

from certificate import hospital_lots
from certificate.lots import ISSUED_AT, TESTS, identified, profile, result, signature, unsigned_decision
from certificate.site import renderer
from regenqc.certificate.content import AnnexRow
from regenqc.certificate.making import make_certificate

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from regenqc.certificate.content import Certificate

FOLDER: Final = Path(__file__).resolve().parent / "reviewed"
_DOTS_PER_INCH: Final = 60


def _made(
    kind: str = "release", *languages: str, annex: tuple[AnnexRow, ...] = (), of_type: str | None = None, **changes: Any
) -> Certificate:
    content = identified(unsigned_decision("HP-00000001", kind) | changes)
    signed = content | {"signatures": [signature(content)]}
    return make_certificate(
        signed, profile=profile(*languages), issued_at=ISSUED_AT, annex=annex, certificate_type=of_type
    )


def _right_to_left() -> Certificate:
    rows = [
        result("appearance", "فحص بصري", "مطابق للمواصفات", "", "مطابق", "conforms"),
        result("viability", "ציטומטריית זרימה 7-AAD", "92.4", "%", "≥ 70 %", "conforms"),
        *(result(*row) for row in TESTS[2:]),
    ]
    lot = unsigned_decision("HP-00000001")["lot"]
    named = [entry | {"value": "خلايا 123 تركيبية"} if entry["name"] == "coi_id" else entry for entry in lot]
    return _made(results=rows, lot=named, justification="תוצאה אחת (92.4 %) נבדקה שוב; النتيجة مقبولة.")


def _analysis() -> Certificate:
    lot = [*unsigned_decision("HP-00000001")["lot"], {"name": "tests_completed_at", "value": "2026-03-15"}]
    return _made(lot=lot, of_type="certificate_of_analysis")


def _two_releases() -> Certificate:
    content = unsigned_decision("HP-00000001")
    rule = content["required_signatures"][0]
    rules = [rule | {"meaning": "factory_release"}, rule | {"meaning": "marketing_release"}]
    content = identified(content | {"required_signatures": rules})
    first = signature(content, meaning="factory_release")
    second = signature(content, meaning="marketing_release", printed_name="Dr. Bo Example", person_id="QP-0002")
    signed = content | {"signatures": [first, second]}
    return make_certificate(signed, profile=profile("en", "zh"), issued_at=ISSUED_AT)


def _conditional() -> Certificate:
    pending = [
        {"requirement_id": "sterility", "title": "Sterility, 14 days", "due": "2026-03-30T00:00:00Z"},
        {"requirement_id": "mycoplasma", "title": "Mycoplasma by culture", "due": "2026-04-13T00:00:00Z"},
    ]
    return _made("conditional_release", pending=pending, disposition="conditional")


def _rejected() -> Certificate:
    rows = [
        *(result(*row) for row in TESTS[:7]),
        result("sterility", "Ph. Eur. 2.6.27", "growth", "", "no growth", "fails"),
    ]
    rows[1] = result(*TESTS[1], changed="revision 1 replaced 94.2 %: transcription error")
    finding = {
        "requirement_id": "sterility",
        "verdict": "fails",
        "reason_code": "word_not_allowed",
        "test": "sterility",
        "reported": "growth",
        "unit": "",
        "limit": "no growth",
        "explanation": "Sterility was reported as “growth”; only “no growth” conforms.",
    }
    return _made("reject", results=rows, findings=[finding], acknowledged=[])


def _annexed() -> Certificate:
    rows = tuple(
        AnnexRow(
            specification=name, version="1.0.0", fingerprint="sha256:" + 64 * "1", disposition=word, obstacles=against
        )
        for name, word, against in (
            ("us/investigational", "eligible", ()),
            ("eu/atmp", "conditional", ("sterility",)),
            ("jp/asrm-class-1", "hold", ("tumorigenicity", "consent")),
            ("cn/drug-track", "reject", ("residual_undifferentiated",)),
        )
    )
    return _made(annex=rows)


def _many() -> Certificate:
    rows = [
        result(f"{test}_{number}", f"{method}, by a procedure with a long name", *rest)
        for number in range(6)
        for test, method, *rest in TESTS
    ]
    return _made(results=rows)


def _long() -> Certificate:
    name = (
        "A product whose name is as long as names of combinations of cells and vectors sometimes are, with suffix-"
        + 60 * "x"
    )
    lot = [{"name": "manufactured_at", "value": "2026-03-01"}, {"name": "expires_at", "value": "y" * 90}]
    return _made(lot=[*lot, {"name": "coi_id", "value": name}], justification=(name + ". ") * 4)


PAGES: Final[dict[str, tuple[Callable[[], Certificate], int]]] = {
    "release": (_made, 1),
    "release-chinese-two-signatures": (_two_releases, 1),
    "release-japanese": (lambda: _made("release", "en", "ja"), 1),
    "release-korean": (lambda: _made("release", "en", "ko"), 1),
    "conditional": (_conditional, 1),
    "rejection": (_rejected, 1),
    "annex": (_annexed, 1),
    "sixty-tests": (_many, 2),
    "sixty-tests-end": (_many, 3),
    "long-values": (_long, 1),
    "right-to-left": (_right_to_left, 1),
    "analysis": (_analysis, 1),
    "batch-certificate": (lambda: _made(of_type="batch_certificate"), 1),
    "receipt": (lambda: hospital_lots.unsealed(None, "en", "zh"), 1),
    "receipt-refused": (lambda: hospital_lots.unsealed(hospital_lots.signed("refuse", receipt=BROKEN)), 1),
}


def drawn(name: str) -> NDArray[np.uint8]:
    """Return a page as shades of grey, rows from top to bottom."""
    make, page = PAGES[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.pdf"
        path.write_bytes(renderer().pdf(make()))
        number = str(page)
        subprocess.run(
            [
                "pdftoppm",
                "-gray",
                "-r",
                str(_DOTS_PER_INCH),
                "-f",
                number,
                "-l",
                number,
                "-singlefile",
                str(path),
                folder + "/p",
            ],
            check=True,
            capture_output=True,
        )
        with Image.open(f"{folder}/p.pgm") as image:
            return np.asarray(image)


def reviewed(name: str) -> NDArray[np.uint8]:
    """Return the page that somebody looked at."""
    with Image.open(FOLDER / f"{name}.png") as image:
        return np.asarray(image.convert("L"))


def main() -> None:
    """Draw all pages anew, to be looked at."""
    FOLDER.mkdir(exist_ok=True)
    for name in PAGES:
        Image.fromarray(drawn(name)).quantize(16).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
