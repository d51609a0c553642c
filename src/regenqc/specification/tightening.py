"""Compare a requirement with the inherited one: the respects in which it demands less.

One principle decides every question: whatever conforms to the requirement must conform to the inherited one too. Where
that cannot be shown, the requirement counts as looser.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

from regenqc.errors import RegenqcError
from regenqc.karyotype import read_abnormality
from regenqc.measurement.units import conversion_factor, find_unit
from regenqc.specification.criteria import conforming_words, exact_interval, failing_words
from regenqc.vocabulary import OnFail, Timing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from regenqc.specification.model import AlternativePart, Control, Criterion, Karyotype, LimitText, Requirement

__all__ = ["Loosening", "due_hours", "list_loosenings", "list_narrowings"]

_SEVERITY: Final = {OnFail.REPORT: 0, OnFail.HOLD: 1, OnFail.REJECT: 2}
_NO_CRITERION: Final = frozenset({"", "report_only", "sponsor_must_set"})
_VALUE_CRITERIA: Final = frozenset({"limit", "one_of", "none_of"})


class Loosening(NamedTuple):
    """One respect in which a requirement demands less than the inherited one."""

    key: str
    respect: str
    got: str
    expected: str


def due_hours(due: str | None) -> int:
    """Return a due period in hours, 0 for none.

    Example:
        >>> due_hours("14 d"), due_hours("36 h")
        (336, 36)
    """
    if due is None:
        return 0
    amount, unit = due.split(" ")
    return int(amount) * (24 if unit == "d" else 1)


def list_loosenings(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    """Yield every respect in which `new` demands less than `old`.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> old = Requirement(id="sterility", test="sterility", one_of=("no growth",))
        >>> new = Requirement(id="sterility", test="sterility", one_of=("no growth", "negative"))
        >>> [loosening.respect for loosening in list_loosenings(old, new)]
        ['more words conform']
    """
    for name in ("test", "stage"):
        before, after = getattr(old, name), getattr(new, name)
        if before not in {None, after}:
            yield Loosening(name, f"its {name} differs", str(after), str(before))
    yield from _criterion(old, new)
    yield from _controls(old, new)
    yield from _consequences(old, new)
    yield from list_narrowings(old, new)


# ---- criterion -------------------------------------------------------------------------------------------------------


def _criterion(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    if old.criterion == "sponsor_must_set":
        if new.report_only:
            yield Loosening("report_only", "a limit that must be set became report only", "report_only", "a criterion")
        return
    if old.criterion in _NO_CRITERION:
        return
    if new.criterion in _NO_CRITERION:
        yield Loosening(new.criterion or "id", "its criterion is gone", new.criterion or "nothing", old.criterion)
    elif old.criterion in _VALUE_CRITERIA and new.criterion in _VALUE_CRITERIA:
        yield from _value(old, new, old.rounding, new.rounding)
    elif _composite(old) is not None and _composite(new) is not None:
        yield from _parts(old, new)
    elif old.criterion != new.criterion:
        yield Loosening(new.criterion, "its criterion is of another kind", new.criterion, old.criterion)
    elif old.karyotype is not None:
        yield from _karyotype(old, new)
    elif old.agreement is not None:
        yield from _agreement(old, new)
    elif old.identity != new.identity:
        yield Loosening("identity", "its identity differs", str(new.identity), str(old.identity))
    elif old.evidence is not None:
        yield from _evidence(old, new)
    yield from _replicates(old, new)


def _value(
    old: Criterion,
    new: Criterion,
    old_rounding: str | None,
    new_rounding: str | None,
) -> Iterator[Loosening]:
    """Compare limits, alert limits and words."""
    if new.limit is not None and old.limit is None:
        yield Loosening("limit", "numbers conform beside the words", _limit_text(new.limit), "words only")
    elif new.limit is not None and old.limit is not None:
        if not _is_within(new.limit, old.limit, new_rounding, old_rounding):
            yield Loosening("limit", "its limit is wider", _limit_text(new.limit), _limit_text(old.limit))
        if old.alert is not None and not _is_within(new.alert or new.limit, old.alert):
            got = "no alert limit" if new.alert is None else _limit_text(new.alert)
            yield Loosening("alert", "its alert limit is wider", got, _limit_text(old.alert))
    key = "one_of" if new.one_of is not None else "none_of"
    more = conforming_words(new) - conforming_words(old)
    if more:
        yield Loosening(key, "more words conform", ", ".join(sorted(more)), ", ".join(sorted(conforming_words(old))))
    fewer = failing_words(old) - failing_words(new)
    if fewer and not more and (new.one_of is not None or new.none_of is not None):
        yield Loosening(
            key, "fewer words fail", ", ".join(sorted(failing_words(new))), ", ".join(sorted(failing_words(old)))
        )


def _is_within(
    new: LimitText, old: LimitText, new_rounding: str | None = None, old_rounding: str | None = None
) -> bool:
    new_unit, old_unit = find_unit(new.unit), find_unit(old.unit)
    if new_unit is None or old_unit is None:
        return False
    try:
        factor = conversion_factor(new_unit, old_unit)
        inner = exact_interval(new, rounding=new_rounding)
        outer = exact_interval(old, rounding=old_rounding, factor=factor)
    except RegenqcError:  # another kind of unit, or a limit that is itself at fault and reported as such
        return False
    return inner.is_within(outer)


def _limit_text(limit: LimitText) -> str:
    written = limit.model_dump(exclude_none=True, exclude_defaults=True)
    return ", ".join(f"{name} {value}" for name, value in written.items())


def _composite(requirement: Requirement) -> tuple[int, tuple[AlternativePart, ...]] | None:
    """Return how many parts must conform, and the parts."""
    if requirement.n_of_m is not None:
        return requirement.n_of_m.n, requirement.n_of_m.of
    if requirement.any_of is not None:
        return 1, requirement.any_of
    return None if requirement.all_of is None else (len(requirement.all_of), requirement.all_of)


def _parts(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    before, after = _composite(old), _composite(new)
    assert before is not None  # noqa: S101 - the caller asked
    assert after is not None  # noqa: S101
    (needed_before, parts_before), (needed, parts) = before, after
    tighter_than = [
        {
            position
            for position, inherited in enumerate(parts_before)
            if part.test == inherited.test and not any(_value(inherited, part, old.rounding, new.rounding))
        }
        for part in parts
    ]
    if needed == len(parts):
        guaranteed = len(set().union(*tighter_than))
    else:
        # The least favourable choice of conforming parts: first those that say nothing about the inherited ones. Two
        # parts that tighten the same inherited one are counted as one.
        silent = sum(not positions for positions in tighter_than)
        repeated = len(parts) - silent - len(set().union(*tighter_than)) if needed_before > 1 else 0
        guaranteed = needed - silent - max(repeated, 0)
    if guaranteed < needed_before:
        yield Loosening(
            new.criterion,
            "fewer of the inherited parts must conform",
            f"{needed} of {', '.join(part.test for part in parts)}",
            f"{needed_before} of {', '.join(part.test for part in parts_before)}, each at least as strict",
        )


def _karyotype(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    before, after = old.karyotype, new.karyotype
    assert before is not None  # noqa: S101 - both have the criterion
    assert after is not None  # noqa: S101
    if int(after.min_metaphases) < int(before.min_metaphases):
        yield Loosening("karyotype", "fewer metaphases are enough", after.min_metaphases, before.min_metaphases)
    if not _allowed(after) <= _allowed(before):
        got, expected = ", ".join(after.allow), ", ".join(before.allow) or "none"
        yield Loosening("karyotype", "more abnormalities are allowed", got, expected)
    if before.expected_sex not in {None, after.expected_sex}:
        yield Loosening("karyotype", "the expected sex differs", str(after.expected_sex), str(before.expected_sex))
    if not set(before.second_method) <= set(after.second_method):
        got, expected = ", ".join(after.second_method) or "none", ", ".join(before.second_method)
        yield Loosening("karyotype", "a second method is no longer required", got, expected)


def _allowed(karyotype: Karyotype) -> set[object]:
    """Return the allowed variants by what they mean; those that are not understood are reported elsewhere."""
    return {read_abnormality(text) for text in karyotype.allow}


def _agreement(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    before, after = old.agreement, new.agreement
    assert before is not None  # noqa: S101 - both have the criterion
    assert after is not None  # noqa: S101
    same = before.stage is after.stage
    if before.relative is not None and after.relative is not None:
        same = same and Fraction(after.relative) <= Fraction(before.relative)
    elif before.absolute is not None and after.absolute is not None:
        units = find_unit(after.unit), find_unit(before.unit)
        same = same and units[0] is not None and units[1] is not None and units[0].kind == units[1].kind
        if same:
            factor = conversion_factor(units[0], units[1])  # type: ignore[arg-type]
            same = Fraction(after.absolute) * factor <= Fraction(before.absolute)
    else:
        same = False
    # A point that agrees may have an interval that does not, never the other way round.
    same = same and Fraction(after.confidence or "0") >= Fraction(before.confidence or "0")
    if not same:
        got, expected = (entry.model_dump(mode="json", exclude_defaults=True) for entry in (after, before))
        yield Loosening("agreement", "its agreement is wider or another", str(got), str(expected))


def _evidence(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    before, after = old.evidence, new.evidence
    assert before is not None  # noqa: S101 - both have the criterion
    assert after is not None  # noqa: S101
    if before.document != after.document or before.valid_until not in {None, after.valid_until}:
        got, expected = (entry.model_dump(exclude_defaults=True) for entry in (after, before))
        yield Loosening("evidence", "its evidence differs", str(got), str(expected))


def _replicates(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    counts = (old.replicates_conforming or 0, old.replicates_total or 0)
    now = (new.replicates_conforming or 0, new.replicates_total or 0)
    more_conform, more_tested, more_may_fail = (
        now[0] >= counts[0],
        now[1] >= counts[1],
        now[1] - now[0] > counts[1] - counts[0],
    )
    if old.replicates is not new.replicates:
        yield Loosening("replicates", "its replicates are combined otherwise", str(new.replicates), str(old.replicates))
    elif not (more_conform and more_tested) or more_may_fail:
        got, expected = (f"{conforming} of {total}" for conforming, total in (now, counts))
        yield Loosening("replicates_conforming", "fewer replicates must conform", got, expected)


# ---- what makes a result count ------------------------------------------------------------------------------------------


def _controls(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    for control in old.controls:
        if not any(_controls_as_strictly(control, other) for other in new.controls):
            got = ", ".join(other.name for other in new.controls) or "no control"
            yield Loosening("controls", f"the control {control.name} is gone or wider", got, control.name)
    if new.retests > old.retests:
        yield Loosening("retests", "more retests are allowed", str(new.retests), str(old.retests))


def _controls_as_strictly(old: Control, new: Control) -> bool:
    return (old.test, old.column) == (new.test, new.column) and not any(_value(old, new, None, None))


# ---- what follows, and for which batches -------------------------------------------------------------------------------


def _consequences(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    if new.timing is Timing.AFTER_RELEASE and old.timing is Timing.BEFORE_RELEASE:
        yield Loosening("timing", "its result may come after release", str(new.timing), str(old.timing))
    if old.timing is new.timing is Timing.AFTER_RELEASE and due_hours(new.due) > due_hours(old.due):
        yield Loosening("due", "its result is due later", str(new.due), str(old.due))
    if new.timing is Timing.AFTER_RELEASE:
        yield from _actions(old, new)
    if _SEVERITY[new.consequence] < _SEVERITY[old.consequence]:
        yield Loosening("on_fail", "a failure does less", str(new.consequence), str(old.consequence))
    if new.accept_preliminary and not old.accept_preliminary:
        yield Loosening("accept_preliminary", "preliminary results count", "true", "false")
    if old.methods is not None and not set(new.methods or ()) <= set(old.methods):
        yield Loosening(
            "methods", "more methods are accepted", ", ".join(new.methods or ("any",)), ", ".join(old.methods)
        )


def _actions(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    within = {entry.action: due_hours(entry.within) for entry in new.consequences}
    for entry in old.consequences:
        if entry.action not in within:
            yield Loosening("consequences", "a consequence is gone", ", ".join(within) or "none", entry.action)
        elif entry.within is not None and not 0 < within[entry.action] <= due_hours(entry.within):
            yield Loosening(
                "consequences",
                "a consequence may come later",
                f"{within[entry.action]} h" if within[entry.action] else "at any time",
                entry.within,
            )


def list_narrowings(old: Requirement, new: Requirement) -> Iterator[Loosening]:
    """Yield every respect in which `new` applies to fewer batches than `old`.

    Example:
        >>> from regenqc.specification.model import Requirement
        >>> new = Requirement(id="a", when={"formulation": ("fresh",)})
        >>> [narrowing.key for narrowing in list_narrowings(Requirement(id="a"), new)]
        ['when']
    """
    for name, values in new.when.items():
        if not set(values) >= set(old.when.get(name, ())) or name not in old.when:
            expected = ", ".join(old.when.get(name, ())) or "every batch"
            yield Loosening("when", f"it applies to fewer batches by {name}", ", ".join(values), expected)
    starts_later = new.valid_from is not None and (old.valid_from is None or new.valid_from > old.valid_from)
    ends_earlier = new.valid_to is not None and (old.valid_to is None or new.valid_to < old.valid_to)
    if starts_later or ends_earlier:
        got, expected = (f"{entry.valid_from} to {entry.valid_to}" for entry in (new, old))
        key = "valid_from" if starts_later else "valid_to"
        yield Loosening(key, "it is valid for a shorter time", got, expected)
