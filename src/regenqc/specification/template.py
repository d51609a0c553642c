"""Limits in a spreadsheet: a template that people fill in, as rows or as CSV, and the requirements that stand in it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from regenqc.errors import Fault, SpecificationError
from regenqc.specification.model import Requirement
from regenqc.specification.value_checks import check_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["COLUMNS", "read_template", "read_template_rows", "template_rows", "write_template"]

_LIMIT: Final = ("min", "min_exclusive", "max", "max_exclusive", "unit")
COLUMNS: Final = ("id", "test", "stage", "title", "method", *_LIMIT, "one_of", "force", "citation", "edition", "mark")


def template_rows(requirements: Sequence[Requirement] = ()) -> tuple[tuple[str, ...], ...]:
    """Return the template, head first, with the requirements that fit into it: a limit, or words.

    Example:
        >>> template_rows()[0][:3]
        ('id', 'test', 'stage')
    """
    rows = [COLUMNS]
    for entry in requirements:
        if entry.criterion in {"limit", "one_of"} and entry.test:
            row = entry.model_dump(mode="json", exclude_defaults=True)
            row |= row.pop("limit", {}) | {"one_of": "; ".join(row.pop("one_of", ()))}
            rows.append(tuple(row.get(name, "") for name in COLUMNS))
    return tuple(rows)


def write_template(requirements: Sequence[Requirement] = ()) -> str:
    """Return the same as CSV.

    Example:
        >>> write_template().splitlines()[0][:22]
        'id,test,stage,title,me'
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(template_rows(requirements))
    return out.getvalue()


def read_template(text: str, *, source: str = "<text>") -> tuple[Requirement, ...]:
    """Read requirements from a filled template. Digits stay as they are typed; an empty cell is not stated.

    Args:
        text: CSV with the columns of the template, in any order; several words are separated by semicolons.
        source: how to name it in faults.

    Raises:
        SpecificationError: RQC-S091, with every row and column that is not understood, and the fault of every limit and word.

    Example:
        >>> rows = ("id,test,stage,min,unit,citation", "viability,viability,drug_product_release,70.0,%,protocol")
        >>> read_template("".join(f"{row}{chr(10)}" for row in rows))[0].limit.min
        '70.0'
    """
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True))
    except csv.Error as error:
        raise SpecificationError(_fault("It is no CSV.", source, str(error))) from error
    return read_template_rows(rows, source=source)


def read_template_rows(rows: Sequence[Sequence[str]], *, source: str = "<rows>") -> tuple[Requirement, ...]:
    """Read requirements from the rows of a filled template, head first; a row without any content is passed over.

    Args:
        rows: texts; the columns of the template in any order.
        source: how to name it in faults.

    Raises:
        SpecificationError: RQC-S091, with every row and column that is not understood, and the fault of every limit and word.

    Example:
        >>> read_template_rows([("id", "test", "max", "unit"), ("ph", "ph", "7.40", "pH")])[0].limit.max
        '7.40'
    """
    names = list(rows[0]) if rows else []
    faults = [_fault(f"The column {name!r} is not known.", source) for name in names if name not in COLUMNS]
    faults += [
        _fault(f"The column {name!r} stands twice.", source) for name in dict.fromkeys(names) if names.count(name) > 1
    ]
    head_is_known = not faults
    found: list[Requirement] = []
    for number, row in enumerate(rows[1:], start=2):
        if not any(row):
            continue
        if len(row) != len(names):
            faults.append(_fault("A row has more or fewer cells than the head.", f"{source}:{number}"))
        elif head_is_known:
            try:
                entry = _requirement(dict(zip(names, row, strict=True)))
            except ValidationError as error:
                faults += [
                    _fault(wrong["msg"], f"{source}:{number} {'.'.join(map(str, wrong['loc']))}", str(wrong["input"]))
                    for wrong in error.errors()
                ]
            else:
                found.append(entry)
                faults += check_values(entry, None, lambda *keys, at=f"{source}:{number}": f"{at} {keys[0]}")
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
