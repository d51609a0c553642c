"""The strictest common specification: what is eligible under it is eligible under each of the others.

Every requirement of every specification is in it, unless another one that is in it makes sure of the same: that is the
proof, and it does not depend on any comparison being clever. Where it cannot be given, nothing is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import Fault, SpecificationError
from regenqc.specification.comparison import demands
from regenqc.specification.criterion_checks import composite_parts
from regenqc.specification.derived_sources import rows_needed
from regenqc.specification.loading import parse_specification
from regenqc.specification.model import LimitText, Specification
from regenqc.specification.tightening import list_loosenings
from regenqc.specification.writing import write_specification
from regenqc.vocabulary import Force, Jurisdiction, Mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from regenqc.specification.model import Derived, Requirement
    from regenqc.vocabulary import Stage

__all__ = ["Origin", "Strictest", "make_strictest"]

_MARKS: Final = list(Mark)
_FORCES: Final = list(Force)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a requirement of the common specification comes from.

    Args:
        id: identifier in the common specification.
        given_by: specifications that state it.
        covers: specifications whose requirement of that name it makes sure of.
    """

    id: str
    given_by: tuple[str, ...]
    covers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strictest:
    """The common specification, its text, and where every requirement comes from."""

    specification: Specification
    text: str
    origins: tuple[Origin, ...]


@dataclass(slots=True, kw_only=True)
class _Kept:
    requirement: Requirement
    stated: dict[str, Requirement]

    def origin(self) -> Origin:
        wanted = _without_mark(self.requirement)
        given_by = tuple(name for name, entry in self.stated.items() if _without_mark(entry) == wanted)
        return Origin(id=self.requirement.id, given_by=given_by or tuple(self.stated), covers=tuple(self.stated))


def make_strictest(specifications: Sequence[Specification], *, identifier: str, version: str = "1") -> Strictest:
    """Return a specification under which nothing is eligible that is not eligible under each of the given ones.

    Requirements of one name become the stricter one; limits that overlap become their intersection; where neither is shown
    to be the stricter, both are kept.

    Args:
        specifications: at least two.
        identifier: of the result.
        version: of the result.

    Raises:
        SpecificationError: no such specification exists, with every reason: RQC-S080 contradictory products, attributes or
            derived results; RQC-S081 a test that one of them holds batches for and another one demands; RQC-S082 limits
            that nothing meets; RQC-S083 no common time of validity.

    Example:
        >>> from regenqc.specification import load_specification
        >>> names = ("jp/asrm-class-2", "us/investigational")
        >>> found = make_strictest([load_specification(name) for name in names], identifier="example/both")
        >>> next(origin.covers for origin in found.origins if origin.id == "specified_committee_review")
        ('jp/asrm-class-2',)
    """
    faults: list[Fault] = []
    product = _united("product", ((entry.id, entry.product) for entry in specifications), faults)
    attributes = _united("attribute", ((entry.id, entry.declared_attributes) for entry in specifications), faults)
    derived = _united(
        "derived result", ((entry.id, {one.id: one for one in entry.derived}) for entry in specifications), faults
    )
    _check_derived(specifications, derived, faults)
    _check_unlisted(specifications, faults)
    first = max((entry.valid_from or date.min for entry in specifications), default=date.min)
    last = min((entry.valid_to or date.max for entry in specifications), default=date.max)
    if first > last:
        faults.append(
            _fault("RQC-S083", "The specifications are never valid at one time.", got=f"from {first} to {last}")
        )
    kept = _requirements(specifications, first, last, faults)
    if faults:
        raise SpecificationError(*faults)
    whole = Specification(
        id=identifier,
        version=version,
        title="Strictest of " + ", ".join(f"{entry.id} {entry.version}" for entry in specifications),
        jurisdiction=_common({entry.jurisdiction for entry in specifications}) or Jurisdiction.INT,
        pathway=_common({entry.pathway for entry in specifications}),
        valid_from=None if first == date.min else first,
        valid_to=None if last == date.max else last,
        unlisted_tests="hold" if any(entry.unlisted_tests == "hold" for entry in specifications) else "report",
        product=product,
        attributes=attributes,
        removed=(),
        requirements=tuple(entry.requirement for entry in kept),
        derived=tuple(derived.values()),
        extends=(),
        fingerprint="",
        source="",
    )
    text = write_specification(whole)
    return Strictest(
        specification=parse_specification(text, source=f"<{identifier}>"),
        text=text,
        origins=tuple(entry.origin() for entry in kept),
    )


