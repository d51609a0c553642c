"""Every screen of every story looks like the image that somebody has looked at; and the comparison sees what does not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.console.real_server import CHROMIUM
from tests.console.screens import REVIEWED, _blocks, _share_of_different

HERE = Path(__file__).parent
STORIES = ("desk_stories", "ward_in_a_browser", "access_in_a_browser", "photos_in_a_browser", "people_in_a_browser")


@pytest.mark.long
@pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no Chromium")
def test_every_screen_looks_as_reviewed() -> None:
    files = [str(HERE / f"test_{story}.py") for story in STORIES]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", *files],
        env=os.environ | {"REGENQC_SCREENS": "compare"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("name", ["queue-1280", "gate-go-820", "bedside-360"])
def test_a_reviewed_screen_is_itself_and_no_other(name: str) -> None:
    image = Image.open(REVIEWED / f"{name}.webp").convert("RGB")
    whole = image.resize((image.width * 2, image.height * 2))
    assert _share_of_different(_blocks(whole), _blocks(whole)) == 0
    lacking = np.asarray(whole).copy()
    lacking[whole.height // 4 : whole.height // 2] = 255 - lacking[whole.height // 4 : whole.height // 2]
    assert _share_of_different(_blocks(Image.fromarray(lacking)), _blocks(whole)) > 0.1
