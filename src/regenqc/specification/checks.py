"""Check what the keys of a specification mean together; every fault is reported, none is repaired."""

from __future__ import annotations

import difflib
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from regenqc.specification.control_checks import check_consequences, check_controls, check_retests
from regenqc.specification.criterion_checks import COMPOSITE, check_criterion
from regenqc.specification.model import CRITERIA, Requirement
from regenqc.specification.value_checks import fault
from regenqc.vocabulary import ATTRIBUTE_WORDS, Replicates, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from regenqc.errors import Fault
    from regenqc.specification.model import SpecificationDocument

__all__ = [
    "BUILT_IN_REQUIREMENTS",
    "CONTEXT_CODES",
    "check_product",
    "check_requirement",
    "check_validity",
    "known_attributes",
]

BUILT_IN_REQUIREMENTS: Final = ("result_record", "expiry", "specification_validity")

# Faults that say only that something is absent: they prove nothing where a part of the text could not be read.
CONTEXT_CODES: Final = frozenset(
    {
        "RQC-S010",
        "RQC-S012",
        "RQC-S014",
        "RQC-S015",
        "RQC-S017",
        "RQC-S018",
        "RQC-S019",
        "RQC-S027",
        "RQC-S028",
        "RQC-S035",
        "RQC-S057",
    }
)


def check_requirement(
    requirement: Requirement,
    *,
    attributes: Mapping[str, frozenset[str]],
    place: Callable[..., str],
    computed: Collection[str] = (),
) -> Iterator[Fault]:
    """Yield every fault of one complete requirement.

    Args:
        requirement: after inheritance, rounding resolved.
        attributes: closed values of the attributes that `when` may name, built-in ones included.
        place: `place(*keys)` names a key of this requirement as `file:line path`.
        computed: tests whose results are computed.

    Example:
        >>> requirement = Requirement(id="a", stage="donor", limit={"min": "1", "unit": "%"}, citation="x")
        >>> [fault.what for fault in check_requirement(requirement, attributes={}, place=lambda *keys: "a.toml")]
        ['The requirement names no test.']
    """
    yield from _check_completeness(requirement, place)
    yield from _check_policies(requirement, place)
    yield from check_criterion(requirement, place=place)
    yield from check_controls(requirement, place=place, computed=computed)
    yield from check_retests(requirement, place=place)
    yield from check_consequences(requirement, place=place)
    for name, values in requirement.when.items():
        yield from _check_selector(name, values, attributes, lambda *keys, name=name: place("when", name, *keys))


def _check_completeness(requirement: Requirement, place: Callable[..., str]) -> Iterator[Fault]:
    kinds = [name for name in CRITERIA if getattr(requirement, name) is not None]
    if not kinds:
        yield fault(
            "RQC-S010",
            "The requirement has no criterion.",
            place("id"),
            got=requirement.id,
            expected="one of " + ", ".join(CRITERIA),
            action="Add the criterion, or sponsor_must_set = true when the sponsor has to set it.",
        )
    elif kinds not in ([kinds[0]], ["limit", "one_of"]):
        yield fault(
            "RQC-S011",
            "The requirement has several criteria.",
            place(kinds[1]),
            got=", ".join(kinds),
            expected="one criterion, or limit together with one_of",
            action="Split it into several requirements, or use all_of.",
        )
    if requirement.stage is None:
        yield fault("RQC-S014", "The requirement names no stage.", place("id"), got=requirement.id, action="Add stage.")
    needs_test = not any(getattr(requirement, name) is not None for name in (*COMPOSITE, "evidence"))
    if needs_test and requirement.test is None:
        yield fault("RQC-S015", "The requirement names no test.", place("id"), got=requirement.id, action="Add test.")
    if not needs_test and requirement.test is not None:
        yield fault(
            "RQC-S015",
            "A composite or evidence requirement names a test of its own.",
            place("test"),
            got=requirement.test,
            action="Remove test; the parts name theirs.",
        )
    if requirement.id in BUILT_IN_REQUIREMENTS:
        yield fault("RQC-S016", "The identifier is reserved.", place("id"), got=requirement.id, action="Rename it.")
    if not requirement.citation.strip() and requirement.sponsor_must_set is None:
        yield fault(
            "RQC-S017",
            "The requirement cites no source.",
            place("id"),
            got=requirement.id,
            expected="citation",
            action="Cite the document that sets the criterion.",
        )