# ---- requirements ----------------------------------------------------------------------------------------------------


def _requirements(specifications: Sequence[Specification], first: date, last: date, faults: list[Fault]) -> list[_Kept]:
    kept: dict[str, list[_Kept]] = {}
    for specification in specifications:
        for entry in specification.requirements:
            if (entry.valid_from or date.min) > last or (entry.valid_to or date.max) < first:
                continue  # never applies while all of them are valid
            _place(kept.setdefault(entry.id, []), entry, specification.id, faults)
    taken = set(kept)
    for identifier, versions in kept.items():
        for number, version in enumerate(versions[1:], start=2):
            name = f"{identifier}.{number}"
            while name in taken:
                name += "x"
            taken.add(name)
            version.requirement = version.requirement.model_copy(update={"id": name})
    return [version for versions in kept.values() for version in versions]


def _place(versions: list[_Kept], entry: Requirement, name: str, faults: list[Fault]) -> None:
    for version in versions:
        other = version.requirement
        joined = _join(other, entry)
        if joined is None:
            continue
        if joined.limit is not None and _is_empty(joined.limit):
            faults.append(
                _fault(
                    "RQC-S082", f"No result meets both limits of '{entry.id}'.", got=f"{other.limit} and {entry.limit}"
                )
            )
            return
        version.stated[name] = entry
        version.requirement = joined
        return
    versions.append(_Kept(requirement=entry, stated={name: entry}))


def _without_mark(requirement: Requirement) -> dict[str, object]:
    return {key: value for key, value in demands(requirement).items() if key != "mark"}


def _join(one: Requirement, other: Requirement) -> Requirement | None:
    """Return a requirement that makes sure of both, `None` where neither is shown to be the stricter."""
    chosen: Requirement | None = None
    if _covers(other, one):
        chosen = one
    elif _covers(one, other):
        chosen = other
    else:
        chosen = _intersection(one, other)
    if chosen is None:
        return None
    sources: dict[str, Any] = {
        "mark": max(one.mark, other.mark, key=_MARKS.index),
        "force": min(one.force, other.force, key=_FORCES.index),
        "citation": "; ".join(dict.fromkeys(text for text in (one.citation, other.citation) if text)),
        "edition": "; ".join(dict.fromkeys(text for text in (one.edition, other.edition) if text)),
    }
    return chosen.model_copy(update=sources)


def _covers(loose: Requirement, strict: Requirement) -> bool:
    """Return whether whatever satisfies `strict` satisfies `loose`, marks aside: those are joined."""
    if loose.sponsor_must_set:
        return bool(strict.sponsor_must_set) and not any(list_loosenings(loose, strict))
    if strict.sponsor_must_set:
        # Nothing satisfies it, wherever it applies.
        bare = loose.model_copy(update={"limit": None, "report_only": True})
        return loose.test == strict.test and not any(
            entry.key in {"when", "valid_from", "valid_to", "stage", "on_fail", "timing"}
            for entry in list_loosenings(bare, strict)
        )
    return not any(list_loosenings(loose, strict))


def _intersection(one: Requirement, other: Requirement) -> Requirement | None:
    """Return the requirement with both limits, where they differ in nothing but the ends of limits in one unit."""
    mine, theirs = one.limit, other.limit
    if mine is None or theirs is None or mine.unit != theirs.unit or one.rounding or other.rounding:
        return None
    without = {"limit", "alert"}
    mine_besides, theirs_besides = (
        {key: value for key, value in _without_mark(entry).items() if key not in without} for entry in (one, other)
    )
    if mine_besides != theirs_besides:
        return None
    lower = _tighter(mine, theirs, side="min")
    upper = _tighter(mine, theirs, side="max")
    limit = LimitText.model_validate(lower | upper | {"unit": mine.unit})
    return one.model_copy(update={"limit": limit, "alert": None})


