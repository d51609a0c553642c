"""Check derived results: functions, inputs, constants and kinds of unit; every fault is reported, none is repaired."""

from __future__ import annotations

import difflib
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from regenqc.measurement.reported import read_reported
from regenqc.measurement.units import conversion_factor, find_unit
from regenqc.specification.criterion_checks import composite_parts
from regenqc.specification.derived_functions import FUNCTIONS, Reading
from regenqc.specification.derived_sources import AttributeSource, ConstantSource, read_source
from regenqc.specification.model import RowInput
from regenqc.specification.value_checks import check_unit, fault

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from regenqc.errors import Fault
    from regenqc.specification.derived_functions import DerivedFunction, Input
    from regenqc.specification.model import AlternativePart, Derived, LimitText, Requirement

__all__ = ["check_derived", "check_derived_units"]

# Columns whose numbers stand in the unit of the result.
_LIMITS_OF_RESULT: Final = frozenset({"lod", "loq", "uncertainty"})
_IN_UNIT_OF_RESULT: Final = _LIMITS_OF_RESULT | {"result"}


def check_derived(derived: Derived, *, place: Callable[..., str], others: Collection[str] = ()) -> Iterator[Fault]:
    """Yield every fault of one derived result.

    Args:
        derived: as written.
        place: `place(*keys)` names a key of this entry as `file:line path`.
        others: identifiers of all derived results of the specification.

    Example:
        >>> from regenqc.specification.model import Derived
        >>> [fault.what for fault in check_derived(Derived(id="a", function="b", inputs={}), place=lambda *keys: "")]
        ['The function is not known.']
    """
    function = FUNCTIONS.get(derived.function)
    if function is None:
        near = difflib.get_close_matches(derived.function, FUNCTIONS, n=1, cutoff=0.5)
        yield fault(
            "RQC-S029",
            "The function is not known.",
            place("function"),
            got=derived.function,
            expected=f"did you mean '{near[0]}'" if near else ", ".join(FUNCTIONS),
        )
    else:
        yield from _check_names(derived, function, place)
    for name, written in derived.inputs.items():
        source = read_source(written)
        if isinstance(source, RowInput) and source.test in {derived.id, *others}:
            yield fault(
                "RQC-S054",
                "A derived result is computed from a derived result, which is not supported.",
                place("inputs", name),
                got=source.test,
                expected="a reported test or an attribute",
            )
        known = {entry.name: entry for entry in function.inputs} if function is not None else {}
        if name in known:
            yield from _check_source(known[name], source, place("inputs", name))


def _check_names(derived: Derived, function: DerivedFunction, place: Callable[..., str]) -> Iterator[Fault]:
    names = [entry.name for entry in function.inputs]
    if set(derived.inputs) == set(names):
        return
    missing = [name for name in names if name not in derived.inputs]
    meant = {
        name: near[0]
        for name in derived.inputs
        if name not in names and (near := difflib.get_close_matches(name, missing, n=1, cutoff=0.5))
    }
    hint = "".join(f"; did you mean '{right}' for '{wrong}'" for wrong, right in meant.items())
    yield fault(
        "RQC-S029",
        "The function takes other inputs.",
        place("inputs"),
        got=", ".join(derived.inputs) or "none",
        expected=", ".join(names) + hint,
    )


def _check_source(entry: Input, source: AttributeSource | ConstantSource | RowInput, where: str) -> Iterator[Fault]:
    if isinstance(source, ConstantSource):
        if not entry.may_be_constant:
            yield fault(
                "RQC-S039",
                "The input has to come from the batch: what was tested or given is no constant.",
                where,
                got=f"{source.number} {source.unit}",
                expected="a test or an attribute of the batch",
            )
        else:
            yield from _check_constant(entry, source, where)
    elif entry.every_result and isinstance(source, AttributeSource):
        yield fault(
            "RQC-S039",
            "The function takes all results of a test, and an attribute is one value.",
            where,
            got=f"@{source.name}",
            expected="a test",
        )
    elif entry.reading is Reading.METAPHASES and isinstance(source, RowInput) and source.column in _LIMITS_OF_RESULT:
        yield fault(
            "RQC-S039",
            "The column holds no number of metaphases.",
            where,
            got=source.column,
            expected="the result, or the sample_amount in metaphases",
        )


