"""What screens look like, at three widths and in the dark: without serious fault, no wider than the window, and as reviewed.

`REGENQC_SCREENS=compare` compares every screen of a story with the image of it that somebody has looked at (`reviewed/`), and
`REGENQC_SCREENS=update` writes these images anew; then they are looked at again. Days, secrets and identifiers differ from run to
run, and fonts from machine to machine: images are compared by blocks of sixteen points, of which few may differ. The long run
`test_screens_as_reviewed` compares all of them. `REGENQC_PICTURES` names a folder for pictures at full size.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image
from tests.console.real_server import WIDTHS, serious_faults

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from playwright.sync_api import Page

__all__ = ["looked_at", "pictured"]

REVIEWED: Final = Path(__file__).parent / "reviewed"
_BLOCK: Final = 16
# Of 255: letters make a block darker by about a quarter of that; a panel of another colour, or one that is missing, by more.
_DIFFERENT: Final = 40
_MOST_DIFFERENT: Final = 0.08
_HEIGHTS_ALIKE: Final = 0.15


def looked_at(page: Page, name: str, *, in_the_dark: bool = False) -> None:
    """Ask that a screen has no serious fault, is no wider than the window, and looks as reviewed, at three widths.

    Faults are looked for at every width where screens are compared, and otherwise at the least one.
    """
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (name, width)
        if width == min(WIDTHS) or "REGENQC_SCREENS" in os.environ:
            assert serious_faults(page) == [], (name, width)
        pictured(page, f"{name}-{width}")
    if in_the_dark:
        page.emulate_media(color_scheme="dark")
        assert serious_faults(page) == [], (name, "dark")
        pictured(page, f"{name}-dark")
        page.emulate_media(color_scheme="light")


def pictured(page: Page, name: str, *, is_whole: bool = True) -> None:
    """Keep a picture of a screen, or compare it with the reviewed image, where that is asked for."""
    folder, wanted = os.environ.get("REGENQC_PICTURES"), os.environ.get("REGENQC_SCREENS")
    if not folder and not wanted:
        return
    taken = page.screenshot(full_page=is_whole)
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / f"{name}.png").write_bytes(taken)
    if not wanted:
        return
    image = Image.open(io.BytesIO(taken)).convert("RGB")
    kept = REVIEWED / f"{name}.webp"
    if wanted == "update":
        REVIEWED.mkdir(exist_ok=True)
        image.resize((image.width // 2, image.height // 2), Image.Resampling.BOX).save(kept, quality=40, method=6)
        return
    assert kept.exists(), f"{name} was never reviewed; REGENQC_SCREENS=update writes it, to be looked at"
    reviewed = Image.open(kept).convert("RGB")
    assert abs(image.height / 2 - reviewed.height) <= _HEIGHTS_ALIKE * reviewed.height, f"{name}: of another height"
    share = _share_of_different(_blocks(image), _blocks(reviewed.resize((image.width, reviewed.height * 2))))
    assert share <= _MOST_DIFFERENT, f"{name}: {share:.0%} of its blocks differ from the reviewed image"


def _blocks(image: Image.Image) -> NDArray[np.float64]:
    small = image.resize((image.width // _BLOCK, image.height // _BLOCK), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)


def _share_of_different(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the share of blocks that differ; of a row that is a line higher or lower in one of them, the nearest counts."""
    height = min(len(one), len(other))
    padded = np.pad(other[:height], ((2, 2), (0, 0), (0, 0)), mode="edge")
    shifted = [np.abs(one[:height] - padded[at : at + height]).max(axis=2) for at in range(5)]
    return float((np.minimum.reduce(shifted) > _DIFFERENT).mean())
