"""Files and the profiles that read them, for the tests of mapping."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from regenqc.intake.profiles import Profile, parse_profile
from regenqc.intake.profiles.source import MappedFile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from regenqc.intake.profiles.tally import RowTally

# How long files are changed at random in a long run.
LONG_SECONDS: Final = int(os.environ.get("REGENQC_FUZZ_SECONDS", "600"))
HEAD = 'schema = "regenqc.profile/1"\nid = "test/export"\nversion = "1"\ntitle = "An export"\n'
COLUMNS = '[columns]\nbatch_id = "Lot"\ntest = "Test"\nresult = "Result"\nunit = "Unit"\n'


def profile_of(top: str = "", columns: str = COLUMNS, *, tables: str = "") -> Profile:
    """Return a profile of one result per row; every code of a test is kept unless `top` lists tests."""
    keep = "" if "[tests]" in tables or "result_column" in tables else 'other_tests = "keep"\n'
    return parse_profile(HEAD + keep + top + "\n" + columns + "\n" + tables, source="export.toml")


def rows_of(path: Path, profile: Profile, *, rows: int = 1000) -> tuple[list[dict[str, str]], RowTally]:
    """Return the canonical rows of a file, without the empty cells of each, and what became of its rows."""
    file = MappedFile(path, profile)
    found: list[dict[str, Any]] = []
    for batch in file.read(rows, None):
        found += [{name: text for name, text in row.items() if text} for row in batch.to_pylist()]
    assert file.tally.read == file.tally.mapped + file.tally.not_data + file.tally.refused
    return found, file.tally


def read_text(tmp_path: Path, text: str | bytes, profile: Profile, *, name: str = "export.csv") -> list[dict[str, str]]:
    """Return the canonical rows of a text file."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return rows_of(path, profile)[0]


def one_result(
    tmp_path: Path,
    result: str,
    *,
    profile: Profile | None = None,
    unit: str = "",
    more: Sequence[tuple[str, str]] = (),
) -> dict[str, str]:
    """Return the canonical row of one result; `more` are further columns and their texts."""

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    names = ["Lot", "Test", "Result", "Unit", *(name for name, _ in more)]
    texts = ["L1", "ph", result, unit, *(text for _, text in more)]
    content = ",".join(map(quoted, names)) + "\n" + ",".join(map(quoted, texts)) + "\n"
    (row,) = read_text(tmp_path, content, profile or profile_of())
    return row
