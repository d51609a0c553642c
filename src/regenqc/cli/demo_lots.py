"""What `regenqc demo` shows of single lots: the disposition, and the sentences that a reviewer would sign."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from regenqc.cli.terminal import MARKS

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.text import Text

    from regenqc.evaluation import Evaluation

__all__ = ["counts_line", "planted_lot", "planted_truth", "print_consequences", "print_lot"]

_WIDTH = 120
_INDENT = 6
_SOURCE = re.compile(r" \[[^\]]*\]")
_ROUNDING = ", compared as reported, without rounding"
# Between a sign and its number, and a number and its unit, no line ends.
_HELD = re.compile(r"(?<=[≤≥<>→]) | (?=%)|(?<=[0-9]) (?=[a-zA-Z])")


def counts_line(evaluation: Evaluation) -> Text:
    """Return how many dispositions of each word there are, and what became of every row."""
    from rich.text import Text

    line = Text("  ")
    for word, count in evaluation.disposition_counts.items():
        if count:
            symbol, style = MARKS[word]
            line.append(f"{symbol} {count:,} {word}   ", style=style)
    judged, refused = evaluation.rows_judged, evaluation.rows_refused
    return line.append(f"{evaluation.rows_read:,} rows read = {judged:,} judged + {refused:,} refused", style="dim")


def planted_truth(path: Path) -> dict[tuple[str, str, str], tuple[str, tuple[str, ...]]]:
    """Return for every lot, specification and stage the disposition that was planted, and the troubles.

    Args:
        path: of `truth.csv`.
    """
    import csv

    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["batch_id"], row["specification"], row["stage"]): (
                row["expected_disposition"],
                tuple(row["trouble"].split(";")),
            )
            for row in csv.DictReader(file)
        }


def planted_lot(truth: dict[tuple[str, str, str], tuple[str, tuple[str, ...]]], trouble: str) -> tuple[str, str, str]:
    """Return the first lot with one trouble, without another one if there is such a lot."""
    lots = [key for key, (_, troubles) in truth.items() if trouble in troubles]
    return min(lots, key=lambda key: len(truth[key][1]))


def print_lot(screen: Console, evaluation: Evaluation, key: tuple[str, str, str], *requirements: str) -> None:
    """Print one lot: what the data allow at a stage, and why.

    Args:
        screen: to print on.
        evaluation: of the lot.
        key: batch, specification and stage.
        requirements: whose findings are shown; all that are no alerts without them.
    """
    from rich.text import Text

    batch, specification, stage = key
    (row,) = (
        entry
        for part in evaluation.disposition_batches()
        for entry in part.to_pylist()
        if (entry["batch_id"], entry["spec_id"], entry["stage"]) == key
    )
    symbol, style = MARKS[row["disposition"]]
    line = Text(f"    {symbol} {row['disposition']:<12}", style=style)
    line.append(batch, style="bold default")
    line.append(f"  {stage}  {specification}", style="dim")
    screen.print(line)
    findings = _findings(evaluation, key)
    failing = {finding["requirement_id"] for finding in findings if finding["verdict"] == "fails"}
    for finding in findings:
        if finding["requirement_id"] in failing and finding["verdict"] != "fails":
            continue
        is_asked = finding["requirement_id"] in requirements if requirements else finding["verdict"] != "alert"
        if is_asked:
            _print_wrapped(screen, _sentence(finding["explanation"]))


def print_consequences(screen: Console, evaluation: Evaluation, batch: str) -> None:
    """Print what has to be done about a lot that failed after it may have been given."""
    for part in evaluation.consequence_batches():
        for row in part.to_pylist():
            if row["batch_id"] == batch:
                within = f" (within {row['within']})" if row["within"] else ""
                _print_wrapped(screen, f"→ {row['action']}{within}")


def _findings(evaluation: Evaluation, key: tuple[str, str, str]) -> list[dict[str, Any]]:
    return [
        entry
        for part in evaluation.finding_batches()
        for entry in part.to_pylist()
        if (entry["batch_id"], entry["spec_id"], entry["stage"]) == key
    ]


def _sentence(explanation: str) -> str:
    """Return an explanation without sources, rounding and what follows from it.

    Example:
        >>> _sentence("Sterility: reported “growth” does not meet no growth [a procedure]; to be done now: a [b]; c [d].")
        'Sterility: reported “growth” does not meet no growth.'
    """
    text = _SOURCE.sub("", explanation).split("; to be done now: ", maxsplit=1)[0]
    return text.replace(_ROUNDING, "").removesuffix(".") + "."


def _print_wrapped(screen: Console, text: str) -> None:
    width = min(screen.width, _WIDTH)
    held = _HELD.sub("\u00a0", text)
    for line in textwrap.wrap(held, width=width - _INDENT - 2, subsequent_indent="  "):
        screen.print(f"{' ' * _INDENT}{line}".replace("\u00a0", " "), markup=False)
