"""Load a specification by identifier, path or text: read, inherit, check, fingerprint.

All faults of the file, and of everything it extends, are collected before anything is raised.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from regenqc.errors import Fault, SpecificationError
from regenqc.resources import packaged_path
from regenqc.specification.checks import check_derived, check_requirement, known_attributes
from regenqc.specification.document import describe_place, read_document
from regenqc.specification.inheritance import merge_requirement
from regenqc.specification.model import Requirement, Specification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from regenqc.specification.model import Derived, Removal, SpecificationDocument

__all__ = ["fingerprint_specification", "list_specifications", "load_specification", "parse_specification"]


def load_specification(reference: str | Path, *, roots: Sequence[Path] = ()) -> Specification:
    """Load one specification.

    Args:
        reference: a file, or an identifier such as `example/car-t-ari-0001` with or without `@version`.
        roots: directories searched for identifiers before the packaged ones.

    Raises:
        SpecificationError: not found, or any fault in it or in what it extends.

    Example:
        >>> load_specification("example/car-t-ari-0001").jurisdiction.value
        'EU'
    """
    path = _find(str(reference), roots)
    if path is None:
        raise SpecificationError(_not_found(str(reference), where="", roots=roots))
    return parse_specification(_read_text(path), source=str(path), roots=(*roots, *_roots_of(path)))


def parse_specification(text: str, *, source: str = "<text>", roots: Sequence[Path] = ()) -> Specification:
    """Resolve the text of one specification.

    Args:
        text: TOML as in the specification format.
        source: how to name it in messages.
        roots: directories searched for what it extends, before the packaged ones.

    Raises:
        SpecificationError: with every fault found.

    Example:
        >>> parse_specification("schema = 1")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        ...
        regenqc.errors.SpecificationError: RQC-S004 A value is not what its key takes. ...
    """
    faults: list[Fault] = []
    resolved = _resolve(text, source=source, roots=roots, chain=(), faults=faults)
    if faults or resolved is None:
        raise SpecificationError(*_in_order(faults))
    return resolved


def list_specifications(*, roots: Sequence[Path] = ()) -> list[tuple[str, Path]]:
    """Return the identifiers and files of every specification found, sorted by identifier.

    Example:
        >>> "example/car-t-ari-0001" in dict(list_specifications())
        True
    """
    found: dict[str, Path] = {}
    for root in (*roots, packaged_path("specs")):
        for path in sorted(root.rglob("*.toml")):
            found.setdefault(path.relative_to(root).with_suffix("").as_posix(), path)
    return sorted(found.items())


def fingerprint_specification(content: dict[str, Any]) -> str:
    """Return the fingerprint of a canonical form: sorted keys, no blanks, keys at their default left out.

    Example:
        >>> fingerprint_specification({"id": "a"})[:14]
        'sha256:d1b3a58'
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Origin:
    """Where the requirements of one file stand, for messages."""

    source: str
    lines: dict[tuple[str | int, ...], int]

    def place(self, *path: str | int) -> str:
        return describe_place(self.source, path, self.lines)


