"""A console in a process of its own, as `regenqc serve` starts it, and a browser to use it with."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from regenqc.cli.demo_office import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parent / "vendor" / "axe-4.14.1.min.js"
WIDTHS = (360, 820, 1280)


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def serving(home: Path, *, before: str = "") -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a console on a home and end it again.

    Args:
        home: of the console.
        before: Python that the process runs first, to end at some step.
    """
    port = free_port()
    words = ["regenqc", "serve", "--home", str(home), "--port", str(port)]
    script = f"import sys; sys.argv = {words!r}\n{before}\nfrom regenqc.cli.main import run\nrun()"
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for_answer(address, process)
        yield address, process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def wait_for_answer(address: str, process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    """Wait until a console answers, or its process ends."""
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(str(process.communicate()[0]))
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):  # noqa: S310 - its own loopback address
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the console did not begin to answer")


@contextmanager
def browser(*options: str) -> Iterator[Browser]:
    """Start Debian's Chromium with further options; the test is skipped where it is not installed."""
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", *options])
        try:
            yield started
        finally:
            started.close()


@contextmanager
def signed_in(started: Browser, address: str, person: str, *, width: int = 1280, **options: Any) -> Iterator[Page]:
    """Open a page on which somebody is signed in; requests to anywhere else fail the test."""
    elsewhere: list[str] = []
    context = started.new_context(viewport={"width": width, "height": 900}, base_url=address, locale="en-GB", **options)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.on("request", lambda request: None if request.url.startswith(address) else elsewhere.append(request.url))
    page.goto("/sign-in")
    page.fill('main input[name="name"]', person)
    page.fill('input[name="password"]', PASSWORD)
    page.press('main input[name="password"]', "Enter")
    page.wait_for_url(f"{address}/")
    try:
        yield page
    except Exception as error:
        error.add_note(f"{person} saw {page.url}:\n{page.locator('body').inner_text()}")
        raise
    finally:
        context.close()
    assert not [url for url in elsewhere if not url.startswith("data:")]


def follow(page: Page, to: str | Locator) -> None:
    """Click on what leads to another page, and wait until that is there."""
    with page.expect_navigation(wait_until="load"):
        (page.locator(to) if isinstance(to, str) else to).click()


def serious_faults(page: Page) -> list[str]:
    """Return what axe-core finds on a page that is serious or critical."""
    # Evaluated by the debugger, which no content policy keeps out.
    if page.evaluate("typeof axe") == "undefined":  # once for each document
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    return [
        f"{each['id']}: {node['html'][:200]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]
