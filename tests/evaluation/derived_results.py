"""Compute derived results in tests: one function over texts, or all that a run computes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from regenqc.evaluation.derivation.columns import quantity_column
from regenqc.evaluation.derivation.reading import read_input
from regenqc.evaluation.derivation.statistic_texts import least_texts
from regenqc.evaluation.derived import derived_texts
from regenqc.specification.derived_functions import FUNCTIONS
from strategies import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def texts_of(name: str, rows: Sequence[Mapping[str, tuple[str, ...]]]) -> list[str]:
    """Return a function of many inputs, each a text, its unit, and perhaps the limit that belongs to a word."""
    function = FUNCTIONS[name]
    columns = [
        quantity_column([_read(entry, *row[entry.name]) for row in rows], np.arange(len(rows)))
        for entry in function.inputs
    ]
    return derived_texts(function, columns, name=name)


def least_of(name: str, **inputs: str) -> str:
    """Return what is there at least, which stands beside an upper bound; empty where nothing is known to be."""
    function = FUNCTIONS[name]
    columns = [
        quantity_column([read_input(entry, *_split(inputs[entry.name]))], np.array([0])) for entry in function.inputs
    ]
    (found,) = least_texts(name, function, columns, derived_texts(function, columns, name=name))
    return found


def text_of(name: str, **inputs: str) -> str:
    """Return a function of inputs, each a number and its unit with a blank between them, or a word."""
    return texts_of(name, [{key: _split(text) for key, text in inputs.items()}])[0]


def _read(entry: Any, text: str, unit: str, lod: str = "") -> Any:
    return read_input(entry, text, unit, lod=lod)


def bound_of(name: str, **inputs: str) -> str:
    """Return the number of a function that is an upper bound, and is written so."""
    text = text_of(name, **inputs)
    assert text.startswith("≤"), text
    return text[1:]


_NUMBER: Final = re.compile(r"([<>≤≥]? ?-?[0-9.]+(?:E-?[0-9]+)?)(?: (.*))?")


def _split(text: str) -> tuple[str, str]:
    found = _NUMBER.fullmatch(text)
    return (found[1], found[2] or "") if found else (text, "")


def computed(results: Any, *requirements: Any, **options: Any) -> list[tuple[str, str, str, str]]:
    """Return batch, test, text and status of every result that a run computes."""
    found: list[tuple[str, str, str, str]] = []

    def keep(judged: Any, source: int) -> None:
        if source == 1:
            names = ("batch_id", "test", "result", "status")
            found.extend(zip(*(judged.coded.rows[name].cast(pa.string()).to_pylist() for name in names), strict=True))

    evaluate(results, *requirements, on_rows=keep, **options)
    return found
