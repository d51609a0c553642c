"""Merge a specification over what it extends: it may tighten, never loosen.

A requirement with the identifier of an inherited one replaces the keys it names. The result must demand at least what
the inherited requirement demands, in every respect listed in `_loosened`; a removal needs a justification and stays
visible. Nothing is resolved silently: two parents that define the same identifier need a definition of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from regenqc.errors import Fault, RegenqcError
from regenqc.measurement.units import conversion_factor, find_unit
from regenqc.specification.criteria import canonical_word, exact_interval
from regenqc.specification.model import CRITERIA, LimitText, Requirement
from regenqc.vocabulary import Mark, OnFail, Timing

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["due_hours", "merge_requirement"]

_SEVERITY = {OnFail.REPORT: 0, OnFail.HOLD: 1, OnFail.REJECT: 2}
_COMPANIONS = {"limit": ("alert", "one_of"), "one_of": ("limit",), "none_of": ()}


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


def merge_requirement(inherited: Requirement, own: Requirement, *, where: str) -> tuple[Requirement, list[Fault]]:
    """Merge one requirement over the inherited one of the same identifier.

    Returns:
        The merged requirement and one fault for every respect in which it is looser.

    Example:
        >>> from regenqc.specification.model import LimitText, Requirement
        >>> pack = Requirement(id="viability", test="viability", limit=LimitText(min="70", unit="%"))
        >>> own = Requirement(id="viability", limit=LimitText(min="60", unit="%"))
        >>> merge_requirement(pack, own, where="a.toml:3")[1][0].code
        'RQC-S030'
    """
    changes: dict[str, Any] = {name: getattr(own, name) for name in own.model_fields_set if name != "id"}
    if kind := own.criterion:
        kept = {kind, *_COMPANIONS.get(kind, ())}
        if inherited.criterion not in kept:
            changes = {name: None for name in (*CRITERIA, "alert")} | changes
    if own.limit is not None and "rounding" not in own.model_fields_set:
        changes["rounding"] = own.rounding
    if "mark" in changes and changes["mark"] != inherited.mark and "citation" not in changes:
        changes["mark"] = inherited.mark
    merged = inherited.model_copy(update=changes)
    faults = [
        Fault(
            code="RQC-S030",
            what=f"The specification loosens requirement '{own.id}': {respect}.",
            where=where,
            got=got,
            expected=f"at least as strict as inherited: {expected}",
            action="Tighten it, or remove the requirement under 'removed' with a justification.",
        )
        for respect, got, expected in _loosened(inherited, merged)
    ]
    if merged.mark is not inherited.mark and inherited.mark is Mark.VERIFIED and own.criterion == "":
        faults.append(
            Fault(
                code="RQC-S031",
                what=f"The mark of requirement '{own.id}' changes although its criterion does not.",
                where=where,
                got=str(merged.mark),
                expected=str(inherited.mark),
                action="Leave the mark as it is.",
            )
        )
    return merged, faults


def _loosened(old: Requirement, new: Requirement) -> Iterable[tuple[str, str, str]]:
    """Yield (respect, now, inherited) for everything in which `new` demands less than `old`."""
    for name in ("test", "stage", "replicates", "identity", "evidence", "all_of", "n_of_m", "any_of"):
        before, after = getattr(old, name), getattr(new, name)
        if before is not None and before != after and not (name in _SETS and _is_tighter_set(name, before, after)):
            yield f"{name} differs", str(after), str(before)
    if old.sponsor_must_set and new.report_only:
        yield "a limit that must be set became report only", "report_only", "a criterion"
    if old.criterion not in {"", "report_only", "sponsor_must_set"} and new.criterion in {"report_only", ""}:
        yield "the criterion is gone", new.criterion or "nothing", old.criterion
    if old.limit is not None and not _limit_is_within(new.limit, old.limit, new.rounding, old.rounding):
        yield "the limit is wider", str(new.limit), str(old.limit)
    if old.alert is not None and not _limit_is_within(new.alert, old.alert, new.rounding, old.rounding):
        yield "the alert limit is wider", str(new.alert), str(old.alert)
    if old.one_of is not None and not _words(new.one_of) <= _words(old.one_of):
        yield "more words conform", ", ".join(new.one_of or ()), ", ".join(old.one_of)
    if old.one_of is None and old.limit is not None and new.one_of is not None:
        yield "words conform beside the limit", ", ".join(new.one_of), "numbers only"
    if old.none_of is not None and not _words(new.none_of) >= _words(old.none_of):
        yield "fewer words fail", ", ".join(new.none_of or ()), ", ".join(old.none_of)
    if old.karyotype is not None:
        now = new.karyotype
        if now is None or int(now.min_metaphases) < int(old.karyotype.min_metaphases):
            yield "fewer metaphases", now.min_metaphases if now else "none", old.karyotype.min_metaphases
        elif not set(now.allow) <= set(old.karyotype.allow):
            yield "more abnormalities are allowed", str(now.allow), str(old.karyotype.allow)
        elif old.karyotype.expected_sex not in {None, now.expected_sex}:
            yield "the expected sex differs", str(now.expected_sex), str(old.karyotype.expected_sex)
    if old.agreement is not None and old.agreement != new.agreement:
        yield "the agreement differs", str(new.agreement), str(old.agreement)
    if new.timing is Timing.AFTER_RELEASE and old.timing is Timing.BEFORE_RELEASE:
        yield "the result may come after release", str(new.timing), str(old.timing)
    if old.timing is new.timing is Timing.AFTER_RELEASE and due_hours(new.due) > due_hours(old.due):
        yield "the result is due later", str(new.due), str(old.due)
    if _SEVERITY[new.consequence] < _SEVERITY[old.consequence]:
        yield "a failure does less", str(new.consequence), str(old.consequence)
    if any(set(values) - set(old.when.get(name, ())) == set() and values != old.when.get(name) for name, values in new.when.items()) or set(new.when) - set(old.when):
        yield "it applies to fewer batches", str(new.when), str(old.when)
    if new.accept_preliminary and not old.accept_preliminary:
        yield "preliminary results count", "true", "false"
    if old.methods is not None and not set(new.methods or ()) <= set(old.methods):
        yield "more methods are accepted", str(new.methods), str(old.methods)
    if (new.valid_from, new.valid_to) != (old.valid_from, old.valid_to):
        yield "its validity differs", f"{new.valid_from} to {new.valid_to}", f"{old.valid_from} to {old.valid_to}"


_SETS = {"any_of", "all_of"}


def _is_tighter_set(name: str, before: tuple[object, ...], after: tuple[object, ...] | None) -> bool:
    if after is None:
        return False
    members = all(part in before for part in after)
    return members if name == "any_of" else all(part in after for part in before)


def _words(words: tuple[str, ...] | None) -> frozenset[str]:
    return frozenset(canonical_word(word) or word for word in words or ())


def _limit_is_within(
    new: LimitText | None, old: LimitText, new_rounding: str | None, old_rounding: str | None
) -> bool:
    if new is None:
        return False
    new_unit, old_unit = find_unit(new.unit), find_unit(old.unit)
    if new_unit is None or old_unit is None:
        return False
    try:
        factor = conversion_factor(new_unit, old_unit)
        inner = exact_interval(new, rounding=new_rounding)
        outer = exact_interval(old, rounding=old_rounding, factor=factor)
    except RegenqcError:
        return False
    return inner.is_within(outer)
