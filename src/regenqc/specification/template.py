"""Limits in a spreadsheet: a template that people fill in, saved as CSV, and the requirements that stand in it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from regenqc.errors import Fault, SpecificationError
from regenqc.specification.model import Requirement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["COLUMNS", "read_template", "write_template"]

_LIMIT: Final = ("min", "min_exclusive", "max", "max_exclusive", "unit")
COLUMNS: Final = ("id", "test", "stage", "title", "method", *_LIMIT, "one_of", "force", "citation", "edition", "mark")


def write_template(requirements: Sequence[Requirement] = ()) -> str:
    """Return the template as CSV, with the requirements that fit into it: a limit, or words.

    Example:
        >>> write_template().splitlines()[0][:22]
        'id,test,stage,title,me'
    """
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for entry in requirements:
        if entry.criterion in {"limit", "one_of"} and entry.test:
            row = entry.model_dump(mode="json", exclude_defaults=True)
            row |= row.pop("limit", {}) | {"one_of": "; ".join(row.pop("one_of", ()))}
            writer.writerow({name: row.get(name, "") for name in COLUMNS})
    return out.getvalue()


def read_template(text: str, *, source: str = "<text>") -> tuple[Requirement, ...]:
    """Read requirements from a filled template. Digits stay as they are typed; an empty cell is not stated.

    Args:
        text: CSV with the columns of the template, in any order; several words are separated by semicolons.
        source: how to name it in faults.

    Raises:
        SpecificationError: RQC-S091, with every row and column that is not understood.

    Example:
        >>> rows = ("id,test,stage,min,unit,citation", "viability,viability,drug_product_release,70.0,%,protocol")
        >>> read_template("".join(f"{row}{chr(10)}" for row in rows))[0].limit.min
        '70.0'
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    faults: list[Fault] = []
    found: list[Requirement] = []
    try:
        names = list(reader.fieldnames or ())
        faults += [_fault(f"The column {name!r} is not known.", source) for name in names if name not in COLUMNS]
        faults += [_fault(f"The column {name!r} stands twice.", source) for name in set(names) if names.count(name) > 1]
        for number, row in enumerate(reader, start=2):
            if None in row or None in row.values():
                faults.append(_fault("A row has more or fewer cells than the head.", f"{source}:{number}"))
            elif not faults and any(row.values()):
                try:
                    found.append(_requirement(row))
                except ValidationError as error:
                    faults += [
                        _fault(
                            entry["msg"], f"{source}:{number} {'.'.join(map(str, entry['loc']))}", str(entry["input"])
                        )
                        for entry in error.errors()
                    ]
    except csv.Error as error:
        faults.append(_fault("It is no CSV.", source, str(error)))
    if not faults and not found:
        faults.append(_fault("There is no requirement.", source))
    if faults:
        raise SpecificationError(*faults)
    return tuple(found)


def _requirement(row: Mapping[str, str]) -> Requirement:
    stated: dict[str, Any] = {name: text.strip() for name, text in row.items() if text.strip()}
    limit = {name: stated.pop(name) for name in _LIMIT if name in stated}
    if limit:
        stated["limit"] = limit
    if "one_of" in stated:
        stated["one_of"] = tuple(word.strip() for word in stated["one_of"].split(";") if word.strip())
    return Requirement.model_validate(stated)


def _fault(what: str, where: str, got: str = "") -> Fault:
    return Fault(
        code="RQC-S091",
        what=what,
        where=where,
        got=got,
        expected=", ".join(COLUMNS),
        action="Correct the template; `regenqc spec export --format template` writes an empty or filled one.",
    )
