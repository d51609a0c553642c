"""Photos and the live camera in Chromium, with scripts and without; no browser of a desktop reads codes by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from tests.console.photos import bars, data_matrix, filmed, photo, qr
from tests.console.real_server import browser, follow, serving, signed_in
from tests.console.screens import looked_at, pictured
from tests.console.ward import FIRST, live_ward

from regenqc.cli.demo_ward import ARRIVED, COI, RECIPIENT
from regenqc.custody.identifiers import read_scan

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["live_ward"]  # fixtures

NURSE = "NURSE-0203"
SERIAL = "https://id.gs1.org/01/09506000134352/21/X1"


def picture(name: str, data: bytes) -> dict[str, object]:
    return {"name": name, "mimeType": "image/jpeg", "buffer": data}


def answered(page: Page) -> str:
    follow(page, "main button.main")
    return page.locator(".verdict h1").inner_text()


def test_photos_fill_the_gate_in(live_ward: Path):
    with (
        browser() as started,
        serving(live_ward) as (address, process),
        signed_in(started, address, NURSE, width=820) as page,
    ):
        page.goto("/gate")
        looked_at(page, "photos")
        taken = picture("IMG_0001.jpg", photo(qr(ARRIVED[0]), degrees=7, size=(4000, 3000)))
        page.set_input_files("#item-photo", taken)
        expect(page.locator("#item")).to_have_value(ARRIVED[0], timeout=30_000)
        assert page.evaluate("document.activeElement.id") == "item"
        page.set_input_files("#recipient-photo", picture("IMG_0002.jpg", photo()))
        page.locator("#recipient-told >> text=No code was found in the photo.").wait_for()
        assert page.input_value("#recipient") == ""
        page.set_input_files("#recipient-photo", picture("IMG_0003.jpg", photo(qr(RECIPIENT), data_matrix())))
        page.locator("#recipient-told >> text=Several codes are in the photo").wait_for()
        assert page.input_value("#recipient") == ""
        looked_at(page, "photos-several")
        page.click(f"#recipient-told button >> text={RECIPIENT}")
        assert page.input_value("#recipient") == RECIPIENT
        assert page.inner_text("#recipient-told") == ""
        page.set_input_files("#coi-photo", picture("notes.txt", b"batch_id,test,result\n"))
        page.locator("#coi-told >> text=This is no photo that can be read.").wait_for()
        page.fill("#coi", COI)
        page.fill("#second_actor", "PHYS-0205")
        page.select_option("#role", "nurse")
        page.select_option("#second_role", "physician")
        assert "NO-GO" in answered(page)
        assert ARRIVED[0] in page.locator("dl.facts").first.inner_text()
        # Pictures are decoded beside the server.
        told = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        assert int(told.partition("VmHWM:")[2].split()[0]) <= 250_000


def test_without_scripts_a_form_posts_the_photos(live_ward: Path):
    with (
        browser() as started,
        serving(live_ward) as (address, _),
        signed_in(started, address, FIRST, width=820, java_script_enabled=False) as page,
    ):
        page.goto("/gate")
        page.fill("#second_actor", "PHYS-0205")
        page.select_option("#role", "nurse")
        page.select_option("#second_role", "physician")
        page.set_input_files("#item-photo", picture("IMG_0001.jpg", photo(qr(ARRIVED[0]), bars())))
        page.set_input_files("#recipient-photo", picture("IMG_0002.jpg", photo(qr(RECIPIENT))))
        pictured(page, "photos-without-scripts")
        with page.expect_navigation(url="**/gate/photo"):
            page.click("text=Read the photos")
        assert page.input_value("#recipient") == RECIPIENT
        pictured(page, "photos-read-without-scripts")
        page.select_option("#item", ARRIVED[0])
        # Enter in a field asks, as the main button does; it does not read photos again.
        with page.expect_navigation(url="**/gate"):
            page.press("#coi", "Enter")
        assert "NO-GO" in page.locator(".verdict h1").inner_text()
        page.goto("/custody")
        page.set_input_files("#code-photo", picture("IMG_0003.jpg", photo(qr(ARRIVED[0]))))
        with page.expect_navigation(url="**/custody/photo"):
            page.click("text=Read the photos")
        with page.expect_navigation(url=f"**/custody?code={ARRIVED[0]}*"):
            page.press("#code", "Enter")
        assert ARRIVED[0] in page.inner_text("main")


@pytest.mark.parametrize(
    ("labels", "code"),
    [((data_matrix(),), SERIAL), ((bars(),), read_scan("=G12349865432100").code)],
    ids=["GS1 DataMatrix", "ISBT 128 in bars"],
)
def test_the_live_camera_reads_where_the_browser_cannot(live_ward: Path, tmp_path: Path, labels, code):
    film = filmed(tmp_path / "film.mjpeg", photo(*labels, size=(1280, 720), blur=0.8))
    options = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with (
        browser(*options, f"--use-file-for-fake-video-capture={film}") as started,
        serving(live_ward) as (address, _),
        signed_in(started, address, FIRST, width=820, permissions=["camera"]) as page,
    ):
        blocked = []
        page.on("console", lambda said: "Content Security Policy" in said.text and blocked.append(said.text))
        page.goto("/receipts")
        assert page.evaluate("'BarcodeDetector' in window") is False
        page.click("button.camera")
        expect(page.locator("#item")).to_have_value(code, timeout=30_000)
        assert page.locator("video").count() == 0, "the camera is off again"
        assert blocked == []


def test_a_camera_that_sees_no_code_goes_on_until_it_is_stopped(live_ward: Path, tmp_path: Path):
    film = filmed(tmp_path / "film.mjpeg", photo(size=(640, 480)))
    options = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
    with (
        browser(*options, f"--use-file-for-fake-video-capture={film}") as started,
        serving(live_ward) as (address, _),
        signed_in(started, address, FIRST, width=820, permissions=["camera"]) as page,
    ):
        asked = []
        page.on("request", lambda request: request.url.endswith("/gate/photo") and asked.append(request))
        page.goto("/gate")
        page.click("button.camera >> nth=0")
        page.locator("video").wait_for()
        page.wait_for_timeout(2_500)
        looked_at(page, "camera")
        page.click("button.camera >> nth=0")
        assert page.locator("video").count() == 0
        assert len(asked) >= 2
        assert page.input_value("#item") == ""


def test_a_camera_that_may_not_be_used_is_said(live_ward: Path):
    with (
        browser() as started,
        serving(live_ward) as (address, _),
        signed_in(started, address, FIRST) as page,
    ):
        page.goto("/gate")
        page.click("button.camera >> nth=0")
        page.locator("#item-told >> text=The camera cannot be used here.").wait_for()
        assert page.evaluate("document.activeElement.id") == "item"
