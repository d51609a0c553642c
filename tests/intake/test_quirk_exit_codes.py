"""What a pipeline sees of laboratories' quirks: 0 for a row that says what it means, 1 for one that holds, 3 for a broken file.

The numbers are those of `test_quirks.py`, where the rows themselves are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from regenqc.cli import main as command
from strategies import AS_OF, STAGE, specification_text

from .mapped import COLUMNS, HEAD

if TYPE_CHECKING:
    from pathlib import Path

ANY = HEAD + 'other_tests = "keep"\n'
FLAGS = '[[qualifier]]\ncolumn = "Flag"\naccept = ["p"]\nbelow = ["< TEST RNG"]\nabove = ["OVR"]\n'
COMMA = '[numbers]\ndecimal_mark = ","\nthousands_mark = "."\n'
SPECIFICATION = specification_text(
    {"id": "ph", "limit": {"max": "300000"}},
    id="test/quirks",
)


def leave(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["regenqc", *arguments])
    with pytest.raises(SystemExit) as left:
        command.run()
    assert isinstance(left.value.code, int)
    return left.value.code


def case(number: int, result: str, code: int, *, profile: str = "", flag: str | None = None) -> object:
    head, row = "Lot,Test,Result,Unit", f'L1,ph,"{result}",'
    if flag is not None:
        head, row = f"{head},Flag", f'{row},"{flag}"'
    return pytest.param(
        f"{head}\n{row}\n".encode(),
        profile,
        code,
        id=f"{number} {result!r}{'' if flag is None else f' flagged {flag!r}'}",
    )


@pytest.mark.parametrize(
    ("content", "profile", "code"),
    [
        case(1, "< 0.100", 0, profile=FLAGS, flag="< TEST RNG"),
        case(1, "0.100", 0, profile=FLAGS, flag="< TEST RNG"),
        case(2, "-0.0", 1, profile=FLAGS, flag="< TEST RNG"),
        case(2, "-0.0", 1),
        case(3, "8.02", 1, profile=FLAGS, flag="< 8.02"),
        case(4, "6.174", 1, profile=FLAGS, flag="v"),
        case(4, "  3.933", 0),
        pytest.param(b"Lot,Test,Result,Unit\nL1,ph,13.2 (Uncertain\ndetermination),\n", "", 3, id="6 a broken line"),
        case(6, "13.2 (Uncertain\ndetermination)", 1),
        case(7, "274 000", 1),
        case(7, "274 000", 0, profile='[numbers]\nthousands_mark = " "\n'),
        case(8, "1.2", 1, profile=FLAGS, flag="Warning: Foreign object detected"),
        pytest.param("Lot,Test,Result,Unit\nL1,ph,1,µ\n".encode("cp1252"), "", 3, id="18 a byte of another code page"),
        case(21, "> 99", 1, profile=FLAGS, flag="OVR"),
        case(22, "see report", 1),
        case(28, "92.4", 1, profile=COMMA),
        case(28, "6.240,5", 0, profile=COMMA),
        pytest.param(b"Lot,Test,Result,Unit\nL1,ph,7,,,9\n", "", 3, id="29 a row with more fields than the header"),
        case(30, "no growth was seen", 1),
        case(34, "&lt; 5", 1),
        case(35, "['2', '1']", 1),
        case(36, "Trace", 1),
        case(37, "7", 1, profile=FLAGS, flag="??"),
        case(38, "5-10", 1),
        case(38, "~5", 1),
        case(40, "TNTC", 1),
        pytest.param(b"Lot,Test,Value,Unit\nL1,ph,7,\n", "", 3, id="44 a title that is nearly the declared one"),
        pytest.param(b"Lot,Test,Result,Unit\n", "", 3, id="47 an export without rows"),
        case(48, "n.d.", 1),
    ],
)
def test_a_quirk_leaves_with_the_code_that_a_pipeline_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, profile: str, code: int
) -> None:
    for name, text in (("export.csv", content), ("profile.toml", f"{ANY}\n{COLUMNS}\n{profile}".encode())):
        (tmp_path / name).write_bytes(text)
    (tmp_path / "specification.toml").write_text(SPECIFICATION, encoding="utf-8")
    files = {name: str(tmp_path / name) for name in ("export.csv", "profile.toml", "specification.toml")}
    assert code == leave(
        monkeypatch, "evaluate", files["export.csv"], "--profile", files["profile.toml"], "--spec", files["specification.toml"],
        "--stage", STAGE, "--as-of", AS_OF, "--json",
    )  # fmt: skip