def _resolve(
    text: str, *, source: str, roots: Sequence[Path], chain: tuple[str, ...], faults: list[Fault]
) -> Specification | None:
    document, own_faults, lines = read_document(text, source=source)
    faults.extend(own_faults)
    if document is None:
        return None
    origin = _Origin(source, lines)
    before = len(faults)
    parents = _load_parents(document, origin, roots=roots, chain=(*chain, document.id), faults=faults)
    requirements, positions = _merge_requirements(document, parents, origin, faults)
    attributes = {
        name: tuple(sorted(values)) for parent in parents for name, values in parent.attributes.items()
    } | document.attributes
    for requirement in requirements:
        path = positions.get(requirement.id)
        if path is not None:
            faults.extend(
                check_requirement(
                    requirement,
                    attributes=known_attributes(attributes),
                    place=lambda *keys, path=path: origin.place(*path, *keys),
                )
            )
    derived = _merge_derived(document, parents, origin, faults)
    product = _merge_product(document, parents, origin, faults)
    if not requirements and len(faults) == before:
        faults.append(
            Fault(
                code="RQC-S040",
                what="The specification has no requirement.",
                where=origin.place(),
                expected="at least one [[requirement]]",
                action="Add requirements; an empty specification would make nothing eligible.",
            )
        )
    if document.valid_from and document.valid_to and document.valid_from > document.valid_to:
        faults.append(
            Fault(code="RQC-S021", what="The validity ends before it begins.", where=origin.place("valid_to"))
        )
    if len(faults) > before:
        return None
    removed = tuple(entry for parent in parents for entry in parent.removed) + document.removed
    extends = tuple(
        dict.fromkeys(
            line
            for parent in parents
            for line in (*parent.extends, f"{parent.id}@{parent.version} {parent.fingerprint}")
        )
    )
    content = document.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {
        "requirement": [entry.model_dump(mode="json", exclude_defaults=True) for entry in requirements],
        "derived": [entry.model_dump(mode="json", exclude_defaults=True) for entry in derived],
        "removed": [entry.model_dump(mode="json") for entry in removed],
        "product": product,
        "attributes": {name: sorted(values) for name, values in attributes.items()},
        "extends": list(extends),
    }
    return Specification(
        id=document.id,
        version=document.version,
        title=document.title,
        jurisdiction=document.jurisdiction,
        pathway=document.pathway,
        valid_from=document.valid_from,
        valid_to=document.valid_to,
        unlisted_tests=document.unlisted_tests,
        product=product,
        attributes=known_attributes(attributes),
        removed=removed,
        requirements=tuple(requirements),
        derived=tuple(derived),
        extends=extends,
        fingerprint=fingerprint_specification(content),
        source=source,
    )


def _load_parents(
    document: SpecificationDocument,
    origin: _Origin,
    *,
    roots: Sequence[Path],
    chain: tuple[str, ...],
    faults: list[Fault],
) -> list[Specification]:
    parents: list[Specification] = []
    for index, reference in enumerate(document.extends):
        where = origin.place("extends", index)
        identifier, _, version = reference.partition("@")
        if identifier in chain:
            cycle = " → ".join((*chain[chain.index(identifier) :], identifier))
            faults.append(
                Fault(
                    code="RQC-S041",
                    what="Specifications extend each other in a circle.",
                    where=where,
                    got=cycle,
                    expected="a chain that ends",
                    action="Remove one of the extends.",
                )
            )
            continue
        path = _find(identifier, roots)
        if path is None:
            faults.append(_not_found(identifier, where=where, roots=roots))
            continue
        parent = _resolve(_read_text(path), source=str(path), roots=roots, chain=chain, faults=faults)
        if parent is None:
            continue
        if version and parent.version.split(".")[: len(version.split("."))] != version.split("."):
            faults.append(
                Fault(
                    code="RQC-S042",
                    what="The extended specification has another version.",
                    where=where,
                    got=f"{parent.id}@{parent.version}",
                    expected=reference,
                    action="Extend the version you have assessed.",
                )
            )
            continue
        parents.append(parent)
    return parents


def _merge_requirements(
    document: SpecificationDocument, parents: list[Specification], origin: _Origin, faults: list[Fault]
) -> tuple[list[Requirement], dict[str, tuple[str | int, ...]]]:
    merged: dict[str, Requirement] = {}
    inherited: dict[str, list[Requirement]] = {}
    for parent in parents:
        for requirement in parent.requirements:
            inherited.setdefault(requirement.id, []).append(requirement)
            merged.setdefault(requirement.id, requirement)
    positions: dict[str, tuple[str | int, ...]] = {}
    for index, written in enumerate(document.requirement):
        path: tuple[str | int, ...] = ("requirement", index)
        if written.id in positions:
            faults.append(
                Fault(
                    code="RQC-S043",
                    what="Two requirements have one identifier.",
                    where=origin.place(*path, "id"),
                    got=written.id,
                    expected=f"an identifier of its own; the first stands at {origin.place(*positions[written.id])}",
                    action="Rename one of them.",
                )
            )
            continue
        positions[written.id] = path
        own = written
        if own.limit is not None and own.rounding is None and document.rounding != "none":
            own = own.model_copy(update={"rounding": document.rounding})
        for requirement in inherited.get(own.id, ()):
            merged[own.id], loosened = merge_requirement(requirement, own, where=origin.place(*path))
            faults.extend(loosened)
        if own.id not in inherited:
            merged[own.id] = _round_parts(own, document.rounding)
    for identifier, versions in inherited.items():
        if identifier not in positions and any(version != versions[0] for version in versions):
            faults.append(
                Fault(
                    code="RQC-S044",
                    what=f"Two extended specifications define requirement '{identifier}' differently.",
                    where=origin.place("extends"),
                    expected="a definition in this specification that is at least as strict as both",
                    action="Define the requirement here.",
                )
            )
    for index, removal in enumerate(document.removed):
        if merged.pop(removal.id, None) is None or removal.id in positions:
            faults.append(
                Fault(
                    code="RQC-S045",
                    what="A removal names no inherited requirement.",
                    where=origin.place("removed", index),
                    got=removal.id,
                    expected=", ".join(sorted(set(inherited))) or "an inherited requirement",
                    action="Correct the identifier.",
                )
            )
    return list(merged.values()), positions


