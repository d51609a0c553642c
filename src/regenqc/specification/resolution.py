"""Resolve the text of a specification: read it and what it extends, merge, check, fingerprint."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from regenqc.errors import Fault, SpecificationError
from regenqc.specification.checks import (
    CONTEXT_CODES,
    check_product,
    check_requirement,
    check_validity,
    known_attributes,
)
from regenqc.specification.derived_checks import check_derived, check_derived_units
from regenqc.specification.document import Draft, read_document
from regenqc.specification.fingerprint import canonical_content, fingerprint_specification
from regenqc.specification.lookup import find_specification, is_version, not_found, read_text
from regenqc.specification.merging import Merger
from regenqc.specification.model import Specification
from regenqc.specification.second_methods import check_second_methods
from regenqc.vocabulary import OnFail, Stage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from regenqc.specification.model import Derived, Requirement, SpecificationDocument
    from regenqc.toml_places import Path as KeyPath

__all__ = ["Resolver"]


@dataclass(slots=True, kw_only=True)
class Resolver:
    """Resolve one text and everything it extends; faults are collected, those of a file in the order of its lines.

    Args:
        roots: directories searched for what is extended, before the packaged ones.
        faults: of all files so far.
    """

    roots: Sequence[Path]
    faults: list[Fault] = field(default_factory=list)
    _known: dict[Path, Specification | None] = field(default_factory=dict)

    def resolve(self, text: str, *, source: str, chain: tuple[str, ...] = ()) -> Specification | None:
        """Return the specification, or `None` when it has faults, or a file that it extends has.

        Args:
            text: TOML.
            source: how to name it in faults.
            chain: identifiers of the files that led here; the last one is that of this text, when it has been asked for
                by identifier.
        """
        draft = read_document(text, source=source)
        faults = [*draft.faults]
        before = len(self.faults)
        resolved = None
        if draft.document is not None:
            if chain and chain[-1] != draft.document.id and ("id",) in draft.lines:
                faults.append(_other_identifier(draft, chain[-1]))
            resolved = self._resolve(draft, draft.document, text, faults, chain or (draft.document.id,))
        own = sorted(faults, key=lambda fault: _line(fault, source))
        self.faults[before:before] = own  # before those of what it extends
        return None if own else resolved

    def _resolve(
        self, draft: Draft, document: SpecificationDocument, text: str, faults: list[Fault], chain: tuple[str, ...]
    ) -> Specification | None:
        parents = self._parents(draft, document, faults, chain)
        complete = len(parents) == len(document.extends) and () not in draft.incomplete
        merger = Merger(draft=draft, document=document, parents=parents, complete=complete, faults=faults)
        requirements, places = merger.requirements()
        derived, derived_places = merger.derived()
        product = merger.product()
        attributes = merger.attributes()
        merger.check_unlisted_tests()
        known = known_attributes(attributes)
        computed = {entry.id for entry in derived}
        for requirement in requirements:
            if (path := places.get(requirement.id)) is not None:
                faults += _requirement_faults(draft, requirement, path, known, computed=computed, complete=complete)
        for entry in derived:
            if (path := derived_places.get(entry.id)) is not None:
                faults += _derived_faults(draft, entry, path, derived)
        if complete:
            faults += check_product(document.product, attributes=known, place=draft.place)
        if not faults:
            faults += check_validity(document, requirements, own=places, place=draft.place)
            faults += check_derived_units(derived, requirements, own=derived_places, place=draft.place)
            faults += check_second_methods(requirements, own=places, place=draft.place)
        if complete and not requirements and not faults:
            faults.append(_no_requirement(draft))
        # A pack may leave everything to those who extend it.
        if complete and not faults and len(chain) == 1:
            faults += _stages_that_judge_nothing(draft, requirements)
        if faults or not complete:
            return None
        removed = tuple(entry for parent in parents for entry in parent.removed) + document.removed
        extends = tuple(dict.fromkeys(line for parent in parents for line in (*parent.extends, _line_of(parent))))
        content = canonical_content(
            document,
            requirements=requirements,
            derived=derived,
            removed=removed,
            product=product,
            attributes=attributes,
            extends=extends,
        )
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
            attributes=known,
            removed=removed,
            requirements=tuple(requirements),
            derived=tuple(derived),
            extends=extends,
            fingerprint=fingerprint_specification(content),
            source=draft.source,
            text=text,
        )

    def _parents(
        self, draft: Draft, document: SpecificationDocument, faults: list[Fault], chain: tuple[str, ...]
    ) -> list[Specification]:
        parents: list[Specification] = []
        for index, reference in enumerate(document.extends):
            where = draft.place("extends", index)
            identifier, _, version = reference.partition("@")
            if identifier in chain:
                faults.append(
                    Fault(
                        code="RQC-S041",
                        what="Specifications extend each other in a circle.",
                        where=where,
                        got=" → ".join((*chain[chain.index(identifier) :], identifier)),
                        expected="a chain that ends",
                        action="Remove one of the extends.",
                    )
                )
                continue
            path = find_specification(identifier, roots=self.roots)
            if path is None:
                faults.append(not_found(identifier, where=where, roots=self.roots))
                continue
            if path not in self._known:
                self._known[path] = self._read(path, (*chain, identifier))
            parent = self._known[path]
            if parent is None:
                continue
            if not is_version(parent.version, version):
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

    def _read(self, path: Path, chain: tuple[str, ...]) -> Specification | None:
        try:
            text = read_text(path)
        except SpecificationError as error:
            self.faults.extend(error.faults)
            return None
        return self.resolve(text, source=str(path), chain=chain)


def _requirement_faults(
    draft: Draft,
    requirement: Requirement,
    path: KeyPath,
    attributes: dict[str, frozenset[str]],
    *,
    computed: set[str],
    complete: bool,
) -> list[Fault]:
    """Return the faults of one requirement; where a part of it could not be read, only those that stand without it."""
    found = check_requirement(
        requirement, attributes=attributes, place=lambda *keys: draft.place(*path, *keys), computed=computed
    )
    if complete and path not in draft.incomplete:
        return list(found)
    return [fault for fault in found if fault.code not in CONTEXT_CODES]


def _derived_faults(draft: Draft, entry: Derived, path: KeyPath, derived: Sequence[Derived]) -> list[Fault]:
    others = {other.id for other in derived}
    return list(check_derived(entry, place=lambda *keys: draft.place(*path, *keys), others=others))


def _no_requirement(draft: Draft) -> Fault:
    return Fault(
        code="RQC-S040",
        what="The specification has no requirement.",
        where=draft.place(),
        got="no [[requirement]]",
        expected="at least one [[requirement]]",
        action="Add requirements; an empty specification would make nothing eligible.",
    )


# A batch that is eligible at one of these is used: put into a bank, processed further, released or given.
_RELEASING: Final = frozenset(
    {
        Stage.CELL_BANK,
        Stage.DRUG_SUBSTANCE,
        Stage.DRUG_PRODUCT_RELEASE,
        Stage.HOSPITAL_RECEIPT,
        Stage.ADMINISTRATION,
    }
)


def _stages_that_judge_nothing(draft: Draft, requirements: Sequence[Requirement]) -> list[Fault]:
    stages: dict[Stage, bool] = {}
    for requirement in requirements:
        judges = not requirement.report_only and requirement.on_fail is not OnFail.REPORT
        if requirement.stage is not None:
            stages[requirement.stage] = stages.get(requirement.stage, False) or judges
    bare = [
        stage for stage, judged in stages.items() if not judged and (stage in _RELEASING or not any(stages.values()))
    ]
    return [
        Fault(
            code="RQC-S051",
            what=f"Nothing that is reported at the stage {stage} can keep a batch from being eligible.",
            where=draft.place(),
            got='only requirements with report_only or on_fail = "report"',
            expected="at least one requirement that holds or rejects the batch",
            action="Add what must conform at this stage, or leave the stage out of this specification.",
        )
        for stage in bare
    ]


def _other_identifier(draft: Draft, expected: str) -> Fault:
    assert draft.document is not None  # noqa: S101 - the caller has read it
    return Fault(
        code="RQC-S050",
        what="The identifier of the file is not the one under which it was found.",
        where=draft.place("id"),
        got=draft.document.id,
        expected=expected,
        action="Correct the identifier, or move the file.",
    )


def _line_of(parent: Specification) -> str:
    return f"{parent.id}@{parent.version} {parent.fingerprint}"


def _line(fault: Fault, source: str) -> int:
    found = re.match(r":([0-9]+)", fault.where.removeprefix(source))
    return int(found[1]) if found else 0
