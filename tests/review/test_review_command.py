"""`regenqc review` from folders to a page and a document."""

from __future__ import annotations

import html
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.review.conftest import PRODUCT, SAMPLE
from typer.testing import CliRunner

from regenqc.cli.main import app
from regenqc.intake import read_batches
from regenqc.outcomes.plan import SCHEMA as PLAN_SCHEMA
from regenqc.review.content import NOT_GIVEN, Paragraph, Picture, Table, sections_of
from regenqc.review.gathering import ProductReview, gather_review
from regenqc.review.headings import HEADINGS
from regenqc.review.rendering import review_html, review_pdf
from regenqc.specification import load_specification

if TYPE_CHECKING:
    from click.testing import Result

TITLES = [
    "Lots", "Results outside their limits", "Trends and capability", "After release", "Changes of specifications",
    "Outcomes and conditions", "What the reviewer adds", "Where this comes from",
]  # fmt: skip
# Words with which a software would conclude for the reviewer.
CONCLUDING = re.compile(
    r"\b(compliant|in control|acceptable|satisfactory|no action|approved|validated)\b", re.IGNORECASE
)


def run(*arguments: str, batches: str = str(SAMPLE / "batches.csv")) -> Result:
    period = ["--from", "2025-11-01", "--until", "2026-06-30"]
    return CliRunner().invoke(app, ["review", *arguments, "--batches", batches, *period])


def gathered(evaluations: tuple[Path, Path], **more: object) -> ProductReview:
    from datetime import date

    return gather_review(
        evaluations,
        batches=read_batches(str(SAMPLE / "batches.csv")),
        start=date(2025, 11, 1),
        end=date(2026, 6, 30),
        product=PRODUCT,
        specifications=[load_specification("example/hipsc-progenitors")],
        **more,  # type: ignore[arg-type]
    )


