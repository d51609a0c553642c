"""Measurements of the Allotrope Simple Model (ASM, JSON): every number with a unit, and what the document says against it.

A converter writes `-0.0` where an instrument gave no number, and converts values whose limits it leaves as they were: a number
is only as good as the flags and errors of its document. They stand in columns of their own beside each number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from regenqc.intake.readers.documents import Row, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["TITLES", "allotrope_rows"]

TITLES: Final = (
    "batch identifier",
    "sample identifier",
    "sample role type",
    "measurement identifier",
    "measurement time",
    "analyst",
    "device identifier",
    "quantity",
    "value",
    "unit",
    "flag",
    "error",
    "path",
)

_MOST_LEVELS: Final = 60
# Numbers that say how was measured and not what: they are no results.
_SETTINGS: Final = frozenset(
    {
        "device control aggregate document",
        "data processing document",
        "device system document",
        "data system document",
        "experimental data identifier",
        "image aggregate document",
    }
)
_NAMED: Final = {
    "batch identifier": "batch identifier",
    "sample identifier": "sample identifier",
    "sample role type": "sample role type",
    "measurement identifier": "measurement identifier",
    "measurement time": "measurement time",
    "analyst": "analyst",
    "target DNA description": "target",
    "analyte name": "target",
    "population identifier": "target",
    "calculated data name": "target",
}


def allotrope_rows(content: Any) -> Iterator[Row]:
    """Yield one row per number with a unit, wherever it stands in the document.

    What was measured is the name of the number, after the analyte or target that it is of. Beside it stand the identifiers of
    its measurement, and the errors of the document that name it (`error feature`) or name nothing that can be found.

    Raises:
        ValueError: no document of the Allotrope Simple Model.

    Example:
        >>> rows = allotrope_rows({"$asm.manifest": "m", "a document": [{"viability": {"value": "92.8", "unit": "%"}}]})
        >>> [(row["quantity"], row["value"], row["unit"]) for row in rows]
        [('viability', '92.8', '%')]
    """
    if not isinstance(content, dict) or "$asm.manifest" not in content:
        raise ValueError("$ has no '$asm.manifest'")
    device = next(_found(content, "device identifier"), "")
    for measurement, path, known in _measurements(content, "$", {"device identifier": device}):
        errors = list(_errors(measurement))
        rows = list(_quantities(measurement, path, known))
        names = {row["name"].casefold() for row in rows} | {row.get("target", "").casefold() for row in rows}
        for row in rows:
            own = [text for feature, text in errors if _concerns(feature, row)]
            own += [
                f"{feature}: {text}"
                for feature, text in errors
                if not any(_shares(feature, name) for name in names if name)
            ]
            target, name = row.pop("target", ""), row.pop("name")
            yield row | {"quantity": f"{target}: {name}" if target else name, "error": "; ".join(dict.fromkeys(own))}


def _concerns(feature: str, row: Row) -> bool:
    return _shares(feature, row["name"].casefold()) or _shares(feature, row.get("target", "").casefold())


def _shares(feature: str, name: str) -> bool:
    """Return whether an error names a quantity: wholly, or before a hyphen or bracket that adds where it was measured."""
    if not name:
        return False
    folded = feature.casefold()
    heads = {folded, folded.partition(" - ")[0].strip(), folded.partition(" (")[0].strip()}
    return name in heads or name.partition(" (")[0].strip() in heads


def _measurements(node: Any, path: str, known: Row, level: int = 0) -> Iterator[tuple[Any, str, Row]]:
    """Yield the parts of the document that hold one measurement each, or calculated data of several."""
    if level > _MOST_LEVELS:
        raise ValueError(f"{path[:200]} is nested more deeply than a measurement can be")
    if isinstance(node, list):
        for number, entry in enumerate(node):
            yield from _measurements(entry, f"{path}[{number}]", known, level + 1)
    elif isinstance(node, dict):
        if "measurement document" in node or not _is_above(node):
            inner = [node["measurement document"]] if "measurement document" in node else [[node]]
            for entries in inner:
                for number, entry in enumerate(entries if isinstance(entries, list) else [entries]):
                    place = f"{path}.measurement document[{number}]" if "measurement document" in node else path
                    yield entry, place, known | _identifiers(entry)
            rest = {key: value for key, value in node.items() if key != "measurement document"}
            if "measurement document" in node and rest:
                yield rest, path, known | _identifiers(rest)
        else:
            plain = {key: value for key, value in node.items() if not isinstance(value, (dict, list))}
            for key, value in node.items():
                if isinstance(value, (dict, list)) and key not in _SETTINGS:
                    yield from _measurements(value, f"{path}.{key}", known | _identifiers(plain), level + 1)


def _is_above(node: Mapping[str, Any]) -> bool:
    return any(True for _ in _keys(node, "measurement document"))


def _keys(node: Any, wanted: str, level: int = 0) -> Iterator[Any]:
    if level > _MOST_LEVELS:
        raise ValueError("the document is nested more deeply than a measurement can be")
    if isinstance(node, list):
        for entry in node:
            yield from _keys(entry, wanted, level + 1)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == wanted:
                yield value
            yield from _keys(value, wanted, level + 1)


def _found(node: Any, wanted: str) -> Iterator[str]:
    for value in _keys(node, wanted):
        if isinstance(value, str):
            yield str(value)


def _identifiers(measurement: Any) -> Row:
    """Return what identifies a measurement: the first of each kind in it."""
    found: Row = {}
    for key in (
        "batch identifier",
        "sample identifier",
        "sample role type",
        "measurement identifier",
        "measurement time",
        "analyst",
        "target DNA description",
    ):
        text = next(_found(measurement, key), "")
        if text:
            found[_NAMED[key]] = text
    return found


def _errors(measurement: Any) -> Iterator[tuple[str, str]]:
    for entries in _keys(measurement, "error document"):
        for entry in entries if isinstance(entries, list) else [entries]:
            if isinstance(entry, dict):
                yield str(entry.get("error feature", "")), str(entry.get("error", ""))


def _quantities(node: Any, path: str, known: Row, level: int = 0) -> Iterator[Row]:
    if level > _MOST_LEVELS:
        raise ValueError(f"{path[:200]} is nested more deeply than a measurement can be")
    if isinstance(node, list):
        for number, entry in enumerate(node):
            yield from _quantities(entry, f"{path}[{number}]", known, level + 1)
        return
    if not isinstance(node, dict):
        return
    known = known | {_NAMED[key]: str(value) for key, value in node.items() if key in _NAMED and isinstance(value, str)}
    flag = "; ".join(dict.fromkeys(text for key in ("flag", "flags") for text in _found(node, key)))
    for key, value in node.items():
        place = f"{path}.{key}"
        if key in _SETTINGS or key == "error aggregate document":
            continue
        if isinstance(value, dict) and "value" in value and "unit" in value:
            yield known | {
                "name": key,
                "value": text_of(value["value"], f"{place}.value"),
                "unit": text_of(value["unit"], f"{place}.unit"),
                "flag": flag,
                "path": place,
            }
        else:
            yield from _quantities(value, place, known, level + 1)
