"""Small specifications and results to judge, and hypothesis strategies over them.

A specification is built from dictionaries that mirror its TOML keys, so that every test states only what it is about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
from hypothesis import strategies as st

import regenqc
from regenqc.vocabulary import Reason, Verdict

if TYPE_CHECKING:
    from fractions import Fraction

AS_OF = "2026-06-30T00:00:00Z"
STAGE = "drug_product_release"

VIABILITY: dict[str, Any] = {"id": "viability", "limit": {"min": "70", "unit": "%"}}
STERILITY: dict[str, Any] = {"id": "sterility", "one_of": ["no growth"]}
ENDOTOXIN: dict[str, Any] = {"id": "endotoxin", "limit": {"max": "0.5", "unit": "EU/mL"}}


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    if isinstance(value, (int, date)):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def specification_text(*requirements: Mapping[str, Any], derived: Any = (), **top: Any) -> str:
    """Return the TOML of a specification; a requirement without `test` and `stage` takes its id and the release stage."""
    head = {
        "schema": "regenqc.specification/1",
        "id": "example/small",
        "version": "1",
        "title": "Small",
        "jurisdiction": "INT",
    }
    lines = [f"{key} = {_toml(value)}" for key, value in (head | top).items()]
    for requirement in requirements:
        entry = {"stage": STAGE, "citation": "Source 1, Table 2", "mark": "verified"} | dict(requirement)
        if not {"any_of", "all_of", "n_of_m", "evidence"} & set(entry):
            entry.setdefault("test", entry["id"])
        lines += ["[[requirement]]", *(f"{key} = {_toml(value)}" for key, value in entry.items())]
    for entry in derived:
        lines += ["[[derived]]", *(f"{key} = {_toml(value)}" for key, value in entry.items())]
    return "\n".join(lines)


def specification(*requirements: Mapping[str, Any], derived: Any = (), **top: Any) -> regenqc.Specification:
    """Return a small specification."""
    return regenqc.parse_specification(specification_text(*requirements, derived=derived, **top))


def rows(*entries: tuple[str, str, str] | Mapping[str, str], **common: str) -> pd.DataFrame:
    """Return results as a frame: (test, result, unit) or columns by name; batch `B1` unless stated."""
    named = [
        entry if isinstance(entry, Mapping) else dict(zip(("test", "result", "unit"), entry, strict=True))
        for entry in entries
    ]
    frame = pd.DataFrame([{"batch_id": "B1", "unit": ""} | common | dict(entry) for entry in named])
    return frame.fillna("").astype("str")


def evaluate(results: Any, *requirements: Any, batches: Any = None, as_of: str = AS_OF, **options: Any) -> Any:
    """Judge results by requirements, or by specifications where such are given."""
    if requirements and isinstance(requirements[0], regenqc.Specification):
        judged_by = list(requirements)
    else:
        top = {key: options.pop(key) for key in ("derived", "rounding", "attributes", "product") if key in options}
        top |= {key: options.pop(key) for key in ("unlisted_tests", "valid_from", "valid_to") if key in options}
        judged_by = [specification(*requirements, **top)]
    if isinstance(batches, Mapping):
        batches = pd.DataFrame([{"batch_id": "B1"} | batches])
    return regenqc.evaluate(results, judged_by, batches=batches, as_of=as_of, **options)


def disposition(evaluation: Any, batch_id: str = "B1", stage: str = STAGE) -> str:
    """Return the one disposition of a batch at a stage."""
    table = evaluation.dispositions
    (word,) = table[(table["batch_id"] == batch_id) & table["stage"].isin([stage, ""])]["disposition"]
    return str(word)


def dispositions(evaluation: Any) -> set[str]:
    """Return every word that stands in the table of dispositions."""
    return set(evaluation.dispositions["disposition"])


def cell(evaluation: Any, requirement_id: str, batch_id: str = "B1", stage: str = STAGE) -> str:
    """Return the verdict of one cell."""
    (verdict,) = (
        entry["verdict"]
        for entry in evaluation.matrix.table().to_pylist()
        if (entry["batch_id"], entry["requirement_id"], entry["stage"]) == (batch_id, requirement_id, stage)
    )
    return str(verdict)


def reasons(evaluation: Any) -> set[str]:
    """Return the reason codes of all findings."""
    return set(evaluation.findings["reason_code"])


def row_verdicts(results: Any, *requirements: Any, **options: Any) -> list[tuple[str, str]]:
    """Return verdict and reason of every row, in the order of the input."""
    found: list[tuple[str, str]] = []

    def keep(judged: Any, source: int) -> None:
        if source == 0:
            found.extend(
                (Verdict(verdict).word, Reason(reason).code)
                for verdict, reason in zip(judged.verdict.tolist(), judged.reason.tolist(), strict=True)
            )

    evaluate(results, *requirements, on_rows=keep, **options)
    return found


def verdict_of(result: str, unit: str, **requirement: Any) -> str:
    """Return the verdict of one reported value under one criterion."""
    ((verdict, _),) = row_verdicts(rows(("value", result, unit)), {"id": "value"} | requirement)
    return verdict


def decimal_text(value: Fraction) -> str:
    """Return a terminating decimal as text, with all its digits."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    places = 0
    while value.denominator != 1:
        value *= 10
        places += 1
        if places > 400:
            raise ValueError("no terminating decimal")
    digits = str(value.numerator).rjust(places + 1, "0")
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


@st.composite
def decimals(draw: st.DrawFn, *, digits: int = 15, places: int = 8) -> str:
    """Draw a positive decimal of at most so many significant digits, with the zeros that people write behind it."""
    number = draw(st.integers(1, 10 ** draw(st.integers(1, digits)) - 1))
    shift = draw(st.integers(0, places))
    text = str(number).rjust(shift + 1, "0")
    return f"{text[:-shift]}.{text[-shift:]}" if shift else text
