"""Judge specifications of one form together: they differ in numbers, names and sources, and in the product they are for.

A process that makes thousands of products has thousands of specifications of one form. Everything but the limits is the
same for all of them: which tests are judged at which stage, by which kind of criterion, with what consequence. Such
specifications are one *family*; a batch belongs to one member of it, by the value of one product attribute.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from regenqc.vocabulary import Replicates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from regenqc.specification.model import AlternativePart, Control, LimitText, Requirement, Specification

__all__ = ["Family", "families_of", "single_families"]


@dataclass(frozen=True, slots=True)
class Family:
    """Specifications of one form.

    Args:
        members: indices of the specifications, the first of which stands for the form.
        attribute: product attribute that tells the members apart; empty for a single member.
        member_of: position among the members by value of that attribute.
    """

    members: tuple[int, ...]
    attribute: str
    member_of: Mapping[str, int]


def single_families(specifications: Sequence[Specification]) -> tuple[Family, ...]:
    """Return every specification as a family of its own.

    Example:
        >>> single_families([])
        ()
    """
    return tuple(Family((index,), "", {}) for index in range(len(specifications)))


def families_of(specifications: Sequence[Specification], *, is_stated: Callable[[str], bool]) -> tuple[Family, ...]:
    """Return the families of some specifications, in the order of their first members.

    Members have different values of one free product attribute and agree in everything else of the product. They are
    judged together only where every batch states that attribute, so that no batch belongs to two members.

    Args:
        specifications: in the order in which they were given.
        is_stated: whether every batch of the run states an attribute.

    Example:
        >>> from regenqc.specification import load_specification
        >>> specification = load_specification("example/hipsc-bank")
        >>> families_of([specification], is_stated=lambda name: False)
        (Family(members=(0,), attribute='', member_of={}),)
    """
    attribute = _telling_attribute(specifications)
    if not is_stated(attribute):
        return single_families(specifications)
    forms: dict[object, list[int]] = {}
    for index, specification in enumerate(specifications):
        forms.setdefault(_form(specification, attribute) or index, []).append(index)
    families = tuple(_family(members, specifications, attribute) for members in forms.values())
    # Limits are looked up by one member per batch.
    several = [family for family in families if len(family.members) > 1]
    shared = Counter(value for family in several for value in family.member_of)
    if any(len(family.member_of) < len(family.members) for family in several) or any(
        count > 1 for count in shared.values()
    ):
        return single_families(specifications)
    return families


def _family(members: list[int], specifications: Sequence[Specification], attribute: str) -> Family:
    if len(members) == 1:
        return Family((members[0],), "", {})
    values = {specifications[index].product[attribute]: position for position, index in enumerate(members)}
    return Family(tuple(members), attribute, values)


def _telling_attribute(specifications: Sequence[Specification]) -> str:
    """Return the product attribute with the most values, empty where there is none."""
    values: dict[str, set[str]] = {}
    for specification in specifications:
        for name, value in specification.product.items():
            values.setdefault(name, set()).add(value)
    return max(values, key=lambda name: (len(values[name]), name), default="")


_SAME: Final = attrgetter(
    "id",
    "test",
    "stage",
    "methods",
    "one_of",
    "none_of",
    "karyotype",
    "identity",
    "agreement",
    "evidence",
    "report_only",
    "sponsor_must_set",
    "rounding",
    "replicates",
    "replicates_conforming",
    "replicates_total",
    "timing",
    "due",
    "on_fail",
    "accept_preliminary",
    "retests",
    "mark",
    "valid_from",
    "valid_to",
)


def _form(specification: Specification, attribute: str) -> object:
    """Return what must be equal for two specifications to be of one form, `None` where the attribute does not tell."""
    if attribute not in specification.product or attribute in specification.attributes:
        return None
    if any(attribute in requirement.when for requirement in specification.requirements):
        return None
    return (
        tuple(sorted((name, value) for name, value in specification.product.items() if name != attribute)),
        tuple(sorted((name, tuple(sorted(values))) for name, values in specification.attributes.items())),
        specification.valid_from,
        specification.valid_to,
        specification.unlisted_tests,
        tuple(entry.model_dump_json() for entry in specification.derived),
        tuple(_form_of_requirement(requirement) for requirement in specification.requirements),
    )


def _form_of_requirement(requirement: Requirement) -> object:
    # The numbers of a limit are looked up by member in the kernel, and nowhere else.
    whole = requirement.limit if requirement.replicates is Replicates.N_OF_M else None
    form = (_SAME(requirement), whole, _unit_of(requirement.limit), _unit_of(requirement.alert))
    when, controls, several = requirement.when, requirement.controls, requirement.n_of_m
    any_of, all_of = requirement.any_of, requirement.all_of
    # Most requirements have nothing of the following, and there may be a hundred thousand of them.
    if not (when or controls or several or any_of or all_of):
        return form
    return (
        form,
        tuple(sorted(when.items())),
        _forms_of_parts(any_of or ()),
        _forms_of_parts(all_of or ()),
        (several.n, _forms_of_parts(several.of)) if several is not None else None,
        tuple(entry.column for entry in controls),
        _forms_of_parts(controls),
    )


def _forms_of_parts(parts: Sequence[AlternativePart | Control]) -> object:
    return tuple((part.test, _unit_of(part.limit), _unit_of(part.alert), part.one_of, part.none_of) for part in parts)


def _unit_of(limit: LimitText | None) -> str | None:
    return None if limit is None else limit.unit
