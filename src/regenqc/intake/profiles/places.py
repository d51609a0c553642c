"""Where in a file the columns of a profile stand; every fault of its header is listed, and nothing in it is passed over."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.errors import DataError, Fault, InternalError
from regenqc.intake.contracts import RESULT_COLUMNS
from regenqc.intake.profiles.model import Column, ProfileDocument, ResultColumn, fold_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.intake.profiles.model import Profile

__all__ = ["Places", "place_columns"]

_CANONICAL: Final = frozenset(column.name for column in RESULT_COLUMNS)
_ADDED: Final = frozenset(
    {"file_row", "file_column", "mapping_fault", "test_as_exported", "result_as_exported", "unit_as_exported"}
)


@dataclass(frozen=True, slots=True)
class Places:
    """Positions in the file, from 0.

    Args:
        of: position of each column that the profile names, by name and declared position; `None` where an optional one is
            not there.
        carried: name in the output and position of every column that is carried through.
        untitled: columns without title of which nothing is declared; they must be empty.
        roles: by position, what the profile makes of the column, for the coverage report.
    """

    of: dict[tuple[str, int | None], int | None]
    carried: dict[str, int]
    untitled: tuple[int, ...]
    roles: dict[int, str]

    def has(self, column: Column) -> bool:
        """Return whether the file has a column, or the profile gives it a constant."""
        return column.name is None or self.of[column.name, column.position] is not None

    def at(self, column: Column | ResultColumn) -> int:
        """Return the position of a column that the file has."""
        position = self.of[column.name or "", column.position]
        if position is None:
            raise InternalError(
                Fault(code="RQC-X021", what="A column is asked for that is not there.", got=str(column.name))
            )
        return position


def place_columns(profile: Profile, titles: Sequence[str], *, source: str) -> Places:
    """Find every column of the profile in the header of a file.

    Args:
        profile: with names and positions.
        titles: header of the file, as it is written.
        source: for messages.

    Raises:
        DataError: RQC-D031 a declared column that is missing, stands twice or somewhere else; RQC-D030 a column that the
            profile does not declare.
    """
    document = profile.document
    folded = [fold_name(title) for title in titles]
    of: dict[tuple[str, int | None], int | None] = {}
    roles: dict[int, str] = {}
    faults: list[Fault] = []
    beside: list[int] = []
    for role, column in _references(document):
        found = _find(column, titles, folded, source=source, role=role)
        if isinstance(found, Fault):
            if isinstance(column, Column) and column.optional and fold_name(column.name or "") not in folded:
                of[column.name or "", column.position] = None
            else:
                faults.append(found)
            continue
        of[column.name or "", column.position] = found
        roles[found] = f"{roles[found]}, {role}" if found in roles else role
        if role not in _CANONICAL and not role.startswith("result of "):
            beside.append(found)
    rest = [position for position in range(len(titles)) if position not in roles]
    carries = document.other_columns == "carry"
    untitled = tuple(position for position in rest if not folded[position] and not carries)
    others = [position for position in rest if folded[position] or carries]
    if document.other_columns == "refuse":
        faults += [
            Fault(
                code="RQC-D030",
                what="The profile does not say what a column means.",
                where=f"{source} column {position + 1}",
                got=titles[position],
                expected="a column that the profile names",
                action='Name it under `columns` or `carried`, or declare other_columns = "carry".',
            )
            for position in others
        ]
    if faults:
        raise DataError(*dict.fromkeys(faults))
    roles |= dict.fromkeys(others, "carried")
    roles |= dict.fromkeys(untitled, "without title, must be empty")
    carried: dict[str, int] = {}
    for position in sorted({*beside, *others}):
        name = titles[position].strip() or f"unnamed_{position + 1}"
        if name in _CANONICAL or name in _ADDED or name.startswith("exported_"):
            name = f"exported_{name}"
        if name in carried:
            name = f"{name}_{position + 1}"
        carried[name] = position
    return Places(of, carried, untitled, roles)


def _references(document: ProfileDocument) -> Iterator[tuple[str, Column | ResultColumn]]:
    for name, column in document.columns.items():
        if column.name is not None:
            yield name, column
    for entry in document.result_column:
        yield f"result of {entry.test}", entry
    for column in document.carried:
        yield "carried", column
    if document.operator is not None and document.operator.column.name is not None:
        yield "operator", document.operator.column
    for role, entries in (
        ("qualifier", document.qualifier),
        ("not data", document.not_data),
        ("statistic", document.statistic),
    ):
        for other in entries:
            if other.column.name is not None:
                yield role, other.column


def _find(
    column: Column | ResultColumn, titles: Sequence[str], folded: Sequence[str], *, source: str, role: str
) -> int | Fault:
    name = column.name or ""
    wanted = fold_name(name)
    found = [position for position, title in enumerate(folded) if title == wanted]
    if column.position is not None:
        if column.position - 1 in found:
            return column.position - 1
        got = titles[column.position - 1] if column.position <= len(titles) else f"{len(titles)} columns"
        return Fault(
            code="RQC-D031",
            what="A column does not stand where the profile says.",
            where=f"{source} column {column.position}",
            got=got,
            expected=f"'{name}' ({role})",
            action="Correct the position in the profile, or export again.",
        )
    if len(found) == 1:
        return found[0]
    if found:
        return Fault(
            code="RQC-D031",
            what="A column that the profile names stands more than once.",
            where=f"{source} columns {', '.join(str(position + 1) for position in found)}",
            got=name,
            expected=f"one column '{name}' ({role})",
            action="Add its position to the profile; regenqc does not guess which of them is meant.",
        )
    near = difflib.get_close_matches(name, titles, n=1, cutoff=0.6)
    return Fault(
        code="RQC-D031",
        what="A column that the profile names is not there.",
        where=source,
        got=", ".join(titles[:40]),
        expected=f"'{name}' ({role})",
        action=f"{f'The nearest title is {near[0]!r}. ' if near else ''}Export with this column, or correct the profile.",
    )
