"""docs/import.md brings an unknown export to an evaluation in five commands, as written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.csv

from regenqc.intake.profiles.model import Format, ProfileDocument

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "import.md").read_text(encoding="utf-8")


def test_five_kinds_of_commands_lead_from_an_unknown_export_to_dispositions(tmp_path: Path) -> None:
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    codes = []
    for kind, block in re.findall(r"```(shell|toml)\n(.*?)```", DOCUMENT, re.DOTALL):
        if kind == "toml":
            (tmp_path / "our-laboratory.toml").write_text(block, encoding="utf-8")
            continue
        command = block.replace("\\\n", " ").strip().replace("regenqc ", f"{sys.executable} -m regenqc ", 1)
        done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.stderr == ""
        codes.append(done.returncode)
    # Listed, drafted, the draft is open, the profile is whole, one lot is not eligible.
    assert codes == [0, 0, 1, 0, 1]
    found = pyarrow.csv.read_csv(tmp_path / "judged-import" / "dispositions.csv").to_pylist()
    assert {row["batch_id"]: row["disposition"] for row in found} == {"SYN-A1": "eligible", "SYN-A2": "reject"}
    (entry,) = json.loads((tmp_path / "judged-import" / "run.json").read_text())["inputs"]
    assert entry["rows"] == {"read": 28, "mapped": 26, "not_data": 2, "refused": 0, "results": 26}


def test_the_document_names_every_key_and_format() -> None:
    section = DOCUMENT.split("## The file")[1].split("## What becomes")[0]
    named = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`([^`]+)`", section))))
    keys = {field.alias or name for name, field in ProfileDocument.model_fields.items()}
    assert keys - named == set()
    assert set(Format.__args__) - named == set()
