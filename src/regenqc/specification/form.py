"""The form of a specification: what it has in common with others that differ in numbers and in words for people.

It is made once, when a specification is read; whoever judges by thousands of them compares two digests instead of
hundreds of thousands of requirements.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from regenqc.measurement.limits import is_plain_decimal
from regenqc.specification.attributes import attributes_asked
from regenqc.specification.criteria import criteria_of, limit_as_written
from regenqc.specification.limit_numbers import limit_numbers
from regenqc.specification.model import Control
from regenqc.vocabulary import Replicates, Stage

if TYPE_CHECKING:
    from regenqc.specification.model import LimitText, Specification

__all__ = ["SAID_ONLY", "SpecificationForm", "form_of"]

# Keys of a requirement that are for people: nothing is judged by them.
SAID_ONLY: Final = frozenset({"title", "method", "consequences", "force", "citation", "edition", "reason"})

_NUMBERS: Final = dict.fromkeys(("min", "max", "min_exclusive", "max_exclusive"), True)
_OF_LIMITS: Final[dict[str, Any]] = {"limit": _NUMBERS, "alert": _NUMBERS}
_OF_EACH: Final[dict[str, Any]] = {"__all__": _OF_LIMITS}
_ALL_NUMBERS: Final[dict[str, Any]] = {
    **_OF_LIMITS,
    "any_of": _OF_EACH,
    "all_of": _OF_EACH,
    "n_of_m": {"of": _OF_EACH},
    "controls": _OF_EACH,
}
_NUMBERS_AND_SAID: Final[dict[str, Any]] = _ALL_NUMBERS | dict.fromkeys(SAID_ONLY, True)


@dataclass(frozen=True, slots=True)
class SpecificationForm:
    """What is known of a specification without looking at its requirements.

    Args:
        digest: of everything that batches are judged by, but the numbers of limits and the product.
        wording: of the same and of what is written for people; two specifications with one wording differ in the numbers of
            limits, the product and what they are called.
        stages: that have requirements, in the order in which a batch passes them.
        asked: attributes that batches are asked for, beside those of the product.
        selecting: attributes by which requirements are selected.
        numbers: the bytes of `LIMIT_NUMBERS` of every criterion, in the order of `criteria_of`.
        limits: of every criterion in words; empty without a limit, or where its numbers are not plain.
    """

    digest: bytes
    wording: bytes
    stages: tuple[Stage, ...]
    asked: frozenset[str]
    selecting: frozenset[str]
    numbers: bytes
    limits: tuple[str, ...]


def form_of(specification: Specification) -> SpecificationForm:
    """Return the form of a specification.

    Example:
        >>> from regenqc.specification import load_specification
        >>> form = form_of(load_specification("example/car-t-ari-0001"))
        >>> form.digest == load_specification("example/car-t-ari-0001").form.digest, form.digest == form.wording
        (True, False)
    """
    requirements = specification.requirements
    whole = json.dumps(
        [
            sorted((name, sorted(values)) for name, values in specification.attributes.items()),
            str(specification.valid_from),
            str(specification.valid_to),
            specification.unlisted_tests,
            [entry.model_dump_json() for entry in specification.derived],
            # These numbers are read by more than the kernel, which looks up those of each specification.
            [
                entry.limit.model_dump_json()
                for entry in requirements
                if entry.replicates is Replicates.N_OF_M and entry.limit is not None
            ],
        ]
    )
    judged = [entry.model_dump_json(exclude=_NUMBERS_AND_SAID) for entry in requirements]
    worded = [entry.model_dump_json(exclude=_ALL_NUMBERS) for entry in requirements]
    stages = {requirement.stage for requirement in requirements}
    criteria = [(criterion, requirement) for requirement in requirements for criterion in criteria_of(requirement)]
    return SpecificationForm(
        digest=_digest(whole, judged),
        wording=_digest(whole, worded),
        stages=tuple(stage for stage in Stage if stage in stages),
        asked=attributes_asked(specification),
        selecting=frozenset(name for requirement in requirements for name in requirement.when),
        numbers=limit_numbers(
            [
                (criterion, None if isinstance(criterion, Control) else requirement.rounding)
                for criterion, requirement in criteria
            ]
        ).tobytes(),
        limits=tuple(_in_words(criterion.limit) for criterion, _ in criteria),
    )


def _in_words(limit: LimitText | None) -> str:
    # Others have to be read, which is for those who ask for them.
    numbers = () if limit is None else (limit.min, limit.max, limit.min_exclusive, limit.max_exclusive)
    is_plain = all(number is None or is_plain_decimal(number) for number in numbers)
    return limit_as_written(limit) if limit is not None and is_plain else ""


def _digest(whole: str, requirements: list[str]) -> bytes:
    return hashlib.sha256(json.dumps([whole, requirements]).encode()).digest()
