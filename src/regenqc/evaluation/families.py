"""Judge specifications of one form together: they differ in numbers, names and sources, and in the product they are for.

A process that makes thousands of products has thousands of specifications of one form. Everything but the limits is the
same for all of them: which tests are judged at which stage, by which kind of criterion, with what consequence. Such
specifications are one *family*; a batch belongs to one member of it, by the value of one product attribute.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from regenqc.specification.model import Specification

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


def _form(specification: Specification, attribute: str) -> object:
    """Return what must be equal for two specifications to be of one form, `None` where the attribute does not tell."""
    form = specification.form
    if attribute not in specification.product or attribute in specification.attributes or attribute in form.selecting:
        return None
    return form.digest, tuple(
        sorted((name, value) for name, value in specification.product.items() if name != attribute)
    )
