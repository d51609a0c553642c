"""Merge one requirement over the inherited one of the same identifier: it may tighten, never loosen.

The requirement replaces the keys it names and keeps the others. Nothing is resolved silently: a key that cannot be
taken over is a fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from regenqc.errors import Fault
from regenqc.specification.model import CRITERIA, Requirement
from regenqc.specification.tightening import due_hours, list_loosenings
from regenqc.vocabulary import Mark, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["due_hours", "merge_requirement"]

# A limit and words may stand together; stating one of them again keeps the other.
_TOGETHER: Final = frozenset({"limit", "one_of"})
_NUMERIC: Final = frozenset({"limit", "any_of", "all_of", "n_of_m"})
_LEFT_OPEN: Final = frozenset({"report_only", "sponsor_must_set"})
_SOURCE_KEYS: Final = ("mark", "citation", "edition")


def merge_requirement(
    inherited: Sequence[Requirement], own: Requirement, *, place: Callable[..., str]
) -> tuple[Requirement, list[Fault]]:
    """Merge one requirement over the inherited ones of the same identifier, one from each extended specification.

    Keys that the requirement does not name are taken from the first; the result is compared with every one of them.

    Args:
        inherited: complete requirements, at least one.
        own: what the extending file writes.
        place: `place(*keys)` names a key of the requirement as `file:line path`.

    Returns:
        The merged requirement, and one fault for every respect in which it is looser or misstates its source.

    Example:
        >>> from regenqc.specification.model import LimitText, Requirement
        >>> pack = Requirement(id="viability", test="viability", limit=LimitText(min="70", unit="%"))
        >>> own = Requirement(id="viability", limit=LimitText(min="60", unit="%"))
        >>> merge_requirement([pack], own, place=lambda *keys: "a.toml:3")[1][0].code
        'RQC-S030'
    """
    first = inherited[0]
    changes: dict[str, Any] = {name: getattr(own, name) for name in own.model_fields_set if name != "id"}
    stated = {name for name in CRITERIA if getattr(own, name) is not None}
    existing = {name for name in CRITERIA if getattr(first, name) is not None}
    if stated and not (stated | existing) <= _TOGETHER:
        changes = dict.fromkeys((*CRITERIA, "alert")) | changes
    if stated & _NUMERIC:
        changes["rounding"] = own.rounding  # rounding belongs to the numbers with which it is stated
    if own.timing is Timing.BEFORE_RELEASE and "timing" in own.model_fields_set:
        changes.setdefault("due", None)
        changes.setdefault("consequences", ())  # what follows from a late result cannot follow any more
    if first.criterion in _LEFT_OPEN and stated - _LEFT_OPEN:
        changes.setdefault("mark", Mark.UNVERIFIED)  # nobody has verified the limit that the pack left open
    merged = first.model_copy(update=changes)
    if merged.limit is not None and merged.alert is not None and own.alert is None and own.limit is not None:
        merged = _without_idle_alert(merged)
    faults = [
        Fault(
            code="RQC-S030",
            what=f"The specification loosens requirement '{own.id}': {loosening.respect}.",
            where=place(loosening.key),
            got=loosening.got,
            expected=f"at least as strict as inherited: {loosening.expected}",
            action="Tighten it, or remove the requirement under 'removed' with a justification.",
        )
        for requirement in inherited
        for loosening in list_loosenings(requirement, merged)
    ]
    faults += _source_faults(first, own, stated=stated, place=place)
    return merged, faults


def _without_idle_alert(merged: Requirement) -> Requirement:
    """Drop an inherited alert limit that the tightened limit has reached: whatever conforms lies inside it already."""
    bare = merged.model_copy(update={"alert": None})
    return merged if any(loosening.key == "alert" for loosening in list_loosenings(merged, bare)) else bare


def _source_faults(
    inherited: Requirement, own: Requirement, *, stated: set[str], place: Callable[..., str]
) -> list[Fault]:
    """Return the faults in what a requirement says about its source: a mark belongs to the source of one criterion."""
    changed = [
        name for name in _SOURCE_KEYS if name in own.model_fields_set and getattr(own, name) != getattr(inherited, name)
    ]
    cites = own.citation.strip() != ""
    if not stated:
        return [
            Fault(
                code="RQC-S031",
                what=f"The {name} of requirement '{own.id}' changes although its criterion does not.",
                where=place(name),
                got=str(getattr(own, name)),
                expected=str(getattr(inherited, name)) or "nothing",
                action=f"Remove {name}, or state the criterion that the source gives.",
            )
            for name in changed
        ]
    if "mark" in changed and not cites:
        return [
            Fault(
                code="RQC-S031",
                what=f"The mark of requirement '{own.id}' changes without a source of its own.",
                where=place("mark"),
                got=str(own.mark),
                expected=str(inherited.mark),
                action="Cite the source that was checked, or leave the mark as it is.",
            )
        ]
    if inherited.criterion in _LEFT_OPEN and own.criterion not in _LEFT_OPEN and not cites:
        return [
            Fault(
                code="RQC-S032",
                what=f"Requirement '{own.id}' sets a criterion that the extended specification left open, without a source.",
                where=place("id"),
                got="no citation",
                expected="the document that sets and justifies the criterion",
                action="Add citation and mark.",
            )
        ]
    return []
