"""Audit packs: every requirement has a source that says what the requirement says, and is as good as it claims.

A pack is only as trustworthy as its weakest line. The audit compares each requirement with the register of sources: no
requirement without citation, edition and mark, none with a better mark than its source, and no number that its source
does not give.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from regenqc.errors import Fault
from regenqc.specification.sources import cited_sources
from regenqc.vocabulary import Mark, OnFail

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from regenqc.specification.model import Criterion, LimitText, Requirement, Specification
    from regenqc.specification.sources import Source
    from regenqc.vocabulary import Force

__all__ = ["PackAudit", "audit_pack", "list_packs", "numbers_of"]

_RANK: Final = {Mark.VERIFIED: 0, Mark.SECONDARY: 1, Mark.UNVERIFIED: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class PackAudit:
    """What one pack consists of, and what is wrong with it.

    Args:
        specification: the pack after inheritance.
        counts: requirements by mark and force.
        unset: identifiers of the requirements whose limit the sponsor has to set.
        faults: in the order of the requirements.
    """

    specification: Specification
    counts: Mapping[tuple[Mark, Force], int]
    unset: tuple[str, ...]
    faults: tuple[Fault, ...]


def audit_pack(specification: Specification, *, sources: Mapping[str, Source]) -> PackAudit:
    """Compare every requirement of a pack with the register of sources.

    Args:
        specification: a pack, after inheritance.
        sources: the register, by identifier.

    Returns:
        Counts and faults. Codes: RQC-S071 nothing cited, RQC-S072 no edition, RQC-S073 a better mark or a stronger claim
        than the source allows, RQC-S074 a number that no cited source gives, RQC-S075 a limit that nobody has verified
        and that could not keep a batch from being eligible.

    Example:
        >>> from regenqc.specification import load_specification
        >>> from regenqc.specification.sources import load_sources
        >>> audit_pack(load_specification("int/microbiology"), sources=load_sources()).faults
        ()
    """
    return PackAudit(
        specification=specification,
        counts=dict(Counter((entry.mark, entry.force) for entry in specification.requirements)),
        unset=tuple(entry.id for entry in specification.requirements if entry.sponsor_must_set),
        faults=tuple(fault for entry in specification.requirements for fault in _faults(specification, entry, sources)),
    )


def numbers_of(requirement: Requirement) -> tuple[str, ...]:
    """Return every number that a requirement asks for, with its unit, as the register of sources writes it.

    Example:
        >>> from regenqc.specification.model import LimitText, Requirement
        >>> numbers_of(Requirement(id="viability", limit=LimitText(min="70", unit="%"), due="14 d"))
        ('70 %', '14 d')
    """
    found = [number for limit in _limits(requirement) for number in _numbers(limit)]
    if requirement.karyotype is not None:
        found.append(f"{requirement.karyotype.min_metaphases} metaphases")
    if requirement.agreement is not None:
        agreement = requirement.agreement
        found.append(f"{agreement.relative} %" if agreement.relative else f"{agreement.absolute} {agreement.unit}")
        found += [f"{agreement.confidence} confidence"] if agreement.confidence else []
    found += [requirement.due] if requirement.due else []
    found += [entry.within for entry in requirement.consequences if entry.within]
    return tuple(dict.fromkeys(found))


def _limits(requirement: Requirement) -> Iterator[LimitText]:
    parts: list[Criterion] = [
        requirement,
        *(requirement.any_of or ()),
        *(requirement.all_of or ()),
        *requirement.controls,
    ]
    parts += requirement.n_of_m.of if requirement.n_of_m else ()
    for entry in parts:
        yield from (limit for limit in (entry.limit, entry.alert) if limit is not None)


def _numbers(limit: LimitText) -> Iterator[str]:
    for number in (limit.min, limit.min_exclusive, limit.max, limit.max_exclusive):
        if number is not None:
            yield f"{number} {limit.unit}".strip()


def _faults(specification: Specification, entry: Requirement, sources: Mapping[str, Source]) -> Iterator[Fault]:
    where = f"{specification.id} {entry.id}"
    named = cited_sources(entry.citation)
    known = [sources[name] for name in named if name in sources]
    unknown = [name for name in named if name not in sources]
    if not known or unknown:
        yield _fault(
            "RQC-S071", "The requirement cites no source of the register.", where, got=entry.citation or "nothing"
        )
        return
    if not entry.edition.strip():
        yield _fault("RQC-S072", "The requirement states no edition.", where, expected=known[0].edition)
    best = min(_RANK[source.mark] for source in known)
    if _RANK[entry.mark] < best or "mark" not in entry.model_fields_set:
        yield _fault(
            "RQC-S073",
            "The requirement claims a better mark than its source has.",
            where,
            got=str(entry.mark),
            expected=", ".join(f"{source.id}: {source.mark}" for source in known),
        )
    if entry.force not in {source.force for source in known} and entry.force.value not in {"guidance", "typical"}:
        yield _fault(
            "RQC-S073",
            "The requirement claims another force than its source has.",
            where,
            got=str(entry.force),
            expected=", ".join(f"{source.id}: {source.force}" for source in known),
        )
    for number in numbers_of(entry):
        given_by = [source for source in known if number in source.numbers]
        if not given_by:
            yield _fault(
                "RQC-S074",
                "A number stands in the pack that its source does not give.",
                where,
                got=number,
                expected=", ".join(sorted({given for source in known for given in source.numbers})) or "no number",
            )
        elif _RANK[entry.mark] < min(_RANK[source.mark] for source in given_by):
            yield _fault(
                "RQC-S073",
                "The requirement claims a better mark than the source of its number has.",
                where,
                got=f"{number}: {entry.mark}",
                expected=", ".join(f"{source.id}: {source.mark}" for source in given_by),
            )
    if entry.mark is Mark.UNVERIFIED and entry.criterion != "report_only" and entry.consequence is OnFail.REPORT:
        yield _fault(
            "RQC-S075",
            "A criterion that nobody has verified is only reported.",
            where,
            got='on_fail = "report"',
            expected="hold or reject, so that it keeps a batch from being eligible",
        )


def _fault(code: str, what: str, where: str, *, got: str = "", expected: str = "") -> Fault:
    return Fault(
        code=code, what=what, where=where, got=got, expected=expected, action="Correct the pack, or read the source."
    )


def list_packs(identifiers: Sequence[str]) -> tuple[str, ...]:
    """Return the identifiers that name packs: those of a jurisdiction, not the examples.

    Example:
        >>> list_packs(["example/car-t-ari-0001", "jp/asrm-class-1"])
        ('jp/asrm-class-1',)
    """
    return tuple(name for name in identifiers if name.partition("/")[0] in {"int", "us", "eu", "jp", "kr", "cn"})
