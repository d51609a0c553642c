"""`regenqc demo` tells the whole story in one command."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def test_demo_judges_every_story_and_writes_a_report_of_each(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "regenqc", "demo", str(tmp_path / "demo")], capture_output=True, text=True, check=True
    )
    stories = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert len(stories) == 5
    assert all((tmp_path / "demo" / story / "report.html").is_file() for story in stories)
    assert "3 eligible" in done.stdout
    assert "21 reject" in done.stdout
    assert "a named person decides" in done.stdout
