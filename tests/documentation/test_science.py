"""docs/science.md is true: its blocks run, its specifications judge as its tables say, its pictures are drawn by the code."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pytest
from typer.testing import CliRunner

import regenqc
from regenqc.cli.plan import app
from regenqc.plots.documentation import PICTURES, draw_pictures
from strategies import cell, disposition, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
PAGE: Final = (DOCS / "science.md").read_text(encoding="utf-8")
SECTIONS: Final = {
    part.partition("\n")[0]: part.partition("\n")[2] for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
}
EXPLAINED: Final = [title for title in SECTIONS if title != "Sources"]
FENCED: Final = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)

HEADER: Final = """\
schema = "regenqc.specification/1"
id = "manual/science"
version = "1.0.0"
title = "A specification of the page"
jurisdiction = "INT"

"""
BATCH: Final = {
    "batch_id": "B1",
    "manufactured_at": "2026-03-01T00:00:00Z",
    "dose_cells": "1E8",
    "dose_cells_unit": "cells",
    "donor_sex": "female",
}

# Names of documents, whose numbers are no figures.
DOCUMENTS: Final = r"\b[A-Z]\w+\s(?:19|20)\d\d\b|JCGM\s106(?::2012)?|ISO\s16269-6|USP\s<[\d.]+>|e-Handbook\s[\d.]+"

# Numbers of the prose that no block computes, with the source they are cited from on the page.
CITED: Final[Mapping[str, set[str]]] = {
    "Sterility, with a late answer": {"14"},  # WHO Int. Ph. 3.2, days of incubation
    "Karyotype": {"10"},  # PMC7360789, megabases that banding sees
    "Mean kinetic temperature": {"0", "8"},  # freezing, and the upper end of refrigerated storage, in °C
}


def blocks(title: str, language: str) -> list[str]:
    return [text for kind, text in FENCED.findall(SECTIONS[title]) if kind == language]


def tables(title: str) -> list[list[dict[str, str]]]:
    """Return the tables of a section in order, each row by its column titles."""
    found = []
    for text in re.findall(r"(?:^\|.*\|\n)+", SECTIONS[title], flags=re.MULTILINE):
        lines = [[entry.strip() for entry in line.strip().strip("|").split("|")] for line in text.splitlines()]
        found.append([dict(zip(lines[0], line, strict=True)) for line in lines[2:]])
    return found


def judged(title: str, number: int, results: list[dict[str, str]], *, day: int = 3, **batch: str) -> Any:
    rows = pd.DataFrame([{"batch_id": "B1", "unit": "", "result_id": f"r{at}"} | row for at, row in enumerate(results)])
    return evaluate(
        rows.fillna(""),
        regenqc.parse_specification(HEADER + blocks(title, "toml")[number]),
        batches=pd.DataFrame([BATCH | batch]),
        as_of=f"2026-03-{1 + day:02d}T00:00:00Z",
    )


def check(found: Any, row: Mapping[str, str], stage: str = "drug_product_release") -> None:
    said = " ".join(found.findings["explanation"])
    assert disposition(found, stage=stage) == row["disposition"], said
    assert row["what the finding says"] in said
    assert bool(said) == bool(row["what the finding says"])


def cases(title: str, number: int) -> list[Any]:
    return [
        pytest.param(row, id=f"row {at}: {row['disposition']}") for at, row in enumerate(tables(title)[number], start=1)
    ]


def codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def code(text: str) -> str:
    return "".join(codes(text))


@pytest.mark.parametrize("title", [title for title in EXPLAINED if blocks(title, "pycon")])
def test_the_blocks_of_a_section_give_what_they_show(title: str) -> None:
    parser, runner = doctest.DocTestParser(), doctest.DocTestRunner(verbose=False)
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks(title, "pycon"), start=1):
        examples = parser.get_doctest(block, names, f"{title}, block {number}", None, None)
        report: list[str] = []
        runner.run(examples, out=report.append, clear_globs=False)
        assert report == []
        names = examples.globs


@pytest.mark.parametrize("title", EXPLAINED)
def test_every_number_of_the_prose_is_computed_or_cited(title: str) -> None:
    text = SECTIONS[title]
    shown = " ".join(body for _, body in FENCED.findall(text)) + " ".join(re.findall(r"^\|.*$", text, re.MULTILINE))
    computed = {float(number) for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE]-?\d+)?", shown)}
    computed |= {10.0 ** int(power) for power in re.findall(r"10\*\*(\d+)", shown)}
    prose = FENCED.sub("", text)
    for beside in (r"^\|.*$", r"^    .*$", r"!\[.*", r"`[^`]*`", r"\[\d+\]", DOCUMENTS):
        prose = re.sub(beside, " ", prose, flags=re.MULTILINE)
    for word in prose.split():
        number = word.strip(".,;:*()")
        if not re.fullmatch(r"\d+(?:\.\d+)?|10\^\d+", number) or number in CITED.get(title, set()):
            continue
        value = 10.0 ** int(number[3:]) if "^" in number else float(number)
        assert {value, value / 100, round(value / 100, 10)} & computed, f"{number} is nowhere computed"


def test_the_page_has_the_four_tests_with_all_their_parts() -> None:
    parts = ["What a result says", "What it cannot say", "Formula", "Worked example", "How regenqc judges it"]
    parts += ["What it refuses", "Before the test"]
    for title in EXPLAINED[:4]:
        assert [part for part in parts if f"**{part}" not in SECTIONS[title]] == []
        assert "](science/" in SECTIONS[title]


@pytest.mark.parametrize("title", [title for title in EXPLAINED if blocks(title, "toml")])
def test_every_specification_loads(title: str) -> None:
    for block in blocks(title, "toml"):
        assert regenqc.parse_specification(HEADER + block).requirements


@pytest.mark.parametrize("row", cases("Sterility, with a late answer", 0))
def test_sterility_is_judged_as_the_page_says(row: dict[str, str]) -> None:
    results = [{"test": "rapid_sterility", "result": code(row["rapid method"])}]
    results += [{"test": "sterility", "result": word} for word in codes(row["culture"])]
    sample = {"containers_tested": code(row["containers"]), "containers_tested_unit": ""}
    check(judged("Sterility, with a late answer", 0, results, day=int(row["day"]), **sample), row)


@pytest.mark.parametrize(
    ("missing", "wanted"),
    [
        pytest.param("", "hold", id="in due form"),
        pytest.param("assignable_cause", "reject", id="without a cause"),
        pytest.param("investigation_id", "reject", id="without an investigation"),
        pytest.param("invalidated_by", "reject", id="without a second person"),
    ],
)
def test_a_growth_is_never_retested_into_compliance(missing: str, wanted: str) -> None:
    stated = {"investigation_id": "INV-1", "assignable_cause": "medium", "analyst": "A", "invalidated_by": "QA"}
    growth = {"test": "sterility", "result": "growth", "status": "invalidated"} | stated
    results = [
        {"test": "rapid_sterility", "result": "negative"},
        {key: value for key, value in growth.items() if key != missing},
        {"test": "sterility", "result": "no growth"},
    ]
    sample = {"containers_tested": "20", "containers_tested_unit": ""}
    assert disposition(judged("Sterility, with a late answer", 0, results, day=15, **sample)) == wanted


@pytest.mark.parametrize("row", cases("Replication-competent virus, with a sampling argument", 0))
def test_replication_competent_virus_is_judged_as_the_page_says(row: dict[str, str]) -> None:
    tested = {"sample_amount": code(row["cells tested"]), "sample_amount_unit": "cells"}
    results = [{"test": "rcl", "result": code(row["result"])} | tested]
    results += [{"test": "rcl_positive_control", "result": word} for word in codes(row["positive control"])]
    check(judged("Replication-competent virus, with a sampling argument", 0, results), row)


@pytest.mark.parametrize("row", cases("Karyotype", 0))
def test_a_karyotype_is_judged_as_the_page_says(row: dict[str, str]) -> None:
    results = [{"test": "karyotype", "result": code(row["karyotype"])}]
    results += [{"test": "fish_20q11_21", "result": word} for word in codes(row["FISH"])]
    check(judged("Karyotype", 0, results), row, stage="cell_bank")


@pytest.mark.parametrize("row", cases("Residual undifferentiated cells near the detection limit", 1))
def test_a_share_of_residual_cells_is_judged_as_the_page_says(row: dict[str, str]) -> None:
    result = {"test": "residual", "result": code(row["residual, %"]), "unit": "%"}
    result |= {"uncertainty": code(row["uncertainty"]), "lod": code(row["detection limit"])}
    check(judged("Residual undifferentiated cells near the detection limit", 0, [result]), row)


@pytest.mark.parametrize("row", cases("Residual undifferentiated cells near the detection limit", 2))
def test_counted_residual_cells_are_judged_as_the_page_says(row: dict[str, str]) -> None:
    result = {"test": "colonies", "result": code(row["colonies"])}
    result |= {"sample_amount": code(row["cells examined"]), "sample_amount_unit": "cells"}
    check(judged("Residual undifferentiated cells near the detection limit", 1, [result]), row)


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=f"viability {row['viability, %']}") for row in tables("Guard bands")[0]]
)
def test_a_result_in_the_guard_band_is_an_alert(row: dict[str, str]) -> None:
    found = judged("Guard bands", 0, [{"test": "viability", "result": code(row["viability, %"]), "unit": "%"}])
    assert cell(found, "viability") == row["verdict"]


def test_the_guard_band_of_the_specification_is_the_one_computed() -> None:
    (block,) = blocks("Guard bands", "toml")
    assert re.findall(r'alert += \{ min = "([^"]+)"', block)[0] in "".join(blocks("Guard bands", "pycon"))


def test_the_pictures_are_those_that_the_code_draws(tmp_path: Path) -> None:
    for drawn in draw_pictures(tmp_path):
        assert drawn.read_bytes() == (DOCS / "science" / drawn.name).read_bytes(), f"{drawn.name}: make pictures"


@pytest.mark.parametrize("command", re.findall(r"`(regenqc plan [^`]+)`", PAGE))
def test_a_plan_of_the_page_can_be_asked(command: str) -> None:
    done = CliRunner().invoke(app, shlex.split(command)[2:])
    assert (done.exit_code, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("command", "picture"),
    [
        ("containers --contaminated-share 10% --lot 40", "containers.svg"),
        ("metaphases --counted 20", "mosaicism.svg"),
        ("cells --rate 1e-5 --dose 1e8", "residual-cells.svg"),
    ],
)
def test_a_plan_draws_the_picture_of_the_page(command: str, picture: str, tmp_path: Path) -> None:
    assert f"`regenqc plan {command}`" in PAGE
    CliRunner().invoke(app, [*shlex.split(command), "--plot", str(tmp_path / picture)])
    assert (tmp_path / picture).read_bytes() == (DOCS / "science" / picture).read_bytes()


def test_the_page_shows_every_picture_and_no_other() -> None:
    shown = re.findall(r"!\[[^\]]+\]\(science/([^)]+)\)", PAGE)
    assert shown == list(PICTURES)
    assert sorted(path.name for path in (DOCS / "science").iterdir()) == sorted(PICTURES)


def test_the_pictures_are_drawn_by_one_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "regenqc.plots.documentation", str(tmp_path / "science")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert sorted(path.name for path in (tmp_path / "science").iterdir()) == sorted(PICTURES)


@pytest.mark.parametrize("number", range(1, 16))
def test_every_source_is_referred_to(number: int) -> None:
    assert f"\n{number}. " in SECTIONS["Sources"]
    assert any(f"[{number}]" in SECTIONS[title] for title in EXPLAINED)


@pytest.mark.parametrize("title", EXPLAINED)
def test_a_section_is_linked_from_the_top(title: str) -> None:
    anchor = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
    assert f"(#{anchor})" in PAGE


def test_what_is_not_found_is_nowhere_a_zero() -> None:
    for title in EXPLAINED[:4]:
        for block in blocks(title, "pycon"):
            assert not re.search(r"^0(\.0+)?( %)?$", block, flags=re.MULTILINE)