def test_page_and_document_are_written_and_say_the_same_twice(evaluations: tuple[Path, Path], tmp_path: Path) -> None:
    for name in ("one", "two"):
        done = run(
            *map(str, evaluations), "--product", PRODUCT, "--spec", "example/hipsc-progenitors",
            "--for", "Quality assurance", "--out", str(tmp_path / name),
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        assert "draws no conclusion" in done.output
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == ["review.html", "review.pdf", "run.json"]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert (tmp_path / "one" / "review.pdf").read_bytes().startswith(b"%PDF-1.7")
    counts = json.loads((tmp_path / "one" / "run.json").read_text())["counts"]
    assert counts["lots"] == 31
    assert counts["lots_undated"] == 1
    page = (tmp_path / "one" / "review.html").read_text()
    assert not re.search(r"(?:src|href)=\"(?!#)", page)


def test_every_section_says_what_it_was_not_given_and_none_concludes(evaluations: tuple[Path, Path]) -> None:
    sections = sections_of(gathered(evaluations))
    assert [each.title for each in sections] == TITLES
    said = {
        section.title: " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))
        for section in sections
    }
    for title in ("Lots", "After release", "Changes of specifications"):
        assert NOT_GIVEN.lower() in said[title]
    assert said["Outcomes and conditions"] == NOT_GIVEN
    assert not CONCLUDING.search(" ".join(said.values()))
    assert any(isinstance(block, Picture) for block in sections[2].blocks)
    (listed,) = (block for block in sections[6].blocks if isinstance(block, Table))
    assert [row[0] for row in listed.rows] == [each.number for each in HEADINGS]
    assert {each.answered_by for each in HEADINGS} - {""} <= set(TITLES)


def test_a_disposition_that_a_late_result_changed_stands_after_release(evaluations: tuple[Path, Path]) -> None:
    review = gathered(evaluations)
    (late,) = (block for block in sections_of(review)[3].blocks if isinstance(block, Table))
    changed = [(each.batch_id, each.earlier, each.disposition) for each in review.judged if each.earlier]
    assert [(row[0], row[2], row[3]) for row in late.rows] == changed
    assert ("reject" in {now for _, _, now in changed}) is True


def test_signals_are_those_of_lots_of_the_period_seen_against_all_lots_before(evaluations: tuple[Path, Path]) -> None:
    review = gathered(evaluations)
    assert review.trends is not None
    charted = set(review.trends.points.batch_ids)
    assert charted & set(review.lots.earlier)
    assert not charted & set(review.lots.later)
    named = [row[1] for block in sections_of(review)[2].blocks if isinstance(block, Table) for row in block.rows]
    assert not any(f"Lot {batch_id} " in text for batch_id in review.lots.earlier for text in named)


def test_changes_of_a_specification_are_listed_with_their_direction(
    evaluations: tuple[Path, Path], tmp_path: Path
) -> None:
    now = load_specification("example/hipsc-progenitors")
    from regenqc.resources import packaged_path

    text = (packaged_path("specs") / "example" / "hipsc-progenitors.toml").read_text(encoding="utf-8")
    earlier = tmp_path / "earlier.toml"
    earlier.write_text(text.replace(f'"{now.version}"', '"0.9.0"', 1).replace('max = "0.01"', 'max = "0.02"', 1))
    blocks = sections_of(gathered(evaluations, earlier=[load_specification(earlier)]))[4].blocks
    rows = [row for block in blocks if isinstance(block, Table) for row in block.rows]
    assert any(row[0] == "tightened" and "0.02" in row[2] for row in rows), rows


def test_outcomes_are_taken_as_they_are_shown(evaluations: tuple[Path, Path], tmp_path: Path) -> None:
    sample = SAMPLE.parent / "synthetic-outcomes"
    out = tmp_path / "outcomes"
    done = CliRunner().invoke(
        app,
        ["outcomes", "report", str(sample / "outcomes.csv"), "--plan", str(sample / "plan.toml"), "--doses",
         str(sample / "doses.csv"), "--results", str(sample / "results.csv"), "--now", "2026-06-30T00:00:00Z", "--out", str(out)],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    review = gathered(evaluations, outcomes=out)
    blocks = sections_of(review)[5].blocks
    cells = [cell for block in blocks if isinstance(block, Table) for row in block.rows for cell in row]
    assert "withheld" in cells
    assert "not_set" in cells
    assert "PAT-" not in review_html(review, sections_of(review))
    assert PLAN_SCHEMA.startswith("regenqc.")


def test_what_others_wrote_steers_neither_page_nor_document(evaluations: tuple[Path, Path]) -> None:
    from dataclasses import replace

    nasty = "<script>alert(1)</script> #panic() $x$ *b* ]] \u202e \\"
    review = gathered(evaluations)
    review = replace(
        review,
        lots=replace(review.lots, product=nasty, undated=(nasty,)),
        judged=[replace(each, reasons=nasty) for each in review.judged],
    )
    sections = sections_of(review)
    page = review_html(review, sections, made_by=nasty)
    assert "<script" not in page
    assert "\u202e" not in page
    assert html.escape("<script>alert(1)</script> #panic()") in page
    assert review_pdf(review, sections, made_by=nasty).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("more", "code", "exit_code"),
    [
        (["--product", "OTHER"], "RQC-U160", 2),
        ([], "RQC-U160", 2),
        (["--product", PRODUCT, "--until", "2025-01-01"], "RQC-U161", 2),
        (["--product", PRODUCT, "--until", "soon"], "RQC-U163", 2),
        (["--product", PRODUCT, "--earlier-spec", "example/hipsc-bank"], "RQC-U162", 2),
        (["--product", PRODUCT, "--outcomes", "."], "RQC-D051", 3),
    ],
    ids=["another product", "two products", "a period that ends first", "no day", "no newer version", "no outcomes"],
)
def test_what_cannot_be_reviewed_is_refused_and_leaves_nothing(
    evaluations: tuple[Path, Path], more: list[str], code: str, exit_code: int, tmp_path: Path
) -> None:
    from regenqc.errors import RegenqcError

    batches = tmp_path / "batches.csv"
    text = (SAMPLE / "batches.csv").read_text(encoding="utf-8")
    batches.write_text(text.replace(f"HP-00000060,{PRODUCT}", "HP-00000060,SECOND", 1), encoding="utf-8")
    done = CliRunner().invoke(
        app,
        ["review", str(evaluations[1]), "--batches", str(batches), "--from", "2025-11-01", "--until", "2026-06-30",
         "--out", str(tmp_path / "out"), *more],
    )  # fmt: skip
    assert isinstance(done.exception, RegenqcError), done.output
    assert (done.exception.code, done.exception.exit_code) == (code, exit_code)
    assert not (tmp_path / "out").exists()


def test_the_commands_of_the_document_run_in_their_order(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    (tmp_path / "sample_data").symlink_to(root / "sample_data")
    text = (root / "docs" / "review.md").read_text(encoding="utf-8").replace("\\\n", " ")
    commands = [line for block in re.findall(r"```shell\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert len(commands) == 2
    for command in commands:
        words = [sys.executable, "-m", *shlex.split(command)]
        done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode in {0, 1}, done.stderr
        assert done.stderr == ""
    assert (tmp_path / "review" / "review.pdf").is_file()
