"""Read the text of one specification file and collect every fault of its form, with path and line.

One fault must not hide another: what cannot be understood is reported and set aside, and what is left is still read, so
that the checks of meaning see it too. A document with a single fault never becomes a specification.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ValidationError

from regenqc.errors import Fault
from regenqc.specification import model
from regenqc.toml_places import Path, describe_place, locate_lines

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Draft", "read_document"]

_Entry = TypeVar("_Entry", bound=BaseModel)

# The model that owns the keys below a container, by the container's name.
_OWNERS: Final[dict[str, type[BaseModel]]] = {
    "": model.SpecificationDocument,
    "requirement": model.Requirement,
    "derived": model.Derived,
    "removed": model.Removal,
    "limit": model.LimitText,
    "alert": model.LimitText,
    "karyotype": model.Karyotype,
    "identity": model.Identity,
    "agreement": model.Agreement,
    "evidence": model.Evidence,
    "any_of": model.AlternativePart,
    "all_of": model.AlternativePart,
    "of": model.AlternativePart,
    "n_of_m": model.NumberOf,
    "controls": model.Control,
    "consequences": model.Consequence,
}

_LISTS: Final[dict[str, type[BaseModel]]] = {
    "requirement": model.Requirement,
    "derived": model.Derived,
    "removed": model.Removal,
}

# Stand-ins for required keys that are missing or wrong, so that the rest can be checked; they never leave this package.
_STAND_INS: Final[dict[str, str]] = {
    "schema": model.SCHEMA,
    "id": "unnamed",
    "version": "0",
    "title": "untitled",
    "jurisdiction": "INT",
}

_NUMBERS_AS_TEXT: Final = frozenset(
    {"min", "max", "min_exclusive", "max_exclusive", "min_metaphases", "relative", "absolute"}
)
# Steps of a place that pydantic adds to those of the file.
_NO_KEYS: Final = frozenset({"[key]", model.TEXT_FORM, model.TABLE_FORM})
_TOML_LINE: Final = re.compile(r"at line ([0-9]+), column")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What could be read of one specification text.

    Args:
        document: the entries that could be read, with stand-ins for required keys that could not; `None` when nothing
            could be read.
        faults: of the form, in the order in which they were found.
        source: how the text is named in faults.
        lines: the line of every key.
        places: for `requirement`, `derived` and `removed` the place in the text of each entry of the document.
        incomplete: places of the entries of which a part could not be read; `()` for the file itself.
    """

    document: model.SpecificationDocument | None
    faults: tuple[Fault, ...]
    source: str
    lines: Mapping[Path, int]
    places: Mapping[str, tuple[Path, ...]]
    incomplete: frozenset[Path]

    def place(self, *path: str | int) -> str:
        """Return `file:line path` of a place in the text."""
        return describe_place(self.source, path, dict(self.lines))


def read_document(text: str, *, source: str) -> Draft:
    """Read one specification text.

    Args:
        text: TOML.
        source: how to name the text in faults, usually its path.

    Example:
        >>> draft = read_document('schema = "regenqc.specification/1"', source="a.toml")
        >>> [(fault.what, fault.expected) for fault in draft.faults][0]
        ('A required key is missing.', 'id')
    """
    try:
        content = tomllib.loads(text)
        lines = locate_lines(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError is a ValueError; so is a number of 5000 digits
        found = _TOML_LINE.search(str(error))
        fault = Fault(
            code="RQC-S001",
            what="The file is not valid TOML.",
            where=f"{source}:{found[1]}" if found else source,
            got=str(error) or type(error).__name__,
            expected="TOML 1.0",
            action="Correct the syntax at the place named.",
        )
        return Draft(document=None, faults=(fault,), source=source, lines={}, places={}, incomplete=frozenset())
    faults: list[Fault] = []
    reader = _Reader(source, lines, faults)
    lists = {name: content.pop(name) for name in _LISTS if isinstance(content.get(name), list)}
    document, damaged = reader.read(model.SpecificationDocument, content, (), _STAND_INS)
    entries: dict[str, tuple[BaseModel, ...]] = {}
    places: dict[str, tuple[Path, ...]] = {}
    incomplete: set[Path] = {()} if damaged else set()
    for name, values in lists.items():
        known: list[tuple[BaseModel, Path]] = []
        for index, value in enumerate(values):
            path: Path = (name, index)
            stand_ins = {"id": f"unnamed-{index}"} if name == "requirement" else {}
            entry, damaged = reader.read(_LISTS[name], value, path, stand_ins)
            if damaged:
                incomplete.add(path)
            if entry is not None:
                known.append((entry, path))
        entries[name] = tuple(entry for entry, _ in known)
        places[name] = tuple(path for _, path in known)
    return Draft(
        document=None if document is None else document.model_copy(update=entries),
        faults=tuple(faults),
        source=source,
        lines=lines,
        places=places,
        incomplete=frozenset(incomplete),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    source: str
    lines: dict[Path, int]
    faults: list[Fault]

    def read(
        self, owner: type[_Entry], content: object, path: Path, stand_ins: Mapping[str, str]
    ) -> tuple[_Entry | None, bool]:
        """Read one entry; return it without the keys that have faults, and whether it has any."""
        try:
            return owner.model_validate(content), False
        except ValidationError as error:
            found = error.errors(include_url=False)
        # A list that lost its faulty members is also said to be too short; the members are the fault.
        inside = {detail["loc"][:end] for detail in found for end in range(len(detail["loc"]))}
        details = [detail for detail in found if detail["loc"] not in inside]
        self.faults.extend(self._fault(dict(detail), path) for detail in details)
        if not isinstance(content, dict):
            return None, True
        broken = {str(detail["loc"][0]) for detail in details}
        readable = {key: value for key, value in content.items() if key not in broken}
        try:
            return owner.model_validate({**{key: stand_ins[key] for key in broken & set(stand_ins)}, **readable}), True
        except ValidationError:  # a required key without stand-in
            return None, True

    def _fault(self, detail: dict[str, Any], prefix: Path) -> Fault:
        path: Path = (*prefix, *(step for step in detail["loc"] if step not in _NO_KEYS))
        where = describe_place(self.source, path, self.lines)
        kind = detail["type"]
        if kind == "extra_forbidden":
            container = next((step for step in reversed(path[:-1]) if isinstance(step, str)), "")
            in_table = model.TABLE_FORM in detail["loc"]  # its name is the author's
            owner = model.RowInput if in_table else _OWNERS.get(container, model.SpecificationDocument)
            known = sorted(field.alias or name for name, field in owner.model_fields.items())
            near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
            return Fault(
                code="RQC-S002",
                what="Unknown key.",
                where=where,
                got=str(path[-1]),
                expected=f"did you mean '{near[0]}'" if near else ", ".join(known),
                action="Rename or remove the key; nothing in a specification is ignored.",
            )
        if kind == "missing":
            return Fault(
                code="RQC-S003",
                what="A required key is missing.",
                where=where,
                got="nothing",
                expected=str(path[-1]),
                action="Add the key.",
            )
        number_as_text = kind == "string_type" and path and path[-1] in _NUMBERS_AS_TEXT
        return Fault(
            code="RQC-S004",
            what="A value is not what its key takes.",
            where=where,
            got=repr(detail.get("input"))[:200],
            expected=model.PATTERNS_IN_WORDS.get(detail.get("ctx", {}).get("pattern", ""), detail["msg"]),
            action="Write the number as a string: its digits are significant."
            if number_as_text
            else "Correct the value.",
        )
