"""Check what the criterion of a requirement means: its parts, and what it compares with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from regenqc.karyotype import NotUnderstood, read_abnormality
from regenqc.specification.value_checks import check_unit, check_values, fault
from regenqc.vocabulary import Replicates

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from regenqc.errors import Fault
    from regenqc.specification.model import AlternativePart, Karyotype, Requirement

__all__ = ["COMPOSITE", "check_criterion", "composite_parts", "has_numbers"]

COMPOSITE: Final = ("any_of", "all_of", "n_of_m")


def composite_parts(requirement: Requirement) -> dict[str, tuple[AlternativePart, ...]]:
    """Return the parts of the composite criteria that a requirement has, by kind.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> composite_parts(Requirement(id="a", any_of=({"test": "b", "one_of": ("absent",)},)))["any_of"][0].test
        'b'
    """
    found = {
        name: getattr(requirement, name) for name in ("any_of", "all_of") if getattr(requirement, name) is not None
    }
    return found | ({"n_of_m": requirement.n_of_m.of} if requirement.n_of_m is not None else {})


def has_numbers(requirement: Requirement) -> bool:
    """Return whether a limit stands in the requirement or one of its parts, so that rounding means something.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> has_numbers(Requirement(id="a", one_of=("absent",)))
        False
    """
    parts = [part for parts in composite_parts(requirement).values() for part in parts]
    return requirement.limit is not None or any(part.limit is not None for part in parts)


def check_criterion(requirement: Requirement, *, place: Callable[..., str]) -> Iterator[Fault]:
    """Yield every fault in the criterion of one complete requirement.

    Args:
        requirement: after inheritance, rounding resolved.
        place: `place(*keys)` names a key of this requirement as `file:line path`.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> requirement = Requirement(id="a", one_of=("absnt",))
        >>> [fault.expected for fault in check_criterion(requirement, place=lambda *keys: "a.toml")]
        ["did you mean 'absent'"]
    """
    yield from check_values(requirement, requirement.rounding, place)
    for name, parts in composite_parts(requirement).items():
        yield from _check_parts(name, parts, requirement, place)
    if requirement.rounding is not None and not has_numbers(requirement):
        yield fault("RQC-S035", "Rounding has no effect without a limit.", place("rounding"), action="Remove rounding.")
    if requirement.karyotype is not None:
        yield from _check_karyotype(requirement.karyotype, place)
    if requirement.agreement is not None:
        yield from _check_agreement(requirement, place)
    if requirement.identity is not None:
        yield from _check_identity(requirement, place)
    if requirement.replicates is Replicates.N_OF_M and requirement.alert is not None:
        yield fault(
            "RQC-S035",
            "An alert limit has no effect on n of m replicates.",
            place("alert"),
            action="Remove the alert limit, or use another replicate policy.",
        )


def _check_parts(
    name: str, parts: tuple[AlternativePart, ...], requirement: Requirement, place: Callable[..., str]
) -> Iterator[Fault]:
    inside = (name, "of") if name == "n_of_m" else (name,)
    if len(parts) < 2:
        yield fault(
            "RQC-S034",
            "A composite requirement needs at least two parts.",
            place(name),
            got=f"{len(parts)} part",
            expected="two or more parts",
            action="Write the part as a requirement of its own, with test and criterion.",
        )
    if requirement.n_of_m is not None and name == "n_of_m" and requirement.n_of_m.n > len(parts):
        yield fault(
            "RQC-S013",
            "More criteria must conform than are listed.",
            place("n_of_m", "n"),
            got=str(requirement.n_of_m.n),
            expected=f"at most {len(parts)}",
        )
    for index, part in enumerate(parts):
        yield from _check_part(part, requirement.rounding, lambda *keys, index=index: place(*inside, index, *keys))
        earlier = [other for other in parts[:index] if other.test == part.test]
        if part in earlier or (name == "n_of_m" and earlier):
            yield fault(
                "RQC-S034",
                "A part is listed twice, so that one result would count twice.",
                place(*inside, index),
                got=part.test,
                expected="another test" if name == "n_of_m" else "another test or criterion",
                action="Remove one of them.",
            )


def _check_part(part: AlternativePart, rounding: str | None, place: Callable[..., str]) -> Iterator[Fault]:
    kinds = [name for name in ("limit", "one_of", "none_of") if getattr(part, name) is not None]
    if kinds not in (["limit"], ["one_of"], ["none_of"], ["limit", "one_of"]):
        yield fault(
            "RQC-S011",
            "A part of a composite requirement needs one criterion.",
            place(),
            got=", ".join(kinds) or "none",
            expected="limit, one_of, none_of, or limit together with one_of",
        )
    yield from check_values(part, rounding, place)


def _check_karyotype(karyotype: Karyotype, place: Callable[..., str]) -> Iterator[Fault]:
    for index, text in enumerate(karyotype.allow):
        found = read_abnormality(text)
        if isinstance(found, NotUnderstood):
            yield fault(
                "RQC-S038",
                f"An allowed variant is not understood: {found.problem} at character {found.position + 1}.",
                place("karyotype", "allow", index),
                got=text,
                expected=found.expected,
                action="Write it as it stands in a karyotype, for example inv(9)(p12q13).",
            )


def _check_agreement(requirement: Requirement, place: Callable[..., str]) -> Iterator[Fault]:
    agreement = requirement.agreement
    assert agreement is not None  # noqa: S101 - the caller asked
    if (agreement.relative is None) == (agreement.absolute is None):
        yield fault(
            "RQC-S026",
            "agreement takes relative (percent) or absolute.",
            place("agreement"),
            got="both" if agreement.relative else "neither",
            expected='relative = "20"',
        )
    if agreement.stage is requirement.stage:
        yield fault(
            "RQC-S026",
            "agreement compares a stage with itself.",
            place("agreement", "stage"),
            got=str(agreement.stage),
            expected="another stage",
        )
    if agreement.confidence is not None and not 0 < float(agreement.confidence) < 1:
        yield fault(
            "RQC-S026",
            "confidence of an agreement is a share.",
            place("agreement", "confidence"),
            got=agreement.confidence,
            expected='between 0 and 1, as confidence = "0.90"',
        )
    if agreement.absolute is not None:
        yield from check_unit(agreement.unit, place("agreement", "unit"))
    elif agreement.unit:
        yield fault(
            "RQC-S035",
            "A unit has no effect on a relative agreement, which is in percent of the other result.",
            place("agreement", "unit"),
            got=agreement.unit,
            action="Remove unit, or use absolute.",
        )


def _check_identity(requirement: Requirement, place: Callable[..., str]) -> Iterator[Fault]:
    identity = requirement.identity
    assert identity is not None  # noqa: S101 - the caller asked
    if (identity.equals is None) == (identity.equals_stage is None):
        yield fault(
            "RQC-S020",
            "identity takes equals or equals_stage.",
            place("identity"),
            got="both" if identity.equals else "neither",
            expected='equals = "@attribute"',
        )
    if identity.equals_stage is not None and identity.equals_stage is requirement.stage:
        yield fault(
            "RQC-S020",
            "identity compares a stage with itself, which always agrees.",
            place("identity", "equals_stage"),
            got=str(identity.equals_stage),
            expected="another stage",
        )
