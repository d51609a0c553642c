"""`regenqc demo --ward` opens the hospital's console and says what may be tried there."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.console.real_server import free_port, wait_for_answer

if TYPE_CHECKING:
    from pathlib import Path


def test_the_ward_opens_and_what_it_names_is_there(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "regenqc", "demo", str(tmp_path / "demo"), "--ward", "--port", str(port)]
    with (tmp_path / "said").open("w+b") as said:
        process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
        try:
            wait_for_answer(f"http://127.0.0.1:{port}", process)
        finally:
            process.terminate()
            process.wait(timeout=60)
    printed = (tmp_path / "said").read_text(encoding="utf-8")
    assert "regenqc console of HOSPITAL-1" in printed
    files = re.findall(r"\S*console/home/\S+\.(?:csv|pdf)", printed)
    assert len(files) == 3
    for name in files:
        assert (tmp_path / name).is_file(), name
    for word in ("SHIP-57-2", "HP-00000057-3", "PHYS-0205"):
        assert word in printed