def _check_policies(requirement: Requirement, place: Callable[..., str]) -> Iterator[Fault]:
    if (requirement.timing is Timing.AFTER_RELEASE) != (requirement.due is not None):
        yield fault(
            "RQC-S018",
            'timing = "after_release" and due belong together.',
            place("due" if requirement.due else "timing"),
            got=f"timing {requirement.timing}, due {requirement.due}",
            expected='for example timing = "after_release" with due = "14 d"',
        )
    if requirement.replicates is not Replicates.EACH and requirement.limit is None:
        yield fault("RQC-S019", "A replicate policy needs a limit.", place("replicates"), action="Add limit.")
    conforming, total = requirement.replicates_conforming, requirement.replicates_total
    stated = conforming is not None or total is not None
    complete = conforming is not None and total is not None and conforming <= total
    if not complete if requirement.replicates is Replicates.N_OF_M else stated:
        yield fault(
            "RQC-S019",
            'replicates = "n_of_m" goes with replicates_conforming and replicates_total, and nothing else does.',
            place("replicates_conforming" if conforming is not None else "replicates"),
            got=f"replicates {requirement.replicates}, {conforming} of {total}",
            expected="for example replicates_conforming = 2, replicates_total = 3",
        )
    if requirement.valid_from and requirement.valid_to and requirement.valid_from > requirement.valid_to:
        yield fault(
            "RQC-S021",
            "The validity ends before it begins.",
            place("valid_to"),
            got=str(requirement.valid_to),
            expected=f"{requirement.valid_from} or later",
        )


def _check_selector(
    name: str, values: tuple[str, ...], attributes: Mapping[str, frozenset[str]], place: Callable[..., str]
) -> Iterator[Fault]:
    if name not in attributes:
        near = difflib.get_close_matches(name, attributes, n=1, cutoff=0.7)
        yield fault(
            "RQC-S027",
            "The values of an attribute used in `when` are not declared.",
            place(),
            got=name,
            expected=f'{f"{near[0]}, or " if near else ""}[attributes] {name} = ["…", "…"] with every value it can take',
            action="Declare them: an undeclared spelling could otherwise switch a requirement off.",
        )
        return
    for index, value in enumerate(values):
        if value not in attributes[name]:
            yield fault(
                "RQC-S028",
                "`when` names a value that the attribute cannot take.",
                place(index),
                got=value,
                expected=", ".join(sorted(attributes[name])),
            )


def check_product(
    product: Mapping[str, str], *, attributes: Mapping[str, frozenset[str]], place: Callable[..., str]
) -> Iterator[Fault]:
    """Yield the product attributes whose value no batch can state, so that the specification would never speak.

    Example:
        >>> check = check_product({"vector": "lenti"}, attributes=ATTRIBUTE_WORDS, place=lambda *keys: "a.toml")
        >>> [fault.got for fault in check]
        ['lenti']
    """
    for name, value in product.items():
        if value not in attributes.get(name, {value}):
            yield fault(
                "RQC-S028",
                "The product has a value that the attribute cannot take.",
                place("product", name),
                got=value,
                expected=", ".join(sorted(attributes[name])),
            )


def check_validity(
    document: SpecificationDocument,
    requirements: Iterable[Requirement],
    *,
    own: Mapping[str, tuple[str | int, ...]],
    place: Callable[..., str],
) -> Iterator[Fault]:
    """Yield faults in the dates: requirements that never apply, and times at which none does.

    Args:
        document: the file.
        requirements: after inheritance.
        own: where the requirements of this file stand, by identifier.
        place: names a key of the file as `file:line path`.
    """
    begin, end = document.valid_from or date.min, document.valid_to or date.max
    if begin > end:
        yield fault(
            "RQC-S021",
            "The validity ends before it begins.",
            place("valid_to"),
            got=str(document.valid_to),
            expected=f"{document.valid_from} or later",
        )
        return
    spans = {entry.id: (entry.valid_from or date.min, entry.valid_to or date.max) for entry in requirements}
    for identifier, path in own.items():
        first, last = spans.get(identifier, (date.min, date.max))
        if first <= last and (first > end or last < begin):
            yield fault(
                "RQC-S036",
                "The requirement is never valid while the specification is.",
                place(*path, "valid_from" if first > end else "valid_to"),
                got=f"{first if first > date.min else '…'} to {last if last < date.max else '…'}",
                expected=f"a time within {document.valid_from or '…'} to {document.valid_to or '…'}",
            )
    moments = {begin, *(last + timedelta(days=1) for _, last in spans.values() if begin <= last < end)}
    for moment in sorted(moments):
        if spans and not any(first <= moment <= last for first, last in spans.values()):
            yield fault(
                "RQC-S036",
                "The specification is valid at a time at which none of its requirements is.",
                place("valid_to" if moment > begin else "valid_from"),
                got="no requirement " + ("at first" if moment == begin else f"from {moment}"),
                expected="at least one valid requirement at any time",
                action="Correct the dates, or limit the validity of the specification.",
            )
            return


def known_attributes(declared: Mapping[str, Iterable[str]]) -> dict[str, frozenset[str]]:
    """Return the closed values of every attribute that `when` may name.

    Example:
        >>> sorted(known_attributes({"size": ("small", "large")})["size"])
        ['large', 'small']
    """
    return ATTRIBUTE_WORDS | {name: frozenset(values) for name, values in declared.items()}