def _round_parts(requirement: Requirement, rounding: str) -> Requirement:
    if requirement.rounding is None and rounding != "none":
        return requirement.model_copy(update={"rounding": rounding})
    return requirement


def _merge_derived(
    document: SpecificationDocument, parents: list[Specification], origin: _Origin, faults: list[Fault]
) -> list[Derived]:
    merged: dict[str, Derived] = {entry.id: entry for parent in parents for entry in parent.derived}
    for index, entry in enumerate(document.derived):
        if merged.get(entry.id, entry) != entry:
            faults.append(
                Fault(
                    code="RQC-S046",
                    what="A derived result differs from the inherited one of the same identifier.",
                    where=origin.place("derived", index),
                    got=entry.id,
                    action="Give it another identifier.",
                )
            )
        merged[entry.id] = entry
        faults.extend(check_derived(entry, place=lambda *keys, index=index: origin.place("derived", index, *keys)))
    return list(merged.values())


def _merge_product(
    document: SpecificationDocument, parents: list[Specification], origin: _Origin, faults: list[Fault]
) -> dict[str, str]:
    product: dict[str, str] = {}
    for parent in parents:
        product |= parent.product
    for name, value in document.product.items():
        if product.get(name, value) != value:
            faults.append(
                Fault(
                    code="RQC-S047",
                    what="The product differs from that of an extended specification.",
                    where=origin.place("product", name),
                    got=value,
                    expected=product[name],
                    action="Extend a pack that speaks about this product.",
                )
            )
        product[name] = value
    return product


def _find(reference: str, roots: Sequence[Path]) -> Path | None:
    path = Path(reference)
    if path.suffix == ".toml":
        return path if path.is_file() else None
    identifier = reference.partition("@")[0]
    if not identifier or ".." in identifier.split("/"):
        return None
    for root in (*roots, packaged_path("specs")):
        candidate = root / f"{identifier}.toml"
        if candidate.is_file():
            return candidate
    return None


def _roots_of(path: Path) -> tuple[Path, ...]:
    """Return the directories beside and above a file in which what it extends may stand."""
    parents = path.resolve().parents
    return tuple(parents[:3])


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecificationError(
            Fault(
                code="RQC-S048",
                what="The specification cannot be read.",
                where=str(path),
                got=str(error),
                expected="a UTF-8 text file",
                action="Check the file and its permissions.",
            )
        ) from error


def _not_found(reference: str, *, where: str, roots: Sequence[Path]) -> Fault:
    import difflib  # noqa: PLC0415 - only on the way to an error

    known = [identifier for identifier, _ in list_specifications(roots=roots)]
    near = difflib.get_close_matches(reference, known, n=1, cutoff=0.4)
    return Fault(
        code="RQC-S049",
        what="There is no such specification.",
        where=where,
        got=reference,
        expected=f"did you mean '{near[0]}'" if near else "a .toml file or one of the identifiers of `regenqc spec list`",
        action="Run `regenqc spec list`.",
    )


def _in_order(faults: list[Fault]) -> list[Fault]:
    return list(dict.fromkeys(faults))
