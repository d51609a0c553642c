"""Merge a file over the specifications it extends: requirements, removals, derived results, product and attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from regenqc.errors import Fault
from regenqc.specification.criterion_checks import has_numbers
from regenqc.specification.inheritance import merge_requirement
from regenqc.vocabulary import ATTRIBUTE_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from regenqc.specification.document import Draft
    from regenqc.specification.model import Derived, Requirement, Specification, SpecificationDocument
    from regenqc.toml_places import Path

__all__ = ["Merger"]

_Entry = TypeVar("_Entry")


@dataclass(slots=True, kw_only=True)
class Merger:
    """One file and what it extends, on the way to one whole; faults are collected.

    Args:
        draft: the file as read.
        document: its content.
        parents: the specifications it extends, resolved.
        complete: whether all of them could be resolved.
    """

    draft: Draft
    document: SpecificationDocument
    parents: list[Specification]
    complete: bool
    faults: list[Fault] = field(default_factory=list)

    def requirements(self) -> tuple[list[Requirement], dict[str, Path]]:
        """Return the requirements, inherited ones first, and where those of this file stand."""
        inherited: dict[str, list[Requirement]] = {}
        for parent in self.parents:
            for requirement in parent.requirements:
                inherited.setdefault(requirement.id, []).append(requirement)
        merged = {identifier: versions[0] for identifier, versions in inherited.items()}
        places: dict[str, Path] = {}
        for written, path in self._entries("requirement", self.document.requirement):
            if written.id in places:
                self._same_identifier("requirements", written.id, path, places[written.id])
                continue
            places[written.id] = path
            own = self._with_rounding(written)
            if own.id in inherited:
                place: Callable[..., str] = lambda *keys, path=path: self.draft.place(*path, *keys)  # noqa: E731
                own, faults = merge_requirement(inherited[own.id], own, place=place)
                self.faults += faults
            merged[own.id] = own
        for identifier, versions in inherited.items():
            if identifier not in places and any(version != versions[0] for version in versions):
                self._add(
                    "RQC-S044",
                    f"Two extended specifications define requirement '{identifier}' differently.",
                    ("extends",),
                    got=identifier,
                    expected="a definition in this specification that is at least as strict as both",
                    action="Define the requirement here.",
                )
        self._remove(merged, inherited, places)
        return [_normal(requirement) for requirement in merged.values()], places

    def _with_rounding(self, written: Requirement) -> Requirement:
        """Resolve the rounding of the file into a requirement that states numbers of its own."""
        if written.rounding is None and self.document.rounding != "none" and has_numbers(written):
            return written.model_copy(update={"rounding": self.document.rounding})
        return written

    def _remove(
        self, merged: dict[str, Requirement], inherited: dict[str, list[Requirement]], places: dict[str, Path]
    ) -> None:
        seen: set[str] = set()
        for removal, path in self._entries("removed", self.document.removed):
            if removal.id in places:
                self._add(
                    "RQC-S045",
                    "A requirement is removed and defined in the same file.",
                    (*path, "id"),
                    got=removal.id,
                    expected=f"one of the two; the definition stands at {self.draft.place(*places[removal.id])}",
                    action="Keep the one that is meant.",
                )
            elif removal.id in seen:
                self._same_identifier("removals", removal.id, path, path)
            elif removal.id not in inherited and self.complete:
                self._add(
                    "RQC-S045",
                    "A removal names no inherited requirement.",
                    (*path, "id"),
                    got=removal.id,
                    expected=", ".join(sorted(inherited)) or "an inherited requirement",
                    action="Correct the identifier.",
                )
            if len(removal.justification.strip()) < 10:
                self._add(
                    "RQC-S045",
                    "A removal is not justified.",
                    (*path, "justification"),
                    got=repr(removal.justification),
                    expected="the reason, in at least ten characters",
                    action="Say why the requirement does not apply.",
                )
            seen.add(removal.id)
            if removal.id not in places:
                merged.pop(removal.id, None)

    def derived(self) -> tuple[list[Derived], dict[str, Path]]:
        """Return the derived results, inherited ones first, and where those of this file stand."""
        merged: dict[str, Derived] = {}
        for parent in self.parents:
            for entry in parent.derived:
                if merged.setdefault(entry.id, entry) != entry:
                    self._add(
                        "RQC-S046",
                        "Two extended specifications define a derived result differently.",
                        ("extends",),
                        got=entry.id,
                        action="Extend specifications that agree.",
                    )
        places: dict[str, Path] = {}
        for entry, path in self._entries("derived", self.document.derived):
            if entry.id in places:
                self._same_identifier("derived results", entry.id, path, places[entry.id])
                continue
            places[entry.id] = path
            if merged.get(entry.id, entry) != entry:
                self._add(
                    "RQC-S046",
                    "A derived result differs from the inherited one of the same identifier.",
                    (*path, "id"),
                    got=entry.id,
                    action="Give it another identifier.",
                )
            merged[entry.id] = entry
        return list(merged.values()), places

    def product(self) -> dict[str, str]:
        """Return the product: everything the file and what it extends say about it, without contradiction."""
        product: dict[str, str] = {}
        for parent in self.parents:
            for name, value in parent.product.items():
                if product.setdefault(name, value) != value:
                    self._other_product(("extends",), value, product[name])
        for name, value in self.document.product.items():
            if product.setdefault(name, value) != value:
                self._other_product(("product", name), value, product[name])
        return product

    def attributes(self) -> dict[str, frozenset[str]]:
        """Return the declared values of attributes; a file may not add values to those it inherits.

        A batch that states a further value would otherwise be one to which an inherited requirement does not apply.
        """
        declared: dict[str, frozenset[str]] = {}
        for parent in self.parents:
            for name, values in parent.attributes.items():
                if declared.setdefault(name, values) != values:
                    self._add(
                        "RQC-S052",
                        "Two extended specifications declare an attribute differently.",
                        ("extends",),
                        got=f"{name}: {', '.join(sorted(values))}",
                        expected=", ".join(sorted(declared[name])),
                        action="Extend specifications that agree.",
                    )
        for name, written in self.document.attributes.items():
            if not set(written) <= declared.get(name, frozenset(written)):
                self._add(
                    "RQC-S052",
                    "An inherited attribute gets further values, which could switch an inherited requirement off.",
                    ("attributes", name),
                    got=", ".join(written),
                    expected="some of " + ", ".join(sorted(declared[name])),
                    action="Use another attribute.",
                )
            declared[name] = frozenset(written)
        return {name: values for name, values in declared.items() if ATTRIBUTE_WORDS.get(name) != values}

    def check_unlisted_tests(self) -> None:
        """Refuse a file that only reports unlisted tests although what it extends holds the batch."""
        if self.document.unlisted_tests == "report" and any(parent.unlisted_tests == "hold" for parent in self.parents):
            self._add(
                "RQC-S053",
                "The specification only reports unlisted tests, for which an extended one holds the batch.",
                ("unlisted_tests",),
                got="report",
                expected="hold",
                action="Remove unlisted_tests.",
            )

    def _entries(self, name: str, entries: tuple[_Entry, ...]) -> list[tuple[_Entry, Path]]:
        return list(zip(entries, self.draft.places.get(name, ()), strict=True))

    def _same_identifier(self, what: str, identifier: str, path: Path, first: Path) -> None:
        self._add(
            "RQC-S043",
            f"Two {what} have one identifier.",
            (*path, "id"),
            got=identifier,
            expected=f"an identifier of its own; the first stands at {self.draft.place(*first)}",
            action="Rename or remove one of them.",
        )

    def _other_product(self, path: Path, got: str, expected: str) -> None:
        self._add(
            "RQC-S047",
            "The product differs from that of an extended specification.",
            path,
            got=got,
            expected=expected,
            action="Extend a pack that speaks about this product.",
        )

    def _add(self, code: str, what: str, path: Path, *, got: str, action: str, expected: str = "") -> None:
        where = self.draft.place(*path)
        self.faults.append(Fault(code=code, what=what, where=where, got=got, expected=expected, action=action))


def _normal(requirement: Requirement) -> Requirement:
    """Return the requirement with one form for what has one meaning: no rounding is the absence of rounding."""
    if requirement.rounding == "none":
        return requirement.model_copy(update={"rounding": None})
    return requirement
