"""Check what the keys of a specification mean together; every fault is reported, none is repaired."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from regenqc.errors import Fault, SpecificationError
from regenqc.measurement.reported import WORDS
from regenqc.measurement.units import closest_spellings, conversion_factor, find_unit
from regenqc.specification.criteria import canonical_word, exact_interval, read_limit
from regenqc.specification.derived_functions import DERIVED_INPUTS
from regenqc.specification.model import CRITERIA, AlternativePart, Requirement
from regenqc.vocabulary import ATTRIBUTE_WORDS, Replicates, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from regenqc.specification.model import Derived, LimitText

__all__ = ["BUILT_IN_REQUIREMENTS", "check_derived", "check_requirement"]

BUILT_IN_REQUIREMENTS = ("result_record", "expiry", "specification_validity")
_COMPOSITE = ("any_of", "all_of", "n_of_m")


def check_requirement(
    requirement: Requirement,
    *,
    attributes: dict[str, frozenset[str]],
    place: Callable[..., str],
) -> Iterator[Fault]:
    """Yield every fault of one complete requirement.

    Args:
        requirement: after inheritance, rounding resolved.
        attributes: closed values of the attributes that `when` may name, built-in ones included.
        place: `place(*keys)` names a key of this requirement as `file:line path`.

    Example:
        >>> requirement = Requirement(id="a", stage="donor", limit={"min": "1", "unit": "%"}, citation="x")
        >>> [fault.what for fault in check_requirement(requirement, attributes={}, place=lambda *keys: "a.toml")]
        ['The requirement names no test.']
    """
    yield from _check_shape(requirement, place)
    rounding = requirement.rounding
    if requirement.limit is not None:
        yield from _check_limits(requirement.limit, requirement.alert, rounding, place)
    elif requirement.alert is not None:
        yield _fault("RQC-S012", "An alert limit stands without a limit.", place("alert"), action="Add the limit.")
    for name in ("one_of", "none_of"):
        yield from _check_words(getattr(requirement, name), place(name))
    for name in _COMPOSITE:
        parts = requirement.n_of_m.of if name == "n_of_m" and requirement.n_of_m else getattr(requirement, name)
        for index, part in enumerate(parts or () if isinstance(parts, tuple) else ()):
            yield from _check_part(part, rounding, place(name, index))
    if requirement.n_of_m is not None and requirement.n_of_m.n > len(requirement.n_of_m.of):
        yield _fault(
            "RQC-S013",
            "More criteria must conform than are listed.",
            place("n_of_m"),
            got=str(requirement.n_of_m.n),
            expected=f"at most {len(requirement.n_of_m.of)}",
        )
    if requirement.agreement is not None:
        yield from _check_agreement(requirement, place)
    for name, values in requirement.when.items():
        yield from _check_selector(name, values, attributes, place("when", name))


def _check_shape(requirement: Requirement, place: Callable[..., str]) -> Iterator[Fault]:
    kinds = [name for name in CRITERIA if getattr(requirement, name) is not None]
    if not kinds:
        yield _fault(
            "RQC-S010",
            "The requirement has no criterion.",
            place("id"),
            got=requirement.id,
            expected="one of " + ", ".join(CRITERIA),
            action="Add the criterion, or sponsor_must_set = true when the sponsor has to set it.",
        )
    elif kinds not in ([kinds[0]], ["limit", "one_of"]):
        yield _fault(
            "RQC-S011",
            "The requirement has several criteria.",
            place(kinds[1]),
            got=", ".join(kinds),
            expected="one criterion, or limit together with one_of",
            action="Split it into several requirements, or use all_of.",
        )
    if requirement.stage is None:
        yield _fault("RQC-S014", "The requirement names no stage.", place("id"), got=requirement.id, action="Add stage.")
    needs_test = not any(getattr(requirement, name) is not None for name in (*_COMPOSITE, "evidence"))
    if needs_test and requirement.test is None:
        yield _fault("RQC-S015", "The requirement names no test.", place("id"), got=requirement.id, action="Add test.")
    if not needs_test and requirement.test is not None:
        yield _fault(
            "RQC-S015",
            "A composite or evidence requirement names a test of its own.",
            place("test"),
            got=requirement.test,
            action="Remove test; the parts name theirs.",
        )
    if requirement.id in BUILT_IN_REQUIREMENTS:
        yield _fault("RQC-S016", "The identifier is reserved.", place("id"), got=requirement.id, action="Rename it.")
    if requirement.citation == "" and requirement.sponsor_must_set is None:
        yield _fault(
            "RQC-S017",
            "The requirement cites no source.",
            place("id"),
            got=requirement.id,
            expected="citation",
            action="Cite the document that sets the criterion.",
        )
    if (requirement.timing is Timing.AFTER_RELEASE) != (requirement.due is not None):
        yield _fault(
            "RQC-S018",
            "timing = \"after_release\" and due belong together.",
            place("timing"),
            got=f"timing {requirement.timing}, due {requirement.due}",
            expected='for example timing = "after_release" with due = "14 d"',
        )
    if requirement.replicates is not Replicates.EACH and requirement.limit is None:
        yield _fault("RQC-S019", "A replicate policy needs a limit.", place("replicates"), action="Add limit.")
    counts = (requirement.replicates_conforming, requirement.replicates_total)
    if (requirement.replicates is Replicates.N_OF_M) != (None not in counts) or (
        None not in counts and counts[0] > counts[1]  # type: ignore[operator]
    ):
        yield _fault(
            "RQC-S019",
            'replicates = "n_of_m" needs replicates_conforming and replicates_total.',
            place("replicates"),
            got=f"{counts[0]} of {counts[1]}",
            expected="for example replicates_conforming = 2, replicates_total = 3",
        )
    if requirement.identity is not None and (requirement.identity.equals is None) == (
        requirement.identity.equals_stage is None
    ):
        yield _fault(
            "RQC-S020", "identity takes equals or equals_stage.", place("identity"), expected='equals = "@attribute"'
        )
    if requirement.valid_from and requirement.valid_to and requirement.valid_from > requirement.valid_to:
        yield _fault("RQC-S021", "The validity ends before it begins.", place("valid_to"), got=str(requirement.valid_to))


def _check_limits(
    limit: LimitText, alert: LimitText | None, rounding: str | None, place: Callable[..., str]
) -> Iterator[Fault]:
    faults = [*_check_limit(limit, rounding, place("limit"))]
    if alert is not None:
        faults += _check_limit(alert, rounding, place("alert"))
    yield from faults
    if alert is None or faults:
        return
    limit_unit, alert_unit = find_unit(limit.unit), find_unit(alert.unit)
    assert limit_unit is not None  # noqa: S101 - _check_limit has refused an unknown unit above
    assert alert_unit is not None  # noqa: S101
    if limit_unit.kind != alert_unit.kind:
        yield _fault(
            "RQC-S022",
            "The alert limit is in another kind of unit than the limit.",
            place("alert"),
            got=f"{alert.unit} ({alert_unit.kind})",
            expected=f"a unit of {limit_unit.kind}",
        )
    elif not exact_interval(alert).is_within(exact_interval(limit, factor=conversion_factor(alert_unit, limit_unit))):
        yield _fault(
            "RQC-S023",
            "The alert limit lies outside the limit, so that it could never be met before the limit.",
            place("alert"),
            got=read_limit(alert).describe(),
            expected=f"inside {read_limit(limit).describe()}",
        )


def _check_limit(limit: LimitText, rounding: str | None, where: str) -> Iterator[Fault]:
    if find_unit(limit.unit) is None:
        near = closest_spellings(limit.unit)
        yield _fault(
            "RQC-S024",
            "The unit is not in the dictionary.",
            where,
            got=limit.unit,
            expected=("did you mean " + " or ".join(f"'{unit}'" for unit in near)) if near else "a unit of the dictionary",
            action="Use a unit that `regenqc spec schema --units` lists.",
        )
    try:
        exact_interval(limit, rounding=rounding)
    except SpecificationError as error:
        for fault in error.faults:
            yield _fault(fault.code, fault.what, where, got=fault.got, expected=fault.expected, action=fault.action)


def _check_words(words: tuple[str, ...] | None, where: str) -> Iterator[Fault]:
    for word in words or ():
        if canonical_word(word) is None:
            near = difflib.get_close_matches(word.casefold(), WORDS, n=1, cutoff=0.5)
            yield _fault(
                "RQC-S025",
                "The word is not in the result vocabulary.",
                where,
                got=word,
                expected=f"did you mean '{near[0]}'" if near else ", ".join(WORDS),
                action="Use a word of the vocabulary; a profile maps a laboratory's own words onto it.",
            )


def _check_part(part: AlternativePart, rounding: str | None, where: str) -> Iterator[Fault]:
    kinds = [name for name in ("limit", "one_of", "none_of") if getattr(part, name) is not None]
    if kinds not in (["limit"], ["one_of"], ["none_of"], ["limit", "one_of"]):
        yield _fault(
            "RQC-S011",
            "A part of a composite requirement needs one criterion.",
            where,
            got=", ".join(kinds) or "none",
            expected="limit, one_of or none_of",
        )
    if part.limit is not None:
        yield from _check_limits(part.limit, part.alert, rounding, lambda *_: where)
    yield from _check_words(part.one_of, where)
    yield from _check_words(part.none_of, where)


def _check_agreement(requirement: Requirement, place: Callable[..., str]) -> Iterator[Fault]:
    agreement = requirement.agreement
    assert agreement is not None  # noqa: S101 - the caller asked
    if (agreement.relative is None) == (agreement.absolute is None):
        yield _fault(
            "RQC-S026", "agreement takes relative (percent) or absolute.", place("agreement"), expected='relative = "20"'
        )
        return
    if agreement.stage is requirement.stage:
        yield _fault("RQC-S026", "agreement compares a stage with itself.", place("agreement"), got=str(agreement.stage))
    text = agreement.relative or agreement.absolute
    try:
        from regenqc.specification.model import LimitText as Text  # noqa: PLC0415 - only names are needed above

        read_limit(Text(max=text))
    except SpecificationError as error:
        yield _fault("RQC-S026", "The tolerance is not a number.", place("agreement"), got=error.faults[0].got)
    if agreement.absolute is not None and find_unit(agreement.unit) is None:
        yield _fault("RQC-S024", "The unit is not in the dictionary.", place("agreement"), got=agreement.unit)


def _check_selector(
    name: str, values: tuple[str, ...], attributes: dict[str, frozenset[str]], where: str
) -> Iterator[Fault]:
    if name not in attributes:
        yield _fault(
            "RQC-S027",
            "The values of an attribute used in `when` are not declared.",
            where,
            got=name,
            expected=f'[attributes] {name} = ["…", "…"] with every value the attribute can take',
            action="Declare them: an undeclared spelling could otherwise switch a requirement off.",
        )
        return
    for value in values:
        if value not in attributes[name]:
            yield _fault(
                "RQC-S028",
                "`when` names a value that the attribute cannot take.",
                where,
                got=value,
                expected=", ".join(sorted(attributes[name])),
            )


def check_derived(derived: Derived, *, place: Callable[..., str]) -> Iterator[Fault]:
    """Yield every fault of one derived result.

    Example:
        >>> from regenqc.specification.model import Derived
        >>> [fault.what for fault in check_derived(Derived(id="a", function="b", inputs={}), place=lambda *keys: "")]
        ['The function is not known.']
    """
    inputs = DERIVED_INPUTS.get(derived.function)
    if inputs is None:
        near = difflib.get_close_matches(derived.function, DERIVED_INPUTS, n=1, cutoff=0.5)
        yield _fault(
            "RQC-S029",
            "The function is not known.",
            place("function"),
            got=derived.function,
            expected=f"did you mean '{near[0]}'" if near else ", ".join(DERIVED_INPUTS),
        )
    elif set(derived.inputs) != set(inputs):
        yield _fault(
            "RQC-S029",
            "The function takes other inputs.",
            place("inputs"),
            got=", ".join(derived.inputs),
            expected=", ".join(inputs),
        )


def known_attributes(declared: dict[str, tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """Return the closed values of every attribute that `when` may name.

    Example:
        >>> sorted(known_attributes({"size": ("small", "large")})["size"])
        ['large', 'small']
    """
    return ATTRIBUTE_WORDS | {name: frozenset(values) for name, values in declared.items()}


def _fault(code: str, what: str, where: str, *, got: str = "", expected: str = "", action: str = "") -> Fault:
    return Fault(
        code=code, what=what, where=where, got=got, expected=expected, action=action or "Correct the specification."
    )