def _tighter(mine: LimitText, theirs: LimitText, *, side: str) -> dict[str, str]:
    """Return the end that excludes more; of equal ends, the one that does not conform itself."""
    ends = [
        (Fraction(text), key.endswith("_exclusive"), key, text)
        for limit in (mine, theirs)
        for key in (side, f"{side}_exclusive")
        if (text := getattr(limit, key)) is not None
    ]
    if not ends:
        return {}
    sign = 1 if side == "min" else -1
    _, _, key, text = max(ends, key=lambda end: (sign * end[0], end[1]))
    return {key: text}


def _is_empty(limit: LimitText) -> bool:
    lower, upper = limit.min or limit.min_exclusive, limit.max or limit.max_exclusive
    if lower is None or upper is None:
        return False
    inclusive = limit.min is not None and limit.max is not None
    return Fraction(lower) > Fraction(upper) or (Fraction(lower) == Fraction(upper) and not inclusive)


# ---- everything else -------------------------------------------------------------------------------------------------


def _united(what: str, tables: Iterable[tuple[str, Mapping[str, Any]]], faults: list[Fault]) -> dict[str, Any]:
    united: dict[str, tuple[str, Any]] = {}
    for name, table in tables:
        for key, value in table.items():
            given_by, known = united.setdefault(key, (name, value))
            if known != value:
                faults.append(
                    _fault(
                        "RQC-S080",
                        f"Two specifications state the {what} '{key}' differently.",
                        got=f"{name}: {_shown(value)}",
                        expected=f"{given_by}: {_shown(known)}",
                    )
                )
    return {key: value for key, (_, value) in united.items()}


def _shown(value: object) -> str:
    return ", ".join(sorted(value)) if isinstance(value, frozenset) else str(value)


def _check_derived(
    specifications: Sequence[Specification], derived: Mapping[str, Derived], faults: list[Fault]
) -> None:
    """Refuse a test that one specification computes and another one takes as reported."""
    for specification in specifications:
        own = {entry.id for entry in specification.derived}
        reported = {test for tests in _tests(specification).values() for test in tests} - own
        faults += [
            _fault(
                "RQC-S080", f"'{test}' is computed by one specification and reported for another.", got=specification.id
            )
            for test in sorted(reported & set(derived))
        ]


def _check_unlisted(specifications: Sequence[Specification], faults: list[Fault]) -> None:
    """Refuse tests for which one specification would hold a batch because only another one demands them."""
    listed = {specification.id: _tests(specification) for specification in specifications}
    for specification in specifications:
        if specification.unlisted_tests != "hold":
            continue
        for stage, own in listed[specification.id].items():
            others = set().union(*(tests.get(stage, set()) for tests in listed.values())) - own
            faults += [
                _fault(
                    "RQC-S081",
                    f"{specification.id} holds a batch that reports '{test}' at {stage}, which another specification demands.",
                    got=test,
                    expected=f'a requirement for it in {specification.id}, or unlisted_tests = "report"',
                )
                for test in sorted(others)
            ]


def _tests(specification: Specification) -> dict[Stage, set[str]]:
    """Return the tests that a specification lists, by stage."""
    found: dict[Stage, set[str]] = {}
    for entry in specification.requirements:
        assert entry.stage is not None  # noqa: S101 - resolved specifications are complete
        tests = found.setdefault(entry.stage, set())
        tests.update({entry.test} if entry.test else ())
        tests.update(part.test for parts in composite_parts(entry).values() for part in parts)
        tests.update(control.test for control in entry.controls if control.test)
    for derived in specification.derived:
        inputs = {source.test for source in rows_needed(derived)}
        for stage, tests in found.items():
            if derived.id in tests and derived.stage in {None, stage}:
                tests.update(inputs)
    return found


def _common(values: set[Any]) -> Any:
    return next(iter(values)) if len(values) == 1 else None


def _fault(code: str, what: str, *, got: str = "", expected: str = "") -> Fault:
    return Fault(
        code=code,
        what=what,
        got=got,
        expected=expected,
        action="There is no common specification; judge by each of them.",
    )