def _check_constant(entry: Input, source: ConstantSource, where: str) -> Iterator[Fault]:
    unit = find_unit(source.unit)
    if unit is None:
        yield from check_unit(source.unit, where)
        return
    accepted = [entry.unit, *(symbol for symbol, _ in entry.also)] if entry.unit is not None else []
    fitting = [symbol for symbol in accepted if _kind(symbol) == unit.kind]
    if accepted and not fitting:
        yield fault(
            "RQC-S039",
            "The constant is in another kind of unit than the input.",
            where,
            got=f"{source.unit} ({unit.kind})",
            expected=" or ".join(f"{symbol or 'no unit'} ({_kind(symbol)})" for symbol in accepted),
        )
        return
    number = read_reported(source.number).number
    if number is None or not source.is_plain:
        value = None
    else:
        value = Fraction(number)
        if fitting:
            target = find_unit(fitting[0])
            assert target is not None  # noqa: S101 - its kind has just been compared
            value *= conversion_factor(unit, target) * dict(entry.also).get(fitting[0], Fraction(1))
    limit = "above 0" if entry.above_zero else "0 or more"
    limit += f" and at most {entry.at_most} {entry.unit}" if entry.at_most is not None else ""
    if value is None or (entry.above_zero and value == 0) or (entry.at_most is not None and value > entry.at_most):
        yield fault(
            "RQC-S039",
            "The constant is no number that the input can be.",
            where,
            got=f"{source.number} {source.unit}",
            expected=f"a plain number of at most 15 digits, {limit}",
        )


def check_derived_units(
    derived: Iterable[Derived],
    requirements: Iterable[Requirement],
    *,
    own: Mapping[str, tuple[str | int, ...]],
    place: Callable[..., str],
) -> Iterator[Fault]:
    """Yield derived results that could never be computed or never be judged: units of different kinds, minima of bounds.

    Args:
        derived: without other faults, after inheritance.
        requirements: without other faults, after inheritance.
        own: where the derived results of this file stand, by identifier.
        place: names a key of the file as `file:line path`.
    """
    requirements = tuple(requirements)
    kinds = _kinds_of_tests(requirements)
    with_minimum = {test for test, limit in _limits_of_tests(requirements) if limit.min or limit.min_exclusive}
    for entry in derived:
        where = (*own[entry.id], "function") if entry.id in own else ()
        function = FUNCTIONS[entry.function]
        if function.is_bound and entry.id in with_minimum:
            yield fault(
                "RQC-S084",
                "An upper bound cannot show that anything is at least so much.",
                place(*where),
                got=f"{entry.id}: a limit with a minimum",
                expected="max or max_exclusive alone",
                action="Remove the minimum, or set it on the test that measures the quantity.",
            )
        judged = kinds.get(entry.id, {})
        if judged and _kind(function.unit) not in judged:
            yield fault(
                "RQC-S059",
                "The limit of a derived result is in another kind of unit than the result.",
                place(*where),
                got=f"{entry.id}: {', '.join(f'{unit} ({kind})' for kind, unit in judged.items())}",
                expected=f"{function.unit or 'no unit'} ({_kind(function.unit)})",
                action="Correct the unit of the limit, or the function.",
            )
        for input_ in function.inputs:
            source = read_source(entry.inputs[input_.name])
            # Rows of one method may be in other units than those that a limit is about.
            if not isinstance(source, RowInput) or source.method is not None or input_.unit is None:
                continue
            if source.column not in _IN_UNIT_OF_RESULT:
                continue
            accepted = {_kind(symbol) for symbol in (input_.unit, *(symbol for symbol, _ in input_.also))}
            limited = kinds.get(source.test, {})
            if limited and not accepted & set(limited):
                yield fault(
                    "RQC-S059",
                    "The results of a test are limited in another kind of unit than the derived result takes.",
                    place(*((*own[entry.id], "inputs", input_.name) if entry.id in own else ())),
                    got=f"{source.test}: {', '.join(f'{unit} ({kind})' for kind, unit in limited.items())}",
                    expected=" or ".join(sorted(accepted)),
                    action="Name the test that reports this quantity.",
                )


def _kinds_of_tests(requirements: Iterable[Requirement]) -> dict[str, dict[str, str]]:
    """Return for every test the kinds of unit of its limits, each with a unit."""
    found: dict[str, dict[str, str]] = {}
    for test, limit in _limits_of_tests(requirements):
        found.setdefault(test, {})[_kind(limit.unit)] = limit.unit
    return found


def _limits_of_tests(requirements: Iterable[Requirement]) -> Iterator[tuple[str, LimitText]]:
    """Yield every limit of a test, those of composite requirements included."""
    for requirement in requirements:
        criteria: list[tuple[str | None, Requirement | AlternativePart]] = [(requirement.test, requirement)]
        criteria += [(part.test, part) for parts in composite_parts(requirement).values() for part in parts]
        for test, criterion in criteria:
            if test is not None and criterion.limit is not None:
                yield test, criterion.limit


def _kind(symbol: str) -> str:
    """Return the kind of a unit, empty for one that is not in the dictionary."""
    found = find_unit(symbol)
    return "" if found is None else found.kind
