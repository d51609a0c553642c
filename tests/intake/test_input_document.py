"""docs/input.md lists the columns, reasons and codes that the code has; the other tests show that they hold."""

from __future__ import annotations

import re
from pathlib import Path

from regenqc.intake.coding import Refusal
from regenqc.intake.contracts import MAXIMUM_CELL_CHARACTERS, RESULT_COLUMNS
from regenqc.intake.files import _open

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "input.md").read_text(encoding="utf-8")


def test_the_columns_are_those_of_the_contract() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (yes|no) \| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert listed == [(column.name, "yes" if column.required else "no", column.meaning) for column in RESULT_COLUMNS]


def test_the_reasons_are_those_of_the_coder() -> None:
    section = DOCUMENT.split("## Rows that are refused")[1].split("##")[0]
    reasons = [reason.name.lower() for reason in Refusal if reason is not Refusal.NONE]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == reasons
    assert f"{MAXIMUM_CELL_CHARACTERS:,} characters" in section


def test_the_codes_are_those_of_intake() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/regenqc/intake").rglob("*.py"))
    assert set(re.findall(r"`(RQC-D\d+)`", DOCUMENT)) == set(re.findall(r"code=\"(RQC-D\d+)\"", sources))


def test_the_endings_are_those_that_are_opened() -> None:
    section = DOCUMENT.split("## Files and tables")[1].split("| `-` |")[0]
    known = {text for text in _open.__code__.co_consts if isinstance(text, str) and text.startswith(".")}
    for group in _open.__code__.co_consts:
        known |= {text for text in group if str(text).startswith(".")} if isinstance(group, frozenset) else set()
    endings = {text for text in known if re.fullmatch(r"\.\w+", text)}
    assert set(re.findall(r"`(\.\w+)`", section)) == endings
