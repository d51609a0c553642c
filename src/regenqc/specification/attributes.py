"""The attributes of batches that specifications select on, compare with or compute with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from regenqc.specification.derived_sources import AttributeSource, read_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from regenqc.specification.model import Requirement, Specification

__all__ = ["attributes_asked", "attributes_used"]

# Dates of a batch that every evaluation asks for.
_ALWAYS = ("manufactured_at", "expires_at")


def attributes_used(specifications: Sequence[Specification]) -> frozenset[str]:
    """Return the names of all attributes that these specifications ask a batch for, units included.

    Example:
        >>> from regenqc.specification import load_specification
        >>> "recipient_weight_unit" in attributes_used([load_specification("example/hipsc-progenitors")])
        True
    """
    # Thousands of specifications mostly ask for the same.
    asked = {specification.form.asked for specification in specifications}
    products = {tuple(specification.product) for specification in specifications}
    return frozenset(_ALWAYS).union(*asked, *products)


def attributes_asked(specification: Specification) -> frozenset[str]:
    """Return the names of the attributes that a specification asks a batch for, but those of the product.

    Args:
        specification: whose requirements and derived results are looked at.
    """
    names: set[str] = set()
    for requirement in specification.requirements:
        names.update(requirement.when)
        names.update(reference[1:] for reference in _references(requirement))
    for derived in specification.derived:
        for source in map(read_source, derived.inputs.values()):
            if isinstance(source, AttributeSource):
                names.update((source.name, f"{source.name}_unit"))
    return frozenset(names)


def _references(requirement: Requirement) -> Iterator[str]:
    found = [
        requirement.identity.equals if requirement.identity else None,
        requirement.karyotype.expected_sex if requirement.karyotype else None,
        requirement.evidence.document if requirement.evidence else None,
        requirement.evidence.valid_until if requirement.evidence else None,
    ]
    yield from (reference for reference in found if reference is not None and reference.startswith("@"))
