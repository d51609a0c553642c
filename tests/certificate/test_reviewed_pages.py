"""The pages are those that somebody looked at."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from certificate.reviewed_pages import FOLDER, PAGES, drawn, reviewed

pytestmark = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_the_one_that_was_looked_at(name: str) -> None:
    page, seen = drawn(name).astype(int), reviewed(name).astype(int)
    assert page.shape == seen.shape
    # The code on the page follows from all that was decided, and versions of poppler draw edges a little differently; a line
    # or word that moved is more than that.
    difference = np.abs(page - seen) > 96
    assert difference.mean() < 0.005, (
        f"{difference.mean():.2%} differ: PYTHONPATH=.:tests python -m certificate.reviewed_pages, and look"
    )


def test_every_reviewed_picture_belongs_to_a_page() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(PAGES)
